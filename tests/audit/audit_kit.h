// For tests of the audit: a service in the real sandbox, audited against its brief as
// measure_project does it. Skips where there is no sandbox.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "offline/analysis/analyse.h"
#include "runtime/tools/audit_service.h"

namespace cadre {

// What is audited: files, how they are started, the contract, the brief.
struct AuditedProject {
  std::string brief;
  Json openapi;
  std::vector<File> files;
  std::vector<std::string> start;
  std::map<std::string, std::string> env;
  std::string ready;
};

inline std::string audit_fixture(const std::string& name) {
  std::ifstream in(std::string(CADRE_SOURCE_DIR) + "/src/runtime/audit/testdata/" + name);
  EXPECT_TRUE(in.good()) << name;
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

class AuditTest : public ::testing::Test {
 public:
  // NAME.py, NAME.txt and NAME.openapi.json of the fixtures.
  static AuditedProject project(const std::string& name) {
    AuditedProject out;
    out.brief = audit_fixture(name + ".txt");
    out.openapi = json::parse(audit_fixture(name + ".openapi.json")).value();
    out.files = {{name + ".py", audit_fixture(name + ".py")}};
    out.start = {"python3", name + ".py"};
    if (name == "library") out.start.emplace_back("{port}");
    return out;
  }

 protected:
  void SetUp() override {
    static const auto kSupport = std::make_shared<const SandboxSupport>(probe_sandbox());
    if (!kSupport->works) GTEST_SKIP() << kSupport->reason;
    access_ = std::make_unique<SandboxAccess>(false, false, kSupport);
    scratch_ = std::make_unique<ScratchFolder>(ScratchFolder::make("/tmp").value());
  }

  // Its service with one fault.
  static AuditedProject with_fault(AuditedProject project, const std::string& fault) {
    for (File& file : project.files) {
      file.content =
          text::replace_all(file.content, "FAULT = \"\"", "FAULT = \"" + fault + "\"");
    }
    return project;
  }

  ServiceAudit audit(const AuditedProject& project, const AuditLimits& limits = {}) {
    Task task;
    task.brief = project.brief;
    const auto add = [&](const std::string& type, Json data, std::vector<File> files) {
      task.inputs[type] =
          std::make_shared<const Artifact>(Artifact{type, std::move(data), std::move(files)});
    };
    JsonObject architecture{{"kind", "service"}};
    if (!project.start.empty()) {
      JsonObject env;
      for (const auto& [name, value] : project.env) env[name] = value;
      JsonObject service{{"start", json::to_array(project.start)}, {"env", std::move(env)}};
      if (!project.ready.empty()) service["ready"] = project.ready;
      architecture["service"] = std::move(service);
    }
    add("architecture", std::move(architecture), {});
    add("apis", JsonObject{{"openapi", project.openapi}}, {});
    add("code", JsonObject{}, project.files);
    TaskToolContext context;
    context.task = &task;
    context.inputs = task.inputs;
    context.scratch_dir = scratch_->path();
    Stack stack;
    stack.id = "python";
    stack.sources = {".py"};
    stack.memory_mb = 2048;
    const auto files = TaskFiles::of(task, {}, 0);
    auto done = audit_service(*access_, context, stack, files, &offline::analyse, limits);
    EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().describe());
    return done ? *done : ServiceAudit{};
  }

  // Some at a time: each mostly waits for the other side.
  std::vector<ServiceAudit> audit_all(const std::vector<AuditedProject>& projects, int at_once,
                                      const AuditLimits& limits = {}) {
    std::vector<ServiceAudit> out(projects.size());
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> workers;
    for (int i = 0; i < at_once; ++i) {
      workers.emplace_back([&] {
        for (std::size_t at = next++; at < projects.size(); at = next++) {
          out[at] = audit(projects[at], limits);
        }
      });
    }
    workers.clear();
    return out;
  }

  static std::string titles(const ServiceAudit& audit, const std::string& severity = "high") {
    std::string out;
    for (const Json& finding : audit.findings) {
      if (!severity.empty() && json::get_string(finding, "severity") != severity) continue;
      out += json::get_string(finding, "title") + "\n";
    }
    return out;
  }

  // A right service has neither a contradiction nor an observation; says what was audited.
  static void expect_right(const std::string& name, const ServiceAudit& done) {
    ASSERT_FALSE(done.figures.is_null()) << name << ": " << done.not_verified;
    EXPECT_EQ(titles(done, ""), "") << name << ": " << json::write_pretty(Json(done.findings));
    int silent = 0, all = 0;
    for (const Json& one : json::get_array(done.figures, "statements")) {
      ++all;
      silent += json::get_string(one, "verdict") == "not audited" ? 1 : 0;
    }
    fmt::print("{:<10} {:<11} {:>2} of {:>2} operations, {:>2} of {:>2} statements, {:>4} asked, "
               "{:>4} agree, {:.1f} s\n", name, json::get_string(done.figures, "verdict"),
               json::get_int(done.figures, "operations_mapped"),
               json::get_int(done.figures, "operations_total"), all - silent, all,
               json::get_int(done.figures, "requests"), json::get_int(done.figures, "agrees"),
               json::get_double(done.figures, "seconds"));
  }

  std::unique_ptr<SandboxAccess> access_;
  std::unique_ptr<ScratchFolder> scratch_;
};

}  // namespace cadre
