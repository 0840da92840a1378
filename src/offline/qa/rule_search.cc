#include "offline/qa/rule_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "offline/qa/stepping.h"

namespace cadre::offline::qa {
namespace {

using spec::Endpoint;
using spec::Field;

constexpr int kRepeatMax = 12;

std::int64_t power_of_ten(int scale) {
  std::int64_t out = 1;
  for (int i = 0; i < scale; ++i) out *= 10;
  return out;
}

class Search {
 public:
  Search(const Context& context, const Endpoint& endpoint, const spec::Guard& guard)
      : context_(context), endpoint_(endpoint), guard_(guard), id_(endpoint.operation_id) {}

  std::optional<RuleScenes> run() {
    auto recipe = context_.recipes.operations.find(id_);
    if (recipe == context_.recipes.operations.end()) return std::nullopt;
    recipe_ = &recipe->second;
    if (makes_row(endpoint_)) {
      if (auto found = by_repetition()) return found;
    }
    if (auto found = by_field()) return found;
    if (auto found = by_reference()) return found;
    if (!makes_row(endpoint_) && has_row(endpoint_)) {
      if (auto found = by_repeated_action()) return found;
      if (auto found = by_other_rows()) return found;
      if (auto found = by_row()) return found;
      if (auto found = by_empty_reference()) return found;
      if (auto found = by_history()) return found;
    }
    if (auto found = by_clock()) return found;
    return by_actor();
  }

 private:
  bool hit(const Answer& answer) const { return !answer.ok() && answer.rule == guard_.id; }

  // The request as the recipe has it, with the fields of `given` in body or row.
  Scene request(const Given& body_given, const Given& row_given = {}, std::int64_t wait = 0,
                const std::function<void(Scene&, const std::string&)>& before = {}) const {
    Scene scene(context_);
    std::string row, body;
    if (has_row(endpoint_)) row = scene.ready(id_, row_given);
    if (before) before(scene, row);
    if (makes_row(endpoint_) || is_action(endpoint_)) {
      if (!endpoint_.body.empty()) body = scene.body(id_, body_given);
    }
    if (wait != 0) scene.clock(wait);
    std::vector<std::pair<std::string, Value>> fields;
    if (endpoint_.method == "PATCH") fields = patch_fields(body_given);
    scene.call(id_, row, body, fields);
    return scene;
  }

  // What an update sends: the fields given, else those of the recipe.
  std::vector<std::pair<std::string, Value>> patch_fields(const Given& given) const {
    std::vector<std::pair<std::string, Value>> fields(given.begin(), given.end());
    if (!fields.empty()) return fields;
    for (const auto& [name, gen] : recipe_->body) {
      if (gen.kind != Gen::Kind::kRow) fields.emplace_back(name, Value::of(evaluate(gen, 9)));
    }
    return fields;
  }

  std::optional<RuleScenes> finish(Scene refused, std::string what, std::optional<Scene> accepted,
                                   std::string boundary) const {
    if (!refused.ok() || !hit(refused.answer())) return std::nullopt;
    refused.expect_problem();
    if (accepted && accepted->ok() && accepted->answer().ok()) {
      accepted->expect_answer();
    } else {
      accepted.reset();
    }
    return RuleScenes{.refused = std::move(refused), .what = std::move(what),
                      .accepted = std::move(accepted), .boundary = std::move(boundary),
                      .again = {}, .after = {}};
  }

  // --- the same request again and again -----------------------------------------------------

  // Which references the requests share: none (only the fields), each alone, all.
  std::vector<std::vector<std::string>> shared_sets() const {
    std::vector<std::string> refs;
    for (const auto& [name, gen] : recipe_->body) {
      if (gen.kind == Gen::Kind::kRow) refs.push_back(name);
    }
    std::vector<std::vector<std::string>> out;
    for (const std::string& ref : refs) out.push_back({ref});
    if (refs.size() > 1) out.push_back(refs);
    for (const Field& field : endpoint_.body) {
      bool known = std::find(refs.begin(), refs.end(), field.name) != refs.end();
      if (!field.ref.empty() && !known && context_.recipes.creates.contains(field.ref)) {
        out.push_back({field.name});
      }
    }
    return out;
  }

