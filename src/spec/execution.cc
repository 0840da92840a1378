// Steps 1 to 6 of docs/service-contract.md: body, token, fields, row, references, permission.
#include "spec/execution.h"

#include <algorithm>

#include "base/check.h"

namespace cadre::spec {
namespace {

using Kind = OperationKind;

constexpr std::int64_t kMaxId = (std::int64_t{1} << 53) - 1;

// A positive integer in plain digits, or 0.
std::int64_t parse_id(std::string_view text) {
  if (text.empty() || text.size() > 16 || text[0] == '0') return 0;
  std::int64_t id = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return 0;
    id = id * 10 + (c - '0');
  }
  return id <= kMaxId ? id : 0;
}

// Digits up to `most`, or -1.
std::int64_t parse_count(std::string_view text, std::int64_t least, std::int64_t most) {
  if (text.empty() || text.size() > 9) return -1;
  std::int64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number >= least && number <= most ? number : -1;
}

std::string input_id(const Field& field) {
  return field.ref.empty() ? field.name : field.name.substr(0, field.name.size() - 3);
}

}  // namespace

Execution::Execution(const Program& program, Database& database, const Request& request)
    : program_(program), database_(database), request_(request) {
  endpoint_ = find_endpoint(program.contract, request.operation);
  if (endpoint_ == nullptr) return;
  operation_ = endpoint_->operation;
  entity_ = program.schema.find(endpoint_->entity);
}

Response Execution::run() {
  if (endpoint_ == nullptr) refuse(404, "not_found");
  const bool takes_body = endpoint_->method == "POST" || endpoint_->method == "PATCH";
  if (takes_body) {
    const bool absent = !request_.body && request_.malformed_body.empty();
    if (!request_.malformed_body.empty() || (absent && !endpoint_->body.empty())) {
      refuse(422, "invalid_json");
    }
  }
  authorize();
  read_fields();
  if (operation_ == nullptr) return report();
  if (!endpoint_->id_parameter.empty()) find_row();
  check_references();
  switch (operation_->kind) {
    case Kind::kCreate:
    case Kind::kEventCreate: return create();
    case Kind::kRead: return shown(200);
    case Kind::kUpdate: return is_standard(*operation_) ? update() : act();
    case Kind::kDelete: return remove();
    case Kind::kList: return list();
    case Kind::kBulk:
    case Kind::kScheduled: return change_many();
    default: return act();
  }
}

void Execution::refuse(int status, std::string code, std::string rule, std::string field) const {
  Response response;
  response.status = status;
  JsonArray errors;
  if (!field.empty()) errors.push_back(JsonObject{{"field", field}});
  if (code == "invalid") {
    for (const std::string& name : invalid_) errors.push_back(JsonObject{{"field", name}});
  }
  response.body = JsonObject{{"status", status},
                             {"code", code},
                             {"rule", rule.empty() ? Json() : Json(rule)},
                             {"errors", std::move(errors)}};
  if (field.empty() && code == "invalid" && !invalid_.empty()) field = invalid_[0];
  response.code = std::move(code);
  response.rule = std::move(rule);
  response.field = std::move(field);
  throw Refused{std::move(response)};
}

// Step 2.
void Execution::authorize() {
  if (!program_.contract.has_actors) return;
  if (!request_.authenticated || find_actor(program_.spec, request_.role) == nullptr) {
    refuse(401, "unauthorized");
  }
  allowed_ = entries(true);
  denied_ = entries(false);
  const bool taken_away = std::any_of(denied_.begin(), denied_.end(),
                                      [](const Permission* entry) { return !entry->rows; });
  if (taken_away || allowed_.empty()) refuse(403, "forbidden");
}

bool Execution::is_named_by_permission(const std::string& operation) const {
  const auto& all = program_.spec.permissions;
  return std::any_of(all.begin(), all.end(),
                     [&](const Permission& entry) { return entry.operation == operation; });
}

