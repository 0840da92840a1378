// For tests of measure_project: a task with artifacts before it, measured by the shipped table of
// stacks in the real sandbox. Skips where there is no sandbox.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "process/sandbox.h"
#include "process/tree.h"
#include "runtime/tools/tools.h"
#include "sop/loader.h"

namespace cadre {

class MeasureTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const SandboxSupport kSupport = probe_sandbox();
    if (!kSupport.works) GTEST_SKIP() << "there is no sandbox here: " << kSupport.reason;
    options_.support = std::make_shared<const SandboxSupport>(kSupport);
    auto loaded = load_sop("software");
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
    plan_ = std::make_shared<Plan>(std::move(*loaded));
    auto scratch = ScratchFolder::make("/tmp");
    ASSERT_TRUE(scratch.has_value());
    scratch_ = std::make_unique<ScratchFolder>(std::move(*scratch));
  }

  static Json parsed(const std::string& text) { return json::parse(text).value(); }

  void add(const std::string& type, const std::string& data, std::vector<File> files) {
    Artifact made{type, parsed(data), std::move(files)};
    task_.inputs[type] = std::make_shared<const Artifact>(std::move(made));
  }
  void language(const std::string& name) {
    add("architecture", R"({"stack": {"language": ")" + name + "\"}}", {});
  }
  // Puts other words into the table of stacks.
  void in_table(const std::string& from, const std::string& to) {
    const std::string table = json::write(plan_->tables["stacks"]);
    ASSERT_NE(table.find(from), std::string::npos) << from;
    plan_->tables["stacks"] = parsed(text::replace_all(table, from, to));
  }

  std::shared_ptr<TaskTool> tool(const std::string& name) {
    for (const auto& one : make_software_tools(options_)) {
      if (one->name() == name) return one;
    }
    return nullptr;
  }

  Result<Json> measure() {
    task_.plan = plan_;
    task_.stage = "verify";
    task_.role = "qa_engineer";
    TaskToolContext context;
    context.task = &task_;
    context.inputs = task_.inputs;
    context.scratch_dir = scratch_->path();
    return tool("measure_project")->run(JsonObject{}, context);
  }

  SoftwareToolOptions options_;
  Task task_;
  std::shared_ptr<Plan> plan_;
  std::unique_ptr<ScratchFolder> scratch_;
};

}  // namespace cadre
