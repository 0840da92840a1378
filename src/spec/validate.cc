#include "spec/validate.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "spec/contract.h"
#include "spec/names.h"
#include "spec/pattern.h"
#include "spec/validator.h"
#include "spec/value.h"

namespace cadre::spec {
namespace {

template <class T>
bool contains(const std::vector<T>& items, const T& item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

bool is_text_like(Type type) {
  switch (type) {
    case Type::kString: case Type::kText: case Type::kEmail: case Type::kPhone: case Type::kUrl:
    case Type::kFileRef: return true;
    default: return false;
  }
}

bool has_bounds(Type type) {
  return type == Type::kInt || type == Type::kDecimal || type == Type::kMoney ||
         type == Type::kDate || type == Type::kTime || type == Type::kDatetime ||
         type == Type::kDuration;
}

// A name that people read: printable, one line, with a letter to make paths of.
bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 60 && text::is_valid_utf8(name) &&
         text::snake_case(name) != "x" &&
         std::none_of(name.begin(), name.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

// The attributes of the same row that a derived value needs.
void collect_self(const Expr& expr, std::set<std::string>& out) {
  if (expr.is_call("self")) out.insert(expr.args[0].text);
  for (const Expr& arg : expr.args) collect_self(arg, out);
}

}  // namespace

std::vector<Problem> validate(const Spec& spec) { return Validator(spec).run(); }

std::vector<Problem> validate_operation(const Spec& spec, const Operation& operation) {
  return Validator(spec).run(operation);
}

std::vector<Problem> validate_query(const Spec& spec, const Query& query) {
  return Validator(spec).run(query);
}

std::vector<Problem> validate_permission(const Spec& spec, const Permission& permission) {
  return Validator(spec).run(permission);
}

Result<void> check_sound(const Spec& spec) {
  const std::vector<Problem> problems = validate(spec);
  if (problems.empty()) return {};
  std::string message = "the model is not sound:";
  for (std::size_t i = 0; i < std::min<std::size_t>(problems.size(), 5); ++i) {
    message += fmt::format("{} {}: {}", i == 0 ? "" : ";", problems[i].place, problems[i].message);
  }
  if (problems.size() > 5) message += fmt::format("; and {} more", problems.size() - 5);
  return fail(ErrorCode::kInvalidInput, message);
}

std::vector<Problem> Validator::run() {
  place_ = "model";
  if (spec_.verdict == Verdict::kRefuse) {
    if (!spec_.entities.empty()) problem("a refused model has no entities");
    return std::move(problems_);
  }
  if (spec_.entities.empty()) problem("there is no entity");
  check_ids();
  for (const Entity& entity : spec_.entities) check_entity(entity);
  for (const Relation& relation : spec_.relations) check_relation(relation);
  for (const Actor& actor : spec_.actors) check_actor(actor);
  // The rest looks things up by name and would only repeat what is wrong above.
  if (!problems_.empty()) return std::move(problems_);
  for (const Operation& operation : spec_.operations) check_operation(operation);
  for (const Permission& permission : spec_.permissions) check_permission(permission);
  for (const Query& query : spec_.queries) check_query(query);
  if (problems_.empty()) check_endpoints();
  if (problems_.empty()) check_makeable();
  return std::move(problems_);
}

void Validator::check_id(std::string_view id, IdUse use) {
  if (!is_safe_identifier(id)) {
    problem("\"{}\" is no safe identifier (write \"{}\")", id, safe_id(id, use));
  } else if (is_reserved(id, use)) {
    problem("\"{}\" is a reserved word (write \"{}\")", id, safe_id(id, use));
  }
}

Result<StaticType> Validator::check_type(const Expr& expr, const TypeScope& scope,
                                         std::string_view what) {
  auto type = type_of(expr, scope);
  if (!type) problem("{}: {}", what, type.error().message);
  return type;
}

void Validator::check_condition(const Expr& expr, const TypeScope& scope, std::string_view what) {
  const auto type = check_type(expr, scope, what);
  if (type && type->kind != StaticType::Kind::kBool) problem("{} is no condition", what);
}

void Validator::check_ids() {
  std::set<std::string> entities, operations, actors, rules, folded;
  for (const Entity& entity : spec_.entities) {
    if (!entities.insert(entity.id).second) problem("two entities are called {}", entity.id);
    else if (!folded.insert(text::snake_case(entity.id)).second) {
      problem("two entities become {} in code", text::snake_case(entity.id));
    }
  }
  for (const Operation& operation : spec_.operations) {
    check_id(operation.id, IdUse::kName);
    if (!operations.insert(operation.id).second) {
      problem("two operations are called {}", operation.id);
    }
  }
  for (const Query& query : spec_.queries) {
    check_id(query.id, IdUse::kName);
    if (!operations.insert(query.id).second) problem("{} is a query's id and another's", query.id);
  }
  for (const Actor& actor : spec_.actors) {
    check_id(actor.id, IdUse::kName);
    if (!actors.insert(actor.id).second) problem("two actors are called {}", actor.id);
  }
  for (const Rule& rule : spec_.rules) {
    if (!rules.insert(rule.id).second) problem("two rules are called {}", rule.id);
  }
}

void Validator::check_entity(const Entity& entity) {
  place_ = "entity " + entity.id;
  if (!is_safe_entity_id(entity.id)) problem("the id must be like BookLoan");
  if (!is_name(entity.name)) problem("the name must be a short word or two");
  if (!is_name(entity.plural)) problem("the plural must be a short word or two");
  std::set<std::string> names;
  for (const Attribute& attribute : entity.attributes) {
    if (!names.insert(attribute.id).second) problem("two attributes are called {}", attribute.id);
    check_attribute(entity, attribute);
    place_ = "entity " + entity.id;
  }
  for (const Relation* relation : relations_of(spec_, entity.id)) {
    if (!names.insert(relation->role).second || !names.insert(relation->role + "_id").second) {
      problem("the reference {} has the name of another attribute or reference", relation->role);
    }
  }
  for (const std::string& part : entity.natural_key) {
    const Attribute* attribute = find_attribute(entity, part);
    if (attribute == nullptr && find_relation(spec_, entity.id, part) == nullptr) {
      problem("natural key: there is no \"{}\"", part);
    } else if (attribute != nullptr && attribute->derived) {
      problem("natural key: \"{}\" is derived", part);
    }
  }
  if (entity.lifecycle) check_lifecycle(entity);
}

void Validator::check_attribute(const Entity& entity, const Attribute& attribute) {
  place_ = fmt::format("attribute {}.{}", entity.id, attribute.id);
  check_id(attribute.id, IdUse::kAttribute);
  if (attribute.type == Type::kEnum) {
    std::set<std::string> seen;
    if (attribute.values.empty()) problem("an enum needs values");
    for (const std::string& value : attribute.values) {
      if (value.empty() || value.size() > 100 || !text::is_valid_utf8(value)) {
        problem("the value \"{}\" must have 1 to 100 characters", value);
      }
      if (!seen.insert(value).second) problem("the value \"{}\" is given twice", value);
    }
  } else if (!attribute.values.empty()) {
    problem("only an enum has values");
  }
  for (const std::string& other : attribute.unique_within) {
    const Attribute* partner = find_attribute(entity, other);
    if ((partner == nullptr && find_relation(spec_, entity.id, other) == nullptr) ||
        (partner != nullptr && partner->derived)) {
      problem("unique within \"{}\", which is no stored attribute or reference", other);
    }
  }
  const std::string& made = attribute.generated;
  const bool good = made.empty() || (made == "sequence" && attribute.type == Type::kInt) ||
                    (made == "uuid" && attribute.type == Type::kString) ||
                    (made == "timestamp" &&
                     (attribute.type == Type::kDatetime || attribute.type == Type::kDate));
  if (!good) problem("generated must be sequence (int), uuid (string) or timestamp (datetime)");
  check_attribute_limits(entity, attribute);
  if (attribute.derived) check_derived(entity, attribute);
}

void Validator::check_attribute_limits(const Entity&, const Attribute& attribute) {
  const StaticType own = type_of(attribute);
  const auto check_literal = [&](const std::optional<Expr>& bound, const char* what) {
    if (!bound) return;
    const int scale = std::max(scale_of(attribute), 6);
    const bool literal = bound->kind != Expr::Kind::kCall && bound->kind != Expr::Kind::kNull;
    if (!has_bounds(attribute.type) || !literal ||
        !fit(literal_value(*bound), attribute.type, scale)) {
      problem("{} must be a literal of the attribute's type", what);
    }
  };
  check_literal(attribute.min, "min");
  check_literal(attribute.max, "max");
  if (attribute.min && attribute.max && problems_.empty()) {
    const auto ordering = order(literal_value(*attribute.min), literal_value(*attribute.max));
    if (ordering && (*ordering > 0 || (attribute.exclusive_min && *ordering == 0))) {
      problem("min is above max");
    }
  }
  if (attribute.scale && (*attribute.scale < 0 || *attribute.scale > 6)) {
    problem("scale must be 0 to 6");
  }
  if (attribute.step && (*attribute.step < 0.000001 || own.kind == StaticType::Kind::kString)) {
    problem("step must be positive and of a number");
  }
  if (attribute.length) {
    const auto [least, most] = *attribute.length;
    if (!is_text_like(attribute.type) || least < 0 || most < std::max(least, 1)) {
      problem("length must be two numbers, the smaller first, of a text");
    }
  }
  if (!attribute.pattern.empty()) {
    if (!is_text_like(attribute.type)) problem("only a text has a pattern");
    const auto pattern = Pattern::compile(attribute.pattern);
    if (!pattern) problem("{}", pattern.error().message);
  }
  if (!attribute.default_value) return;
  TypeScope scope;
  scope.spec = &spec_;
  const auto type = check_type(*attribute.default_value, scope, "default");
  if (!type) return;
  if (!assignable(*type, own)) {
    problem("the default is {}, the attribute {}", describe(*type), describe(own));
  } else if (attribute.default_value->kind != Expr::Kind::kCall) {
    const auto value = fit(literal_value(*attribute.default_value), attribute.type,
                           scale_of(attribute));
    if (!value || !within_limits(*value, attribute)) problem("the default is outside the limits");
  }
  if (attribute.derived || !attribute.generated.empty()) {
    problem("a derived or generated attribute has no default");
  }
}

void Validator::check_derived(const Entity& entity, const Attribute& attribute) {
  TypeScope scope;
  scope.spec = &spec_;
  scope.self = &entity;
  scope.actor = false;
  const auto type = check_type(*attribute.derived, scope, "derived");
  if (type && !assignable(*type, type_of(attribute))) {
    problem("the derived value is {}, the attribute {}", describe(*type),
            describe(type_of(attribute)));
  }
  if (attribute.unique || !attribute.unique_within.empty()) problem("derived and unique");
  // Follow derived attributes of the same row; other rows' derived values are plain reads.
  std::set<std::string> seen, open;
  collect_self(*attribute.derived, open);
  while (!open.empty()) {
    const std::string next = *open.begin();
    open.erase(open.begin());
    const Attribute* other = find_attribute(entity, next);
    if (next == attribute.id) return problem("the derived value depends on itself");
    if (other == nullptr || !other->derived || !seen.insert(next).second) continue;
    collect_self(*other->derived, open);
  }
}

void Validator::check_lifecycle(const Entity& entity) {
  const Lifecycle& cycle = *entity.lifecycle;
  place_ = fmt::format("lifecycle of {}", entity.id);
  const Attribute* attribute = find_attribute(entity, cycle.attribute);
  if (attribute == nullptr || attribute->type != Type::kEnum) {
    return problem("\"{}\" is no enum attribute", cycle.attribute);
  }
  std::set<std::string> states(cycle.states.begin(), cycle.states.end());
  if (states != std::set<std::string>(attribute->values.begin(), attribute->values.end()) ||
      states.size() != cycle.states.size()) {
    problem("the states must be the values of {}", cycle.attribute);
  }
  if (attribute->default_value &&
      *attribute->default_value != Expr::string(cycle.initial)) {
    problem("the default of {} must be the initial state", cycle.attribute);
  }
  if (!states.contains(cycle.initial)) problem("unknown initial state \"{}\"", cycle.initial);
  for (const std::string& state : cycle.final_states) {
    if (!states.contains(state)) problem("unknown final state \"{}\"", state);
  }
  std::set<std::pair<std::string, std::string>> edges;
  for (const Transition& edge : cycle.transitions) {
    if (!states.contains(edge.from) || !states.contains(edge.to)) {
      problem("the transition {} to {} names an unknown state", edge.from, edge.to);
    }
    const Operation* operation = find_operation(spec_, edge.by);
    if (operation == nullptr || operation->on != entity.id) {
      problem("the transition {} to {} is by \"{}\", which is no operation on {}", edge.from,
              edge.to, edge.by, entity.id);
      continue;
    }
    const bool acts = operation->kind == OperationKind::kTransition ||
                      operation->kind == OperationKind::kEventClose ||
                      operation->kind == OperationKind::kMoveQuantity ||
                      (operation->kind == OperationKind::kUpdate && !is_standard(*operation));
    if (!acts) problem("{} is of kind {} and cannot be a transition", edge.by,
                       word_of(kOperationKindNames, operation->kind));
    if (!edges.insert({edge.from, edge.by}).second) {
      problem("{} leads from {} to two states", edge.by, edge.from);
    }
  }
}

void Validator::check_relation(const Relation& relation) {
  place_ = fmt::format("relation {}.{}", relation.from, relation.role);
  if (find_entity(spec_, relation.from) == nullptr) problem("unknown entity {}", relation.from);
  if (find_entity(spec_, relation.to) == nullptr) problem("unknown entity {}", relation.to);
  check_id(relation.role, IdUse::kName);
  if (!relation.via.empty() && find_entity(spec_, relation.via) == nullptr) {
    problem("unknown entity {}", relation.via);
  }
  if (relation.required && relation.on_delete == OnDelete::kSetNull) {
    problem("a required reference cannot be set to null on delete");
  }
}

void Validator::check_actor(const Actor& actor) {
  place_ = "actor " + actor.id;
  if (!actor.entity.empty() && find_entity(spec_, actor.entity) == nullptr) {
    problem("unknown entity {}", actor.entity);
  }
  std::set<std::string> seen{actor.id};
  for (const Actor* at = &actor; at != nullptr && !at->inherits.empty();) {
    if (!seen.insert(at->inherits).second) return problem("it inherits from itself");
    const Actor* parent = find_actor(spec_, at->inherits);
    if (parent == nullptr) return problem("it inherits from an unknown actor {}", at->inherits);
    at = parent;
  }
}

void Validator::check_permission(const Permission& permission) {
  place_ = fmt::format("permission of {} for {}", permission.actor, permission.operation);
  if (find_actor(spec_, permission.actor) == nullptr) problem("unknown actor");
  const Operation* operation = find_operation(spec_, permission.operation);
  const auto query = std::find_if(spec_.queries.begin(), spec_.queries.end(), [&](const Query& q) {
    return q.id == permission.operation && is_report(q);
  });
  if (operation == nullptr && query == spec_.queries.end()) {
    return problem("unknown operation or report");
  }
  if (!permission.fields.empty()) {
    problem("permissions for single fields are not supported; write a guard over [\"role\"]");
  }
  if (!permission.rows) return;
  if (operation != nullptr && (operation->kind == OperationKind::kBulk ||
                               operation->kind == OperationKind::kScheduled)) {
    return problem("a bulk or scheduled operation has no row for `rows`");
  }
  TypeScope scope;
  scope.spec = &spec_;
  scope.self = find_entity(spec_, operation != nullptr ? operation->on : query->on);
  check_condition(*permission.rows, scope, "rows");
}

void Validator::check_query(const Query& query) {
  place_ = "query " + query.id;
  const Entity* entity = find_entity(spec_, query.on);
  if (entity == nullptr) return problem("unknown entity {}", query.on);
  for (const std::string& path : query.by) {
    const auto dot = path.rfind('.');
    const bool reference =
        dot == std::string::npos && find_relation(spec_, entity->id, path) != nullptr;
    if (find_path(spec_, *entity, path) == nullptr && !reference) problem("there is no {}", path);
  }
  TypeScope scope;
  scope.spec = &spec_;
  scope.row = entity;
  if (query.where) check_condition(*query.where, scope, "where");
  if (query.limit && *query.limit < 1) problem("limit must be positive");
  check_query_columns(query, *entity);
}

void Validator::check_query_columns(const Query& query, const Entity& entity) {
  TypeScope scope;
  scope.spec = &spec_;
  scope.row = &entity;
  std::set<std::string> names;
  for (const std::string& group : query.group_by) {
    const auto colon = group.find(':');
    const std::string unit = colon == std::string::npos ? "" : group.substr(0, colon);
    const std::string path = colon == std::string::npos ? group : group.substr(colon + 1);
    const auto type = check_type(Expr::call("row", {Expr::string(path)}), scope, "group_by");
    if (!unit.empty() && unit != "day" && unit != "month" && unit != "year") {
      problem("group_by: unknown unit \"{}\" (day, month or year)", unit);
    }
    if (type && !unit.empty() && type->kind != StaticType::Kind::kDate &&
        type->kind != StaticType::Kind::kDatetime) {
      problem("group_by: {} is no date", path);
    }
    if (!names.insert(group_name(spec_, entity, group)).second) {
      problem("two groups are called {}", group_name(spec_, entity, group));
    }
  }
  if (query.measure) {
    const Expr& measure = *query.measure;
    const bool count = measure.is_call("count") && measure.args.empty();
    const bool total =
        (measure.is_call("sum") || measure.is_call("avg")) && measure.args.size() == 1;
    if (!count && !total)
      problem("measure must be [\"count\"], [\"sum\", value] or [\"avg\", value]");
    if (total) {
      const auto type = check_type(measure.args[0], scope, "measure");
      if (type && type->kind != StaticType::Kind::kInt &&
          type->kind != StaticType::Kind::kDecimal && type->kind != StaticType::Kind::kDuration) {
        problem("measure: {} cannot be added up", describe(*type));
      }
    }
  }
  const bool grouped = !query.group_by.empty() || query.measure.has_value();
  for (const std::string& key : query.sort) {
    const std::string field = key.starts_with('-') ? key.substr(1) : key;
    bool known = field == "id";
    if (grouped) {
      known = field == measure_name(query) || names.contains(field);
    } else {
      const Attribute* attribute = find_attribute(entity, field);
      known = known || (attribute != nullptr && !attribute->derived) ||
              (field.ends_with("_id") &&
               find_relation(spec_, entity.id, field.substr(0, field.size() - 3)) != nullptr);
    }
    if (!known) problem("sort: there is no \"{}\"", field);
  }
}

void Validator::check_endpoints() {
  std::map<std::string, std::string> taken;
  std::map<std::string, std::string> resources;
  const Contract contract = derive_contract(spec_);
  for (const Resource& resource : contract.resources) {
    place_ = "entity " + resource.entity->id;
    const auto [it, fresh] = resources.emplace(resource.path, resource.entity->id);
    if (!fresh) problem("its path {} is that of {}", resource.path, it->second);
  }
  for (const Endpoint& endpoint : contract.endpoints) {
    place_ = "operation " + endpoint.operation_id;
    const std::string route = endpoint.method + " " + endpoint.path;
    const auto [it, fresh] = taken.emplace(route, endpoint.operation_id);
    if (!fresh) problem("its route {} is that of {}", route, it->second);
  }
}

}  // namespace cadre::spec
