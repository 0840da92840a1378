// The audit against services written by hand, whose designers chose other URLs, names and shapes
// than the offline engine would: right ones have no contradiction, and each seeded fault is found
// or said to be missed here.
#include "runtime/tools/audit_service.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/text.h"
#include "offline/analysis/analyse.h"

namespace cadre {
namespace {

std::string fixture(const std::string& name) {
  std::ifstream in(std::string(CADRE_SOURCE_DIR) + "/src/runtime/audit/testdata/" + name);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

class AuditServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const auto kSupport = std::make_shared<const SandboxSupport>(probe_sandbox());
    if (!kSupport->works) GTEST_SKIP() << kSupport->reason;
    access_ = std::make_unique<SandboxAccess>(false, false, kSupport);
    scratch_ = std::make_unique<ScratchFolder>(ScratchFolder::make("/tmp").value());
  }

  // The fixture's service with one fault.
  ServiceAudit audit(const std::string& name, const std::string& fault,
                     std::vector<std::string> start, const AuditLimits& limits = {}) {
    const std::string source = text::replace_all(fixture(name + ".py"), "FAULT = \"\"",
                                                 "FAULT = \"" + fault + "\"");
    return audit_source(name, source, std::move(start), limits);
  }

  ServiceAudit audit_source(const std::string& name, const std::string& source,
                            std::vector<std::string> start, const AuditLimits& limits = {}) {
    Task task;
    task.brief = fixture(name + ".txt");
    const auto add = [&](const std::string& type, Json data, std::vector<File> files) {
      task.inputs[type] =
          std::make_shared<const Artifact>(Artifact{type, std::move(data), std::move(files)});
    };
    JsonObject architecture{{"kind", "service"}};
    if (!start.empty()) {
      architecture["service"] = JsonObject{{"start", json::to_array(start)}};
    }
    add("architecture", std::move(architecture), {});
    add("apis", JsonObject{{"openapi", json::parse(fixture(name + ".openapi.json")).value()}}, {});
    add("code", JsonObject{}, {{name + ".py", source}});
    TaskToolContext context;
    context.task = &task;
    context.inputs = task.inputs;
    context.scratch_dir = scratch_->path();
    Stack stack;
    stack.id = "python";
    stack.sources = {".py"};
    stack.memory_mb = 2048;
    const auto files = TaskFiles::of(task, {}, 0);
    return audit_service(*access_, context, stack, files, &offline::analyse, limits).value();
  }

  static std::string titles(const ServiceAudit& audit, const std::string& severity = "high") {
    std::string out;
    for (const Json& finding : audit.findings) {
      if (json::get_string(finding, "severity") != severity) continue;
      out += json::get_string(finding, "title") + "\n";
    }
    return out;
  }

  std::unique_ptr<SandboxAccess> access_;
  std::unique_ptr<ScratchFolder> scratch_;
};

const std::vector<std::string> kOrders{"python3", "orders.py"};
const std::vector<std::string> kLibrary{"python3", "library.py", "{port}"};

TEST_F(AuditServiceTest, ARightServiceOfOtherNamesHasNoContradiction) {
  for (const auto& [name, start] : {std::pair{"orders", kOrders}, std::pair{"library", kLibrary}}) {
    const ServiceAudit done = audit(name, "", start);
    ASSERT_FALSE(done.figures.is_null()) << done.not_verified;
    EXPECT_EQ(titles(done), "") << json::write_pretty(Json(done.findings));
    EXPECT_EQ(titles(done, "medium"), "") << json::write_pretty(Json(done.findings));
    EXPECT_EQ(json::get_string(done.figures, "verdict"), "agrees");
    fmt::print("{}\n", json::write_pretty(done.figures));
    fmt::print("{}: {}\n", name, done.not_verified);
  }
}

// Fault -> a word that a finding about it has; "" is missed, and known to be.
struct Mutant {
  const char* fault;
  const char* found;
};

void expect_table(const std::vector<Mutant>& mutants,
                  const std::function<ServiceAudit(const char*)>& run,
                  const std::function<std::string(const ServiceAudit&)>& titles) {
  for (const Mutant& mutant : mutants) {
    const ServiceAudit done = run(mutant.fault);
    const std::string found = titles(done);
    fmt::print("{:<18} {:>5.1f} s {:>4} requests  {}\n", mutant.fault,
               json::get_double(done.figures, "seconds"), json::get_int(done.figures, "requests"),
               found.empty() ? "missed" : text::replace_all(found, "\n", "\n      "));
    if (std::string_view(mutant.found).empty()) {
      EXPECT_EQ(found, "") << mutant.fault << " is found now: correct the table";
    } else {
      EXPECT_NE(found.find(mutant.found), std::string::npos)
          << mutant.fault << ": " << found << done.not_verified;
    }
  }
}

TEST_F(AuditServiceTest, FaultsOfTheOrderService) {
  expect_table({{"limit", "R5"},
                {"limit_off_by_one", "R5"},
                {"limit_counts_all", "refuses what the brief allows"},
                {"unique", "R1"},
                {"total", "Order.total"},
                {"total_stale", "Order.total"},
                {"range_low", "R2"},
                {"range_high", "R2"},
                {"range_tight", "refuses what the brief allows"},
                {"skip_place", "accepts what must be refused"},
                {"cancel_placed", "accepts what must be refused"},
                {"cancel_fails", "fails with status 500"},
                {"refusal_writes", "Order."},
                {"lost_update", "Order."},
                {"wrong_owner", "Order.customer_id"},
                {"list_short", "the list leaves out"},
                {"forgets", "cannot be read"},
                {"refusal_is_200", "accepts what must be refused"}},
               [&](const char* fault) { return audit("orders", fault, kOrders); },
               [&](const ServiceAudit& done) { return titles(done); });
}

TEST_F(AuditServiceTest, FaultsOfTheLibrary) {
  expect_table({{"limit", "R3"},
                {"counts_returned", "refuses what the brief allows"},
                {"isbn", "R1"},
                {"due", "Loan.due_on"},
                {"copies", "Book.copies"},
                {"mail_lost", "Member.email"},
                {"renews_forever", "R4"},
                {"return_fails", "fails with status 500"},
                {"return_forgotten", ""}},
               [&](const char* fault) { return audit("library", fault, kLibrary); },
               [&](const ServiceAudit& done) { return titles(done); });
}

}  // namespace
}  // namespace cadre