  // Rows for the shared references; numbers of theirs are made small, so that limits are near.
  std::vector<std::map<std::string, Json>> row_variants(const std::string& entity) const {
    std::vector<std::map<std::string, Json>> out = {{}};
    auto create = context_.recipes.creates.find(entity);
    if (create == context_.recipes.creates.end()) return out;
    for (const Field& field : create->second.endpoint->body) {
      int scale = scale_of(field);
      bool amount = field.type == spec::Type::kInt || scale > 0;
      if (!amount || !field.ref.empty()) continue;
      for (int value : {1, 2, 20}) {
        out.push_back({{field.name, scale > 0 ? to_value(field, value * power_of_ten(scale)) : Json(value)}});
      }
    }
    return out;
  }

  std::string entity_of(const std::string& field) const {
    for (const Field& one : endpoint_.body) {
      if (one.name == field) return one.ref;
    }
    return {};
  }

  const Gen* gen_of(const std::string& field) const {
    for (const auto& [name, gen] : recipe_->body) {
      if (name == field) return &gen;
    }
    return nullptr;
  }

  Given shared_rows(Scene& scene, const std::vector<std::string>& fields,
                    const std::map<std::string, Json>& variant) const {
    Given given;
    for (const std::string& field : fields) {
      Given row;
      std::string state;
      if (const Gen* gen = gen_of(field); gen && gen->kind == Gen::Kind::kRow) {
        for (const auto& [name, value] : gen->given) row[name] = Value::of(value);
        state = gen->state;
      }
      if (field == fields.front()) {
        for (const auto& [name, value] : variant) row[name] = Value::of(value);
      }
      given[field] = Value::row(scene.make(entity_of(field), row, state));
    }
    return given;
  }

  bool is_main() const {
    auto main = context_.recipes.creates.find(endpoint_.entity);
    return main != context_.recipes.creates.end() && main->second.endpoint->operation_id == id_;
  }

  std::optional<RuleScenes> by_repetition() {
    if (!is_main()) return std::nullopt;
    for (const auto& fields : shared_sets()) {
      for (const auto& variant : row_variants(entity_of(fields.front()))) {
        if (auto found = repeat(fields, variant)) return found;
      }
    }
    return std::nullopt;
  }

  // How many times the request is accepted before this guard refuses it; -1 when it never does.
  int count_accepted(const std::vector<std::string>& fields,
                     const std::map<std::string, Json>& variant) const {
    Scene scene(context_);
    Given given = shared_rows(scene, fields, variant);
    for (int times = 0; times <= kRepeatMax && scene.ok(); ++times) {
      Scene trial = scene;
      std::string body = trial.body(id_, given);
      const Answer& answer = trial.call(id_, {}, body);
      if (!trial.ok()) return -1;
      if (hit(answer)) return times;
      if (!answer.ok()) return -1;
      scene.make_many(1, endpoint_.entity, given);
    }
    return -1;
  }

  std::optional<RuleScenes> repeat(const std::vector<std::string>& fields,
                                   const std::map<std::string, Json>& variant) {
    int accepted = count_accepted(fields, variant);
    if (accepted < 1) return std::nullopt;
    Scene scene(context_);
    Given given = shared_rows(scene, fields, variant);
    scene.make_many(accepted, endpoint_.entity, given);
    std::string body = scene.body(id_, given);
    scene.call(id_, {}, body);
    Scene last(context_);
    Given last_given = shared_rows(last, fields, variant);
    last.make_many(accepted - 1, endpoint_.entity, last_given);
    std::string last_body = last.body(id_, last_given);
    last.call(id_, {}, last_body);
    auto found = finish(std::move(scene), fmt::format("after {} with the same {}.", accepted,
                                                      text::join(fields, " and ")),
                        std::move(last), fmt::format("number {} of {}.", accepted, accepted));
    if (!found) return found;
    works_again(*found, fields, variant, accepted);
    if (auto exact = exact_amount(fields, variant, accepted - 1)) {
      found->refused = std::move(exact->refused);
      found->what = std::move(exact->what);
      if (exact->accepted) {
        found->accepted = std::move(exact->accepted);
        found->boundary = std::move(exact->boundary);
      }
    }
    return found;
  }

