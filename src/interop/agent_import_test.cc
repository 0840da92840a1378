// What is imported, what is reported, and every kind of bad input with its place and help.
#include "interop/agent_import.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "interop/agent_export.h"
#include "interop/agent_files.h"
#include "interop/json_lines.h"

namespace cadre::interop {
namespace {

namespace fs = std::filesystem;

std::string describe(SopProblems& problems) {
  std::vector<std::string> lines;
  for (const SopProblem& problem : problems.take_sorted()) lines.push_back(problem.describe());
  return text::join(lines, "\n");
}

std::string problems_of(const std::string& file, const std::string& content,
                        const std::vector<std::string>& tools = {}) {
  SopProblems problems;
  ImportOptions options;
  options.tools = tools;
  const auto agents = import_agents(file, content, problems, options);
  check_doubles(agents, problems);
  return describe(problems);
}

AgentConfig only(const std::string& file, const std::string& content) {
  SopProblems problems;
  const auto agents = import_agents(file, content, problems);
  EXPECT_EQ(agents.size(), 1U) << describe(problems);
  return agents.empty() ? AgentConfig{} : agents[0].agent;
}

TEST(AgentImport, ClaudeSubagent) {
  const AgentConfig agent =
      only("a.md",
           "---\nname: code-reviewer\ndescription: Reviews code. Use after changes.\n"
           "tools: Read, Bash(git log:*, git diff), mcp__db__*\nmodel: opus\ncolor: "
           "blue\n---\n\nReview.\n");
  EXPECT_EQ(agent.role, "code_reviewer");
  EXPECT_EQ(agent.name, "Code reviewer");
  EXPECT_EQ(agent.instructions, "Review.");
  EXPECT_EQ(agent.tools,
            (std::vector<std::string>{"Read", "Bash(git log:*, git diff)", "mcp__db__*"}));
  EXPECT_EQ(json::write(agent.model_config), R"({"model":"opus"})");
  EXPECT_EQ(json::write(agent.extra), R"({"color":"blue"})");
}

// As `claude --agents` takes them on its command line.
TEST(AgentImport, ClaudeAgentsByName) {
  SopProblems problems;
  const auto agents = import_agents(
      "team.json",
      R"x({"code-reviewer": {"description": "Reviews.", "prompt": "You review.\nTwice.",
 "tools": ["Read", "Bash(git log)"], "model": "sonnet", "maxTurns": 3},
 "debugger": {"description": "Finds faults.", "prompt": "You debug.",
  "cadre": {"handoff_targets": ["code_reviewer"]}}})x",
      problems);
  ASSERT_EQ(agents.size(), 2U) << describe(problems);
  const AgentConfig& reviewer = agents[0].agent;
  EXPECT_EQ(agents[0].format, AgentFormat::kClaudeJson);
  EXPECT_EQ(reviewer.role, "code_reviewer");
  EXPECT_EQ(reviewer.description, "Reviews.");
  EXPECT_EQ(reviewer.instructions, "You review.\nTwice.");
  EXPECT_EQ(reviewer.tools, (std::vector<std::string>{"Read", "Bash(git log)"}));
  EXPECT_EQ(json::write(reviewer.model_config), R"({"model":"sonnet"})");
  EXPECT_EQ(json::write(reviewer.extra), R"({"maxTurns":3})");
  EXPECT_EQ(agents[1].agent.handoff_targets, (std::vector<std::string>{"code_reviewer"}));
  EXPECT_EQ(agents[1].line, 3);
  EXPECT_EQ(describe(problems),
            "team.json:2: warning: \"maxTurns\" is for Claude Code; it is kept and not used\n"
            "team.json:3: warning: no tools are named; Claude Code then gives all of its tools, "
            "Cadre gives none; add a line \"tools: ...\"");
}

