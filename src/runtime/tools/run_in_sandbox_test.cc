#include "runtime/tools/run_in_sandbox.h"

#include <gtest/gtest.h>

#include "runtime/tools/tools.h"

namespace cadre {
namespace {

Json parse(std::string_view text) { return json::parse(text).value(); }

class RunInSandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    scratch_ = std::make_unique<ScratchFolder>(ScratchFolder::make("/tmp").value());
    context_.scratch_dir = scratch_->path();
    tool_ = make_software_tools()[0];
    static const SandboxSupport kSupport = probe_sandbox();
    if (!kSupport.works) GTEST_SKIP() << kSupport.reason;
  }
  void add(const std::string& type, std::vector<File> files) {
    context_.inputs[type] =
        std::make_shared<const Artifact>(Artifact{type, JsonObject{}, std::move(files)});
  }
  Json run(std::string_view arguments) {
    auto result = tool_->run(parse(arguments), context_);
    EXPECT_TRUE(result) << result.error().describe();
    return result.value_or(Json());
  }
  Error error_of(std::string_view arguments) {
    auto result = tool_->run(parse(arguments), context_);
    EXPECT_FALSE(result);
    return result ? Error{} : result.error();
  }
  std::unique_ptr<ScratchFolder> scratch_;
  TaskToolContext context_;
  std::shared_ptr<TaskTool> tool_;
};

TEST_F(RunInSandboxTest, RunsOverTheFilesOfAllInputs) {
  add("code", {{"app/__init__.py", "", false}, {"app/core.py", "def two():\n  return 2\n", false}});
  add("test_suite",
      {{"tests/test_core.py", "from app.core import two\n\ndef test_two():\n  assert two() == 2\n",
        false}});
  const Json result = run(R"({"argv": ["python3", "-m", "pytest", "-q", "-p", "no:cacheprovider",
      "--junitxml=reports/junit.xml"], "outputs": ["reports/junit.xml", "reports/missing"],
      "env": {"APP_X": "1"}, "label": "tests"})");
  EXPECT_EQ(json::get_int(result, "exit_code", -1), 0) << json::write(result);
  EXPECT_TRUE(json::get_bool(result, "sandboxed"));
  EXPECT_EQ(json::get_string(result, "label"), "tests");
  const Json& outputs = *json::find(result, "outputs");
  EXPECT_NE(json::get_string(outputs, "reports/junit.xml").find("tests=\"1\""), std::string::npos);
  EXPECT_TRUE(json::find(outputs, "reports/missing")->is_null());
}

TEST_F(RunInSandboxTest, EachCallBeginsWithAFreshCopy) {
  add("code", {{"a.txt", "1", false}});
  run(R"({"argv": ["/bin/sh", "-c", "echo 2 > a.txt"]})");
  EXPECT_EQ(json::get_string(run(R"({"argv": ["/bin/cat", "a.txt"]})"), "stdout"), "1");
  EXPECT_TRUE(std::filesystem::is_empty(scratch_->path()));
}

TEST_F(RunInSandboxTest, FailureTimeoutAndSignalAreResults) {
  EXPECT_EQ(json::get_int(run(R"({"argv": ["/bin/sh", "-c", "exit 4"]})"), "exit_code"), 4);
  const Json slow = run(R"({"argv": ["/bin/sleep", "9"], "timeout_s": 0.2})");
  EXPECT_TRUE(json::get_bool(slow, "timed_out"));
  const Json killed = run(R"({"argv": ["/bin/sh", "-c", "kill -KILL $$"]})");
  EXPECT_EQ(json::get_int(killed, "signal"), 9);
}

TEST_F(RunInSandboxTest, StreamsAreBounded) {
  const Json result =
      run(R"({"argv": ["/bin/sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x"]})");
  EXPECT_LE(json::get_string(result, "stdout").size(), 64U * 1024U);
}

