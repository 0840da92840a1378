// The audit against services written by hand, whose designers chose other URLs, names and shapes
// than the offline engine would: right ones have no contradiction.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "audit_kit.h"

namespace cadre {
namespace {

using AuditServiceTest = AuditTest;

TEST_F(AuditServiceTest, ARightServiceOfOtherNamesHasNoContradiction) {
  for (const char* name : {"orders", "library", "tasks"}) {
    const ServiceAudit done = audit(AuditTest::project(name));
    expect_right(name, done);
    EXPECT_EQ(json::get_string(done.figures, "verdict"), "agrees");
    for (const Json& one : json::get_array(done.figures, "not_audited")) {
      fmt::print("    {}: {}\n", json::get_string(one, "what"), json::get_string(one, "why"));
    }
  }
}

}  // namespace
}  // namespace cadre
