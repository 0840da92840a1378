#include "offline/analysis/analyse.h"

#include <algorithm>

#include "base/text.h"
#include "offline/analysis/passes.h"

namespace cadre::offline {
namespace {

using namespace analysis;

constexpr std::size_t kQuestionsMax = 7;

void summarise(Draft& draft) {
  auto& spec = draft.spec;
  std::vector<std::string> names;
  for (const auto& entity : spec.entities) {
    if (entity.kind != spec::EntityKind::kAssociation && names.size() < 5) {
      names.push_back(entity.plural);
    }
  }
  spec.summary = names.empty() ? "Nothing to record was found."
                               : "Keeps records of " + text::join(names, ", ") + ".";
}

void number_questions(Draft& draft) {
  auto& questions = draft.spec.questions;
  const auto weight = [](const spec::Question& q) {
    return q.risk == "high" ? 0 : q.risk == "medium" ? 1 : 2;
  };
  std::stable_sort(questions.begin(), questions.end(),
                   [&](const auto& a, const auto& b) { return weight(a) < weight(b); });
  if (questions.size() > kQuestionsMax) questions.resize(kQuestionsMax);
  for (std::size_t i = 0; i < questions.size(); ++i) questions[i].id = "Q" + std::to_string(i + 1);
}

}  // namespace

spec::Spec analyse(std::string_view text) {
  const Brief brief = read_brief(text);
  Draft draft(brief);
  draft.spec.name = "records";
  if (!judge_input(draft)) {
    summarise(draft);
    return std::move(draft.spec);
  }
  draft.spec.name.clear();
  Reading reading;
  for (const auto& sentence : brief.sentences) reading.actions.push_back(read_actions(sentence));
  mark_outside(draft, reading);
  read_product(draft);
  read_lists(draft, reading);
  name_records(draft);
  introduce_records(draft, reading);
  if (!judge_scope(draft)) {
    summarise(draft);
    return std::move(draft.spec);
  }
  read_relations(draft, reading);
  read_descriptions(draft, reading);
  read_roles(draft, reading);
  read_wide_grants(draft, reading);
  read_lifecycles(draft, reading);
  complete_entities(draft);
  complete_operations(draft);
  read_value_rules(draft);
  read_count_rules(draft, reading);
  read_guard_rules(draft, reading);
  read_sum_rules(draft);
  read_derived_rules(draft);
  read_price_rules(draft);
  read_stock_rules(draft, reading);
  read_queries(draft, reading);
  break_reference_cycles(draft);
  complete_inputs(draft);
  complete_permissions(draft);
  account(draft);
  judge_coverage(draft);
  number_questions(draft);
  summarise(draft);
  return std::move(draft.spec);
}

}  // namespace cadre::offline
