// Requirements without a requirement model: their sentences against the brief, and against what a
// second reader understood of it.
#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include "sop/gate_verdict.h"

namespace cadre::gates {
namespace {

constexpr std::size_t kStretchShown = 25;  // words

// Words as they are compared: letters and digits of any script, without case.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || byte >= 0x80) {
      word += static_cast<char>(std::tolower(byte));
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

// Where `part` stands in `whole` from `from` on; whole.size() when it does not.
std::size_t find_words(const std::vector<std::string>& whole, const std::vector<std::string>& part,
                       std::size_t from) {
  const auto at = std::search(whole.begin() + static_cast<std::ptrdiff_t>(from), whole.end(),
                              part.begin(), part.end());
  return static_cast<std::size_t>(at - whole.begin());
}

std::string number_of(const std::string& word) {
  static const std::array<std::string_view, 13> kNumbers{
      "zero", "one",   "two",   "three", "four", "five",  "six",
      "seven", "eight", "nine", "ten",   "eleven", "twelve"};
  if (std::ranges::all_of(word, [](unsigned char c) { return std::isdigit(c) != 0; })) return word;
  const auto at = std::ranges::find(kNumbers, word);
  // "one" is as often a pronoun as a number.
  return at == kNumbers.end() || word == "one" ? std::string()
                                               : std::to_string(at - kNumbers.begin());
}

std::set<std::string> numbers_of(std::string_view text) {
  std::set<std::string> numbers;
  for (const std::string& word : words_of(text)) {
    if (std::string number = number_of(word); !number.empty()) numbers.insert(std::move(number));
  }
  return numbers;
}

bool overlaps(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const std::vector<std::string>& shorter = a.size() < b.size() ? a : b;
  const std::vector<std::string>& longer = a.size() < b.size() ? b : a;
  return !shorter.empty() && find_words(longer, shorter, 0) < longer.size();
}

// Everything that the stories' criteria and the requirements say about a sentence.
std::string said_about(const Json& requirements, const ArtifactMap& all, const std::string& id,
                       bool& referred) {
  std::string said;
  std::set<std::string> ids;
  for (const Json& requirement : json::get_array(requirements, "requirements")) {
    const auto sentences = json::get_strings(requirement, "sentences");
    if (std::ranges::find(sentences, id) == sentences.end()) continue;
    referred = true;
    ids.insert(json::get_string(requirement, "id"));
    said += json::get_string(requirement, "text") + "\n";
  }
  const Json* stories = data_of(all, "user_stories");
  if (stories == nullptr) return said;
  for (const Json& story : json::get_array(*stories, "stories")) {
    for (const Json& criterion : json::get_array(story, "criteria")) {
      if (!ids.contains(json::get_string(criterion, "requirement"))) continue;
      for (const char* part : {"text", "given", "when", "then"}) {
        said += json::get_string(criterion, part) + "\n";
      }
    }
  }
  return said;
}

}  // namespace

void check_sentences(const Json& requirements, const std::string& brief, Verdict& verdict) {
  const std::vector<std::string> whole = words_of(brief);
  std::vector<bool> seen(whole.size(), false);
  std::size_t cursor = 0;
  for (const Json& sentence : sentences_of(requirements)) {
    const std::vector<std::string> words = words_of(json::get_string(sentence, "text"));
    if (words.empty()) continue;
    std::size_t at = find_words(whole, words, cursor);
    if (at == whole.size()) at = find_words(whole, words, 0);
    if (at == whole.size()) {
      verdict.high(fmt::format("{} is not in the brief's own words: \"{}\"",
                               json::get_string(sentence, "id", "a sentence"),
                               text::shorten(json::get_string(sentence, "text"), 120)),
                   "copy the sentence from the brief");
      continue;
    }
    std::fill_n(seen.begin() + static_cast<std::ptrdiff_t>(at), words.size(), true);
    cursor = at + words.size();
  }
  for (std::size_t begin = 0; begin < whole.size(); ++begin) {
    if (seen[begin]) continue;
    std::size_t end = begin;
    std::string stretch;
    while (end < whole.size() && !seen[end]) {
      if (end - begin < kStretchShown) stretch += (stretch.empty() ? "" : " ") + whole[end];
      ++end;
    }
    verdict.high(fmt::format("no sentence accounts for these words of the brief: {}", stretch));
    begin = end;
  }
}

void check_audit(const Json& requirements, const ArtifactMap& all,
                 const std::vector<AuditedStatement>& audited, Verdict& verdict) {
  const JsonArray& sentences = sentences_of(requirements);
  std::int64_t dropped = 0;
  for (const AuditedStatement& statement : audited) {
    const std::vector<std::string> words = words_of(statement.text);
    bool kept = false, referred = false;
    std::string said;
    for (const Json& sentence : sentences) {
      if (!overlaps(words, words_of(json::get_string(sentence, "text")))) continue;
      const std::string status = json::get_string(sentence, "status");
      kept = kept || status == "covered" || status == "partly";
      said += said_about(requirements, all, json::get_string(sentence, "id"), referred);
    }
    const std::string shown = text::shorten(statement.text, 160);
    if (!kept || !referred) {
      ++dropped;
      verdict.high(fmt::format("the requirements drop a statement that the auditor understands: "
                               "\"{}\"", shown),
                   "list its sentence as covered and refer to it from a requirement");
      continue;
    }
    const std::set<std::string> found = numbers_of(said);
    for (const std::string& number : numbers_of(statement.text)) {
      if (found.contains(number)) continue;
      ++dropped;
      verdict.high(fmt::format("no requirement or criterion keeps the {} of \"{}\"", number,
                               shown));
    }
  }
  verdict.measured("audited", audited.size());
  verdict.measured("dropped", dropped);
}

}  // namespace cadre::gates
