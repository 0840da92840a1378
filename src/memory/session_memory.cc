#include "memory/session_memory.h"

#include <fmt/core.h>

#include "memory/entries.h"
#include "memory/gather.h"

namespace cadre {
namespace {

using detail::Entry;
using detail::EntryKind;

constexpr const char* kOutcomes[] = {"done", "failed", "refused", "cancelled"};

Result<void> check_text(std::string_view what, std::string_view text) {
  if (text.size() <= SessionMemory::kMaxTextBytes) return {};
  return fail(ErrorCode::kExhausted,
              fmt::format("{} of {} bytes is more than session memory takes ({})", what,
                          text.size(), SessionMemory::kMaxTextBytes),
              "store it as an artifact, and its summary here");
}

AgentOutput output_of(const Entry& entry) {
  AgentOutput output;
  output.id = entry.id;
  output.agent = json::get_string(entry.body, "agent");
  output.kind = json::get_string(entry.body, "kind");
  output.text = json::get_string(entry.body, "text");
  if (const Json* metadata = json::find(entry.body, "metadata")) output.metadata = *metadata;
  output.run = entry.run;
  output.time_us = entry.time_us;
  output.pinned = entry.pinned;
  output.key = entry.name;
  return output;
}

Execution execution_of(const Entry& entry) {
  Execution execution;
  execution.id = entry.id;
  execution.agent = json::get_string(entry.body, "agent");
  execution.task = json::get_string(entry.body, "task");
  execution.action = json::get_string(entry.body, "action");
  const std::string word = json::get_string(entry.body, "outcome");
  for (std::size_t i = 0; i < std::size(kOutcomes); ++i) {
    if (word == kOutcomes[i]) execution.outcome = static_cast<ExecutionOutcome>(i);
  }
  execution.detail = json::get_string(entry.body, "detail");
  execution.started_us = json::get_int(entry.body, "started_us");
  execution.duration_us = json::get_int(entry.body, "duration_us");
  execution.run = entry.run;
  execution.key = entry.name;
  return execution;
}

Knowledge knowledge_of(const Entry& entry) {
  Knowledge knowledge;
  knowledge.id = entry.id;
  knowledge.agent = json::get_string(entry.body, "agent");
  knowledge.key = json::get_string(entry.body, "key");
  knowledge.value = json::get_string(entry.body, "text");
  knowledge.source = json::get_string(entry.body, "source");
  knowledge.run = entry.run;
  knowledge.time_us = entry.time_us;
  knowledge.pinned = entry.pinned;
  return knowledge;
}

class FileSessionMemory final : public SessionMemory {
 public:
  FileSessionMemory(std::shared_ptr<detail::MemoryDb> db,
                    std::shared_ptr<detail::FileSession> session)
      : db_(std::move(db)),
        file_session_(session),
        session_(std::move(session)),
        entries_(db_, file_session_->row()) {}

  const std::shared_ptr<Session>& conversation() const override { return session_; }

  Result<std::int64_t> store_agent_output(const std::string& agent, const std::string& kind,
                                          std::string_view text, const Json& metadata,
                                          const OutputOptions& options) override {
    if (agent.empty() || kind.empty()) {
      return fail(ErrorCode::kInvalidInput, "an output needs the agent it is of and a kind");
    }
    if (!metadata.is_null() && !metadata.is_object()) {
      return fail(ErrorCode::kInvalidInput, "an output's metadata is a JSON object, or nothing");
    }
    if (auto good = check_text("an output", text); !good) return propagate(good);
    Entry entry;
    entry.kind = EntryKind::kOutput;
    entry.pinned = options.pinned;
    entry.run = options.run;
    entry.name = options.key;
    entry.first_stays = true;
    entry.body = JsonObject{{"agent", agent}, {"kind", kind}, {"text", text}};
    if (!metadata.is_null()) entry.body.as_object()["metadata"] = metadata;
    return entries_.put(entry);
  }

  Result<std::vector<AgentOutput>> outputs(std::size_t limit) override {
    return list<AgentOutput>(EntryKind::kOutput, limit, output_of);
  }

  Result<std::int64_t> record_execution(const Execution& execution) override {
    if (execution.agent.empty() || execution.action.empty()) {
      return fail(ErrorCode::kInvalidInput, "an execution needs the agent and what it ran");
    }
    if (auto good = check_text("an execution's detail", execution.detail); !good)
      return propagate(good);
    Entry entry;
    entry.kind = EntryKind::kExecution;
    entry.run = execution.run;
    entry.name = execution.key;
    entry.first_stays = true;
    entry.body = JsonObject{{"agent", execution.agent},
                            {"task", execution.task},
                            {"action", execution.action},
                            {"outcome", to_string(execution.outcome)},
                            {"detail", execution.detail},
                            {"started_us", execution.started_us},
                            {"duration_us", execution.duration_us}};
    return entries_.put(entry);
  }

