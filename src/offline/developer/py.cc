#include "offline/developer/py.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace cadre::offline::developer {
namespace {

constexpr std::array kReserved{
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield", "match", "case", "type", "_",
    // Builtins and names that the generated modules use themselves.
    "abs", "all", "any", "bool", "dict", "float", "format", "getattr", "hash", "id", "int",
    "isinstance", "len", "list", "map", "max", "min", "next", "object", "open", "print", "range",
    "set", "setattr", "slice", "sorted", "str", "sum", "super", "tuple", "vars", "zip", "property",
    "self", "cls"};

std::string pad(int indent) { return std::string(static_cast<std::size_t>(indent), ' '); }

// Columns of UTF-8 text: what a line-length linter counts.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

// The operator in front of an item of an infix node.
std::string operator_before(const Py& node, std::size_t index) {
  const std::vector<std::string> operators = text::split(node.text, ',');
  return operators.size() == 1 ? operators.front() : operators[index - 1];
}

// Literals that one after the other make the text, each at most `room` columns wide.
std::vector<std::string> text_parts(std::string_view text, std::size_t room) {
  std::vector<std::string> out;
  const std::string clean = text::clean_utf8(text);
  std::string part;
  std::size_t last_blank = 0;
  for (std::size_t i = 0; i < clean.size(); ++i) {
    part += clean[i];
    if (clean[i] == ' ') last_blank = part.size();
    const bool border = i + 1 == clean.size() || (clean[i + 1] & 0xC0) != 0x80;
    if (!border || width(quoted(part)) + 4 < room) continue;
    const std::size_t cut = last_blank > 0 ? last_blank : part.size();
    out.push_back(quoted(part.substr(0, cut)));
    part.erase(0, cut);
    last_blank = 0;
  }
  if (!part.empty() || out.empty()) out.push_back(quoted(part));
  return out;
}

// Lines of at most `room` columns; a word that is longer is cut.
std::vector<std::string> wrapped(const std::string& text, std::size_t room) {
  std::string spaced;
  std::size_t word = 0;
  for (const char c : text) {
    const bool border = (c & 0xC0) != 0x80;
    if (c == ' ') word = 0;
    if (border && word + 4 >= room) {
      spaced += ' ';
      word = 0;
    }
    if (c != ' ') ++word;
    spaced += c;
  }
  std::vector<std::string> out;
  const std::string folded = text::wrap(spaced, room);
  for (const std::string_view one : text::lines(folded)) out.emplace_back(text::trim(one));
  return out;
}

}  // namespace

Py leaf(std::string text) {
  Py node;
  node.text = std::move(text);
  return node;
}

Py group(std::string open, std::vector<Py> items, std::string close) {
  Py node;
  node.kind = Py::Kind::kGroup;
  node.text = std::move(open);
  node.items = std::move(items);
  node.close = std::move(close);
  return node;
}

Py call(std::string_view function, std::vector<Py> arguments) {
  return group(std::string(function) + "(", std::move(arguments), ")");
}

Py chain(Py base, std::vector<Py> calls) {
  Py node;
  node.kind = Py::Kind::kChain;
  node.items.push_back(std::move(base));
  for (Py& one : calls) node.items.push_back(std::move(one));
  return node;
}

Py infix(std::string_view op, std::vector<Py> items) {
  if (items.size() == 1) return std::move(items.front());
  Py node;
  node.kind = Py::Kind::kInfix;
  node.text = op;
  node.items = std::move(items);
  return node;
}

Py method(Py object, std::string_view name, std::vector<Py> arguments) {
  Py last = call("." + std::string(name), std::move(arguments));
  if (object.kind == Py::Kind::kChain && object.prefix.empty()) {
    object.items.push_back(std::move(last));
    return object;
  }
  return chain(std::move(object), {std::move(last)});
}

Py member_of(Py object, std::string_view name) {
  return chain(std::move(object), {leaf("." + std::string(name))});
}

Py ternary(Py yes, Py test, Py no) {
  return infix("if,else", {std::move(yes), std::move(test), std::move(no)});
}

Py loop(Py value, std::string_view name, Py rows, std::vector<Py> test) {
  std::vector<Py> items{std::move(value), leaf(std::string(name)), std::move(rows)};
  for (Py& one : test) items.push_back(std::move(one));
  return infix("for,in,if", std::move(items));
}

