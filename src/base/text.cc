#include "base/text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/latin.h"

namespace cadre::text {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
bool is_vowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }

constexpr std::array<std::pair<std::string_view, std::string_view>, 33> kIrregular{{
    {"person", "people"},      {"man", "men"},           {"woman", "women"},
    {"child", "children"},     {"foot", "feet"},         {"tooth", "teeth"},
    {"mouse", "mice"},         {"goose", "geese"},       {"medium", "media"},
    {"criterion", "criteria"}, {"analysis", "analyses"}, {"axis", "axes"},
    {"index", "indexes"},      {"life", "lives"},        {"leaf", "leaves"},
    {"knife", "knives"},       {"shelf", "shelves"},     {"half", "halves"},
    {"loaf", "loaves"},        {"wolf", "wolves"},       {"thief", "thieves"},
    {"hero", "heroes"},        {"potato", "potatoes"},   {"tomato", "tomatoes"},
    {"wife", "wives"},         {"calf", "calves"},       {"scarf", "scarves"},
    {"echo", "echoes"},        {"quiz", "quizzes"},      {"phenomenon", "phenomena"},
    {"appendix", "appendices"}, {"basis", "bases"},       {"crisis", "crises"},
}};
constexpr std::array<std::string_view, 14> kUnchanged{
    "staff", "sheep",     "series", "species",   "equipment", "information", "news",
    "stock", "inventory", "data",   "furniture", "feedback",  "luggage",     "software"};

// The last word of "book loan" carries the number.
std::pair<std::string_view, std::string_view> split_last_word(std::string_view noun) {
  const auto at = noun.find_last_of(" _-");
  return at == std::string_view::npos ? std::pair{std::string_view{}, noun}
                                      : std::pair{noun.substr(0, at + 1), noun.substr(at + 1)};
}

bool ends_with_any(std::string_view word, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return word.ends_with(ending); });
}

// "diagnosis", "synthesis", "dialysis", "synopsis": the end becomes "-es".
bool greek_singular(std::string_view word) {
  return word.size() > 4 && ends_with_any(word, {"gnosis", "thesis", "lysis", "opsis"});
}

std::string plural_word(std::string_view word) {
  for (const auto& [one, many] : kIrregular) {
    if (word == one) return std::string(many);
    if (word == many) return std::string(word);
    if (word.size() > one.size() && (one == "man" || one == "woman" || one == "person") &&
        word.ends_with(one) && word != "human") {
      return std::string(word.substr(0, word.size() - one.size())) + std::string(many);
    }
  }
  if (std::find(kUnchanged.begin(), kUnchanged.end(), word) != kUnchanged.end()) {
    return std::string(word);
  }
  std::string out(word);
  if (greek_singular(out)) return out.substr(0, out.size() - 2) + "es";
  if (out.size() > 1 && out.back() == 'y' && !is_vowel(out[out.size() - 2])) {
    out.back() = 'i';
    return out + "es";
  }
  if (ends_with_any(out, {"s", "x", "z", "ch", "sh"})) return out + "es";
  return out + "s";
}

std::string singular_word(std::string_view word) {
  for (const auto& [one, many] : kIrregular) {
    if (word == many) return std::string(one);
    if ((one == "man" || one == "woman" || one == "person") && word.size() > many.size() &&
        word.ends_with(many)) {
      return std::string(word.substr(0, word.size() - many.size())) + std::string(one);
    }
  }
  std::string out(word);
  if (std::find(kUnchanged.begin(), kUnchanged.end(), word) != kUnchanged.end()) return out;
  if (out.size() < 4 || !out.ends_with("s") || ends_with_any(out, {"ss", "us", "is"})) {
    return out;
  }
  if (out.size() > 4 && ends_with_any(out, {"gnoses", "theses", "lyses", "opses"})) {
    return out.substr(0, out.size() - 2) + "is";
  }
  if (out.ends_with("ies") && out.size() > 4) return out.substr(0, out.size() - 3) + "y";
  if (ends_with_any(out, {"sses", "xes", "ches", "shes", "zzes"})) {
    return out.substr(0, out.size() - 2);
  }
  if (ends_with_any(out, {"uses"}) && out.size() > 5 && !ends_with_any(out, {"auses", "ouses"})) {
    return out.substr(0, out.size() - 2);
  }
  return out.substr(0, out.size() - 1);
}

// The length of the well-formed UTF-8 sequence at `at` (RFC 3629), or 0.
std::size_t sequence_length(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return i < bytes.size() ? static_cast<unsigned>(static_cast<unsigned char>(bytes[i])) : 0U;
  };
  const unsigned first = byte(at);
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(at + 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned second = byte(at + 1);
    if (first == 0xE0 && second < 0xA0) return 0;
    if (first == 0xED && second > 0x9F) return 0;
    return continues(at + 1) && continues(at + 2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned second = byte(at + 1);
    if (first == 0xF0 && second < 0x90) return 0;
    if (first == 0xF4 && second > 0x8F) return 0;
    return continues(at + 1) && continues(at + 2) && continues(at + 3) ? 4 : 0;
  }
  return 0;
}

