// A policy decides in a person's name which tools need nobody's word.
#include <gtest/gtest.h>

#include "cadre/cadre.h"
#include "cadre/testing.h"
#include "core/approval_policy.h"

namespace cadre {
namespace {

TEST(Policy, DecidesBeforeAPersonIsAsked) {
  int paid = 0;
  Tool refund;
  refund.name = "refund";
  refund.description = "Pays back.";
  refund.options.approval = Approval::kAlways;
  refund.function = [&](const Json&, const RunContext&) -> Result<std::string> {
    ++paid;
    return std::string("paid");
  };
  Agent agent;
  agent.name = "desk";
  agent.tools = {refund};
  const auto team = make_team({agent});
  ASSERT_TRUE(team.has_value()) << team.error().describe();
  const auto with = [&](std::vector<std::string> allow, std::vector<std::string> deny) {
    RunOptions options;
    options.model = std::make_shared<testing::ScriptedModel>(
        std::vector<ModelReply>{testing::calls("refund", "{}", "c1"), testing::says("done")});
    options.policy = std::make_shared<const ApprovalPolicy>(
        ApprovalPolicy::make(std::move(allow), std::move(deny)).value());
    return run(*team, "Pay back.", options);
  };
  EXPECT_TRUE(with({"tool:ref*"}, {}).done());
  EXPECT_EQ(paid, 1);
  const RunResult denied = with({"*"}, {"tool:refund"});
  EXPECT_TRUE(denied.done());
  EXPECT_EQ(paid, 1);
  EXPECT_EQ(with({"tool:other"}, {}).approvals.size(), 1U);
  EXPECT_EQ(paid, 1);
}

}  // namespace
}  // namespace cadre
