#include "agents/run_notes.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/json.h"
#include "base/text.h"

namespace cadre {
namespace {

constexpr std::size_t kMostFailures = 50;  // that wait for a fix; of one run
constexpr std::size_t kMostLessons = 20;
constexpr std::size_t kShownError = 300, kShownArguments = 300, kShownAnswer = 300;

const std::string& name_of(const AgentRun& run, int agent) {
  return run.team->agents[static_cast<std::size_t>(agent)].name;
}

const Frame& frame_at(const AgentRun& run, int frame) {
  return run.frames[static_cast<std::size_t>(frame)];
}

const CallState* call_at(const AgentRun& run, int frame, int call) {
  if (frame < 0 || static_cast<std::size_t>(frame) >= run.frames.size()) return nullptr;
  const auto& calls = frame_at(run, frame).calls;
  if (call < 0 || static_cast<std::size_t>(call) >= calls.size()) return nullptr;
  return &calls[static_cast<std::size_t>(call)];
}

std::string task_of(const ToolCallItem& call) {
  const auto arguments = json::parse(call.arguments);
  return arguments ? json::get_string(*arguments, "task") : "";
}

// How much of the longer of two texts the beginning and the end that they share are.
bool a_little_changed(std::string_view a, std::string_view b) {
  const std::size_t shorter = std::min(a.size(), b.size());
  const auto head = static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
  std::size_t tail = 0;
  while (tail < shorter - std::min(shorter, head) &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
    ++tail;
  return (head + tail) * 2 >= std::max(a.size(), b.size()) && head + tail > 0;
}

// Whether the call that worked has to do with the one that failed.
bool related(const std::string& failed, const std::string& worked, const std::string& error) {
  if (failed == worked) return true;
  const auto before = json::parse(failed), after = json::parse(worked);
  if (!after || !after->is_object()) return false;
  if (!before || !before->is_object()) return true;  // it was no object, and now is one
  for (const auto& member : after->get_object()) {
    const Json* was = json::find(*before, member.key());
    if (was == nullptr) {  // what was missing came
      if (error.find(member.key()) != std::string::npos) return true;
      continue;
    }
    if (*was == member.value()) return true;
    const std::string old_word = was->is_string() ? std::string(was->get_string())
                                                  : json::write(*was);
    const std::string new_word = member.value().is_string()
                                     ? std::string(member.value().get_string())
                                     : json::write(member.value());
    const bool named = !old_word.empty() && error.find(old_word) != std::string::npos;
    if (named || a_little_changed(old_word, new_word)) return true;
  }
  return false;
}

}  // namespace

void RunNotes::failed(Failure failure) {
  problems_.push_back(failure.problem);
  if (open_.size() < kMostFailures) open_.push_back(std::move(failure));
}

template <class Fix>
void RunNotes::fixed(const std::string& subject, const std::string& place, Fix fix) {
  std::erase_if(open_, [&](const Failure& failure) {
    if (failure.subject != subject) return false;
    std::optional<std::string> how = fix(failure);
    if (!how) return false;
    if (learnt_.size() < kMostLessons) {
      learnt_.push_back({failure.problem, std::move(*how),
                         fmt::format("failed: {}; then worked: {}", failure.place, place)});
    }
    return true;
  });
}

void RunNotes::before(const AgentRun& run, const AgentOutcome& outcome, std::int64_t now_us) {
  if (const auto* tool = std::get_if<ToolEnded>(&outcome)) return tool_ended(run, *tool, now_us);
  if (const auto* handoff = std::get_if<HandoffEnded>(&outcome)) {
    return handed_over(run, handoff->frame, handoff->call, handoff->accepted, handoff->reason,
                       now_us);
  }
  if (const auto* branch = std::get_if<BranchOpened>(&outcome)) {
    given_.insert(given_.end(), branch->lessons.begin(), branch->lessons.end());
    const CallState* call = call_at(run, branch->frame, branch->call);
    if (call != nullptr && call->facts.kind == CallFacts::Kind::kHandoff)
      handed_over(run, branch->frame, branch->call, branch->problem.empty(), branch->problem,
                  now_us);
    return;
  }
  const auto* guard = std::get_if<GuardrailEnded>(&outcome);
  if (guard == nullptr || guard->point != GuardPoint::kOutput ||
      guard->verdict != Verdict::kRetry || guard->message.empty())
    return;
  const Frame& frame = frame_at(run, guard->frame);
  failed({fmt::format("answer {}", guard->frame),
          fmt::format("An answer of {} was sent back: {}", name_of(run, frame.agent),
                      text::shorten(guard->message, kShownError)),
          {}, {}, fmt::format("turn {}", frame.turn)});
}

void RunNotes::tool_ended(const AgentRun& run, const ToolEnded& ended, std::int64_t now_us) {
  const CallState* call = call_at(run, ended.frame, ended.call);
  if (call == nullptr || call->phase != CallState::Phase::kRunning) return;
  const Frame& frame = frame_at(run, ended.frame);
  if (frame.phase != Frame::Phase::kActing) return;  // nobody waits for it
  const ToolCallItem& asked = call->call();
  const std::string subject = "tool " + asked.tool;
  const std::string place = fmt::format("call {} in turn {}", asked.id, frame.turn);
  const std::string arguments = text::shorten(asked.arguments, kShownArguments);
  if (ended.ok) {
    fixed(subject, place, [&](const Failure& failure) -> std::optional<std::string> {
      if (!related(failure.arguments, asked.arguments, failure.error)) return std::nullopt;
      if (failure.arguments == asked.arguments)
        return "The same call worked when it was made again.";
      return "It worked with the arguments " + arguments;
    });
    return;
  }
  const auto began = began_.find({ended.frame, ended.call});
  Execution execution;
  execution.agent = name_of(run, frame.agent);
  execution.action = asked.tool;
  execution.outcome = ExecutionOutcome::kFailed;
  execution.detail = text::shorten(ended.output, kShownError);
  execution.started_us = began == began_.end() ? now_us : began->second;
  execution.duration_us = now_us - execution.started_us;
  execution.run = run_;
  execution.key = fmt::format("{}{}:{}.{}", run_, frame.path, frame.turn, ended.call);
  failed({subject,
          fmt::format("The tool {} failed with the arguments {}: {}", asked.tool, arguments,
                      execution.detail),
          asked.arguments, ended.output, place});
  notes_.emplace_back(std::move(execution));
}

void RunNotes::handed_over(const AgentRun& run, int frame, int call, bool accepted,
                           std::string_view why, std::int64_t now_us) {
  const CallState* state = call_at(run, frame, call);
  if (state == nullptr || state->facts.target < 0) return;
  const Frame& owner = frame_at(run, frame);
  const std::string &source = name_of(run, owner.agent),
                    &target = name_of(run, state->facts.target);
  Execution execution;
  execution.agent = source;
  execution.task = task_of(state->call());
  execution.action = "handoff to " + target;
  execution.outcome = accepted ? ExecutionOutcome::kDone : ExecutionOutcome::kRefused;
  execution.detail = accepted ? text::shorten(execution.task, kShownError)
                              : text::shorten(why, kShownError);
  execution.started_us = now_us;
  execution.run = run_;
  execution.key = fmt::format("{}{}:{}.{}", run_, owner.path, owner.turn, call);
  const std::string subject = fmt::format("handoff {} {}", source, target);
  const std::string place = fmt::format("call {} in turn {}", state->call().id, owner.turn);
  if (accepted) {
    fixed(subject, place, [&](const Failure& failure) -> std::optional<std::string> {
      if (failure.arguments == state->call().arguments)
        return "The same handoff was accepted later.";
      return "It was accepted with " + text::shorten(state->call().arguments, kShownArguments);
    });
  } else {
    failed({subject,
            fmt::format("The handoff from {} to {} was refused: {}", source, target,
                        execution.detail),
            state->call().arguments, {}, place});
  }
  notes_.emplace_back(std::move(execution));
}

void RunNotes::after(const AgentRun& run, const std::vector<Record>& records,
                     std::int64_t now_us) {
  for (const Record& record : records) {
    switch (record.kind) {
      case Record::Kind::kAgentStarted:
        if (record.frame == 0) task_stands(TaskState::kRunning, name_of(run, record.agent), "",
                                           now_us);
        break;
      case Record::Kind::kHandoffRefused:
        handed_over(run, record.frame, record.call, false, record.text, now_us);
        break;
      case Record::Kind::kAgentEnded: agent_ended(run, record, now_us); break;
      default: break;
    }
  }
}

void RunNotes::agent_ended(const AgentRun& run, const Record& record, std::int64_t now_us) {
  const Frame& frame = frame_at(run, record.frame);
  if (frame.phase != Frame::Phase::kOver) return;  // handed over
  const std::string& agent = name_of(run, record.agent);
  const bool done = frame.status == RunStatus::kDone;
  if (record.frame == 0) {
    task_stands(done ? TaskState::kDone : TaskState::kFailed, agent,
                text::shorten(done ? frame.answer : frame.reason, kShownAnswer), now_us);
  }
  if (done) {
    fixed(fmt::format("answer {}", record.frame), fmt::format("turn {}", frame.turn),
          [&](const Failure&) -> std::optional<std::string> {
            return "This was accepted: " + text::shorten(frame.answer, kShownAnswer);
          });
    if (frame.answer.empty()) return;
    AgentOutput output;
    output.agent = agent;
    output.kind = "answer";
    output.text = text::shorten(frame.answer, SessionMemory::kMaxTextBytes);
    output.key = run_ + frame.path;
    notes_.emplace_back(std::move(output));
  } else if (record.frame > 0 && frame.parent >= 0) {
    Execution execution;
    execution.agent = agent;
    execution.action = "its part of the work";
    execution.outcome = ExecutionOutcome::kFailed;
    execution.detail = text::shorten(frame.reason, kShownError);
    execution.started_us = now_us;
    execution.run = run_;
    execution.key = run_ + frame.path;
    notes_.emplace_back(std::move(execution));
  }
}

void RunNotes::task_stands(TaskState state, std::string owner, std::string detail,
                           std::int64_t now_us) {
  if (task_.empty()) return;
  if (state == TaskState::kRunning && task_began_us_ == 0) task_began_us_ = now_us;
  TaskRecord task;
  task.id = task_;
  task.owner = std::move(owner);
  task.state = state;
  task.detail = std::move(detail);
  task.attempts = 1;
  task.started_us = task_began_us_;
  task.ended_us = state == TaskState::kRunning ? 0 : now_us;
  notes_.emplace_back(std::move(task));
}

RunLessons RunNotes::lessons(const AgentRun& run, std::vector<std::int64_t> given) const {
  RunLessons lessons;
  lessons.run = run_;
  lessons.done = run.over() && run.frames[0].status == RunStatus::kDone;
  lessons.learnt = learnt_;
  lessons.problems = problems_;
  lessons.given = std::move(given);
  for (const std::int64_t id : given_) {
    if (std::ranges::find(lessons.given, id) == lessons.given.end()) lessons.given.push_back(id);
  }
  return lessons;
}

}  // namespace cadre
