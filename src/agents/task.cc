// What runs are made for besides conversations: tasks and explicit handoffs; who accepts them.
#include "cadre/task.h"

#include <fmt/core.h>

#include <algorithm>

#include "agents/run_purpose.h"
#include "agents/run_words.h"
#include "agents/team.h"
#include "base/text.h"

namespace cadre {
namespace {

std::string no_agent(const AgentTeam& team, std::string_view name) {
  std::string names;
  for (const CompiledAgent& agent : team.compiled().agents)
    names += (names.empty() ? "" : ", ") + agent.agent.name;
  return fmt::format("the team has no agent '{}'; it has: {}", name, names);
}

// Why these items cannot be read by an agent; empty: they can.
std::string fault_of(std::span<const ItemPtr> context) {
  if (const auto valid = History::from(context); !valid)
    return "the context is no valid history: " + valid.error().message;
  const bool dirty = std::ranges::any_of(context, [](const ItemPtr& item) {
    const auto* message = std::get_if<MessageItem>(item.get());
    const auto* result = std::get_if<ToolResultItem>(item.get());
    return (message != nullptr && !text::is_valid_utf8(message->text)) ||
           (result != nullptr && !text::is_valid_utf8(result->output));
  });
  return dirty ? "the context is not valid UTF-8" : "";
}

// A handoff that the team knows.
struct Found {
  int source = -1;
  const OfferedTool* offered = nullptr;
  const Handoff* handoff = nullptr;
  const Agent* target = nullptr;
  std::string fault;
};

RunContext context_of(const Found& found, const AgentTeam& team, const RunOptions& options,
                      std::any& data) {
  RunContext who;
  who.run = options.id;
  who.agent = team.compiled().agents[static_cast<std::size_t>(found.source)].agent.name;
  who.data = &data;
  return who;
}

Found find(const AgentTeam& team, const HandoffRequest& request, const RunOptions& options) {
  Found found;
  found.source = team.compiled().find(request.source);
  const int target = team.compiled().find(request.target);
  if (found.source < 0 || target < 0) {
    found.fault = no_agent(team, found.source < 0 ? request.source : request.target);
    return found;
  }
  const CompiledAgent& source = team.compiled().agents[static_cast<std::size_t>(found.source)];
  found.target = &team.compiled().agents[static_cast<std::size_t>(target)].agent;
  for (const OfferedTool& offered : source.offered) {
    if (offered.handoff < 0 || offered.target != target) continue;
    found.offered = &offered;
    found.handoff = &source.agent.handoffs[static_cast<std::size_t>(offered.handoff)];
    break;
  }
  if (found.offered == nullptr) {
    found.fault = fmt::format("'{}' has no handoff to '{}'", request.source, request.target);
    return found;
  }
  std::any data = options.data;
  try {
    if (found.handoff->enabled != nullptr &&
        !found.handoff->enabled(context_of(found, team, options, data)))
      found.fault = fmt::format("the handoff from '{}' to '{}' is not enabled", request.source,
                                request.target);
  } catch (...) {
    found.fault = "`enabled` of the handoff failed: " + what_of(std::current_exception());
  }
  return found;
}

Json arguments_of(const HandoffRequest& request) {
  if (request.arguments != nullptr) return *request.arguments;
  return JsonObject{{"task", request.task}};
}

constexpr std::string_view kPriorities[] = {"low", "normal", "high"};

}  // namespace

std::optional<Priority> priority_from(std::string_view word) {
  const auto at = std::ranges::find(kPriorities, word);
  if (at == std::end(kPriorities)) return std::nullopt;
  return static_cast<Priority>(at - std::begin(kPriorities));
}

RunPurpose purpose_of(const AgentTeam& team, const std::string& agent, const AgentTask& task) {
  RunPurpose purpose;
  const int at = team.compiled().find(agent);
  purpose.fault = at < 0 ? no_agent(team, agent) : fault_of(task.context);
  if (!purpose.fault.empty()) return purpose;
  purpose.agent = at;
  purpose.alone = true;
  purpose.task = task.id;
  purpose.context = task.context;
  return purpose;
}

RunPurpose purpose_of(const AgentTeam& team, const HandoffRequest& request,
                      const RunOptions& options) {
  RunPurpose purpose;
  const Found found = find(team, request, options);
  purpose.fault = found.fault.empty() ? fault_of(request.context) : found.fault;
  if (!purpose.fault.empty()) return purpose;
  purpose.agent = found.source;
  purpose.context.assign(request.context.begin(), request.context.end());
  purpose.priority = kPriorities[static_cast<int>(request.priority)];
  AskedHandoff asked;
  asked.call.id = "handoff";
  asked.call.tool = found.offered->spec->name;
  asked.call.arguments = json::write(arguments_of(request));
  asked.facts.kind = CallFacts::Kind::kHandoff;
  asked.facts.target = found.offered->target;
  asked.facts.needs_approval = found.handoff->approval != Approval::kNever;
  asked.facts.input_checks = static_cast<int>(found.handoff->guardrails.size());
  purpose.handoff = std::move(asked);
  return purpose;
}

HandoffAnswer accept_handoff(const AgentTeam& team, const HandoffRequest& request,
                             const RunOptions& options) {
  const Found found = find(team, request, options);
  if (!found.fault.empty()) return HandoffAnswer::refuse(found.fault);
  const Json arguments = arguments_of(request);
  if (const auto issues = found.offered->arguments->validate(arguments); !issues.empty()) {
    return HandoffAnswer::refuse(fmt::format(
        "{}: {}", issues[0].pointer.empty() ? "the arguments" : issues[0].pointer,
        issues[0].message));
  }
  std::any data = options.data;
  const RunContext who = context_of(found, team, options, data);
  const std::string written = json::write(arguments);
  HandoffRequest asked = request;
  asked.arguments = &arguments;
  const GuardrailSubject subject{GuardPoint::kHandoff, {}, found.offered->spec->name, written,
                                 request.context};
  try {
    for (const Guardrail& guardrail : found.handoff->guardrails) {
      GuardrailVerdict verdict = guardrail.check(subject, who);
      if (verdict.verdict != Verdict::kAllow)
        return HandoffAnswer::refuse(std::move(verdict.message));
    }
    for (const auto* decide : {&found.target->accept, &found.handoff->on_handoff}) {
      if (*decide == nullptr) continue;
      if (HandoffAnswer answer = (*decide)(asked, who); !answer.accepted) return answer;
    }
  } catch (...) {
    return HandoffAnswer::refuse("a function of the handoff failed: " +
                                 what_of(std::current_exception()));
  }
  return HandoffAnswer::accept();
}

}  // namespace cadre
