// What a run takes from its team's memory, and what it leaves there.
//
// context_for() gives what an agent should read before a task, as text to be put before a model as
// data; remember() keeps what came of the work, piece by piece; learn() keeps, at the end, what
// failed and what fixed it, and how the lessons that were given did. Whoever drives runs of agents
// journals the text that was given, so that a resumed run reads the same, and tells what it has
// told again: the second time changes nothing. Thread-safe; calls block on the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "memory/execution_state.h"
#include "memory/lessons.h"
#include "memory/memory_file.h"
#include "memory/session_memory.h"

namespace cadre {

struct RunMemoryOptions {
  std::size_t token_budget = 4000;  // of what is put before an agent; 0: nothing is
  // Learn from the run. Never from an encrypted session: everybody reads lessons.
  bool learn = true;
};

// What an agent is given before a task.
struct GivenContext {
  std::string text;                   // for the model; empty: nothing is known
  std::vector<std::int64_t> lessons;  // that stand in it
  std::size_t tokens = 0;             // as estimate_tokens counts, frame and all
};

// What a run leaves as it goes; the keys say what is the same.
using MemoryNote = std::variant<AgentOutput, Execution, TaskRecord>;

struct LearntLesson {
  std::string problem{}, fix{};
  std::string evidence{};  // why the fix is believed to work
};

// What is known of a run when it has ended.
struct RunLessons {
  std::string run{};
  bool done = false;
  std::vector<LearntLesson> learnt{};
  std::vector<std::string> problems{};  // all that failed, as a lesson would call it
  std::vector<std::int64_t> given{};    // the lessons that it had
};

class RunMemory {
 public:
  // Opens or begins the session; the errors are those of MemoryFile.
  static Result<std::shared_ptr<RunMemory>> open(const std::filesystem::path& file,
                                                 const std::string& session,
                                                 const SessionOptions& options = {},
                                                 const RunMemoryOptions& run = {});
  static Result<std::shared_ptr<RunMemory>> open(std::shared_ptr<MemoryFile> file,
                                                 const std::string& session,
                                                 const SessionOptions& options = {},
                                                 const RunMemoryOptions& run = {});

  // At most `budget` tokens; nothing when what is known does not fit.
  Result<GivenContext> context_for(const std::string& agent, std::string_view task,
                                   std::size_t budget, const ContextOptions& options = {});
  Result<void> remember(const std::string& run, std::span<const MemoryNote> notes);
  // A lesson that was given counts as used by the run; it helped when the run was done and did not
  // meet the lesson's problem.
  Result<void> learn(const RunLessons& run);

  const RunMemoryOptions& options() const { return options_; }
  const std::shared_ptr<SessionMemory>& session() const { return session_; }
  const std::shared_ptr<Session>& conversation() const { return session_->conversation(); }
  const std::shared_ptr<MemoryFile>& file() const { return file_; }

 private:
  RunMemory(std::shared_ptr<MemoryFile> file, std::shared_ptr<SessionMemory> session,
            RunMemoryOptions options)
      : file_(std::move(file)), session_(std::move(session)), options_(options) {}

  std::shared_ptr<MemoryFile> file_;
  std::shared_ptr<SessionMemory> session_;
  RunMemoryOptions options_;
};

}  // namespace cadre
