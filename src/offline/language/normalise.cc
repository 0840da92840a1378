#include "offline/language/normalise.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

#include "base/text.h"

namespace cadre::offline {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_lower(c) || is_upper(c); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// Bytes of the well-formed UTF-8 sequence at the front, 0 when there is none.
std::size_t sequence_length(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(s[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t n = lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (n == 0 || lead >= 0xf5 || s.size() < n) return 0;
  for (std::size_t i = 1; i < n; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;
  if (lead == 0xed && byte(1) > 0x9f) return 0;
  if (lead == 0xf0 && byte(1) < 0x90) return 0;
  if (lead == 0xf4 && byte(1) > 0x8f) return 0;
  return n;
}

bool is_odd_space(std::string_view s) {
  return s == "\u00a0" || s == "\ufeff" || s == "\u200b" || s == "\u202f" || s == "\u2009" ||
         s == "\u2003" || s == "\u2002" || s == "\u00ad";
}

// A line of the text and what stands in front of its content.
struct Line {
  int begin = 0, end = 0;  // content, trimmed
  int indent = 0;
  LineKind kind = LineKind::kProse;
  bool blank = false;
};

// Length of a bullet or number with its blank: "- ", "1. ", "(a) ", "REQ-1: ", "[R2] "; 0 if none.
std::size_t marker_length(std::string_view line, LineKind& kind) {
  static constexpr std::array<std::string_view, 9> kBullets = {"-", "*", "+", "•", "–",
                                                               "—", "·", "‣", "▪"};
  for (const std::string_view bullet : kBullets) {
    if (!line.starts_with(bullet)) continue;
    if (line.size() == bullet.size()) return bullet.size();
    if (!is_blank(line[bullet.size()])) continue;
    kind = LineKind::kBullet;
    return bullet.size() + 1;
  }
  std::size_t i = 0;
  const bool open = !line.empty() && (line[0] == '(' || line[0] == '[');
  if (open) ++i;
  const std::size_t start = i;
  while (i < line.size() && i < start + 8 && is_letter(line[i])) ++i;
  const std::size_t letters = i - start;
  if (letters > 0 && i < line.size() && (line[i] == '-' || line[i] == '_')) ++i;
  const std::size_t digits_at = i;
  while (i < line.size() && i < start + 16 && (is_digit(line[i]) || line[i] == '.')) ++i;
  const std::size_t digits = i - digits_at;
  if (digits > 0 && line[i - 1] == '.') --i;  // the dot is the closing mark
  if (i == digits_at && !(letters == 1 && (open || line.size() > 1))) return 0;
  if (digits == 0 && i != start + 1) return 0;
  // Labels are upper case ("R1", "FR-2"); "week 1:" is content.
  for (std::size_t k = start; k < start + letters; ++k)
    if (digits > 0 && !is_upper(line[k])) return 0;
  if (i >= line.size()) return 0;
  const char close = line[i];
  if (open && close != ')' && close != ']') return 0;
  if (!open && close != ')' && close != '.' && !(close == ':' && letters > 0 && digits > 0))
    return 0;
  if (!open && close == '.' && letters > 0 && digits == 0) return 0;
  ++i;
  if (open && i < line.size() && line[i] == ':') ++i;
  if (i >= line.size() || !is_blank(line[i])) return 0;
  kind = LineKind::kNumbered;
  return i + 1;
}

bool is_table_row(std::string_view line) {
  const auto bars = std::ranges::count(line, '|');
  return (line.starts_with('|') && bars > 1) || bars > 2 || std::ranges::count(line, '\t') > 1;
}

bool only_of(std::string_view line, std::string_view set) {
  return !line.empty() && line.find_first_not_of(set) == std::string_view::npos;
}

Line read_line(std::string_view text, std::size_t begin, std::size_t end) {
  Line line;
  std::size_t from = begin;
  while (from < end && is_blank(text[from])) ++from;
  std::size_t to = end;
  while (to > from && is_blank(text[to - 1])) --to;
  line.indent = static_cast<int>(from - begin);
  std::string_view content = text.substr(from, to - from);
  // Rules, fences and table separators carry nothing.
  line.blank = content.empty() || only_of(content, "=-_*~#`|:+ ");
  if (!line.blank && content.starts_with('#')) {
    const std::size_t hashes = std::min(content.find_first_not_of('#'), content.size());
    if (hashes < content.size() && is_blank(content[hashes])) {
      line.kind = LineKind::kHeading;
      from += hashes;
      while (from < to && is_blank(text[from])) ++from;
    }
  } else if (!line.blank && is_table_row(content)) {
    line.kind = LineKind::kTableRow;
  } else if (!line.blank) {
    const std::size_t skip = marker_length(content, line.kind);
    from += skip;
    while (from < to && is_blank(text[from])) ++from;
    line.blank = from >= to;
  }
  line.begin = static_cast<int>(from);
  line.end = static_cast<int>(to);
  return line;
}

bool ends_sentence(std::string_view s) {
  while (!s.empty() && (s.back() == ')' || s.back() == '"' || s.back() == '\'')) s.remove_suffix(1);
  return !s.empty() && (s.back() == '.' || s.back() == '!' || s.back() == '?' || s.back() == ':' ||
                        s.back() == ';');
}

int word_count(std::string_view s) {
  int count = 0;
  bool in = false;
  for (const char c : s) {
    const bool word = !is_blank(c);
    count += word && !in;
    in = word;
  }
  return count;
}

bool starts_story(std::string_view lower) {
  return lower.starts_with("as a ") || lower.starts_with("as an ") || lower.starts_with("as the ");
}

bool starts_scenario(std::string_view lower) {
  return lower.starts_with("given ") || lower.starts_with("when ") || lower.starts_with("then ") ||
         lower.starts_with("scenario");
}

// "Rules:", "Business rules", "USERS" above other lines.
bool is_plain_heading(std::string_view text, const std::vector<Line>& lines, std::size_t at) {
  const Line& line = lines[at];
  if (line.kind != LineKind::kProse) return false;
  const std::string_view s = text.substr(static_cast<std::size_t>(line.begin),
                                         static_cast<std::size_t>(line.end - line.begin));
  if (s.size() > 60 || word_count(s) > 5) return false;
  std::size_t next = at + 1;
  const bool underlined = next < lines.size() && lines[next].blank && lines[next].end > 0 &&
                          lines[next].end - lines[next].begin > 2;
  while (next < lines.size() && lines[next].blank) ++next;
  if (next >= lines.size()) return false;
  if (underlined) return true;
  if (s.back() == ':') return s.find(',') == std::string_view::npos;
  const bool shouting = std::ranges::none_of(s, is_lower) && std::ranges::any_of(s, is_upper);
  if (shouting && !ends_sentence(s)) return true;
  const bool gap = next > at + 1 && at > 0 && lines[at - 1].blank;
  return gap && is_upper(s.front()) && !ends_sentence(s) && s.find(',') == std::string_view::npos;
}

bool is_abbreviation(std::string_view before) {
  static constexpr std::array<std::string_view, 24> kList = {
      "approx", "ca",  "cf",  "dr",  "e.g", "eg",  "est", "excl", "fig", "i.e",  "ie",   "incl",
      "inc",    "ltd", "max", "min", "mr",  "mrs", "ms",  "no",   "nr",  "prof", "resp", "vs"};
  std::size_t from = before.size();
  while (from > 0 && (is_letter(before[from - 1]) || before[from - 1] == '.')) --from;
  const std::string word = text::lower(before.substr(from));
  return std::ranges::binary_search(kList, std::string_view(word));
}

bool is_closer(char c) { return c == ')' || c == '"' || c == '\'' || c == ']' || c == '*'; }

// Is the mark at `i` the end of a sentence? `end` limits the look ahead.
bool is_end(std::string_view text, std::size_t begin, std::size_t i, std::size_t end) {
  const char c = text[i];
  std::size_t next = i + 1;
  if (next < end && (text[next] == '.' || text[next] == '!' || text[next] == '?')) return false;
  while (next < end && is_closer(text[next])) ++next;
  if (next >= end) return true;
  if (!is_blank(text[next]) && text[next] != '\n') return false;
  while (next < end && (is_blank(text[next]) || text[next] == '\n')) ++next;
  if (next >= end) return true;
  if (c == '!' || c == '?') return true;
  const bool continues = is_lower(text[next]) || text[next] == ',' || text[next] == ')';
  const std::string_view before = text.substr(begin, i - begin);
  if (before.ends_with("etc")) return !continues;
  if (is_abbreviation(before)) {
    // "no." ends a sentence unless a number follows.
    if (before.ends_with("no") || before.ends_with("No")) return !is_digit(text[next]);
    return false;
  }
  return true;
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  std::vector<SentenceSpan> run() {
    read_lines();
    for (std::size_t at = 0; at < lines_.size();) at = take_block(at);
    return std::move(spans_);
  }

 private:
  static constexpr int kSentenceBytesMax = 4000;

  void read_lines() {
    std::size_t begin = 0;
    while (begin <= text_.size()) {
      const std::size_t end = std::min(text_.find('\n', begin), text_.size());
      lines_.push_back(read_line(text_, begin, end));
      begin = end + 1;
    }
    for (std::size_t i = 0; i < lines_.size(); ++i)
      if (!lines_[i].blank && is_plain_heading(text_, lines_, i))
        lines_[i].kind = LineKind::kHeading;
  }

  std::string_view content(const Line& line) const {
    return text_.substr(static_cast<std::size_t>(line.begin),
                        static_cast<std::size_t>(line.end - line.begin));
  }

  // Does line `at` go on with the sentence that the lines before it began?
  bool continues(const Line& first, const Line& previous, const Line& line) const {
    if (line.blank || line.kind != LineKind::kProse) return false;
    if (first.kind == LineKind::kHeading || first.kind == LineKind::kTableRow) return false;
    const std::string_view before = content(previous), here = content(line);
    if (first.kind != LineKind::kProse) {
      return line.indent > first.indent || (is_lower(here.front()) && !ends_sentence(before));
    }
    if (ends_sentence(before)) return before.size() >= 60 && before.back() != ':';
    if (starts_scenario(text::lower(here.substr(0, 12)))) return false;
    return is_lower(here.front()) || before.size() >= 55 || before.back() == ',';
  }

  std::size_t take_block(std::size_t at) {
    const Line& first = lines_[at];
    if (first.blank) return at + 1;
    std::size_t last = at;
    while (last + 1 < lines_.size() && continues(first, lines_[last], lines_[last + 1])) ++last;
    const int begin = first.begin, end = lines_[last].end;
    if (first.kind == LineKind::kHeading) {
      heading_ = text::lower(content(first));
      while (!heading_.empty() && (heading_.back() == ':' || heading_.back() == '#'))
        heading_.pop_back();
    }
    if (first.kind == LineKind::kHeading || first.kind == LineKind::kTableRow) {
      add(begin, end, first.kind);
    } else {
      split_block(begin, end, first.kind);
    }
    return last + 1;
  }

  void split_block(int begin, int end, LineKind kind) {
    std::size_t from = static_cast<std::size_t>(begin);
    const std::size_t stop = static_cast<std::size_t>(end);
    for (std::size_t i = from; i < stop; ++i) {
      const char c = text_[i];
      const bool mark = (c == '.' || c == '!' || c == '?') && is_end(text_, from, i, stop);
      const bool too_long = i - from >= kSentenceBytesMax && (is_blank(c) || c == '\n');
      if (!mark && !too_long) continue;
      std::size_t after = i + 1;
      while (mark && after < stop && is_closer(text_[after])) ++after;
      add(static_cast<int>(from), static_cast<int>(after), kind);
      from = after;
      i = after - 1;
    }
    add(static_cast<int>(from), end, kind);
  }

  void add(int begin, int end, LineKind kind) {
    const auto white = [&](int i) {
      const char c = text_[static_cast<std::size_t>(i)];
      return is_blank(c) || c == '\n';
    };
    while (begin < end && white(begin)) ++begin;
    while (end > begin && white(end - 1)) --end;
    if (begin >= end) return;
    SentenceSpan span{begin, end, kind, heading_};
    const std::string start = text::lower(text_.substr(
        static_cast<std::size_t>(begin), static_cast<std::size_t>(std::min(end - begin, 16))));
    if (kind != LineKind::kHeading && kind != LineKind::kTableRow && starts_story(start))
      span.kind = LineKind::kUserStory;
    spans_.push_back(std::move(span));
  }

  std::string_view text_;
  std::vector<Line> lines_;
  std::vector<SentenceSpan> spans_;
  std::string heading_;
};

}  // namespace

std::string same_length_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t n = sequence_length(bytes.substr(i, 4));
    if (n == 0) {
      // Inside a word ("caf\xe9" in Latin-1) the word stays whole.
      out += !out.empty() && is_letter(out.back()) ? '_' : ' ';
      ++i;
      continue;
    }
    const auto c = static_cast<std::uint8_t>(bytes[i]);
    if (n == 1 && (c < 0x20 || c == 0x7f) && c != '\n' && c != '\t') {
      out += c == '\v' || c == '\f' ? '\n' : ' ';
    } else if (is_odd_space(bytes.substr(i, n))) {
      out.append(n, ' ');
    } else {
      out.append(bytes.substr(i, n));
    }
    i += n;
  }
  return out;
}

int count_bad_bytes(std::string_view bytes) {
  int bad = 0;
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t n = sequence_length(bytes.substr(i, 4));
    bad += n == 0;
    i += std::max<std::size_t>(n, 1);
  }
  return bad;
}

bool looks_binary(std::string_view bytes) {
  const std::string_view sample = bytes.substr(0, 64 * 1024);
  std::size_t bad = 0;
  for (std::size_t i = 0; i < sample.size();) {
    const std::size_t n = sequence_length(sample.substr(i, 4));
    const auto c = static_cast<std::uint8_t>(sample[i]);
    const bool control = c < 0x20 && c != '\n' && c != '\t' && c != '\r' && c != '\f';
    if (c == 0) return true;
    bad += n == 0 || control;
    i += std::max<std::size_t>(n, 1);
  }
  return bad * 10 > sample.size() && bad > 4;
}

std::vector<SentenceSpan> split_sentences(std::string_view text) { return Splitter(text).run(); }

}  // namespace cadre::offline
