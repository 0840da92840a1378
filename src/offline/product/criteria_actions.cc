// Criteria of actions: effects, guards at their boundary, transitions, who may do what.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "offline/markup.h"
#include "offline/product/cases.h"
#include "offline/product/requirements.h"
#include "offline/product/rule_match.h"
#include "offline/product/story_parts.h"
#include "offline/wording.h"

namespace cadre::offline::product {
namespace {

using spec::Operation;
using spec::Spec;

std::string joined(const std::vector<std::string>& parts, std::string_view last) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += i + 1 == parts.size() ? " " + std::string(last) + " " : ", ";
    out += parts[i];
  }
  return out;
}

bool share(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& item) {
    return std::find(b.begin(), b.end(), item) != b.end();
  });
}

std::string refusal(int status, std::string_view code) {
  return "the service refuses with " + std::to_string(status) + " " + std::string(code);
}

std::string request(const Spec& spec, const Operation& operation) {
  return wording::with_article(usual_person(spec, operation)) + " " +
         wording::action_of(spec, operation);
}

Criterion make(const StoryIndex& index, const Operation& operation, std::string kind) {
  Criterion criterion;
  criterion.operation = operation.id;
  criterion.requirement = index.of_operation(operation.id);
  criterion.kind = std::move(kind);
  return criterion;
}

// Rules that an operation keeps by what it does, not by what it refuses.
bool is_effect_rule(const spec::Rule& rule) {
  static constexpr std::array<std::string_view, 8> kKinds{
      "deadline", "effect", "trigger", "flag", "schedule", "notify", "fee", "sequence"};
  return std::find(kKinds.begin(), kKinds.end(), rule.kind) != kKinds.end();
}

bool is_guard_rule(const Spec& spec, const std::string& rule) {
  for (const Operation& operation : spec.operations) {
    for (const spec::Guard& guard : operation.guards) {
      if (guard.id == rule) return true;
    }
  }
  return false;
}

std::string situation(const Spec& spec, const Operation& operation) {
  const std::string name = wording::entity_name(spec, operation.on);
  switch (operation.kind) {
    case spec::OperationKind::kCreate:
    case spec::OperationKind::kEventCreate: {
      std::vector<std::string> needed;
      for (const spec::Input& input : operation.inputs) {
        if (!input.ref.empty()) needed.push_back(wording::with_article(wording::words(input.id)));
      }
      return needed.empty() ? "that no rule is against it" : joined(needed, "and") + " on record";
    }
    case spec::OperationKind::kScheduled:
    case spec::OperationKind::kBulk:
      return wording::entity_plural(spec, operation.on) + " of which some match and some do not";
    default: return wording::with_article(name) + " on record, and that no rule is against it";
  }
}

std::string outcome(const Spec& spec, const Operation& operation) {
  const std::string effects = effects_text(spec, operation);
  const std::string status = operation.kind == spec::OperationKind::kCreate ||
                                     operation.kind == spec::OperationKind::kEventCreate
                                 ? "201"
                                 : "200";
  std::string out = "the service answers " + status;
  if (!effects.empty()) out += " and must " + effects;
  return out;
}

}  // namespace

void action_criteria(const StoryIndex& index, const Operation& operation,
                     std::vector<Criterion>& out) {
  const Spec& spec = index.spec();
  Criterion done = make(index, operation, "operation");
  done.given = situation(spec, operation);
  done.when = operation.kind == spec::OperationKind::kScheduled
                  ? "the schedule asks to " + wording::action(spec, operation)
                  : request(spec, operation);
  done.then = outcome(spec, operation);
  // A transition without effects is all said by its transition criteria.
  if (operation.kind != spec::OperationKind::kTransition || !operation.effects.empty()) {
    out.push_back(done);
  }
  for (const spec::Rule& rule : spec.rules) {
    if (!is_effect_rule(rule) || is_guard_rule(spec, rule.id)) continue;
    const bool here = std::any_of(operation.effects.begin(), operation.effects.end(),
                                  [&](const spec::Effect& effect) {
                                    return share(effect.origin.sentences, rule.origin.sentences);
                                  });
    if (!here) continue;
    Criterion criterion = done;
    criterion.kind = "rule";
    criterion.rule = rule.id;
    criterion.requirement = index.of_rule(rule.id);
    Operation only = operation;
    std::erase_if(only.effects, [&](const spec::Effect& effect) {
      return !share(effect.origin.sentences, rule.origin.sentences);
    });
    criterion.then = "the service must " + effects_text(spec, only);
    out.push_back(std::move(criterion));
  }
}

