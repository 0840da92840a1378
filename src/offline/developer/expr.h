// Expressions of the model as Python: scalars over rows in memory, and conditions in SQL.
//
// Scalars follow the language's null rules exactly: comparisons check for None only where an
// operand can be None, arithmetic goes through values.unless_null then. Aggregates become SQL
// queries, put before the statement that needs them. What SQL cannot say exactly (months, rounded
// division, derived values that query) is filtered in Python instead. Pure; a Scope is one
// function's and used by one thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "offline/developer/model.h"
#include "offline/developer/py.h"
#include "spec/expr.h"

namespace cadre::offline::developer {

// Binding strength of a Python expression, for parentheses.
enum Strength {
  kTernary = 0,
  kOr = 1,
  kAnd = 2,
  kNot = 3,
  kCompare = 4,
  kSum = 5,
  kProduct = 6,
  kAtom = 9
};

enum class Sort { kNull, kBool, kInt, kDecimal, kText, kDate, kTime, kDatetime, kMinutes, kMonths };

struct Value {
  Py py;
  int strength = kAtom;
  Sort sort = Sort::kNull;
  int scale = 0;  // kDecimal: digits after the point; -1 when not known before it runs
  bool nullable = false;
  bool simple = true;   // cheap and short: may be repeated
  bool column = false;  // an SQL expression
  bool raw = false;     // SQL: a whole number, 10^scale times the value
  const spec::Expr* literal = nullptr;
};

// A row that an expression can look at: a Python object or, in a query, a mapped class.
struct Row {
  const spec::Entity* entity = nullptr;
  std::string name;  // "loan", "models.Loan"
  bool sql = false;
  bool nullable_id = false;  // a candidate that is not stored yet
};

struct Scope {
  const Model* model = nullptr;
  Row self, row;
  std::map<std::string, Value> arguments;     // by input id; references: the id
  std::map<std::string, Row> argument_rows;   // by input id of a reference
  std::map<std::string, bool> optional_rows;  // references that may be None
  std::map<std::string, Value> old;           // by path
  Locals* locals = nullptr;
  Source* before = nullptr;  // where queries go
  int indent = 4;
  std::optional<int> division_scale;  // digits that "/" and "avg" give here
};

Sort sort_of(spec::Type type);
Value python(const spec::Expr& expr, Scope& scope);
// True, or the negation's truth: never None.
Value condition(const spec::Expr& expr, Scope& scope, bool negated = false);
// count, exists, sum, avg: a query before the statement, here its result.
Value aggregate(const spec::Expr& expr, Scope& scope);
// "2026-01-31" beside a date is a date.
Value beside(Value value, Sort other);
Value make_value(Py py, Sort sort, int strength = kAtom);
// The value of a path that starts at a row ("book.copies", "member", "id").
Value path_value(const Row& row, std::string_view path, const Scope& scope);
// The expression as a value of the attribute: rounded, of its Python type.
// `nullable` tells whether it can be None.
Py as_attribute(const spec::Expr& expr, const spec::Attribute& attribute, Scope& scope,
                bool* nullable = nullptr);
Py literal_of(const spec::Expr& expr, spec::Type type, int scale);

// SQL over scope.row and scope.self as far as they are sql. Nothing when SQL cannot say it.
std::optional<Value> sql(const spec::Expr& expr, Scope& scope);
std::optional<Py> sql_condition(const spec::Expr& expr, Scope& scope, bool negated = false);

// A filter split into what the database does and what is left for Python.
struct Filter {
  std::vector<Py> where;
  std::vector<const spec::Expr*> rest;
};
Filter split_filter(const spec::Expr* filter, Scope& scope);
// sa.select(what)....where(...)
Py select(Py what, std::vector<Py> where, bool from_class = false, const std::string& from = {});

// Whether a derived attribute's function needs the request's context, and may give None.
bool touches(const spec::Expr& expr, std::string_view op);

struct DerivedInfo {
  bool context = false;
  bool nullable = false;
};
DerivedInfo derived_info(const Model& model, const spec::Entity& entity,
                         const spec::Attribute& attribute);
std::string derived_function(const spec::Entity& entity, const spec::Attribute& attribute);

Py operand(const Value& value, int least);

}  // namespace cadre::offline::developer
