#include "interop/agent_reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "interop/claude_agent.h"
#include "sop/loader.h"

namespace cadre::interop {
namespace {

constexpr std::size_t kAgentBytesMax = 200 * 1024;  // so that its role file fits into an SOP
constexpr int kDepthMax = 24;                       // YAML is read to 32, and `extra` nests
constexpr std::size_t kKeyBytesMax = 200;

int depth_of(const Json& value) {
  int deepest = 0;
  if (value.is_array()) {
    for (const Json& element : value.get_array()) deepest = std::max(deepest, depth_of(element));
  } else if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      deepest = std::max(deepest, depth_of(member.value()));
    }
  } else {
    return 0;
  }
  return deepest + 1;
}

std::size_t longest_key(const Json& value) {
  std::size_t longest = 0;
  if (value.is_array()) {
    for (const Json& element : value.get_array()) longest = std::max(longest, longest_key(element));
  } else if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      longest = std::max({longest, member.key().size(), longest_key(member.value())});
    }
  }
  return longest;
}

std::size_t bytes_of(const AgentConfig& agent) {
  std::size_t bytes = agent.instructions.size() + agent.description.size() + agent.name.size();
  for (const auto* list : {&agent.tools, &agent.handoff_targets, &agent.guardrails}) {
    for (const std::string& word : *list) bytes += word.size() + 4;
  }
  return bytes + json::write(agent.model_config).size() + json::write(agent.extra).size();
}

void check_tools(const std::string& file, const ReadAgent& read,
                 const std::vector<std::string>& tools, SopProblems& problems) {
  for (const std::string& tool : read.agent.tools) {
    if (tools.empty() || std::find(tools.begin(), tools.end(), tool) != tools.end()) continue;
    if (const std::string what = about_claude_tool(tool); !what.empty()) {
      problems.warning(file, read.tools_line, what);
      continue;
    }
    const std::string meant = did_you_mean(tool, tools);
    problems.warning(file, read.tools_line,
                     fmt::format("Cadre has no tool \"{}\"; it is kept", tool),
                     meant.empty() ? "" : fmt::format("did you mean \"{}\"?", meant));
  }
}

}  // namespace

std::string normal_text(std::string_view content) {
  if (content.starts_with("\xef\xbb\xbf")) content.remove_prefix(3);
  std::string out = text::replace_all(std::string(content), "\r\n", "\n");
  std::replace(out.begin(), out.end(), '\r', '\n');
  return out;
}

std::string normal_instructions(std::string_view given) {
  std::string out = text::replace_all(std::string(given), "\r\n", "\n");
  std::replace(out.begin(), out.end(), '\r', '\n');
  return std::string(text::trim(out));
}

std::string first_sentence(std::string_view instructions) {
  for (std::string_view line : text::lines(instructions)) {
    while (!line.empty() && std::string_view("#*->_ \t").contains(line.front())) {
      line.remove_prefix(1);
    }
    const std::string_view sentence = text::trim(line.substr(0, line.find(". ")));
    if (!sentence.empty()) return text::shorten(sentence, 200);
  }
  return {};
}

void take_instructions(const std::string& file, int line, std::string_view text, ReadAgent& read,
                       SopProblems& problems) {
  read.agent.instructions = normal_instructions(text);
  if (read.agent.instructions.empty()) {
    problems.error(file, line, "it has no instructions", "write what the agent does and how");
  } else if (read.agent.instructions.find('\0') != std::string::npos) {
    problems.error(file, line, "the instructions hold a NUL character", "take it out");
  }
}

void check_agent(const std::string& file, const ReadAgent& read,
                 const std::vector<std::string>& tools, SopProblems& problems) {
  const AgentConfig& agent = read.agent;
  const std::string who = fmt::format("the agent \"{}\"", agent.role);
  if (const std::size_t bytes = bytes_of(agent); bytes > kAgentBytesMax) {
    problems.error(file, read.line,
                   fmt::format("{} has {} bytes, and {} are allowed", who, bytes, kAgentBytesMax),
                   "keep in the instructions what it needs in every task");
  }
  for (const Json* value : {&agent.model_config, &agent.extra}) {
    if (depth_of(*value) > kDepthMax) {
      problems.error(file, read.line,
                     fmt::format("{} has values nested deeper than {}", who, kDepthMax));
    }
    if (longest_key(*value) > kKeyBytesMax) {
      problems.error(file, read.line,
                     fmt::format("{} has a key of more than {} bytes", who, kKeyBytesMax));
    }
  }
  for (const std::string& target : agent.handoff_targets) {
    if (target != agent.role) continue;
    problems.error(file, read.handoff_line,
                   fmt::format("the role \"{}\" hands work to itself", target),
                   "remove it from handoff_targets");
  }
  const std::vector<std::string> guardrails = guardrail_names();
  for (const std::string& name : agent.guardrails) {
    if (std::find(guardrails.begin(), guardrails.end(), name) != guardrails.end()) continue;
    problems.warning(file, read.guardrails_line,
                     fmt::format("Cadre has no guardrail \"{}\"; it is kept", name),
                     "it has " + one_of(guardrails));
  }
  check_tools(file, read, tools, problems);
}

bool same_agent(const AgentConfig& a, const AgentConfig& b) {
  return a.role == b.role && a.name == b.name && a.description == b.description &&
         a.instructions == b.instructions && a.tools == b.tools && a.approvals == b.approvals &&
         a.reasoning == b.reasoning && a.handoff_targets == b.handoff_targets &&
         a.guardrails == b.guardrails && a.model_config == b.model_config && a.extra == b.extra;
}

}  // namespace cadre::interop