  // Where amounts are added up: the largest that still fits, and one step more.
  std::optional<RuleScenes> exact_amount(const std::vector<std::string>& fields,
                                         const std::map<std::string, Json>& variant, int before) const {
    for (const Field& field : endpoint_.body) {
      bool amount = field.type == spec::Type::kInt || field.type == spec::Type::kDecimal ||
                    field.type == spec::Type::kMoney || field.type == spec::Type::kDuration;
      if (!field.ref.empty() || !amount) continue;
      auto scene_of = [&](const Json& value) {
        Scene scene(context_);
        Given given = shared_rows(scene, fields, variant);
        scene.make_many(before, endpoint_.entity, given);
        given[field.name] = Value::of(value);
        std::string body = scene.body(id_, given);
        scene.call(id_, {}, body);
        return scene;
      };
      std::string whose = fmt::format("after {} with the same {}, {} is", before,
                                      text::join(fields, " and "), field.name);
      auto found = vary(field, whose, scene_of);
      if (found && found->accepted) return found;
    }
    return std::nullopt;
  }

  // Closing or deleting one of the rows makes room for another.
  void works_again(RuleScenes& found, const std::vector<std::string>& fields,
                   const std::map<std::string, Json>& variant, int accepted) const {
    for (const Endpoint& action : context_.contract.endpoints) {
      bool removes = action.method == "DELETE";
      if (action.entity != endpoint_.entity || !(is_action(action) || removes) ||
          !context_.recipes.operations.contains(action.operation_id)) {
        continue;
      }
      Scene scene(context_);
      Given given = shared_rows(scene, fields, variant);
      std::string row = scene.make(endpoint_.entity, given);
      scene.make_many(accepted - 1, endpoint_.entity, given);
      if (removes) {
        scene.call(action.operation_id, row);
        if (!scene.answer().ok()) continue;
        scene.expect_answer();
      } else {
        scene.act(action.operation_id, row);
      }
      std::string body = scene.body(id_, given);
      if (!scene.call(id_, {}, body).ok() || !scene.ok()) continue;
      scene.expect_answer();
      found.again = std::move(scene);
      found.after = fmt::format("after {}.", action.operation_id);
      return;
    }
  }

 public:
  std::optional<Race> race() {
    auto recipe = context_.recipes.operations.find(id_);
    if (recipe == context_.recipes.operations.end() || !makes_row(endpoint_) ||
        !context_.recipes.creates.contains(endpoint_.entity)) {
      return std::nullopt;
    }
    recipe_ = &recipe->second;
    if (!is_main()) return std::nullopt;
    for (const auto& fields : shared_sets()) {
      for (const auto& variant : row_variants(entity_of(fields.front()))) {
        int accepted = count_accepted(fields, variant);
        if (accepted < 1) continue;
        Race found{.setup = Scene(context_), .shared = {}};
        found.shared = shared_rows(found.setup, fields, variant);
        int before = std::max(0, accepted - found.threads / 2);
        found.setup.make_many(before, endpoint_.entity, found.shared);
        found.allowed = accepted - before;
        if (found.setup.ok()) return found;
      }
    }
    return std::nullopt;
  }

 private:
  // --- one field ----------------------------------------------------------------------------

  // Tries the values of one field through `scene_of`, then halves the interval to the boundary.
  std::optional<RuleScenes> vary(const Field& field, const std::string& whose,
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
      if (trial.ok() && trial.answer().ok()) low = middle;
      else if (trial.ok() && hit(trial.answer())) high = middle;
      else break;
    }
    Json best_bad = high ? to_value(field, *high) : *bad;
    Json best_good = low ? to_value(field, *low) : *good;
    return finish(scene_of(best_bad), fmt::format("{} {}.", whose, text_of(best_bad)),
                  scene_of(best_good), fmt::format("{} {}.", whose, text_of(best_good)));
  }

  std::vector<Json> candidates(const Field& field) const {
    std::vector<Json> out;
    for (const Gen& gen : other_gens(context_.spec, field)) {
      if (gen.kind == Gen::Kind::kLiteral) out.push_back(gen.value);
    }
    if (field.nullable) out.emplace_back(nullptr);
    return out;
  }

  static std::string text_of(const Json& value) {
    return value.is_string() ? std::string(json::as_view(value.get_string())) : json::write(value);
  }

