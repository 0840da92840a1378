#include "interop/yaml_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace cadre::interop {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_reserved(std::string_view text) {
  static const std::set<std::string, std::less<>> kWords{"true", "false", "null", "yes", "no",
                                                         "on",   "off",   "y",    "n"};
  return kWords.contains(text::lower(text));
}

// Fit to stand unquoted, also inside [a, b] and as a key.
bool is_plain_word(std::string_view text) {
  if (text.empty() || text.size() > 200 || !is_letter(text[0]) || is_reserved(text)) return false;
  return std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '/';
  });
}

// Fit to stand unquoted after "key: ".
bool is_plain_line(std::string_view text) {
  if (text.empty() || !is_letter(text[0]) || is_reserved(text)) return false;
  if (text.ends_with(' ') || text.ends_with(':')) return false;
  if (text.find(": ") != text.npos || text.find(" #") != text.npos) return false;
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7f'; });
}

// The code point at `at`, which is moved behind it. The text is valid UTF-8.
char32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(at);
  const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  char32_t code = length == 1 ? first : first & (0x7fU >> length);
  for (std::size_t i = 1; i < length && at + i < text.size(); ++i) {
    code = (code << 6) | (byte(at + i) & 0x3fU);
  }
  at = std::min(at + length, text.size());
  return code;
}

bool needs_escape(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0xa0) || code == 0x2028 || code == 0x2029 ||
         code == 0xfeff || code == 0xfffe || code == 0xffff;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t code = next_code_point(text, at);
    switch (code) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      default:
        if (!needs_escape(code)) {
          out += text.substr(begin, at - begin);
        } else if (code < 0x100) {
          out += fmt::format("\\x{:02x}", static_cast<unsigned>(code));
        } else {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(code));
        }
    }
  }
  return out + "\"";
}

// Several lines that a block keeps exactly.
bool fits_block(std::string_view text) {
  if (text.find('\n') == text.npos || text.front() == ' ' || text.front() == '\n') return false;
  if (text.back() == '\n' || text.back() == ' ') return false;
  if (text.find("\n\t") != text.npos || text.front() == '\t') return false;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t code = next_code_point(text, at);
    if (code != '\n' && code != '\t' && needs_escape(code)) return false;
  }
  return true;
}

// Numbers, true, false and null. Readers of YAML 1.1 take 1e+20 for a text, 1.0e+20 for a number.
std::string plain_value(const Json& value) {
  std::string out = json::write(value);
  const std::size_t exponent = value.is_double() ? out.find('e') : out.npos;
  if (exponent != out.npos && out.find('.') == out.npos) out.insert(exponent, ".0");
  return out;
}

class Writer {
 public:
  explicit Writer(const YamlStyle& style) : style_(style) {}

  std::string write(const Json& value) {
    if (is_nested(value)) {
      children(value, 0);
    } else {
      out_ += inline_value(value, 0) + "\n";
    }
    return std::move(out_);
  }

 private:
  static bool is_flow_list(const Json& value) {
    std::size_t width = 0;
    for (const Json& element : value.get_array()) {
      if (!element.is_string() || !is_plain_word(json::as_view(element.get_string()))) return false;
      width += element.get_string().size() + 2;
    }
    return width < 90;
  }
  // Whether the value stands in lines of its own below its key.
  static bool is_nested(const Json& value) {
    if (value.is_object()) return !value.get_object().empty();
    return value.is_array() && !value.get_array().empty() && !is_flow_list(value);
  }

  std::string inline_value(const Json& value, std::size_t indent) const {
    if (value.is_string()) return text_value(json::as_view(value.get_string()), indent);
    if (value.is_object()) return "{}";
    if (!value.is_array()) return plain_value(value);
    std::vector<std::string> words;
    for (const Json& element : value.get_array()) {
      words.emplace_back(json::as_view(element.get_string()));
    }
    return "[" + text::join(words, ", ") + "]";
  }

  std::string text_value(std::string_view text, std::size_t indent) const {
    if (is_plain_line(text)) return std::string(text);
    if (!style_.blocks || !fits_block(text)) return quoted(text);
    std::string out = "|-";
    const std::string margin(indent + 2, ' ');
    for (const std::string& line : text::split(text, '\n')) {
      out += "\n";
      if (!line.empty()) out += margin + line;
    }
    return out;
  }

  // The members or elements, each at `indent`; the first one follows what is already written when
  // `glued` ("- key: value").
  void children(const Json& value, std::size_t indent, bool glued = false) {
    const std::string margin(indent, ' ');
    if (value.is_array()) {
      for (const Json& element : value.get_array()) {
        out_ += (glued ? "" : margin) + "- ";
        glued = false;
        if (is_nested(element)) {
          children(element, indent + 2, true);
        } else {
          out_ += inline_value(element, indent) + "\n";
        }
      }
      return;
    }
    for (const auto& member : value.get_object()) {
      const std::string_view key(member.key().data(), member.key().size());
      out_ += (glued ? "" : margin) + (is_plain_word(key) ? std::string(key) : quoted(key)) + ":";
      glued = false;
      if (is_nested(member.value())) {
        out_ += "\n";
        children(member.value(), indent + 2);
      } else {
        out_ += " " + inline_value(member.value(), indent) + "\n";
      }
    }
  }

  YamlStyle style_;
  std::string out_;
};

}  // namespace

std::string write_yaml(const Json& value, const YamlStyle& style) {
  return Writer(style).write(value);
}

}  // namespace cadre::interop
