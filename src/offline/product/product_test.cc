#include "offline/product/product.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "offline/artifact_test_kit.h"
#include "offline/product/cases.h"
#include "offline/product/competition.h"
#include "offline/product/documents.h"
#include "offline/product/requirements.h"
#include "offline/product/stories.h"
#include "spec/contract.h"
#include "spec/test_models.h"

namespace cadre::offline::product {
namespace {

spec::Spec model(const std::string& name) { return spec::load_test_model(CADRE_SOURCE_DIR, name); }

const Criterion* find_criterion(const std::vector<Story>& stories, std::string_view text) {
  for (const Story& story : stories) {
    for (const Criterion& criterion : story.criteria) {
      if (sentence_of(criterion) == text) return &criterion;
    }
  }
  return nullptr;
}

class Product : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Models, Product, testing::Values("library", "tasks"));

TEST_P(Product, ArtifactsFitTheirSchemas) {
  const Designed designed = run_product_and_architect(model(GetParam()));
  for (const char* type : {"requirements", "user_stories", "competitive_analysis", "roadmap",
                           "architecture", "data_structures", "apis", "tasks"}) {
    ASSERT_TRUE(designed.artifacts.contains(type)) << type;
    EXPECT_EQ(schema_issues(type, designed.artifacts.at(type).data), "") << type;
  }
}

TEST_P(Product, NoLinkDangles) {
  EXPECT_EQ(dangling_links(run_product_and_architect(model(GetParam()))),
            std::vector<std::string>{});
}

TEST_P(Product, SameModelSameBytes) {
  EXPECT_EQ(run_product_and_architect(model(GetParam())).files,
            run_product_and_architect(model(GetParam())).files);
}

TEST_P(Product, EverythingBuiltIsInSomeCriterion) {
  const spec::Spec spec = model(GetParam());
  const auto requirements = write_requirements(spec);
  std::set<std::string> rules, operations, covered, granted;
  for (const Story& story : write_stories(spec, requirements)) {
    EXPECT_FALSE(story.criteria.empty()) << story.id;
    for (const Criterion& criterion : story.criteria) {
      EXPECT_FALSE(criterion.operation.empty()) << criterion.id;
      rules.insert(criterion.rule);
      operations.insert(criterion.operation);
      covered.insert(criterion.requirement);
      if (criterion.kind == "permission")
        granted.insert(criterion.actor + " " + criterion.operation);
    }
  }
  for (const spec::Rule& rule : spec.rules) {
    if (!documented_only(rule)) {
      EXPECT_TRUE(rules.contains(rule.id)) << rule.id;
    }
  }
  for (const spec::Operation& operation : spec.operations) {
    EXPECT_TRUE(operations.contains(operation.id)) << operation.id;
    for (const spec::Guard& guard : operation.guards) EXPECT_TRUE(rules.contains(guard.id));
  }
  for (const spec::Query& query : spec.queries) EXPECT_TRUE(operations.contains(query.id));
  for (const spec::Permission& permission : spec.permissions) {
    EXPECT_TRUE(granted.contains(permission.actor + " " + permission.operation));
  }
  for (const Requirement& requirement : requirements) {
    EXPECT_TRUE(covered.contains(requirement.id)) << requirement.id << " " << requirement.text;
  }
}

TEST(Stories, CountingRuleHasBothSidesOfItsBoundary) {
  const spec::Spec spec = model("library");
  const auto stories = write_stories(spec, write_requirements(spec));
  const Criterion* refused = find_criterion(
      stories,
      "Given a member with 3 open loans, when a member borrows a book, then the service refuses "
      "with 422 max_open_loans.");
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->rule, "R1");
  EXPECT_EQ(refused->operation, "borrow");
  EXPECT_NE(find_criterion(stories,
                           "Given a member with 2 open loans, when a member borrows a book, then "
                           "the service does not refuse it for max_open_loans."),
            nullptr);
}

TEST(Stories, TransitionsHaveAllowedAndRefusedStates) {
  const spec::Spec spec = model("tasks");
  const auto stories = write_stories(spec, write_requirements(spec));
  EXPECT_NE(
      find_criterion(stories,
                     "Given a task whose status is in review, when a manager approves a task, "
                     "then its status is done."),
      nullptr);
  EXPECT_NE(
      find_criterion(stories,
                     "Given a task whose status is open, in progress, done or cancelled, when "
                     "a manager approves a task, then the service refuses with 409 "
                     "invalid_transition."),
      nullptr);
}

TEST(Requirements, TakeOriginAndWordsFromTheBrief) {
  const spec::Spec spec = model("library");
  for (const Requirement& requirement : write_requirements(spec)) {
    if (requirement.rules != std::vector<std::string>{"R1"}) continue;
    EXPECT_EQ(requirement.ears, "unwanted");
    EXPECT_EQ(requirement.origin, spec::OriginKind::kStated);
    EXPECT_EQ(requirement.sentences, std::vector<std::string>{"S2"});
    EXPECT_TRUE(requirement.quote.find("at most 3 books") != std::string::npos);
    EXPECT_EQ(requirement.priority, "must");
    return;
  }
  FAIL() << "no requirement for R1";
}

