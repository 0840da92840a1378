#include "offline/language/tokenize.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

#include "base/latin.h"
#include "base/text.h"
#include "offline/language/closed_class.h"

namespace cadre::offline {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Length of a UTF-8 sequence by its lead byte; the text is well-formed.
std::size_t char_length(char lead) {
  const auto c = static_cast<std::uint8_t>(lead);
  return c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
}

// Letters outside ASCII: Latin with accents, Greek, Cyrillic ... up to U+1FFF, and CJK.
bool is_wide_letter(std::string_view s) {
  if (s.size() < 2) return false;
  const auto a = static_cast<std::uint8_t>(s[0]), b = static_cast<std::uint8_t>(s[1]);
  if (a >= 0xc3 && a < 0xe0) return !(a == 0xc3 && (b == 0x97 || b == 0xb7));
  if (a == 0xe0 || a == 0xe1) return true;
  return a >= 0xe3 && a <= 0xed;
}

bool is_apostrophe(std::string_view s) {
  return s.starts_with('\'') || s.starts_with("\u2019") || s.starts_with("\u2018");
}

class Tokenizer {
 public:
  Tokenizer(std::string_view text, int base) : text_(text), base_(base) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) {
      if (is_space(text_[at_])) {
        ++at_;
      } else if (is_digit(text_[at_]) || starts_decimal() || starts_negative()) {
        take_number();
      } else if (word_char(at_)) {
        take_word();
      } else {
        take_symbol();
      }
    }
    return std::move(tokens_);
  }

 private:
  bool starts_decimal() const {
    return text_[at_] == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]) &&
           (at_ == 0 || is_space(text_[at_ - 1]));
  }

  // "-18" behind a blank or bracket; "5 -3" and "1-10" are no such thing.
  bool starts_negative() const {
    if (text_[at_] != '-' || at_ + 1 >= text_.size() || !is_digit(text_[at_ + 1])) return false;
    if (at_ > 0 && !is_space(text_[at_ - 1]) && text_[at_ - 1] != '(') return false;
    return tokens_.empty() || tokens_.back().tag != Tag::kNumber;
  }

  std::size_t word_char(std::size_t i) const {
    if (i >= text_.size()) return 0;
    if (is_letter(text_[i]) || text_[i] == '_') return 1;
    const std::size_t n = std::min(char_length(text_[i]), text_.size() - i);
    return n > 1 && is_wide_letter(text_.substr(i, n)) ? n : 0;
  }

  char peek(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

  Token& add(std::size_t from, std::size_t to, std::string lower) {
    Token token;
    token.text = std::string(text_.substr(from, to - from));
    token.lower = std::move(lower);
    token.lemma = token.lower;
    // Never part of a name: no id can be made of it.
    if (text::has_foreign_letters(token.text)) token.tag = Tag::kSymbol;
    token.begin = base_ + static_cast<int>(from);
    token.end = base_ + static_cast<int>(to);
    tokens_.push_back(std::move(token));
    return tokens_.back();
  }

  void take_number() {
    const std::size_t from = at_;
    std::size_t i = at_ + (text_[at_] == '-' ? 1 : 0);
    bool date = false, time = false, plain = true;
    while (i < text_.size()) {
      const char c = text_[i];
      const bool digit_next = is_digit(peek(i + 1));
      if (is_digit(c)) {
        ++i;
      } else if ((c == '.' || c == ',') && digit_next && i > from) {
        ++i;
      } else if (c == '.' && i == from) {
        ++i;
      } else if (c == ':' && digit_next && i > from && i - from <= 2) {
        time = true;
        plain = false;
        ++i;
      } else if (c == '-' && digit_next && code_dash(from, i)) {
        date = true;
        plain = false;
        ++i;
      } else {
        break;
      }
    }
    std::string digits(text_.substr(from, i - from));
    // "1st", "16x", "5pm", "20min": letters that follow at once.
    std::size_t tail = i;
    while (is_letter(peek(tail))) ++tail;
    const std::string suffix = text::lower(text_.substr(i, tail - i));
    if (plain && (suffix == "st" || suffix == "nd" || suffix == "rd" || suffix == "th")) {
      add(from, tail, digits + suffix).tag = Tag::kAdjective;
      at_ = tail;
      return;
    }
    const bool clock = suffix == "am" || suffix == "pm";
    if (clock) i = tail;
    Token& token = add(from, i, digits);
    token.tag = Tag::kNumber;
    at_ = i;
    if (date) return;
    if (time || clock) {
      token.unit = "time";
      token.number = clock_value(digits, suffix == "pm");
    } else {
      token.number = value(digits);
    }
  }

  // "2024-0001" and "2024-01-31" are one token, "1-10" and "9-17" are ranges.
  bool code_dash(std::size_t from, std::size_t dash) const {
    std::size_t end = dash + 1;
    while (is_digit(peek(end))) ++end;
    const std::string_view left = text_.substr(from, dash - from);
    const std::string_view right = text_.substr(dash + 1, end - dash - 1);
    if (left.find('-') != std::string_view::npos) return true;
    if (peek(end) == '-' && is_digit(peek(end + 1))) return true;
    return right.size() > 1 && right[0] == '0' && left.find('.') == std::string_view::npos;
  }

  // "1,000" is a thousand, "0,50" a half, "1.5" one and a half.
  static double value(std::string digits) {
    const std::size_t comma = digits.find(',');
    if (comma != std::string::npos) {
      const bool thousands = digits.find('.') != std::string::npos ||
                             (digits.size() - comma == 4 && digits[0] != '0') ||
                             digits.find(',', comma + 1) != std::string::npos;
      if (thousands) {
        std::erase(digits, ',');
      } else {
        digits[comma] = '.';
      }
    }
    double result = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), result);
    return result;
  }

  static double clock_value(std::string_view digits, bool afternoon) {
    double hours = 0, minutes = 0;
    const std::size_t colon = std::min(digits.find(':'), digits.size());
    std::from_chars(digits.data(), digits.data() + colon, hours);
    if (colon < digits.size())
      std::from_chars(digits.data() + colon + 1, digits.data() + digits.size(), minutes);
    if (afternoon && hours < 12) hours += 12;
    return hours + minutes / 60;
  }

  void take_word() {
    const std::size_t from = at_;
    std::size_t i = at_;
    while (i < text_.size()) {
      if (const std::size_t n = word_char(i); n > 0) {
        i += n;
      } else if (is_digit(text_[i])) {
        ++i;
      } else if (text_[i] == '-' && (word_char(i + 1) || is_digit(peek(i + 1))) && i > from) {
        ++i;
      } else if (text_[i] == '.' && dotted(from, i)) {
        ++i;
      } else {
        break;
      }
    }
    at_ = i;
    std::string lower = text::lower(text_.substr(from, i - from));
    if (take_short(from, i, lower)) return;
    if (is_apostrophe(text_.substr(i)) && take_contraction(from, i, lower)) return;
    if (lower.size() > 3 && (lower == "cannot" || glued_negation(lower))) {
      const std::size_t stem = lower == "cannot" ? 3 : lower.size() - (lower == "cant" ? 1 : 2);
      add_stem(from, from + stem, lower.substr(0, stem));
      add(from + stem, i, "not");
      return;
    }
    add(from, i, std::move(lower));
  }

  // "e.g." and "i.e." keep their dots; any other word ends before one.
  bool dotted(std::size_t from, std::size_t i) const {
    const std::string_view s = text_.substr(from, i - from);
    if (s == "e" || s == "i" || s == "E" || s == "I" || s == "p" || s == "a") {
      const char next = peek(i + 1);
      return is_letter(next) && peek(i + 2) == '.';
    }
    return s == "e.g" || s == "i.e" || s == "E.g" || s == "I.e" || s == "etc" || s == "max" ||
           s == "min" || s == "incl" || s == "approx" || s == "p.m" || s == "a.m";
  }

  bool take_short(std::size_t from, std::size_t to, const std::string& lower) {
    if (lower == "w" && peek(to) == '/') {
      const bool without = peek(to + 1) == 'o' && !is_letter(peek(to + 2));
      at_ = to + (without ? 2 : 1);
      add(from, at_, without ? "without" : "with");
      return true;
    }
    if (lower == "and" && text_.substr(to).starts_with("/or")) {
      at_ = to + 3;
      add(from, at_, "or");
      return true;
    }
    if (lower == "e.g." || lower == "eg" || lower == "i.e.") {
      add(from, to, lower == "i.e." ? "that is" : "for example").tag = Tag::kAdverb;
      return true;
    }
    if (lower == "max." || lower == "min." || lower == "etc." || lower == "approx." ||
        lower == "incl.") {
      add(from, to, lower == "incl." ? "including" : lower.substr(0, lower.size() - 1));
      return true;
    }
    return false;
  }

  static bool glued_negation(std::string_view lower) {
    static constexpr std::string_view kWords =
        " cant dont doesnt didnt isnt arent wasnt werent wont shouldnt couldnt wouldnt mustnt "
        "hasnt havent ";
    return kWords.find(" " + std::string(lower) + " ") != std::string_view::npos;
  }

  void add_stem(std::size_t from, std::size_t to, std::string stem) {
    if (stem == "ca") stem = "can";
    if (stem == "wo") stem = "will";
    if (stem == "sha") stem = "shall";
    add(from, to, std::move(stem));
  }

  bool take_contraction(std::size_t from, std::size_t to, const std::string& lower) {
    const std::size_t mark = char_length(text_[to]);
    std::size_t end = to + mark;
    while (is_letter(peek(end))) ++end;
    const std::string tail = text::lower(text_.substr(to + mark, end - to - mark));
    if (tail == "t" && lower.size() > 2 && lower.ends_with('n')) {
      add_stem(from, to - 1, lower.substr(0, lower.size() - 1));
      add(to - 1, end, "not");
    } else if (tail == "s" || (tail.empty() && lower.ends_with('s') && lower.size() > 3 &&
                               possessive_follows(to + mark))) {
      static constexpr std::string_view kIs = " it he she that there who what here where let ";
      const bool is = tail == "s" && kIs.find(" " + lower + " ") != std::string_view::npos;
      add(from, to, lower);
      add(to, end, is ? "is" : "'s").tag = is ? Tag::kOther : Tag::kParticle;
    } else if (tail == "m" || tail == "re" || tail == "ve" || tail == "ll" || tail == "d") {
      add(from, to, lower);
      add(to, end,
          tail == "m"    ? "am"
          : tail == "re" ? "are"
          : tail == "ve" ? "have"
          : tail == "ll" ? "will"
                         : "would");
    } else {
      return false;
    }
    at_ = end;
    return true;
  }

  bool possessive_follows(std::size_t i) const {
    return is_space(peek(i)) && word_char(i + 1) > 0 && !quote_open_;
  }

  void take_symbol() {
    const std::size_t n = std::min(char_length(text_[at_]), text_.size() - at_);
    const std::string_view s = text_.substr(at_, n);
    if (s == "\"" || s == "'") quote_open_ = !quote_open_;
    std::size_t length = n;
    static constexpr std::string_view kPairs = "<=>=!===->=>&&||..::";
    if (at_ + 1 < text_.size() && n == 1) {
      const std::size_t pair = kPairs.find(text_.substr(at_, 2));
      if (pair != std::string_view::npos && pair % 2 == 0) length = 2;
    }
    Token& token = add(at_, at_ + length, std::string(text_.substr(at_, length)));
    static constexpr std::string_view kPunctuation = ".,;:!?()[]{}\"'";
    const bool mark = length == 1 && kPunctuation.find(token.text) != std::string_view::npos;
    token.tag = mark ? Tag::kPunctuation : Tag::kSymbol;
    if (token.text == "&" || token.text == "&&") {
      token.lower = token.lemma = "and";
      token.tag = Tag::kConjunction;
    }
    normalise_symbol(token);
    at_ += length;
  }

  static void normalise_symbol(Token& token) {
    if (token.text == "–" || token.text == "—") token.lower = token.lemma = "-";
    if (token.text == "“" || token.text == "”") {
      token.lower = token.lemma = "\"";
      token.tag = Tag::kPunctuation;
    }
    if (token.text == "…" || token.text == "..") token.tag = Tag::kPunctuation;
    std::string_view comparator;
    if (token.text == "<=" || token.text == "≤") comparator = "at_most";
    if (token.text == ">=" || token.text == "≥") comparator = "at_least";
    if (token.text == "<") comparator = "less_than";
    if (token.text == ">") comparator = "more_than";
    if (!comparator.empty()) {
      token.tag = Tag::kComparator;
      token.lemma = comparator;
    }
  }

  std::string_view text_;
  int base_;
  std::size_t at_ = 0;
  bool quote_open_ = false;
  std::vector<Token> tokens_;
};

