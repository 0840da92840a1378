#include "sop/loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "sop/fields.h"
#include "sop/yaml_reader.h"

namespace cadre {
namespace {

namespace fs = std::filesystem;

// A small sound SOP, which each test breaks in one place.
SopSource sound() {
  SopSource source;
  source.name = "test";
  source.files["sop.yaml"] =
      "name: report\n"
      "version: 1\n"
      "lead: editor\n"
      "stages:\n"
      "  - id: research\n"
      "    role: researcher\n"
      "    needs: [brief]\n"
      "    makes: [notes]\n"
      "    gates: [schema]\n"
      "  - id: write\n"
      "    role: writer\n"
      "    needs: [notes]\n"
      "    makes: [text]\n";
  source.files["roles/editor.md"] =
      "---\nrole: editor\ndescription: Leads.\nhandoff_targets: [researcher, writer]\n---\nLead.\n";
  source.files["roles/researcher.md"] =
      "---\nrole: researcher\ndescription: Finds.\nhandoff_targets: [writer]\n---\nFind.\n";
  source.files["roles/writer.md"] =
      "---\nrole: writer\ndescription: Writes.\nhandoff_targets: [researcher]\n---\nWrite.\n";
  source.files["artifacts/notes.schema.json"] = "{\"type\": \"object\"}";
  source.files["artifacts/text.schema.json"] = "{\"type\": \"object\"}";
  return source;
}

SopSource with(const std::string& file, const std::string& from, const std::string& to) {
  SopSource source = sound();
  EXPECT_NE(source.files[file].find(from), std::string::npos) << from;
  source.files[file] = text::replace_all(source.files[file], from, to);
  return source;
}

std::string problems_of(const SopSource& source, const SopOptions& options = {}) {
  std::vector<std::string> lines;
  for (const SopProblem& problem : check_sop(source, options).problems) {
    lines.push_back(problem.describe());
  }
  return text::join(lines, "\n");
}

TEST(Sop, SoftwareIsSoundAndComplete) {
  SopCheck check = check_sop(SopSource::built_in("software").value());
  for (const SopProblem& problem : check.problems) ADD_FAILURE() << problem.describe();
  ASSERT_TRUE(check.plan);
  const Plan& plan = *check.plan;
  EXPECT_EQ(plan.name, "software");
  EXPECT_EQ(plan.lead, "orchestrator");
  EXPECT_EQ(plan.agents.size(), 5U);
  ASSERT_EQ(plan.stages.size(), 5U);
  EXPECT_EQ(plan.stages[0].id, "requirements");
  EXPECT_EQ(plan.stages[4].id, "verify");
  EXPECT_EQ(find_stage(plan, "build")->fan_out->artifact, "tasks");
  // Neither of the two works from what the other makes, so they run side by side.
  for (const std::string& need : find_stage(plan, "test_plan")->needs) {
    EXPECT_NE(maker_of(plan, need), find_stage(plan, "build")) << need;
  }
  for (const AgentConfig& agent : plan.agents) {
    EXPECT_GT(agent.instructions.size(), 1000U) << agent.role;
    EXPECT_TRUE(agent.extra.get_object().empty());
  }
  const auto round_trip = plan_from_json(to_json(plan));
  ASSERT_TRUE(round_trip) << round_trip.error().message;
  EXPECT_EQ(to_json(*round_trip), to_json(plan));
}

TEST(Sop, BuiltInEqualsItsFolder) {
  const auto folder = SopSource::from_folder(fs::path(CADRE_SOURCE_DIR) / "sops/software");
  ASSERT_TRUE(folder);
  EXPECT_EQ(folder->files, SopSource::built_in("software")->files);
  const auto names = built_in_sops();
  EXPECT_NE(std::find(names.begin(), names.end(), "software"), names.end());
  EXPECT_EQ(SopSource::find("sofware").error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(SopSource::from_folder("/no/such/folder"));
}

TEST(Sop, AnotherSopIsAnotherFile) {
  const SopCheck check = check_sop(sound());
  ASSERT_TRUE(check.plan) << problems_of(sound());
  EXPECT_TRUE(check.problems.empty());
  EXPECT_EQ(check.plan->version, "1");
  EXPECT_EQ(check.plan->stages[0].gates.at(0).artifact, "notes");
  EXPECT_EQ(check.plan->agents[0].name, "Editor");
}

TEST(Sop, StagesComeInAnOrderThatWorks) {
  SopSource source = sound();
  source.files["sop.yaml"] =
      "name: report\nversion: 1\nlead: editor\nstages:\n"
      "  - {id: write, role: writer, needs: [notes], makes: [text]}\n"
      "  - {id: research, role: researcher, needs: [brief], makes: [notes]}\n";
  const SopCheck check = check_sop(source);
  ASSERT_TRUE(check.plan);
  EXPECT_EQ(check.plan->stages[0].id, "research");
}

struct Broken {
  const char* name;
  const char* file;
  const char* from;
  const char* to;
  const char* expected;
};

class BrokenSop : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenSop, IsRefusedWithPlaceAndHelp) {
  const Broken& broken = GetParam();
  EXPECT_EQ(problems_of(with(broken.file, broken.from, broken.to)), broken.expected);
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenSop,
    ::testing::Values(
        Broken{"UnknownRole", "sop.yaml", "role: writer", "role: writter",
               "sop.yaml:11: error: the role \"writter\" is not known; write \"writer\", or add "
               "roles/writter.md"},
        Broken{"NeedNobodyMakes", "sop.yaml", "needs: [notes]", "needs: [note]",
               "sop.yaml:12: error: \"note\" is needed and no stage makes it; write \"notes\""},
        Broken{"Cycle", "sop.yaml", "needs: [brief]", "needs: [text]",
               "sop.yaml:7: error: the stages wait for each other: research needs what write "
               "makes, write needs what research makes; remove one of these needs"},
        Broken{"NeedsItself", "sop.yaml", "needs: [notes]", "needs: [notes, text]",
               "sop.yaml:12: error: the stage \"write\" needs \"text\", which it makes itself; "
               "remove it from needs"},
        Broken{"TwoMakers", "sop.yaml", "makes: [text]", "makes: [text, notes]",
               "sop.yaml:12: error: the stage \"write\" needs \"notes\", which it makes itself; "
               "remove it from needs\n"
               "sop.yaml:13: error: \"notes\" is made by the stage \"research\" already; let one "
               "stage make it, or give this one another type"},
        Broken{"UnknownTarget", "roles/researcher.md", "[writer]", "[writer, designer]",
               "roles/researcher.md:4: error: the handoff target \"designer\" is no role; write "
               "\"editor\", \"researcher\" or \"writer\""},
        Broken{"SelfTarget", "roles/writer.md", "[researcher]", "[writer]",
               "roles/writer.md:4: error: the role \"writer\" hands work to itself; remove it "
               "from handoff_targets"},
        Broken{"TargetOfALongList", "roles/editor.md", "[researcher, writer]",
               "\n  - researcher\n  - writer\n  - desiner\nguardrails:\n  - tools_listed_only\n"
               "  - be_nice",
               "roles/editor.md:7: error: the handoff target \"desiner\" is no role; write "
               "\"editor\", \"researcher\" or \"writer\"\n"
               "roles/editor.md:10: error: there is no guardrail \"be_nice\"; write "
               "\"tools_listed_only\" or \"files_inside_project\""},
        Broken{"UnknownGate", "sop.yaml", "[schema]", "[shema]",
               "sop.yaml:9: error: there is no gate \"shema\"; write \"schema\""},
        Broken{"GateParameterOutOfRange", "sop.yaml", "[schema]",
               "[{gate: coverage, artifact: notes, min_percent: 190}]",
               "sop.yaml:9: error: \"min_percent\" must be a number from 0 to 100"},
        Broken{"GateElsewhere", "sop.yaml", "[schema]", "[tests_pass]",
               "sop.yaml:9: error: the gate tests_pass looks at \"quality_report\", which the "
               "stage \"research\" neither makes nor needs; write \"{gate: tests_pass, artifact: "
               "notes}\""},
        Broken{"UnknownKey", "sop.yaml", "    makes: [text]",
               "    makes: [text]\n    prioriy: high",
               "sop.yaml:14: error: the stage write has no \"prioriy\"; write \"priority\""},
        Broken{"MissingKey", "sop.yaml", "    needs: [notes]\n", "",
               "sop.yaml:10: error: \"needs\" is missing; write \"needs: [...]\""},
        Broken{"WrongType", "sop.yaml", "needs: [notes]", "needs: {a: b}",
               "sop.yaml:12: error: \"needs\" must be a list, not a mapping; write \"needs: "
               "[first, second]\""},
        Broken{"WrongPriority", "sop.yaml", "    makes: [text]",
               "    makes: [text]\n    priority: urgent",
               "sop.yaml:14: error: there is no priority \"urgent\"; write \"low\", \"normal\" or "
               "\"high\""},
        Broken{"LimitTooLarge", "sop.yaml", "lead: editor",
               "lead: editor\nlimits: {rounds_max: -1}",
               "sop.yaml:4: error: \"rounds_max\" is -1, and may be 0 to 100; write for example "
               "\"rounds_max: 3\""},
        Broken{"BadYaml", "sop.yaml", "needs: [notes]", "needs: [notes",
               "sop.yaml:13: error: it is not valid YAML: end of sequence flow not found"},
        Broken{"DuplicateKey", "sop.yaml", "    makes: [text]",
               "    makes: [text]\n    makes: [more]",
               "sop.yaml:14: error: the key \"makes\" is there twice; keep one"},
        Broken{"Alias", "sop.yaml", "needs: [notes]", "needs: &a [notes]\n    gates: *a",
               "sop.yaml:13: error: aliases (*name) are not supported; write the value out"},
        Broken{"UnknownLead", "sop.yaml", "lead: editor", "lead: edtor",
               "sop.yaml:3: error: the lead \"edtor\" is no role; write \"editor\", or add "
               "roles/edtor.md"},
        Broken{"LeadCannotReach", "roles/editor.md", "[researcher, writer]", "[writer]",
               "roles/editor.md:4: error: the lead cannot hand work to \"researcher\", who does "
               "the stage \"research\"; add \"researcher\" to its handoff_targets"},
        Broken{"NobodyMayHandOver", "roles/researcher.md", "[writer]", "[editor]",
               "roles/researcher.md:4: error: nobody can hand the stage \"write\" to \"writer\"; "
               "add \"writer\" to the handoff_targets of \"researcher\""},
        Broken{"LeadDoesAStage", "sop.yaml", "role: researcher", "role: editor",
               "sop.yaml:6: error: \"editor\" leads the run and cannot do a stage of it; give the "
               "stage to another role"},
        Broken{"NoFrontMatter", "roles/writer.md", "---\nrole", "role",
               "roles/writer.md:1: error: it does not begin with front matter; a role file begins "
               "with ---, then \"role: ...\" and the other fields, then --- and the "
               "instructions"},
        Broken{"NoInstructions", "roles/writer.md", "Write.\n", "",
               "roles/writer.md: error: it has no instructions; write below the second --- what "
               "the role does and how"},
        Broken{"UnknownRoleKey", "roles/writer.md", "role: writer", "role: writer\ntool: [x]",
               "roles/writer.md:3: warning: a role has no \"tool\"; it is kept and not used; did "
               "you mean \"tools\"?"},
        Broken{"BadTemperature", "roles/writer.md", "role: writer",
               "role: writer\nmodel_config: {temperature: hot}",
               "roles/writer.md:3: error: model_config: \"temperature\" must be a number from 0 "
               "to 2"},
        Broken{"UnknownGuardrail", "roles/writer.md", "role: writer",
               "role: writer\nguardrails: [tool_listed_only]",
               "roles/writer.md:3: error: there is no guardrail \"tool_listed_only\"; write "
               "\"tools_listed_only\""},
        Broken{"FetchesWithoutAsking", "roles/writer.md", "role: writer",
               "role: writer\ntools: [fetch_url]",
               "roles/writer.md:3: error: \"fetch_url\" looks at the world outside, and nobody is "
               "asked; write \"approvals: [fetch_url]\" as well"},
        Broken{"BadSchema", "artifacts/notes.schema.json", "\"object\"", "\"objekt\"",
               "artifacts/notes.schema.json: error: it is no JSON Schema that we can use: "
               "JSON Schema: at #/type: unknown type \"objekt\""}),
    [](const auto& broken) { return std::string(broken.param.name); });

TEST(Sop, MissingFilesAreNamed) {
  SopSource source = sound();
  source.files.erase("artifacts/text.schema.json");
  EXPECT_EQ(problems_of(source),
            "artifacts/text.schema.json: error: it is missing: the stage \"write\" makes "
            "\"text\"; add the JSON Schema of its data; {\"type\": \"object\"} accepts anything");
  source = sound();
  source.files.erase("sop.yaml");
  EXPECT_EQ(problems_of(source),
            "sop.yaml: error: it is missing; an SOP is a folder with sop.yaml, roles/ and "
            "artifacts/");
}

TEST(Sop, FilesThatAreNoTextAreRefused) {
  SopSource source = sound();
  source.files["sop.yaml"] = "  \n";
  EXPECT_EQ(problems_of(source), "sop.yaml: error: it is empty");
  source.files["sop.yaml"] = "name: x\ntitle: \xff\xfe\n";
  EXPECT_EQ(problems_of(source), "sop.yaml:2: error: it is not valid UTF-8; save it as UTF-8");
  source.files["sop.yaml"] = std::string("a: \0", 4);
  EXPECT_NE(problems_of(source).find("NUL"), std::string::npos);
  source.files["sop.yaml"] = "a: " + std::string(300'000, 'x');
  EXPECT_NE(problems_of(source).find("300003 bytes"), std::string::npos);
  source.files["sop.yaml"] = "- a list\n";
  EXPECT_EQ(problems_of(source),
            "sop.yaml:1: error: it must be a mapping, not a list; begin with \"name: ...\"");
  source.files["sop.yaml"] = "a: " + std::string(5000, '[');
  EXPECT_EQ(problems_of(source), "sop.yaml:1: error: it is nested too deeply");
}

TEST(Sop, TwoRolesOfOneNameAreRefused) {
  SopSource source = sound();
  source.files["roles/another.md"] = source.files["roles/writer.md"];
  EXPECT_EQ(problems_of(source),
            "roles/writer.md:2: error: the role \"writer\" is already in roles/another.md; give "
            "this one another name, or remove the file");
}

TEST(Sop, TwoAgentsShownUnderOneNameAreRefused) {
  const SopSource source =
      with("roles/writer.md", "role: writer", "role: writer\nname: Researcher");
  EXPECT_EQ(problems_of(source),
            "roles/writer.md:3: error: the name \"Researcher\" is already in roles/researcher.md; "
            "give this one another \"name\"");
}

TEST(Sop, ALongerCycleIsShownAsAWhole) {
  SopSource source = sound();
  source.files["sop.yaml"] +=
      "  - {id: print, role: researcher, needs: [text], makes: [book]}\n"
      "  - {id: review, role: writer, needs: [book], makes: [marks]}\n";
  source.files["sop.yaml"] =
      text::replace_all(source.files["sop.yaml"], "needs: [notes]", "needs: [notes, marks]");
  for (const char* type : {"book", "marks"}) {
    source.files["artifacts/" + std::string(type) + ".schema.json"] = "{}";
  }
  EXPECT_EQ(problems_of(source),
            "sop.yaml:12: error: the stages wait for each other: write needs what review makes, "
            "review needs what print makes, print needs what write makes; remove one of these "
            "needs");
}

TEST(Sop, ExtraKeepsWhatIsPutThereOnPurpose) {
  const SopSource source = with("roles/writer.md", "role: writer",
                                "role: writer\nextra: {color: blue, guardrails: {min: 1}}");
  const SopCheck check = check_sop(source);
  ASSERT_TRUE(check.plan) << problems_of(source);
  EXPECT_EQ(problems_of(source), "");
  EXPECT_EQ(json::write(find_agent(*check.plan, "writer")->extra),
            R"({"color":"blue","guardrails":{"min":1}})");
  EXPECT_EQ(problems_of(with("roles/writer.md", "role: writer",
                             "role: writer\ncolor: red\nextra: {color: blue}")),
            "roles/writer.md:3: warning: a role has no \"color\"; it is kept and not used\n"
            "roles/writer.md:4: error: \"color\" is in \"extra\" and beside it; keep one");
}

TEST(Sop, NamesInOneLineAreSplitOutsideBracketsAndMayNotRepeat) {
  EXPECT_EQ(split_names("Read, Bash(git add, git commit) ,, x"),
            (std::vector<std::string>{"Read", "Bash(git add, git commit)", "x"}));
  EXPECT_EQ(split_names("a(b, c"), (std::vector<std::string>{"a(b, c"}));
  EXPECT_EQ(problems_of(with("roles/writer.md", "role: writer", "role: writer\ntools: a, b, a")),
            "roles/writer.md:3: error: \"a\" is twice in \"tools\"; keep one");
}

TEST(Sop, AllMistakesAreListedAtOnce) {
  SopSource source = with("sop.yaml", "role: writer", "role: writter");
  source.files["sop.yaml"] = text::replace_all(source.files["sop.yaml"], "[schema]", "[shema]");
  source.files["roles/editor.md"] += "\n";
  source.files.erase("artifacts/notes.schema.json");
  const auto plan = load_sop(source);
  ASSERT_FALSE(plan);
  EXPECT_TRUE(plan.error().message.starts_with("the SOP test has 3 mistakes:\n"))
      << plan.error().message;
}

TEST(Sop, UnknownToolsAreRefusedWhenTheToolsAreKnown) {
  const SopSource source = with("roles/writer.md", "role: writer", "role: writer\ntools: [run]");
  EXPECT_EQ(problems_of(source), "");
  SopOptions options;
  options.tools = {"run_in_sandbox", "search"};
  EXPECT_EQ(problems_of(source, options),
            "roles/writer.md:3: error: there is no tool \"run\"; write \"run_in_sandbox\" or "
            "\"search\"");
}

TEST(Sop, ReasoningFrameworksAreTheShippedOnesOrTheSopsOwn) {
  SopSource source =
      with("roles/writer.md", "role: writer\n", "role: writer\nreasoning: [critique, own]\n");
  EXPECT_NE(problems_of(source).find("roles/writer.md:3: error: there is no reasoning framework "
                                     "\"own\""),
            std::string::npos)
      << problems_of(source);
  source.files["frameworks/own.yaml"] =
      "id: own\ntitle: My way\nsteps: [{id: look, title: Look, ask: [\"What is there?\"]}]\n"
      "answers: {type: object, properties: {seen: {type: string}}}\n";
  const auto plan = load_sop(source);
  ASSERT_TRUE(plan.has_value()) << plan.error().describe();
  ASSERT_EQ(plan->frameworks.size(), 2U);
  EXPECT_NE(json::get_string(plan->frameworks.at("own"), "instructions").find("My way"),
            std::string::npos);
  const auto back = plan_from_json(to_json(*plan));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(to_json(*back), to_json(*plan));
  source.files["frameworks/own.yaml"] = "id: other\n";
  EXPECT_NE(problems_of(source).find("frameworks/own.yaml:"), std::string::npos);
}

TEST(Sop, BuildsOnAShippedOne) {
  const SopSource source = with("sop.yaml", "version: 1\n", "version: 1\nbase: software\n");
  const auto plan = load_sop(source);
  ASSERT_TRUE(plan.has_value()) << plan.error().describe();
  EXPECT_TRUE(plan->artifact_schemas.contains("quality_report"));
  EXPECT_TRUE(plan->tables.contains("stacks"));
  EXPECT_EQ(json::write(plan->artifact_schemas.at("notes")), "{\"type\":\"object\"}");  // its own
  EXPECT_EQ(find_agent(*plan, "developer"), nullptr);  // roles and stages are not taken
  EXPECT_NE(problems_of(with("sop.yaml", "version: 1\n", "version: 1\nbase: softwear\n"))
                .find("sop.yaml:3: error: there is no shipped SOP \"softwear\" to build on; write "
                      "\"software\""),
            std::string::npos);
}

TEST(Sop, EveryShippedOneIsSound) {
  for (const std::string& name : built_in_sops()) {
    const auto source = SopSource::built_in(name);
    ASSERT_TRUE(source.has_value());
    EXPECT_EQ(problems_of(*source), "") << name;
  }
}

TEST(Sop, FilesMayBeginWithAByteOrderMark) {
  const fs::path folder = fs::temp_directory_path() / "cadre-sop-test-mark";
  const SopSource solo = SopSource::built_in("solo").value();
  for (const auto& [path, content] : solo.files) {
    fs::create_directories((folder / path).parent_path());
    std::ofstream(folder / path) << "\xEF\xBB\xBF" << content;
  }
  const auto source = SopSource::from_folder(folder);
  fs::remove_all(folder);
  ASSERT_TRUE(source);
  EXPECT_EQ(source->files, solo.files);
  EXPECT_EQ(problems_of(*source), "");
}

TEST(Sop, HugeFileInAFolderIsNotRead) {
  const fs::path folder = fs::temp_directory_path() / "cadre-sop-test-huge";
  fs::create_directories(folder);
  std::ofstream(folder / "sop.yaml") << std::string(2'000'000, 'x');
  const auto source = SopSource::from_folder(folder);
  fs::remove_all(folder);
  ASSERT_TRUE(source);
  EXPECT_EQ(problems_of(*source), "sop.yaml: error: it has over 1 MB");
}

TEST(Yaml, ScalarsHaveTheTypesOfYamlOneTwo) {
  const auto read = read_yaml(
      "a: 1\nb: -2.5\nc: true\nd: yes\ne: \"1\"\nf: ~\ng:\nh: 1.2.3\ni: [x, 2]\nj: 0x1f\nk: .5\n");
  ASSERT_TRUE(read);
  EXPECT_EQ(json::write(read->value),
            "{\"a\":1,\"b\":-2.5,\"c\":true,\"d\":\"yes\",\"e\":\"1\",\"f\":null,\"g\":null,"
            "\"h\":\"1.2.3\",\"i\":[\"x\",2],\"j\":\"0x1f\",\"k\":0.5}");
  EXPECT_EQ(read->line_of("/i/1"), 9);
  EXPECT_EQ(read->line_of("/i/1/nothing/here"), 9);
}

TEST(Yaml, CoreTagsAndLargeNumbers) {
  const auto read = read_yaml("a: !!str 5\nb: !!int 5\nc: 18446744073709551615\nd: -0.0\n");
  ASSERT_TRUE(read);
  EXPECT_EQ(json::write(read->value),
            "{\"a\":\"5\",\"b\":5,\"c\":18446744073709551615,\"d\":-0.0}");
  EXPECT_EQ(read_yaml("a: 1\nb: !!binary aGk=\n").error().line, 2);
}

TEST(Yaml, TwoDocumentsAndTagsAreRefused) {
  EXPECT_EQ(read_yaml("a: 1\n---\nb: 2\n").error().line, 2);
  EXPECT_EQ(read_yaml("a: !thing 1\n").error().line, 1);
  EXPECT_EQ(read_yaml("? [a]\n: 1\n").error().message, "a key must be a plain word");
}

TEST(DidYouMean, FindsNearWordsOnly) {
  EXPECT_EQ(did_you_mean("develper", {"developer", "architect"}), "developer");
  EXPECT_EQ(did_you_mean("ganz", {"developer", "architect"}), "");
  EXPECT_EQ(one_of({"a", "b", "c"}), "\"a\", \"b\" or \"c\"");
}

}  // namespace
}  // namespace cadre
