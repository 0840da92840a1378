// Words that tell software and other works from records: the data behind asked.h.
//
// Every table is about kinds of work, none about a known brief. All look-ups take lower-case
// lemmas, are pure and thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace cadre::offline::analysis {

// What a brief may ask for by its head noun.
enum class HeadKind {
  kNone,
  kSoftware,   // "parser", "linter": a program of another kind, whatever else is said
  kOrdinary,   // "game", "player": the same, but also a usual name of a record
  kUnlessKept  // "mobile app", "landing page": outside unless records are described as well
};

struct Head {
  HeadKind kind = HeadKind::kNone;
  std::string_view what;  // "a parser", for the message
};

// The longest entry that the phrase ends with: "linux kernel driver" -> "kernel driver".
Head head_of(std::string_view lemmas);

// "app", "program", "script", "code": software of any kind; what it does decides.
bool is_any_software(std::string_view lemma);
// "library", "module", "package": software or not; what stands before and after decides.
bool is_two_sided(std::string_view lemma);
// "set", "collection": software when it is one of software's parts.
bool is_container(std::string_view lemma);
// "usb", "printer": what a driver that is no person drives.
bool is_hardware(std::string_view lemma);
// A programming language or a packager, as it is written before such a word ("npm module").
bool is_language(std::string_view lower);
// "graphics", "parsing": a field of programming before such a word ("a graphics library").
bool is_technical(std::string_view lower);
// "algorithm", "function": what such a library consists of ("a library of algorithms").
bool is_software_part(std::string_view lemmas);
// "csv", "pdf", "file": what a program reads and writes.
bool is_file_word(std::string_view lemma);
// "list", "diary", "blog", "tracker": names a product that keeps records.
bool keeps_records(std::string_view lemma);
// "analyser", "trainer", "client": by its form a program, where it is the product's name.
bool is_doer(std::string_view lemma);
// A thing that measures or moves by itself: "camera", "valve".
bool is_device(std::string_view lemma);

// True when a program that does this to that computes, draws, controls or sends instead of keeping
// records. `objects` are the lemmas of the rest of the clause with a blank around every word.
bool is_outside_work(std::string_view verb, const std::string& objects);
// A verb that also begins a request alone: "Simulate the traffic ...".
bool begins_request(std::string_view verb);

}  // namespace cadre::offline::analysis
