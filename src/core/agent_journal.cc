#include "core/agent_journal.h"

#include <fmt/core.h>

#include <boost/json/monotonic_resource.hpp>

#include "base/hash.h"
#include "core/agent_journal_json.h"
#include "core/agent_stepper.h"

namespace cadre {

using detail::put_text;

namespace {

// Long texts by their length and ends: what a session holds was compared when it was written.
std::uint64_t hash_part(std::uint64_t seed, std::string_view text) {
  constexpr std::size_t kEnd = 256;
  seed = detail::hash_text(seed, std::to_string(text.size()));
  seed = detail::hash_text(seed, text.substr(0, kEnd));
  return text.size() <= kEnd ? seed : detail::hash_text(seed, text.substr(text.size() - kEnd));
}

std::uint64_t hash_item(std::uint64_t seed, const Item& item) {
  if (const auto* message = std::get_if<MessageItem>(&item)) {
    seed = hash_part(seed, message->speaker == Speaker::kUser ? "user" : "other");
    return hash_part(hash_part(seed, message->agent), message->text);
  }
  if (const auto* reasoning = std::get_if<ReasoningItem>(&item))
    return hash_part(hash_part(seed, "reasoning"), reasoning->text);
  if (const auto* call = std::get_if<ToolCallItem>(&item))
    return hash_part(hash_part(hash_part(seed, call->id), call->tool), call->arguments);
  const auto& result = std::get<ToolResultItem>(item);
  return hash_part(hash_part(seed, result.call_id), result.output);
}

}  // namespace

std::string end_digest(std::span<const ItemPtr> items) {
  constexpr std::size_t kLast = 8;
  std::uint64_t hash = detail::kHashSeed;
  for (const ItemPtr& item : items.last(std::min(kLast, items.size())))
    hash = hash_item(hash, *item);
  return fmt::format("{}:{:016x}", items.size(), hash);
}

AgentJournal::Place& AgentJournal::place(int frame) {
  const auto index = static_cast<std::size_t>(frame);
  if (places_.size() <= index) places_.resize(index + 1);
  return places_[index];
}

AgentJournal::Draft AgentJournal::make(EventKind kind, std::int64_t parent, std::string actor,
                                       JsonObject body) {
  // Built in place: assigned, a body would be copied out of the memory it stands in.
  return {.event = {.run = run_,
                    .seq = ++last_seq_,
                    .parent = parent,
                    .kind = kind,
                    .actor = std::move(actor),
                    .body = std::move(body)},
          .blobs = {}};
}

std::int64_t AgentJournal::agent_seq(const AgentRun& run, int frame) {
  // A frame that is just being opened stands under the agent that asked for it.
  for (; frame > 0 && place(frame).agent == 0;)
    frame = std::max(0, run.frames[static_cast<std::size_t>(frame)].parent);
  return place(frame).agent == 0 ? run_seq_ : place(frame).agent;
}

AgentJournal::Draft AgentJournal::opened(const Opened& outcome, const std::string& agent,
                                         JsonObject start) {
  start["agent"] = agent;
  start["agent_index"] = outcome.agent;
  start["past"] = outcome.past.size();
  start["past_end"] = end_digest(outcome.past.items());
  JsonArray input(start.storage());
  for (const ItemPtr& item : outcome.input)
    input.push_back(detail::item_json(*item, start.storage()));
  start["input"] = std::move(input);
  std::vector<std::string> blobs;
  if (!outcome.context.empty())
    put_text(start, "context", detail::write_items(outcome.context), blobs);
  if (outcome.handoff) detail::put_handoff(start, *outcome.handoff);
  Draft draft = make(EventKind::kRunStarted, 0, agent, std::move(start));
  draft.blobs = std::move(blobs);
  return draft;
}

namespace {

constexpr std::size_t kRoomOfBody = 10, kBytesOfBody = 1024;

const std::string& agent_name(const AgentRun& run, int frame) {
  const Frame& at = run.frames[static_cast<std::size_t>(frame)];
  return run.team->agents[static_cast<std::size_t>(at.agent)].name;
}

// A body has many small parts and goes as a whole: they share one piece of memory.
boost::json::storage_ptr one_piece() {
  return boost::json::make_shared_resource<boost::json::monotonic_resource>(kBytesOfBody);
}

JsonObject place_body(const AgentRun& run, int frame, int call = -1) {
  const Frame& at = run.frames[static_cast<std::size_t>(frame)];
  JsonObject body(kRoomOfBody, one_piece());
  body["turn"] = at.turn;
  if (!at.path.empty()) body["frame"] = at.path;
  if (call < 0) return body;
  const ToolCallItem& item = at.calls[static_cast<std::size_t>(call)].call();
  body["call"] = call;
  body["call_id"] = item.id;
  body["tool"] = item.tool;
  return body;
}

void add_all(JsonObject& body, JsonObject more) {
  for (auto& member : more) body[member.key()] = std::move(member.value());
}

}  // namespace

namespace {

JsonObject branch_body(const AgentRun& run, const BranchOpened& branch,
                       std::vector<std::string>& blobs) {
  JsonObject body = place_body(run, branch.frame, branch.call);
  put_text(body, "items", detail::write_items(branch.items), blobs);
  if (!branch.problem.empty()) body["problem"] = branch.problem;
  if (!branch.lessons.empty())
    body["lessons"] = JsonArray(branch.lessons.begin(), branch.lessons.end());
  return body;
}

}  // namespace

AgentJournal::Draft AgentJournal::outcome(const AgentRun& run, const AgentOutcome& outcome,
                                          JsonObject more) {
  std::vector<std::string> blobs;
  const auto with_blobs = [&blobs](Draft made) {
    made.blobs = std::move(blobs);
    return made;
  };
  if (const auto* model = std::get_if<ModelEnded>(&outcome)) {
    JsonObject body = place_body(run, model->frame);
    detail::put_model(body, *model, blobs);
    add_all(body, std::move(more));
    return with_blobs(make(EventKind::kModelCallEnded, place(model->frame).model,
                           agent_name(run, model->frame), std::move(body)));
  }
  if (const auto* tool = std::get_if<ToolEnded>(&outcome)) {
    JsonObject body = place_body(run, tool->frame, tool->call);
    body["ok"] = tool->ok;
    if (!tool->made) body["made"] = false;
    put_text(body, "output", tool->output, blobs);
    add_all(body, std::move(more));
    const Place& at = place(tool->frame);
    const auto call = static_cast<std::size_t>(tool->call);
    const std::int64_t begun = call < at.calls.size() ? at.calls[call] : 0;
    return with_blobs(
        make(EventKind::kToolCallEnded, begun, agent_name(run, tool->frame), std::move(body)));
  }
  if (const auto* guard = std::get_if<GuardrailEnded>(&outcome)) {
    JsonObject body = place_body(run, guard->frame, guard->call);
    detail::put_guardrail(body, *guard);
    add_all(body, std::move(more));
    return with_blobs(
        make(EventKind::kGuardrail, agent_seq(run, guard->frame), "guardrail", std::move(body)));
  }
  if (const auto* approval = std::get_if<ApprovalDecided>(&outcome)) {
    JsonObject body = place_body(run, approval->frame, approval->call);
    body["approved"] = approval->approved;
    body["message"] = approval->message;
    if (approval->answered) body["answered"] = true;
    add_all(body, std::move(more));
    return with_blobs(make(EventKind::kApprovalDecided, agent_seq(run, approval->frame), "user",
                           std::move(body)));
  }
  if (const auto* handoff = std::get_if<HandoffEnded>(&outcome)) {
    JsonObject body = place_body(run, handoff->frame, handoff->call);
    body["handoff"] = body["call_id"];
    body["reason"] = handoff->reason;
    if (handoff->items) put_text(body, "items", detail::write_items(*handoff->items), blobs);
    add_all(body, std::move(more));
    return with_blobs(
        make(handoff->accepted ? EventKind::kHandoffAccepted : EventKind::kHandoffRefused,
             agent_seq(run, handoff->frame), agent_name(run, handoff->frame), std::move(body)));
  }
  if (const auto* branch = std::get_if<BranchOpened>(&outcome)) {
    JsonObject body = branch_body(run, *branch, blobs);
    add_all(body, std::move(more));
    return with_blobs(make(EventKind::kBranchOpened, agent_seq(run, branch->frame),
                           agent_name(run, branch->frame), std::move(body)));
  }
  if (const auto* input = std::get_if<InputAdded>(&outcome)) {
    JsonObject body{{"item", to_json(Item(input->message))}};
    return with_blobs(make(EventKind::kMessage, agent_seq(run, 0), "user", std::move(body)));
  }
  JsonObject body;
  int frame = 0;
  detail::put_rest(body, outcome, frame, blobs);
  JsonObject where = place_body(run, frame);
  add_all(where, std::move(body));
  add_all(where, std::move(more));
  return with_blobs(make(EventKind::kNote, agent_seq(run, frame), "runtime", std::move(where)));
}

AgentJournal::Draft AgentJournal::intent(const AgentRun& run, const Command& command,
                                         JsonObject more) {
  JsonObject body = place_body(run, command.frame, command.call);
  const std::int64_t parent = agent_seq(run, command.frame);
  if (command.kind == Command::Kind::kModel) {
    add_all(body, std::move(more));
    Draft draft =
        make(EventKind::kModelCallStarted, parent, agent_name(run, command.frame), std::move(body));
    place(command.frame).model = draft.event.seq;
    return draft;
  }
  const Frame& frame = run.frames[static_cast<std::size_t>(command.frame)];
  const CallState& call = frame.calls[static_cast<std::size_t>(command.call)];
  body["effect"] = to_string(call.facts.effect);
  add_all(body, std::move(more));
  Draft draft =
      make(EventKind::kToolCallStarted, parent, agent_name(run, command.frame), std::move(body));
  Place& at = place(command.frame);
  if (at.turn != frame.turn) {
    at.calls.clear();
    at.turn = frame.turn;
  }
  if (at.calls.size() < frame.calls.size()) at.calls.resize(frame.calls.size());
  at.calls[static_cast<std::size_t>(command.call)] = draft.event.seq;
  return draft;
}

AgentJournal::Draft AgentJournal::record(const AgentRun& run, const Record& record) {
  const Frame& frame = run.frames[static_cast<std::size_t>(record.frame)];
  const std::string& agent = run.team->agents[static_cast<std::size_t>(record.agent)].name;
  JsonObject body = place_body(run, record.frame);
  body["derived"] = true;
  std::int64_t parent = agent_seq(run, record.frame);
  EventKind kind = EventKind::kNote;
  const bool has_call =
      record.call >= 0 && static_cast<std::size_t>(record.call) < frame.calls.size();
  const auto put_call = [&] {
    if (has_call) add_all(body, place_body(run, record.frame, record.call));
  };
  const auto put_handoff = [&] {
    put_call();
    body["handoff"] = body["call_id"];
    body["source"] = agent;
    const int target = frame.calls[static_cast<std::size_t>(record.call)].facts.target;
    body["target"] = run.team->agents[static_cast<std::size_t>(target)].name;
  };
  switch (record.kind) {
    case Record::Kind::kAgentStarted: {
      kind = EventKind::kAgentStarted;
      body["role"] = agent;
      body["title"] = frame.path.empty() ? agent : agent + " " + frame.path;
      parent = record.frame == 0 ? run_seq_ : agent_seq(run, std::max(0, frame.parent));
      break;
    }
    case Record::Kind::kAgentEnded:
      kind = EventKind::kAgentEnded;
      body["role"] = agent;
      body["status"] = frame.phase == Frame::Phase::kOver && frame.status != RunStatus::kDone
                           ? "failed"
                           : "done";
      body["turns"] = frame.turn;
      body["reason"] = record.text;
      break;
    case Record::Kind::kHandoffRequested:
      kind = EventKind::kHandoffRequested;
      put_handoff();
      body["task"] = record.text;
      break;
    case Record::Kind::kHandoffAccepted:
      kind = EventKind::kHandoffAccepted;
      put_handoff();
      break;
    case Record::Kind::kHandoffRefused:
      kind = EventKind::kHandoffRefused;
      put_handoff();
      body["reason"] = record.text;
      break;
    case Record::Kind::kApprovalRequested:
      kind = EventKind::kApprovalRequested;
      put_call();
      body["arguments"] = frame.calls[static_cast<std::size_t>(record.call)].call().arguments;
      break;
    case Record::Kind::kNote: body["text"] = record.text; break;
    case Record::Kind::kRunEnded:
      kind = EventKind::kRunEnded;
      parent = run_seq_;
      body["status"] = to_string(frame.status);
      body["reason"] = record.text;
      body["output"] = frame.answer;
      break;
  }
  Draft draft = make(kind, parent, agent, std::move(body));
  if (kind == EventKind::kAgentStarted) place(record.frame).agent = draft.event.seq;
  if (kind == EventKind::kAgentEnded) place(record.frame).agent = 0;
  return draft;
}

AgentJournal::Draft AgentJournal::note(std::string text) {
  return make(EventKind::kNote, run_seq_, "runtime",
              JsonObject{{"derived", true}, {"text", std::move(text)}});
}

bool AgentJournal::was_begun(int frame, int call) const {
  if (static_cast<std::size_t>(frame) >= places_.size()) return false;
  const auto& calls = places_[static_cast<std::size_t>(frame)].calls;
  return static_cast<std::size_t>(call) < calls.size() &&
         calls[static_cast<std::size_t>(call)] != 0;
}

Result<int> AgentJournal::frame_named(const AgentRun& run, const std::string& path) {
  if (path.empty() && !run.frames.empty()) return 0;
  for (std::size_t i = frames_.size(); i < run.frames.size(); ++i)
    frames_.emplace(run.frames[i].path, static_cast<int>(i));
  if (const auto at = frames_.find(path); at != frames_.end()) return at->second;
  return fail(ErrorCode::kCorrupt, fmt::format("there is no frame '{}'", path));
}

Result<std::optional<AgentOutcome>> AgentJournal::read(const AgentRun& run, const Event& event,
                                                       const LoadBlob& load,
                                                       std::span<const ItemPtr> past) {
  if (event.seq != last_seq_ + 1) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("event {} follows event {}", event.seq, last_seq_));
  }
  last_seq_ = event.seq;
  if (event.kind == EventKind::kRunStarted) return detail::read_opened(event.body, past, load);
  auto frame = frame_named(run, json::get_string(event.body, "frame"));
  const bool derived = json::get_bool(event.body, "derived");
  if (event.kind == EventKind::kAgentStarted && !frame) {  // of a branch that is being opened
    return std::optional<AgentOutcome>();
  }
  if (!frame) return propagate(frame);
  const auto call = json::get_int(event.body, "call", -1);
  switch (event.kind) {
    case EventKind::kAgentStarted: place(*frame).agent = event.seq; break;
    case EventKind::kAgentEnded: place(*frame).agent = 0; break;
    case EventKind::kModelCallStarted: place(*frame).model = event.seq; break;
    case EventKind::kToolCallStarted: {
      Place& at = place(*frame);
      const auto& calls = run.frames[static_cast<std::size_t>(*frame)].calls;
      if (call < 0 || static_cast<std::size_t>(call) >= calls.size())
        return fail(ErrorCode::kCorrupt, "a tool call began that nobody asked for");
      const int turn = run.frames[static_cast<std::size_t>(*frame)].turn;
      if (at.turn != turn) at.calls.clear();
      at.turn = turn;
      at.calls.resize(std::max(at.calls.size(), calls.size()));
      at.calls[static_cast<std::size_t>(call)] = event.seq;
      break;
    }
    case EventKind::kToolCallEnded:
      if (call >= 0 && static_cast<std::size_t>(call) < place(*frame).calls.size())
        place(*frame).calls[static_cast<std::size_t>(call)] = 0;
      return detail::read_outcome(event, *frame, static_cast<int>(call), load);
    default:
      if (!derived) return detail::read_outcome(event, *frame, static_cast<int>(call), load);
  }
  return std::optional<AgentOutcome>();
}

}  // namespace cadre
