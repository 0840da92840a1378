// Final answers: valid for their type, passed by the output guardrails, or given back.
#include <fmt/core.h>

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
  judge_answer(frame);
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

void Stepper::guard_output(const GuardrailEnded& outcome) {
  Frame& answering = at(outcome.frame);
  if (answering.phase != Frame::Phase::kJudging || !note_verdict(answering.checks, outcome)) return;
  if (--answering.output_open > 0) return;
  const auto* objection = first_objection(answering.checks);
  if (objection == nullptr) return answer_passed(outcome.frame);
  const auto [ended, verdict, message] = *objection;  // a copy: a retry clears the checks
  if (verdict == Verdict::kRetry && retry(outcome.frame, message)) return;
  // The candidate is kept back: out of the log, and what stands in its place is said so.
  answering.log.resize(std::min(answering.log.size(), answering.settled));
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
  answering.phase = Frame::Phase::kJudging;
  end_frame(frame, RunStatus::kDone, {});
}

}  // namespace cadre::detail
