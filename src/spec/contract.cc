#include "spec/contract.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace cadre::spec {
namespace {

using Kind = OperationKind;

bool is_searchable(Type type) {
  switch (type) {
    case Type::kString: case Type::kText: case Type::kEmail: case Type::kPhone:
    case Type::kUrl: case Type::kEnum: case Type::kFileRef: return true;
    default: return false;
  }
}

// The paths that every service has of its own: an entity with such a plural moves aside.
std::string resource_path(const Entity& entity) {
  const std::string kebab = text::kebab_case(entity.plural);
  if (kebab == "health" || kebab == "reports" || kebab == "docs" || kebab == "redoc") {
    return "/" + text::kebab_case(entity.name) + "-records";
  }
  return "/" + kebab;
}

Field reference_field(const Relation& relation) {
  Field field;
  field.name = relation.role + "_id";
  field.type = Type::kInt;
  field.relation = &relation;
  field.ref = relation.to;
  field.required = relation.required;
  field.nullable = !relation.required;
  return field;
}

Resource make_resource(const Spec& spec, const Entity& entity) {
  Resource resource;
  resource.entity = &entity;
  resource.path = resource_path(entity);
  resource.snake = text::snake_case(entity.id);
  resource.snake_plural = text::snake_case(entity.plural);
  Field id;
  id.name = "id";
  id.type = Type::kInt;
  id.required = true;
  resource.output.push_back(id);
  for (const Attribute& attribute : entity.attributes) {
    Field field;
    field.name = attribute.id;
    field.type = attribute.type;
    field.attribute = &attribute;
    field.required = true;
    field.nullable = !attribute.required || attribute.derived.has_value();
    resource.output.push_back(field);
  }
  for (const Relation* relation : relations_of(spec, entity.id)) {
    Field field = reference_field(*relation);
    field.required = true;
    resource.output.push_back(field);
  }
  return resource;
}

Field body_field(const Spec& spec, const Operation& operation, const Entity& entity,
                 const Input& input) {
  Field field;
  const bool patch = operation.kind == Kind::kUpdate && is_standard(operation);
  const bool fills_row = operation.kind == Kind::kCreate || operation.kind == Kind::kEventCreate;
  bool must_hold = input.required && !patch;  // null is not accepted
  bool has_default = false;
  if (!input.ref.empty()) {
    field.name = input.id + "_id";
    field.type = Type::kInt;
    field.ref = input.ref;
    const Relation* relation = find_relation(spec, entity.id, input.id);
    if (relation != nullptr && relation->to == input.ref) field.relation = relation;
    if (field.relation != nullptr && (patch || fills_row)) must_hold |= field.relation->required;
  } else {
    field.name = input.id;
    field.type = input.type;
    field.attribute = find_attribute(entity, input.id);
    if (field.attribute != nullptr) {
      field.type = field.attribute->type;
      if (patch || fills_row) must_hold |= field.attribute->required;
      has_default = fills_row && field.attribute->default_value.has_value();
    }
  }
  field.nullable = !must_hold;
  field.required = must_hold && !patch && !has_default;
  return field;
}

bool works_on_a_row(const Operation& operation) {
  switch (operation.kind) {
    case Kind::kRead: case Kind::kUpdate: case Kind::kDelete: case Kind::kTransition:
    case Kind::kEventClose: case Kind::kMoveQuantity: return true;
    default: return false;
  }
}

// Where each entity's operations go. A segment is the verb, or the id when verbs meet.
class Router {
 public:
  explicit Router(const Spec& spec) {
    for (const Operation& operation : spec.operations) {
      if (operation.kind == Kind::kCreate) collection_post_.try_emplace(operation.on, operation.id);
    }
    for (const Operation& operation : spec.operations) {
      if (operation.kind == Kind::kEventCreate) {
        collection_post_.try_emplace(operation.on, operation.id);
      }
    }
    for (const Operation& operation : spec.operations) {
      if (has_segment(operation)) ++segments_[{operation.on, verb_segment(operation)}];
    }
  }

  // The last part of the path, or empty when the operation lives at the resource itself.
  std::string segment(const Operation& operation) const {
    if (!has_segment(operation)) return {};
    const std::string verb = verb_segment(operation);
    return segments_.at({operation.on, verb}) > 1 ? text::kebab_case(operation.id) : verb;
  }

 private:
  bool has_segment(const Operation& operation) const {
    switch (operation.kind) {
      case Kind::kRead: case Kind::kDelete: case Kind::kList: return false;
      case Kind::kUpdate: return !is_standard(operation);
      case Kind::kCreate:
      case Kind::kEventCreate: return collection_post_.at(operation.on) != operation.id;
      default: return true;
    }
  }
  static std::string verb_segment(const Operation& operation) {
    return text::kebab_case(operation.verb.empty() ? operation.id : operation.verb);
  }

