// What runners and coverage tools write, also when it is odd.
#include "runtime/tools/test_readers.h"

#include <gtest/gtest.h>

namespace cadre {
namespace {

TEST(TestReaders, JUnitOfPytestAndCtest) {
  const auto cases = read_test_results("junit", R"(<?xml version="1.0"?><testsuites><testsuite>
    <testcase classname="tests.test_a" name="test_one[1-x]" time="0.5"/>
    <testcase classname="tests.test_a" name="test_two"><failure message="assert 1 == 2&#10;more">trace
E  assert 1 == 2</failure></testcase>
    <testcase classname="" name="tests.test_b"><error message="collection failure">No module</error></testcase>
    <testcase name="boom" status="fail"><failure message=""/><system-out>expected 4, got 8
    at board</system-out></testcase>
    <testcase name="off" status="disabled"/><testcase name="slow"><skipped message="no"/></testcase>
    </testsuite></testsuites>)");
  ASSERT_TRUE(cases.has_value()) << cases.error().message;
  ASSERT_EQ(cases->size(), 6U);
  EXPECT_EQ((*cases)[0].name, "test_one");
  EXPECT_EQ((*cases)[1].outcome, "failed");
  EXPECT_EQ((*cases)[1].message, "assert 1 == 2");
  EXPECT_EQ((*cases)[2].outcome, "error");
  EXPECT_EQ((*cases)[3].message, "expected 4, got 8");
  EXPECT_EQ((*cases)[4].outcome, "skipped");
  EXPECT_FALSE(read_test_results("junit", "<coverage/>").has_value());
  EXPECT_FALSE(read_test_results("junit", "<testsuite><testcase").has_value());
  EXPECT_FALSE(read_test_results("smoke signals", "").has_value());
}

TEST(TestReaders, TapGoAndCargo) {
  const auto tap = read_test_results(
      "tap", "1..3\nok 1 - adds\nnot ok 2 - divides\n# expected 2, got 3\nok 3 later # SKIP\n");
  ASSERT_EQ(tap->size(), 3U);
  EXPECT_EQ((*tap)[0].name, "adds");
  EXPECT_EQ((*tap)[1].message, "expected 2, got 3");
  EXPECT_EQ((*tap)[2].outcome, "skipped");
  const auto go = read_test_results(
      "go-test",
      R"({"Action":"output","Package":"p","Test":"TestA","Output":"a_test.go:3: bad\n"}
{"Action":"fail","Package":"p","Test":"TestA","Elapsed":0.1}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"fail","Package":"p"}
{"Action":"build-output","Package":"q","Output":"q.go:1:1: undefined: x\n"}
{"Action":"fail","Package":"q"}
nonsense)");
  ASSERT_EQ(go->size(), 3U);
  EXPECT_EQ((*go)[0].message, "a_test.go:3: bad");
  EXPECT_EQ((*go)[2].outcome, "error");
  EXPECT_EQ((*go)[2].name, "q");
  const auto cargo = read_test_results(
      "cargo",
      "test adds ... ok\ntest wraps ... FAILED\n\nfailures:\n\n---- wraps stdout ----\n"
      "thread 'wraps' panicked at 1 != 2\n\nfailures:\n    wraps\n");
  ASSERT_EQ(cargo->size(), 2U);
  EXPECT_EQ((*cargo)[1].message, "thread 'wraps' panicked at 1 != 2");
  // Two files may hold tests of one name; each failure is told after its own file.
  const auto two = read_test_results(
      "cargo",
      "     Running tests/a.rs (target/a-1)\ntest adds ... FAILED\n---- adds stdout ----\nfirst\n"
      "     Running tests/b.rs (target/b-1)\ntest adds ... FAILED\n"
      "test empty - should panic ... ok\ntest slow ... ignored, why\n---- adds stdout ----\nsecond\n"
      "   Doc-tests lib\ntest src/lib.rs - two (line 3) ... ok\n");
  ASSERT_EQ(two->size(), 5U);
  EXPECT_EQ((*two)[0].suite, "tests/a.rs");
  EXPECT_EQ((*two)[0].message, "first");
  EXPECT_EQ((*two)[1].message, "second");
  EXPECT_EQ((*two)[2].name, "empty");
  EXPECT_EQ((*two)[2].outcome, "passed");
  EXPECT_EQ((*two)[3].outcome, "skipped");
  EXPECT_EQ((*two)[4].suite, "lib");
}

TEST(TestReaders, CoverageFormats) {
  const auto lcov = read_coverage("lcov",
                                  "SF:src/a.js\nDA:1,1\nDA:2,0\nBRDA:1,0,0,1\nBRDA:1,0,1,-\n"
                                  "end_of_record\n");
  ASSERT_TRUE(lcov.has_value());
  EXPECT_EQ(lcov->files.at("src/a.js").lines.at(2), 0);
  EXPECT_EQ(lcov->files.at("src/a.js").branches_taken, 1);
  // Two objects saw one header: a line counts as run when one of them ran it.
  const auto gcov = read_coverage("gcov", R"({"files":[{"file":"src/a.h","lines":[
 {"line_number":3,"count":0,"branches":[{"count":0},{"count":1},{"count":0,"throw":true}]}]}]})");
  EXPECT_FALSE(gcov.has_value()) << "a report of several lines is none";
  const auto two =
      read_coverage("gcov",
                    "{\"files\":[{\"file\":\"src/a.h\",\"lines\":[{\"line_number\":3,\"count\":0,"
                    "\"branches\":[{\"count\":0},{\"count\":1},{\"count\":0,\"throw\":true}]}]}]}\n"
                    "{\"files\":[{\"file\":\"src/a.h\",\"lines\":[{\"line_number\":3,\"count\":2,"
                    "\"branches\":[{\"count\":5},{\"count\":0}]}]}]}\n");
  ASSERT_TRUE(two.has_value()) << two.error().message;
  EXPECT_EQ(two->files.at("src/a.h").lines.at(3), 2);
  EXPECT_EQ(two->files.at("src/a.h").branches, 2);
  EXPECT_EQ(two->files.at("src/a.h").branches_taken, 2);
  const auto xml = read_coverage(
      "cobertura",
      "<coverage><class filename=\"a.py\"><line number=\"1\" hits=\"1\" branch=\"true\" "
      "condition-coverage=\"50% (1/2)\"/><line number=\"x\" hits=\"1\"/></class></coverage>");
  ASSERT_TRUE(xml.has_value());
  EXPECT_EQ(xml->files.at("a.py").lines.size(), 1U);
  EXPECT_EQ(xml->files.at("a.py").branches, 2);
  const auto java = read_coverage(
      "jacoco",
      "<?xml version=\"1.0\"?><!DOCTYPE report PUBLIC \"-//JACOCO//DTD\" \"report.dtd\"><report>"
      "<package name=\"lib\"><class name=\"lib/A\"><method name=\"x\" line=\"9\"/></class>"
      "<sourcefile name=\"A.java\"><line nr=\"3\" mi=\"0\" ci=\"2\" mb=\"1\" cb=\"1\"/>"
      "<line nr=\"4\" mi=\"2\" ci=\"0\"/><line nr=\"z\"/></sourcefile></package></report>");
  ASSERT_TRUE(java.has_value()) << java.error().message;
  EXPECT_EQ(java->files.at("lib/A.java").lines, (LineCounts{{3, 2}, {4, 0}}));
  EXPECT_EQ(java->files.at("lib/A.java").branches, 2);
  EXPECT_EQ(java->files.at("lib/A.java").branches_taken, 1);
  EXPECT_FALSE(read_coverage("jacoco", "<coverage/>").has_value());
  EXPECT_FALSE(
      read_coverage("jacoco", "<!DOCTYPE r [<!ENTITY x \"y\">]><report/>").has_value());
  const auto go =
      read_coverage("go-cover", "mode: set\nm/a.go:3.2,4.9 2 1\nm/a.go:6.1,6.5 1 0\nx\n");
  ASSERT_TRUE(go.has_value());
  EXPECT_EQ(go->files.at("m/a.go").lines.size(), 3U);
  for (const char* format : {"lcov", "gcov", "go-cover"}) {
    EXPECT_FALSE(read_coverage(format, "").has_value()) << format;
  }
}

}  // namespace
}  // namespace cadre