Py prefixed(std::string_view prefix, Py value) {
  value.prefix = std::string(prefix) + value.prefix;
  return value;
}

Py named(std::string_view keyword, Py value) {
  return prefixed(std::string(keyword) + "=", std::move(value));
}

Py entry(std::string_view key, Py value) { return prefixed(quoted(key) + ": ", std::move(value)); }

Py tuple(std::vector<Py> items) {
  const bool one = items.size() == 1;
  return group("(", std::move(items), one ? ",)" : ")");
}

Py text_leaf(std::string_view user_text) {
  Py node;
  node.kind = Py::Kind::kText;
  node.text = user_text;
  return node;
}

std::string flat(const Py& node) {
  std::string out = node.prefix;
  switch (node.kind) {
    case Py::Kind::kLeaf: return out + node.text;
    case Py::Kind::kText: return out + quoted(node.text);
    case Py::Kind::kGroup:
      out += node.text;
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        out += (i > 0 ? ", " : "") + flat(node.items[i]);
      }
      return out + node.close;
    case Py::Kind::kChain:
      for (const Py& item : node.items) out += flat(item);
      return out;
    case Py::Kind::kInfix:
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        out += (i > 0 ? " " + operator_before(node, i) + " " : "") + flat(node.items[i]);
      }
      return out;
  }
  return out;
}

std::string quoted(std::string_view text) {
  const bool single =
      text.find('"') != std::string_view::npos && text.find('\'') == std::string_view::npos;
  std::string out(1, single ? '\'' : '"');
  for (const char c : text::clean_utf8(text)) {
    switch (c) {
      case '"': out += single ? "\"" : "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      default: out += c;
    }
  }
  return out + (single ? '\'' : '"');
}

std::string one_line(std::string_view text) {
  std::string out;
  bool space = false;
  for (const char c : text::clean_utf8(text)) {
    if (c == '\n' || c == '\t' || c == ' ') {
      space = !out.empty();
      continue;
    }
    if (space) out += ' ';
    space = false;
    out += c;
  }
  // Unicode line ends would end a comment for some readers.
  for (const char* end : {"\u2028", "\u2029", "\u0085"}) out = text::replace_all(out, end, " ");
  return out;
}

std::string harmless(std::string_view text) {
  return text::replace_all(text::replace_all(one_line(text), "\"", "'"), "\\", "/");
}

bool is_reserved(std::string_view name) {
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

std::string identifier(std::string_view name) {
  return std::string(name) + (is_reserved(name) ? "_" : "");
}

void Source::line(int indent, std::string_view text) {
  text_ += pad(indent) + std::string(text) + "\n";
}

void Source::statement(int indent, std::string_view before, const Py& node,
                       std::string_view after) {
  const std::string one = pad(indent) + std::string(before) + flat(node) + std::string(after);
  if (width(one) <= kColumns) {
    text_ += one + "\n";
    return;
  }
  broken(indent, std::string(before) + node.prefix, node, std::string(after), false);
}

void Source::broken(int indent, const std::string& before, const Py& node, const std::string& after,
                    bool in_brackets) {
  switch (node.kind) {
    case Py::Kind::kLeaf: line(indent, before + node.text + after); return;
    case Py::Kind::kText: {
      if (!in_brackets) line(indent, before + "(");
      const int at = in_brackets ? indent : indent + 4;
      const std::vector<std::string> parts =
          text_parts(node.text, kColumns - static_cast<std::size_t>(at) - 2);
      for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool last = i + 1 == parts.size();
        line(at,
             (in_brackets && i == 0 ? before : "") + parts[i] + (in_brackets && last ? after : ""));
      }
      if (!in_brackets) line(indent, ")" + after);
      return;
    }
    case Py::Kind::kGroup: broken_group(indent, before, node, after); return;
    case Py::Kind::kChain:
    case Py::Kind::kInfix: break;
  }
  const bool own_brackets = !in_brackets || !before.empty();
  const int inner = own_brackets ? indent + 4 : indent;
  if (node.kind == Py::Kind::kChain && node.items.size() == 2) {
    // One call behind the head: its arguments break, or the head's when it has none.
    const Py& head = node.items.front();
    const Py& last = node.items.back();
    if (last.items.empty()) {
      broken(indent, before, head, flat(last) + after, in_brackets);
    } else if (width(pad(indent) + before + flat(head) + last.text) <= kColumns) {
      broken_group(indent, before + flat(head), last, after);
    } else {
      broken(indent, before, head, flat(last) + after, in_brackets);
    }
    return;
  }
  if (own_brackets) line(indent, before + "(");
  Py bare = node;
  bare.prefix.clear();
  if (own_brackets && width(pad(inner) + flat(bare)) <= kColumns) {
    line(inner, flat(bare));
    line(indent, ")" + after);
    return;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const bool after_operator = node.kind == Py::Kind::kInfix && i > 0;
    std::string lead = after_operator ? operator_before(node, i) + " " : "";
    if (lead == "for " && i + 1 < node.items.size()) {  // "for row in rows" stays together
      lead += flat(node.items[i]) + " in ";
      ++i;
    }
    const std::string end = !own_brackets && i + 1 == node.items.size() ? after : "";
    const std::string one = pad(inner) + lead + flat(node.items[i]) + end;
    if (width(one) <= kColumns) {
      text_ += one + "\n";
    } else {
      broken(inner, lead + node.items[i].prefix, node.items[i], end, lead.empty());
    }
  }
  if (own_brackets) line(indent, ")" + after);
}