bool matches(const std::vector<Token>& tokens, std::size_t at, std::string_view words,
             std::size_t& count) {
  count = 0;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (at + count >= tokens.size() || tokens[at + count].lower != words.substr(0, end))
      return false;
    ++count;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  // "or more than 6" is no "6 or more".
  if (tokens[at].lower == "or" && at + count < tokens.size() && tokens[at + count].lower == "than")
    return false;
  return true;
}

// Joins "at most", "as soon as" and the like into one token each.
std::vector<Token> join_multi_words(std::vector<Token> tokens, std::string_view text, int base) {
  std::vector<Token> out;
  out.reserve(tokens.size());
  for (std::size_t i = 0; i < tokens.size();) {
    const MultiWord* end = nullptr;
    const MultiWord* best = nullptr;
    std::size_t best_count = 0;
    for (const MultiWord* m = multi_word_begin(tokens[i].lower, &end); m != end; ++m) {
      std::size_t count = 0;
      if (matches(tokens, i, m->words, count) && count > best_count) {
        best = m;
        best_count = count;
      }
    }
    if (best == nullptr) {
      out.push_back(std::move(tokens[i++]));
      continue;
    }
    Token joined = tokens[i];
    joined.end = tokens[i + best_count - 1].end;
    joined.text = std::string(text.substr(static_cast<std::size_t>(joined.begin - base),
                                          static_cast<std::size_t>(joined.end - joined.begin)));
    joined.lower = std::string(best->words);
    joined.lemma = std::string(best->lemma);
    joined.tag = best->tag;
    out.push_back(std::move(joined));
    i += best_count;
  }
  return out;
}

