#include "offline/architect/ddl.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "spec/contract.h"

namespace cadre::offline::architect {
namespace {

using spec::Attribute;
using spec::Entity;
using spec::Relation;
using spec::Spec;
using spec::Type;

const char* on_delete_action(spec::OnDelete on_delete) {
  switch (on_delete) {
    case spec::OnDelete::kCascade: return "CASCADE";
    case spec::OnDelete::kSetNull: return "SET NULL";
    case spec::OnDelete::kRestrict:
    case spec::OnDelete::kArchive:
    case spec::OnDelete::kForbidden: return "RESTRICT";
  }
  return "RESTRICT";
}

// Derived values are computed whenever a row is shown, whatever `stored` says.
bool has_column(const Attribute& attribute) { return !attribute.derived; }

// "12.5" at scale 2 -> "1250".
std::optional<std::string> scaled(std::string_view digits, int scale) {
  const bool negative = digits.starts_with("-");
  if (negative) digits.remove_prefix(1);
  const auto point = digits.find('.');
  std::string whole(digits.substr(0, point));
  std::string part(point == std::string_view::npos ? "" : digits.substr(point + 1));
  while (part.size() > static_cast<std::size_t>(scale) && part.ends_with('0')) part.pop_back();
  if (part.size() > static_cast<std::size_t>(scale)) return std::nullopt;
  part.append(static_cast<std::size_t>(scale) - part.size(), '0');
  std::string all = whole + part;
  all.erase(0, std::min(all.find_first_not_of('0'), all.size() - 1));
  return negative && all != "0" ? "-" + all : all;
}

std::string column(const Attribute& attribute) {
  std::string out = "  " + sql_name(attribute.id) + " " + sql_type(attribute.type);
  // A derived value is computed from others that may be empty.
  if (attribute.required && !attribute.derived) out += " NOT NULL";
  const std::string check = sql_check(attribute);
  if (!check.empty()) out += " CHECK (" + check + ")";
  return out;
}

std::string reference(const Relation& relation, const spec::Contract& contract) {
  const spec::Resource* to = spec::find_resource(contract, relation.to);
  std::string out = "  " + sql_name(relation.role + "_id") + " INTEGER";
  if (relation.required) out += " NOT NULL";
  if (to != nullptr) {
    out += " REFERENCES " + sql_name(to->snake_plural) + " (\"id\") ON DELETE " +
           on_delete_action(relation.on_delete);
  }
  return out;
}

// The column of an attribute id or of a relation's role.
std::string key_column(const Entity& entity, const std::string& part) {
  return sql_name(spec::find_attribute(entity, part) != nullptr ? part : part + "_id");
}

// UNIQUE constraints, each once: unique attributes, unique_within, 1-1 references, natural key.
std::vector<std::string> unique_constraints(const Spec& spec, const Entity& entity) {
  std::vector<std::string> out;
  const auto add = [&](const std::vector<std::string>& columns) {
    std::string line = "  UNIQUE (" + text::join(columns, ", ") + ")";
    if (std::find(out.begin(), out.end(), line) == out.end()) out.push_back(std::move(line));
  };
  for (const Attribute& attribute : entity.attributes) {
    if (!has_column(attribute)) continue;
    if (attribute.unique && attribute.unique_within.empty()) add({sql_name(attribute.id)});
    if (attribute.unique_within.empty()) continue;
    std::vector<std::string> columns;
    for (const std::string& part : attribute.unique_within) {
      columns.push_back(key_column(entity, part));
    }
    columns.push_back(sql_name(attribute.id));
    add(columns);
  }
  for (const Relation* relation : spec::relations_of(spec, entity.id)) {
    if (relation->cardinality == spec::Cardinality::kOneToOne) {
      add({sql_name(relation->role + "_id")});
    }
  }
  if (!entity.natural_key.empty()) {
    std::vector<std::string> columns;
    for (const std::string& part : entity.natural_key) columns.push_back(key_column(entity, part));
    add(columns);
  }
  return out;
}

std::string table(const Spec& spec, const spec::Contract& contract,
                  const spec::Resource& resource) {
  const Entity& entity = *resource.entity;
  std::vector<std::string> lines{"  \"id\" INTEGER PRIMARY KEY AUTOINCREMENT"};
  for (const Attribute& attribute : entity.attributes) {
    if (has_column(attribute)) lines.push_back(column(attribute));
  }
  std::string indexes;
  for (const Relation* relation : spec::relations_of(spec, entity.id)) {
    lines.push_back(reference(*relation, contract));
    const std::string name = "ix_" + resource.snake_plural + "_" + relation->role + "_id";
    indexes += "CREATE INDEX " + sql_name(name) + " ON " + sql_name(resource.snake_plural) + " (" +
               sql_name(relation->role + "_id") + ");\n";
  }
  for (std::string& constraint : unique_constraints(spec, entity))
    lines.push_back(std::move(constraint));
  return "CREATE TABLE " + sql_name(resource.snake_plural) + " (\n" + text::join(lines, ",\n") +
         "\n) STRICT;\n" + indexes;
}

}  // namespace

std::string write_ddl(const Spec& spec) {
  const spec::Contract contract = spec::derive_contract(spec);
  std::string out =
      "-- The first version of the database. Made by Cadre's offline engine, no language model.\n"
      "-- Money and decimals are whole numbers scaled by a power of ten (docs/data-model.md);\n"
      "-- each connection must switch on PRAGMA foreign_keys.\n";
  for (const spec::Resource& resource : contract.resources) {
    out += "\n" + table(spec, contract, resource);
  }
  return out;
}

const char* sql_type(Type type) {
  switch (type) {
    case Type::kInt:
    case Type::kDecimal:
    case Type::kMoney:
    case Type::kBool:
    case Type::kDuration: return "INTEGER";
    default: return "TEXT";
  }
}

int sql_scale(const Attribute& attribute) {
  if (attribute.type == Type::kMoney) return attribute.scale.value_or(2);
  if (attribute.type == Type::kDecimal) return attribute.scale.value_or(3);
  return 0;
}

std::string sql_name(std::string_view name) {
  return "\"" + text::replace_all(std::string(name), "\"", "\"\"") + "\"";
}

std::string sql_text(std::string_view text) {
  return "'" + text::replace_all(std::string(text), "'", "''") + "'";
}

std::optional<std::string> sql_bound(const Attribute& attribute, const spec::Expr& bound) {
  const bool text = std::string_view(sql_type(attribute.type)) == "TEXT";
  switch (bound.kind) {
    case spec::Expr::Kind::kInt:
      if (text) return std::nullopt;
      return scaled(std::to_string(bound.integer), sql_scale(attribute));
    case spec::Expr::Kind::kDecimal:
      if (text) return std::nullopt;
      return scaled(bound.text, sql_scale(attribute));
    case spec::Expr::Kind::kString:
      if (!text) return std::nullopt;
      return sql_text(bound.text);
    default: return std::nullopt;
  }
}

std::string sql_check(const Attribute& attribute) {
  const std::string name = sql_name(attribute.id);
  std::vector<std::string> parts;
  if (attribute.type == Type::kBool) parts.push_back(name + " IN (0, 1)");
  if (attribute.type == Type::kEnum && !attribute.values.empty()) {
    std::vector<std::string> values;
    for (const std::string& value : attribute.values) values.push_back(sql_text(value));
    parts.push_back(name + " IN (" + text::join(values, ", ") + ")");
  }
  if (attribute.min) {
    const auto bound = sql_bound(attribute, *attribute.min);
    if (bound) parts.push_back(name + (attribute.exclusive_min ? " > " : " >= ") + *bound);
  }
  if (attribute.max) {
    const auto bound = sql_bound(attribute, *attribute.max);
    if (bound) parts.push_back(name + " <= " + *bound);
  }
  return text::join(parts, " AND ");
}

}  // namespace cadre::offline::architect