void Source::broken_group(int indent, const std::string& before, const Py& node,
                          const std::string& after) {
  if (node.items.empty()) {
    line(indent, before + node.text + node.close + after);
    return;
  }
  line(indent, before + node.text);
  const bool comma = node.close != ")" || node.items.size() > 1 || node.text != "(";
  for (const Py& item : node.items) {
    const bool plain = item.kind != Py::Kind::kGroup && node.close == ")";
    const bool loop = item.kind == Py::Kind::kInfix && item.text.starts_with("for");
    const bool single = node.items.size() == 1 && (!comma || plain || loop);
    const std::string end = single ? "" : ",";
    const std::string one = pad(indent + 4) + flat(item) + end;
    if (width(one) <= kColumns) {
      text_ += one + "\n";
    } else {
      broken(indent + 4, item.prefix, item, end, true);
    }
  }
  const std::string close = node.close == ",)" ? ")" : node.close;
  line(indent, close + after);
}

void Source::comment(int indent, std::string_view text) {
  const std::size_t room = kColumns - static_cast<std::size_t>(indent) - 2;
  for (const std::string& one : wrapped(one_line(text), room)) line(indent, "# " + one);
}

void Source::docstring(int indent, std::string_view first, const std::vector<std::string>& more) {
  const std::size_t room = kColumns - static_cast<std::size_t>(indent) - 3;
  const auto paragraph = [&](const std::string& text, const std::string& open) {
    for (const std::string& one : wrapped(open + text, room)) line(indent, one);
  };
  const std::string head = harmless(first);
  if (more.empty() && width(head) + 3 <= room) {
    line(indent, "\"\"\"" + head + "\"\"\"");
    return;
  }
  paragraph(head, "\"\"\"");
  for (const std::string& text : more) {
    blank();
    paragraph(harmless(text), "");
  }
  line(indent, "\"\"\"");
}

std::string tidy(std::string_view source) {
  std::string out;
  std::string_view last;
  int blanks = 0;
  for (const std::string_view one : text::lines(source)) {
    if (text::trim(one).empty()) {
      ++blanks;
      continue;
    }
    const int most = out.empty() ? 0 : one.front() == ' ' || one.front() == ')' ? 1 : 2;
    const bool definition = one.starts_with("def ") || one.starts_with("class ") ||
                            one.starts_with("async def ") || one.starts_with("@");
    const bool attached = last.starts_with("@") || (last.starts_with("#") && blanks == 0);
    blanks = definition && !attached && !out.empty() ? 2 : std::min(blanks, most);
    // No blank line at the start of a block, except behind its docstring.
    if (last.ends_with(':') && !last.starts_with('#')) blanks = 0;
    out.append(static_cast<std::size_t>(blanks), '\n');
    last = one;
    blanks = 0;
    out += one;
    out += '\n';
  }
  return out;
}

}  // namespace cadre::offline::developer
