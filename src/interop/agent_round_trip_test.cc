// import(export(agent)) is the agent, in every format, for random agents and for files as people
// write them.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "base/text.h"
#include "interop/agent_export.h"
#include "interop/agent_import.h"
#include "interop/agent_reading.h"
#include "interop/yaml_writer.h"
#include "sop/loader.h"
#include "sop/yaml_reader.h"

namespace cadre::interop {
namespace {

constexpr std::array kFormats{AgentFormat::kRole, AgentFormat::kClaude, AgentFormat::kPhase1,
                              AgentFormat::kYaml, AgentFormat::kJson,
                              AgentFormat::kClaudeJson};

// Agents that are as awkward as they may be: whatever a file could mistake for its own syntax.
class RandomAgent {
 public:
  explicit RandomAgent(unsigned seed) : random_(seed) {}

  AgentConfig make() {
    AgentConfig agent;
    agent.role = word();
    agent.name = line();
    agent.description = line();
    agent.instructions = normal_instructions(prose());
    if (agent.instructions.empty()) agent.instructions = "Work.";
    agent.tools = names();
    agent.handoff_targets = names();
    std::erase(agent.handoff_targets, agent.role);
    agent.guardrails = names();
    agent.approvals = names();
    agent.reasoning = names();
    if (coin()) agent.model_config = model_config();
    for (int i = below(5); i > 0; --i) agent.extra.get_object()[key()] = value(0);
    return agent;
  }

 private:
  int below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  bool coin() { return below(2) == 0; }
  template <std::size_t n>
  std::string pick(const std::array<const char*, n>& from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(n)))];
  }

  std::string word() {
    std::string out(1, static_cast<char>('a' + below(26)));
    for (int i = below(8); i > 0; --i) out += pick(std::array{"a", "z", "_", "7", "__", "x_"});
    return out;
  }
  std::string piece() {
    return pick(std::array{"a",
                           "B",
                           " ",
                           "  ",
                           ": ",
                           " #",
                           "-",
                           "---",
                           "\n",
                           "\n\n",
                           "\n---\n",
                           "```",
                           "\n````\n",
                           "~~~",
                           "```yaml\nrole: x\n",
                           "'",
                           "\"",
                           "\\",
                           "\\n",
                           "{",
                           "}",
                           "[",
                           "]",
                           ",",
                           "&a",
                           "*a",
                           "!t",
                           "|",
                           ">",
                           "%",
                           "@",
                           "`",
                           "\t",
                           "\x01",
                           "\x7f",
                           "\xc2\x85",
                           "\xc2\xa0",
                           "\xef\xbb\xbf",
                           "\xe2\x80\xa8",
                           "\xf0\x9f\x98\x80",
                           "ä",
                           "true",
                           "null",
                           "no",
                           "~",
                           "1",
                           "1e3",
                           "0x1f",
                           "role:",
                           "name: y",
                           "# Title",
                           "- x",
                           "? ",
                           "=",
                           "<<",
                           "\n  indented",
                           "\n   \n",
                           " \n",
                           "(",
                           ")",
                           "Bash(git:*)",
                           "mcp__x__y"});
  }
  std::string prose() {
    std::string out;
    for (int i = below(14); i > 0; --i) out += piece();
    return out;
  }
  std::string line() {
    const std::string text(text::trim(prose()));
    return text.empty() ? "x" : text;
  }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (int i = below(4); i > 0; --i) {
      std::string name = coin() ? word() : line();
      if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(std::move(name));
    }
    return out;
  }
  std::string key() {
    if (below(3) == 0) return line();
    return pick(std::array{"role",         "name",         "description",
                           "instructions", "tools",        "model",
                           "extra",        "cadre",        "claude",
                           "phase1",       "guardrails",   "handoff_targets",
                           "color",        "model_config", "hooks",
                           "before",       "agents",       "",
                           "true",         "a b",          "7"});
  }
  Json value(int depth) {
    switch (below(depth > 3 ? 8 : 11)) {
      case 0: return Json(nullptr);
      case 1: return Json(coin());
      case 2: return Json(std::int64_t{below(2000)} - 1000);
      case 3: return Json(std::uint64_t{18446744073709551615U} - static_cast<unsigned>(below(9)));
      case 4: return Json(below(1000) / 7.0 * (coin() ? 1e30 : -1e-9));
      case 5: return Json(coin() ? -0.0 : 3.0);
      case 6: return Json(line());
      case 7: return Json(prose());
      case 8: {
        JsonArray array;
        for (int i = below(4); i > 0; --i) array.push_back(value(depth + 1));
        return array;
      }
      case 9: return JsonObject{{"before", prose()}, {"after", prose()}};
      default: {
        JsonObject object;
        for (int i = below(4); i > 0; --i) object[key()] = value(depth + 1);
        return object;
      }
    }
  }
  Json model_config() {
    JsonObject config;
    if (coin()) config["temperature"] = below(20) / 10.0;
    if (coin()) config["model"] = pick(std::array{"opus", "inherit", "claude-x", "gpt-5", "a: b"});
    if (coin()) config[key() + "_"] = value(0);
    return config;
  }

  std::mt19937 random_;
};

