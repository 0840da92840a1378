// What a run leaves in its team's memory, gathered outcome by outcome: answers, failures, handoffs,
// the state of its task, and, at the end, what failed and what fixed it.
//
// Follows from the outcomes alone: a run that is folded from its journal gives the same notes under
// the same keys. Owned by the run's thread.
//
// A lesson is taken when a call that failed was followed by one of the same tool that did not, and
// the two have to do with each other: the same arguments (it passed by itself), or arguments of
// which a part stayed, or a value that the error names or that was changed a little. Likewise of a
// handoff that was refused and then accepted, and of an answer that an output guardrail sent back.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/agent_loop.h"
#include "memory/run_memory.h"

namespace cadre {

class RunNotes {
 public:
  // `task`: of the workflow, or empty.
  RunNotes(std::string run, std::string task) : run_(std::move(run)), task_(std::move(task)) {}

  // Before the outcome is applied, and after it.
  void before(const AgentRun& run, const AgentOutcome& outcome, std::int64_t now_us);
  void after(const AgentRun& run, const std::vector<Record>& records, std::int64_t now_us);
  void tool_began(int frame, int call, std::int64_t now_us) { began_[{frame, call}] = now_us; }

  bool empty() const { return notes_.empty(); }
  std::vector<MemoryNote> take() { return std::exchange(notes_, {}); }
  // Of a run that has ended; `given`: the lessons that it began with. Those that agents as tools
  // were given count, too.
  RunLessons lessons(const AgentRun& run, std::vector<std::int64_t> given) const;

 private:
  struct Failure {
    std::string subject;    // what it was: "tool refund", "handoff a b"
    std::string problem;
    std::string arguments;  // of a call
    std::string error;
    std::string place;      // for the evidence
  };

  void tool_ended(const AgentRun& run, const ToolEnded& ended, std::int64_t now_us);
  void handed_over(const AgentRun& run, int frame, int call, bool accepted, std::string_view why,
                   std::int64_t now_us);
  void agent_ended(const AgentRun& run, const Record& record, std::int64_t now_us);
  void task_stands(TaskState state, std::string owner, std::string detail, std::int64_t now_us);
  void failed(Failure failure);
  // Lessons of the open failures of `subject`; those that do not fit stay open.
  template <class Fix>
  void fixed(const std::string& subject, const std::string& place, Fix fix);

  std::string run_, task_;
  std::vector<MemoryNote> notes_;
  std::map<std::pair<int, int>, std::int64_t> began_;
  std::vector<Failure> open_;
  std::vector<std::string> problems_;
  std::vector<LearntLesson> learnt_;
  std::vector<std::int64_t> given_;  // to agents as tools
  std::int64_t task_began_us_ = 0;
};

}  // namespace cadre
