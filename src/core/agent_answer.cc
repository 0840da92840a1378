// Final answers: valid for their type, passed by the output guardrails, or given back.
#include <fmt/core.h>

#include <algorithm>

#include "core/agent_stepper.h"

namespace cadre::detail {

void Stepper::answer(int frame, std::string text, bool from_message) {
  Frame& answering = at(frame);
  answering.answer = std::move(text);
  answering.answer_is_text = from_message;
  if (from_message && policy(answering).output != nullptr) {
    std::string fault;
    const auto value = json::parse(answering.answer);
    if (!value) {
      fault = "it is not JSON: " + value.error().message;
    } else if (const auto issues = policy(answering).output->validate(*value); !issues.empty()) {
      for (std::size_t i = 0; i < issues.size() && i < 5; ++i) {
        fault += fmt::format("{}{}: {}", i == 0 ? "" : "; ",
                             issues[i].pointer.empty() ? "the whole" : issues[i].pointer,
                             issues[i].message);
      }
    }
    if (!fault.empty()) {
      if (retry(frame, "Your answer does not match the form that was asked for: " + fault +
                           ". Answer again, with the whole of it."))
        return;
      return fail_frame(frame, RunStatus::kInvalidOutput,
                        "the answer does not match the output type: " + fault);
    }
  }
  if (answering.beside_open > 0) {  // nothing leaves before they have decided
    answering.phase = Frame::Phase::kAnswered;
    return;
  }
  if (!answering.redo.empty()) return answer_again(frame);
  judge_answer(frame);
}

// A guardrail beside the model asked for another turn.
void Stepper::answer_again(int frame) {
  Frame& answering = at(frame);
  if (answering.retries_used < policy(answering).retries && !answering.finished) {
    ++answering.retries_used;
    return begin_turn(frame);
  }
  answering.log.resize(std::min(answering.log.size(), answering.settled));
  answering.withheld = true;
  answering.answer.clear();
  fail_frame(frame, RunStatus::kGuardrail, std::exchange(answering.redo, {}));
}

bool Stepper::retry(int frame, const std::string& feedback) {
  Frame& answering = at(frame);
  if (answering.retries_used >= policy(answering).retries || answering.finished) return false;
  ++answering.retries_used;
  say(answering, Speaker::kUser, feedback);
  begin_turn(frame);
  return true;
}

void Stepper::judge_answer(int frame) {
  Frame& answering = at(frame);
  const int count = policy(answering).output_guardrails;
  if (count == 0) return answer_passed(frame);
  answering.phase = Frame::Phase::kJudging;
  answering.output_open = count;
  answering.checks.assign(static_cast<std::size_t>(count), {});
  for (int i = 0; i < count; ++i)
    command(Command::Kind::kGuardrail, frame, -1, i, GuardPoint::kOutput);
}

namespace {

// Results that hold the candidate do not stay in the log as they are.
void withhold_results(Frame& frame) {
  for (std::size_t i = frame.settled; i < frame.log.size(); ++i) {
    const auto* result = std::get_if<ToolResultItem>(frame.log[i].get());
    if (result == nullptr || result->output != frame.answer) continue;
    frame.log[i] = std::make_shared<const Item>(
        ToolResultItem{result->call_id, "Withheld by an output guardrail.", result->ok});
  }
  frame.settled = frame.log.size();
}

}  // namespace

void Stepper::guard_output(const GuardrailEnded& outcome) {
  Frame& answering = at(outcome.frame);
  if (answering.phase != Frame::Phase::kJudging || !note_verdict(answering.checks, outcome)) return;
  if (--answering.output_open > 0) return;
  const auto* objection = first_objection(answering.checks);
  if (objection == nullptr) return answer_passed(outcome.frame);
  const auto [ended, verdict, message] = *objection;  // a copy: a retry clears the checks
  if (verdict == Verdict::kRetry && retry(outcome.frame, message)) return;
  // The candidate is kept back. A message goes out of the log; a tool's output is replaced there,
  // since the tool has done its work.
  if (answering.answer_is_text) {
    answering.log.resize(std::min(answering.log.size(), answering.settled));
  } else {
    withhold_results(answering);
  }
  answering.withheld = true;
  answering.answer = verdict == Verdict::kReject ? message : std::string();
  fail_frame(outcome.frame, RunStatus::kGuardrail, message);
}

void Stepper::answer_passed(int frame) {
  Frame& answering = at(frame);
  if (!answering.answer_is_text) {
    // A tool's output became the answer: the conversation shows it as said.
    MessageItem message;
    message.speaker = Speaker::kAssistant;
    message.agent = policy(answering).name;
    message.text = answering.answer;
    if (answering.history.add_message(std::move(message)))
      answering.log.push_back(answering.history.items().back());
  }
  settle_log(answering);
  const bool said_more = std::ranges::any_of(answering.staged, [](const MessageItem& message) {
    return message.speaker == Speaker::kUser;
  });
  const bool turns_left = limits().turns_max == 0 || answering.turn < limits().turns_max;
  if (said_more && turns_left && !answering.finishing && !run_.stop_after_turn)
    return begin_turn(frame);  // the user has not been answered yet
  if (said_more) {
    record(Record::Kind::kNote, frame, -1,
           "what the user said last was not read: no turn was left");
  }
  answering.phase = Frame::Phase::kJudging;
  end_frame(frame, RunStatus::kDone, {});
}

}  // namespace cadre::detail
