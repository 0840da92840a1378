#include "memory/search.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace cadre::detail {
namespace {

constexpr std::size_t kMostWords = 32;
constexpr std::size_t kLongestWord = 64;
constexpr std::array<std::string_view, 45> kStopWords = {
    "about", "all",  "also", "an",    "and",  "any",  "are",  "as",    "at",   "be",   "but", "by",
    "can",   "do",   "does", "for",   "from", "has",  "have", "how",   "if",   "in",   "is",  "it",
    "its",   "no",   "not",  "of",    "on",   "or",   "that", "the",   "then", "this", "to",  "was",
    "we",    "what", "when", "which", "who",  "will", "with", "would", "you"};

bool of_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z');
}

// Dashes, quotes, dots and spaces as books have them: U+2000 to U+206F, and « » of Latin-1.
void blank_punctuation(std::string& text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const std::string_view two(text.data() + i, 2);
    const bool general = (two == "\xE2\x80" || two == "\xE2\x81") && i + 2 < text.size();
    const bool latin = two == "\xC2\xA0" || two == "\xC2\xAB" || two == "\xC2\xBB";
    if (general || latin) text.replace(i, general ? 3 : 2, general ? "   " : "  ");
  }
}

// Only letters, digits and bytes of other scripts: quotes cannot be closed.
std::string any_of(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "\"" : " OR \"") + word + "\"";
  return out;
}

Result<std::vector<Hit>> collect(Query& query) {
  std::vector<Hit> hits;
  while (true) {
    auto more = query.row();
    if (!more) return propagate(more);
    if (!*more) return hits;
    hits.push_back({query.integer(0), -query.real(1)});
  }
}

Result<std::vector<std::string>> words_in_row(MemoryDb& index, std::string_view sql,
                                              const std::string& column, std::int64_t id,
                                              const std::vector<std::string>& words) {
  std::vector<std::string> found;
  for (const std::string& word : words) {
    const std::string match = column + ":\"" + word + "\"";
    Query query(index, sql);
    auto row = query.bind(match, id).row();
    if (!row) return propagate(row);
    if (*row) found.push_back(word);
  }
  return found;
}

}  // namespace

std::vector<std::string> query_words(std::string_view text) {
  std::string clean = text::lower(text::clean_utf8(text.substr(0, 64 * 1024)));
  blank_punctuation(clean);
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < clean.size() && words.size() < kMostWords) {
    std::size_t end = at;
    while (end < clean.size() && of_word(clean[end])) ++end;
    std::string word = clean.substr(at, end - at);
    at = std::max(end, at + 1);
    const bool says_something = word.size() > 1 && word.size() <= kLongestWord &&
                                !std::ranges::binary_search(kStopWords, std::string_view(word));
    if (says_something && std::ranges::find(words, word) == words.end())
      words.push_back(std::move(word));
  }
  return words;
}

Result<std::vector<Hit>> search_entries(MemoryDb& index, const std::string& scope,
                                        const std::vector<std::string>& words, std::size_t limit) {
  if (words.empty()) return std::vector<Hit>();
  const std::string match = "scope:\"" + scope + "\" AND text:(" + any_of(words) + ")";
  Query query(index,
              "SELECT rowid, rank FROM entry_text WHERE entry_text MATCH ?1"
              " ORDER BY rank LIMIT ?2");
  query.bind(match, static_cast<std::int64_t>(limit));
  return collect(query);
}

Result<std::vector<Hit>> search_lessons(MemoryDb& index, const std::vector<std::string>& words,
                                        std::size_t limit) {
  if (words.empty()) return std::vector<Hit>();
  const std::string match = any_of(words);
  Query query(index,
              "SELECT rowid, rank FROM lesson_text WHERE lesson_text MATCH ?1"
              " ORDER BY rank LIMIT ?2");
  query.bind(match, static_cast<std::int64_t>(limit));
  return collect(query);
}

Result<std::vector<std::string>> words_in_entry(MemoryDb& index, std::int64_t id,
                                                const std::vector<std::string>& words) {
  return words_in_row(index, "SELECT 1 FROM entry_text WHERE entry_text MATCH ?1 AND rowid = ?2",
                      "text", id, words);
}

Result<std::vector<std::string>> words_in_lesson(MemoryDb& index, std::int64_t id,
                                                 const std::vector<std::string>& words) {
  return words_in_row(index, "SELECT 1 FROM lesson_text WHERE lesson_text MATCH ?1 AND rowid = ?2",
                      "text", id, words);
}

}  // namespace cadre::detail
