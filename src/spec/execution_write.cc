// Steps 7 to 11 of docs/service-contract.md: transitions, guards, uniqueness, deletes, effects.
#include <algorithm>

#include "base/check.h"
#include "spec/execution.h"

namespace cadre::spec {
namespace {

using Kind = OperationKind;

bool is_assignment(const Effect& effect) {
  return effect.kind == EffectKind::kSet || effect.kind == EffectKind::kInc ||
         effect.kind == EffectKind::kDec;
}

}  // namespace

Value Execution::default_of(const Column& column) const {
  const Attribute* attribute = column.attribute;
  if (attribute == nullptr) return {};
  if (attribute->default_value) {
    Scope inner = scope();
    inner.arguments = nullptr;
    inner.scale = column.scale;
    return fit(evaluate(*attribute->default_value, inner), attribute->type, column.scale)
        .value_or(Value{});
  }
  const Entity& entity = *program_.schema.at(entity_).entity;
  if (entity.lifecycle && entity.lifecycle->attribute == attribute->id) {
    return Value::of_string(entity.lifecycle->initial);
  }
  return {};
}

// What a generated attribute holds from the moment the row is made (sequence: when it is stored).
static Value generated_value(const Attribute& attribute, std::int64_t now, std::int64_t next_id) {
  if (attribute.generated == "timestamp") {
    return attribute.type == Type::kDate ? Value::of(Value::Kind::kDate, date_of(now))
                                         : Value::of(Value::Kind::kDatetime, now);
  }
  // A service draws a random one; only the shape is compared.
  if (attribute.generated == "uuid") {
    std::string digits = std::to_string(next_id);
    digits.insert(0, 12 - std::min<std::size_t>(12, digits.size()), '0');
    return Value::of_string("00000000-0000-4000-8000-" + digits);
  }
  return {};
}

Row Execution::candidate() const {
  const EntityLayout& layout = program_.schema.at(entity_);
  Row row;
  for (const Column& column : layout.columns) {
    const auto sent = sent_.find(column.name);
    Value value;
    if (sent != sent_.end()) {
      value = sent->second;
    } else if (column.attribute != nullptr && !column.attribute->derived) {
      value = column.attribute->generated.empty()
                  ? default_of(column)
                  : generated_value(*column.attribute, request_.now,
                                    database_.table(entity_).next_id());
    }
    row.cells.push_back(std::move(value));
  }
  return row;
}

void Execution::check_guards(const Row* self, const Row* old) const {
  Scope inner = scope();
  inner.self = self;
  inner.old = old;
  for (const Guard& guard : operation_->guards) {
    if (!evaluate(guard.require, inner).is_true()) refuse(guard.status, guard.error, guard.id);
  }
}

void Execution::check_unique(const Row& row, int entity) const {
  const EntityLayout& layout = program_.schema.at(entity);
  for (const UniqueKey& key : layout.unique) {
    const bool has_null = std::any_of(key.columns.begin(), key.columns.end(), [&](std::size_t c) {
      return row.cells[c].is_null();
    });
    if (has_null) continue;
    for (const auto& other : database_.table(entity).rows()) {
      if (other->id == row.id) continue;
      const bool same = std::all_of(key.columns.begin(), key.columns.end(), [&](std::size_t c) {
        return equal(row.cells[c], other->cells[c]);
      });
      if (same) refuse(409, "not_unique", {}, layout.columns[key.columns[0]].json_name());
    }
  }
}

// The sequence of a row is its id.
static void fill_sequences(const EntityLayout& layout, Row& row, std::int64_t next_id) {
  for (std::size_t i = 0; i < layout.columns.size(); ++i) {
    const Attribute* attribute = layout.columns[i].attribute;
    if (attribute != nullptr && attribute->generated == "sequence") {
      row.cells[i] = Value::of_int(next_id);
    }
  }
}

Response Execution::create() {
  Row row = candidate();
  if (!rows_allow(row)) refuse(403, "forbidden");
  check_guards(&row, nullptr);
  check_unique(row, entity_);
  Table& table = database_.edit(entity_);
  fill_sequences(program_.schema.at(entity_), row, table.next_id());
  row_id_ = table.insert(std::move(row));
  apply_effects();
  return shown(201);
}

Response Execution::update() {
  const Row before = *database_.table(entity_).find(row_id_);
  Row after = before;
  const EntityLayout& layout = program_.schema.at(entity_);
  for (const auto& [id, value] : sent_) {
    const int column = layout.find(id);
    if (column >= 0) after.cells[static_cast<std::size_t>(column)] = value;
  }
  if (!rows_allow(after)) refuse(403, "forbidden");
  check_guards(&after, &before);
  check_unique(after, entity_);
  database_.edit(entity_).replace(std::move(after));
  apply_effects();
  return shown(200);
}

const Transition* Execution::check_transition() const {
  const Entity& entity = *program_.schema.at(entity_).entity;
  if (!entity.lifecycle) return nullptr;
  const auto& edges = entity.lifecycle->transitions;
  const bool concerned = std::any_of(edges.begin(), edges.end(), [&](const Transition& edge) {
    return edge.by == operation_->id;
  });
  if (!concerned) return nullptr;
  const int column = program_.schema.at(entity_).find(entity.lifecycle->attribute);
  CADRE_CHECK(column >= 0, "a sound model has the lifecycle's attribute");
  const Row* row = database_.table(entity_).find(row_id_);
  const Value& state = row->cells[static_cast<std::size_t>(column)];
  for (const Transition& edge : edges) {
    if (edge.by == operation_->id && edge.from == state.text) return &edge;
  }
  refuse(409, "invalid_transition");
}

Response Execution::act() {
  const Transition* edge = check_transition();
  const Row before = *database_.table(entity_).find(row_id_);
  check_guards(&before, nullptr);
  if (edge != nullptr) {
    Row after = before;
    const EntityLayout& layout = program_.schema.at(entity_);
    const int column = layout.find(layout.entity->lifecycle->attribute);
    after.cells[static_cast<std::size_t>(column)] = Value::of_string(edge->to);
    database_.edit(entity_).replace(std::move(after));
  }
  apply_effects();
  return shown(200);
}

Response Execution::change_many() {
  check_guards(nullptr, nullptr);
  apply_effects();
  Response response;
  response.body = JsonObject{{"changed", changed_}};
  return response;
}

Response Execution::remove() {
  const Row before = *database_.table(entity_).find(row_id_);
  check_guards(&before, nullptr);
  // The effects may still read the row; the ranges that they leave are checked when it is gone.
  for (const Effect& effect : operation_->effects) apply(effect);
  erase(entity_, {row_id_});
  check_ranges();
  Response response;
  response.status = 204;
  return response;
}

// Step 10. The rows and all that cascades from them go together; what goes holds nothing back.
void Execution::erase(int entity, const std::vector<std::int64_t>& ids) {
  std::set<std::pair<int, std::int64_t>> doomed;
  std::vector<std::pair<int, std::int64_t>> open;
  for (const std::int64_t id : ids) open.emplace_back(entity, id);
  const auto& layouts = program_.schema.entities();
  const auto each_reference = [&](const auto& visit) {
    for (std::size_t e = 0; e < layouts.size(); ++e) {
      for (std::size_t c = 0; c < layouts[e].columns.size(); ++c) {
        if (layouts[e].columns[c].relation != nullptr)
          visit(static_cast<int>(e), c, layouts[e].columns[c]);
      }
    }
  };
  while (!open.empty()) {
    const auto [target, id] = open.back();
    open.pop_back();
    if (!doomed.insert({target, id}).second) continue;
    each_reference([&](int from, std::size_t index, const Column& column) {
      if (column.target != target || column.relation->on_delete != OnDelete::kCascade) return;
      for (const auto& row : database_.table(from).rows()) {
        const Value& cell = row->cells[index];
        if (!cell.is_null() && cell.number == id) open.emplace_back(from, row->id);
      }
    });
  }
  each_reference([&](int from, std::size_t index, const Column& column) {
    std::vector<Row> cleared;
    for (const auto& row : database_.table(from).rows()) {
      const Value& cell = row->cells[index];
      if (cell.is_null() || !doomed.contains({column.target, cell.number})) continue;
      if (doomed.contains({from, row->id})) continue;
      if (column.relation->on_delete != OnDelete::kSetNull) refuse(409, "referenced");
      cleared.push_back(*row);
      cleared.back().cells[index] = Value{};
    }
    for (Row& row : cleared) database_.edit(from).replace(std::move(row));
  });
  for (const auto& [target, id] : doomed) database_.edit(target).erase(id);
}

void Execution::apply_effects() {
  for (const Effect& effect : operation_->effects) apply(effect);
  check_ranges();
}

void Execution::apply(const Effect& effect) {
  if (effect.kind == EffectKind::kEmit) return;
  if (effect.kind == EffectKind::kCreate) {
    const bool own = effect.target == operation_->on && effect.values.empty() &&
                     (operation_->kind == Kind::kCreate || operation_->kind == Kind::kEventCreate);
    if (!own) create_other(effect);
    return;
  }
  const auto dot = effect.target.find('.');
  const std::string head = effect.target.substr(0, dot);
  if (effect.kind == EffectKind::kDelete) {
    const int entity = program_.schema.find(head);
    if (entity < 0 || !effect.where) return;
    const auto ids = matching(*effect.where, entity);
    changed_ += static_cast<std::int64_t>(ids.size());
    erase(entity, ids);
    return;
  }
  if (!is_assignment(effect) || dot == std::string::npos) return;
  std::string_view rest = std::string_view(effect.target).substr(dot + 1);
  if (effect.where) return assign_matching(effect, head, rest);
  // "Loan.due_on", "self.due_on", "self.book.copies": from the own row through references.
  int entity = entity_;
  std::int64_t id = row_id_;
  while (rest.find('.') != std::string_view::npos) {
    const std::string_view role = rest.substr(0, rest.find('.'));
    rest.remove_prefix(role.size() + 1);
    const Row* row = database_.table(entity).find(id);
    const int column = program_.schema.at(entity).find(role);
    if (row == nullptr || column < 0) return;
    const auto index = static_cast<std::size_t>(column);
    if (row->cells[index].is_null()) return;
    id = row->cells[index].number;
    entity = program_.schema.at(entity).columns[index].target;
  }
  if (database_.table(entity).find(id) != nullptr) assign(effect, entity, id, rest);
}

std::vector<std::int64_t> Execution::matching(const Expr& where, int entity) const {
  Scope inner = scope();
  inner.self = row_id_ == 0 ? nullptr : database_.table(entity_).find(row_id_);
  inner.row_entity = entity;
  std::vector<std::int64_t> ids;
  for (const auto& row : database_.table(entity).rows()) {
    inner.row = row.get();
    if (evaluate(where, inner).is_true()) ids.push_back(row->id);
  }
  return ids;
}

void Execution::assign_matching(const Effect& effect, const std::string& entity,
                                std::string_view attribute) {
  const int index = program_.schema.find(entity);
  if (index < 0) return;
  const auto ids = matching(*effect.where, index);
  changed_ += static_cast<std::int64_t>(ids.size());
  for (const std::int64_t id : ids) assign(effect, index, id, attribute);
}

void Execution::assign(const Effect& effect, int entity, std::int64_t id,
                       std::string_view attribute) {
  const int found = program_.schema.at(entity).find(attribute);
  if (found < 0) return;
  const auto index = static_cast<std::size_t>(found);
  const Column& column = program_.schema.at(entity).columns[index];
  Table& table = database_.edit(entity);
  Row row = *table.find(id);
  Scope inner = scope();
  inner.self = row_id_ == 0 ? nullptr : database_.table(entity_).find(row_id_);
  inner.row = &row;
  inner.row_entity = entity;
  inner.scale = column.scale;
  Value value = evaluate(effect.value, inner);
  if (effect.kind != EffectKind::kSet) {
    const Value current = row.cells[index].is_null() ? Value::of_int(0) : row.cells[index];
    const Value step = value.is_null() ? Value::of_int(0) : value;
    const bool minutes = current.kind == Value::Kind::kDuration;
    const Value base = minutes ? Value::of_int(current.number) : current;
    const Value by = step.kind == Value::Kind::kDuration ? Value::of_int(step.number) : step;
    value = effect.kind == EffectKind::kInc ? add(base, by) : subtract(base, by);
    if (value.is_null()) refuse(409, "out_of_range");
  }
  const Type type = column.attribute != nullptr ? column.attribute->type : Type::kInt;
  const auto fitted = fit(value, type, column.scale);
  if (!fitted) refuse(409, "out_of_range");
  row.cells[index] = *fitted;
  table.replace(std::move(row));
  assigned_.emplace(entity, id, index);
}

void Execution::create_other(const Effect& effect) {
  const int entity = program_.schema.find(effect.target);
  if (entity < 0) return;
  const EntityLayout& layout = program_.schema.at(entity);
  Table& table = database_.edit(entity);
  Scope inner = scope();
  inner.self = row_id_ == 0 ? nullptr : database_.table(entity_).find(row_id_);
  Row row;
  for (const Column& column : layout.columns) {
    const auto given = std::find_if(effect.values.begin(), effect.values.end(),
                                    [&](const auto& value) { return value.first == column.name; });
    Value value;
    if (given != effect.values.end()) {
      inner.scale = column.scale;
      const Type type = column.attribute != nullptr ? column.attribute->type : Type::kInt;
      const auto fitted = fit(evaluate(given->second, inner), type, column.scale);
      if (!fitted) refuse(409, "out_of_range");
      value = *fitted;
    } else if (column.attribute != nullptr && !column.attribute->derived) {
      value = column.attribute->generated.empty()
                  ? default_of(column)
                  : generated_value(*column.attribute, request_.now, table.next_id());
      const auto& cycle = layout.entity->lifecycle;
      if (cycle && cycle->attribute == column.name) value = Value::of_string(cycle->initial);
    }
    row.cells.push_back(std::move(value));
  }
  check_unique(row, entity);
  fill_sequences(layout, row, table.next_id());
  const std::int64_t id = table.insert(std::move(row));
  for (std::size_t i = 0; i < layout.columns.size(); ++i) assigned_.emplace(entity, id, i);
}

// Step 11.
void Execution::check_ranges() const {
  for (const auto& [entity, id, index] : assigned_) {
    const Row* row = database_.table(entity).find(id);
    if (row == nullptr) continue;
    const Column& column = program_.schema.at(entity).columns[index];
    const Value& value = row->cells[index];
    const bool required = column.attribute != nullptr
                              ? column.attribute->required && !column.attribute->derived
                              : column.relation->required;
    if (value.is_null() && required) refuse(409, "out_of_range");
    if (column.attribute != nullptr && !within_range(value, *column.attribute)) {
      refuse(409, "out_of_range");
    }
  }
}

}  // namespace cadre::spec
