// The closed word classes and the multi-word entries. Constant tables, binary search.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "offline/language/language.h"

namespace cadre::offline {

// Tag of a closed-class word; nothing for open-class words.
std::optional<Tag> closed_class_tag(std::string_view lower);

// All closed-class and number words, for the spelling repair.
void for_each_closed_word(const std::function<void(std::string_view)>& visit);

// "five" -> 5, "dozen" -> 12; "once" and "twice" too.
std::optional<double> number_word(std::string_view lower);

// "$" -> "USD", "euros" -> "EUR", "days" -> "day", "%" -> "percent", "km" -> "km"; "" otherwise.
std::string_view unit_of(std::string_view lower);

struct MultiWord {
  std::string_view words;  // separated by one blank
  Tag tag;
  std::string_view
      lemma;  // comparators: "at_most", "at_least", "more_than", "less_than", "exactly"
};

// The entries that start with this word, the longest first; iterate until the first word differs.
const MultiWord* multi_word_begin(std::string_view first, const MultiWord** end);

Bound bound_of(std::string_view comparator_lemma);
Marker marker_of(std::string_view subordinator);

}  // namespace cadre::offline