  Result<std::vector<Execution>> executions(std::size_t limit) override {
    return list<Execution>(EntryKind::kExecution, limit, execution_of);
  }

  Result<std::int64_t> learn(const Knowledge& knowledge) override {
    if (knowledge.agent.empty() || knowledge.key.empty() || knowledge.source.empty()) {
      return fail(ErrorCode::kInvalidInput,
                  "knowledge needs the agent who has it, a key, and where it is from");
    }
    if (auto good = check_text("a piece of knowledge", knowledge.value); !good)
      return propagate(good);
    Entry entry;
    entry.kind = EntryKind::kKnowledge;
    entry.name = knowledge.agent + "\n" + knowledge.key;
    entry.pinned = knowledge.pinned;
    entry.run = knowledge.run;
    entry.body = JsonObject{{"agent", knowledge.agent},
                            {"key", knowledge.key},
                            {"text", knowledge.value},
                            {"source", knowledge.source}};
    return entries_.put(entry);
  }

  Result<std::vector<Knowledge>> knowledge() override {
    return list<Knowledge>(EntryKind::kKnowledge, 0, knowledge_of);
  }

  Result<void> set_task(const TaskRecord& task, const std::string& run) override {
    if (task.id.empty()) return fail(ErrorCode::kInvalidInput, "a task has no id");
    Entry entry;
    entry.kind = EntryKind::kTask;
    entry.name = task.id;
    entry.run = run;
    entry.body = to_json(task);
    auto put = entries_.put(entry);
    if (!put) return propagate(put);
    return {};
  }

  Result<void> work_on_task(const TaskRecord& task, const std::string& run) override {
    TaskRecord merged = task;
    auto done = db_->read([&]() -> Result<void> {
      std::vector<std::string> notes;
      auto entry = entries_.named(EntryKind::kTask, task.id, notes);
      if (!entry) return propagate(entry);
      if (!entry->has_value()) return {};
      const auto known = task_record_from_json((*entry)->body);
      if (!known) return {};
      merged.depends_on = known->depends_on;
      merged.attempts = known->attempts + ((*entry)->run == run ? 0 : 1);
      return {};
    });
    if (!done) return done;
    return set_task(merged, run);
  }

  Result<ExecutionState> workflow() override {
    ExecutionState state;
    auto done = db_->read([&]() -> Result<void> {
      std::vector<std::string> notes;
      return detail::read_workflow(entries_, state, notes);
    });
    if (!done) return propagate(done);
    return state;
  }

  Result<RelevantContext> get_relevant_context(const std::string& agent, std::string_view query,
                                               std::size_t token_budget,
                                               const ContextOptions& options) override {
    detail::Gatherer gatherer(*db_, *file_session_, entries_, agent, query, options.conversation);
    Result<std::vector<ContextPart>> candidates;
    auto done = db_->read([&]() -> Result<void> {
      candidates = gatherer.gather();
      return {};
    });
    if (!done) return propagate(done);
    if (!candidates) return propagate(candidates);
    RelevantContext context = select_context(std::move(*candidates), token_budget);
    context.notes = std::move(gatherer.notes());
    return context;
  }

 private:
  template <class T>
  Result<std::vector<T>> list(EntryKind kind, std::size_t limit, T (*convert)(const Entry&)) {
    std::vector<T> out;
    auto done = db_->read([&]() -> Result<void> {
      std::vector<std::string> notes;
      auto found = entries_.list(kind, limit, notes);
      if (!found) return propagate(found);
      for (const Entry& entry : *found) out.push_back(convert(entry));
      return {};
    });
    if (!done) return propagate(done);
    return out;
  }

  std::shared_ptr<detail::MemoryDb> db_;
  std::shared_ptr<detail::FileSession> file_session_;
  std::shared_ptr<Session> session_;
  detail::Entries entries_;
};

}  // namespace

const char* to_string(ExecutionOutcome outcome) {
  return kOutcomes[static_cast<std::size_t>(outcome)];
}

Result<std::shared_ptr<SessionMemory>> SessionMemory::open(MemoryFile& file,
                                                           const std::string& session,
                                                           const SessionOptions& options) {
  auto opened = file.session(session, options);
  if (!opened) return propagate(opened);
  return std::make_shared<FileSessionMemory>(
      file.database(), std::static_pointer_cast<detail::FileSession>(std::move(*opened)));
}

}  // namespace cadre