// This actor's entries for the operation, those of the actors it inherits from included.
std::vector<const Permission*> Execution::entries(bool allow) const {
  std::string operation = request_.operation;
  if (operation_ == nullptr && !is_named_by_permission(operation)) {
    for (const Operation& candidate : program_.spec.operations) {
      if (candidate.kind == Kind::kList && candidate.on == endpoint_->entity) {
        operation = candidate.id;
      }
    }
  }
  std::vector<const Permission*> out;
  const Actor* actor = find_actor(program_.spec, request_.role);
  for (std::size_t depth = 0; actor != nullptr && depth <= program_.spec.actors.size(); ++depth) {
    for (const Permission& entry : program_.spec.permissions) {
      if (entry.actor == actor->id && entry.operation == operation && entry.allow == allow) {
        out.push_back(&entry);
      }
    }
    actor = actor->inherits.empty() ? nullptr : find_actor(program_.spec, actor->inherits);
  }
  return out;
}

bool Execution::rows_allow(const Row& row) const {
  if (!program_.contract.has_actors) return true;
  Scope inner = scope();
  inner.self = &row;
  inner.self_entity = entity_;
  const auto holds = [&](const Permission* entry) {
    return !entry->rows || evaluate(*entry->rows, inner).is_true();
  };
  return std::any_of(allowed_.begin(), allowed_.end(), holds) &&
         std::none_of(denied_.begin(), denied_.end(), holds);
}

// Step 3.
void Execution::read_fields() {
  if (!endpoint_->id_parameter.empty()) {
    row_id_ = parse_id(request_.row);
    if (row_id_ == 0) invalid_.push_back(endpoint_->id_parameter);
  }
  if (operation_ == nullptr || operation_->kind == Kind::kList) read_query();
  if (endpoint_->method == "POST" || endpoint_->method == "PATCH") read_body();
  if (!invalid_.empty()) refuse(422, "invalid");
}

void Execution::read_body() {
  static const JsonObject kEmpty;
  if (request_.body && !request_.body->is_object()) {
    invalid_.emplace_back("body");
    return;
  }
  const JsonObject& body = request_.body ? request_.body->get_object() : kEmpty;
  for (const Field& field : endpoint_->body) {
    const auto it = body.find(field.name);
    read_field(field, it == body.end() ? nullptr : &it->value());
  }
  for (const auto& member : body) {
    const std::string name(member.key().data(), member.key().size());
    const bool known = std::any_of(endpoint_->body.begin(), endpoint_->body.end(),
                                   [&](const Field& field) { return field.name == name; });
    if (!known) invalid_.push_back(name);
  }
}

void Execution::read_field(const Field& field, const Json* value) {
  const std::string id = input_id(field);
  Argument argument;
  if (!field.ref.empty()) argument.entity = program_.schema.find(field.ref);
  if (value == nullptr) {
    if (field.required) invalid_.push_back(field.name);
    const bool fills_row = operation_->kind == Kind::kCreate ||
                           operation_->kind == Kind::kEventCreate;
    const int column = program_.schema.at(entity_).find(id);
    if (fills_row && column >= 0 && field.ref.empty()) {
      argument.value =
          default_of(program_.schema.at(entity_).columns[static_cast<std::size_t>(column)]);
    }
    arguments_[id] = std::move(argument);
    return;
  }
  if (value->is_null()) {
    if (!field.nullable) invalid_.push_back(field.name);
  } else if (!field.ref.empty()) {
    const auto number = parse_json(*value, Type::kInt, 0);
    if (!number || number->number < 1) invalid_.push_back(field.name);
    else argument.value = *number;
  } else {
    const int scale = field.attribute != nullptr ? scale_of(*field.attribute)
                      : field.type == Type::kMoney ? 2
                                                   : 3;
    const auto read = parse_json(*value, field.type, scale);
    if (!read || (field.attribute != nullptr && !within_limits(*read, *field.attribute))) {
      invalid_.push_back(field.name);
    } else {
      argument.value = *read;
    }
  }
  sent_[id] = argument.value;
  arguments_[id] = std::move(argument);
}

