// Ready-made tools and filters of the public API.
#include <unordered_set>

#include "cadre/run.h"

namespace cadre {

Tool agent_tool(std::string agent, std::string description, ToolOptions options) {
  Tool tool;
  tool.name = agent;
  tool.agent = std::move(agent);
  tool.description = std::move(description);
  tool.parameters = Json{{"type", "object"},
                         {"properties",
                          {{"input",
                            {{"type", "string"},
                             {"description", "What the agent is to do, with all it has to know: "
                                             "it does not see this conversation."}}}}},
                         {"required", JsonArray{"input"}},
                         {"additionalProperties", false}};
  tool.options = std::move(options);
  for (char& c : tool.name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && c != '-') c = '_';
  }
  return tool;
}

Tool ask_user_tool() {
  Tool tool;
  tool.name = "ask_user";
  tool.description = "Ask the user a question and wait for the answer. Only for what you cannot "
                     "find out or decide yourself.";
  tool.parameters = Json{{"type", "object"},
                         {"properties", {{"question", {{"type", "string"}}}}},
                         {"required", JsonArray{"question"}},
                         {"additionalProperties", false}};
  tool.options.effect = ToolEffect::kPure;
  tool.options.approval = Approval::kAlways;
  tool.function = [](const Json&, const RunContext&) -> Result<std::string> {
    return fail(ErrorCode::kInvalidInput, "the question was approved, not answered",
                "use RunHandle::answer");
  };
  return tool;
}

std::vector<ItemPtr> without_tools(std::span<const ItemPtr> items) {
  std::vector<ItemPtr> kept;
  for (const ItemPtr& item : items) {
    if (std::holds_alternative<MessageItem>(*item)) kept.push_back(item);
  }
  return kept;
}

std::function<std::vector<ItemPtr>(std::span<const ItemPtr>)> last_messages(std::size_t count) {
  return [count](std::span<const ItemPtr> items) {
    std::size_t begin = items.size();
    for (std::size_t seen = 0; begin > 0 && seen < count; --begin) {
      if (std::holds_alternative<MessageItem>(*items[begin - 1])) ++seen;
    }
    // Calls and results between the kept messages stay; what the cut broke is mended.
    std::vector<std::string> notes;
    const History history = History::repaired(items.subspan(begin), notes);
    return std::vector<ItemPtr>(history.items().begin(), history.items().end());
  };
}

}  // namespace cadre
