#include "sop/framework.h"

#include <gtest/gtest.h>

#include "base/json_schema.h"
#include "base/text.h"

namespace cadre {
namespace {

constexpr std::string_view kSmall = R"(id: small
title: A small one
max_tokens: 40
steps:
  - id: look
    title: Look first
    ask: ["What is there?"]
answers:
  type: object
  required: [seen]
  properties:
    seen: {type: string, minLength: 1}
)";

std::string problems_of(const std::string& file, const std::string& content) {
  SopProblems problems;
  const auto framework = read_framework(file, content, problems);
  EXPECT_EQ(framework.has_value(), !problems.has_errors());
  std::string out;
  for (const SopProblem& problem : problems.take_sorted()) out += problem.describe() + "\n";
  return out;
}

TEST(Framework, EveryShippedOneIsSoundAndKeepsItsLimit) {
  const auto ids = shipped_frameworks();
  ASSERT_GE(ids.size(), 6U);
  for (const std::string& id : ids) {
    SopProblems problems;
    const auto framework =
        read_framework("frameworks/" + id + ".yaml", shipped_framework(id), problems);
    for (const SopProblem& problem : problems.take_sorted()) ADD_FAILURE() << problem.describe();
    ASSERT_TRUE(framework.has_value()) << id;
    EXPECT_EQ(framework->id, id);
    EXPECT_LE(framework->max_tokens, 350) << id;
    EXPECT_LE(render(*framework).size(), static_cast<std::size_t>(framework->max_tokens) * 4);
  }
}

TEST(Framework, TheFiveStepsStandInTheirOrder) {
  SopProblems problems;
  const auto framework =
      read_framework("five_steps.yaml", shipped_framework("five_steps"), problems);
  ASSERT_TRUE(framework.has_value());
  std::vector<std::string> ids;
  for (const FrameworkStep& step : framework->steps) ids.push_back(step.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"research", "question", "delete", "simplify",
                                           "accelerate", "automate"}));
  const std::string text = render(*framework);
  EXPECT_LT(text.find("Question each"), text.find("Delete what"));
  EXPECT_LT(text.find("Delete what"), text.find("Automate last"));
  // An answer without anything deleted, or without an owner, is refused.
  const auto schema = JsonSchema::compile(framework->answers);
  ASSERT_TRUE(schema.has_value());
  Json good = *json::parse(
      R"({"reused": ["nothing fits"], "kept": [{"what": "a", "problem": "b", "owner": "c"}],
          "deleted": [{"what": "d", "reason": "e"}], "simplest": "f", "not_yet": []})");
  EXPECT_TRUE(schema->validate(good).empty());
  Json bad = good;
  bad.get_object()["deleted"] = JsonArray{};
  EXPECT_FALSE(schema->validate(bad).empty());
  bad = good;
  bad.get_object()["kept"].get_array()[0].get_object().erase("owner");
  EXPECT_FALSE(schema->validate(bad).empty());
}

TEST(Framework, MistakesAreNamedWithTheirLines) {
  EXPECT_EQ(problems_of("small.yaml", std::string(kSmall)), "");
  const auto with = [](std::string_view from, std::string_view to) {
    return text::replace_all(std::string(kSmall), from, to);
  };
  EXPECT_NE(problems_of("other.yaml", std::string(kSmall)).find("other.yaml:1"), std::string::npos);
  EXPECT_NE(problems_of("small.yaml", with("max_tokens: 40", "max_tokens: 5")).find("tokens"),
            std::string::npos);
  EXPECT_NE(problems_of("small.yaml", with("ask:", "asks:")).find("small.yaml:5"),
            std::string::npos);
  EXPECT_NE(problems_of("small.yaml", with("minLength: 1", "pattern: \"(?=a)\"")).find("answers"),
            std::string::npos);
  EXPECT_NE(problems_of("small.yaml", with("type: object\n", "type: array\n")).find("answers"),
            std::string::npos);
  EXPECT_NE(problems_of("small.yaml", "id: [").find("small.yaml:"), std::string::npos);
  EXPECT_NE(problems_of("small.yaml", "- a\n").find("small.yaml:1"), std::string::npos);
}

}  // namespace
}  // namespace cadre
