// What happened before: to the row itself, to other rows, by the clock, by whom.
#include "offline/qa/rule_finder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/qa/stepping.h"

namespace cadre::offline::qa {

using spec::Endpoint;
using spec::Field;

namespace {

constexpr int kRepeatMax = 12;

}  // namespace

std::optional<RuleScenes> Search::by_repeated_action() const {
  Scene scene(context_);
  std::string row = scene.ready(id_);
  for (int times = 0; times < kRepeatMax && scene.ok(); ++times) {
    Scene trial = scene;
    std::string body = endpoint_.body.empty() || !is_action(endpoint_) ? "" : trial.body(id_);
    trial.call(id_, row, body);
    if (hit(trial.answer()) && times > 0) {
      return finish(std::move(trial), fmt::format("it was done {} times already.", times),
                    request({}), "the first time.");
    }
    if (!trial.answer().ok() || !is_action(endpoint_)) return std::nullopt;
    scene.act(id_, row);
  }
  return std::nullopt;
}

std::optional<RuleScenes> Search::by_other_rows() const {
  auto create = context_.recipes.creates.find(endpoint_.entity);
  if (create == context_.recipes.creates.end() || !is_action(endpoint_)) return std::nullopt;
  for (const Field& field : create->second.endpoint->body) {
    if (field.ref.empty() || !context_.recipes.creates.contains(field.ref)) continue;
    auto scene_of = [&](int times) {
      Scene scene(context_);
      Given given = {{field.name, Value::row(scene.make(field.ref))}};
      scene.act_many(times, id_, given);
      std::string row = scene.ready(id_, given);
      std::string body = endpoint_.body.empty() ? "" : scene.body(id_);
      scene.call(id_, row, body);
      return scene;
    };
    for (int times = 1; times <= kRepeatMax; ++times) {
      Scene scene = scene_of(times);
      if (!scene.ok()) break;
      if (!hit(scene.answer())) continue;
      return finish(std::move(scene), fmt::format("after {} with the same {}.", times, field.name),
                    scene_of(times - 1), fmt::format("number {} of {}.", times, times));
    }
  }
  return std::nullopt;
}

std::optional<RuleScenes> Search::by_empty_reference() const {
  auto create = context_.recipes.creates.find(endpoint_.entity);
  if (create == context_.recipes.creates.end()) return std::nullopt;
  for (const Field& field : create->second.endpoint->body) {
    if (field.ref.empty()) continue;
    if (!field.required) {
      Scene scene = request({}, {{field.name, Value::of(nullptr)}});
      if (scene.ok() && hit(scene.answer())) {
        return finish(std::move(scene), fmt::format("{} is empty.", field.name), request({}),
                      fmt::format("{} is set.", field.name));
      }
    }
  }
  if (recipe_->links.empty()) return std::nullopt;
  Scene scene(context_);
  Given given;
  for (const auto& [name, entity] : recipe_->fill) given[name] = Value::row(scene.make(entity));
  std::string row = scene.make(endpoint_.entity, given, recipe_->state);
  std::string body = endpoint_.body.empty() || !is_action(endpoint_) ? "" : scene.body(id_);
  scene.call(id_, row, body);
  std::string what = "without a " + text::snake_case(recipe_->links.front().entity) + ".";
  return finish(std::move(scene), what, request({}), "with one.");
}

std::optional<RuleScenes> Search::by_row() const {
  auto create = context_.recipes.creates.find(endpoint_.entity);
  if (create == context_.recipes.creates.end()) return std::nullopt;
  for (const Field& field : create->second.endpoint->body) {
    if (!field.ref.empty()) continue;
    auto scene_of = [&](const Json& value) {
      return request({}, {{field.name, Value::of(value)}});
    };
    if (auto found = vary(field, "its " + field.name + " is", scene_of)) return found;
  }
  for (const Field& field : create->second.endpoint->body) {
    if (field.ref.empty() || !context_.recipes.creates.contains(field.ref)) continue;
    for (const Field& inner : context_.recipes.creates.at(field.ref).endpoint->body) {
      if (!inner.ref.empty()) continue;
      auto scene_of = [&](const Json& value) {
        Scene scene(context_);
        std::string other = scene.make(field.ref, {{inner.name, Value::of(value)}});
        std::string row = scene.ready(id_, {{field.name, Value::row(other)}});
        std::string body = endpoint_.body.empty() || !is_action(endpoint_) ? "" : scene.body(id_);
        scene.call(id_, row, body);
        return scene;
      };
      std::string whose = fmt::format("{} has {}", text::snake_case(field.ref), inner.name);
      if (auto found = vary(inner, whose, scene_of)) return found;
    }
  }
  return std::nullopt;
}

std::optional<RuleScenes> Search::by_history() const {
  Scene plain(context_);
  std::string new_row = plain.make(endpoint_.entity);
  std::string no_body = endpoint_.body.empty() || !is_action(endpoint_) ? "" : plain.body(id_);
  plain.call(id_, new_row, no_body);
  if (plain.ok() && hit(plain.answer())) {
    return finish(std::move(plain), "the row is as it was made.", request({}), "when it is ready.");
  }
  for (const spec::Relation& relation : context_.spec.relations) {
    if (relation.to != endpoint_.entity || !context_.recipes.creates.contains(relation.from))
      continue;
    if (auto found = by_child(relation)) return found;
  }
  for (const Endpoint& action : context_.contract.endpoints) {
    if (action.entity != endpoint_.entity || action.operation_id == id_ || !is_action(action) ||
        !context_.recipes.operations.contains(action.operation_id)) {
      continue;
    }
    auto before = [&](Scene& scene, const std::string& row) {
      scene.act(action.operation_id, row);
    };
    Scene refused = request({}, {}, 0, before);
    if (refused.ok() && hit(refused.answer())) {
      return finish(std::move(refused), fmt::format("after {}.", action.operation_id), request({}),
                    fmt::format("before {}.", action.operation_id));
    }
  }
  return by_state();
}

std::optional<RuleScenes> Search::by_child(const spec::Relation& relation) const {
  std::vector<std::string> states = {""};
  auto ways = context_.recipes.ways.find(relation.from);
  if (ways != context_.recipes.ways.end()) {
    for (const auto& [state, way] : ways->second) {
      if (!way.empty()) states.push_back(state);
    }
  }
  std::optional<Scene> refused, accepted;
  std::string bad, good;
  for (const std::string& state : states) {
    auto before = [&](Scene& scene, const std::string& row) {
      scene.make(relation.from, {{relation.role + "_id", Value::row(row)}}, state);
    };
    Scene scene = request({}, {}, 0, before);
    if (!scene.ok()) continue;
    std::string noun = text::snake_case(relation.from) + (state.empty() ? "" : " that is " + state);
    if (hit(scene.answer()) && !refused) {
      refused = scene;
      bad = noun;
    } else if (scene.answer().ok() && !accepted) {
      accepted = scene;
      good = noun;
    }
  }
  if (!refused) return std::nullopt;
  if (!accepted) {
    accepted = request({});
    good = "nothing";
  }
  return finish(std::move(*refused), fmt::format("it has a {}.", bad), std::move(accepted),
                fmt::format("it has {}.", good));
}

std::optional<RuleScenes> Search::by_state() const {
  auto ways = context_.recipes.ways.find(endpoint_.entity);
  if (ways == context_.recipes.ways.end()) return std::nullopt;
  for (const auto& [state, way] : ways->second) {
    Scene scene(context_);
    std::string row = scene.make(endpoint_.entity, {}, way.empty() ? "" : state);
    std::string body = endpoint_.body.empty() || !is_action(endpoint_) ? "" : scene.body(id_);
    std::vector<std::pair<std::string, Value>> fields;
    if (endpoint_.method == "PATCH") fields = patch_fields({});
    scene.call(id_, row, body, fields);
    if (scene.ok() && hit(scene.answer())) {
      return finish(std::move(scene), fmt::format("it is {}.", state), request({}),
                    "when it is ready.");
    }
  }
  return std::nullopt;
}

std::optional<RuleScenes> Search::by_clock() const {
  auto outcome = [this](std::int64_t wait) { return request({}, {}, wait); };
  for (std::int64_t wait :
       {3600L, 6L * 3600, kDay, 2 * kDay, 8 * kDay, 15 * kDay, 31 * kDay, 100 * kDay, 400 * kDay}) {
    Scene scene = outcome(wait);
    if (!scene.ok() || !hit(scene.answer())) continue;
    Scene now = outcome(0);
    std::int64_t low = 0, high = wait;
    if (!now.ok() || !now.answer().ok()) {
      return finish(std::move(scene), fmt::format("{} hours later.", wait / 3600), {}, {});
    }
    while (high - low > 1) {
      std::int64_t middle = low + (high - low) / 2;
      Scene trial = outcome(middle);
      if (trial.ok() && trial.answer().ok())
        low = middle;
      else if (trial.ok() && hit(trial.answer()))
        high = middle;
      else
        break;
    }
    return finish(outcome(high), "one second too late.", outcome(low), "at the last second.");
  }
  return std::nullopt;
}

std::optional<RuleScenes> Search::by_own_row() const {
  for (const spec::Actor& actor : context_.spec.actors) {
    for (const spec::Relation* relation : relations_of(context_.spec, endpoint_.entity)) {
      if (actor.entity.empty() || relation->to != actor.entity || !has_row(endpoint_) ||
          !context_.recipes.creates.contains(actor.entity)) {
        continue;
      }
      Scene scene(context_);
      std::string person = scene.make(actor.entity);
      std::string row = scene.ready(id_, {{relation->role + "_id", Value::row(person)}});
      std::string body = endpoint_.body.empty() || !is_action(endpoint_) ? "" : scene.body(id_);
      scene.call_as({.role = actor.id, .subject = Value::row(person)}, id_, row, body);
      if (scene.ok() && hit(scene.answer())) {
        return finish(std::move(scene), fmt::format("for its own {}.", relation->role), request({}),
                      "for somebody else.");
      }
    }
  }
  return std::nullopt;
}

std::optional<RuleScenes> Search::by_actor() const {
  if (auto found = by_own_row()) return found;
  for (const spec::Actor& actor : context_.spec.actors) {
    Scene scene(context_);
    std::string row, body;
    if (has_row(endpoint_)) row = scene.ready(id_);
    if (!endpoint_.body.empty() && endpoint_.method != "PATCH") body = scene.body(id_);
    Token token{.role = actor.id, .subject = Value::of(nullptr)};
    if (!actor.entity.empty()) {
      if (!context_.recipes.creates.contains(actor.entity)) continue;
      token.subject = Value::row(scene.make(actor.entity));
    }
    scene.call_as(token, id_, row, body);
    if (scene.ok() && hit(scene.answer())) {
      return finish(std::move(scene), fmt::format("for the actor {}.", actor.id), request({}),
                    "for another actor.");
    }
  }
  return std::nullopt;
}

}  // namespace cadre::offline::qa
