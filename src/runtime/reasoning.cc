#include "runtime/reasoning.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/json_schema.h"
#include "base/text.h"
#include "core/plan.h"
#include "runtime/delivery.h"

namespace cadre::detail {
namespace {

constexpr std::string_view kMember = "reasoning";
constexpr std::size_t kNoteBytes = 4000;
constexpr std::size_t kIssuesShown = 5;

std::vector<std::string> frameworks_of(const Task& task) {
  const AgentConfig* agent = task.plan == nullptr ? nullptr : find_agent(*task.plan, task.role);
  if (agent == nullptr) return {};
  std::vector<std::string> known;
  for (const std::string& id : agent->reasoning) {
    if (task.plan->frameworks.contains(id)) known.push_back(id);
  }
  return known;
}

// The type whose delivery carries the answers: the first that the stage makes.
std::string carrier_of(const Task& task) {
  const StageSpec* stage = task.plan == nullptr ? nullptr : find_stage(*task.plan, task.stage);
  if (stage == nullptr || stage->makes.empty()) return {};
  return stage->makes.front();
}

bool asks(const Task& task, const std::string& type) {
  return task.round == 1 && type == carrier_of(task) && !frameworks_of(task).empty();
}

// What is wrong with the answers, one a line; "" when nothing is.
std::string wrong_with(const Json& arguments, const Task& task) {
  std::string out;
  const Json* given = json::find(arguments, kMember);
  for (const std::string& id : frameworks_of(task)) {
    const Json* answers = given == nullptr ? nullptr : json::find(*given, id);
    if (answers == nullptr) {
      out += fmt::format("\n- reasoning.{} is missing", id);
      continue;
    }
    const Json* schema = json::find(task.plan->frameworks.at(id), "answers");
    const auto compiled = JsonSchema::compile(schema == nullptr ? Json(true) : *schema);
    if (!compiled) continue;  // read_framework() has seen to it
    const auto issues = compiled->validate(*answers);
    for (std::size_t i = 0; i < std::min(issues.size(), kIssuesShown); ++i) {
      out += fmt::format("\n- reasoning.{}{}: {}", id, issues[i].pointer, issues[i].message);
    }
  }
  return out;
}

// Whether a call before this turn delivered the same type and was asked for its answers.
bool asked_before(const Task& task, const std::string& type, std::span<const ToolResult> results) {
  for (std::size_t i = 0; i < std::min(results.size(), task.calls.size()); ++i) {
    const ToolCall& call = task.calls[i];
    if (call.tool == kDeliverTool && json::get_string(call.arguments, "type") == type &&
        json::find(call.arguments, "data") != nullptr &&
        !wrong_with(call.arguments, task).empty()) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string reasoning_instructions(const Task& task) {
  const std::vector<std::string> ids = frameworks_of(task);
  if (ids.empty()) return {};
  std::string out =
      "\n\n## How you think first\n\n"
      "Go through these steps in their order before you deliver. Put your answers, short, under "
      "`reasoning` of the first delivery, each framework under its id.\n";
  for (const std::string& id : ids) {
    out += fmt::format("\n`{}`\n\n{}", id,
                       json::get_string(task.plan->frameworks.at(id), "instructions"));
  }
  return out;
}

void add_reasoning_schema(const Task& task, const std::string& type, JsonObject& parameters) {
  const std::vector<std::string> ids = frameworks_of(task);
  if (ids.empty() || type != carrier_of(task)) return;
  JsonObject properties;
  for (const std::string& id : ids) {
    const Json* schema = json::find(task.plan->frameworks.at(id), "answers");
    if (schema != nullptr) properties[id] = *schema;
  }
  parameters["properties"].as_object()[kMember] = JsonObject{
      {"type", "object"}, {"required", json::to_array(ids)}, {"properties", std::move(properties)}};
}

Result<void> check_reasoning(const Json& arguments, const Task& task,
                             std::span<const ToolResult> results) {
  const std::string type = json::get_string(arguments, "type");
  if (!asks(task, type)) return {};
  const std::string wrong = wrong_with(arguments, task);
  if (wrong.empty() || asked_before(task, type, results)) return {};
  return fail(ErrorCode::kInvalidInput,
              fmt::format("the answers of how you thought are not there yet:{}", wrong),
              "deliver the artifact again with `reasoning` beside `data`");
}

std::string reasoning_note(const Json& arguments, const Task& task) {
  if (!asks(task, json::get_string(arguments, "type"))) return {};
  const std::string wrong = wrong_with(arguments, task);
  if (!wrong.empty()) return "taken without all answers of how it was thought:" + wrong;
  const Json* given = json::find(arguments, kMember);
  return "thought: " + text::shorten(json::write(*given), kNoteBytes);
}

}  // namespace cadre::detail
