#include "sop/team_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "base/text.h"

namespace cadre {
namespace {

bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || c == '_' || byte >= 0x80;
}

struct Measure {
  std::string lower;
  int words = 0, sentences = 0;
};

Measure measure(std::string_view brief) {
  Measure out{.lower = text::lower(brief)};
  bool in_word = false, since_stop = false;
  for (std::size_t i = 0; i < brief.size(); ++i) {
    const char c = brief[i];
    if (is_word_byte(c)) {
      if (!in_word) ++out.words;
      in_word = since_stop = true;
      continue;
    }
    in_word = false;
    const bool stop =
        c == '!' || c == '?' || c == '\n' ||
        (c == '.' && (i + 1 == brief.size() || brief[i + 1] == ' ' || brief[i + 1] == '\n'));
    if (stop && since_stop) {
      ++out.sentences;
      since_stop = false;
    }
  }
  if (since_stop) ++out.sentences;
  return out;
}

bool met(const Json& sign, const Measure& brief) {
  if (json::find(sign, "words_over")) return brief.words > json::get_int(sign, "words_over");
  if (json::find(sign, "sentences_over")) {
    return brief.sentences > json::get_int(sign, "sentences_over");
  }
  return std::ranges::any_of(json::get_strings(sign, "any"), [&](const std::string& word) {
    return text::contains_word(brief.lower, word);
  });
}

Result<void> check(const Json& table) {
  const auto wrong = [](std::string what) {
    return fail(ErrorCode::kInvalidInput, "tables/team_size.yaml: " + std::move(what));
  };
  if (json::get_int(table, "solo_below") < 1) return wrong("\"solo_below\" must be 1 or more");
  if (json::get_string(table, "solo_sop").empty()) return wrong("\"solo_sop\" must name an SOP");
  for (const Json& sign : json::get_array(table, "signs")) {
    const std::string name = json::get_string(sign, "sign");
    if (name.empty()) return wrong("each of \"signs\" needs a name under \"sign\"");
    const int kinds = (json::find(sign, "any") != nullptr) +
                      (json::find(sign, "words_over") != nullptr) +
                      (json::find(sign, "sentences_over") != nullptr);
    if (kinds != 1) {
      return wrong(
          fmt::format("the sign \"{}\" needs one of any, words_over, sentences_over", name));
    }
    if (json::get_int(sign, "points") < 1) {
      return wrong(fmt::format("the sign \"{}\" needs \"points\" of 1 or more", name));
    }
  }
  if (json::get_array(table, "signs").empty()) return wrong("\"signs\" is empty");
  return {};
}

}  // namespace

std::string TeamSize::describe() const {
  return fmt::format("{} of {} points for a team{}{}{}: {}", points, solo_below,
                     signs.empty() ? "" : " (", text::join(signs, ", "), signs.empty() ? "" : ")",
                     solo() ? "one agent is enough" : "a team");
}

Result<TeamSize> judge_team_size(std::string_view brief, const Json& table) {
  if (auto good = check(table); !good) return propagate(good);
  TeamSize out;
  out.solo_below = static_cast<int>(json::get_int(table, "solo_below"));
  out.solo_sop = json::get_string(table, "solo_sop");
  const Measure measured = measure(brief);
  struct Best {
    int points = 0;
    std::string sign;
  };
  std::map<std::string, Best> groups;
  for (const Json& sign : json::get_array(table, "signs")) {
    if (!met(sign, measured)) continue;
    const std::string name = json::get_string(sign, "sign");
    Best& best = groups[json::get_string(sign, "group", name)];
    const int points = static_cast<int>(json::get_int(sign, "points"));
    if (points > best.points) best = {points, name};
  }
  for (const auto& [group, best] : groups) {
    out.points += best.points;
    out.signs.push_back(best.sign);
  }
  return out;
}

}  // namespace cadre
