#include <algorithm>

#include "offline/product/requirements.h"
#include "offline/product/story_parts.h"

namespace cadre::offline::product {
namespace {

bool holds(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

template <class Map>
std::string look_up(const Map& map, std::string_view key) {
  const auto at = map.find(key);
  return at == map.end() ? std::string() : at->second;
}

}  // namespace

StoryIndex::StoryIndex(const spec::Spec& spec, const std::vector<Requirement>& requirements)
    : spec_(spec), requirements_(requirements), contract_(spec::derive_contract(spec)) {
  // The first requirement that speaks of something is the one that introduces it.
  for (const Requirement& requirement : requirements) {
    for (const std::string& rule : requirement.rules) rules_.try_emplace(rule, requirement.id);
    if (!requirement.actor.empty() || requirement.ears == "unwanted") continue;
    for (const std::string& id : requirement.entities) {
      if (requirement.ears == "state") {
        lifecycles_.try_emplace(id, requirement.id);
      } else {
        entities_.try_emplace(id, requirement.id);
      }
    }
    if (requirement.ears == "state") continue;
    for (const std::string& id : requirement.operations)
      operations_.try_emplace(id, requirement.id);
  }
}

const Requirement* StoryIndex::find(std::string_view id) const {
  for (const Requirement& requirement : requirements_) {
    if (requirement.id == id) return &requirement;
  }
  return nullptr;
}

std::string StoryIndex::of_entity(std::string_view entity) const {
  std::string id = look_up(entities_, entity);
  return id.empty() && !requirements_.empty() ? requirements_.front().id : id;
}

std::string StoryIndex::of_operation(std::string_view operation) const {
  std::string id = look_up(operations_, operation);
  if (!id.empty()) return id;
  const spec::Operation* found = spec::find_operation(spec_, operation);
  return of_entity(found != nullptr ? found->on : std::string());
}

std::string StoryIndex::of_rule(std::string_view rule) const {
  std::string id = look_up(rules_, rule);
  return id.empty() ? of_entity("") : id;
}

std::string StoryIndex::of_guard(const spec::Operation& operation, const spec::Guard& guard) const {
  for (const Requirement& requirement : requirements_) {
    if (requirement.ears != "unwanted" || !holds(requirement.rules, guard.id)) continue;
    if (holds(requirement.operations, operation.id)) return requirement.id;
  }
  return of_operation(operation.id);
}

std::string StoryIndex::of_lifecycle(std::string_view entity) const {
  std::string id = look_up(lifecycles_, entity);
  return id.empty() ? of_entity(entity) : id;
}

std::string StoryIndex::of_grant(std::string_view actor, std::string_view operation) const {
  std::string any;
  for (const Requirement& requirement : requirements_) {
    if (requirement.actor != actor) continue;
    if (holds(requirement.operations, operation)) return requirement.id;
    if (any.empty()) any = requirement.id;
  }
  return any.empty() ? of_operation(operation) : any;
}

const spec::Rule* StoryIndex::attribute_rule(std::string_view entity, std::string_view attribute,
                                             const std::vector<std::string_view>& kinds) const {
  for (const spec::Rule& rule : spec_.rules) {
    if (std::find(kinds.begin(), kinds.end(), rule.kind) == kinds.end()) continue;
    if (concerns(rule, entity, attribute)) return &rule;
  }
  return nullptr;
}

const spec::Rule* StoryIndex::entity_rule(std::string_view entity,
                                          const std::vector<std::string_view>& kinds) const {
  for (const spec::Rule& rule : spec_.rules) {
    if (std::find(kinds.begin(), kinds.end(), rule.kind) == kinds.end()) continue;
    if (concerns(rule, entity)) return &rule;
  }
  return nullptr;
}

bool is_list_query(const spec::Query& query) { return !spec::is_report(query); }

}  // namespace cadre::offline::product
