// What the Product Manager makes, as plain data, and its JSON form (the schemas requirements and
// user_stories of the software SOP).
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "spec/model.h"

namespace cadre::offline::product {

struct Requirement {
  std::string id;    // "FR-001"
  std::string text;  // EARS: "When …, the service shall …"
  std::string ears = "ubiquitous";
  std::vector<std::string> sentences;
  std::string quote;  // the user's words
  std::vector<std::string> rules, operations, entities;
  spec::OriginKind origin = spec::OriginKind::kAssumed;
  std::string priority = "could";
  std::string actor;  // permissions: whose; not in the JSON
};

struct NonFunctional {
  std::string id, category, text, threshold, how;
};

struct Criterion {
  std::string id, given, when, then;
  std::string requirement;
  std::string rule, operation, actor;  // empty: none
  std::string kind;
};

struct Story {
  std::string id, title, as_a, i_want, so_that, priority;
  std::vector<std::string> requirements;
  std::vector<Criterion> criteria;
};

struct Statements {
  int total = 0, covered = 0, partly = 0, not_understood = 0, out_of_scope = 0, no_content = 0;
};

// "Given …, when …, then …."
std::string sentence_of(const Criterion& criterion);

Statements count_statements(const spec::Spec& spec);
// The user's words of a sentence, or "".
std::string sentence_text(const spec::Spec& spec, std::string_view sentence);
// At most seven, the riskiest first.
std::vector<spec::Question> chosen_questions(const spec::Spec& spec);

Json requirements_json(const spec::Spec& spec, const std::vector<Requirement>& requirements,
                       const std::vector<NonFunctional>& nfrs);
Json stories_json(const std::vector<Story>& stories);

}  // namespace cadre::offline::product
