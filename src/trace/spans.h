// Spans as a view of the journal.
//
// Each *_started event opens a span, its *_ended event closes it; every other event stands as an
// event inside the span it belongs to. Nothing is sampled or dropped: a journal event is in the
// trace exactly once (Trace::accounted equals the number of events). Pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "core/event.h"

namespace cadre {

struct SpanEvent {
  std::int64_t seq = 0;
  std::int64_t time_us = 0;
  std::string name;  // "handoff_accepted"
  Json attributes;
};

enum class SpanStatus { kOk, kError, kOpen };  // kOpen: started, and no end in the journal

struct Span {
  std::int64_t id = 0;      // seq of the event that opened it
  std::int64_t parent = 0;  // id of the span around it, 0 for the run's own
  int depth = 0;
  std::string name;  // "stage build", "tool run_in_sandbox"
  std::string kind;  // run, stage, agent, model_call, tool_call, gate, project
  std::string actor;
  std::int64_t start_us = 0;
  std::int64_t end_us = 0;  // of an open span: the last time in the journal
  SpanStatus status = SpanStatus::kOpen;
  Json attributes;  // the bodies of both events
  std::vector<SpanEvent> events;
};

struct Trace {
  std::string run;
  std::string trace_id;     // 32 hex digits, from the run id: the same for every reader
  std::vector<Span> spans;  // depth first, children in the order of their start
  std::int64_t accounted = 0;
};

// `events` of one run in the order of seq.
Trace make_trace(std::span<const Event> events);

// One line a span, indented: "  stage build  developer  1.24 s  ok".
std::string render_trace(const Trace& trace);

Json to_json(const Trace& trace);

}  // namespace cadre
