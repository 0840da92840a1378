// A journal of agents from a file that anybody may have touched: read, refused, never crashed on,
// and whatever state it leaves has valid histories and can be asked what to do next.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/agent_journal.h"

namespace {

std::shared_ptr<const cadre::TeamPolicy> team() {
  auto made = std::make_shared<cadre::TeamPolicy>();
  for (const char* name : {"a", "b", "c"}) {
    cadre::AgentPolicy agent;
    agent.name = name;
    agent.unknown_tool = cadre::UnknownTool::kTellModel;
    agent.join.kind = cadre::JoinRule::Kind::kCollect;
    made->agents.push_back(agent);
  }
  made->agents[1].beside_guardrails = 2;
  made->agents[1].output_guardrails = 1;
  made->agents[2].blocking_guardrails = 1;
  return made;
}

}  // namespace

// A line is an event; seqs are put right, so that the fuzzer need not count.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  cadre::AgentRun run = cadre::make_agent_run(team());
  cadre::AgentJournal journal("r");
  cadre::Outbox out;
  const auto load = [](const std::string&) -> cadre::Result<std::string> {
    return std::string(R"([{"type": "message", "speaker": "user", "text": "from a blob"}])");
  };
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const auto value = cadre::json::parse(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!value) continue;
    auto event = cadre::event_from_json(*value);
    if (!event) continue;
    event->seq = journal.last_seq() + 1;
    auto outcome = journal.read(run, *event, load);
    if (!outcome) return 0;
    if (!*outcome) continue;
    out.clear();
    if (!cadre::apply(run, std::move(**outcome), out)) return 0;
    (void)cadre::open_commands(run);
    (void)cadre::pending_approvals(run);
    (void)cadre::abandoned_tools(run);
    for (const cadre::Frame& frame : run.frames) {
      const auto items = frame.history.items();
      if (frame.history.open_calls() == 0 &&
          !cadre::History::from(std::vector<cadre::ItemPtr>(items.begin(), items.end())))
        std::abort();
    }
  }
  return 0;
}