  std::map<std::string, std::string> collection_post_;  // entity -> operation at POST /xs
  std::map<std::pair<std::string, std::string>, int> segments_;
};

// Whether the effect can leave the attribute outside of what it may hold. Counting up by a number
// of the model cannot fall below a minimum, nor counting down rise above a maximum.
bool can_leave_range(const Effect& effect, const Attribute& attribute) {
  const bool by_number = effect.value.kind == Expr::Kind::kInt && effect.value.integer >= 0;
  const bool up_only = effect.kind == EffectKind::kInc && by_number;
  const bool down_only = effect.kind == EffectKind::kDec && by_number;
  return (attribute.min && !up_only) || (attribute.max && !down_only);
}

bool sets_bounded_attribute(const Spec& spec, const Operation& operation) {
  const auto concerns = [&](const Effect& effect) {
    const bool assigns = effect.kind == EffectKind::kSet || effect.kind == EffectKind::kInc ||
                         effect.kind == EffectKind::kDec;
    const bool makes = effect.kind == EffectKind::kCreate && !effect.values.empty();
    const std::string last = effect.target.substr(effect.target.rfind('.') + 1);
    for (const Entity& entity : spec.entities) {
      for (const Attribute& attribute : entity.attributes) {
        const bool reached = assigns ? attribute.id == last : makes && entity.id == effect.target;
        if (reached && can_leave_range(effect, attribute)) return true;
      }
    }
    return false;
  };
  return std::any_of(operation.effects.begin(), operation.effects.end(), concerns);
}

bool has_unique(const Entity& entity) {
  return !entity.natural_key.empty() ||
         std::any_of(entity.attributes.begin(), entity.attributes.end(),
                     [](const Attribute& a) { return a.unique || !a.unique_within.empty(); });
}

bool is_referenced(const Spec& spec, const Entity& entity) {
  return std::any_of(spec.relations.begin(), spec.relations.end(), [&](const Relation& relation) {
    return relation.to == entity.id && relation.cardinality != Cardinality::kManyToMany &&
           relation.on_delete != OnDelete::kCascade && relation.on_delete != OnDelete::kSetNull;
  });
}

// In the order in which the service checks (docs/service-contract.md).
std::vector<ErrorCase> errors_of(const Spec& spec, const Endpoint& endpoint, const Entity& entity) {
  std::vector<ErrorCase> out;
  const Operation* operation = endpoint.operation;
  const auto add = [&](int status, const char* code, const std::string& rule = {}) {
    const bool known = std::any_of(out.begin(), out.end(), [&](const ErrorCase& e) {
      return e.status == status && e.code == code && e.rule == rule;
    });
    if (!known) out.push_back({status, code, rule});
  };
  const bool takes_body = operation != nullptr && endpoint.method != "GET" &&
                          endpoint.method != "DELETE";
  if (takes_body) add(422, "invalid_json");
  if (!spec.actors.empty()) {
    add(401, "unauthorized");
    add(403, "forbidden");
  }
  add(422, "invalid");
  if (operation == nullptr) return out;
  if (!endpoint.id_parameter.empty()) add(404, "not_found");
  for (const Field& field : endpoint.body) {
    if (!field.ref.empty()) add(422, "unknown_reference");
  }
  if (entity.lifecycle) {
    for (const Transition& transition : entity.lifecycle->transitions) {
      if (transition.by == operation->id) add(409, "invalid_transition");
    }
  }
  for (const Guard& guard : operation->guards) add(guard.status, guard.error.c_str(), guard.id);
  const bool writes_row = operation->kind == Kind::kCreate ||
                          operation->kind == Kind::kEventCreate ||
                          (operation->kind == Kind::kUpdate && is_standard(*operation));
  bool unique = writes_row && has_unique(entity);
  for (const Effect& effect : operation->effects) {
    const Entity* made = find_entity(spec, effect.target);
    unique |= effect.kind == EffectKind::kCreate && made != nullptr && has_unique(*made);
  }
  if (unique) add(409, "not_unique");
  if (operation->kind == Kind::kDelete && is_referenced(spec, entity)) add(409, "referenced");
  if (sets_bounded_attribute(spec, *operation)) add(409, "out_of_range");
  return out;
}

void list_parameters(const Spec& spec, const Entity& entity, Endpoint& endpoint) {
  endpoint.sorts.push_back("id");
  const auto offer = [&](const std::string& name) {
    endpoint.filters.push_back(name);
    endpoint.sorts.push_back(name);
  };
  for (const Attribute& attribute : entity.attributes) {
    if (!attribute.derived && attribute.type != Type::kText) offer(attribute.id);
  }
  for (const Relation* relation : relations_of(spec, entity.id)) offer(relation->role + "_id");
  for (const Query& query : spec.queries) {
    if (query.kind != QueryKind::kSearch || query.on != entity.id || is_report(query)) continue;
    for (const std::string& path : query.by) {
      const Attribute* attribute = find_path(spec, entity, path);
      const bool known = std::find(endpoint.search.begin(), endpoint.search.end(), path) !=
                         endpoint.search.end();
      if (attribute != nullptr && !attribute->derived && is_searchable(attribute->type) && !known) {
        endpoint.search.push_back(path);
      }
    }
  }
}

Endpoint operation_endpoint(const Spec& spec, const Router& router, const Resource& resource,
                            const Operation& operation) {
  const Entity& entity = *resource.entity;
  Endpoint endpoint;
  endpoint.operation_id = operation.id;
  endpoint.operation = &operation;
  endpoint.entity = entity.id;
  endpoint.path = resource.path;
  endpoint.method = "POST";
  if (works_on_a_row(operation)) {
    endpoint.id_parameter = resource.snake + "_id";
    endpoint.path += "/{" + endpoint.id_parameter + "}";
  }
  const std::string segment = router.segment(operation);
  if (!segment.empty()) endpoint.path += "/" + segment;
  switch (operation.kind) {
    case Kind::kCreate:
    case Kind::kEventCreate: endpoint.success = 201; break;
    case Kind::kRead:
    case Kind::kList: endpoint.method = "GET"; break;
    case Kind::kUpdate: endpoint.method = is_standard(operation) ? "PATCH" : "POST"; break;
    case Kind::kDelete:
      endpoint.method = "DELETE";
      endpoint.success = 204;
      break;
    default: break;
  }
  if (endpoint.method == "POST" || endpoint.method == "PATCH") {
    for (const Input& input : operation.inputs) {
      endpoint.body.push_back(body_field(spec, operation, entity, input));
    }
  }
  if (operation.kind == Kind::kList) list_parameters(spec, entity, endpoint);
  endpoint.errors = errors_of(spec, endpoint, entity);
  return endpoint;
}

}  // namespace