std::string problems_text(SopProblems& problems) {
  std::string out;
  for (const SopProblem& problem : problems.take_sorted()) out += problem.describe() + "\n";
  return out;
}

AgentConfig import_one(const std::string& content, AgentFormat format) {
  SopProblems problems;
  ImportOptions options;
  options.format = format;
  auto agents = import_agents("file", content, problems, options);
  EXPECT_EQ(agents.size(), 1U) << problems_text(problems) << content;
  return agents.empty() ? AgentConfig{} : agents[0].agent;
}

void expect_round_trip(const AgentConfig& agent) {
  for (const AgentFormat format : kFormats) {
    const auto file = export_agent(agent, format);
    ASSERT_TRUE(file) << to_string(format) << ": " << file.error().message << "\n"
                      << write_yaml(agent.extra) << agent.instructions;
    const AgentConfig again = import_one(*file, format);
    EXPECT_TRUE(same_agent(again, agent)) << to_string(format) << "\n" << *file;
    const auto second = export_agent(again, format);
    ASSERT_TRUE(second);
    EXPECT_EQ(*second, *file);
    // The file says by itself what it is.
    EXPECT_EQ(guess_agent_format(agent_file_name(agent.role, format), *file), format) << *file;
  }
}

TEST(AgentRoundTrip, RandomAgentsInEveryFormat) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    expect_round_trip(RandomAgent(seed).make());
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

TEST(AgentRoundTrip, RandomListsInOneFile) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::vector<AgentConfig> agents;
    for (unsigned i = 0; i < 2 + seed % 3; ++i) agents.push_back(RandomAgent(seed * 7 + i).make());
    for (const AgentFormat format : {AgentFormat::kYaml, AgentFormat::kJson}) {
      const auto file = export_agents(agents, format);
      ASSERT_TRUE(file) << file.error().message;
      SopProblems problems;
      const auto again =
          import_agents(format == AgentFormat::kYaml ? "a.yaml" : "a.json", *file, problems);
      ASSERT_EQ(again.size(), agents.size());
      for (std::size_t i = 0; i < agents.size(); ++i) {
        EXPECT_TRUE(same_agent(again[i].agent, agents[i])) << *file;
      }
    }
  }
}

// The roles that ship with Cadre.
TEST(AgentRoundTrip, BuiltInRoles) {
  for (const std::string& sop : built_in_sops()) {
    const auto plan = load_sop(sop);
    ASSERT_TRUE(plan) << sop;
    for (const AgentConfig& agent : plan->agents) expect_round_trip(agent);
  }
}

struct Sample {
  const char* name;
  const char* file;
  const char* content;
};

class HandWritten : public ::testing::TestWithParam<Sample> {};

