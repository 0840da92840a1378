#include "interop/phase1_agent.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/text.h"
#include "interop/agent_mapping.h"
#include "interop/yaml_writer.h"

namespace cadre::interop {
namespace {

// A fenced block as CommonMark has it: three or more ` or ~, ended by as many or more.
struct Fence {
  std::size_t begin = 0;   // of the opening line
  std::size_t yaml = 0;    // of the first line inside
  std::size_t close = 0;   // of the closing line
  std::size_t end = 0;     // behind the closing line
  int line = 0;            // of the first line inside, from 1
  std::size_t margin = 0;  // how far it is indented
  bool closed = false;
  bool is_yaml = false;
};

std::size_t run_of(std::string_view line, char mark) {
  return std::min(line.find_first_not_of(mark), line.size());
}

// A block in instructions is indented with them, and its end is not the end of the agent. Where the
// line is that ends the block without being indented; npos when another block begins there first.
std::size_t end_at_margin(std::string_view content, std::size_t at, char mark, std::size_t length) {
  while (at < content.size()) {
    const std::size_t end = std::min(content.find('\n', at), content.size());
    const std::string_view line = content.substr(at, end - at);
    const std::size_t run = run_of(line, mark);
    if (run >= length) return text::trim(line.substr(run)).empty() ? at : content.npos;
    at = end + 1;
  }
  return content.npos;
}

// The fences of the text, in order.
std::vector<Fence> fences_in(std::string_view content) {
  std::vector<Fence> fences;
  char mark = 0;
  std::size_t length = 0;
  std::size_t not_before = 0;  // no indented line ends the block before this
  int number = 0;
  for (std::size_t at = 0; at < content.size();) {
    const std::size_t end = std::min(content.find('\n', at), content.size());
    const std::size_t next = std::min(end + 1, content.size());
    const std::string_view line = content.substr(at, end - at);
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    const std::string_view rest = indent <= 3 ? line.substr(indent) : "";
    ++number;
    if (length == 0 && (rest.starts_with("```") || rest.starts_with("~~~"))) {
      mark = rest[0];
      length = run_of(rest, mark);
      const std::string_view info = text::trim(rest.substr(length));
      const std::string word = text::lower(info.substr(0, info.find_first_of(" \t{")));
      fences.push_back({at, next, content.size(), content.size(), number + 1, indent, false,
                        word == "yaml" || word == "yml"});
    } else if (length > 0 && !rest.empty() && run_of(rest, mark) >= length &&
               text::trim(rest.substr(run_of(rest, mark))).empty()) {
      if (fences.back().is_yaml && fences.back().margin == 0 && indent > 0) {
        if (at >= not_before) not_before = end_at_margin(content, next, mark, length);
        if (not_before != content.npos) {
          at = next;
          continue;
        }
      }
      not_before = 0;
      fences.back().close = at;
      fences.back().end = next;
      fences.back().closed = true;
      length = 0;
    }
    at = next;
  }
  return fences;
}

bool has_role(std::string_view yaml, std::size_t margin) {
  for (const std::string_view line : text::lines(yaml)) {
    const std::string_view rest = line.substr(std::min(margin, line.size()));
    if (rest.starts_with("role") && text::trim(rest.substr(4)).starts_with(':')) return true;
  }
  return false;
}

// The title is the name, unless that could be taken for Markdown of another kind.
std::string own_text_before(const AgentConfig& agent) {
  const bool fits = agent.name.find_first_of("\n`~") == std::string::npos;
  return fmt::format("# {}\n\n## Agent Configuration\n\n", fits ? agent.name : agent.role);
}

std::optional<Fence> find_block(const std::string& file, std::string_view content,
                                SopProblems& problems) {
  std::optional<Fence> found;
  for (const Fence& fence : fences_in(content)) {
    const std::string_view yaml = content.substr(fence.yaml, fence.close - fence.yaml);
    if (!fence.is_yaml || !has_role(yaml, fence.margin)) continue;
    if (!found) {
      found = fence;
    } else {
      problems.warning(file, fence.line,
                       "a second block with \"role:\" is kept as text; one file holds one agent",
                       "give that agent a file of its own");
    }
  }
  if (!found) {
    problems.error(file, 0,
                   "it holds no agent: no front matter, and no block ```yaml with \"role:\"",
                   "begin the file with ---, \"role: ...\" and ---");
  } else if (!found->closed) {
    problems.error(file, found->line - 1, "the block ```yaml has no end",
                   "close it with a line ```");
    return std::nullopt;
  }
  return found;
}

// The text around the block, when extra.phase1 says what it is and nothing more.
std::optional<std::pair<std::string, std::string>> kept_frame(const AgentConfig& agent) {
  const Json* kept = json::find(agent.extra, "phase1");
  if (kept == nullptr || !kept->is_object() || kept->get_object().size() != 2) return std::nullopt;
  const Json* before = json::find(*kept, "before");
  const Json* after = json::find(*kept, "after");
  if (before == nullptr || after == nullptr || !before->is_string() || !after->is_string()) {
    return std::nullopt;
  }
  return std::pair(json::get_string(*kept, "before"), json::get_string(*kept, "after"));
}

}  // namespace

std::optional<ReadAgent> read_phase1_agent(const std::string& file, std::string_view content,
                                           SopProblems& problems) {
  const std::optional<Fence> block = find_block(file, content, problems);
  if (!block) return std::nullopt;
  const auto document =
      read_yaml(content.substr(block->yaml, block->close - block->yaml), block->line);
  if (!document) {
    problems.error(file, document.error().line, document.error().message);
    return std::nullopt;
  }
  std::optional<ReadAgent> read = read_agent_mapping(file, *document, "", problems);
  if (!read) return std::nullopt;
  const std::string before(content.substr(0, block->begin));
  const std::string after(content.substr(block->end));
  if (before == own_text_before(read->agent) && after.empty()) return read;
  if (!read->agent.extra.get_object()
           .emplace("phase1", JsonObject{{"before", before}, {"after", after}})
           .second) {
    problems.error(file, document->line_of("/phase1"),
                   "\"phase1\" is in the block, and there is text around it", "rename the key");
  }
  return read;
}

std::string write_phase1_agent(const AgentConfig& agent, bool plainly) {
  AgentConfig inside = agent;
  std::string before = own_text_before(agent);
  std::string after;
  if (const auto frame = kept_frame(agent); !plainly && frame) {
    std::tie(before, after) = *frame;
    inside.extra.get_object().erase("phase1");
  }
  const std::string yaml = write_yaml(agent_to_mapping(inside));
  std::size_t longest = 2;
  for (std::size_t at = 0; (at = yaml.find('`', at)) != std::string::npos;) {
    const std::size_t run = run_of(std::string_view(yaml).substr(at), '`');
    longest = std::max(longest, run);
    at += run;
  }
  const std::string fence(longest + 1, '`');
  return fmt::format("{}{}yaml\n{}{}\n{}", before, fence, yaml, fence, after);
}

}  // namespace cadre::interop
