#include "trace/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "trace/spans.h"

namespace cadre {
namespace {

Activity& named(std::vector<Activity>& list, const std::string& name) {
  const auto it =
      std::find_if(list.begin(), list.end(), [&](const Activity& a) { return a.name == name; });
  if (it != list.end()) return *it;
  list.push_back({});
  list.back().name = name;
  return list.back();
}

void cover(Activity& activity, const Span& span) {
  activity.first_us = std::min(activity.first_us.value_or(span.start_us), span.start_us);
  activity.last_us = std::max(activity.last_us.value_or(span.end_us), span.end_us);
}

void count_span(Activity& activity, const Span& span) {
  const bool failed = span.status == SpanStatus::kError;
  if (span.kind == "agent") {
    ++activity.tasks;
    activity.tasks_failed += failed ? 1 : 0;
    activity.busy_us += span.end_us - span.start_us;
    cover(activity, span);
  } else if (span.kind == "model_call") {
    ++activity.model_calls;
    activity.model_calls_failed += failed ? 1 : 0;
    const Json* request = json::find(span.attributes, "request");
    const Json* repeated = request == nullptr ? nullptr : json::find(*request, "repeated");
    if (repeated != nullptr && repeated->is_number()) {
      ++activity.requests_compared;
      activity.request_bytes += json::get_int(*request, "bytes");
      activity.repeated_bytes += json::get_int(*request, "repeated");
    }
    if (const Json* kept = request == nullptr ? nullptr : json::find(*request, "selection")) {
      activity.input_bytes += json::get_int(*kept, "inputs");
      activity.left_out_bytes += json::get_int(*kept, "left_out");
    }
    const Json* tokens = json::find(span.attributes, "tokens");
    if (tokens != nullptr && tokens->is_object()) {
      activity.has_tokens = true;
      activity.tokens_in += json::get_int(*tokens, "input");
      activity.tokens_out += json::get_int(*tokens, "output");
      activity.uncounted += static_cast<int>(json::get_int(*tokens, "uncounted"));
      if (json::find(*tokens, "cost_usd") != nullptr) {
        activity.cost_usd += json::get_double(*tokens, "cost_usd");
        ++activity.calls_priced;
      }
    }
  } else if (span.kind == "tool_call") {
    ++activity.tool_calls;
    activity.tool_calls_failed += failed ? 1 : 0;
  }
}

// The role that a span below a task works for: that of the agent span around it.
class Roles {
 public:
  explicit Roles(const Trace& trace) {
    for (const Span& span : trace.spans) {
      std::string role = json::get_string(span.attributes, "role");
      if (role.empty()) {
        const auto parent = by_span_.find(span.parent);
        if (parent != by_span_.end()) role = parent->second;
      }
      by_span_.emplace(span.id, std::move(role));
    }
  }
  const std::string& of(const Span& span) const { return by_span_.at(span.id); }

