// The performance report of a run: who did what, how long it took, what came back. A fold over the
// journal's events; pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "core/event.h"
#include "core/state.h"

namespace cadre {

// Figures of an agent (role) or of a stage.
struct Activity {
  std::string name;
  int tasks = 0, tasks_failed = 0;
  int model_calls = 0, model_calls_failed = 0;
  int tool_calls = 0, tool_calls_failed = 0;
  int rounds_again = 0;      // stages done again because of a failed gate or a refusal
  std::int64_t busy_us = 0;  // sum of its tasks' time
  std::int64_t tokens_in = 0, tokens_out = 0;
  bool has_tokens = false;                        // false: no model reported any
  int uncounted = 0;  // replies that broke and did not say what they took
  // Bytes of the requests that could be compared with an earlier one of the same role, and of what
  // they begin with alike: what a vendor can keep.
  std::int64_t request_bytes = 0, repeated_bytes = 0;
  int requests_compared = 0;
  // Bytes of what its tasks were given, and of the part that was not put before the model.
  std::int64_t input_bytes = 0, left_out_bytes = 0;
  double cost_usd = 0;                            // of the calls whose cost is known
  int calls_priced = 0;                           // how many those are
  std::optional<std::int64_t> first_us, last_us;  // from its first start to its last end
};

struct RunReport {
  std::string run, title, provider, status;
  int exit_code = -1;  // -1: not ended
  std::int64_t start_us = 0, end_us = 0;
  std::int64_t working_us = 0;  // end - start without the time between interruption and resume
  std::int64_t events = 0, spans = 0;
  int resumes = 0;
  // Of the memory: how many roles were given something of it, how much in all, how many lessons.
  int roles_given = 0, lessons_given = 0;
  std::int64_t tokens_given = 0;
  int gates_passed = 0, gates_failed = 0;
  HandoffCounts handoffs;       // completed: accepted, and the stage it opened was carried out
  std::vector<Activity> agents, stages;  // in the order of their first start
  std::map<std::string, Activity> tools;
};

RunReport make_report(std::span<const Event> events);

// Markdown-like tables for a terminal.
std::string render_report(const RunReport& report);

Json to_json(const RunReport& report);

}  // namespace cadre
