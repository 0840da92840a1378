#include "offline/qa/python_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace cadre::offline::qa {
namespace {

constexpr std::array kKeywords = {
    "False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
    "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
    "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
    "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield"};

// Names that the test files use for other things, and builtins that they call.
constexpr std::array kTaken = {
    "actor",  "api",    "application", "body",  "case",     "clock",  "code",   "dict", "float",
    "format", "given",  "id",          "input", "int",      "json",   "len",    "list", "make",
    "match",  "max",    "method",      "min",   "next",     "number", "object", "open", "page",
    "path",   "pytest", "random",      "range", "response", "row",    "self",   "set",  "sorted",
    "state",  "status", "str",         "sum",   "tuple",    "type"};

// Attributes of the factory itself.
constexpr std::array kFactory = {"api", "clock", "count", "next_number"};

template <class List>
bool among(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::string pad(int indent) { return std::string(static_cast<std::size_t>(indent), ' '); }

std::string join_flat(const std::vector<Py>& items) {
  std::string out;
  for (const Py& item : items) {
    if (!out.empty()) out += ", ";
    out += flat(item);
  }
  return out;
}

void render(std::string& out, int indent, const std::string& before, const Py& node,
            std::string_view after) {
  std::string one_line = pad(indent) + before + flat(node) + std::string(after);
  if (one_line.size() <= kPythonColumns || node.close.empty()) {
    out += one_line + "\n";
    return;
  }
  out += pad(indent) + before + node.prefix + node.open + "\n";
  std::string body = pad(indent + 4) + join_flat(node.items);
  bool is_call = node.open.ends_with('(') && node.open.size() > 1;
  if (is_call && body.size() <= kPythonColumns) {
    out += body + "\n";
  } else {
    for (const Py& item : node.items) render(out, indent + 4, "", item, ",");
  }
  out += pad(indent) + node.close + std::string(after) + "\n";
}

}  // namespace

Py leaf(std::string text) {
  return {.prefix = "", .open = std::move(text), .items = {}, .close = ""};
}

Py call(std::string_view function, std::vector<Py> arguments) {
  if (arguments.empty()) return leaf(std::string(function) + "()");
  return {.prefix = "",
          .open = std::string(function) + "(",
          .items = std::move(arguments),
          .close = ")"};
}

Py dict(std::vector<std::pair<std::string, Py>> members) {
  if (members.empty()) return leaf("{}");
  Py out{.prefix = "", .open = "{", .items = {}, .close = "}"};
  for (auto& [key, value] : members) {
    value.prefix = py_string(key) + ": ";
    out.items.push_back(std::move(value));
  }
  return out;
}

Py list(std::vector<Py> items) {
  if (items.empty()) return leaf("[]");
  return {.prefix = "", .open = "[", .items = std::move(items), .close = "]"};
}

Py named(std::string_view name, Py value) {
  value.prefix = std::string(name) + "=";
  return value;
}

Py literal(const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::null: return leaf("None");
    case boost::json::kind::bool_: return leaf(value.get_bool() ? "True" : "False");
    case boost::json::kind::string: return leaf(py_string(json::as_view(value.get_string())));
    case boost::json::kind::array: {
      std::vector<Py> items;
      for (const Json& item : value.get_array()) items.push_back(literal(item));
      return list(std::move(items));
    }
    case boost::json::kind::object: {
      std::vector<std::pair<std::string, Py>> members;
      for (const auto& member : value.get_object()) {
        members.emplace_back(std::string(member.key()), literal(member.value()));
      }
      return dict(std::move(members));
    }
    default: return leaf(json::write(value));
  }
}

std::string py_string(std::string_view text) {
  std::string clean = text::is_valid_utf8(text) ? std::string(text) : text::clean_utf8(text);
  std::string out = "\"";
  for (char c : clean) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string safe_text(std::string_view text) {
  std::string clean = text::clean_utf8(text);
  std::string out;
  for (char c : clean) {
    if (c == '\\') {
      out += '/';
    } else if (c == '"') {
      out += '\'';
    } else if (c == '\n' || c == '\t' || c == '\r') {
      if (!out.ends_with(' ')) out += ' ';
    } else {
      out += c;
    }
  }
  return std::string(text::trim(out));
}

std::string flat(const Py& expression) {
  if (expression.close.empty()) return expression.prefix + expression.open;
  return expression.prefix + expression.open + join_flat(expression.items) + expression.close;
}

std::string statement(int indent, std::string_view before, const Py& expression,
                      std::string_view after) {
  std::string out;
  render(out, indent, std::string(before), expression, after);
  return out;
}

std::string docstring(int indent, std::string_view text) {
  std::string clean = safe_text(text);
  std::string margin = pad(indent);
  std::string one_line = margin + "\"\"\"" + clean + "\"\"\"\n";
  if (one_line.size() <= kPythonColumns + 1) return one_line;
  // A word longer than the line is cut, so that the linter stays quiet about hostile names.
  std::string words;
  for (const std::string& word : text::split(clean, ' ')) {
    if (!words.empty()) words += ' ';
    words += word.size() > 70 ? text::shorten(word, 60) : word;
  }
  std::size_t width = kPythonColumns - static_cast<std::size_t>(indent);
  return margin + "\"\"\"" + text::wrap(words, width - 4, margin) + "\n" + margin + "\"\"\"\n";
}

std::string py_name(std::string_view name) {
  std::string out = text::snake_case(name);
  if (is_keyword(out) || among(kTaken, out) || out.starts_with("expect_")) out += "_";
  return out;
}

std::string method_name(std::string_view name) {
  std::string out = text::snake_case(name);
  if (is_keyword(out) || among(kFactory, out)) out += "_";
  return out;
}

bool is_keyword(std::string_view name) { return among(kKeywords, name); }

}  // namespace cadre::offline::qa
