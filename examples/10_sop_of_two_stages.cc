// A plan of two stages with a mind of one's own: what a provider is, how work is handed over, and
// where everything is written down. Runs in memory, prints the spans of its run.
#include <cstdio>

#include "base/clock.h"
#include "core/plan.h"
#include "runtime/runner.h"
#include "sop/gates.h"
#include "store/store.h"
#include "trace/spans.h"

namespace {

// The mind of both agents: makes the artifact that its task asks for.
class Writer final : public cadre::Provider {
 public:
  std::string name() const override { return "example"; }
  cadre::CapabilityAnswer can(const cadre::Task&) const override {
    return {cadre::Capability::kYes, {}};
  }
  cadre::Result<cadre::Turn> next(const cadre::Task& task, std::span<const cadre::ToolResult>,
                                  std::stop_token) override {
    cadre::Turn turn;
    for (const std::string& type : task.makes) {
      turn.artifacts.push_back(
          {type, cadre::JsonObject{{"text", type + " for: " + task.brief}}, {}});
    }
    return turn;
  }
};

cadre::Plan make_plan() {
  cadre::Plan plan;
  plan.name = "example";
  plan.lead = "editor";
  plan.agents = {{.role = "editor", .name = "Editor", .handoff_targets = {"author"}},
                 {.role = "author", .name = "Author", .handoff_targets = {"editor"}}};
  plan.stages = {{.id = "outline",
                  .title = "Outline",
                  .role = "author",
                  .needs = {"brief"},
                  .makes = {"outline"}},
                 {.id = "edit",
                  .title = "Edit",
                  .role = "editor",
                  .needs = {"outline"},
                  .makes = {"article"}}};
  return plan;
}

}  // namespace

int main() {
  cadre::RunnerParts parts;
  parts.store = cadre::make_memory_store();
  parts.provider = std::make_shared<Writer>();
  parts.tools = std::make_shared<cadre::ToolRegistry>();
  parts.gates = cadre::make_gate_keeper({});
  parts.clock = std::make_shared<cadre::SystemClock>();
  cadre::Runner runner(parts);
  const auto outcome = runner.start_run(make_plan(), "why bridges stand", {});
  if (!outcome || outcome->status != "done") return 1;
  const auto journal = parts.store->read(outcome->run);
  if (!journal) return 1;
  std::fputs(cadre::render_trace(cadre::make_trace(journal->events)).c_str(), stdout);
  return outcome->artifacts.contains("article") ? 0 : 1;
}
