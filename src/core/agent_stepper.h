// One step of the agent loop: the functions behind apply(AgentRun). Private to core/.
#pragma once

#include <string>
#include <string_view>

#include "core/agent_loop.h"

namespace cadre::detail {

class Stepper {
 public:
  Stepper(AgentRun& run, Outbox& out) : run_(run), out_(out) {}

  Result<void> take(Opened outcome);
  Result<void> take(ModelEnded outcome);
  Result<void> take(GuardrailEnded outcome);
  Result<void> take(ToolEnded outcome);
  Result<void> take(ApprovalDecided outcome);
  Result<void> take(HandoffEnded outcome);
  Result<void> take(BranchOpened outcome);
  Result<void> take(BranchStopped outcome);
  Result<void> take(ToolsDecided outcome);
  Result<void> take(Recovered outcome);
  Result<void> take(InputAdded outcome);
  Result<void> take(Stopped outcome);

 private:
  // agent_loop.cc: frames and turns
  void open_frame(int frame);
  void begin_turn(int frame);
  void end_frame(int frame, RunStatus status, std::string reason);
  void end_children(int frame);
  void fail_frame(int frame, RunStatus status, std::string reason);
  void guard_input(const GuardrailEnded& outcome);
  void beside_decided(int frame);
  void make_ids_unique(std::vector<Item>& items, int frame);
  void say(Frame& frame, Speaker speaker, std::string text);
  void settle_log(Frame& frame);

  // agent_calls.cc: the calls of a reply
  Result<void> take_calls(int frame, std::size_t reply_begin, std::vector<CallFacts> facts);
  void sort_handoffs(int frame);
  void begin_call(int frame, int call);
  void checked(int frame, int call);
  void release(int frame, int call);
  void release_held(int frame);
  void pump_tools();
  void call_ended(int frame, int call, bool ok, std::string output);
  void finish_call(int frame, int call);
  void judge_call(int frame, int call);
  void drop_waiting(Frame& owner);
  void refuse_held(int frame, const std::string& why);
  void guard_call(const GuardrailEnded& outcome);
  void branch_ended(int frame, int call);
  struct Branches;
  Branches count_branches(const Frame& joining) const;
  void settle_join(int frame);
  void tools_done(int frame);
  void start_handoff(int frame);
  Result<void> refuse_branch(const HandoffEnded& outcome);
  // `settle`: guardrails cannot take the results back any more.
  void close_step(int frame, bool settle = true);
  void after_call(int frame);
  bool watch_calls(int frame);
  bool watch_handoff(int frame, int target);

  // agent_answer.cc: final answers
  void answer(int frame, std::string text, bool from_message);
  void judge_answer(int frame);
  void guard_output(const GuardrailEnded& outcome);
  void answer_passed(int frame);
  void answer_again(int frame);
  bool retry(int frame, const std::string& feedback);

  Frame& at(int frame) { return run_.frames[static_cast<std::size_t>(frame)]; }
  CallState& call_at(int frame, int call) {
    return at(frame).calls[static_cast<std::size_t>(call)];
  }
  const AgentPolicy& policy(const Frame& frame) const {
    return run_.team->agents[static_cast<std::size_t>(frame.agent)];
  }
  const LoopLimits& limits() const { return run_.limits; }
  void command(Command::Kind kind, int frame, int call = -1, int index = 0,
               GuardPoint point = GuardPoint::kInput) {
    out_.commands.push_back({kind, frame, call, point, index});
  }
  void record(Record::Kind kind, int frame, int call = -1, std::string text = {}) {
    out_.records.push_back({kind, frame, call, at(frame).agent, std::move(text)});
  }
  Result<void> check_frame(int frame) const;
  Result<void> check_call(int frame, int call, CallState::Phase phase) const;

  AgentRun& run_;
  Outbox& out_;
};

// The first verdict that is not kAllow, by index; nullptr: all allow.
const GuardState* first_objection(const std::vector<GuardState>& checks);
// Notes an outcome. False when that guardrail was not asked or has ended.
bool note_verdict(std::vector<GuardState>& checks, const GuardrailEnded& outcome);
// FNV-1a, 64 bits (Fowler, Noll, Vo); the same on every machine.
std::uint64_t hash_text(std::uint64_t seed, std::string_view text);
inline constexpr std::uint64_t kHashSeed = 14695981039346656037ULL;

}  // namespace cadre::detail
