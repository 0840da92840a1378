#include "offline/language/closed_class.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace cadre::offline {
namespace {

struct ClassWords {
  Tag tag;
  std::string_view words;  // blanks around every word
};

constexpr std::array kClasses = {
    ClassWords{Tag::kDeterminer,
               " a an the this these those each every all any some no both either another such "
               "his her its their my our your whose "},
    ClassWords{Tag::kPronoun,
               " i you he she it we they me him us them someone somebody anyone anybody everyone "
               "everybody nobody none nothing something anything everything himself herself "
               "itself themselves yourself myself ourselves mine theirs yours ours there "},
    ClassWords{Tag::kModal, " can may must should shall will could would might ought "},
    ClassWords{Tag::kAuxiliary,
               " be am is are was were been being have has had having do does did "},
    ClassWords{Tag::kPreposition,
               " of in on at by for with without from into onto per via within during between "
               "among against about over under above below through across along toward towards "
               "upon off out up down than as except excluding including minus plus versus vs "
               "despite besides behind beyond near inside outside throughout "},
    ClassWords{Tag::kTo, " to "},
    ClassWords{Tag::kConjunction, " and or nor but neither "},
    ClassWords{Tag::kSubordinator,
               " if when whenever unless until till after before while because since although "
               "though whether whereas "},
    ClassWords{Tag::kWh, " who whom which that what where how why "},
    ClassWords{Tag::kNegation, " not never "},
    ClassWords{Tag::kAdverb,
               " only also too then just even still already always often usually sometimes "
               "again yet soon later afterwards otherwise therefore however please here now "
               "once twice thrice etc else together instead maybe quite very so exactly "},
};

struct NumberWord {
  std::string_view word;
  double value;
};

constexpr std::array kNumberWords = {
    NumberWord{"dozen", 12},     NumberWord{"eight", 8},     NumberWord{"eighteen", 18},
    NumberWord{"eighty", 80},    NumberWord{"eleven", 11},   NumberWord{"fifteen", 15},
    NumberWord{"fifty", 50},     NumberWord{"five", 5},      NumberWord{"forty", 40},
    NumberWord{"four", 4},       NumberWord{"fourteen", 14}, NumberWord{"hundred", 100},
    NumberWord{"nine", 9},       NumberWord{"nineteen", 19}, NumberWord{"ninety", 90},
    NumberWord{"once", 1},       NumberWord{"one", 1},       NumberWord{"seven", 7},
    NumberWord{"seventeen", 17}, NumberWord{"seventy", 70},  NumberWord{"six", 6},
    NumberWord{"sixteen", 16},   NumberWord{"sixty", 60},    NumberWord{"ten", 10},
    NumberWord{"thirteen", 13},  NumberWord{"thirty", 30},   NumberWord{"thousand", 1000},
    NumberWord{"three", 3},      NumberWord{"thrice", 3},    NumberWord{"twelve", 12},
    NumberWord{"twenty", 20},    NumberWord{"twice", 2},     NumberWord{"two", 2},
    NumberWord{"zero", 0},
};

struct Unit {
  std::string_view word, unit;
};

constexpr std::array kUnits = {
    Unit{"$", "USD"},
    Unit{"%", "percent"},
    Unit{"cent", "cent"},
    Unit{"cents", "cent"},
    Unit{"chf", "CHF"},
    Unit{"cm", "cm"},
    Unit{"d", "day"},
    Unit{"day", "day"},
    Unit{"days", "day"},
    Unit{"dollar", "USD"},
    Unit{"dollars", "USD"},
    Unit{"eur", "EUR"},
    Unit{"euro", "EUR"},
    Unit{"euros", "EUR"},
    Unit{"fortnight", "fortnight"},
    Unit{"francs", "CHF"},
    Unit{"g", "g"},
    Unit{"gb", "gb"},
    Unit{"gbp", "GBP"},
    Unit{"gram", "g"},
    Unit{"grams", "g"},
    Unit{"h", "hour"},
    Unit{"hour", "hour"},
    Unit{"hours", "hour"},
    Unit{"hr", "hour"},
    Unit{"hrs", "hour"},
    Unit{"kg", "kg"},
    Unit{"kilograms", "kg"},
    Unit{"kilometers", "km"},
    Unit{"kilometres", "km"},
    Unit{"km", "km"},
    Unit{"litre", "litre"},
    Unit{"litres", "litre"},
    Unit{"m", "m"},
    Unit{"mb", "mb"},
    Unit{"meters", "m"},
    Unit{"metres", "m"},
    Unit{"mile", "mile"},
    Unit{"miles", "mile"},
    Unit{"min", "minute"},
    Unit{"mins", "minute"},
    Unit{"minute", "minute"},
    Unit{"minutes", "minute"},
    Unit{"ml", "ml"},
    Unit{"mm", "mm"},
    Unit{"month", "month"},
    Unit{"months", "month"},
    Unit{"night", "night"},
    Unit{"nights", "night"},
    Unit{"percent", "percent"},
    Unit{"pound", "GBP"},
    Unit{"pounds", "GBP"},
    Unit{"quarter", "quarter"},
    Unit{"quarters", "quarter"},
    Unit{"s", "second"},
    Unit{"sec", "second"},
    Unit{"second", "second"},
    Unit{"seconds", "second"},
    Unit{"secs", "second"},
    Unit{"usd", "USD"},
    Unit{"week", "week"},
    Unit{"weeks", "week"},
    Unit{"year", "year"},
    Unit{"years", "year"},
    Unit{"£", "GBP"},
    Unit{"€", "EUR"},
};

constexpr Tag C = Tag::kComparator;

// Sorted by the first word; the longer entry of two with the same start first.
constexpr std::array kMultiWords = {
    MultiWord{"a maximum of", C, "at_most"},
    MultiWord{"a minimum of", C, "at_least"},
    MultiWord{"according to", Tag::kPreposition, "according to"},
    MultiWord{"ahead of", Tag::kPreposition, "before"},
    MultiWord{"and above", C, "at_least_after"},
    MultiWord{"and older", C, "at_least_after"},
    MultiWord{"and over", C, "at_least_after"},
    MultiWord{"and up", C, "at_least_after"},
    MultiWord{"any more", Tag::kAdverb, "any more"},
    MultiWord{"as long as", Tag::kSubordinator, "while"},
    MultiWord{"as many as", C, "at_most"},
    MultiWord{"as soon as", Tag::kSubordinator, "as soon as"},
    MultiWord{"as well as", Tag::kConjunction, "and"},
    MultiWord{"as well", Tag::kAdverb, "also"},
    MultiWord{"at any one time", Tag::kAdverb, "at the same time"},
    MultiWord{"at any given time", Tag::kAdverb, "at the same time"},
    MultiWord{"at any time", Tag::kAdverb, "at any time"},
    MultiWord{"at a time", Tag::kAdverb, "at the same time"},
    MultiWord{"at least", C, "at_least"},
    MultiWord{"at maximum", C, "at_most"},
    MultiWord{"at minimum", C, "at_least"},
    MultiWord{"at most", C, "at_most"},
    MultiWord{"at once", Tag::kAdverb, "at the same time"},
    MultiWord{"at the moment", Tag::kAdverb, "now"},
    MultiWord{"at the same time", Tag::kAdverb, "at the same time"},
    MultiWord{"because of", Tag::kPreposition, "because of"},
    MultiWord{"bigger than", C, "more_than"},
    MultiWord{"bigger then", C, "more_than"},
    MultiWord{"by default", Tag::kAdverb, "by default"},
    MultiWord{"due to", Tag::kPreposition, "because of"},
    MultiWord{"each other", Tag::kPronoun, "each other"},
    MultiWord{"earlier than", C, "less_than"},
    MultiWord{"equal to or greater than", C, "at_least"},
    MultiWord{"even if", Tag::kSubordinator, "even if"},
    MultiWord{"fewer than", C, "less_than"},
    MultiWord{"fewer then", C, "less_than"},
    MultiWord{"for example", Tag::kAdverb, "for example"},
    MultiWord{"for instance", Tag::kAdverb, "for example"},
    MultiWord{"greater than or equal to", C, "at_least"},
    MultiWord{"greater than", C, "more_than"},
    MultiWord{"greater then", C, "more_than"},
    MultiWord{"had to", Tag::kModal, "must"},
    MultiWord{"has to", Tag::kModal, "must"},
    MultiWord{"have to", Tag::kModal, "must"},
    MultiWord{"higher than", C, "more_than"},
    MultiWord{"higher then", C, "more_than"},
    MultiWord{"in advance", Tag::kAdverb, "in advance"},
    MultiWord{"in case", Tag::kSubordinator, "if"},
    MultiWord{"in order to", Tag::kTo, "to"},
    MultiWord{"in parallel", Tag::kAdverb, "at the same time"},
    MultiWord{"instead of", Tag::kPreposition, "instead of"},
    MultiWord{"larger than", C, "more_than"},
    MultiWord{"later than", C, "more_than"},
    MultiWord{"less than or equal to", C, "at_most"},
    MultiWord{"less than", C, "less_than"},
    MultiWord{"less then", C, "less_than"},
    MultiWord{"longer than", C, "more_than"},
    MultiWord{"longer then", C, "more_than"},
    MultiWord{"lower than", C, "less_than"},
    MultiWord{"lower then", C, "less_than"},
    MultiWord{"maximum of", C, "at_most"},
    MultiWord{"minimum of", C, "at_least"},
    MultiWord{"more than", C, "more_than"},
    MultiWord{"more then", C, "more_than"},
    MultiWord{"need to", Tag::kModal, "must"},
    MultiWord{"needs to", Tag::kModal, "must"},
    MultiWord{"no earlier than", C, "at_least"},
    MultiWord{"no fewer than", C, "at_least"},
    MultiWord{"no later than", C, "at_most"},
    MultiWord{"no less than", C, "at_least"},
    MultiWord{"no longer than", C, "at_most"},
    MultiWord{"no longer", Tag::kNegation, "no longer"},
    MultiWord{"no more than", C, "at_most"},
    MultiWord{"no one", Tag::kPronoun, "nobody"},
    MultiWord{"no sooner than", C, "at_least"},
    MultiWord{"not earlier than", C, "at_least"},
    MultiWord{"not exceeding", C, "at_most"},
    MultiWord{"not fewer than", C, "at_least"},
    MultiWord{"not later than", C, "at_most"},
    MultiWord{"not less than", C, "at_least"},
    MultiWord{"not longer than", C, "at_most"},
    MultiWord{"not more than", C, "at_most"},
    MultiWord{"older than", C, "more_than"},
    MultiWord{"one or more", C, "one_or_more"},
    MultiWord{"only if", Tag::kSubordinator, "only if"},
    MultiWord{"only when", Tag::kSubordinator, "only if"},
    MultiWord{"or earlier", C, "at_most_after"},
    MultiWord{"or fewer", C, "at_most_after"},
    MultiWord{"or higher", C, "at_least_after"},
    MultiWord{"or later", C, "at_least_after"},
    MultiWord{"or less", C, "at_most_after"},
    MultiWord{"or longer", C, "at_least_after"},
    MultiWord{"or lower", C, "at_most_after"},
    MultiWord{"or more", C, "at_least_after"},
    MultiWord{"or older", C, "at_least_after"},
    MultiWord{"or younger", C, "at_most_after"},
    MultiWord{"out of", Tag::kPreposition, "out of"},
    MultiWord{"prior to", Tag::kPreposition, "before"},
    MultiWord{"provided that", Tag::kSubordinator, "if"},
    MultiWord{"rather than", Tag::kPreposition, "instead of"},
    MultiWord{"right after", Tag::kSubordinator, "after"},
    MultiWord{"shorter than", C, "less_than"},
    MultiWord{"smaller than", C, "less_than"},
    MultiWord{"so that", Tag::kSubordinator, "so that"},
    MultiWord{"such as", Tag::kPreposition, "such as"},
    MultiWord{"up to a maximum of", C, "at_most"},
    MultiWord{"up to", C, "at_most"},
    MultiWord{"younger than", C, "less_than"},
    MultiWord{"zero or more", C, "zero_or_more"},
};

std::string_view first_word(std::string_view words) { return words.substr(0, words.find(' ')); }

}  // namespace

