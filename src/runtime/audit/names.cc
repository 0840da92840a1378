#include "runtime/audit/names.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"

namespace cadre::audit {
namespace {

using namespace std::string_view_literals;

constexpr std::array kEndings{"ation"sv, "ment"sv, "ing"sv, "ion"sv, "ed"sv, "al"sv,
                              "er"sv,    "e"sv,    "y"sv};
constexpr std::array kFillers{"of"sv,    "the"sv,   "a"sv,      "on"sv,  "at"sv,
                              "date"sv,  "time"sv,  "number"sv, "is"sv,  "in"sv,
                              "count"sv, "amount"sv, "num"sv,   "no"sv,  "value"sv,
                              "until"sv, "cent"sv,  "minor"sv,  "by"sv,  "for"sv};
// Words that people use for one another in names of fields.
constexpr std::array<std::array<std::string_view, 4>, 7> kSynonyms{{
    {"quantity", "qty", "count", "amount"},
    {"phone", "telephone", "mobile", "tel"},
    {"email", "mail", "e_mail", "email_address"},
    {"description", "detail", "text", "note"},
    {"price", "cost", "rate", "fee"},
    {"status", "state", "stage", "phase"},
    {"name", "title", "label", "full_name"},
}};

std::string stem(std::string_view word) {
  std::string out(word);
  for (int round = 0; round < 2; ++round) {
    for (const std::string_view ending : kEndings) {
      if (out.size() < ending.size() + 3 || !out.ends_with(ending)) continue;
      out.resize(out.size() - ending.size());
      break;
    }
  }
  // "cancelled", "planned": the doubled letter goes.
  if (out.size() > 3 && out[out.size() - 1] == out[out.size() - 2]) out.pop_back();
  return out;
}

Words filled_out(const Words& words) {
  Words out;
  for (const std::string& word : words) {
    if (std::ranges::find(kFillers, word) == kFillers.end()) out.push_back(word);
  }
  return out.empty() ? words : out;
}

bool same_set(const Words& a, const Words& b) {
  return std::set<std::string>(a.begin(), a.end()) == std::set<std::string>(b.begin(), b.end());
}

bool within(const Words& small, const Words& large) {
  return !small.empty() && std::ranges::all_of(small, [&](const std::string& word) {
    return std::ranges::find(large, word) != large.end();
  });
}

bool synonyms(const Words& a, const Words& b) {
  const std::string left = text::join(a, "_"), right = text::join(b, "_");
  return std::ranges::any_of(kSynonyms, [&](const auto& group) {
    return std::ranges::find(group, left) != group.end() &&
           std::ranges::find(group, right) != group.end();
  });
}

}  // namespace

Words words_of(std::string_view name) {
  Words out;
  if (text::trim(name).empty()) return out;
  for (const std::string& word : text::split(text::snake_case(name), '_')) {
    if (word.empty()) continue;
    std::string one = text::singular(word);
    // "movies" may be of "movie" or of "movy": both are the same word here.
    if (one.size() > 3 && one.ends_with("ie")) one.replace(one.size() - 2, 2, "y");
    out.push_back(std::move(one));
  }
  return out;
}

Words without(const Words& words, const Words& minus) {
  Words out;
  for (const std::string& word : words) {
    if (std::ranges::find(minus, word) == minus.end()) out.push_back(word);
  }
  return out;
}

int word_score(std::string_view ours, std::string_view theirs) {
  if (ours == theirs) return 2;
  const std::string a = stem(ours), b = stem(theirs);
  return a.size() >= 3 && a == b ? 1 : 0;
}

int words_score(const Words& ours, const Words& theirs) {
  if (ours.empty() || ours.size() != theirs.size()) return 0;
  int least = 2;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    least = std::min(least, word_score(ours[i], theirs[i]));
  }
  return least;
}

int field_score(const Words& ours, const Words& theirs, const Words& entity) {
  if (ours.empty() || theirs.empty()) return 0;
  if (same_set(ours, theirs)) return 4;
  Words left = without(ours, entity), right = without(theirs, entity);
  if (left.empty()) left = ours;
  if (right.empty()) right = theirs;
  if (same_set(left, right)) return 3;
  left = filled_out(left);
  right = filled_out(right);
  if (same_set(left, right)) return 2;
  return within(left, right) || within(right, left) || synonyms(left, right) ? 1 : 0;
}

}  // namespace cadre::audit