// As Claude Code itself writes them.
TEST(AgentImport, LooseDescriptionsOverSeveralLines) {
  const std::string file =
      "---\nname: quality\ndescription: Use this agent for quality.\n\nExamples:\n<example>\n"
      "Context: A user asks.\nuser: \"Can you: check?\"\n</example>\nmodel: opus\n"
      "tools: Read\nmaxTurns: x: y\n---\nCheck.\n";
  SopProblems problems;
  EXPECT_TRUE(import_agents("a.md", file, problems).empty());
  EXPECT_TRUE(problems.has_errors());
  const AgentConfig agent = only("a.md", text::replace_all(file, "x: y", "3"));
  EXPECT_EQ(agent.description,
            "Use this agent for quality.\n\nExamples:\n<example>\nContext: A user asks.\n"
            "user: \"Can you: check?\"\n</example>");
  EXPECT_EQ(agent.tools, std::vector<std::string>{"Read"});
  EXPECT_EQ(json::write(agent.extra), R"({"maxTurns":3})");
}

TEST(AgentImport, ClaudeFactsWithoutAFieldAreKept) {
  const AgentConfig agent =
      only("a.md", "---\nname: Code Reviewer\ndescription: R.\nmodel: inherit\n---\nReview.\n");
  EXPECT_EQ(agent.role, "code_reviewer");
  EXPECT_EQ(json::write(agent.extra),
            R"({"claude":{"name":"Code Reviewer","tools":"inherited","model":"inherit"}})");
  EXPECT_EQ(export_agent(agent, AgentFormat::kClaude).value(),
            "---\nname: Code Reviewer\ndescription: R.\nmodel: inherit\n---\nReview.\n");
}

