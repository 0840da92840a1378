// The audit of what is no service at all, or means ill: it ends in bounded time and memory, and
// says what it met.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cmath>

#include "audit_kit.h"

namespace cadre {
namespace {

constexpr int kAtOnce = 4;

struct Hostile {
  const char* fault;
  const char* said;  // in a finding's title or among what was not audited
  bool high;         // it is a finding that counts
};

class AuditHostile : public AuditTest {
 protected:
  void expect_table(const std::vector<Hostile>& table) {
    AuditedProject project = AuditTest::project("orders");
    project.start = {"python3", "hostile.py"};
    project.files = {{"hostile.py", audit_fixture("hostile.py")}};
    AuditLimits limits;
    limits.seconds = 4;
    limits.start_s = 1.5;
    limits.answer_s = 0.4;
    std::vector<AuditedProject> projects;
    for (const Hostile& one : table) projects.push_back(with_fault(project, one.fault));
    const auto begin = std::chrono::steady_clock::now();
    const auto all_done = audit_all(projects, kAtOnce, limits);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    fmt::print("{} in {:.1f} s\n", table.size(), seconds);
    const double rounds = std::ceil(static_cast<double>(table.size()) / kAtOnce);
    EXPECT_LT(seconds, rounds * (limits.seconds + 4));
    for (std::size_t i = 0; i < table.size(); ++i) {
      const Hostile& one = table[i];
      const ServiceAudit& done = all_done[i];
      const std::string high = titles(done), all = titles(done, "") + done.not_verified;
      fmt::print("{:<10} {} | {}\n", one.fault,
                 text::shorten(text::replace_all(titles(done, ""), "\n", "; "), 160),
                 text::shorten(done.not_verified, 160));
      EXPECT_NE(all.find(one.said), std::string::npos) << one.fault << ": " << all;
      EXPECT_EQ(!high.empty(), one.high) << one.fault << ": " << high;
      EXPECT_TRUE(text::is_valid_utf8(json::write(done.figures) + json::write(done.findings) +
                                done.not_verified)) << one.fault;
    }
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    EXPECT_LT(used.ru_maxrss / 1024, 512) << "MB";
  }
};

TEST_F(AuditHostile, DoesNotStart) {
  expect_table({{"ends", "connect() failed", true},
                {"deaf", "did not answer", true},
                {"silent", "did not answer", true},
                {"chatters", "printed more than", true}});
}

TEST_F(AuditHostile, DoesNotAnswer) {
  expect_table({{"hangs", "no answer within 400 ms", true},
                {"drips", "no answer within 400 ms", true},
                {"closes", "Empty reply", true},
                {"dies", "the service ended (exit code 7)", true},
                {"garbage", "HTTP", true},
                {"headers", "more than", true},
                {"large", "more than", true},
                {"chunks", "more than", true}});
}

// Who says yes to everything, accepts what the brief forbids.
TEST_F(AuditHostile, AnswersNonsense) {
  expect_table({{"redirects", "answers 302", false},
                {"no_json", "what is no JSON", true},
                {"half_json", "what is no JSON", true},
                {"deep_json", "what is no JSON", true},
                {"no_utf8", "what is no JSON", true},
                {"null", "does not show", true},
                {"", "does not show", true}});
}

TEST_F(AuditHostile, EatsTheMachine) {
  expect_table({{"forks", "no answer within 400 ms", true},
                {"eats", "did not", true},
                {"prints", "does not show", true}});
}

}  // namespace
}  // namespace cadre
