// The SQLite schema of a model: migrations/0001_init.sql.
//
// Conventions, relied on by the Developer's code: a table is the contract's plural snake-case name,
// its first column "id"; attributes keep their ids, references are <role>_id. Texts, enums, dates
// and times are stored as in the service's JSON; money and decimals as integers scaled by 10^scale;
// booleans as 0 and 1. Derived attributes that are not stored have no column. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "spec/model.h"

namespace cadre::offline::architect {

// The whole script, tables in model order. The model must be valid.
std::string write_ddl(const spec::Spec& spec);

// "TEXT" or "INTEGER".
const char* sql_type(spec::Type type);
// Digits after the point that a column of this attribute keeps: 0 for all but money and decimal.
int sql_scale(const spec::Attribute& attribute);
// `"name"` with quotes doubled.
std::string sql_name(std::string_view name);
// The text between single quotes, quotes doubled.
std::string sql_text(std::string_view text);
// A literal bound as the column stores it (2.5 at scale 2 is 250; a string quoted); nothing when
// the expression is no literal or has more digits than the column keeps.
std::optional<std::string> sql_bound(const spec::Attribute& attribute, const spec::Expr& bound);
// The conditions of an attribute's CHECK, without NULL handling (a null passes every CHECK).
std::string sql_check(const spec::Attribute& attribute);

}  // namespace cadre::offline::architect
