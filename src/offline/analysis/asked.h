// What a sentence asks for, judged by the head noun of the request: "Write a library of sorting
// algorithms" asks for software of another kind, "a library where members borrow books" does not.
//
// Pure functions over a sentence; the words are data (asked_words.h).
#pragma once

#include <optional>
#include <string>

#include "offline/analysis/actions.h"
#include "offline/language/language.h"

namespace cadre::offline::analysis {

struct Asked {
  std::string what;   // "a game": the kind of work, for the message
  std::string words;  // as written: "a cli snake game"
  enum class Strength {
    kWhole,   // outside whatever else the brief says
    kTitle,   // unless records are described, and then this part of it is left out
    kDoubt    // nothing tells that it keeps records; any records described elsewhere do
  };
  Strength strength = Strength::kWhole;
};

// The request of a sentence, when it is for something else than a service that keeps records.
// `opening` says that nothing before this sentence has said what the product is: then a title
// counts, and a word that is also a usual name of a record ("game").
std::optional<Asked> asked_outside(const Sentence& sentence, bool opening);

// "It should recognise plants in photos", "Send a text message", "A camera reads plates": the
// product, or a device, is to do what is no keeping of records. The words that say so.
std::optional<Asked> work_outside(const Sentence& sentence, const std::vector<Action>& actions);

}  // namespace cadre::offline::analysis