// import ∘ export ∘ import = import, from the sample's format through each format and back.
TEST_P(HandWritten, SurvivesEveryFormat) {
  SopProblems problems;
  const auto agents = import_agents(GetParam().file, GetParam().content, problems);
  ASSERT_FALSE(agents.empty()) << problems_text(problems);
  for (const ImportedAgent& imported : agents) {
    expect_round_trip(imported.agent);
    AgentConfig travelled = imported.agent;
    for (const AgentFormat format : kFormats) {
      const auto file = export_agent(travelled, format);
      ASSERT_TRUE(file) << file.error().message;
      travelled = import_one(*file, format);
    }
    EXPECT_TRUE(same_agent(travelled, imported.agent));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, HandWritten,
    ::testing::Values(
        Sample{"ClaudeSmall", "reviewer.md",
               "---\nname: code-reviewer\ndescription: Reviews code.\n---\nYou review.\n"},
        Sample{"ClaudeFull", "architect.md",
               "---\nname: cadre-architect\n"
               "description: Turns an approved PRD into a design. Use after requirements.\n"
               "tools: Read, Grep, Glob, Bash(git log, git diff), mcp__orch\nmodel: opus\n"
               "effort: high\ncolor: purple\nmemory: project\nmaxTurns: 12\n"
               "hooks:\n  PreToolUse:\n    - matcher: Bash\n      hooks: [{type: command, command: "
               "./check.sh}]\n"
               "skills: [a, b]\n---\n\nYou are the Architect.\n\n---\n\n```yaml\nrole: x\n```\n"},
        Sample{"ClaudeMap", "team.json",
               R"({"a-b": {"description": "D.", "prompt": "I.\n---\n", "tools": ["Read"],
 "model": "inherit", "hooks": {"x": [1]}}, "Odd Name": {"description": "D: x", "prompt": "J."}})"},
        Sample{"ClaudeOddName", "x.md",
               "---\nname: Code Reviewer\ndescription: Reviews.\ntools:\n  - Read\n  - Bash\n"
               "model: inherit\n---\r\nReview.\r\nTwice.\r\n"},
        Sample{"ClaudeLooseDescription", "loose.md",
               "---\nname: loose\ndescription: Use it when: something breaks. Examples: "
               "<example>user: \"it's broken\"</example>\ntools: Read\n---\nHelp.\n"},
        Sample{"Phase1", "product-manager-agent.md",
               "# Product Manager Agent\n\nSome words.\n\n## Agent Configuration\n\n```yaml\n"
               "role: product_manager\ninstructions: |\n  You are the product manager.\n\n"
               "  - ask\n  - write\ntools:\n  - web_search\n  - market_research\n"
               "handoff_targets:\n  - architect\nguardrails:\n  output_validation: "
               "structured_format\n  quality_threshold: 0.85\n  completeness_check: true\n"
               "model_config:\n  temperature: 0.3\n  max_tokens: 4000\n  reasoning_mode: "
               "systematic\nmemory_config:\n  scope: session\n```\n\n## Code\n\n```python\n"
               "def run():\n    pass\n```\n"},
        Sample{"Yaml", "one.yaml",
               "# a comment\nrole: writer\nname: Der Schreiber\ndescription: 'Writes: all'\n"
               "instructions: >\n  Write\n  well.\ntools: [search]\ncolor: blue\n"
               "extra:\n  tools: {a: 1}\n"},
        Sample{"YamlList", "many.yml",
               "agents:\n  - role: a\n    instructions: Do a.\n  - role: b\n"
               "    instructions: Do b.\n    handoff_targets: [a]\n"},
        Sample{"Json", "one.json",
               "{\"role\": \"writer\", \"instructions\": \"Write \\ud83d\\ude00.\\r\\nWell.\",\n"
               " \"model_config\": {\"temperature\": 1, \"x\": [1.0, 1e300, null]}}"},
        Sample{"Role", "writer.md",
               "---\nrole: writer\ndescription: Writes.\ncolour: red\nextra: {model: x}\n---\n"
               "Write.\n"}),
    [](const auto& sample) { return std::string(sample.param.name); });

TEST(YamlWriter, ReadsBackAndStaysReadable) {
  EXPECT_EQ(write_yaml(JsonObject{{"a", "plain text, with a comma"},
                                  {"b", "two\nlines"},
                                  {"c", JsonArray{"x", "w"}},
                                  {"d", JsonArray{JsonObject{{"k", 1}, {"l", "no"}}, JsonArray{}}},
                                  {"e", JsonObject{}}}),
            "a: plain text, with a comma\nb: |-\n  two\n  lines\nc: [x, w]\nd:\n  - k: 1\n"
            "    l: \"no\"\n  - []\ne: {}\n");
}

}  // namespace
}  // namespace cadre::interop
