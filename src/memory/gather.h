// Finds what could stand in an agent's context, in order of preference, with reasons. Private to
// memory/; all of it inside MemoryDb::read().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "memory/context.h"
#include "memory/entries.h"
#include "memory/execution_state.h"
#include "memory/file_session.h"

namespace cadre::detail {

// The tasks of a session, oldest first.
Result<void> read_workflow(Entries& entries, ExecutionState& state,
                           std::vector<std::string>& notes);

class Gatherer {
 public:
  Gatherer(MemoryDb& db, FileSession& session, Entries& entries, std::string agent,
           std::string_view query, bool with_conversation)
      : db_(db),
        session_(session),
        entries_(entries),
        agent_(std::move(agent)),
        words_(query_words(query)),
        with_conversation_(with_conversation) {}

  Result<std::vector<ContextPart>> gather();
  std::vector<std::string>& notes() { return notes_; }

 private:
  struct Ranked {
    Entry entry;
    double score = 0;
    std::size_t place = 0;  // by full text, from 1; 0: not found by it
    std::size_t newer = 0;  // how many are newer; kRecent: that many or more
  };

  Result<void> conversation();
  Result<void> outputs();
  Result<void> workflow();
  Result<void> knowledge();
  Result<void> lessons();
  Result<void> executions();
  Result<std::vector<Ranked>> rank(EntryKind kind);
  Result<std::string> reason(const Ranked& ranked);

  MemoryDb& db_;
  FileSession& session_;
  Entries& entries_;
  std::string agent_;
  std::vector<std::string> words_;
  bool with_conversation_;
  std::vector<ContextPart> parts_;
  std::vector<std::string> notes_;
};

}  // namespace cadre::detail
