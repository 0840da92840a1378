#include "memory/gather.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "memory/lesson_rows.h"
#include "memory/session_memory.h"

namespace cadre::detail {
namespace {

constexpr std::size_t kMostMessages = 200;  // of ten exchanges
constexpr std::size_t kMostHits = 24;       // by full text
constexpr std::size_t kNewest = 10;         // candidates whatever they say
constexpr std::size_t kRecent = 200;        // how far back recency is told apart
constexpr double kHalfLife = 20;            // in outputs
constexpr double kTextWeight = 0.7;         // the rest is recency
constexpr std::size_t kLastExecutions = 5;
constexpr std::size_t kMostLessons = 5;

}  // namespace

Result<void> read_workflow(Entries& entries, ExecutionState& state,
                           std::vector<std::string>& notes) {
  auto found = entries.list(EntryKind::kTask, 0, notes);
  if (!found) return propagate(found);
  std::vector<TaskRecord> tasks;
  for (const Entry& entry : *found) {
    auto task = task_record_from_json(entry.body);
    if (task) {
      tasks.push_back(std::move(*task));
    } else {
      notes.push_back(fmt::format("left out entry {}: {}", entry.id, task.error().message));
    }
  }
  std::ranges::reverse(tasks);
  for (TaskRecord& task : tasks) state.restore(std::move(task));
  return {};
}

Result<std::vector<ContextPart>> Gatherer::gather() {
  for (const auto step : {&Gatherer::conversation, &Gatherer::outputs, &Gatherer::workflow,
                          &Gatherer::knowledge, &Gatherer::lessons, &Gatherer::executions}) {
    if (auto done = (this->*step)(); !done) return propagate(done);
  }
  return std::move(parts_);
}

Result<void> Gatherer::conversation() {
  if (!with_conversation_) return {};
  auto rows = session_.recent(SessionMemory::kExchanges, kMostMessages, notes_);
  if (!rows) return propagate(rows);
  std::ranges::reverse(*rows);
  for (const ItemRow& row : *rows) {
    const auto* message = std::get_if<MessageItem>(row.item.get());
    if (message == nullptr || message->text.empty()) continue;
    ContextPart part;
    part.kind = ContextKind::kConversation;
    part.id = row.seq;
    part.text = message->text;
    part.time_us = row.time_us;
    part.pinned = message->pinned;
    if (message->speaker == Speaker::kAssistant) {
      part.agent = message->agent.empty() ? "assistant" : message->agent;
    } else {
      part.agent = message->speaker == Speaker::kUser ? "user" : "system";
    }
    parts_.push_back(std::move(part));
  }
  return {};
}

// Full text and recency in one score; pinned ones are candidates in any case.
Result<std::vector<Gatherer::Ranked>> Gatherer::rank(EntryKind kind) {
  auto hits = entries_.search(kind, words_, kMostHits);
  if (!hits) return propagate(hits);
  auto newest = entries_.newest_ids(kind, kRecent);
  if (!newest) return propagate(newest);
  auto pinned = entries_.pinned(kind, notes_);
  if (!pinned) return propagate(pinned);

  std::map<std::int64_t, Ranked> found;
  const double best = hits->empty() ? 1 : std::max(hits->front().score, 1e-12);
  for (std::size_t i = 0; i < hits->size(); ++i) {
    Ranked& ranked = found[(*hits)[i].id];
    ranked.place = i + 1;
    ranked.score = kTextWeight * std::max(0.0, (*hits)[i].score) / best;
  }
  for (std::size_t i = 0; i < std::min(kNewest, newest->size()); ++i) found[(*newest)[i]];
  for (const Entry& entry : *pinned) found[entry.id];

  std::vector<Ranked> out;
  for (auto& [id, ranked] : found) {
    auto entry = entries_.get(id, notes_);
    if (!entry) return propagate(entry);
    if (!entry->has_value()) continue;
    ranked.entry = std::move(**entry);
    const auto at = std::ranges::lower_bound(*newest, id, std::greater<>());
    ranked.newer = static_cast<std::size_t>(at - newest->begin());
    ranked.score += (1 - kTextWeight) * std::exp2(-static_cast<double>(ranked.newer) / kHalfLife);
    out.push_back(std::move(ranked));
  }
  std::ranges::stable_sort(out, [](const Ranked& a, const Ranked& b) {
    return a.score != b.score ? a.score > b.score : a.entry.id > b.entry.id;
  });
  return out;
}

Result<std::string> Gatherer::reason(const Ranked& ranked) {
  std::string out = ranked.entry.pinned ? "pinned" : "";
  const auto say = [&](std::string_view more) {
    if (!out.empty()) out += "; ";
    out += more;
  };
  if (ranked.place > 0) {
    auto has = entries_.words_of(ranked.entry.id, words_);
    if (!has) return propagate(has);
    if (has->size() > 5) has->resize(5);
    say(fmt::format("has {}", text::join(*has, ", ")));
  }
  if (ranked.newer == 0) {
    say("the newest");
  } else if (ranked.newer < kRecent) {
    say(fmt::format("{} newer", ranked.newer));
  } else {
    say(fmt::format("{} or more newer", kRecent));
  }
  return out;
}

Result<void> Gatherer::outputs() {
  auto ranked = rank(EntryKind::kOutput);
  if (!ranked) return propagate(ranked);
  for (const Ranked& one : *ranked) {
    auto why = reason(one);
    if (!why) return propagate(why);
    ContextPart part;
    part.kind = ContextKind::kOutput;
    part.id = one.entry.id;
    part.agent = json::get_string(one.entry.body, "agent");
    part.text = fmt::format("({}) {}", json::get_string(one.entry.body, "kind"),
                            json::get_string(one.entry.body, "text"));
    part.reason = std::move(*why);
    part.time_us = one.entry.time_us;
    part.pinned = one.entry.pinned;
    parts_.push_back(std::move(part));
  }
  return {};
}

Result<void> Gatherer::workflow() {
  ExecutionState state;
  if (auto read = read_workflow(entries_, state, notes_); !read) return read;
  for (const TaskState which :
       {TaskState::kRunning, TaskState::kFailed, TaskState::kPending, TaskState::kDone}) {
    for (const TaskRecord& task : state.tasks()) {
      if (task.state != which) continue;
      ContextPart part;
      part.kind = ContextKind::kWorkflow;
      part.agent = task.owner;
      part.text = fmt::format("task {} is {}", task.id, to_string(task.state));
      if (!task.detail.empty()) part.text += ": " + text::shorten(task.detail, 200);
      if (!task.depends_on.empty() && which == TaskState::kPending)
        part.text += "; after " + text::join(task.depends_on, ", ");
      parts_.push_back(std::move(part));
    }
  }
  return {};
}

// What the others know before what the agent told the memory itself.
Result<void> Gatherer::knowledge() {
  auto ranked = rank(EntryKind::kKnowledge);
  if (!ranked) return propagate(ranked);
  std::ranges::stable_partition(*ranked, [&](const Ranked& one) {
    return json::get_string(one.entry.body, "agent") != agent_;
  });
  for (const Ranked& one : *ranked) {
    auto why = reason(one);
    if (!why) return propagate(why);
    ContextPart part;
    part.kind = ContextKind::kKnowledge;
    part.id = one.entry.id;
    part.agent = json::get_string(one.entry.body, "agent");
    part.text = fmt::format("{} = {}", json::get_string(one.entry.body, "key"),
                            json::get_string(one.entry.body, "text"));
    part.reason = fmt::format("from {}; {}", json::get_string(one.entry.body, "source"), *why);
    part.time_us = one.entry.time_us;
    part.pinned = one.entry.pinned;
    parts_.push_back(std::move(part));
  }
  return {};
}

Result<void> Gatherer::lessons() {
  auto found = relevant_lessons(db_, words_, kMostLessons, notes_);
  if (!found) return propagate(found);
  for (const OfferedLesson& one : *found) {
    ContextPart part;
    part.kind = ContextKind::kLesson;
    part.id = one.lesson.id;
    part.text = fmt::format("{} Fix: {}", one.lesson.problem, one.lesson.fix);
    part.reason = one.reason;
    part.time_us = one.lesson.created_us;
    parts_.push_back(std::move(part));
  }
  return {};
}

Result<void> Gatherer::executions() {
  auto found = entries_.list(EntryKind::kExecution, kLastExecutions, notes_);
  if (!found) return propagate(found);
  for (const Entry& entry : *found) {
    ContextPart part;
    part.kind = ContextKind::kExecution;
    part.id = entry.id;
    part.agent = json::get_string(entry.body, "agent");
    part.text = fmt::format("{} {} in {} ms", json::get_string(entry.body, "action"),
                            json::get_string(entry.body, "outcome"),
                            (json::get_int(entry.body, "duration_us") + 500) / 1000);
    const std::string what = json::get_string(entry.body, "detail");
    if (!what.empty()) part.text += ": " + text::shorten(what, 200);
    part.time_us = entry.time_us;
    parts_.push_back(std::move(part));
  }
  return {};
}

}  // namespace cadre::detail