void input_criteria(const StoryIndex& index, const Operation& operation,
                    std::vector<Criterion>& out) {
  const spec::Endpoint* endpoint = spec::find_endpoint(index.contract(), operation.id);
  // What a new record needs is said with the records.
  if (endpoint == nullptr || operation.kind == spec::OperationKind::kEventCreate) return;
  for (const spec::Field& field : endpoint->body) {
    if (!field.required) continue;
    const spec::Rule* rule = nullptr;
    for (const spec::Rule& known : index.spec().rules) {
      const bool kind = known.kind == "required_when" || known.kind == "required";
      const bool same = json::get_string(known.params, "when") == operation.verb ||
                        concerns(known, operation.on, field.name);
      if (kind && same && rule == nullptr) rule = &known;
    }
    Criterion criterion = make(index, operation, "validation");
    if (rule != nullptr) {
      criterion.rule = rule->id;
      criterion.requirement = index.of_rule(rule->id);
    }
    criterion.given = "an otherwise correct request";
    criterion.when =
        request(index.spec(), operation) + " without the " + wording::words(field.name);
    criterion.then = refusal(422, "invalid") + ", naming " + field.name;
    out.push_back(std::move(criterion));
  }
}

void guard_criteria(const StoryIndex& index, const Operation& operation,
                    std::vector<Criterion>& out) {
  for (const spec::Guard& guard : operation.guards) {
    const GuardCases cases = guard_cases(index.spec(), operation, guard);
    Criterion refused = make(index, operation, "rule");
    refused.requirement = index.of_guard(operation, guard);
    refused.rule = guard.id;
    refused.given = cases.refused.given;
    refused.when = cases.refused.when;
    refused.then = refusal(guard.status, guard.error);
    out.push_back(refused);
    if (!cases.accepted) continue;
    Criterion accepted = std::move(refused);
    accepted.given = cases.accepted->given;
    accepted.when = cases.accepted->when;
    accepted.then = "the service does not refuse it for " + guard.error;
    out.push_back(std::move(accepted));
  }
}

void transition_criteria(const StoryIndex& index, const Operation& operation,
                         std::vector<Criterion>& out) {
  const Spec& spec = index.spec();
  const spec::Entity* entity = spec::find_entity(spec, operation.on);
  if (entity == nullptr || !entity->lifecycle) return;
  const spec::Lifecycle& cycle = *entity->lifecycle;
  const std::string name = wording::words(entity->name);
  const std::string attribute = wording::words(cycle.attribute);
  std::vector<std::string> from;
  std::string target;
  const auto base = [&](std::string_view start, std::string_view end) {
    Criterion criterion = make(index, operation, "transition");
    criterion.requirement = index.of_lifecycle(entity->id);
    const spec::Rule* rule = transition_rule(spec, *entity, start, end);
    if (rule != nullptr) criterion.rule = rule->id;
    criterion.when = request(spec, operation);
    return criterion;
  };
  for (const spec::Transition& edge : cycle.transitions) {
    if (edge.by != operation.id) continue;
    from.push_back(edge.from);
    target = edge.to;
    Criterion criterion = base(edge.from, edge.to);
    criterion.given =
        wording::with_article(name) + " whose " + attribute + " is " + wording::words(edge.from);
    if (operation.kind == spec::OperationKind::kTransition) {
      criterion.requirement = index.of_operation(operation.id);
    }
    criterion.then = "its " + attribute + " is " + wording::words(edge.to);
    out.push_back(std::move(criterion));
  }
  std::vector<std::string> others;
  for (const std::string& state : cycle.states) {
    if (std::find(from.begin(), from.end(), state) == from.end()) {
      others.push_back(wording::words(state));
    }
  }
  if (from.empty() || others.empty()) return;
  Criterion criterion = base(from.front(), target);
  criterion.given =
      wording::with_article(name) + " whose " + attribute + " is " + joined(others, "or");
  criterion.then = refusal(409, "invalid_transition");
  out.push_back(std::move(criterion));
}

