// What subscribers see of a run.
#include "agents/run_driver.h"

namespace cadre {

void RunDriver::emit(RunEvent::Kind kind, int f, std::string_view text, std::string_view tool,
                     std::string_view call_id, bool ok) {
  if (!watched()) return;
  RunEvent event;
  event.kind = kind;
  event.agent = agent_of(f).agent.name;
  event.path = frame(f).path;
  event.text = text;
  event.tool = tool;
  event.call_id = call_id;
  event.ok = ok;
  tell(event);
}

// A subscriber that throws is not asked again; the run goes on.
void RunDriver::tell(const RunEvent& event) {
  for (auto at = subscribers_.begin(); at != subscribers_.end();) {
    try {
      (*at)(event);
      ++at;
    } catch (...) {
      at = subscribers_.erase(at);
      if (options_.store != nullptr)
        write(journal_.note("the subscriber failed and is not told anything any more"));
    }
  }
}

void RunDriver::emit_outcome(const AgentOutcome& outcome) {
  using Kind = RunEvent::Kind;
  if (const auto* model = std::get_if<ModelEnded>(&outcome)) {
    emit(Kind::kModelEnded, model->frame, model->error ? model->error->message : model->refusal,
         {}, {}, !model->error);
    for (const Item& item : model->items) {
      if (const auto* message = std::get_if<MessageItem>(&item))
        emit(Kind::kMessage, model->frame, message->text);
    }
  } else if (const auto* tool = std::get_if<ToolEnded>(&outcome)) {
    const ToolCallItem& item = call(tool->frame, tool->call).call();
    emit(Kind::kToolEnded, tool->frame, tool->output, item.tool, item.id, tool->ok);
  } else if (const auto* guard = std::get_if<GuardrailEnded>(&outcome)) {
    const Guardrail* asked = find_guardrail(
        {Command::Kind::kGuardrail, guard->frame, guard->call, guard->point, guard->index});
    emit(Kind::kGuardrail, guard->frame, guard->message,
         asked == nullptr ? std::string_view() : asked->name,
         guard->call < 0 ? std::string_view() : call(guard->frame, guard->call).call().id,
         guard->verdict == Verdict::kAllow);
  } else if (const auto* approval = std::get_if<ApprovalDecided>(&outcome)) {
    const ToolCallItem& item = call(approval->frame, approval->call).call();
    emit(Kind::kApprovalDecided, approval->frame, approval->message, item.tool, item.id,
         approval->approved);
  } else if (const auto* handoff = std::get_if<HandoffEnded>(&outcome)) {
    const ToolCallItem& item = call(handoff->frame, handoff->call).call();
    emit(handoff->accepted ? Kind::kHandoffAccepted : Kind::kHandoffRefused, handoff->frame,
         handoff->reason, item.tool, item.id, handoff->accepted);
  }
}

void RunDriver::emit_record(const Record& record) {
  using Kind = RunEvent::Kind;
  static constexpr Kind kKinds[] = {
      Kind::kAgentStarted,    Kind::kAgentEnded,         Kind::kHandoffRequested,
      Kind::kHandoffAccepted, Kind::kHandoffRefused,     Kind::kApprovalRequested,
      Kind::kNote,            Kind::kRunEnded};
  const Frame& at = frame(record.frame);
  RunEvent event;
  event.kind = kKinds[static_cast<int>(record.kind)];
  event.agent = team_.compiled().agents[static_cast<std::size_t>(record.agent)].agent.name;
  event.path = at.path;
  event.text = record.text;
  if (record.call >= 0 && static_cast<std::size_t>(record.call) < at.calls.size()) {
    const ToolCallItem& item = at.calls[static_cast<std::size_t>(record.call)].call();
    event.tool = item.tool;
    event.call_id = item.id;
  }
  event.ok = record.kind != Record::Kind::kHandoffRefused;
  tell(event);
}

}  // namespace cadre
