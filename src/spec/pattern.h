// A small regular-expression matcher for attribute patterns ("[A-Z]{2}-[0-9]+"): literals, ".",
// classes, \d \w \s, groups, alternation, * + ? {m,n}. Anchors at the ends are allowed and mean
// nothing, since patterns match the whole value. No back-references, no look-around.
//
// Bounded: a match that would need more than a million steps counts as no match. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace cadre::spec {

class Pattern {
 public:
  // Refuses what the subset does not know, with the place in the text.
  static Result<Pattern> compile(std::string_view text);

  bool matches(std::string_view value) const;
  // A text that matches, chosen at random.
  std::string sample(Rng& rng) const;

 private:
  struct Node;
  class Parser;
  class Matcher;
  static void append_sample(const Node& node, Rng& rng, std::string& out);
  std::shared_ptr<const Node> root_;
};

}  // namespace cadre::spec