  std::optional<RuleScenes> by_field() const {
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

  // --- rows that it refers to -----------------------------------------------------------------

  std::optional<RuleScenes> by_reference() const {
    for (const Field& field : endpoint_.body) {
      if (field.ref.empty() || !context_.recipes.creates.contains(field.ref)) continue;
      if (auto found = reference_fields(field)) return found;
      if (auto found = reference_states(field)) return found;
      if (auto found = reference_actions(field)) return found;
    }
    return same_reference();
  }

  std::optional<RuleScenes> reference_fields(const Field& field) const {
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

  void finish_request(Scene& scene, const Given& given) const {
    std::string row, body;
    if (has_row(endpoint_)) row = scene.ready(id_);
    if (endpoint_.method != "PATCH" && !endpoint_.body.empty()) body = scene.body(id_, given);
    std::vector<std::pair<std::string, Value>> fields;
    if (endpoint_.method == "PATCH") fields = patch_fields(given);
    scene.call(id_, row, body, fields);
  }

  std::optional<RuleScenes> reference_states(const Field& field) const {
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

  std::optional<RuleScenes> reference_actions(const Field& field) const {
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

  // Two references of one kind to the same row ("from" and "to").
  std::optional<RuleScenes> same_reference() const {
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

  // --- the row itself -------------------------------------------------------------------------

  std::optional<RuleScenes> by_repeated_action() const {
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

  // The action on other rows that share a reference with this one.
  std::optional<RuleScenes> by_other_rows() const {
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

  // An optional reference of the row left out, or filled without what the guard asks for.
  std::optional<RuleScenes> by_empty_reference() const {
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

  std::optional<RuleScenes> by_row() const {
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
          std::string body =
              endpoint_.body.empty() || !is_action(endpoint_) ? "" : scene.body(id_);
          scene.call(id_, row, body);
          return scene;
        };
        std::string whose = fmt::format("{} has {}", text::snake_case(field.ref), inner.name);
        if (auto found = vary(inner, whose, scene_of)) return found;
      }
    }
    return std::nullopt;
  }

  // Without its children, with one more child, in another state, after another action.
  std::optional<RuleScenes> by_history() const {
    Scene plain(context_);
    std::string new_row = plain.make(endpoint_.entity);
    std::string no_body = endpoint_.body.empty() || !is_action(endpoint_) ? "" : plain.body(id_);
    plain.call(id_, new_row, no_body);
    if (plain.ok() && hit(plain.answer())) {
      return finish(std::move(plain), "the row is as it was made.", request({}), "when it is ready.");
    }
    for (const spec::Relation& relation : context_.spec.relations) {
      if (relation.to != endpoint_.entity || !context_.recipes.creates.contains(relation.from)) continue;
      if (auto found = by_child(relation)) return found;
    }
    for (const Endpoint& action : context_.contract.endpoints) {
      if (action.entity != endpoint_.entity || action.operation_id == id_ || !is_action(action) ||
          !context_.recipes.operations.contains(action.operation_id)) {
        continue;
      }
      auto before = [&](Scene& scene, const std::string& row) { scene.act(action.operation_id, row); };
      Scene refused = request({}, {}, 0, before);
      if (refused.ok() && hit(refused.answer())) {
        return finish(std::move(refused), fmt::format("after {}.", action.operation_id), request({}),
                      fmt::format("before {}.", action.operation_id));
      }
    }
    return by_state();
  }

  std::optional<RuleScenes> by_child(const spec::Relation& relation) const {
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

  std::optional<RuleScenes> by_state() const {
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
        return finish(std::move(scene), fmt::format("it is {}.", state), request({}), "when it is ready.");
      }
    }
    return std::nullopt;
  }

  // --- time and people ------------------------------------------------------------------------

  std::optional<RuleScenes> by_clock() const {
    auto outcome = [this](std::int64_t wait) { return request({}, {}, wait); };
    for (std::int64_t wait : {3600L, 6L * 3600, kDay, 2 * kDay, 8 * kDay, 15 * kDay, 31 * kDay,
                              100 * kDay, 400 * kDay}) {
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
        if (trial.ok() && trial.answer().ok()) low = middle;
        else if (trial.ok() && hit(trial.answer())) high = middle;
        else break;
      }
      return finish(outcome(high), "one second too late.", outcome(low), "at the last second.");
    }
    return std::nullopt;
  }

  // Somebody to whom the row refers.
  std::optional<RuleScenes> by_own_row() const {
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

  // Other actors, who pass the permission and meet the guard.
  std::optional<RuleScenes> by_actor() const {
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

  const Context& context_;
  const Endpoint& endpoint_;
  const spec::Guard& guard_;
  std::string id_;
  const Recipe* recipe_ = nullptr;
};

}  // namespace

std::optional<RuleScenes> search_rule(const Context& context, const Endpoint& endpoint,
                                      const spec::Guard& guard) {
  return Search(context, endpoint, guard).run();
}

std::optional<Race> search_race(const Context& context, const Endpoint& endpoint,
                                const spec::Guard& guard) {
  return Search(context, endpoint, guard).race();
}

}  // namespace cadre::offline::qa
