// Small questions about a model that requirements and stories both ask.
#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "offline/product/requirements.h"
#include "offline/wording.h"

namespace cadre::offline::product {
namespace {

using spec::Effect;
using spec::EffectKind;
using spec::Operation;
using spec::Permission;
using spec::Spec;

bool mentions(const Json& value, std::string_view word, bool prefix) {
  if (value.is_string()) {
    const std::string_view text = json::as_view(value.get_string());
    return text == word || (prefix && text.starts_with(std::string(word) + "."));
  }
  if (value.is_array()) {
    return std::any_of(value.get_array().begin(), value.get_array().end(),
                       [&](const Json& item) { return mentions(item, word, prefix); });
  }
  if (!value.is_object()) return false;
  for (const auto& member : value.get_object()) {
    if (mentions(member.value(), word, prefix)) return true;
  }
  return false;
}

// "Loan.due_on" on the operation's entity -> "the loan's due on".
std::string target_text(const Spec& spec, const Operation& operation, const Effect& effect) {
  std::vector<std::string> steps = text::split(effect.target, '.');
  if (steps.size() < 2) return wording::words(effect.target);
  const std::string attribute = wording::words(steps.back());
  if (effect.where) {
    const wording::Voice voice{.spec = &spec,
                               .self = wording::entity_name(spec, operation.on),
                               .row = wording::entity_name(spec, steps[0])};
    const auto filter = wording::row_filter(voice, steps[0], &*effect.where);
    std::string rows = filter.adjective.empty() ? "" : filter.adjective + " ";
    rows += wording::entity_name(spec, steps[0]);
    if (!filter.owner.empty()) rows += " of the same " + wording::words(filter.owner);
    if (!filter.rest.empty()) rows += " " + filter.rest;
    return "the " + attribute + " of every " + rows;
  }
  const std::string owner = steps.size() == 2 ? wording::entity_name(spec, operation.on)
                                              : wording::words(steps[steps.size() - 2]);
  return "the " + owner + "'s " + attribute;
}

std::string effect_text(const Spec& spec, const Operation& operation, const Effect& effect) {
  const wording::Voice voice{
      .spec = &spec, .self = wording::entity_name(spec, operation.on), .row = "row"};
  switch (effect.kind) {
    case EffectKind::kCreate: {
      std::string out =
          "record " + wording::with_article(wording::entity_name(spec, effect.target));
      std::vector<std::string> values;
      for (const auto& [name, value] : effect.values) {
        values.push_back(wording::words(name) + " " + wording::value(voice, value));
      }
      return values.empty() ? out : out + " with " + text::join(values, ", ");
    }
    case EffectKind::kSet:
      return "set " + target_text(spec, operation, effect) + " to " +
             wording::value(voice, effect.value);
    case EffectKind::kInc:
      return "raise " + target_text(spec, operation, effect) + " by " +
             wording::value(voice, effect.value);
    case EffectKind::kDec:
      return "lower " + target_text(spec, operation, effect) + " by " +
             wording::value(voice, effect.value);
    case EffectKind::kDelete: return "delete " + wording::words(effect.target);
    case EffectKind::kEmit: return "note the event " + wording::words(effect.target);
  }
  return {};
}

std::string transition_text(const Spec& spec, const Operation& operation) {
  const spec::Entity* entity = spec::find_entity(spec, operation.on);
  if (entity == nullptr || !entity->lifecycle) return {};
  std::vector<std::string> moves;
  for (const spec::Transition& edge : entity->lifecycle->transitions) {
    if (edge.by != operation.id) continue;
    moves.push_back("from " + wording::words(edge.from) + " to " + wording::words(edge.to));
  }
  if (moves.empty()) return {};
  return "move the " + wording::entity_name(spec, operation.on) + "'s " +
         wording::words(entity->lifecycle->attribute) + " " + text::join(moves, " or ");
}

}  // namespace

bool is_denied(const Spec& spec, std::string_view actor, std::string_view operation) {
  bool allowed = false;
  for (const Permission& permission : spec.permissions) {
    if (permission.actor != actor || permission.operation != operation) continue;
    if (permission.allow) allowed = true;
    if (!permission.allow && !permission.rows) return true;
  }
  return !allowed;
}

std::string usual_actor(const Spec& spec, std::string_view operation) {
  std::string any, named;
  const Operation* found = spec::find_operation(spec, operation);
  for (const Permission& permission : spec.permissions) {
    if (!permission.allow || permission.operation != operation) continue;
    if (is_denied(spec, permission.actor, operation)) continue;
    if (permission.origin.kind == spec::OriginKind::kStated) return permission.actor;
    if (any.empty()) any = permission.actor;
    const spec::Actor* actor = spec::find_actor(spec, permission.actor);
    if (actor == nullptr || found == nullptr || !named.empty()) continue;
    // "Members borrow books": the actor that the sentence of the operation speaks of.
    for (const std::string& sentence : actor->origin.sentences) {
      const auto& said = found->origin.sentences;
      if (std::find(said.begin(), said.end(), sentence) != said.end()) named = actor->id;
    }
  }
  return named.empty() ? any : named;
}

std::string usual_person(const Spec& spec, const Operation& operation) {
  const std::string actor = usual_actor(spec, operation.id);
  return actor.empty() ? "user" : wording::actor_name(spec, actor);
}

std::string effects_text(const Spec& spec, const Operation& operation) {
  std::vector<std::string> parts;
  const std::string moves = transition_text(spec, operation);
  if (!moves.empty()) parts.push_back(moves);
  for (const Effect& effect : operation.effects) {
    parts.push_back(effect_text(spec, operation, effect));
  }
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += i + 1 == parts.size() ? " and " : ", ";
    out += parts[i];
  }
  return out;
}

bool concerns(const spec::Rule& rule, std::string_view entity) {
  return mentions(rule.params, entity, true);
}

bool concerns(const spec::Rule& rule, std::string_view entity, std::string_view attribute) {
  const std::string path = std::string(entity) + "." + std::string(attribute);
  return mentions(rule.params, path, false) ||
         (mentions(rule.params, entity, false) && mentions(rule.params, attribute, false));
}

bool documented_only(const spec::Rule& rule) {
  return !rule.enforced_in.empty() &&
         std::all_of(rule.enforced_in.begin(), rule.enforced_in.end(),
                     [](const std::string& place) { return place == "documented_only"; });
}

bool is_permission_rule(const spec::Rule& rule) {
  return rule.kind == "permission" || rule.kind == "ownership" || rule.kind == "field_permission";
}

}  // namespace cadre::offline::product
