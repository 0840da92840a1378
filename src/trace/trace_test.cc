#include <gtest/gtest.h>

#include <set>

#include "trace/report.h"
#include "trace/spans.h"

namespace cadre {
namespace {

// A small journal by hand: one stage, one task with a turn and a tool call that fails.
class Journal {
 public:
  std::int64_t add(EventKind kind, std::int64_t parent, std::string actor, JsonObject body,
                   std::int64_t after_us = 1'000) {
    now_ += after_us;
    Event event;
    event.run = "20260101-000000-000001";
    event.seq = static_cast<std::int64_t>(events.size()) + 1;
    event.parent = parent;
    event.time_us = now_;
    event.kind = kind;
    event.actor = std::move(actor);
    event.body = std::move(body);
    events.push_back(std::move(event));
    return events.back().seq;
  }
  std::vector<Event> events;

 private:
  std::int64_t now_ = 1'000'000;
};

Journal example() {
  Journal j;
  const auto run =
      j.add(EventKind::kRunStarted, 0, "orchestrator",
            {{"title", "t"},
             {"provider", "scripted"},
             {"known", JsonObject{{"dev", JsonObject{{"tokens", 70}, {"lessons", {3, 4}}}}}}});
  const auto h =
      j.add(EventKind::kHandoffRequested, run, "orchestrator",
            {{"handoff", 1}, {"stage", "build"}, {"source", "orchestrator"}, {"target", "dev"}});
  j.add(EventKind::kHandoffAccepted, h, "dev",
        {{"handoff", 1}, {"stage", "build"}, {"target", "dev"}});
  const auto stage = j.add(EventKind::kStageStarted, run, "dev",
                           {{"stage", "build"}, {"round", 1}, {"role", "dev"}});
  const auto agent = j.add(EventKind::kAgentStarted, stage, "dev",
                           {{"stage", "build"}, {"round", 1}, {"task", "build"}, {"role", "dev"}});
  const auto call = j.add(EventKind::kModelCallStarted, agent, "provider",
                          {{"stage", "build"}, {"provider", "scripted"}});
  j.add(EventKind::kModelCallEnded, call, "provider",
        {{"ok", true}, {"tokens", JsonObject{{"input", 10}, {"output", 5}, {"uncounted", 2}}}}, 500'000);
  const auto tool =
      j.add(EventKind::kToolCallStarted, agent, "tool", {{"stage", "build"}, {"tool", "shell"}});
  j.add(EventKind::kToolCallEnded, tool, "tool", {{"ok", false}}, 250'000);
  j.add(EventKind::kAgentEnded, agent, "dev", {{"status", "done"}});
  j.add(EventKind::kStageEnded, stage, "dev", {{"stage", "build"}, {"status", "done"}});
  j.add(EventKind::kRunEnded, run, "orchestrator", {{"status", "done"}, {"exit_code", 0}});
  return j;
}

TEST(Trace, HoldsEveryEventExactlyOnce) {
  const Journal j = example();
  const Trace trace = make_trace(j.events);
  EXPECT_EQ(trace.accounted, static_cast<std::int64_t>(j.events.size()));
  std::set<std::string> kinds;
  for (const Span& span : trace.spans) {
    kinds.insert(span.kind);
    EXPECT_NE(span.status, SpanStatus::kOpen) << span.name;
  }
  EXPECT_EQ(kinds, (std::set<std::string>{"run", "stage", "agent", "model_call", "tool_call"}));
  EXPECT_EQ(trace.spans.front().depth, 0);
  EXPECT_EQ(trace.spans.back().kind, "tool_call");
  EXPECT_EQ(trace.spans.back().depth, 3);
  EXPECT_EQ(trace.spans.back().status, SpanStatus::kError);
  EXPECT_EQ(trace.trace_id.size(), 32U);
}

TEST(Trace, AnUnfinishedJournalHasOpenSpans) {
  Journal j = example();
  j.events.resize(6);  // killed inside the model call
  const Trace trace = make_trace(j.events);
  EXPECT_EQ(trace.accounted, 6);
  for (const Span& span : trace.spans) {
    EXPECT_EQ(span.status, SpanStatus::kOpen);
    EXPECT_GE(span.end_us, span.start_us);
  }
  EXPECT_NE(render_trace(trace).find("open"), std::string::npos);
}

TEST(Trace, StrayParentsAndEmptyJournals) {
  EXPECT_TRUE(make_trace({}).spans.empty());
  Journal j;
  j.add(EventKind::kRunStarted, 0, "orchestrator", {{"title", "t"}});
  j.add(EventKind::kNote, 99, "runtime", {{"text", "parent unknown"}});
  EXPECT_EQ(make_trace(j.events).accounted, 2);
}

TEST(Report, CountsWhatHappened) {
  const RunReport report = make_report(example().events);
  EXPECT_EQ(report.status, "done");
  EXPECT_EQ(report.handoffs.requested, 1);
  EXPECT_EQ(report.handoffs.accepted, 1);
  EXPECT_EQ(report.handoffs.completed, 1);
  ASSERT_EQ(report.agents.size(), 1U);
  EXPECT_EQ(report.agents[0].name, "dev");
  EXPECT_EQ(report.agents[0].model_calls, 1);
  EXPECT_EQ(report.agents[0].tool_calls_failed, 1);
  EXPECT_EQ(report.agents[0].tokens_in, 10);
  EXPECT_EQ(report.agents[0].uncounted, 2);
  EXPECT_NE(render_report(report).find("usage     2 attempts without usage"), std::string::npos);
  EXPECT_EQ(report.roles_given, 1);
  EXPECT_EQ(report.lessons_given, 2);
  EXPECT_NE(render_report(report).find("memory    1 role was given 70 tokens of it, 2 lessons"),
            std::string::npos);
  EXPECT_GE(report.agents[0].busy_us, 750'000);
  EXPECT_EQ(report.stages.at(0).name, "build");
  EXPECT_NE(render_report(report).find("shell"), std::string::npos);
  EXPECT_EQ(json::get_string(to_json(report), "status"), "done");
}

TEST(Report, TheTimeOfAnInterruptionIsNoWork) {
  Journal j = example();
  j.events.resize(6);
  j.add(EventKind::kRunInterrupted, 1, "runtime", {{"reason", "asked"}});
  const RunReport before = make_report(j.events);
  j.add(EventKind::kRunResumed, 1, "runtime", {{"provider", "scripted"}}, 3'600'000'000);
  const RunReport after = make_report(j.events);
  EXPECT_EQ(after.resumes, 1);
  EXPECT_EQ(after.working_us, before.working_us);
}

}  // namespace
}  // namespace cadre
