// Figures that only a tool may give, and blame that only a quote may move.
#include "runtime/measured.h"

#include <gtest/gtest.h>

namespace cadre {
namespace {

Json parsed(const char* text) { return json::parse(text).value(); }

const char* const kSchema = R"({"x-measured-by": {"tool": "measure",
    "figures": ["tests", "audit"], "quotes_from": ["apis"]}})";

struct Bench {
  Task task;
  std::vector<ToolResult> results;

  Bench() {
    Artifact apis{"apis",
                  parsed(R"({"signatures": [{"id": "f", "what": "None when there is no way"}]})"),
                  {}};
    task.inputs["apis"] = std::make_shared<const Artifact>(std::move(apis));
    task.calls = {{"1", "measure", JsonObject{}}};
    results = {{"1", true, parsed(R"({"figures": {"tests": {"passed": 3, "failed": 1}},
                  "append": {"findings": [{"id": "M-001", "title": "the test t fails",
                                           "severity": "high", "blame": "code", "evidence": "e"}],
                             "not_verified": ["speed"]}})")}};
  }
  Result<Json> merge(const char* said) const {
    Json data = parsed(said);
    auto merged = merge_measured(parsed(kSchema), task, results, data);
    if (!merged) return propagate(merged);
    return data;
  }
};

TEST(Measured, TheToolsFiguresReplaceWhatIsClaimed) {
  const Bench bench;
  const auto data = bench.merge(R"({"tests": {"passed": 99, "failed": 0}, "measured_by": "me",
    "audit": {"verdict": "agrees"},
    "findings": [{"id": "R-1", "title": "mine"}, {"id": "M-001", "blame": "test_suite"}],
    "not_verified": ["speed", "colour"]})");
  ASSERT_TRUE(data.has_value()) << data.error().message;
  EXPECT_EQ(json::get_int(data->at("tests"), "passed"), 3);
  EXPECT_EQ(json::get_string(*data, "measured_by"), "measure");
  EXPECT_EQ(json::find(*data, "audit"), nullptr);  // the tool did not say so
  ASSERT_EQ(data->at("findings").as_array().size(), 2U);
  EXPECT_EQ(json::get_string(data->at("findings").as_array()[0], "blame"), "code");
  EXPECT_EQ(json::write(data->at("not_verified")), R"(["speed","colour"])");
}

TEST(Measured, NothingIsTakenBeforeTheToolRan) {
  Bench bench;
  bench.results[0].ok = false;
  auto data = bench.merge(R"({"tests": {"passed": 99}})");
  ASSERT_FALSE(data.has_value());
  EXPECT_NE(data.error().message.find("measured by measure, which has not run"), std::string::npos);
  bench.results.clear();
  EXPECT_FALSE(bench.merge("{}").has_value());
}

TEST(Measured, BlameMovesOnlyWithTheContractsWords) {
  const Bench bench;
  const auto moved = bench.merge(R"({"reassigned": [{"finding": "M-001", "blame": "test_suite",
    "source": "apis", "quote": "none when  there is \"no\" way"}]})");
  ASSERT_TRUE(moved.has_value()) << moved.error().message;
  EXPECT_EQ(json::get_string(moved->at("findings").as_array()[0], "blame"), "test_suite");
  for (const char* said :
       {R"({"reassigned": [{"finding": "M-001", "blame": "test_suite", "source": "apis",
            "quote": "the test is wrong, believe me"}]})",
        R"({"reassigned": [{"finding": "M-001", "blame": "test_suite", "source": "apis",
            "quote": "no"}]})",
        R"({"reassigned": [{"finding": "M-009", "blame": "test_suite", "source": "apis",
            "quote": "None when there is no way"}]})",
        R"({"reassigned": [{"finding": "M-001", "blame": "test_suite", "source": "code",
            "quote": "None when there is no way"}]})"}) {
    EXPECT_FALSE(bench.merge(said).has_value()) << said;
  }
}

}  // namespace
}  // namespace cadre