bool is_report(const Query& query) {
  const bool parameter = query.kind == QueryKind::kSearch || query.kind == QueryKind::kFilter;
  return !parameter || query.where.has_value() || !query.group_by.empty() ||
         query.measure.has_value();
}

const Attribute* find_path(const Spec& spec, const Entity& entity, std::string_view path) {
  const Entity* at = &entity;
  while (at != nullptr) {
    const auto dot = path.find('.');
    if (dot == std::string_view::npos) return find_attribute(*at, path);
    const Relation* relation = find_relation(spec, at->id, path.substr(0, dot));
    if (relation == nullptr) return nullptr;
    at = find_entity(spec, relation->to);
    path.remove_prefix(dot + 1);
  }
  return nullptr;
}

std::string group_name(const Spec& spec, const Entity& entity, std::string_view group) {
  if (const auto colon = group.find(':'); colon != std::string_view::npos) {
    return std::string(group.substr(0, colon));
  }
  const Entity* at = &entity;
  std::string_view rest = group;
  for (auto dot = rest.find('.'); at != nullptr && dot != std::string_view::npos;
       dot = rest.find('.')) {
    const Relation* relation = find_relation(spec, at->id, rest.substr(0, dot));
    at = relation == nullptr ? nullptr : find_entity(spec, relation->to);
    rest.remove_prefix(dot + 1);
  }
  const bool reference = at != nullptr && find_relation(spec, at->id, rest) != nullptr;
  return text::replace_all(std::string(group), ".", "_") + (reference ? "_id" : "");
}

std::string measure_name(const Query& query) {
  if (!query.measure || query.measure->is_call("count")) return "count";
  return query.measure->is_call("avg") ? "average" : "sum";
}

Contract derive_contract(const Spec& spec) {
  Contract contract;
  contract.has_actors = !spec.actors.empty();
  for (const Entity& entity : spec.entities) {
    contract.resources.push_back(make_resource(spec, entity));
  }
  const Router router(spec);
  for (const Operation& operation : spec.operations) {
    const Resource* resource = find_resource(contract, operation.on);
    if (resource == nullptr) continue;
    contract.endpoints.push_back(operation_endpoint(spec, router, *resource, operation));
  }
  for (const Query& query : spec.queries) {
    const Entity* entity = find_entity(spec, query.on);
    if (!is_report(query) || entity == nullptr) continue;
    Endpoint endpoint;
    endpoint.operation_id = query.id;
    endpoint.query = &query;
    endpoint.method = "GET";
    endpoint.path = "/reports/" + query.id;
    endpoint.entity = query.on;
    endpoint.errors = errors_of(spec, endpoint, *entity);
    contract.endpoints.push_back(std::move(endpoint));
  }
  return contract;
}

const Endpoint* find_endpoint(const Contract& contract, std::string_view operation_id) {
  const auto it =
      std::find_if(contract.endpoints.begin(), contract.endpoints.end(),
                   [&](const Endpoint& endpoint) { return endpoint.operation_id == operation_id; });
  return it == contract.endpoints.end() ? nullptr : &*it;
}

const Resource* find_resource(const Contract& contract, std::string_view entity) {
  const auto it =
      std::find_if(contract.resources.begin(), contract.resources.end(),
                   [&](const Resource& resource) { return resource.entity->id == entity; });
  return it == contract.resources.end() ? nullptr : &*it;
}

}  // namespace cadre::spec