TEST_F(RunInSandboxTest, BytesThatAreNoTextAreCleaned) {
  const Json result = run(R"({"argv": ["/usr/bin/printf", "a\\377b"]})");
  EXPECT_EQ(json::get_string(result, "stdout"),
            "a\xef\xbf\xbd"
            "b");
}

TEST_F(RunInSandboxTest, PathsThatLeadOutsideAreRefused) {
  add("code", {{"../evil.py", "x", false}});
  const Error error = error_of(R"({"argv": ["/bin/true"]})");
  EXPECT_EQ(error.code, ErrorCode::kDenied);
  EXPECT_EQ(error.message,
            "artifact code: the path \"../evil.py\" is refused: it has a \"..\" part");
}

TEST_F(RunInSandboxTest, OneFileFromTwoArtifactsIsRefusedUnlessEqual) {
  add("code", {{"a.py", "1", false}});
  add("test_suite", {{"a.py", "1", false}});
  EXPECT_EQ(json::get_int(run(R"({"argv": ["/bin/true"]})"), "exit_code", -1), 0);
  add("test_suite", {{"a.py", "2", false}});
  EXPECT_EQ(error_of(R"({"argv": ["/bin/true"]})").code, ErrorCode::kConflict);
  add("test_suite", {{"a.py/b", "2", false}});
  EXPECT_EQ(error_of(R"({"argv": ["/bin/true"]})").code, ErrorCode::kDenied);
}

TEST_F(RunInSandboxTest, WrongArgumentsAreRefusedWithTheirPlace) {
  EXPECT_NE(error_of("{}").message.find("argv"), std::string::npos);
  EXPECT_NE(error_of(R"({"argv": []})").message.find("/argv"), std::string::npos);
  EXPECT_NE(error_of(R"({"argv": ["x"], "timeout_s": "9"})").message.find("/timeout_s"),
            std::string::npos);
  EXPECT_NE(error_of(R"({"argv": ["x"], "surprise": 1})").message.find("surprise"),
            std::string::npos);
  EXPECT_EQ(error_of(R"({"argv": ["x"], "outputs": ["/etc/passwd"]})").code,
            ErrorCode::kInvalidInput);
}

TEST_F(RunInSandboxTest, ProgramThatIsNotThereIsAStatus) {
  const Json result = run(R"({"argv": ["/no/such/program"]})");
  EXPECT_EQ(json::get_int(result, "exit_code"), 127);
}

TEST_F(RunInSandboxTest, CancellationIsNotAResult) {
  std::stop_source source;
  source.request_stop();
  context_.stop = source.get_token();
  EXPECT_EQ(error_of(R"({"argv": ["/bin/sleep", "9"]})").code, ErrorCode::kCancelled);
}

TEST(CheckDdl, AcceptsWhatLoads) {
  EXPECT_EQ(check_ddl("-- a comment\nCREATE TABLE a (id INTEGER PRIMARY KEY);\n"
                      "CREATE TABLE b (a_id INTEGER REFERENCES a(id));\n-- end"),
            "");
}

TEST(CheckDdl, SaysWhatDoesNot) {
  EXPECT_EQ(check_ddl("CREATE TABLE a (id INTEGER PRIMARY KEY,);"),
            "near \")\": syntax error in \"CREATE TABLE a (id INTEGER PRIMARY KEY,);\"");
  EXPECT_EQ(check_ddl("CREATE TABLE a (id INTEGER); CREATE TABLE a (id INTEGER);"),
            "table a already exists in \"CREATE TABLE a (id INTEGER);\"");
  EXPECT_EQ(check_ddl("CREATE TABLE b (a_id INTEGER REFERENCES a(id));"),
            "the table b refers to a, which is not made");
  EXPECT_EQ(check_ddl(""), "it makes no table");
  EXPECT_NE(check_ddl("ATTACH DATABASE '/tmp/x.db' AS x; CREATE TABLE a (id INTEGER);"), "");
  EXPECT_NE(check_ddl("CREATE TABLE a AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 "
                      "FROM c) SELECT x FROM c;"),
            "");
}

}  // namespace
}  // namespace cadre
