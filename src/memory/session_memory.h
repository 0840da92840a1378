// Session memory: what a team of agents remembers of its work, in one memory file.
//
// Four memories over one session: the conversation (session.h), the execution history (what ran,
// how it ended, how long it took), what agents know (key and value, with where it is from), and the
// state of the workflow. get_relevant_context() chooses from all of them for one agent's next
// request. Everything is durable when a call returns, lasts over runs, and is shared by all who
// open the session, in this process or another. Thread-safe; calls block on the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "memory/context.h"
#include "memory/execution_state.h"
#include "memory/memory_file.h"

namespace cadre {

struct AgentOutput {
  std::int64_t id = 0;
  std::string agent{};
  std::string kind{};  // "review", "plan", …: any word
  std::string text{};
  Json metadata{};
  std::string run{};
  std::int64_t time_us = 0;
  bool pinned = false;
  std::string key{};  // see OutputOptions
};

struct OutputOptions {
  std::string run{};
  bool pinned = false;  // always part of the context, before what is found
  // Not empty: what is stored again under it is the same, and the first stays: a resumed run tells
  // again what it has told.
  std::string key{};
};

enum class ExecutionOutcome : std::uint8_t { kDone, kFailed, kRefused, kCancelled };
const char* to_string(ExecutionOutcome outcome);

struct Execution {
  std::int64_t id = 0;
  std::string agent{};
  std::string task{};
  std::string action{};  // what ran: a tool's, model's or gate's name
  ExecutionOutcome outcome = ExecutionOutcome::kDone;
  std::string detail{};
  std::int64_t started_us = 0;
  std::int64_t duration_us = 0;
  std::string run{};
  std::string key{};  // as OutputOptions::key
};

struct ContextOptions {
  bool conversation = true;  // else the agent reads it elsewhere
};

struct Knowledge {
  std::int64_t id = 0;
  std::string agent{};  // who knows it
  std::string key{};
  std::string value{};
  std::string source{};  // how it is known: a file, a tool call, a person; never empty
  std::string run{};
  std::int64_t time_us = 0;
  bool pinned = false;
};

class SessionMemory {
 public:
  // Opens or begins the session, as MemoryFile::session.
  static Result<std::shared_ptr<SessionMemory>> open(MemoryFile& file, const std::string& session,
                                                     const SessionOptions& options = {});
  virtual ~SessionMemory() = default;

  // The conversation history.
  virtual const std::shared_ptr<Session>& conversation() const = 0;

  // Gives the output's id. kInvalidInput without agent or kind or with metadata that is no object,
  // kExhausted for a text beyond kMaxTextBytes.
  virtual Result<std::int64_t> store_agent_output(const std::string& agent, const std::string& kind,
                                                  std::string_view text, const Json& metadata = {},
                                                  const OutputOptions& options = {}) = 0;
  // The newest first; `limit` 0: all.
  virtual Result<std::vector<AgentOutput>> outputs(std::size_t limit) = 0;

  virtual Result<std::int64_t> record_execution(const Execution& execution) = 0;
  virtual Result<std::vector<Execution>> executions(std::size_t limit) = 0;

  // An agent knows one thing by one key: the new value takes the old one's place.
  virtual Result<std::int64_t> learn(const Knowledge& knowledge) = 0;
  virtual Result<std::vector<Knowledge>> knowledge() = 0;

  // As it is told, in the place of what was known of that id.
  virtual Result<void> set_task(const TaskRecord& task, const std::string& run) = 0;
  // What a run that is at work on the task tells: state, owner, detail, times. What the task waits
  // for stays, and a run that had not told of it before is one more attempt.
  virtual Result<void> work_on_task(const TaskRecord& task, const std::string& run) = 0;
  virtual Result<ExecutionState> workflow() = 0;

  // What `agent` should be told before it works on `query`: the last ten exchanges, outputs related
  // by full text and recency (each with the reason), the workflow's state, what the others (and it)
  // know, lessons that fit, the last five executions; in at most `token_budget` tokens as
  // estimate_tokens counts. The query may be any text.
  virtual Result<RelevantContext> get_relevant_context(const std::string& agent,
                                                       std::string_view query,
                                                       std::size_t token_budget,
                                                       const ContextOptions& options = {}) = 0;

  static constexpr std::size_t kMaxTextBytes = 4 << 20;
  static constexpr std::size_t kExchanges = 10;
};

}  // namespace cadre
