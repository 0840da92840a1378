#include "offline/analysis/stated_states.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "offline/analysis/passes.h"

namespace cadre::offline::analysis {
namespace {

// Words for the same end of a move, by kind of verb; the first that is known counts.
struct Reached {
  std::string_view verbs, states;
};

constexpr std::array kReached = {
    Reached{" finish complete end close do ", "|finished|completed|complete|done|closed|"},
    Reached{" start begin resume ", "|started|in progress|running|active|ongoing|under way|"},
    Reached{" ship send dispatch ", "|shipped|sent|dispatched|in transit|on its way|under way|"},
    Reached{" pause hold suspend ", "|paused|on hold|suspended|"},
    Reached{" reject decline refuse deny ", "|rejected|declined|refused|denied|"},
    Reached{" approve accept ", "|approved|accepted|"},
};

bool leads_in(const Scan& s, int i) {
  return s.any(i, {"in", "under", "on", "at", "out", "up", "off", "not", "still"});
}

bool state_word(const Token& t) {
  static constexpr std::string_view kWords =
      " open new pending active inactive draft done ready complete incomplete waiting running live "
      "idle final finished current unpaid unassigned unread scheduled ";
  return t.form == VerbForm::kPastParticiple ||
         kWords.find(" " + t.lower + " ") != std::string_view::npos;
}

// The known states in tokens first..last, the longest at every place.
std::vector<std::string> known_in(const Scan& s, int first, int last,
                                  const std::vector<std::string>& known) {
  std::vector<std::string> found;
  for (int i = first; i <= last; ++i) {
    for (int w = std::min(3, last - i + 1); w >= 1; --w) {
      const auto words = s.lowers(i, i + w - 1);
      const auto state = std::ranges::find_if(
          known, [&](const auto& value) { return same_state(value, words); });
      if (state == known.end()) continue;
      found.push_back(*state);
      i += w - 1;
      break;
    }
  }
  return found;
}

// Where what describes the noun from behind ends: before the predicate, or at the end.
int behind_end(const Scan& s, const Action& action, int from, int last) {
  if (action.verb_first >= from) {
    int end = from;
    if (s.any(end, {"that", "which", "who"})) end += 2;  // its verb is no predicate
    while (end < action.verb_first && !s.finite_verb(end)) ++end;
    return end - 1;
  }
  int end = from;
  while (end <= last && !s.punctuation(end) && !s.finite_verb(end) &&
         !s.any(end, {"if", "when", "while", "unless", "until", "and", "or", "by", "within"})) {
    ++end;
  }
  return end - 1;
}

// Where the words in front of the noun begin: "the [draft and sent] invoices".
int front_begin(const Scan& s, const Name& object, const std::vector<std::string>& known) {
  int first = object.first;
  while (first < object.last &&
         (s.at(first).tag == Tag::kDeterminer || s.any(first, {"only", "all", "every"}))) {
    ++first;
  }
  while (first >= 2 && s.any(first - 1, {"and", "or", ","}) &&
         (state_word(s.at(first - 2)) || !known_in(s, first - 2, first - 2, known).empty())) {
    first -= 2;
  }
  return first;
}

}  // namespace

StatedStates stated_states(const Scan& s, const Action& action, const Name& object, int last,
                           std::string_view name, const std::vector<std::string>& known) {
  StatedStates out;
  const int first = front_begin(s, object, known);
  int noun = object.last;
  while (noun > first && text::contains_word(name, s.at(noun - 1).lower)) --noun;
  int behind = object.last + 1;
  const int end = behind_end(s, action, behind, last);
  if (s.any(behind, {"that", "which", "who"}) && s.be(behind + 1)) behind += 2;
  out.states = known_in(s, first, noun - 1, known);
  std::ranges::copy(known_in(s, behind, end, known), std::back_inserter(out.states));
  if (!out.states.empty()) return out;
  for (int i = first; i < noun; ++i) {
    if (s.any(i, {"and", "or", ","})) continue;
    if (!known.empty() || !state_word(s.at(i))) return {{}, true};
    out.states.push_back(s.at(i).lower);
  }
  const bool led = leads_in(s, behind) && end > behind && end - behind < 3 &&
                   s.at(behind + 1).tag != Tag::kDeterminer && !s.at(behind + 1).number;
  if (!out.states.empty() || !led) return out;
  if (!known.empty()) return {{}, true};
  out.states.push_back(s.lowers(behind, end));
  return out;
}

std::string state_reached(const std::vector<std::string>& known, std::string_view verb) {
  const auto own = state_of_verb(verb);
  for (const auto& state : known) {
    if (same_state(state, own)) return state;
  }
  const auto border = " " + std::string(verb) + " ";
  for (const auto& row : kReached) {
    if (row.verbs.find(border) == std::string_view::npos) continue;
    for (const auto& state : known) {
      if (row.states.find("|" + state + "|") != std::string_view::npos) return state;
    }
  }
  return {};
}

}  // namespace cadre::offline::analysis
