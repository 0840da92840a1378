#include "offline/qa/qa.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"
#include "offline/product/product.h"
#include "offline/qa/measures.h"
#include "offline/qa/python_text.h"
#include "offline/qa/review.h"
#include "offline/qa/test_plan.h"
#include "offline/qa/values.h"
#include "base/xml.h"

namespace cadre::offline::qa {
namespace {

Json model(const char* name) {
  std::ifstream in(std::string(CADRE_SOURCE_DIR) + "/src/spec/testdata/" + name + ".json");
  std::stringstream text;
  text << in.rdbuf();
  return json::parse(text.str()).value();
}

std::shared_ptr<const Artifact> input(const char* type, Json data) {
  return std::make_shared<Artifact>(Artifact{.type = type, .data = std::move(data), .files = {}});
}

Task planning(const char* name) {
  Task task;
  task.run = "run";
  task.stage = "test_plan";
  task.makes = {"test_suite", "test_data"};
  Json json = model(name);
  Turn turn = product::prepare(spec::spec_from_json(json).value());
  for (Artifact& artifact : turn.artifacts) {
    std::string type = artifact.type;
    task.inputs[type] = std::make_shared<Artifact>(std::move(artifact));
  }
  task.inputs["requirements"] = input("requirements", JsonObject{{"spec", json}});
  return task;
}

std::vector<Artifact> plan(const char* name) {
  Result<Turn> turn = perform(planning(name), {});
  EXPECT_TRUE(turn.has_value());
  return turn ? turn->artifacts : std::vector<Artifact>{};
}

// Made once: most tests only look at it.
const std::vector<Artifact>& planned(const char* name) {
  static const std::vector<Artifact> kLibrary = plan("library"), kTasks = plan("tasks");
  return std::string_view(name) == "library" ? kLibrary : kTasks;
}

const File* file_of(const std::vector<Artifact>& artifacts, const std::string& path) {
  for (const Artifact& artifact : artifacts) {
    for (const File& file : artifact.files) {
      if (file.path == path) return &file;
    }
  }
  return nullptr;
}

TEST(TestPlan, EveryCriterionHasATest) {
  for (const char* name : {"library", "tasks"}) {
    const std::vector<Artifact>& artifacts = planned(name);
    ASSERT_EQ(artifacts.size(), 2u);
    EXPECT_EQ(artifacts[0].type, "test_suite");
    EXPECT_EQ(artifacts[1].type, "test_data");
    EXPECT_EQ(json::write(artifacts[0].data.at("uncovered_criteria")), "[]") << name;
  }
}

TEST(TestPlan, EveryTestIsWrittenWhereItIsSaidToBe) {
  const std::vector<Artifact>& artifacts = planned("tasks");
  std::set<std::string> ids;
  for (const Json& test : json::get_array(artifacts[0].data, "tests")) {
    EXPECT_TRUE(ids.insert(json::get_string(test, "id")).second);
    const File* file = file_of(artifacts, json::get_string(test, "file"));
    ASSERT_NE(file, nullptr);
    std::string name = "def " + json::get_string(test, "name") + "(";
    EXPECT_NE(file->content.find(name), std::string::npos) << name;
    EXPECT_NE(file->content.find(json::get_string(test, "id") + ":"), std::string::npos);
  }
}

TEST(TestPlan, RulesAreTestedOnBothSidesOfTheBoundary) {
  const std::vector<Artifact>& artifacts = planned("library");
  const File* rules = file_of(artifacts, "tests/test_rules.py");
  ASSERT_NE(rules, nullptr);
  for (const char* text :
       {"def test_r1_max_open_loans_borrow(", "def test_r1_max_open_loans_borrow_boundary(",
        "def test_r1_max_open_loans_borrow_works_again(",
        "for _ in range(3):", "expect_problem(response, 422, \"max_open_loans\", rule=\"R1\")",
        "A member can borrow at most 3 books at the same time."}) {
    EXPECT_NE(rules->content.find(text), std::string::npos) << text;
  }
}

TEST(TestPlan, GuardsThatNeedAHistoryAreFound) {
  const std::vector<Artifact>& artifacts = planned("tasks");
  const File* rules = file_of(artifacts, "tests/test_rules.py");
  ASSERT_NE(rules, nullptr);
  for (const char* rule : {"R1", "R2", "R3", "R4", "R5", "R6", "C1", "C2"}) {
    EXPECT_NE(rules->content.find(std::string("rule=\"") + rule + "\""), std::string::npos) << rule;
  }
}

TEST(TestPlan, SameInputSameBytes) {
  const std::vector<Artifact>& first = planned("library");
  std::vector<Artifact> second = plan("library");
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(json::write(first[i].data), json::write(second[i].data));
    ASSERT_EQ(first[i].files.size(), second[i].files.size());
    for (std::size_t k = 0; k < first[i].files.size(); ++k) {
      EXPECT_EQ(first[i].files[k].content, second[i].files[k].content);
    }
  }
}

TEST(TestPlan, NoTestFileIsWiderThanThePage) {
  for (const Artifact& artifact : planned("tasks")) {
    for (const File& file : artifact.files) {
      if (!file.path.ends_with(".py")) continue;
      for (std::string_view line : text::lines(file.content)) {
        EXPECT_LE(line.size(), 100u) << file.path << ": " << line;
      }
    }
  }
}

TEST(TestPlan, SaysWhatIsMissing) {
  Task task;
  task.makes = {"test_suite"};
  EXPECT_FALSE(perform(task, {}).has_value());
  task.makes = {"poem"};
  EXPECT_FALSE(perform(task, {}).has_value());
}

TEST(PythonText, NothingLeavesItsLiteral) {
  std::string bad = "a \"\"\" b \\ '\n\t\x01 {n}";
  EXPECT_EQ(py_string(bad), "\"a \\\"\\\"\\\" b \\\\ '\\n\\t\\x01 {n}\"");
  std::string doc = docstring(4, bad);
  EXPECT_EQ(doc.find('\\'), std::string::npos);
  EXPECT_EQ(std::count(doc.begin(), doc.end(), '"'), 6);
}

TEST(PythonText, NamesAreNeverKeywords) {
  EXPECT_EQ(py_name("class"), "class_");
  EXPECT_EQ(py_name("make"), "make_");
  EXPECT_EQ(method_name("return_"), "return_");
  EXPECT_EQ(method_name("Import"), "import_");
  EXPECT_EQ(method_name("BookLoan"), "book_loan");
}

TEST(PythonText, LongCallsAreBrokenLikeBlackDoes) {
  Py long_call = call("function", {leaf(std::string(50, 'a')), leaf(std::string(50, 'b'))});
  EXPECT_EQ(statement(0, "x = ", long_call), "x = function(\n    " + std::string(50, 'a') +
                                                 ",\n    " + std::string(50, 'b') + ",\n)\n");
  Py shorter = call("function", {leaf(std::string(45, 'a')), leaf(std::string(45, 'b'))});
  EXPECT_EQ(statement(0, "x = ", shorter),
            "x = function(\n    " + std::string(45, 'a') + ", " + std::string(45, 'b') + "\n)\n");
}

TEST(Values, PatternsAreMatchedBySamples) {
  EXPECT_EQ(match_pattern("^[0-9]{13}$", 1).size(), 13u);
  EXPECT_EQ(match_pattern("^AB-\\d\\d$", 0).substr(0, 3), "AB-");
  EXPECT_NE(match_pattern("[A-Z]{2}", 1), match_pattern("[A-Z]{2}", 2));
  EXPECT_EQ(match_pattern("(a|b)+", 1), "");
  EXPECT_EQ(match_pattern("[unclosed", 1), "");
}

Result<int> count_events(std::string_view xml) {
  XmlReader reader(xml);
  for (int events = 0;; ++events) {
    auto event = reader.next();
    if (!event) return propagate(event);
    if (*event == XmlReader::Event::kDone) return events;
  }
}

TEST(Xml, ReadsElementsAttributesAndText) {
  XmlReader reader("<?xml version=\"1.0\"?><a x='1 &lt; 2'>t&#x41;<b/><![CDATA[<c>]]></a>");
  EXPECT_EQ(*reader.next(), XmlReader::Event::kText);
  EXPECT_EQ(*reader.next(), XmlReader::Event::kStart);
  EXPECT_EQ(reader.attribute("x"), "1 < 2");
  EXPECT_EQ(reader.attribute("y"), "");
  EXPECT_EQ(*reader.next(), XmlReader::Event::kText);
  EXPECT_EQ(reader.text(), "tA");
  EXPECT_EQ(*reader.next(), XmlReader::Event::kStart);
  EXPECT_EQ(*reader.next(), XmlReader::Event::kEnd);
  EXPECT_EQ(*reader.next(), XmlReader::Event::kText);
  EXPECT_EQ(reader.text(), "<c>");
  EXPECT_EQ(*reader.next(), XmlReader::Event::kEnd);
  EXPECT_EQ(*reader.next(), XmlReader::Event::kDone);
  EXPECT_EQ(*reader.next(), XmlReader::Event::kDone);
}

TEST(Xml, RefusesWhatIsHostileOrBroken) {
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "<a>";
  std::string many = "<a";
  for (int i = 0; i < 1000; ++i) many += " a" + std::to_string(i) + "=''";
  for (const std::string& xml : {std::string(),
                                 std::string("no xml"),
                                 std::string("<"),
                                 std::string("<a"),
                                 std::string("<a>"),
                                 std::string("<a></b>"),
                                 std::string("</a>"),
                                 std::string("<a x=1/>"),
                                 std::string("<a x='1>"),
                                 std::string("<a>&bomb;</a>"),
                                 std::string("<a>&</a>"),
                                 std::string("<a>&#0;</a>"),
                                 std::string("<a>&#xD800;</a>"),
                                 std::string("<a>&#x110000;</a>"),
                                 std::string("<a/><b/>"),
                                 std::string("<!DOCTYPE a [<!ENTITY b \"bb\">]><a>&b;</a>"),
                                 std::string("<a><!-- "),
                                 std::string("<a><![CDATA[ "),
                                 std::string("<a/"),
                                 std::string("< a/>"),
                                 deep,
                                 many}) {
    EXPECT_FALSE(count_events(xml).has_value()) << xml.substr(0, 60);
  }
}

TEST(Xml, EveryPrefixOfADocumentIsRefusedWithoutHarm) {
  std::string xml = "<r a=\"b\"><t x='&amp;'>text &#65;<!-- c --><![CDATA[d]]></t><e/></r>";
  for (std::size_t size = 0; size < xml.size(); ++size) {
    EXPECT_FALSE(count_events(std::string_view(xml).substr(0, size)).has_value()) << size;
  }
  EXPECT_TRUE(count_events(xml).has_value());
}

TEST(Measures, ReadsJUnit) {
  auto junit = read_junit(
      "<testsuites><testsuite time=\"1.5\" tests=\"4\">"
      "<testcase classname=\"tests.test_a\" name=\"test_one\" time=\"0.1\"/>"
      "<testcase classname=\"tests.test_a\" name=\"test_two[x-1]\" time=\"0.2\"><failure "
      "message=\"assert 1\n== 2\">"
      "trace &lt;here&gt;</failure></testcase>"
      "<testcase classname=\"tests.test_b\" name=\"test_three\"><skipped "
      "message=\"no\"/></testcase>"
      "<testcase classname=\"tests.test_b\" name=\"test_four\"><error message=\"boom\"/></testcase>"
      "</testsuite></testsuites>");
  ASSERT_TRUE(junit.has_value());
  EXPECT_EQ(junit->passed, 1);
  EXPECT_EQ(junit->failed, 2);
  EXPECT_EQ(junit->skipped, 1);
  EXPECT_EQ(junit->cases[1].file, "tests/test_a.py");
  EXPECT_EQ(junit->cases[1].name, "test_two");
  EXPECT_EQ(junit->cases[1].parameters, "x-1");
  EXPECT_EQ(junit->cases[1].message, "assert 1");
  EXPECT_EQ(junit->cases[1].details, "trace <here>");
  EXPECT_FALSE(read_junit("<coverage/>").has_value());
}

TEST(Measures, ReadsCoberturaAndDistrustsItsNumbers) {
  auto coverage = read_cobertura(
      "<coverage line-rate=\"0.925\" branch-rate=\"0.5\" "
      "branches-valid=\"4\"><packages><package><classes>"
      "<class filename=\"main.py\"><lines><line number=\"1\" hits=\"1\"/><line number=\"2\" "
      "hits=\"0\"/>"
      "<line number=\"x\" hits=\"0\"/></lines></class></classes></package></packages></coverage>");
  ASSERT_TRUE(coverage.has_value());
  EXPECT_DOUBLE_EQ(*coverage->lines_percent, 92.5);
  EXPECT_DOUBLE_EQ(*coverage->branches_percent, 50);
  EXPECT_EQ(coverage->files[0].missing, std::vector<int>{2});
  for (const char* rate : {"nan", "1e999", "-1", "2", "", "0.5x"}) {
    auto odd = read_cobertura("<coverage line-rate=\"" + std::string(rate) + "\"/>");
    ASSERT_TRUE(odd.has_value());
    EXPECT_FALSE(odd->lines_percent.has_value()) << rate;
  }
}

TEST(Review, LooksAtCodeAndNotAtText) {
  std::string source = "x = \"eval(1)\"  # eval(2)\n'''\nexec(3)\n'''\ny = eval(4)\n";
  std::string code = code_only(source);
  EXPECT_EQ(code.find("exec("), std::string::npos);
  EXPECT_EQ(code.find("eval("), source.find("eval(4)"));
  EXPECT_EQ(std::count(code.begin(), code.end(), '\n'), 5);
}

TEST(Review, MeasuresFunctions) {
  std::string source =
      "class A:\n    def f(\n        self,\n    ):\n        a = 1\n\n        return a\n\n\ndef "
      "g():\n    pass\n";
  EXPECT_EQ(long_functions(source, 5), std::vector<std::string>{"f (line 2): 6 lines"});
  EXPECT_TRUE(long_functions(source, 6).empty());
}

TEST(Review, FindsRules) {
  auto rules = raised_rules("a\nraise P(rule=\"R12\")\n");
  ASSERT_EQ(rules.size(), 1u);
  EXPECT_EQ(rules[0].rule, "R12");
  EXPECT_EQ(rules[0].line, 2);
  EXPECT_EQ(line_of_word("R12\nR1: x", "R1"), 2);
  EXPECT_EQ(line_of_word("R12", "R1"), 0);
}

}  // namespace
}  // namespace cadre::offline::qa