std::optional<Tag> closed_class_tag(std::string_view lower) {
  if (lower.empty() || lower.size() > 12 || lower.find(' ') != std::string_view::npos) return {};
  const std::string key = " " + std::string(lower) + " ";
  for (const ClassWords& entry : kClasses)
    if (entry.words.find(key) != std::string_view::npos) return entry.tag;
  return {};
}

void for_each_closed_word(const std::function<void(std::string_view)>& visit) {
  for (const ClassWords& entry : kClasses) {
    std::string_view rest = entry.words;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      if (end > 0) visit(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  for (const NumberWord& entry : kNumberWords) visit(entry.word);
}

std::optional<double> number_word(std::string_view lower) {
  const auto* found = std::ranges::lower_bound(kNumberWords, lower, {}, &NumberWord::word);
  if (found == kNumberWords.end() || found->word != lower) return {};
  return found->value;
}

std::string_view unit_of(std::string_view lower) {
  const auto* found = std::ranges::lower_bound(kUnits, lower, {}, &Unit::word);
  return found == kUnits.end() || found->word != lower ? std::string_view() : found->unit;
}

const MultiWord* multi_word_begin(std::string_view first, const MultiWord** end) {
  const auto range = std::ranges::equal_range(
      kMultiWords, first, {}, [](const MultiWord& m) { return first_word(m.words); });
  *end = range.end();
  return range.begin();
}

Bound bound_of(std::string_view lemma) {
  if (lemma.starts_with("at_most")) return Bound::kAtMost;
  if (lemma.starts_with("at_least") || lemma == "one_or_more" || lemma == "zero_or_more")
    return Bound::kAtLeast;
  if (lemma == "more_than") return Bound::kMoreThan;
  if (lemma == "less_than") return Bound::kLessThan;
  if (lemma == "exactly") return Bound::kExactly;
  return Bound::kNone;
}

Marker marker_of(std::string_view word) {
  struct Entry {
    std::string_view word;
    Marker marker;
  };
  static constexpr std::array kMarkers = {
      Entry{"after", Marker::kAfter},     Entry{"as soon as", Marker::kAsSoonAs},
      Entry{"because", Marker::kBecause}, Entry{"before", Marker::kBefore},
      Entry{"even if", Marker::kIf},      Entry{"if", Marker::kIf},
      Entry{"once", Marker::kAfter},      Entry{"only if", Marker::kOnlyIf},
      Entry{"since", Marker::kAfter},     Entry{"so that", Marker::kSoThat},
      Entry{"till", Marker::kUntil},      Entry{"unless", Marker::kUnless},
      Entry{"until", Marker::kUntil},     Entry{"when", Marker::kWhen},
      Entry{"whenever", Marker::kWhen},   Entry{"where", Marker::kIf},
      Entry{"while", Marker::kWhile},
  };
  for (const Entry& entry : kMarkers)
    if (entry.word == word) return entry.marker;
  return Marker::kNone;
}

}  // namespace cadre::offline
