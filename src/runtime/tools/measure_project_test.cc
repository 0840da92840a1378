// What is built and tested in the sandbox, and what becomes of tests that do harm.
#include "runtime/tools/measure_test_kit.h"

namespace cadre {
namespace {

class MeasureProjectTest : public MeasureTest {
 protected:
  void SetUp() override {
    MeasureTest::SetUp();
    if (IsSkipped()) return;
    language("Python 3.11");
    add("apis", R"({"signatures": [{"id": "double", "file": "lib/core.py",
                    "signature": "double(n) -> int"}]})",
        {});
    add("user_stories", R"({"stories": [{"id": "US-001", "priority": "must", "criteria": [
        {"id": "AC-001.1", "text": "it doubles"}, {"id": "AC-001.2", "text": "it says so"}]}]})",
        {});
    add("code", "{}",
        {{"lib/__init__.py", "", false},
         {"lib/core.py", "def double(n):\n    return 2 * n\n", false}});
  }
  void add_tests(const std::string& content, const std::string& names) {
    add("test_suite", R"({"tests": [)" + names + "]}", {{"tests/test_core.py", content, false}});
  }
  // The findings of a test file that does `body`.
  std::string findings_of(const std::string& body) {
    add_tests("import os\nimport socket\nimport time\n\n\ndef test_harm():\n" + body,
              R"({"name": "test_harm", "criteria": ["AC-001.1"]})");
    auto measured = measure();
    EXPECT_TRUE(measured.has_value()) << measured.error().describe();
    if (!measured) return {};
    figures_ = measured->at("figures");
    return json::write(measured->at("append").at("findings"));
  }

  Json figures_;
};

constexpr const char* kTwoTests =
    "from lib.core import double\n\n\ndef test_doubles():\n    assert double(4) == 8\n\n\n"
    "def test_says():\n    assert double(1) == 3\n";
constexpr const char* kTwoNames =
    R"({"name": "test_doubles", "criteria": ["AC-001.1"]},
       {"name": "test_says", "criteria": ["AC-001.2"]})";

TEST_F(MeasureProjectTest, FiguresFindingsAndTrace) {
  add_tests(kTwoTests, kTwoNames);
  const auto measured = measure();
  ASSERT_TRUE(measured.has_value()) << measured.error().describe();
  const Json& figures = measured->at("figures");
  EXPECT_EQ(json::get_int(figures.at("tests"), "passed"), 1);
  EXPECT_EQ(json::get_int(figures.at("tests"), "failed"), 1);
  EXPECT_EQ(json::get_double(figures.at("coverage"), "lines_percent"), 100);
  EXPECT_EQ(json::write(figures.at("traceability").at("failing")), R"(["AC-001.2"])");
  const JsonArray& findings = measured->at("append").at("findings").as_array();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(json::get_string(findings[0], "blame"), "code");
  EXPECT_NE(json::get_string(findings[0], "title").find("test_says"), std::string::npos);
  EXPECT_NE(json::get_string(findings[0], "evidence").find("AC-001.2: it says so"),
            std::string::npos);
}

TEST_F(MeasureProjectTest, WhatTestsMissIsTheCodesFaultOnlyWhenTheContractPromisesIt) {
  add_tests("from lib.core import triple\n\n\ndef test_x():\n    assert triple(1) == 3\n",
            R"({"name": "test_x", "criteria": ["AC-001.1"]})");
  auto measured = measure();
  ASSERT_TRUE(measured.has_value());
  EXPECT_EQ(json::get_string(measured->at("append").at("findings").as_array()[0], "blame"),
            "test_suite");
  EXPECT_EQ(json::get_int(measured->at("figures").at("tests"), "errors"), 1);
  add("code", "{}",
      {{"lib/__init__.py", "", false}, {"lib/core.py", "def half(n):\n    return n\n", false}});
  add_tests(kTwoTests, kTwoNames);
  measured = measure();
  ASSERT_TRUE(measured.has_value());
  EXPECT_EQ(json::get_string(measured->at("append").at("findings").as_array()[0], "blame"), "code");
}

TEST_F(MeasureProjectTest, CodeThatDoesNotCompileIsTheDevelopers) {
  add("code", "{}", {{"lib/__init__.py", "", false}, {"lib/core.py", "def double(n)\n", false}});
  add_tests(kTwoTests, kTwoNames);
  const auto measured = measure();
  ASSERT_TRUE(measured.has_value());
  const Json& first = measured->at("append").at("findings").as_array()[0];
  EXPECT_EQ(json::get_string(first, "blame"), "code");
  EXPECT_NE(json::get_string(first, "title").find("does not build"), std::string::npos);
  EXPECT_EQ(json::get_int(measured->at("figures").at("tests"), "errors"), 1);
}

