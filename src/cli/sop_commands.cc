// sop check, agents list.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "sop/loader.h"

namespace cadre::cli {

int sop_check_command(const Console& console, const std::string& folder) {
  auto source = SopSource::find(folder);
  if (!source) return report_error(console, source.error());
  const SopCheck check = check_sop(*source);
  if (console.json) {
    JsonArray rows;
    for (const SopProblem& p : check.problems) {
      rows.push_back(JsonObject{{"severity", p.warning ? "warning" : "error"},
                                {"file", p.file},
                                {"line", p.line},
                                {"message", p.message},
                                {"hint", p.hint}});
    }
    console.print(json::write_pretty(
        JsonObject{{"ok", check.plan.has_value()}, {"problems", std::move(rows)}}));
  } else {
    for (const SopProblem& problem : check.problems) console.print(problem.describe() + "\n");
    if (check.plan) {
      console.print(fmt::format("{}: {} stages, {} agents: good\n", check.plan->name,
                                check.plan->stages.size(), check.plan->agents.size()));
    }
  }
  return check.plan ? kDone : kUsage;
}

int agents_list_command(const Console& console, const std::string& sop) {
  auto plan = load_sop(sop);
  if (!plan) return report_error(console, plan.error());
  if (console.json) {
    JsonArray rows;
    for (const AgentConfig& agent : plan->agents) {
      rows.push_back(JsonObject{{"role", agent.role},
                                {"name", agent.name},
                                {"description", agent.description},
                                {"tools", json::to_array(agent.tools)},
                                {"handoff_targets", json::to_array(agent.handoff_targets)},
                                {"guardrails", json::to_array(agent.guardrails)},
                                {"model_config", agent.model_config},
                                {"extra", agent.extra}});
    }
    console.print(json::write_pretty(rows));
    return kDone;
  }
  for (const AgentConfig& agent : plan->agents) {
    console.print(fmt::format("{}{}\n  {}\n", agent.role, agent.role == plan->lead ? " (lead)" : "",
                              agent.description));
    if (!agent.tools.empty()) console.print("  tools: " + text::join(agent.tools, ", ") + "\n");
    console.print("  hands over to: " + text::join(agent.handoff_targets, ", ") + "\n");
  }
  return kDone;
}

}  // namespace cadre::cli
