#include "trace/spans.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/hash.h"
#include "base/text.h"

namespace cadre {
namespace {

struct SpanKind {
  EventKind started, ended;
  const char* kind;
  const char* name_key;  // the body's key that names the span
};

constexpr SpanKind kSpanKinds[] = {
    {EventKind::kRunStarted, EventKind::kRunEnded, "run", "title"},
    {EventKind::kStageStarted, EventKind::kStageEnded, "stage", "stage"},
    {EventKind::kAgentStarted, EventKind::kAgentEnded, "agent", "task"},
    {EventKind::kModelCallStarted, EventKind::kModelCallEnded, "model_call", "provider"},
    {EventKind::kToolCallStarted, EventKind::kToolCallEnded, "tool_call", "tool"},
    {EventKind::kGateStarted, EventKind::kGateEnded, "gate", "gate"},
    {EventKind::kProjectStarted, EventKind::kProjectEnded, "project", "stage"},
};

const SpanKind* opens(EventKind kind) {
  const auto* it = std::find_if(std::begin(kSpanKinds), std::end(kSpanKinds),
                                [&](const SpanKind& k) { return k.started == kind; });
  return it == std::end(kSpanKinds) ? nullptr : it;
}

bool closes(EventKind kind) {
  return std::any_of(std::begin(kSpanKinds), std::end(kSpanKinds),
                     [&](const SpanKind& k) { return k.ended == kind; });
}

SpanStatus status_of(const Json& ended) {
  if (const Json* ok = json::find(ended, "ok"); ok != nullptr && ok->is_bool()) {
    return ok->get_bool() ? SpanStatus::kOk : SpanStatus::kError;
  }
  if (const Json* passed = json::find(ended, "passed"); passed != nullptr && passed->is_bool()) {
    return passed->get_bool() ? SpanStatus::kOk : SpanStatus::kError;
  }
  const std::string status = json::get_string(ended, "status", "done");
  const bool good = status == "done" || status == "superseded" || status == "incomplete";
  return good ? SpanStatus::kOk : SpanStatus::kError;
}

const char* to_string(SpanStatus status) {
  switch (status) {
    case SpanStatus::kOk: return "ok";
    case SpanStatus::kError: return "error";
    case SpanStatus::kOpen: return "open";
  }
  return "open";
}

void merge(Json& into, const Json& from) {
  if (!into.is_object()) into = JsonObject{};
  if (!from.is_object()) return;
  for (const auto& member : from.get_object()) {
    into.get_object()[member.key()] = member.value();
  }
}

class Builder {
 public:
  void add(const Event& event) {
    last_us_ = std::max(last_us_, event.time_us);
    if (const SpanKind* kind = opens(event.kind)) return open(event, *kind);
    const auto target = spans_.find(event.parent);
    if (closes(event.kind) && target != spans_.end()) {
      Span& span = target->second;
      span.end_us = event.time_us;
      span.status = status_of(event.body);
      merge(span.attributes, event.body);
      ++accounted_;
      return;
    }
    // An event outside any known span belongs to the run's own.
    const auto home = target != spans_.end() ? target : spans_.begin();
    if (home == spans_.end()) return;
    home->second.events.push_back(
        {event.seq, event.time_us, std::string(cadre::to_string(event.kind)), event.body});
    ++accounted_;
  }

  Trace finish(std::string run) {
    Trace trace;
    trace.trace_id = sha256_hex("cadre-run:" + run).substr(0, 32);
    trace.run = std::move(run);
    trace.accounted = accounted_;
    for (const std::int64_t root : children_[0]) emit(root, 0, trace);
    return trace;
  }

 private:
  void open(const Event& event, const SpanKind& kind) {
    Span span;
    span.id = event.seq;
    span.parent = spans_.contains(event.parent) ? event.parent : 0;
    span.kind = kind.kind;
    span.name = json::get_string(event.body, kind.name_key, kind.kind);
    span.actor = event.actor;
    span.start_us = event.time_us;
    span.attributes = event.body;
    children_[span.parent].push_back(span.id);
    spans_.emplace(span.id, std::move(span));
    ++accounted_;
  }

  void emit(std::int64_t id, int depth, Trace& trace) {
    // Iterative: a journal may nest as deep as it likes.
    std::vector<std::pair<std::int64_t, int>> stack{{id, depth}};
    while (!stack.empty()) {
      const auto [next, level] = stack.back();
      stack.pop_back();
      Span span = std::move(spans_.at(next));
      span.depth = level;
      if (span.status == SpanStatus::kOpen) span.end_us = last_us_;
      trace.spans.push_back(std::move(span));
      const std::vector<std::int64_t>& children = children_[next];
      for (auto it = children.rbegin(); it != children.rend(); ++it)
        stack.emplace_back(*it, level + 1);
    }
  }

  std::map<std::int64_t, Span> spans_;
  std::map<std::int64_t, std::vector<std::int64_t>> children_;
  std::int64_t last_us_ = 0;
  std::int64_t accounted_ = 0;
};

std::string shown_duration(std::int64_t us) {
  if (us < 1'000) return fmt::format("{} us", us);
  if (us < 1'000'000) return fmt::format("{:.1f} ms", static_cast<double>(us) / 1e3);
  return fmt::format("{:.2f} s", static_cast<double>(us) / 1e6);
}

}  // namespace

Trace make_trace(std::span<const Event> events) {
  Builder builder;
  for (const Event& event : events) builder.add(event);
  return builder.finish(events.empty() ? std::string{} : events.front().run);
}

std::string render_trace(const Trace& trace) {
  std::string out = fmt::format("run {}  trace {}\n", trace.run, trace.trace_id);
  for (const Span& span : trace.spans) {
    out.append(static_cast<std::size_t>(span.depth) * 2, ' ');
    out += fmt::format("{} {}  {}  {}  {}\n", span.kind, text::shorten(span.name, 60), span.actor,
                       shown_duration(span.end_us - span.start_us), to_string(span.status));
    for (const SpanEvent& event : span.events) {
      out.append(static_cast<std::size_t>(span.depth) * 2 + 2, ' ');
      std::string detail;
      for (const char* key : {"source", "target", "type", "reason", "text", "answer"}) {
        const std::string value = json::get_string(event.attributes, key);
        if (!value.empty()) detail += fmt::format(" {}={}", key, text::shorten(value, 60));
      }
      out += fmt::format("- {}{}\n", event.name, detail);
    }
  }
  return out;
}

Json to_json(const Trace& trace) {
  JsonArray spans;
  for (const Span& span : trace.spans) {
    JsonArray events;
    for (const SpanEvent& event : span.events) {
      events.push_back(JsonObject{{"seq", event.seq},
                                  {"time_us", event.time_us},
                                  {"name", event.name},
                                  {"attributes", event.attributes}});
    }
    spans.push_back(JsonObject{{"id", span.id},
                               {"parent", span.parent},
                               {"name", span.name},
                               {"kind", span.kind},
                               {"actor", span.actor},
                               {"start_us", span.start_us},
                               {"end_us", span.end_us},
                               {"status", to_string(span.status)},
                               {"attributes", span.attributes},
                               {"events", std::move(events)}});
  }
  return JsonObject{{"run", trace.run}, {"trace_id", trace.trace_id}, {"spans", std::move(spans)}};
}

}  // namespace cadre