void Execution::read_query() {
  const EntityLayout& layout = program_.schema.at(entity_);
  const bool is_list = operation_ != nullptr;
  for (const auto& [name, text] : request_.query) {
    bool good = false;
    if (is_list && name == "limit") {
      good = (limit_ = parse_count(text, 1, 100)) >= 0;
    } else if (is_list && name == "offset") {
      good = (offset_ = parse_count(text, 0, 999'999'999)) >= 0;
    } else if (is_list && name == "sort") {
      const std::string field = text.starts_with('-') ? text.substr(1) : text;
      const auto& sorts = endpoint_->sorts;
      good = std::find(sorts.begin(), sorts.end(), field) != sorts.end();
      sort_ = text;
    } else if (is_list && name == "q" && !endpoint_->search.empty()) {
      good = !text.empty() && count_code_points(text) <= 200;
      search_ = text;
    } else {
      const auto& filters = endpoint_->filters;
      if (std::find(filters.begin(), filters.end(), name) != filters.end()) {
        for (std::size_t i = 0; i < layout.columns.size(); ++i) {
          const Column& column = layout.columns[i];
          if (column.json_name() != name) continue;
          std::optional<Value> value;
          if (column.relation != nullptr) {
            if (const auto id = parse_id(text); id > 0) value = Value::of_int(id);
          } else {
            value = parse_text(text, column.attribute->type, column.scale);
            const auto& members = column.attribute->values;
            if (column.attribute->type == Type::kEnum &&
                std::find(members.begin(), members.end(), text) == members.end()) {
              value.reset();
            }
          }
          good = value.has_value();
          if (good) filters_.emplace_back(i, *value);
        }
      }
    }
    if (!good) invalid_.push_back(name);
  }
}

// Steps 4 and, for what works on a row as it stands, 6.
void Execution::find_row() {
  const Row* row = database_.table(entity_).find(row_id_);
  if (row == nullptr) refuse(404, "not_found");
  // A reference to nothing (step 5) is reported before a forbidden row (step 6).
  check_references();
  if (!rows_allow(*row)) refuse(403, "forbidden");
}

// Step 5.
void Execution::check_references() {
  for (const Field& field : endpoint_->body) {
    if (field.ref.empty()) continue;
    const Argument& argument = arguments_[input_id(field)];
    if (argument.value.is_null() || argument.entity < 0) continue;
    if (database_.table(argument.entity).find(argument.value.number) == nullptr) {
      refuse(422, "unknown_reference", {}, field.name);
    }
  }
}

Scope Execution::scope() const {
  Scope out;
  out.schema = &program_.schema;
  out.database = &database_;
  out.self_entity = entity_;
  out.arguments = &arguments_;
  if (program_.contract.has_actors) {
    out.role = request_.role;
    if (request_.record) out.actor = Value::of_int(*request_.record);
  }
  out.now = request_.now;
  return out;
}

Json Execution::show(const Row& row, int entity) const {
  const EntityLayout& layout = program_.schema.at(entity);
  const Scope inner = scope();
  JsonObject out;
  out["id"] = row.id;
  for (std::size_t i = 0; i < layout.columns.size(); ++i) {
    const Column& column = layout.columns[i];
    const Type type = column.attribute != nullptr ? column.attribute->type : Type::kInt;
    out[column.json_name()] =
        value_to_json(cell_value(row, entity, i, inner), type, column.scale);
  }
  return out;
}

Response Execution::shown(int status) const {
  Response response;
  response.status = status;
  const Row* row = database_.table(entity_).find(row_id_);
  CADRE_CHECK(row != nullptr, "the row of the response is stored");
  response.body = show(*row, entity_);
  return response;
}

}  // namespace cadre::spec
