// Guardrails look at what goes in and out, and decide: allow, reject, try again, stop.
//
// A guardrail that throws or fails stops the run: it fails closed. Guardrails run on worker
// threads, several at once; the verdict that counts is the first objection in the order in which
// they are listed, however long each takes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/result.h"
#include "cadre/context.h"
#include "core/agent_loop.h"

namespace cadre {

// Whether a person has to agree before something is done.
enum class Approval : std::uint8_t { kNever, kAlways, kAsk };

struct GuardrailVerdict {
  Verdict verdict = Verdict::kAllow;
  std::string message;

  static GuardrailVerdict allow() { return {}; }
  // Not this. Of an input or an answer: the run ends with status "guardrail" and this message as
  // its output. Of a tool call or its result: the model reads the message instead.
  static GuardrailVerdict reject(std::string message) {
    return {Verdict::kReject, std::move(message)};
  }
  // The model gets this feedback and another turn (at most Agent::retries of them).
  static GuardrailVerdict retry(std::string feedback) {
    return {Verdict::kRetry, std::move(feedback)};
  }
  // Ends the run with status "guardrail".
  static GuardrailVerdict stop(std::string reason) { return {Verdict::kStop, std::move(reason)}; }
};

// What is looked at.
struct GuardrailSubject {
  GuardPoint point = GuardPoint::kInput;
  std::string_view text;             // the input's last message, the answer, a tool's output
  std::string_view tool;             // of a call or a handoff: its name
  std::string_view arguments;        // of a call or a handoff: JSON text
  std::span<const ItemPtr> history;  // the conversation so far
};

struct Guardrail {
  std::string name{};
  std::function<GuardrailVerdict(const GuardrailSubject&, const RunContext&)> check{};
  // Of an input guardrail: end before the first model call, instead of running beside it. Beside
  // it, tools with effects, handoffs and the answer wait for the verdict.
  bool blocking = false;
};

}  // namespace cadre
