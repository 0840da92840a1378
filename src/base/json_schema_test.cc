#include "base/json_schema.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace cadre {
namespace {

Json parsed(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : Json();
}

std::vector<SchemaIssue> issues(std::string_view schema, std::string_view instance) {
  auto compiled = JsonSchema::compile(parsed(schema));
  EXPECT_TRUE(compiled.has_value()) << (compiled ? "" : compiled.error().message);
  return compiled ? compiled->validate(parsed(instance)) : std::vector<SchemaIssue>{};
}

TEST(JsonSchema, NamesThePlaceAndWhatWasExpected) {
  const auto found =
      issues(R"({"properties":{"limit":{"type":"integer","minimum":1}}})", R"({"limit":"many"})");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].pointer, "/limit");
  EXPECT_EQ(found[0].message, "expected integer, got \"many\"");
}

TEST(JsonSchema, RefusesWhatItCannotKeep) {
  for (const char* schema :
       {R"({"unevaluatedProperties":false})", R"({"$ref":"https://example.com/other.json"})",
        R"x({"pattern":"(?=x)"})x", R"({"type":"integr"})", R"({"required":"name"})", "3",
        R"({"minLength":-1})", R"({"$dynamicRef":"#a"})"}) {
    EXPECT_FALSE(JsonSchema::compile(parsed(schema)).has_value()) << schema;
  }
}

TEST(JsonSchema, ListsUnknownKeywords) {
  auto compiled = JsonSchema::compile(parsed(R"({"properties":{"a":{"minimun":3}}})"));
  ASSERT_TRUE(compiled.has_value());
  EXPECT_EQ(compiled->unknown_keywords(), std::vector<std::string>{"#/properties/a/minimun"});
}

TEST(JsonSchema, RecursionInSchemaAndValueEnds) {
  EXPECT_TRUE(issues(R"({"properties":{"next":{"$ref":"#"}}})", R"({"next":{"next":{"next":{}}}})")
                  .empty());
  EXPECT_FALSE(issues(R"({"$ref":"#"})", "1").empty());  // refers to itself without end
}

TEST(JsonSchema, ReportsAtMostFiftyIssues) {
  std::string array = "[";
  for (int i = 0; i < 500; ++i) array += i == 0 ? "0" : ",0";
  EXPECT_EQ(issues(R"({"items":{"type":"string"}})", array + "]").size(), 50U);
}

// The official JSON-Schema-Test-Suite, where ./check could get it. Files about keywords that we
// refuse by design are not counted; every other case must agree.
TEST(JsonSchema, OfficialSuite) {
  const char* folder = std::getenv("CADRE_JSON_SCHEMA_SUITE");
  if (folder == nullptr) GTEST_SKIP() << "set CADRE_JSON_SCHEMA_SUITE to tests/draft2020-12";
  int passed = 0, failed = 0, refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    const Json groups = parsed(text.str());
    for (const Json& group : groups.as_array()) {
      auto schema = JsonSchema::compile(group.at("schema"), {.assert_formats = false});
      for (const Json& test : group.at("tests").as_array()) {
        if (!schema) {
          ++refused;
          continue;
        }
        const bool valid = schema->validate(test.at("data")).empty();
        if (valid == test.at("valid").as_bool()) {
          ++passed;
        } else {
          ++failed;
          ADD_FAILURE() << entry.path().filename() << ": " << json::write(group.at("description"))
                        << " / " << json::write(test.at("description"));
        }
      }
    }
  }
  std::cout << "JSON-Schema-Test-Suite 2020-12: " << passed << " passed, " << failed << " failed, "
            << refused << " with keywords that are refused by design\n";
  EXPECT_GT(passed, 900);
}

}  // namespace
}  // namespace cadre
