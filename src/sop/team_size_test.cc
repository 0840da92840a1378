#include "sop/team_size.h"

#include <gtest/gtest.h>

#include "sop/loader.h"

namespace cadre {
namespace {

const char* const kTable = R"({"solo_below": 3, "solo_sop": "solo", "signs": [
  {"sign": "many words", "group": "length", "words_over": 8, "points": 3},
  {"sign": "some words", "group": "length", "words_over": 4, "points": 1},
  {"sign": "a second sentence", "sentences_over": 1, "points": 1},
  {"sign": "a program of its own", "any": ["game", "web site"], "points": 3}]})";

TeamSize judge(std::string_view brief) {
  const auto size = judge_team_size(brief, *json::parse(kTable));
  EXPECT_TRUE(size.has_value());
  return size ? *size : TeamSize();
}

TEST(TeamSize, SignsAddUpAndGroupsCountOnce) {
  EXPECT_EQ(judge("Reverse a string").points, 0);
  EXPECT_TRUE(judge("Reverse a string").solo());
  EXPECT_EQ(judge("Reverse a string. Then print it").points, 2);
  EXPECT_EQ(judge("one two three four five six seven eight nine").points, 3);
  EXPECT_FALSE(judge("Write a GAME").solo());
  EXPECT_TRUE(judge("Count the gamers").solo());  // no whole word
  EXPECT_FALSE(judge("a web site").solo());
  EXPECT_EQ(judge("Version 1.5 of it").points, 1);  // 1.5 ends no sentence
  EXPECT_EQ(judge("").points, 0);
}

TEST(TeamSize, SaysWhy) {
  EXPECT_EQ(judge("Write a game").describe(),
            "3 of 3 points for a team (a program of its own): a team");
  EXPECT_EQ(judge("Sort").describe(), "0 of 3 points for a team: one agent is enough");
}

TEST(TeamSize, TheShippedTableTellsSmallJobsFromProjects) {
  const auto plan = load_sop("software");
  ASSERT_TRUE(plan.has_value());
  const Json& table = plan->tables.at("team_size");
  for (const char* small : {"Write a function that reverses a string in Python",
                            "A script that renames all .jpeg files to .jpg", "FizzBuzz in Go"}) {
    const auto size = judge_team_size(small, table);
    ASSERT_TRUE(size.has_value()) << size.error().describe();
    EXPECT_TRUE(size->solo()) << small << ": " << size->describe();
    EXPECT_EQ(size->solo_sop, "solo");
  }
  for (const char* large :
       {"Write a 2048 game for the terminal in C++",
        "A library service. Members borrow books. A member can borrow at most 5.",
        "An API for invoices"}) {
    const auto size = judge_team_size(large, table);
    ASSERT_TRUE(size.has_value());
    EXPECT_FALSE(size->solo()) << large << ": " << size->describe();
  }
}

TEST(TeamSize, ABrokenTableIsNamed) {
  for (const char* table :
       {"{}", R"({"solo_below": 0, "solo_sop": "x", "signs": []})", R"({"solo_below": 1})",
        R"({"solo_below": 1, "solo_sop": "s", "signs": []})",
        R"({"solo_below": 1, "solo_sop": "s", "signs": [{"sign": "a"}]})",
        R"({"solo_below": 1, "solo_sop": "s", "signs": [{"sign": "a", "any": ["b"]}]})",
        R"({"solo_below": 1, "solo_sop": "s", "signs": [{"any": ["b"], "points": 1}]})"}) {
    const auto size = judge_team_size("x", *json::parse(table));
    ASSERT_FALSE(size.has_value()) << table;
    EXPECT_NE(size.error().message.find("team_size.yaml"), std::string::npos) << table;
  }
}

}  // namespace
}  // namespace cadre