// The words of an identifier or a phrase, lower case: "dueDate" -> due, date; "ISBN-13" ->
// isbn, 13.
std::vector<std::string> words_of(std::string_view text) {
  const std::string name = fold_latin(text);
  std::vector<std::string> words;
  std::string current;
  const auto flush = [&] {
    if (!current.empty()) words.push_back(std::exchange(current, {}));
  };
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '\'') continue;
    if (!is_alnum(c) || static_cast<unsigned char>(c) >= 0x80) {
      flush();
      continue;
    }
    const bool upper = c >= 'A' && c <= 'Z';
    const bool after_lower = i > 0 && name[i - 1] >= 'a' && name[i - 1] <= 'z';
    const bool before_lower = i > 0 && name[i - 1] >= 'A' && name[i - 1] <= 'Z' &&
                              i + 2 < name.size() && name[i + 1] >= 'a' && name[i + 1] <= 'z' &&
                              name[i + 2] >= 'a' && name[i + 2] <= 'z';
    if (upper && (after_lower || before_lower)) flush();
    current.push_back(to_lower(c));
  }
  flush();
  return words;
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  std::size_t start = 0;
  while (true) {
    const auto at = text.find(separator, start);
    out.emplace_back(text.substr(start, at == std::string_view::npos ? at : at - start));
    if (at == std::string_view::npos) return out;
    start = at + 1;
  }
}

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const auto at = text.find('\n');
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) break;
    text.remove_prefix(at + 1);
  }
  return out;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), to_lower);
  return out;
}

bool is_lower(std::string_view text, std::string_view low) {
  return std::ranges::equal(text, low, {}, to_lower);
}

std::string upper_first(std::string_view text) {
  std::string out(text);
  if (!out.empty()) out[0] = to_upper(out[0]);
  return out;
}

std::string lower_first(std::string_view text) {
  std::string out(text);
  if (!out.empty()) out[0] = to_lower(out[0]);
  return out;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  if (from.empty()) return text;
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

bool contains_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const bool starts = at == 0 || !is_alnum(text[at - 1]);
    const bool ends = at + word.size() == text.size() || !is_alnum(text[at + word.size()]);
    if (starts && ends) return true;
  }
  return false;
}

std::string snake_case(std::string_view name) {
  std::string out = join(words_of(name), "_");
  if (out.empty()) return "x";
  if (std::isdigit(static_cast<unsigned char>(out[0])) != 0) out.insert(0, "n");
  return out;
}

std::string pascal_case(std::string_view name) {
  std::string out;
  for (const std::string& word : words_of(snake_case(name))) out += upper_first(word);
  return out;
}

std::string kebab_case(std::string_view name) { return replace_all(snake_case(name), "_", "-"); }

std::string plural(std::string_view noun) {
  const auto [before, word] = split_last_word(noun);
  return std::string(before) + plural_word(word);
}

std::string singular(std::string_view noun) {
  const auto [before, word] = split_last_word(noun);
  return std::string(before) + singular_word(word);
}

bool is_valid_utf8(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = sequence_length(bytes, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string clean_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = sequence_length(bytes, at);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++at;
      continue;
    }
    const auto c = static_cast<unsigned char>(bytes[at]);
    if (length > 1 || (c >= 0x20 && c != 0x7F) || c == '\n' || c == '\t') {
      out += bytes.substr(at, length);
    }
    at += length;
  }
  return out;
}

std::string shorten(std::string_view text, std::size_t max_bytes) {
  static constexpr std::string_view kEllipsis = "…";
  if (text.size() <= max_bytes) return std::string(text);
  std::size_t keep = max_bytes > kEllipsis.size() ? max_bytes - kEllipsis.size() : 0;
  while (keep > 0 && (static_cast<unsigned char>(text[keep]) & 0xC0U) == 0x80U) --keep;
  return std::string(text.substr(0, keep)) + std::string(kEllipsis);
}

std::string wrap(std::string_view text, std::size_t width, std::string_view indent) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t at = 0; at < text.size();) {
    while (at < text.size() && is_space(text[at])) ++at;
    std::size_t end = at;
    while (end < text.size() && !is_space(text[end])) ++end;
    if (end == at) break;
    const std::string_view word = text.substr(at, end - at);
    if (column > 0 && column + 1 + word.size() > width) {
      out += '\n';
      out += indent;
      column = indent.size();
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    at = end;
  }
  return out;
}

std::string markdown_cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '|')
      out += "\\|";
    else if (c == '\n' || c == '\r')
      out += ' ';
    else
      out.push_back(c);
  }
  return out;
}

}  // namespace cadre::text
