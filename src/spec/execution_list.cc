// Lists and reports of docs/service-contract.md.
#include <algorithm>

#include "base/text.h"
#include "spec/execution.h"

namespace cadre::spec {
namespace {

// "month:date" -> {"month", "date"}; "category.name" -> {"", "category.name"}
std::pair<std::string, std::string> split_group(const std::string& group) {
  const auto colon = group.find(':');
  if (colon == std::string::npos) return {"", group};
  return {group.substr(0, colon), group.substr(colon + 1)};
}

bool contains_folded(std::string_view text, std::string_view part) {
  return text::lower(text).find(text::lower(part)) != std::string::npos;
}

}  // namespace

std::vector<const Row*> Execution::visible_rows(const Expr* where) const {
  Scope inner = scope();
  inner.row_entity = entity_;
  std::vector<const Row*> rows;
  for (const auto& row : database_.table(entity_).rows()) {
    inner.row = row.get();
    if (where != nullptr && !evaluate(*where, inner).is_true()) continue;
    if (rows_allow(*row)) rows.push_back(row.get());
  }
  return rows;
}

bool Execution::matches_query(const Row& row) const {
  for (const auto& [column, value] : filters_) {
    if (!equal(row.cells[column], value)) return false;
  }
  if (search_.empty()) return true;
  const Scope inner = scope();
  return std::any_of(endpoint_->search.begin(), endpoint_->search.end(), [&](const auto& path) {
    const Value value = path_value(path, row, entity_, inner);
    return value.kind == Value::Kind::kString && contains_folded(value.text, search_);
  });
}

Value Execution::column_value(const Row& row, std::string_view json_name) const {
  if (json_name == "id") return Value::of_int(row.id);
  const EntityLayout& layout = program_.schema.at(entity_);
  for (std::size_t i = 0; i < layout.columns.size(); ++i) {
    if (layout.columns[i].json_name() == json_name) return row.cells[i];
  }
  return {};
}

void Execution::sort_rows(std::vector<const Row*>& rows,
                          const std::vector<std::string>& keys) const {
  std::stable_sort(rows.begin(), rows.end(), [&](const Row* a, const Row* b) {
    for (const std::string& key : keys) {
      const bool descending = key.starts_with('-');
      const std::string_view field = std::string_view(key).substr(descending ? 1 : 0);
      const Value x = column_value(*a, field);
      const Value y = column_value(*b, field);
      if (sorts_before(x, y)) return !descending;
      if (sorts_before(y, x)) return descending;
    }
    return a->id < b->id;
  });
}

Response Execution::list() {
  std::vector<const Row*> rows = visible_rows(nullptr);
  std::erase_if(rows, [&](const Row* row) { return !matches_query(*row); });
  sort_rows(rows, {sort_});
  JsonArray items;
  const auto total = static_cast<std::int64_t>(rows.size());
  for (std::int64_t i = offset_; i < std::min(total, offset_ + limit_); ++i) {
    items.push_back(show(*rows[static_cast<std::size_t>(i)], entity_));
  }
  Response response;
  response.body = JsonObject{
      {"items", std::move(items)}, {"total", total}, {"limit", limit_}, {"offset", offset_}};
  return response;
}

Response Execution::report() {
  const Query& query = *endpoint_->query;
  std::vector<const Row*> rows = visible_rows(query.where ? &*query.where : nullptr);
  Response response;
  if (!query.group_by.empty() || query.measure) {
    response.body = JsonObject{{"rows", grouped(query, rows)}};
    return response;
  }
  sort_rows(rows, query.sort);
  if (query.limit && rows.size() > static_cast<std::size_t>(*query.limit)) {
    rows.resize(static_cast<std::size_t>(*query.limit));
  }
  JsonArray out;
  for (const Row* row : rows) out.push_back(show(*row, entity_));
  response.body = JsonObject{{"rows", std::move(out)}};
  return response;
}

Value Execution::group_value(const std::string& group, const Row& row) const {
  const auto [unit, path] = split_group(group);
  const Value value = path_value(path, row, entity_, scope());
  if (unit.empty() || value.is_null()) return value;
  const std::string date = value.kind == Value::Kind::kDatetime ? format_datetime(value.number)
                                                                : format_date(value.number);
  return Value::of_string(date.substr(0, unit == "year" ? 4 : unit == "month" ? 7 : 10));
}

Json Execution::group_json(const std::string& group, const Value& value) const {
  const auto [unit, path] = split_group(group);
  const Attribute* attribute =
      unit.empty() ? find_path(program_.spec, *program_.schema.at(entity_).entity, path) : nullptr;
  if (attribute == nullptr) {
    return value_to_json(value, value.kind == Value::Kind::kInt ? Type::kInt : Type::kString, 0);
  }
  return value_to_json(value, attribute->type, scale_of(*attribute));
}

Json Execution::measure_json(const Query& query, const std::vector<const Row*>& rows) const {
  if (measure_name(query) == "count") return static_cast<std::int64_t>(rows.size());
  const Expr& value_of_row = query.measure->args.back();
  const Attribute* attribute =
      value_of_row.is_call("row")
          ? find_path(program_.spec, *program_.schema.at(entity_).entity, value_of_row.args[0].text)
          : nullptr;
  const Type type = attribute != nullptr ? attribute->type : Type::kDecimal;
  const bool whole = type == Type::kInt || type == Type::kDuration;
  const int scale = attribute != nullptr && !whole ? scale_of(*attribute) : 2;
  Scope inner = scope();
  inner.row_entity = entity_;
  inner.scale = scale;
  Value sum = Value::of_int(0);
  std::int64_t count = 0;
  for (const Row* row : rows) {
    inner.row = row;
    Value value = evaluate(value_of_row, inner);
    if (value.is_null()) continue;
    if (value.kind == Value::Kind::kDuration) value = Value::of_int(value.number);
    sum = count == 0 ? value : add(sum, value);
    ++count;
  }
  if (query.measure->is_call("sum")) {
    return whole ? value_to_json(sum, Type::kInt, 0) : value_to_json(sum, Type::kDecimal, scale);
  }
  if (count == 0) return nullptr;
  return value_to_json(divide(sum, Value::of_int(count), scale), Type::kDecimal, scale);
}

namespace {

struct Group {
  std::vector<Value> key;
  std::vector<const Row*> rows;
  Json measure;
};

// Sorts by the query's keys, then by the groups ascending.
void sort_groups(std::vector<Group>& groups, const Query& query,
                 const std::vector<std::string>& names) {
  const std::string measure = measure_name(query);
  // Measures are shown as integers or decimal strings; they compare as numbers.
  const auto value_of = [&](const Group& group, std::string_view field) {
    if (field == measure) {
      if (group.measure.is_int64()) return Value::of_int(group.measure.get_int64());
      if (!group.measure.is_string()) return Value{};
      return parse_decimal(json::as_view(group.measure.get_string())).value_or(Value{});
    }
    const auto it = std::find(names.begin(), names.end(), field);
    return it == names.end() ? Value{} : group.key[static_cast<std::size_t>(it - names.begin())];
  };
  std::vector<std::string> keys = query.sort;
  keys.insert(keys.end(), names.begin(), names.end());
  std::stable_sort(groups.begin(), groups.end(), [&](const Group& a, const Group& b) {
    for (const std::string& key : keys) {
      const bool descending = key.starts_with('-');
      const std::string_view field = std::string_view(key).substr(descending ? 1 : 0);
      const Value x = value_of(a, field);
      const Value y = value_of(b, field);
      if (sorts_before(x, y)) return !descending;
      if (sorts_before(y, x)) return descending;
    }
    return false;
  });
}

}  // namespace

Json Execution::grouped(const Query& query, const std::vector<const Row*>& rows) const {
  std::vector<Group> groups;
  if (query.group_by.empty()) groups.push_back({{}, rows, {}});
  for (const Row* row : rows) {
    if (query.group_by.empty()) break;
    std::vector<Value> key;
    for (const std::string& group : query.group_by) key.push_back(group_value(group, *row));
    const auto it = std::find_if(groups.begin(), groups.end(), [&](const Group& known) {
      return std::equal(key.begin(), key.end(), known.key.begin(), equal);
    });
    if (it == groups.end()) groups.push_back({std::move(key), {row}, {}});
    else it->rows.push_back(row);
  }
  const Entity& entity = *program_.schema.at(entity_).entity;
  std::vector<std::string> names;
  for (const std::string& group : query.group_by) {
    names.push_back(group_name(program_.spec, entity, group));
  }
  for (Group& group : groups) group.measure = measure_json(query, group.rows);
  sort_groups(groups, query, names);
  if (query.limit && groups.size() > static_cast<std::size_t>(*query.limit)) {
    groups.resize(static_cast<std::size_t>(*query.limit));
  }
  JsonArray out;
  for (const Group& group : groups) {
    JsonObject row;
    for (std::size_t i = 0; i < names.size(); ++i) {
      row[names[i]] = group_json(query.group_by[i], group.key[i]);
    }
    row[measure_name(query)] = group.measure;
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace cadre::spec
