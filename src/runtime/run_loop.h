// One run on one thread: folds events, journals, starts effects, waits. Private to runtime/.
//
// Per outcome that comes back there is one append: the outcome, the decisions that follow from it,
// and the intents of what is started next. Effects start when that append is durable.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "core/apply.h"
#include "runtime/perform.h"
#include "runtime/runner.h"
#include "runtime/task_files.h"
#include "agents/worker_pool.h"

namespace cadre::detail {

struct LoopOptions {
  std::filesystem::path out_dir;
  std::filesystem::path work_dir;
  Json parameters = JsonObject{};
  std::int64_t deadline_us = 0;
  std::map<std::string, std::string> known;  // role -> what it is given of the memory
};

class RunLoop {
 public:
  RunLoop(const RunnerParts& parts, const std::vector<Subscriber>& subscribers, RunState state,
          std::string brief, LoopOptions options, RunInfo info);

  // Journals run_started (with the blobs of plan and brief) and goes to the end.
  Result<RunOutcome> start(JsonObject start, std::vector<std::string> blobs, std::stop_token stop);
  Result<RunOutcome> resume(UnknownPolicy unknown, std::stop_token stop);
  // The outcome of a run that has ended.
  Result<RunOutcome> outcome();

 private:
  struct Done {
    std::string key;
    Performed performed;
  };
  struct Acked {
    std::vector<Event> events;
    std::vector<std::string> launches;
    Result<void> result;
  };
  struct Wake {};
  using Message = std::variant<Done, Acked, Wake>;
  struct Mailbox {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Message> messages;
    void post(Message message);
  };
  // A lane: effects that share a cap.
  struct Lane {
    std::deque<std::string> waiting;
    int busy = 0;
    int cap = 1;
  };
  // What a task's turns and tools work on; lent to one turn, or to the tools of one turn.
  struct TaskRun {
    Task task;
    std::vector<ToolResult> results;
    std::size_t first_call = 0;  // in task.calls: of the last turn
  };

  Result<RunOutcome> go(std::stop_token stop);
  std::optional<Message> wait(std::int64_t at_most_ms);
  void handle(Message message);
  void on_done(Done done);
  void on_acked(Acked acked);
  void check_limits(const std::stop_token& stop);
  void drain(int grace_ms);
  bool idle() const;
  void pause();
  void ask_policy();
  void interrupt(const std::string& reason);

  void add(Event event);
  void settle();
  void fill_lanes();
  void flush();
  void launch(const std::string& key);
  void release(const std::string& key);
  Lane& lane_of(Effect::Kind kind);
  using Job = std::function<Performed()>;
  Result<Job> job_of(const Effect& effect);
  Result<Job> turn_job(const Effect& effect);
  Result<Job> tool_job(const Effect& effect);
  Result<Job> join_job(const Effect& effect);
  Result<Job> project_job(const Effect& effect);
  void submit(const std::string& key, Job job);

  Result<std::shared_ptr<TaskRun>> task_run(const Effect& effect);
  // The first `count` results; those of a turn that is under way are not there yet.
  Result<void> collect_results(const StageTask& state, TaskRun& run, std::size_t count);
  Result<Task> make_task(std::size_t stage, const StageTask* state);
  Result<void> add_item(std::size_t stage, const StageTask& state, Task& task);
  Result<void> rebuild_claims();
  Result<std::shared_ptr<const Artifact>> artifact(const std::string& blob);
  Result<ArtifactMap> load_all(const std::map<std::string, std::string>& blobs);
  std::map<std::string, std::string> current_blobs() const;
  Result<void> settle_unknown(UnknownPolicy unknown);
  void fail_run(Error error);
  bool over() const;

  RunnerParts parts_;
  const std::vector<Subscriber>& subscribers_;
  RunState state_;
  std::string brief_;
  LoopOptions options_;
  RunInfo info_;

  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::stop_source stop_;
  bool draining_ = false;          // no new effects
  bool info_changed_ = false;
  std::optional<Error> fatal_;     // the journal cannot be written
  std::optional<Error> blocked_;   // the project folder cannot be written
  int appends_open_ = 0;
  int running_ = 0;
  std::vector<Event> batch_;
  std::vector<std::string> batch_blobs_;
  std::vector<std::string> batch_launches_;
  std::map<std::string, Lane> lanes_;
  std::unordered_map<std::string, Lane*> claimed_;  // the slots that effects hold
  std::unordered_map<std::string, std::shared_ptr<TaskRun>> task_runs_;
  std::unordered_map<std::string, std::shared_ptr<const Artifact>> artifacts_;
  std::shared_ptr<FileClaims> claims_ = std::make_shared<FileClaims>();
  bool claims_known_ = false;  // after a resume they are read from the journal first
  WorkerPool pool_;
};

}  // namespace cadre::detail