TEST_F(MeasureProjectTest, ATestThatHangsIsStopped) {
  in_table("\"timeout_s\":300", "\"timeout_s\":5");
  in_table("faulthandler_timeout=20", "faulthandler_timeout=2");
  const std::string said = findings_of("    while True:\n        time.sleep(1)\n");
  EXPECT_NE(said.find("the tests were stopped: it did not end within 5 s"), std::string::npos)
      << said;
  // The dump of its stack names the test file.
  EXPECT_NE(said.find(R"("blame":"test_suite")"), std::string::npos) << said;
}

TEST_F(MeasureProjectTest, ATestThatForksMeetsItsLimit) {
  const std::string said = findings_of(
      "    for _ in range(2000):\n        if os.fork() == 0:\n            time.sleep(60)\n"
      "            os._exit(0)\n");
  EXPECT_NE(said.find("test_harm"), std::string::npos) << said;
  EXPECT_NE(said.find("BlockingIOError"), std::string::npos) << said;
}

TEST_F(MeasureProjectTest, ATestThatFillsTheDiskIsStopped) {
  const std::string said = findings_of(
      "    for n in range(40):\n        with open(f'big{n}', 'wb') as out:\n"
      "            os.posix_fallocate(out.fileno(), 0, 60 << 20)\n        "
      "time.sleep(0.1)\n");
  EXPECT_NE(said.find("the tests were stopped: its work folder grew over 512 MB"),
            std::string::npos)
      << said;
}

TEST_F(MeasureProjectTest, SocketsAndTheHomeFolderAreOutOfReach) {
  std::string said = findings_of("    socket.create_connection(('192.0.2.1', 80), timeout=2)\n");
  EXPECT_NE(said.find("OSError"), std::string::npos) << said;
  said = findings_of("    assert os.path.exists('/root') or os.path.exists('/home')\n");
  EXPECT_NE(said.find("the test test_harm fails"), std::string::npos) << said;
  EXPECT_EQ(json::get_int(figures_.at("tests"), "failed"), 1);
}

TEST_F(MeasureProjectTest, LanguagesThatNobodyKnowsAndToolsThatAreNotThere) {
  add("architecture", R"({"stack": {"language": "Brainfuck"}})", {});
  auto unknown = measure();
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().message.find("Brainfuck"), std::string::npos);
  EXPECT_NE(unknown.error().hint.find("architecture.commands"), std::string::npos);
  add("architecture", R"({"stack": {"language": "Zig"}, "commands": {
      "build": [["no-such-compiler", "x"]], "test": [["no-such-compiler", "test"]],
      "install": "zig"}})",
      {});
  const auto ready = tool("measure_project")->ready(task_);
  ASSERT_FALSE(ready.has_value());
  EXPECT_NE(ready.error().message.find("no-such-compiler is missing"), std::string::npos);
  EXPECT_NE(ready.error().hint.find("apt-get install zig"), std::string::npos);
  const auto measured = measure();
  ASSERT_TRUE(measured.has_value()) << measured.error().describe();
  EXPECT_TRUE(measured->at("figures").at("tests").at("passed").is_null());
  EXPECT_NE(json::write(measured->at("append").at("not_verified")).find("zig"), std::string::npos);
}

TEST_F(MeasureProjectTest, StatedCommandsMeasureOtherLanguages) {
  add("architecture", R"({"stack": {"language": "POSIX shell"}, "commands": {
      "build": [["sh", "-n", "tool.sh"]], "test": [["sh", "tests/run.sh"]], "sources": [".sh"]}})",
      {});
  add("code", "{}", {{"tool.sh", "echo $(($1 * 2))\n", false}});
  add("test_suite", R"({"tests": [{"name": "doubles", "criteria": ["AC-001.1", "AC-001.2"]}]})",
      {{"tests/run.sh",
        "[ \"$(sh tool.sh 4)\" = 8 ] && echo 'ok 1 - doubles' || "
        "echo 'not ok 1 - doubles'\n",
        false}});
  const auto measured = measure();
  ASSERT_TRUE(measured.has_value()) << measured.error().describe();
  EXPECT_EQ(json::get_int(measured->at("figures").at("tests"), "passed"), 1);
  EXPECT_EQ(json::get_int(measured->at("figures").at("traceability"), "with_passing_test"), 2);
  EXPECT_NE(json::get_string(measured->at("figures").at("coverage"), "unavailable"), "");
}

}  // namespace
}  // namespace cadre
