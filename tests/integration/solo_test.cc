// A trivial job with a model in charge: one agent instead of a team, chosen by the brief, and
// judged by the same measured evidence. A scripted model stands in for a language model.
#include <gtest/gtest.h>

#include "program.h"

namespace cadre::testing {
namespace {

const char* const kBrief = "Write a Python function that reverses the words of a line";

Json deliver(const char* type, const char* data) {
  return JsonObject{{"tool", std::string("deliver_") + type},
                    {"arguments", JsonObject{{"data", json::parse(data).value()}}}};
}

Json write(const char* path, const std::string& content) {
  return JsonObject{{"tool", "write_file"},
                    {"arguments", JsonObject{{"path", path}, {"content", content}}}};
}

Json reply(const char* at, JsonArray calls) {
  return JsonObject{{"at", at}, {"calls", std::move(calls)}};
}

// The first code forgets that words may be parted by several spaces; a test notices.
Json script() {
  const std::string wrong =
      "def reverse_words(line):\n    return \" \".join(reversed(line.split(\" \")))\n";
  const std::string right =
      "def reverse_words(line):\n    return \" \".join(reversed(line.split()))\n";
  const std::string tests =
      "from words import reverse_words\n\n\n"
      "def test_words_come_in_reverse():\n    assert reverse_words(\"a b c\") == \"c b a\"\n\n\n"
      "def test_several_spaces_are_one():\n    assert reverse_words(\"a   b\") == \"b a\"\n";
  const auto work = [&](const std::string& code) {
    return JsonArray{
        deliver("user_stories", R"({"stories": [{"id": "US-001", "title": "Reverse", "as_a": "user",
          "i_want": "the words of a line in reverse", "so_that": "I can read it backwards",
          "priority": "must", "criteria": [
            {"id": "AC-001.1", "text": "Words come in reverse.", "given": "a b c", "when": "reversed",
             "then": "c b a"},
            {"id": "AC-001.2", "text": "Several spaces are one.", "given": "a   b",
             "when": "reversed", "then": "b a"}]}]})"),
        deliver("architecture", R"({"kind": "library", "stack": {"language": "Python"}})"),
        write("words.py", code),
        deliver("code", R"({"language": "Python", "files": ["words.py"]})"),
        write("tests/test_words.py", tests),
        deliver("test_suite", R"({"tests": [
            {"id": "TC-001", "file": "tests/test_words.py", "name": "test_words_come_in_reverse",
             "criteria": ["AC-001.1"], "kind": "unit"},
            {"id": "TC-002", "file": "tests/test_words.py", "name": "test_several_spaces_are_one",
             "criteria": ["AC-001.2"], "kind": "unit"}], "files": ["tests/test_words.py"]})"),
        write("README.md", "# Words\n\nreverse_words(line). Test: python3 -m pytest\n"),
        deliver("documentation", R"({"documents": [{"path": "README.md", "title": "Read me"}],
            "files": ["README.md"]})")};
  };
  const JsonArray report{deliver("quality_report", R"({"findings": [], "not_verified": []})")};
  const JsonArray measure{JsonObject{{"tool", "measure_project"}, {"arguments", JsonObject{}}}};
  return JsonObject{
      {"replies", JsonArray{reply("work#1/*", work(wrong)), reply("work#*", work(right)),
                            reply("verify#*/turn:1", measure), reply("verify#*", report)}}};
}

TEST(Solo, ATrivialJobIsDoneByOneAgentAndMeasured) {
  TestFolder folder;
  write_file(folder.path() / "script.json", json::write(script()));
  const ProcessResult ran =
      run_cadre(folder.path(), {"run", kBrief, "--model", "scripted:script.json", "--out", "out"});
  ASSERT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("one agent is enough"), std::string::npos) << ran.out;
  const Json result = read_json(folder.path() / "out" / "result.json");
  EXPECT_EQ(json::get_string(result.at("run"), "sop"), "solo");
  const Json& report = result.at("quality_report").at("data");
  EXPECT_EQ(json::get_int(report.at("tests"), "passed"), 2);
  EXPECT_EQ(json::get_int(report.at("tests"), "failed"), 0);
  EXPECT_DOUBLE_EQ(json::get_double(report.at("coverage"), "lines_percent"), 100.0);
  EXPECT_EQ(json::get_int(report.at("traceability"), "with_passing_test"), 2);
  EXPECT_NE(read_file(folder.path() / "out" / "words.py").find("line.split()"), std::string::npos);
  // What the SOP keeps from the verifying agent's eyes (the README) is counted.
  const auto shown = json::parse(run_cadre(folder.path(), {"report", "last", "--json"}).out);
  ASSERT_TRUE(shown.has_value());
  EXPECT_GT(json::get_int(shown->at("context"), "input_bytes"), 0);
  EXPECT_GT(json::get_int(shown->at("context"), "left_out_bytes"), 0);
}

TEST(Solo, TheTeamIsChosenByWordsToo) {
  TestFolder folder;
  write_file(folder.path() / "script.json", json::write(script()));
  // The whole team asks for requirements, which this script has none of.
  const ProcessResult full = run_cadre(folder.path(), {"run", kBrief, "--team", "full", "--model",
                                                       "scripted:script.json", "--out", "full"});
  EXPECT_EQ(full.exit_code, 7) << full.out << full.err;
  EXPECT_EQ(full.out.find("one agent is enough"), std::string::npos);
  for (const auto& [arguments, words] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"run", kBrief, "--team", "pair"}, "auto, solo or full"},
           {{"run", kBrief, "--team", "solo"}, "needs a language model"},
           {{"run", kBrief, "--team", "solo", "--sop", "research"}, "give one of them"}}) {
    const ProcessResult refused = run_cadre(folder.path(), arguments);
    EXPECT_EQ(refused.exit_code, 2) << refused.out << refused.err;
    EXPECT_NE((refused.out + refused.err).find(words), std::string::npos) << refused.err;
  }
}

}  // namespace
}  // namespace cadre::testing