TEST(Requirements, ShouldAndCouldInTheBriefLowerThePriority) {
  spec::Spec spec = model("library");
  spec.text = "A member could borrow at most 3 books. A book should have a title.";
  spec.sentences = {{"S1", 0, 38, spec::SentenceStatus::kCovered, {}},
                    {"S2", 39, 66, spec::SentenceStatus::kCovered, {}}};
  spec.rules = {spec.rules[0], spec.rules[0]};
  spec.rules[0].origin.sentences = {"S1"};
  spec.rules[1].id = "R77";
  spec.rules[1].canonical = "A book has a title.";
  spec.rules[1].origin.sentences = {"S2"};
  std::map<std::string, std::string> priority;
  for (const Requirement& requirement : write_requirements(spec)) {
    for (const std::string& rule : requirement.rules) priority[rule] = requirement.priority;
  }
  EXPECT_EQ(priority["R1"], "could");
  EXPECT_EQ(priority["R77"], "should");
}

TEST(Cases, NumbersAreJustInsideAndJustOutside) {
  spec::Attribute price;
  price.id = "price";
  price.type = spec::Type::kMoney;
  price.min = spec::Expr::decimal("0.50");
  price.max = spec::Expr::of(100);
  std::vector<std::string> with;
  for (const ValueCase& value : value_cases(price, true)) {
    with.push_back((value.accepted ? "+" : "-") + value.with);
  }
  EXPECT_EQ(with,
            (std::vector<std::string>{"-without the price", "-with price 0.49", "+with price 0.50",
                                      "-with price 100.01", "+with price 100.00"}));
}

TEST(Competition, CatalogueIsSoundAndSaysWhatItIs) {
  const auto catalogue = read_catalogue();
  ASSERT_TRUE(catalogue.has_value());
  std::set<std::string> names;
  for (const Json& domain : json::get_array(*catalogue, "domains")) {
    EXPECT_TRUE(names.insert(json::get_string(domain, "name")).second);
    EXPECT_GE(json::get_array(domain, "products").size(), 3U) << json::get_string(domain, "name");
    EXPECT_LE(json::get_array(domain, "products").size(), 6U);
    bool commercial = false;
    for (const Json& product : json::get_array(domain, "products")) {
      EXPECT_TRUE(json::get_string(product, "home_page").starts_with("https://"));
      commercial = commercial || json::get_string(product, "kind") == "commercial";
      EXPECT_EQ(json::get_string(product, "kind") == "commercial",
                json::get_string(product, "licence") == "proprietary");
      EXPECT_FALSE(json::get_string(product, "what").empty());
    }
    EXPECT_TRUE(commercial) << json::get_string(domain, "name");
  }
  EXPECT_GE(names.size(), 25U);
}

TEST(Competition, FindsTheDomainOfTheModel) {
  EXPECT_EQ(analyse_competition(model("library")).domain, "library");
  EXPECT_EQ(analyse_competition(model("tasks")).domain, "task tracking");
}

TEST(Competition, UnknownDomainHasNoProducts) {
  spec::Spec spec;
  spec.name = "blicks";
  spec.entities.emplace_back();
  spec.entities[0].id = "Blick";
  spec.entities[0].name = "blick";
  spec.entities[0].plural = "blicks";
  const Competition competition = analyse_competition(spec);
  EXPECT_EQ(competition.domain, "");
  EXPECT_TRUE(competition.products.empty());
  EXPECT_EQ(schema_issues("competitive_analysis", competition_json(competition)), "");
  EXPECT_NE(competition_document(competition).find("None known"), std::string::npos);
}

TEST(Product, RefusedModelIsARefusalWithHelp) {
  spec::Spec spec;
  spec.verdict = spec::Verdict::kRefuse;
  spec.unhandled = {{"S1", "a snake game", "capability_outside", ""}};
  const Turn turn = prepare(spec);
  ASSERT_TRUE(turn.refusal.has_value());
  EXPECT_TRUE(turn.artifacts.empty());
  EXPECT_NE(turn.refusal->reason.find("a snake game"), std::string::npos);
  EXPECT_FALSE(turn.refusal->help.empty());
}

TEST(Product, WhatIsNotUnderstoodIsOnTheRoadmapAndInTheRequirements) {
  spec::Spec spec = model("library");
  spec.sentences[4].status = spec::SentenceStatus::kPartly;
  spec.sentences[4].unused = {"late"};
  spec.unhandled = {
      {"S3", "can be renewed once", "not_understood", "A loan can be renewed at most 1 time."}};
  const Designed designed = run_product_and_architect(spec);
  const auto& next = json::get_array(designed.artifacts.at("roadmap").data, "next");
  ASSERT_GE(next.size(), 2U);
  EXPECT_EQ(json::get_string(next[0], "reason"), "not_understood");
  EXPECT_EQ(json::get_string(next[0], "sentence"), "S3");
  EXPECT_EQ(json::get_string(next[1], "reason"), "partly");
  const std::string& document = designed.files.at("docs/requirements.md");
  EXPECT_NE(document.find("## Not built as stated"), std::string::npos);
  EXPECT_NE(document.find("not used: late"), std::string::npos);
  EXPECT_EQ(schema_issues("roadmap", designed.artifacts.at("roadmap").data), "");
}

TEST(Product, AtMostSevenQuestionsTheRiskiestFirst) {
  spec::Spec spec = model("library");
  spec.questions.clear();
  for (int i = 0; i < 12; ++i) {
    spec.questions.push_back(
        {"Q" + std::to_string(i), "Why?", "S1", {}, "so", i == 11 ? "high" : "low"});
  }
  const auto chosen = chosen_questions(spec);
  ASSERT_EQ(chosen.size(), 7U);
  EXPECT_EQ(chosen[0].id, "Q11");
}

}  // namespace
}  // namespace cadre::offline::product