namespace {

void permission_case(const StoryIndex& index, const spec::Actor& actor, const std::string& id,
                     const std::string& entity, const std::string& action,
                     std::vector<Criterion>& out) {
  const Spec& spec = index.spec();
  Criterion criterion;
  criterion.kind = "permission";
  criterion.actor = actor.id;
  criterion.operation = id;
  criterion.requirement = index.of_grant(actor.id, id);
  const bool denied = is_denied(spec, actor.id, id);
  const Operation* called = spec::find_operation(spec, id);
  const spec::Rule* rule =
      called == nullptr ? nullptr : permission_rule(spec, actor.id, *called, denied);
  if (rule != nullptr) criterion.rule = rule->id;
  if (rule != nullptr && denied) criterion.requirement = index.of_rule(rule->id);
  const std::string who = "a signed-in " + wording::actor_name(spec, actor.id);
  criterion.given = who;
  criterion.when = "they " + action;
  if (denied) {
    criterion.then = refusal(403, "forbidden");
    out.push_back(std::move(criterion));
    return;
  }
  const wording::Voice voice{.spec = &spec,
                             .self = entity.empty() ? "record" : wording::entity_name(spec, entity),
                             .row = "row"};
  std::vector<const spec::Permission*> limits;
  bool everything = false;
  for (const spec::Permission& permission : spec.permissions) {
    if (permission.actor != actor.id || permission.operation != id) continue;
    if (permission.rows) limits.push_back(&permission);
    if (permission.allow && !permission.rows) everything = true;
  }
  if (everything) std::erase_if(limits, [](const spec::Permission* p) { return p->allow; });
  if (limits.empty()) {
    criterion.then = "the service lets them";
    out.push_back(std::move(criterion));
    return;
  }
  std::vector<std::string> fine, not_fine;
  for (const spec::Permission* limit : limits) {
    fine.push_back(wording::condition(voice, *limit->rows, !limit->allow));
    not_fine.push_back(wording::condition(voice, *limit->rows, limit->allow));
  }
  Criterion refused = criterion;
  criterion.given = who + ", and that " + joined(fine, everything ? "and" : "or");
  criterion.then = "the service lets them";
  out.push_back(std::move(criterion));
  const bool list = called != nullptr && called->kind == spec::OperationKind::kList;
  refused.given = who + ", and that " + joined(not_fine, everything ? "or" : "and");
  refused.then = list ? "the list leaves it out" : refusal(403, "forbidden");
  out.push_back(std::move(refused));
}

}  // namespace

void permission_criteria(const StoryIndex& index, const spec::Actor& actor,
                         std::vector<Criterion>& out) {
  const Spec& spec = index.spec();
  if (!spec.actors.empty() && spec.actors.front().id == actor.id) {
    Criterion criterion;
    criterion.kind = "permission";
    criterion.given = "nobody signed in";
    criterion.when = "an operation is called without a token";
    if (!spec.operations.empty()) criterion.operation = spec.operations.front().id;
    criterion.then = refusal(401, "unauthorized");
    criterion.requirement = index.of_grant(actor.id, "");
    out.push_back(std::move(criterion));
  }
  for (const Operation& operation : spec.operations) {
    permission_case(index, actor, operation.id, operation.on, wording::action(spec, operation),
                    out);
  }
  for (const spec::Query& query : spec.queries) {
    if (is_list_query(query)) continue;
    permission_case(index, actor, query.id, query.on, "see the report " + wording::words(query.id),
                    out);
  }
}

Criterion rule_criterion(const StoryIndex& index, const spec::Rule& rule) {
  Criterion criterion;
  criterion.kind = "rule";
  criterion.rule = rule.id;
  criterion.requirement = index.of_rule(rule.id);
  const Requirement* requirement = index.find(criterion.requirement);
  criterion.given = "records to which this rule applies";
  criterion.when = "the service works on them";
  std::string text = markup::one_line(rule.canonical.empty() ? rule.text : rule.canonical);
  while (text.ends_with('.')) text.pop_back();
  criterion.then = text.empty() ? "rule " + rule.id + " holds" : "this holds: " + text;
  if (requirement != nullptr) {
    for (const std::string& id : requirement->operations) {
      if (spec::find_operation(index.spec(), id) != nullptr) {
        criterion.operation = id;
        break;
      }
    }
  }
  if (criterion.operation.empty()) {
    const Operation* operation = operation_for(index.spec(), rule);
    if (operation != nullptr) criterion.operation = operation->id;
  }
  return criterion;
}

}  // namespace cadre::offline::product