TEST(AgentImport, Phase1KeepsTheTextAroundTheBlock) {
  const std::string file =
      "# QA\n\nIntro.\n\n```yaml\nrole: qa_engineer\ndescription: Tests.\n"
      "instructions: |-\n  Test.\n\n  Well.\nguardrails:\n  quality_threshold: 0.85\n"
      "memory_config: {scope: all}\n```\n\n```python\npass\n```\n";
  const AgentConfig agent = only("qa.md", file);
  EXPECT_EQ(agent.instructions, "Test.\n\nWell.");
  EXPECT_TRUE(agent.guardrails.empty());
  EXPECT_EQ(json::write(agent.extra),
            R"({"guardrails":{"quality_threshold":0.85},"memory_config":{"scope":"all"},)"
            R"("phase1":{"before":"# QA\n\nIntro.\n\n","after":"\n```python\npass\n```\n"}})");
  const std::string again = export_agent(agent, AgentFormat::kPhase1).value();
  EXPECT_TRUE(again.starts_with("# QA\n\nIntro.\n\n```yaml\nrole: qa_engineer\n")) << again;
  EXPECT_NE(again.find("guardrails:\n  quality_threshold: 0.85\n"), std::string::npos) << again;
  EXPECT_TRUE(again.ends_with("```\n\n```python\npass\n```\n")) << again;
}

TEST(AgentImport, ABlockInInstructionsDoesNotEndTheAgent) {
  const std::string file =
      "# Dev\n\n```yaml\nrole: dev\ndescription: Codes.\ninstructions: |\n  Do:\n  ```python\n"
      "  x = 1\n  ```\n  and\n  ```\n  y\n  ```\n  well.\nteam: core\n```\n\n```json\n{}\n```\n";
  const AgentConfig agent = only("dev.md", file);
  EXPECT_EQ(agent.instructions, "Do:\n```python\nx = 1\n```\nand\n```\ny\n```\nwell.");
  EXPECT_EQ(json::get_string(agent.extra, "team"), "core");
  // Where nothing else ends it, an indented line does, as in Markdown.
  const AgentConfig other = only("dev.md",
                                 "```yaml\nrole: dev\ndescription: Codes.\n"
                                 "instructions: Do.\n  ```\n\n```json\n{}\n```\n");
  EXPECT_EQ(other.instructions, "Do.");
}

TEST(AgentImport, Phase1BlocksMayBeIndentedAndSayMoreThanYaml) {
  for (const char* file :
       {"- Dev:\n\n  ```yaml\n  role: dev\n  description: Codes.\n  instructions: Do.\n  ```\n",
        "```yaml title=\"dev\"\nrole: dev\ndescription: Codes.\ninstructions: Do.\n```\n"}) {
    EXPECT_EQ(only("dev.md", file).instructions, "Do.") << file;
  }
}

TEST(AgentImport, YamlKeepsEveryCharacterAndDigit) {
  const AgentConfig agent = only(
      "dev.yaml",
      "role: dev\ndescription: Codes.\ninstructions: \"a\\_b\\N\u00e9\\_c\\Ld\"\n"
      "account: 123456789012345678901234567890\nlow: -99999999999999999999\nfactor: 1.0e+20\n");
  EXPECT_EQ(agent.instructions, "a\u00a0b\u0085\u00e9\u00a0c\u2028d");
  EXPECT_EQ(json::get_string(agent.extra, "account"), "123456789012345678901234567890");
  EXPECT_EQ(json::get_string(agent.extra, "low"), "-99999999999999999999");
  const std::string written = export_agent(agent, AgentFormat::kYaml).value();
  EXPECT_NE(written.find("\nfactor: 1.0e+20\n"), std::string::npos) << written;
  EXPECT_EQ(json::write(only("dev.yaml", written).extra), json::write(agent.extra));
}

TEST(AgentImport, WhatCannotBeWrittenSaysWhy) {
  AgentConfig agent;
  agent.role = "a b";
  agent.name = "A";
  agent.description = "D.";
  agent.instructions = "I.";
  EXPECT_NE(export_agent(agent, AgentFormat::kYaml).error().message.find("\"a b\" is no name"),
            std::string::npos);
  agent.role = "a";
  agent.instructions = " padded ";
  EXPECT_EQ(
      export_agent(agent, AgentFormat::kJson).error().message,
      "the agent \"a\" cannot be written as json: its instructions would read back otherwise");
  agent.instructions = "I.";
  EXPECT_EQ(export_agents({agent, agent}, AgentFormat::kClaude).error().message,
            "a file in the form claude holds one agent, not 2");
}

struct Bad {
  const char* name;
  const char* file;
  const char* content;
  const char* expected;
};

class BadAgent : public ::testing::TestWithParam<Bad> {};

TEST_P(BadAgent, IsReportedWithPlaceAndHelp) {
  EXPECT_EQ(problems_of(GetParam().file, GetParam().content), GetParam().expected);
}

#define ROLE "role: w\ndescription: D.\ninstructions: I.\n"
#define CLAUDE "---\nname: w\ndescription: D.\ntools: []\n"

INSTANTIATE_TEST_SUITE_P(
    All, BadAgent,
    ::testing::Values(
        Bad{"ClaudeNoName", "a.md", "---\ndescription: D.\ntools: []\n---\nI.\n",
            "a.md:2: error: \"name\" is missing; add a line \"name: ...\""},
        Bad{"ClaudeNoDescription", "a.md", "---\nname: w\ntools: []\n---\nI.\n",
            "a.md:2: error: \"description\" is missing; add a line \"description: ...\""},
        Bad{"ClaudeNoBody", "a.md", CLAUDE "---\n\n",
            "a.md: error: it has no instructions; write what the agent does and how"},
        Bad{"ClaudeNoEnd", "a.md", CLAUDE "I.\n",
            "a.md:1: error: the front matter has no end; close it with a line \"---\""},
        Bad{"ClaudePathName", "a.md",
            "---\nname: ../../etc/passwd\ndescription: D.\ntools: []\n---\nI.",
            "a.md:2: error: \"../../etc/passwd\" is no name for an agent; write \"etc-passwd\": "
            "lower-case letters, digits and -, beginning with a letter"},
        Bad{"ClaudeOddName", "a.md", "---\nname: My Agent\ndescription: D.\ntools: []\n---\nI.",
            "a.md:2: warning: \"My Agent\" is no name of a role; the role is \"my_agent\"; Claude "
            "Code wants \"my-agent\""},
        Bad{"ClaudeNoTools", "a.md", "---\nname: w\ndescription: D.\n---\nI.",
            "a.md:2: warning: no tools are named; Claude Code then gives all of its tools, Cadre "
            "gives none; add a line \"tools: ...\""},
        Bad{"ClaudeForeignKeys", "a.md", CLAUDE "color: red\ntoools: x\n---\nI.",
            "a.md:5: warning: \"color\" is for Claude Code; it is kept and not used\n"
            "a.md:6: warning: neither Claude Code nor Cadre has \"toools\"; it is kept; did you "
            "mean \"tools\"?"},
        Bad{"ClaudeWrongTypes", "a.md", "---\nname: [a]\ndescription: {a: 1}\ntools: 5\n---\nI.",
            "a.md:2: error: \"name\" must be text, not a list; put it in quotes: name: \"...\"\n"
            "a.md:3: error: \"description\" must be text, not a mapping; put it in quotes: "
            "description: \"...\"\n"
            "a.md:4: error: \"tools\" must be a list, not a number; write \"tools: [first, "
            "second]\""},
        Bad{"ClaudeLoose", "a.md", "---\nname: w\ndescription: Use: when\ntools: []\n---\nI.",
            "a.md:3: warning: \"description\" is no YAML as it stands; it is taken word for word; "
            "put the text in quotes"},
        Bad{"ClaudeOurKeyWrong", "a.md", CLAUDE "cadre: [x]\n---\nI.",
            "a.md:5: error: \"cadre\" must be a mapping, not a list; write \"cadre: "
            "{handoff_targets: [...]}\", or leave it out"},
        Bad{"ClaudeOurKeyUnknown", "a.md", CLAUDE "cadre: {handof_targets: [x]}\n---\nI.",
            "a.md:5: error: \"cadre\" has no \"handof_targets\"; write \"handoff_targets\""},
        Bad{"Anchors", "a.yaml", ROLE "a: &x [1]\nb: *x\n",
            "a.yaml:5: error: aliases (*name) are not supported; write the value out"},
        Bad{"Bomb", "a.yaml",
            "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: &d [*c, *c]\nrole: x\n",
            "a.yaml:2: error: aliases (*name) are not supported; write the value out"},
        Bad{"MergeKey", "a.yaml", "x: &x {a: 1}\nrole: w\n<<: *x\n",
            "a.yaml:3: error: aliases (*name) are not supported; write the value out"},
        Bad{"Tag", "a.yaml", ROLE "x: !!python/object:os.system ls\n",
            "a.yaml:4: error: the tag tag:yaml.org,2002:python/object:os.system is not supported; "
            "leave it out"},
        Bad{"DuplicateKey", "a.yaml", ROLE "role: v\n",
            "a.yaml:4: error: the key \"role\" is there twice; keep one"},
        Bad{"MissingRole", "a.yaml", "name: W\ndescription: D.\ninstructions: I.\n",
            "a.yaml:1: error: \"role\" is missing; add a line \"role: ...\""},
        Bad{"PathRole", "a.yaml", "role: ../x\ndescription: D.\ninstructions: I.\n",
            "a.yaml:1: error: \"../x\" is no name for \"role\"; write \"x\": lower-case letters, "
            "digits and _, beginning with a letter"},
        Bad{"NoInstructions", "a.yaml", "role: w\ndescription: D.\n",
            "a.yaml:1: error: \"instructions\" is missing; add a line \"instructions: ...\""},
        Bad{"NoDescription", "a.yaml", "role: w\ninstructions: '# Do it. Well.'\n",
            "a.yaml:1: warning: \"w\" has no description; the first sentence of its instructions "
            "is taken; add a line \"description: ...\""},
        Bad{"SelfHandoff", "a.yaml", ROLE "handoff_targets: [w]\n",
            "a.yaml:4: error: the role \"w\" hands work to itself; remove it from handoff_targets"},
        Bad{"DoubleTool", "a.yaml", ROLE "tools: [a, a]\n",
            "a.yaml:4: error: \"a\" is twice in \"tools\"; keep one"},
        Bad{"ToolsOfWrongType", "a.yaml", ROLE "tools: [1]\n",
            "a.yaml:4: error: element 1 of \"tools\" must be text, not a number"},
        Bad{"Guardrails", "a.yaml", ROLE "guardrails: [be_nice]\n",
            "a.yaml:4: warning: Cadre has no guardrail \"be_nice\"; it is kept; it has "
            "\"tools_listed_only\" or \"files_inside_project\""},
        Bad{"GuardrailMapping", "a.yaml", ROLE "guardrails: {min: 1}\n",
            "a.yaml:4: warning: \"guardrails\" is a mapping; it is kept and not used; thresholds "
            "are gates of a stage: {gate: coverage, min_percent: 90}"},
        Bad{"Temperature", "a.yaml", ROLE "model_config: {temperature: 9}\n",
            "a.yaml:4: error: model_config: \"temperature\" must be a number from 0 to 2"},
        Bad{"UnknownKey", "a.yaml", ROLE "instruction: x\n",
            "a.yaml:4: warning: a role has no \"instruction\"; it is kept and not used; did you "
            "mean \"instructions\"?"},
        Bad{"SameNameInAList", "a.yaml",
            "- {"
            "role: w, description: D., instructions: I.}\n"
            "- {role: v, description: D., instructions: I.}\n"
            "- {role: w, description: D., instructions: I.}\n"
            "- {role: z, name: v, description: D., instructions: I.}\n",
            "a.yaml:3: error: the role \"w\" is already in a.yaml:1; give one of them another "
            "name, or leave one out\n"
            "a.yaml:4: error: the name \"v\" is already in a.yaml:2; give one of them another "
            "\"name\""},
        Bad{"ListElement", "a.yaml",
            "- {"
            "role: w, description: D., instructions: I.}\n- x\n",
            "a.yaml:2: error: an agent must be a mapping; begin with \"role: ...\""},
        Bad{"EmptyList", "a.yaml", "agents: []\n", "a.yaml:1: error: the list holds no agent"},
        Bad{"BesideAgents", "a.yaml",
            "version: 1\nagents: [{role: w, description: D., instructions: I.}]\n",
            "a.yaml:1: warning: \"version\" beside \"agents\" belongs to no agent; it is left out"},
        Bad{"Scalar", "a.yaml", "hello\n",
            "a.yaml:1: error: an agent must be a mapping; begin with \"role: ...\""},
        Bad{"BrokenYaml", "a.yaml", "role: [w\n",
            "a.yaml:2: error: it is not valid YAML: end of sequence flow not found"},
        Bad{"BrokenJson", "a.json", "{\n \"role\": w}",
            "a.json:2: error: it is not valid JSON at line 2, column 10: syntax error"},
        Bad{"JsonDuplicateKey", "a.json", "{\"role\": \"w\",\n\"role\": \"w\"}",
            "a.json:2: error: it is not valid JSON at line 2, column 11: duplicate key \"role\""},
        Bad{"JsonWrongTypeHasItsLine", "a.json",
            "[{\"role\": \"w\", \"description\": \"D.\",\n \"instructions\": \"I\",\n \"tools\": "
            "{\"a\": 1}}]",
            "a.json:3: error: \"tools\" must be a list, not a mapping; write \"tools: [first, "
            "second]\""},
        Bad{"ClaudeMapWithoutPrompt", "a.json",
            "{\"a\": {\"description\": \"D.\", \"prompt\": \"I.\", \"tools\": []},\n"
            "\"b\": {\"description\": \"D.\", \"tools\": []}}",
            "a.json:2: error: it has no instructions; write what the agent does and how"},
        Bad{"ClaudeMapOfWrongTypes", "a.json",
            "{\"a\": {\"description\": \"D.\", \"prompt\": [1], \"tools\": []},\n\"b\": 7}",
            "a.json:1: error: \"prompt\" must be text, not a list\n"
            "a.json:2: error: the agent \"b\" has no fields; write its description and its prompt"},
        Bad{"ClaudeMapPathName", "a.json",
            "{\"../x\": {\"description\": \"D.\", \"prompt\": \"I.\", \"tools\": []}}",
            "a.json:1: error: \"../x\" is no name for an agent; write \"x\": lower-case letters, "
            "digits and -, beginning with a letter"},
        Bad{"ClaudeMapTwoOfOneRole", "a.json",
            "{\"a-b\": {\"description\": \"D.\", \"prompt\": \"I.\", \"tools\": []},\n"
            "\"A b\": {\"description\": \"D.\", \"prompt\": \"I.\", \"tools\": []}}",
            "a.json:2: error: the role \"a_b\" is already in a.json:1; give one of them another "
            "name, or leave one out\n"
            "a.json:2: warning: \"A b\" is no name of a role; the role is \"a_b\"; Claude Code "
            "wants \"a-b\""},
        Bad{"Phase1NoBlock", "a.md", "# Agent\n\n```yaml\nname: x\n```\n",
            "a.md: error: it holds no agent: no front matter, and no block ```yaml with "
            "\"role:\"; begin the file with ---, \"role: ...\" and ---"},
        Bad{"Phase1Open", "a.md", "# Agent\n\n```yaml\nrole: x\n",
            "a.md:3: error: the block ```yaml has no end; close it with a line ```"},
        Bad{"Phase1Two", "a.md", "```yaml\n" ROLE "```\n\n```yaml\nrole: second\n```\n",
            "a.md:8: warning: a second block with \"role:\" is kept as text; one file holds one "
            "agent; give that agent a file of its own"},
        Bad{"Phase1LineInBlock", "a.md", "# A\n\n~~~yaml\n" ROLE "tools: 7\n~~~\n",
            "a.md:7: error: \"tools\" must be a list, not a number; write \"tools: [first, "
            "second]\""},
        Bad{"Utf8", "a.md", "---\nname: w\ndescription: \xff\n---\nI.",
            "a.md:3: error: it is not valid UTF-8; save it as UTF-8"},
        Bad{"Empty", "a.json", " \n", "a.json: error: it is empty"},
        Bad{"Unknown", "agent.txt", "some prose\n",
            "agent.txt:1: error: its format cannot be told; name the file .md, .yaml or .json, or "
            "say \"role\", \"claude\", \"phase1\", \"yaml\", \"json\" or \"claude-json\""}),
    [](const auto& bad) { return std::string(bad.param.name); });

TEST(AgentImport, UnknownToolsAreKeptAndReported) {
  const std::vector<std::string> tools{"run_in_sandbox"};
  EXPECT_EQ(
      problems_of("a.md",
                  "---\nname: w\ndescription: D.\n"
                  "tools: Bash(git:*), mcp__db, run_in_sandbox, run_in_sandbx, frob\n---\nI.",
                  tools),
      "a.md:4: warning: \"Bash(git:*)\" is a tool of Claude Code, and Cadre has none that does the "
      "same; it is kept\n"
      "a.md:4: warning: \"mcp__db\" comes from an MCP server; it is kept, and there when that is\n"
      "a.md:4: warning: Cadre has no tool \"run_in_sandbx\"; it is kept; did you mean "
      "\"run_in_sandbox\"?\n"
      "a.md:4: warning: Cadre has no tool \"frob\"; it is kept");
}

TEST(AgentImport, LimitsAreSaid) {
  EXPECT_EQ(problems_of("a.md", std::string(10 << 20, 'x')),
            "a.md: error: it has 10485760 bytes, and 1048576 are allowed");
  EXPECT_NE(problems_of("a.yaml", ROLE "x: " + std::string(250'000, 'y') + "\n")
                .find("bytes, and 204800 are allowed"),
            std::string::npos);
  const std::string deep = std::string(30, '[') + std::string(30, ']');
  EXPECT_NE(problems_of("a.yaml", ROLE "x: " + deep + "\n").find("nested deeper than 24"),
            std::string::npos);
  EXPECT_NE(
      problems_of("a.json", R"({"role":"w","description":"d","instructions":"i","x":)" + deep + "}")
          .find("nested deeper than 24"),
      std::string::npos);
  std::string many = R"({"role":"w","description":"d","instructions":"i","x":[0)";
  for (int i = 0; i < 20'000; ++i) many += ",0";
  EXPECT_NE(problems_of("a.json", many + "]}").find("more than 20000 values"), std::string::npos);
  EXPECT_NE(problems_of("a.yaml", ROLE + std::string(300, 'k') + ": 1\n").find("a key of more"),
            std::string::npos);
  EXPECT_NE(problems_of("a.json", R"({"role":"w","description":"d","instructions":"a\u0000b"})")
                .find("NUL"),
            std::string::npos);
}

TEST(AgentImport, JsonLinesFollowTheText) {
  const auto document = read_json_with_lines(
      "{\n\"a\": [1,\n {\"b\\\"\\u0041/\": \"x\\\"]\"},\n\n true],\n\"c\": {}}");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->line_of("/a/0"), 2);
  EXPECT_EQ(document->line_of("/a/1/b\"A~1"), 3);
  EXPECT_EQ(document->line_of("/a/2"), 5);
  EXPECT_EQ(document->line_of("/c"), 6);
}

class AgentFiles : public ::testing::Test {
 protected:
  AgentFiles() { fs::create_directories(folder_); }
  ~AgentFiles() override { fs::remove_all(folder_); }
  const fs::path folder_ =
      fs::temp_directory_path() /
      ("cadre-agent-files-" +
       std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(AgentFiles, NothingIsReplacedUnlessToldSo) {
  const std::vector<FileToWrite> files{{folder_ / "new" / "a.md", "a"}, {folder_ / "b.md", "b"}};
  std::ofstream(folder_ / "b.md") << "mine";
  EXPECT_FALSE(write_files(files, false));
  EXPECT_FALSE(fs::exists(folder_ / "new"));
  ASSERT_TRUE(write_files(files, true));
  ASSERT_TRUE(write_files(files, false));  // the same content is no conflict
  fs::create_symlink("/etc/hostname", folder_ / "link.md");
  EXPECT_FALSE(write_files({{folder_ / "link.md", "x"}}, true));
  EXPECT_FALSE(write_files({{folder_ / "b.md" / "under.md", "x"}}, true));
}

TEST_F(AgentFiles, FoldersAreReadAndSpecialFilesRefused) {
  std::ofstream(folder_ / "a.md") << "---\nname: a\ndescription: D.\ntools: x\n---\nI.";
  std::ofstream(folder_ / "b.json") << R"({"role":"a","description":"d","instructions":"i"})";
  std::ofstream(folder_ / "README.md") << "not an agent";
  std::ofstream(folder_ / ".env.json") << "{}";
  SopProblems problems;
  const auto agents = import_agent_files({folder_, folder_ / "none.md", "/dev/zero"}, problems);
  EXPECT_EQ(agents.size(), 2U);
  const std::string text = describe(problems);
  EXPECT_NE(text.find("the role \"a\" is already in"), std::string::npos) << text;
  EXPECT_NE(text.find("none.md: error: there is no such file"), std::string::npos) << text;
  EXPECT_NE(text.find("/dev/zero: error: it is not a file"), std::string::npos) << text;
}

}  // namespace
}  // namespace cadre::interop
