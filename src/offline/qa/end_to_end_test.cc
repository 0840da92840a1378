// Architect's, Developer's and QA's work together: the generated project passes its tests, and the
// tests notice when a guard goes missing. Skipped where Python with FastAPI is not installed.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "offline/analysis/analyse.h"
#include "offline/architect/architect.h"
#include "offline/developer/developer.h"
#include "offline/product/product.h"
#include "offline/qa/measures.h"
#include "offline/qa/test_plan.h"
#include "process/process.h"

namespace cadre::offline::qa {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void write(const std::filesystem::path& path, const std::string& content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << content;
}

class Project {
 public:
  explicit Project(const Json& model) {
    char name[] = "/tmp/cadre-qa-XXXXXX";
    folder_ = mkdtemp(name);
    spec::Spec spec = spec::spec_from_json(model).value();
    Task task;
    auto put = [&](Artifact artifact) {
      for (const File& file : artifact.files) write(folder_ / file.path, file.content);
      std::string type = artifact.type;
      task.inputs[type] = std::make_shared<Artifact>(std::move(artifact));
    };
    auto put_all = [&put](Turn turn) {
      for (Artifact& artifact : turn.artifacts) put(std::move(artifact));
    };
    put_all(product::prepare(spec));
    put({.type = "requirements", .data = JsonObject{{"spec", model}}, .files = {}});
    Json stories = task.inputs.at("user_stories")->data;
    task.makes = {"architecture", "data_structures", "apis", "tasks"};
    put_all(architect::perform(task, {}).value());
    task.makes = {"code", "documentation"};
    put_all(developer::perform(task, {}).value());
    for (Artifact& artifact : tests_for(spec, stories)) put(std::move(artifact));
  }
  ~Project() { std::filesystem::remove_all(folder_); }
  Project(const Project&) = delete;
  Project& operator=(const Project&) = delete;

  ProcessResult python(std::vector<std::string> arguments) const {
    ProcessOptions options;
    options.argv = {"/usr/bin/python3"};
    options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
    options.env = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=" + folder_.string()};
    options.cwd = folder_;
    options.timeout = Milliseconds(120'000);
    Result<ProcessResult> result = run_process(options);
    return result ? *result : ProcessResult{};
  }

  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

Json model(const char* name) {
  return json::parse(read(std::string(CADRE_SOURCE_DIR) + "/src/spec/testdata/" + name + ".json"))
      .value();
}

class EndToEnd : public testing::Test {
 protected:
  void SetUp() override {
    ProcessOptions options;
    options.argv = {"/usr/bin/python3", "-c",
                    "import fastapi, sqlalchemy, pytest, pytest_cov, httpx"};
    options.timeout = Milliseconds(60'000);
    Result<ProcessResult> result = run_process(options);
    if (!result || !result->success())
      GTEST_SKIP() << "Python with FastAPI and pytest is not installed";
  }

  void passes(const Project& project) {
    ProcessResult run = project.python({"-m", "pytest", "-q", "-p", "no:cacheprovider", "--cov=app",
                                        "--cov-branch", "--junitxml=reports/junit.xml",
                                        "--cov-report=xml:reports/coverage.xml", "tests"});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    auto junit = read_junit(read(project.folder() / "reports/junit.xml"));
    ASSERT_TRUE(junit.has_value());
    EXPECT_GT(junit->passed, 100);
    EXPECT_EQ(junit->failed, 0);
    auto coverage = read_cobertura(read(project.folder() / "reports/coverage.xml"));
    ASSERT_TRUE(coverage.has_value());
    ASSERT_TRUE(coverage->lines_percent.has_value());
    EXPECT_GE(*coverage->lines_percent, 90);
  }
};

TEST_F(EndToEnd, LibraryPassesAndItsTestsNoticeAMissingGuard) {
  Project project(model("library"));
  passes(project);
  std::filesystem::path service = project.folder() / "app/services/loan.py";
  std::string code = read(service);
  std::string broken = text::replace_all(code, "if loan_count >= 3:", "if False:");
  ASSERT_NE(code, broken) << "the guard of R1 is not where this test looks for it";
  write(service, broken);
  ProcessResult run =
      project.python({"-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_rules.py"});
  EXPECT_EQ(run.exit_code, 1) << run.out;
  EXPECT_NE(run.out.find("test_r1_max_open_loans_borrow"), std::string::npos);
}

TEST_F(EndToEnd, TasksPass) { passes(Project(model("tasks"))); }

// Accents are shown to people and are in no id.
TEST_F(EndToEnd, NamesWithAccentsPass) {
  passes(Project(spec::to_json(analyse(
      "Each café has a name, a région and a crème brûlée price. Visitors rate cafés. Each café "
      "has at most 20 ratings."))));
}

// Quotes, braces, line breaks and keywords wherever the user's words go.
TEST_F(EndToEnd, HostileWordsStayWords) {
  std::string text = json::write(model("library"));
  std::string bad = R"(a \"\"\"thing\"\"\" ' \\ {n} %s )"
                    "\\n"
                    R"( '); DROP TABLE x;--)";
  text = text::replace_all(std::move(text), "A member can borrow at most 3 books at the same time.",
                           bad);
  text = text::replace_all(std::move(text), "\"name\":\"loan\"", "\"name\":\"lo\\\"an\\n{x}\"");
  Result<Json> hostile = json::parse(text);
  ASSERT_TRUE(hostile.has_value());
  spec::Spec spec = spec::spec_from_json(*hostile).value();
  std::string file = "/tmp/cadre-qa-hostile-" + std::to_string(getpid()) + ".py";
  for (const Artifact& artifact : tests_for(spec, JsonObject{})) {
    for (const File& one : artifact.files) {
      if (!one.path.ends_with(".py")) continue;
      write(file, one.content);
      ProcessOptions options;
      options.argv = {"/usr/bin/python3", "-c",
                      "import ast, sys; ast.parse(open(sys.argv[1]).read())", file};
      Result<ProcessResult> result = run_process(options);
      ASSERT_TRUE(result.has_value());
      EXPECT_EQ(result->exit_code, 0) << one.path << result->err;
    }
  }
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace cadre::offline::qa
