// The same request again and again: rules that count or add up.
#include "offline/qa/rule_finder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/qa/stepping.h"

namespace cadre::offline::qa {

using spec::Endpoint;
using spec::Field;

namespace {

constexpr int kRepeatMax = 100;

std::int64_t power_of_ten(int scale) {
  std::int64_t out = 1;
  for (int i = 0; i < scale; ++i) out *= 10;
  return out;
}

}  // namespace

std::vector<std::vector<std::string>> Search::shared_sets() const {
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

std::vector<std::map<std::string, Json>> Search::row_variants(const std::string& entity) const {
  std::vector<std::map<std::string, Json>> out = {{}};
  auto create = context_.recipes.creates.find(entity);
  if (create == context_.recipes.creates.end()) return out;
  for (const Field& field : create->second.endpoint->body) {
    int scale = scale_of(field);
    bool amount = field.type == spec::Type::kInt || scale > 0;
    if (!amount || !field.ref.empty()) continue;
    for (int value : {1, 2, 20}) {
      out.push_back(
          {{field.name, scale > 0 ? to_value(field, value * power_of_ten(scale)) : Json(value)}});
    }
  }
  return out;
}

std::string Search::entity_of(const std::string& field) const {
  for (const Field& one : endpoint_.body) {
    if (one.name == field) return one.ref;
  }
  return {};
}

const Gen* Search::gen_of(const std::string& field) const {
  for (const auto& [name, gen] : recipe_->body) {
    if (name == field) return &gen;
  }
  return nullptr;
}

Given Search::shared_rows(Scene& scene, const std::vector<std::string>& fields,
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

bool Search::is_main() const {
  auto main = context_.recipes.creates.find(endpoint_.entity);
  return main != context_.recipes.creates.end() && main->second.endpoint->operation_id == id_;
}

std::optional<RuleScenes> Search::by_repetition() {
  if (!is_main()) return std::nullopt;
  for (const auto& fields : shared_sets()) {
    for (const auto& variant : row_variants(entity_of(fields.front()))) {
      if (auto found = repeat(fields, variant)) return found;
    }
  }
  return std::nullopt;
}

int Search::count_accepted(const std::vector<std::string>& fields,
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

std::optional<RuleScenes> Search::repeat(const std::vector<std::string>& fields,
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
  auto found =
      finish(std::move(scene),
             fmt::format("after {} with the same {}.", accepted, text::join(fields, " and ")),
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

std::optional<RuleScenes> Search::exact_amount(const std::vector<std::string>& fields,
                                               const std::map<std::string, Json>& variant,
                                               int before) const {
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

void Search::works_again(RuleScenes& found, const std::vector<std::string>& fields,
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

std::optional<Race> Search::race() {
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

}  // namespace cadre::offline::qa
