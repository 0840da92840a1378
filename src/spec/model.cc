#include "spec/model.h"

#include <algorithm>

#include "base/text.h"

namespace cadre::spec {
namespace {

template <class T>
const T* find_id(const std::vector<T>& items, std::string_view id) {
  const auto it =
      std::find_if(items.begin(), items.end(), [&](const T& item) { return item.id == id; });
  return it == items.end() ? nullptr : &*it;
}

}  // namespace

const Entity* find_entity(const Spec& spec, std::string_view id) {
  return find_id(spec.entities, id);
}

const Attribute* find_attribute(const Entity& entity, std::string_view id) {
  return find_id(entity.attributes, id);
}

const Relation* find_relation(const Spec& spec, std::string_view from, std::string_view role) {
  const auto it =
      std::find_if(spec.relations.begin(), spec.relations.end(), [&](const Relation& relation) {
        return relation.cardinality != Cardinality::kManyToMany && relation.from == from &&
               relation.role == role;
      });
  return it == spec.relations.end() ? nullptr : &*it;
}

const Operation* find_operation(const Spec& spec, std::string_view id) {
  return find_id(spec.operations, id);
}

const Rule* find_rule(const Spec& spec, std::string_view id) { return find_id(spec.rules, id); }

const Actor* find_actor(const Spec& spec, std::string_view id) { return find_id(spec.actors, id); }

std::vector<const Relation*> relations_of(const Spec& spec, std::string_view entity) {
  std::vector<const Relation*> out;
  for (const Relation& relation : spec.relations) {
    if (relation.from == entity && relation.cardinality != Cardinality::kManyToMany) {
      out.push_back(&relation);
    }
  }
  return out;
}

bool is_standard(const Operation& operation) {
  const std::string snake = text::snake_case(operation.on);
  switch (operation.kind) {
    case OperationKind::kCreate: return operation.id == "create_" + snake;
    case OperationKind::kRead: return operation.id == "read_" + snake;
    case OperationKind::kUpdate: return operation.id == "update_" + snake;
    case OperationKind::kDelete: return operation.id == "delete_" + snake;
    case OperationKind::kList: return operation.id.starts_with("list_");
    default: return false;
  }
}

}  // namespace cadre::spec
