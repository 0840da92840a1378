// The order of the ideas, and how a request is written.
#include "offline/qa/rule_finder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/qa/stepping.h"

namespace cadre::offline::qa {

using spec::Endpoint;
using spec::Field;

std::optional<RuleScenes> Search::run() {
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

bool Search::hit(const Answer& answer) const { return !answer.ok() && answer.rule == guard_.id; }

Scene Search::request(const Given& body_given, const Given& row_given, std::int64_t wait,
                      const std::function<void(Scene&, const std::string&)>& before) const {
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

std::vector<std::pair<std::string, Value>> Search::patch_fields(const Given& given) const {
  std::vector<std::pair<std::string, Value>> fields(given.begin(), given.end());
  if (!fields.empty()) return fields;
  for (const auto& [name, gen] : recipe_->body) {
    if (gen.kind != Gen::Kind::kRow) fields.emplace_back(name, Value::of(evaluate(gen, 9)));
  }
  return fields;
}

std::optional<RuleScenes> Search::finish(Scene refused, std::string what,
                                         std::optional<Scene> accepted,
                                         std::string boundary) const {
  if (!refused.ok() || !hit(refused.answer())) return std::nullopt;
  refused.expect_problem();
  if (accepted && accepted->ok() && accepted->answer().ok()) {
    accepted->expect_answer();
  } else {
    accepted.reset();
  }
  return RuleScenes{.refused = std::move(refused),
                    .what = std::move(what),
                    .accepted = std::move(accepted),
                    .boundary = std::move(boundary),
                    .again = {},
                    .after = {}};
}

std::optional<RuleScenes> search_rule(const Context& context, const Endpoint& endpoint,
                                      const spec::Guard& guard) {
  return Search(context, endpoint, guard).run();
}

std::optional<Race> search_race(const Context& context, const Endpoint& endpoint,
                                const spec::Guard& guard) {
  return Search(context, endpoint, guard).race();
}

}  // namespace cadre::offline::qa
