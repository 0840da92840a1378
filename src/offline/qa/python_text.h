// Writes Python source: literals, docstrings and calls laid out as black would.
//
// Everything that comes from the user goes through py_string or docstring, so that quotes, line
// breaks and triple quotes in names and sentences cannot leave the literal. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace cadre::offline::qa {

inline constexpr std::size_t kPythonColumns = 100;

// A piece of an expression: `prefix open item, item close`. A leaf has only `open`.
struct Py {
  std::string prefix = {};  // "name=" or "\"key\": "
  std::string open = {};    // "call(" or the whole text of a leaf
  std::vector<Py> items = {};
  std::string close = {};  // ")"; empty for a leaf
};

Py leaf(std::string text);
Py call(std::string_view function, std::vector<Py> arguments);
Py dict(std::vector<std::pair<std::string, Py>> members);
Py list(std::vector<Py> items);
Py named(std::string_view name, Py value);  // name=value
// A JSON value as a Python literal.
Py literal(const Json& value);

// "text" with everything escaped that could end the literal or confuse a reader.
std::string py_string(std::string_view text);
// For the inside of a docstring or comment: one line, no quotes or backslashes that matter.
std::string safe_text(std::string_view text);

// One statement: `before`, the expression, `after`, indented and broken like black does.
std::string statement(int indent, std::string_view before, const Py& expression,
                      std::string_view after = {});
// On one line, whatever its length.
std::string flat(const Py& expression);
// """text""" wrapped, at the indent, with a newline at the end.
std::string docstring(int indent, std::string_view text);
// A name that Python accepts for a variable or function: keywords and builtins get an underscore.
std::string py_name(std::string_view name);
// The same for a method of the factories, where fewer names are taken.
std::string method_name(std::string_view name);
bool is_keyword(std::string_view name);

}  // namespace cadre::offline::qa
