// The typed expression language of the requirement model.
//
// An expression is a literal or an operator with arguments; in JSON an s-expression array
// (["<", ["count", "Loan", filter], 3]). It is interpreted here, compiled to Python by the
// Developer, and rendered in canonical English. The operators and their meaning:
//
//   ["self", "a.b"]    the row the operation works on (creates: the candidate row, not yet stored;
//                      standard updates: the row as patched; others: the row before the effects).
//                      Paths go through relations by role: "book.copies". "id" is the row's id.
//   ["old", "a"]       standard updates only: the row before the patch
//   ["arg", "a.b"]     an input of the operation; goes on through a ref input ("book.copies").
//                      ["path", "book.copies"] reads the same and is written as "arg".
//   ["row", "a.b"]     inside a filter or value: the row being looked at
//   ["actor"]          id of the acting person's record (null when that actor has no entity)
//   ["role"]           id of the acting actor ("member")
//   ["now"] ["today"]  the injected clock, UTC: datetime, date
//   ["count", E, filter?] ["exists", E, filter?]
//   ["sum", E, value, filter?] ["avg", E, value, filter?]
//   = != < <= > >=     two-valued: null = null is true, null = x is false; < and its kin with a
//                      null are false
//   and or not         and/or take two or more
//   is_null, in        ["in", x, v1, v2, ...]
//   + - * /            exact: integers and fixed-point; "/" gives fixed-point with the scale of
//                      the result attribute, rounded half up; null in, null out
//   min max            of scalars, two or more; null arguments are skipped
//   if                 ["if", condition, then, else]
//   days hours minutes months     durations: ["days", 14]; the argument may be an expression
//                      (["weeks", n] and ["years", n] are read as days and months)
//   add sub            date or datetime, then a duration; date plus hours is an error
//   days_between hours_between    whole units from the first to the second, negative if earlier
//   date_of            a datetime's date
//   overlaps           ["overlaps", start1, end1, start2, end2]: half-open intervals intersect
//
// Values of this type are plain data; const use from many threads is fine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre::spec {

struct Expr {
  enum class Kind { kNull, kBool, kInt, kDecimal, kString, kCall };

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::int64_t integer = 0;
  std::string text;  // kString: the string; kDecimal: its digits ("0.50"); kCall: the operator
  std::vector<Expr> args;  // kCall only

  static Expr null() { return {}; }
  static Expr of(bool value);
  static Expr of(std::int64_t value);
  static Expr of(int value) { return of(static_cast<std::int64_t>(value)); }
  static Expr decimal(std::string digits);
  static Expr string(std::string value);
  static Expr call(std::string op, std::vector<Expr> args = {});

  bool is_null() const { return kind == Kind::kNull; }
  bool is_call(std::string_view op) const { return kind == Kind::kCall && text == op; }

  bool operator==(const Expr&) const = default;
};

// Entity names inside an aggregate stand as a string literal in args[0].
Json to_json(const Expr& expr);
// Refuses unknown operators, wrong argument counts and nesting deeper than 32.
Result<Expr> expr_from_json(const Json& json);

}  // namespace cadre::spec
