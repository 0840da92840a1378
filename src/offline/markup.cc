#include "offline/markup.h"

#include <algorithm>

#include "base/text.h"

namespace cadre::offline::markup {
namespace {

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (static_cast<unsigned char>(c) >= 0x80);
}

// An underscore within a word starts no emphasis.
bool inside_word(std::string_view text, std::size_t at) {
  return at > 0 && at + 1 < text.size() && is_alnum(text[at - 1]) && is_alnum(text[at + 1]);
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text::clean_utf8(text)) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string markdown(std::string_view text) {
  const std::string line = one_line(text);
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (std::string_view("\\`*[]|~$").find(c) != std::string_view::npos ||
               (c == '_' && !inside_word(line, i)) || (c == '!' && line.substr(i, 2) == "![") ||
               (i == 0 && std::string_view("#-+=").find(c) != std::string_view::npos)) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
  // "1. x" at the start of a line would be a list.
  const std::size_t digits = std::min(out.find_first_not_of("0123456789"), out.size());
  if (digits > 0 && digits < out.size() && (out[digits] == '.' || out[digits] == ')')) {
    out.insert(digits, "\\");
  }
  return out;
}

std::string cell(std::string_view text) {
  // markdown() escapes pipes already, as tables want it.
  const std::string out = markdown(text);
  return out.empty() ? "–" : out;
}

std::string code(std::string_view text) {
  std::string line = one_line(text);
  if (line.empty()) return "–";
  std::replace(line.begin(), line.end(), '`', '\'');
  return "`" + text::replace_all(line, "|", "\\|") + "`";
}

std::string codes(const std::vector<std::string>& texts) {
  std::vector<std::string> spans;
  for (const std::string& text : texts) spans.push_back(code(text));
  return spans.empty() ? "–" : text::join(spans, ", ");
}

std::string row(const std::vector<std::string>& cells) {
  return "| " + text::join(cells, " | ") + " |\n";
}

std::string header(const std::vector<std::string>& names) {
  return row(names) + row(std::vector<std::string>(names.size(), "---"));
}

std::string fenced(std::string_view language, std::string_view body) {
  std::size_t longest = 0, current = 0;
  for (const char c : body) {
    current = c == '`' ? current + 1 : 0;
    longest = std::max(longest, current);
  }
  const std::string fence(std::max<std::size_t>(3, longest + 1), '`');
  std::string out = fence + std::string(language) + "\n" + std::string(body);
  if (!out.ends_with('\n')) out += '\n';
  return out + fence + "\n";
}

std::string mermaid(std::string_view text) {
  std::string out;
  for (const char c : one_line(text)) {
    switch (c) {
      case '"': out += "#quot;"; break;
      case '#': out += "#35;"; break;
      case ';': out += "#59;"; break;
      case '<': out += "#lt;"; break;
      case '>': out += "#gt;"; break;
      case '&': out += "#amp;"; break;
      case '`': out += "#96;"; break;
      case '%': out += "#37;"; break;
      case '\\': out += "#92;"; break;
      case ':': out += "#58;"; break;
      case '{': out += "#123;"; break;
      case '}': out += "#125;"; break;
      case '[': out += "#91;"; break;
      case ']': out += "#93;"; break;
      case '|': out += "#124;"; break;
      default: out += c;
    }
  }
  return out.empty() ? " " : out;
}

std::string identifier(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = is_alnum(c) && static_cast<unsigned char>(c) < 0x80;
    out += plain ? c : '_';
  }
  return out.empty() ? "x" : out;
}

std::string gherkin(std::string_view text) {
  const std::string line = one_line(text);
  return line.empty() ? "nothing" : line;
}

std::string anchor(std::string_view text) { return "#" + text::kebab_case(text); }

}  // namespace cadre::offline::markup
