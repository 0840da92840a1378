#include "core/approval_policy.h"

#include <gtest/gtest.h>

namespace cadre {
namespace {

ApprovalPolicy policy(const char* text) {
  auto made = ApprovalPolicy::from_json(json::parse(text).value());
  EXPECT_TRUE(made.has_value()) << made.error().describe();
  return *made;
}

TEST(ApprovalPolicy, DenyWinsAndTheRestIsAsked) {
  const ApprovalPolicy rules = policy(
      R"({"allow": ["tool:look_*", "tool:*refund", "gate:plan/approval", "handoff:a->?"],
          "deny": ["tool:look_secret*"]})");
  EXPECT_EQ(rules.decide("tool:look_up").verdict, PolicyVerdict::kAllow);
  EXPECT_EQ(rules.decide("tool:look_up").rule, "tool:look_*");
  EXPECT_EQ(rules.decide("tool:look_secrets").verdict, PolicyVerdict::kDeny);
  EXPECT_EQ(rules.decide("tool:big_refund").verdict, PolicyVerdict::kAllow);
  EXPECT_EQ(rules.decide("tool:refunds").verdict, PolicyVerdict::kAsk);
  EXPECT_EQ(rules.decide("gate:plan/approval").verdict, PolicyVerdict::kAllow);
  EXPECT_EQ(rules.decide("handoff:a->b").verdict, PolicyVerdict::kAllow);
  EXPECT_EQ(rules.decide("handoff:a->bc").verdict, PolicyVerdict::kAsk);
  EXPECT_EQ(policy("{}").decide("tool:x").verdict, PolicyVerdict::kAsk);
  EXPECT_EQ(policy(R"({"allow": ["*"], "deny": ["*"]})").decide("tool:x").verdict,
            PolicyVerdict::kDeny);
}

TEST(ApprovalPolicy, WhatCannotBeReadIsAnError) {
  for (const char* broken : {R"([])", R"("allow")", R"({"alow": []})", R"({"allow": "tool:x"})",
                             R"({"allow": [1]})", R"({"deny": [""]})", R"({"deny": ["refund"]})",
                             R"({"deny": ["tool:"]})", R"({"deny": null})"}) {
    EXPECT_FALSE(ApprovalPolicy::from_json(json::parse(broken).value())) << broken;
  }
}

TEST(ApprovalPolicy, PatternsMatchTheWholeText) {
  EXPECT_TRUE(matches_pattern("", ""));
  EXPECT_FALSE(matches_pattern("", "a"));
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_TRUE(matches_pattern("a*b*c", "a--b--b-c"));
  EXPECT_FALSE(matches_pattern("a*b*c", "a--b--b-"));
  EXPECT_TRUE(matches_pattern("**?", "x"));
  EXPECT_FALSE(matches_pattern("?", ""));
  // Many stars on a long text: a product of the lengths, not an explosion.
  std::string stars, text(5000, 'a');
  for (int i = 0; i < 100; ++i) stars += "a*";
  EXPECT_FALSE(matches_pattern(stars + "b", text));
}

}  // namespace
}  // namespace cadre
