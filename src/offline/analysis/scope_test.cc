// What is refused by its head noun, what is built although the same words stand in it, and what is
// built in part.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "offline/analysis/analyse.h"
#include "offline/analysis/asked.h"
#include "spec/validate.h"

namespace cadre::offline {
namespace {

constexpr std::string_view kNames[] = {"supported", "partial", "refuse"};

std::string verdict(const spec::Spec& spec) {
  return std::string(kNames[static_cast<int>(spec.verdict)]);
}

// Reads a set of briefs; the ids of those whose verdict is another one than expected.
std::vector<std::string> misjudged(const char* file, int expected_count) {
  std::ifstream in(std::string(CADRE_SOURCE_DIR) + "/tests/briefs/" + file);
  std::vector<std::string> wrong;
  int count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    const auto value = json::parse(line);
    if (!value) {
      ADD_FAILURE() << line;
      continue;
    }
    const auto brief = json::get_string(*value, "text");
    const auto spec = analyse(brief);
    EXPECT_TRUE(spec::validate(spec).empty()) << brief;
    if (verdict(spec) != json::get_string(value->at("expect"), "verdict"))
      wrong.push_back(json::get_string(*value, "id"));
  }
  EXPECT_EQ(count, expected_count);
  return wrong;
}

// 34 briefs that ask for something else, 32 with the same nouns that do not, 6 of both.
TEST(Scope, TableOfBriefs) {
  EXPECT_EQ(misjudged("scope.jsonl", 72), std::vector<std::string>());
}

// Three lists without a verb are refused for want of records: short of what could be read.
TEST(Scope, TableOfMoreBriefs) {
  EXPECT_EQ(misjudged("scope_tuned.jsonl", 130),
            (std::vector<std::string>{"TS13", "VS12", "VS27"}));
}

TEST(Scope, TheRefusalSaysWhatWasUnderstoodAndWhatHelps) {
  const auto spec = analyse("Please write a library of sorting algorithms. It must be quick.");
  ASSERT_EQ(verdict(spec), "refuse");
  const auto& first = spec.unhandled.front();
  EXPECT_EQ(first.text,
            "The brief asks for a library of program code (\"library of sorting algorithms\"). "
            "Without a language model only services that keep records can be built.");
  EXPECT_NE(first.closest_pattern.find("--model"), std::string::npos);
  EXPECT_TRUE(spec.entities.empty());
  const auto later = analyse("Hello there! Could you make a chess game?");
  ASSERT_EQ(later.unhandled.size(), 1U);
  EXPECT_EQ(later.unhandled.front().sentence, "S2");
}

TEST(Scope, TwoSidedNounsAreSoftwareByWhatStandsAroundThem) {
  const auto outside = [](std::string_view text) {
    const auto brief = read_brief(text);
    return analysis::asked_outside(brief.sentences.front(), true).has_value();
  };
  for (const char* software :
       {"A C++ library.", "a Python package for holidays", "A module of matrix functions.",
        "Write a package for reading PDF files.", "A library in Rust that keeps dates.",
        "A set of string functions.", "I need an npm package."}) {
    EXPECT_TRUE(outside(software)) << software;
  }
  for (const char* ordinary :
       {"A library for a village.", "A package tracking service.", "A module for new members.",
        "A collection of stamps.", "A set of keys per flat.", "I need a library of board games.",
        "A library that lends tools."}) {
    EXPECT_FALSE(outside(ordinary)) << ordinary;
  }
}

}  // namespace
}  // namespace cadre::offline