void read_closed_classes(std::vector<Token>& tokens) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    Token& token = tokens[i];
    if (token.tag != Tag::kOther) continue;
    if (const auto number = number_word(token.lower)) {
      token.number = number;
      token.tag = token.lower == "once" || token.lower == "twice" || token.lower == "thrice"
                      ? Tag::kAdverb
                      : Tag::kNumber;
    } else if (const auto tag = closed_class_tag(token.lower)) {
      token.tag = *tag;
    }
  }
}

// A unit behind a number ("14 days", "20 €") or a currency sign before it ("$20").
void attach_units(std::vector<Token>& tokens) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    Token& token = tokens[i];
    if (token.tag != Tag::kNumber || !token.unit.empty()) continue;
    std::size_t next = i + 1;
    if (next < tokens.size() && tokens[next].lower == "-") ++next;
    if (next < tokens.size()) token.unit = unit_of(tokens[next].lower);
    if (token.unit.empty() && i > 0 && tokens[i - 1].tag == Tag::kSymbol)
      token.unit = unit_of(tokens[i - 1].lower);
  }
}

}  // namespace

std::vector<Token> split_words(std::string_view text, int base) {
  return Tokenizer(text, base).run();
}

std::vector<Token> finish_tokens(std::vector<Token> words, std::string_view text, int base) {
  std::vector<Token> tokens = join_multi_words(std::move(words), text, base);
  read_closed_classes(tokens);
  attach_units(tokens);
  return tokens;
}

}  // namespace cadre::offline
