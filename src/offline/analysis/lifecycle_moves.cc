// A record's states and moves in the model: found or made, one by one.
#include <algorithm>

#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {

std::string known_state(const spec::Lifecycle& cycle, std::string_view state) {
  const auto found = std::ranges::find_if(
      cycle.states, [&](const auto& known) { return same_state(known, state); });
  return found == cycle.states.end() ? std::string() : *found;
}

spec::Lifecycle& lifecycle_with(Draft& draft, const std::string& entity, const std::string& state,
                                spec::Origin origin) {
  auto& model = draft.entity(entity);
  if (!model.lifecycle) {
    spec::Lifecycle cycle;
    cycle.attribute = "status";
    if (const auto* known = draft.attribute(entity, "status");
        known != nullptr && !known->values.empty()) {
      cycle.states = known->values;
      cycle.initial = cycle.states.front();
    }
    model.lifecycle = cycle;
    auto& attribute = draft.add_attribute(entity, "status", origin);
    attribute.type = spec::Type::kEnum;
    attribute.required = true;
    attribute.values = cycle.states;
    if (attribute.origin.kind == spec::OriginKind::kStated && cycle.states.empty()) {
      attribute.origin.kind = spec::OriginKind::kImplied;
    }
  }
  auto& cycle = *draft.entity(entity).lifecycle;
  if (known_state(cycle, state).empty()) {
    if (cycle.states.empty() && !state_verb(state).empty() &&
        origin.pattern != "transitions.chain" && origin.pattern != "transitions.initial") {
      cycle.states.push_back(verb_class(state_verb(state)) == VerbClass::kTransition &&
                                     (state == "closed" || state == "resolved" ||
                                      state == "archived") ? "open" : "pending");
      if (state == "completed" || state == "finished") cycle.states.back() = "open";
    }
    cycle.states.push_back(state);
  }
  if (cycle.initial.empty()) cycle.initial = cycle.states.front();
  return cycle;
}

void add_transition(Draft& draft, const std::string& entity, const std::string& from,
                    const std::string& to, std::string_view verb, spec::Origin origin) {
  auto& cycle = *draft.entity(entity).lifecycle;
  const auto start = known_state(cycle, from);
  const auto end = known_state(cycle, to);
  if (start.empty() || end.empty() || start == end) return;
  std::string by(verb);
  if (by.empty()) by = state_verb(end);
  if (by.empty() || by == "do" || by == "be" || by == "have" || by == "go") {
    // Another move into the same state has a name already?
    by = "mark_" + plain_snake(end);
  }
  auto& made = draft.add_operation(spec::OperationKind::kTransition, entity, by, origin);
  for (const auto& known : cycle.transitions) {
    if (known.from == start && known.to == end) return;
    // One operation leads from one state to one state.
    if (known.from == start && known.by == made.id) return;
  }
  cycle.transitions.push_back({start, end, made.id, std::move(origin)});
}

}  // namespace cadre::offline::analysis