 private:
  std::map<std::int64_t, std::string> by_span_;
};

void count_stages(const Trace& trace, RunReport& report) {
  const Roles roles(trace);
  for (const Span& span : trace.spans) {
    const std::string stage = json::get_string(span.attributes, "stage");
    if (span.kind == "stage") {
      Activity& activity = named(report.stages, stage);
      cover(activity, span);
      if (json::get_int(span.attributes, "round", 1) > 1) {
        ++activity.rounds_again;
        ++named(report.agents, roles.of(span)).rounds_again;
      }
    }
    if (span.kind == "gate") {
      ++(span.status == SpanStatus::kOk ? report.gates_passed : report.gates_failed);
    }
    if (span.kind != "agent" && span.kind != "model_call" && span.kind != "tool_call") continue;
    if (!stage.empty()) count_span(named(report.stages, stage), span);
    if (!roles.of(span).empty()) count_span(named(report.agents, roles.of(span)), span);
    if (span.kind == "tool_call") {
      Activity& tool = report.tools[span.name];
      tool.name = span.name;
      count_span(tool, span);
      tool.busy_us += span.end_us - span.start_us;
    }
  }
}

void count_events(std::span<const Event> events, RunReport& report) {
  std::int64_t paused_at = 0;
  std::map<std::string, int> waiting;  // stage -> accepted handoffs whose stage has not ended
  for (const Event& event : events) {
    switch (event.kind) {
      case EventKind::kHandoffRequested: ++report.handoffs.requested; break;
      case EventKind::kHandoffAccepted:
        ++report.handoffs.accepted;
        ++waiting[json::get_string(event.body, "stage")];
        break;
      case EventKind::kHandoffRefused: ++report.handoffs.refused; break;
      case EventKind::kStageEnded: {
        const std::string status = json::get_string(event.body, "status");
        int& open = waiting[json::get_string(event.body, "stage")];
        if (open > 0) {
          --open;
          // A stage that ended with findings did its work too: its handoff was carried out.
          if (status == "done" || status == "failed" || status == "superseded") {
            ++report.handoffs.completed;
          }
        }
        break;
      }
      case EventKind::kRunInterrupted: paused_at = event.time_us; break;
      case EventKind::kRunResumed:
        ++report.resumes;
        if (paused_at == 0 && event.seq > 1)
          paused_at = events[static_cast<std::size_t>(event.seq) - 2].time_us;
        report.working_us -= event.time_us - paused_at;
        paused_at = 0;
        break;
      case EventKind::kRunEnded:
        report.status = json::get_string(event.body, "status");
        report.exit_code = static_cast<int>(json::get_int(event.body, "exit_code"));
        break;
      default: break;
    }
  }
}

std::string seconds(std::int64_t us) {
  return fmt::format("{:.2f} s", static_cast<double>(us) / 1e6);
}

std::string table(const char* heading, const std::vector<Activity>& rows) {
  std::string out =
      fmt::format("{:<18} {:>6} {:>9} {:>9} {:>6} {:>6} {:>7} {:>7} {:>9}\n", heading, "tasks",
                  "busy", "elapsed", "turns", "tools", "failed", "again", "tokens");
  for (const Activity& row : rows) {
    const std::int64_t elapsed =
        row.first_us && row.last_us ? *row.last_us - *row.first_us : std::int64_t{0};
    out += fmt::format(
        "{:<18} {:>6} {:>9} {:>9} {:>6} {:>6} {:>7} {:>7} {:>9}\n", row.name, row.tasks,
        seconds(row.busy_us), seconds(elapsed), row.model_calls, row.tool_calls,
        row.tasks_failed + row.model_calls_failed + row.tool_calls_failed, row.rounds_again,
        row.has_tokens ? std::to_string(row.tokens_in + row.tokens_out) : "-");
  }
  return out;
}

// A share with one decimal; null where there is nothing to share.
Json share_percent(std::int64_t repeated, std::int64_t bytes) {
  if (bytes <= 0) return nullptr;
  return std::round(1000.0 * static_cast<double>(repeated) / static_cast<double>(bytes)) / 10.0;
}

Json prefix_json(const RunReport& report) {
  std::int64_t bytes = 0, repeated = 0;
  int compared = 0, requests = 0;
  for (const Activity& agent : report.agents) {
    bytes += agent.request_bytes;
    repeated += agent.repeated_bytes;
    compared += agent.requests_compared;
    requests += agent.model_calls;
  }
  return JsonObject{{"requests", requests},
                    {"compared", compared},
                    {"bytes", bytes},
                    {"repeated_bytes", repeated},
                    {"repeated_percent", share_percent(repeated, bytes)}};
}

// What selection kept from the models' eyes, of all that their tasks were given.
Json selection_json(const RunReport& report) {
  std::int64_t inputs = 0, left_out = 0;
  for (const Activity& agent : report.agents) {
    inputs += agent.input_bytes;
    left_out += agent.left_out_bytes;
  }
  return JsonObject{{"input_bytes", inputs},
                    {"left_out_bytes", left_out},
                    {"left_out_percent", share_percent(left_out, inputs)}};
}

Json activity_json(const Activity& a) {
  JsonObject out{{"name", a.name},
                 {"tasks", a.tasks},
                 {"tasks_failed", a.tasks_failed},
                 {"model_calls", a.model_calls},
                 {"model_calls_failed", a.model_calls_failed},
                 {"tool_calls", a.tool_calls},
                 {"tool_calls_failed", a.tool_calls_failed},
                 {"rounds_again", a.rounds_again},
                 {"busy_seconds", static_cast<double>(a.busy_us) / 1e6}};
  out["elapsed_seconds"] = a.first_us && a.last_us
                               ? Json(static_cast<double>(*a.last_us - *a.first_us) / 1e6)
                               : Json(nullptr);
  if (a.requests_compared > 0) {
    out["prefix_percent"] = share_percent(a.repeated_bytes, a.request_bytes);
  }
  if (a.uncounted > 0) out["attempts_without_usage"] = a.uncounted;
  out["tokens"] = a.has_tokens ? Json(JsonObject{{"input", a.tokens_in}, {"output", a.tokens_out}})
                               : Json(nullptr);
  return out;
}

JsonArray activities_json(const std::vector<Activity>& list) {
  JsonArray out;
  for (const Activity& activity : list) out.push_back(activity_json(activity));
  return out;
}

}  // namespace

RunReport make_report(std::span<const Event> events) {
  RunReport report;
  if (events.empty()) return report;
  const Event& first = events.front();
  report.run = first.run;
  report.title = json::get_string(first.body, "title");
  report.provider = json::get_string(first.body, "provider");
  report.status = "running";
  report.start_us = first.time_us;
  report.end_us = events.back().time_us;
  report.working_us = report.end_us - report.start_us;
  std::set<std::int64_t> lessons;
  for (const auto& member : json::get_object(first.body, "known")) {
    if (!member.value().is_object()) continue;  // of a run of agents
    ++report.roles_given;
    report.tokens_given += json::get_int(member.value(), "tokens");
    for (const Json& id : json::get_array(member.value(), "lessons")) {
      if (id.is_number()) lessons.insert(id.to_number<std::int64_t>());
    }
  }
  report.lessons_given = static_cast<int>(lessons.size());
  report.events = static_cast<std::int64_t>(events.size());
  const Trace trace = make_trace(events);
  report.spans = static_cast<std::int64_t>(trace.spans.size());
  count_events(events, report);
  count_stages(trace, report);
  return report;
}

std::string render_report(const RunReport& report) {
  std::string out = fmt::format("run       {}  ({})\nstatus    {}\nmodel     {}\n", report.run,
                                report.title, report.status, report.provider);
  out += fmt::format("time      {} working", seconds(report.working_us));
  std::int64_t busy = 0;
  for (const Activity& stage : report.stages) busy += stage.busy_us;
  if (report.working_us > 0) {
    out += fmt::format(", {} of agent work ({:.2f} at once on average)", seconds(busy),
                       static_cast<double>(busy) / static_cast<double>(report.working_us));
  }
  out += fmt::format("\nhandoffs  {} requested, {} accepted, {} refused, {} completed\n",
                     report.handoffs.requested, report.handoffs.accepted, report.handoffs.refused,
                     report.handoffs.completed);
  out += fmt::format(
      "gates     {} passed, {} failed\njournal   {} events, {} spans, {} resumes\n\n",
      report.gates_passed, report.gates_failed, report.events, report.spans, report.resumes);
  if (report.roles_given > 0) {
    out.insert(out.size() - 1,
               fmt::format("memory    {} {} given {} tokens of it, {} lessons among them\n",
                           report.roles_given, report.roles_given == 1 ? "role was" : "roles were",
                           report.tokens_given, report.lessons_given));
  }
  int uncounted = 0;
  for (const Activity& agent : report.agents) uncounted += agent.uncounted;
  if (uncounted > 0) {
    out.insert(out.size() - 1,
               fmt::format("usage     {} {} without usage: what they took is not in the counts\n",
                           uncounted, uncounted == 1 ? "attempt" : "attempts"));
  }
  if (const Json prefix = prefix_json(report); json::get_int(prefix, "compared") > 0) {
    // The line is of use where a model was asked; figures are bytes as they were sent.
    out.insert(out.size() - 1,
               fmt::format("prefix    {:.1f} % of what {} requests sent repeats the beginning of "
                           "an earlier one of the same role\n",
                           json::get_double(prefix, "repeated_percent"),
                           json::get_int(prefix, "compared")));
  }
  if (const Json kept = selection_json(report); json::get_int(kept, "input_bytes") > 0) {
    out.insert(out.size() - 1,
               fmt::format("context   {:.1f} % of the {} KB that tasks were given was left out of "
                           "their requests\n",
                           json::get_double(kept, "left_out_percent"),
                           json::get_int(kept, "input_bytes") / 1024));
  }
  out += table("agent", report.agents) + "\n" + table("stage", report.stages);
  if (!report.tools.empty()) {
    out += fmt::format("\n{:<24} {:>6} {:>7} {:>9}\n", "tool", "calls", "failed", "busy");
    for (const auto& [name, tool] : report.tools) {
      out += fmt::format("{:<24} {:>6} {:>7} {:>9}\n", name, tool.tool_calls,
                         tool.tool_calls_failed, seconds(tool.busy_us));
    }
  }
  return out;
}

Json to_json(const RunReport& report) {
  JsonArray tools;
  for (const auto& [name, tool] : report.tools) tools.push_back(activity_json(tool));
  return JsonObject{
      {"run", report.run},
      {"title", report.title},
      {"model", report.provider},
      {"status", report.status},
      {"exit_code", report.exit_code < 0 ? Json(nullptr) : Json(report.exit_code)},
      {"seconds", static_cast<double>(report.working_us) / 1e6},
      {"events", report.events},
      {"spans", report.spans},
      {"resumes", report.resumes},
      {"memory", JsonObject{{"roles", report.roles_given},
                            {"tokens", report.tokens_given},
                            {"lessons", report.lessons_given}}},
      {"gates", JsonObject{{"passed", report.gates_passed}, {"failed", report.gates_failed}}},
      {"handoffs", JsonObject{{"requested", report.handoffs.requested},
                              {"accepted", report.handoffs.accepted},
                              {"refused", report.handoffs.refused},
                              {"completed", report.handoffs.completed}}},
      {"agents", activities_json(report.agents)},
      {"stages", activities_json(report.stages)},
      {"tools", std::move(tools)},
      {"prefix", prefix_json(report)},
      {"context", selection_json(report)}};
}

}  // namespace cadre
