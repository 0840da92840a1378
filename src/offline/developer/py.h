// Python source as a small tree, and the printer that lays it out as the formatter `black` would.
//
// Everything that comes from a user passes through quoted(), comment() or docstring(), so that no
// quote, line break or backslash in a name or sentence can leave the place where it stands. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cadre::offline::developer {

inline constexpr std::size_t kColumns = 100;

struct Py {
  enum class Kind {
    kLeaf,   // text
    kGroup,  // text items[0], items[1] ... close: calls, displays, parentheses
    kChain,  // items[0] then groups that begin with ".": sa.select(x).where(y)
    kInfix,  // items joined by operators: "and" between all, "if,else" one after the other
    kText,   // a string literal whose value is `text`; a long one is split over lines
  };
  Kind kind = Kind::kLeaf;
  std::string prefix;  // keyword or dictionary key: "rule=", "\"id\": "
  std::string text;
  std::vector<Py> items;
  std::string close;
};

Py leaf(std::string text);
Py call(std::string_view function, std::vector<Py> arguments = {});
Py group(std::string open, std::vector<Py> items, std::string close);
Py chain(Py base, std::vector<Py> calls);  // each call(".where", ...)
Py infix(std::string_view op, std::vector<Py> items);
// object.name(arguments), and object.name
Py method(Py object, std::string_view name, std::vector<Py> arguments);
Py member_of(Py object, std::string_view name);
Py ternary(Py yes, Py test, Py no);
// value for name in rows if test
Py loop(Py value, std::string_view name, Py rows, std::vector<Py> test = {});
Py prefixed(std::string_view prefix, Py value);  // "not ", "~"
Py named(std::string_view keyword, Py value);    // keyword=value
Py entry(std::string_view key, Py value);        // "key": value
// (a, b); one item gets its comma.
Py tuple(std::vector<Py> items);
Py text_leaf(std::string_view user_text);  // a string literal

std::string flat(const Py& node);

// "text" with every character escaped that could end the literal or confuse a reader.
std::string quoted(std::string_view text);
// White space, line ends included, becomes single blanks.
std::string one_line(std::string_view text);
// One line of user text, harmless in a comment or between double quotes in a docstring.
std::string harmless(std::string_view text);
// A name that Python takes: keywords, builtins and the names in `taken` get an underscore.
std::string identifier(std::string_view name);
bool is_reserved(std::string_view name);

// Collects the lines of one file.
class Source {
 public:
  void line(int indent, std::string_view text);
  void blank() { text_ += '\n'; }
  // `before` node `after`, on one line or broken.
  void statement(int indent, std::string_view before, const Py& node, std::string_view after = {});
  // "# ..." wrapped; `text` is escaped here.
  void comment(int indent, std::string_view text);
  // """First line. \n\n more""" with escaping; paragraphs are wrapped.
  void docstring(int indent, std::string_view first, const std::vector<std::string>& more = {});
  void raw(std::string_view text) { text_ += text; }

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  void broken(int indent, const std::string& before, const Py& node, const std::string& after,
              bool in_brackets);
  void broken_group(int indent, const std::string& before, const Py& node,
                    const std::string& after);
  std::string text_;
};

// Python with at most two blank lines in a row, one inside blocks and none at the end.
std::string tidy(std::string_view source);

}  // namespace cadre::offline::developer
