// Other values: of the request, and of the rows that it refers to.
#include "offline/qa/rule_finder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/qa/stepping.h"

namespace cadre::offline::qa {

using spec::Endpoint;
using spec::Field;

std::optional<RuleScenes> Search::vary(const Field& field, const std::string& whose,
                                       const std::function<Scene(const Json&)>& scene_of) const {
  std::optional<Json> bad, good;
  for (const Json& value : candidates(field)) {
    Scene trial = scene_of(value);
    if (!trial.ok()) continue;
    if (hit(trial.answer()) && !bad) bad = value;
    if (trial.answer().ok() && !good) good = value;
  }
  if (!bad) return std::nullopt;
  Scene refused = scene_of(*bad);
  if (!good) return finish(std::move(refused), fmt::format("{} {}.", whose, text_of(*bad)), {}, {});
  auto low = to_number(field, *good);
  auto high = to_number(field, *bad);
  std::int64_t unit = unit_of(field);
  while (low && high && std::abs(*high - *low) > unit) {
    std::int64_t middle = *low + (*high - *low) / 2 / unit * unit;
    if (middle == *low) middle += *high > *low ? unit : -unit;
    Scene trial = scene_of(to_value(field, middle));
    if (trial.ok() && trial.answer().ok())
      low = middle;
    else if (trial.ok() && hit(trial.answer()))
      high = middle;
    else
      break;
  }
  Json best_bad = high ? to_value(field, *high) : *bad;
  Json best_good = low ? to_value(field, *low) : *good;
  return finish(scene_of(best_bad), fmt::format("{} {}.", whose, text_of(best_bad)),
                scene_of(best_good), fmt::format("{} {}.", whose, text_of(best_good)));
}

std::vector<Json> Search::candidates(const Field& field) const {
  std::vector<Json> out;
  for (const Gen& gen : other_gens(context_.spec, field)) {
    if (gen.kind == Gen::Kind::kLiteral) out.push_back(gen.value);
  }
  if (field.nullable) out.emplace_back(nullptr);
  return out;
}

std::string Search::text_of(const Json& value) {
  return value.is_string() ? std::string(json::as_view(value.get_string())) : json::write(value);
}

std::optional<RuleScenes> Search::by_field() const {
  for (const Field& field : endpoint_.body) {
    if (!field.ref.empty()) continue;
    auto scene_of = [&](const Json& value) { return request({{field.name, Value::of(value)}}); };
    if (auto found = vary(field, field.name, scene_of)) return found;
  }
  // Two fields: one fixed at each of its values, the other varied.
  for (const Field& first : endpoint_.body) {
    if (!first.ref.empty()) continue;
    for (const Json& fixed : candidates(first)) {
      for (const Field& second : endpoint_.body) {
        if (!second.ref.empty() || second.name == first.name) continue;
        auto scene_of = [&](const Json& value) {
          return request({{first.name, Value::of(fixed)}, {second.name, Value::of(value)}});
        };
        std::string whose = fmt::format("{} {} and {}", first.name, text_of(fixed), second.name);
        if (auto found = vary(second, whose, scene_of)) return found;
      }
    }
  }
  return std::nullopt;
}

std::optional<RuleScenes> Search::by_reference() const {
  for (const Field& field : endpoint_.body) {
    if (field.ref.empty() || !context_.recipes.creates.contains(field.ref)) continue;
    if (auto found = reference_fields(field)) return found;
    if (auto found = reference_states(field)) return found;
    if (auto found = reference_actions(field)) return found;
  }
  return same_reference();
}

std::optional<RuleScenes> Search::reference_fields(const Field& field) const {
  const Recipe& create = context_.recipes.creates.at(field.ref);
  for (const Field& inner : create.endpoint->body) {
    if (!inner.ref.empty()) continue;
    auto scene_of = [&](const Json& value) {
      Scene scene(context_);
      std::string other = scene.make(field.ref, {{inner.name, Value::of(value)}});
      finish_request(scene, {{field.name, Value::row(other)}});
      return scene;
    };
    std::string whose = fmt::format("{} has {}", text::snake_case(field.ref), inner.name);
    if (auto found = vary(inner, whose, scene_of)) return found;
  }
  return std::nullopt;
}

void Search::finish_request(Scene& scene, const Given& given) const {
  std::string row, body;
  if (has_row(endpoint_)) row = scene.ready(id_);
  if (endpoint_.method != "PATCH" && !endpoint_.body.empty()) body = scene.body(id_, given);
  std::vector<std::pair<std::string, Value>> fields;
  if (endpoint_.method == "PATCH") fields = patch_fields(given);
  scene.call(id_, row, body, fields);
}

std::optional<RuleScenes> Search::reference_states(const Field& field) const {
  auto ways = context_.recipes.ways.find(field.ref);
  if (ways == context_.recipes.ways.end()) return std::nullopt;
  std::optional<Scene> refused, accepted;
  std::string bad, good;
  for (const auto& [state, way] : ways->second) {
    Scene scene(context_);
    std::string other = scene.make(field.ref, {}, way.empty() ? "" : state);
    finish_request(scene, {{field.name, Value::row(other)}});
    if (!scene.ok()) continue;
    if (hit(scene.answer()) && !refused) {
      refused = scene;
      bad = state;
    } else if (scene.answer().ok() && !accepted) {
      accepted = scene;
      good = state;
    }
  }
  if (!refused) return std::nullopt;
  std::string noun = text::snake_case(field.ref);
  return finish(std::move(*refused), fmt::format("the {} is {}.", noun, bad), std::move(accepted),
                fmt::format("the {} is {}.", noun, good));
}

std::optional<RuleScenes> Search::reference_actions(const Field& field) const {
  for (const Endpoint& action : context_.contract.endpoints) {
    if (action.entity != field.ref || !is_action(action) ||
        !context_.recipes.operations.contains(action.operation_id)) {
      continue;
    }
    Scene scene(context_);
    std::string other = scene.ready(action.operation_id);
    Scene before = scene;
    scene.act(action.operation_id, other);
    finish_request(scene, {{field.name, Value::row(other)}});
    finish_request(before, {{field.name, Value::row(other)}});
    if (!scene.ok() || !hit(scene.answer())) continue;
    return finish(std::move(scene), fmt::format("after {}.", action.operation_id),
                  std::move(before), fmt::format("before {}.", action.operation_id));
  }
  return std::nullopt;
}

std::optional<RuleScenes> Search::same_reference() const {
  for (const Field& first : endpoint_.body) {
    for (const Field& second : endpoint_.body) {
      if (first.ref.empty() || first.ref != second.ref || first.name >= second.name) continue;
      Scene scene(context_);
      std::string row = scene.make(first.ref);
      finish_request(scene, {{first.name, Value::row(row)}, {second.name, Value::row(row)}});
      if (!scene.ok() || !hit(scene.answer())) continue;
      return finish(std::move(scene),
                    fmt::format("{} and {} are the same row.", first.name, second.name),
                    request({}), "they are two rows.");
    }
  }
  return std::nullopt;
}

}  // namespace cadre::offline::qa
