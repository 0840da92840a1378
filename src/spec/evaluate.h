// Evaluates expressions of the model over a Database: the reference meaning of expr.h.
// Pure; thread-safe on a constant database. The expression must have passed validate.h.
#pragma once

#include <map>
#include <string>

#include "spec/world.h"

namespace cadre::spec {

struct Argument {
  Value value;
  int entity = -1;  // of a reference
};

// What an expression can see. Pointers may be null where the place has no such thing.
struct Scope {
  const Schema* schema = nullptr;
  const Database* database = nullptr;
  int self_entity = -1;
  const Row* self = nullptr;
  const Row* old = nullptr;  // same entity as self
  int row_entity = -1;
  const Row* row = nullptr;
  const std::map<std::string, Argument>* arguments = nullptr;
  Value actor;
  std::string role;
  std::int64_t now = 0;      // UTC seconds
  int scale = 6;             // of "/" and "avg"
};

Value evaluate(const Expr& expr, const Scope& scope);

// The value of one column of a row as it is shown: derived attributes are computed.
Value cell_value(const Row& row, int entity, std::size_t column, const Scope& scope);

// The value at the end of a path ("book.copies", "id") from a row; null where a reference is. A
// path that comes to the row of `self` reads it as `self` has it (in updates: as patched), unless
// it starts at another row of a table (`in_table`).
Value path_value(std::string_view path, const Row& row, int entity, const Scope& scope,
                 bool in_table = false);

}  // namespace cadre::spec
