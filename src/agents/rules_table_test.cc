// The table of docs/agent-loop.md is true: it has the 40 rules and the deliberate breaks, each with
// tests that exist.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"

namespace cadre {
namespace {

std::string read(const std::string& file) {
  std::stringstream text;
  text << std::ifstream(std::string(CADRE_SOURCE_DIR) + "/" + file).rdbuf();
  return text.str();
}

// The suites and tests of this program.
std::set<std::string> tests_here() {
  std::set<std::string> names;
  const auto& all = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const auto* suite = all.GetTestSuite(i);
    names.insert(suite->name());
    for (int k = 0; k < suite->total_test_count(); ++k)
      names.insert(std::string(suite->name()) + "." + suite->GetTestInfo(k)->name());
  }
  return names;
}

TEST(RulesTable, NamesAllRulesAndTestsThatThereAre) {
  const std::set<std::string> known = tests_here();
  std::set<int> rules;
  std::set<std::string> named;
  const std::string page = read("docs/agent-loop.md");
  for (const std::string_view line : text::lines(page)) {
    if (!line.starts_with("| ")) continue;
    const std::vector<std::string> cells = text::split(line, '|');
    if (cells.size() != 5) continue;
    const std::string first(text::trim(cells[1])), tests(text::trim(cells[3]));
    if (tests == "tests" || first.starts_with("-")) continue;
    const bool numbered = !first.empty() && first.find_first_not_of("0123456789") == first.npos;
    if (numbered) {
      EXPECT_TRUE(rules.insert(std::stoi(first)).second) << "twice: rule " << first;
    }
    EXPECT_FALSE(tests.empty()) << line;
    for (const std::string& each : text::split(tests, ',')) {
      const std::string name = text::replace_all(std::string(text::trim(each)), "`", "");
      named.insert(name);
      // Those of other rooms stand in a file of theirs.
      const auto dot = name.find('.');
      if (known.contains(name)) continue;
      if (name.starts_with("src/")) {
        EXPECT_FALSE(read(name).empty()) << "no such file: " << name;
      } else {
        ASSERT_NE(dot, name.npos) << "no such suite: " << name;
        const std::string test = "(" + name.substr(0, dot) + ", " + name.substr(dot + 1) + ")";
        std::string memory;
        for (const char* file : {"compaction_test.cc", "encryption_test.cc", "memory_file_test.cc"})
          memory += read(std::string("src/memory/") + file);
        EXPECT_NE(memory.find(test), std::string::npos) << "no such test: " << name;
      }
    }
  }
  EXPECT_EQ(rules.size(), 40U);
  EXPECT_EQ(*rules.begin(), 1);
  EXPECT_EQ(*rules.rbegin(), 40);
  // And no rule is tested that the table does not name.
  for (const std::string& name : known) {
    const bool rule = name.starts_with("Rule") || name.starts_with("Break");
    if (rule && name.find('.') == name.npos && name != "RulesTable") {
      EXPECT_TRUE(named.contains(name)) << name << " stands in no table";
    }
  }
}

}  // namespace
}  // namespace cadre
