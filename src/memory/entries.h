// What agents stored in a session besides the conversation: outputs, executions, knowledge, tasks;
// rows of one table, with an index of their words. Private to memory/.
//
// The words of an encrypted session stand in no file: its index is in memory, made when it is first
// searched and brought up to date by each search.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "memory/file_session.h"
#include "memory/memory_db.h"
#include "memory/search.h"

namespace cadre::detail {

enum class EntryKind : std::int64_t { kOutput = 0, kExecution = 1, kKnowledge = 2, kTask = 3 };

struct Entry {
  std::int64_t id = 0;
  EntryKind kind = EntryKind::kOutput;
  std::string name;  // not empty: there is one of it; a new one takes the old one's place
  bool first_stays = false;  // or: the old one stays, and the new one is not put
  bool pinned = false;
  std::string run;
  std::int64_t time_us = 0;
  Json body;
};

class Entries {
 public:
  Entries(std::shared_ptr<MemoryDb> db, SessionRow session)
      : db_(std::move(db)), session_(std::move(session)) {}

  // Gives the entry's id. Takes its own transaction.
  Result<std::int64_t> put(const Entry& entry);

  // The following stand inside read().
  // The newest first; `limit` 0: all.
  Result<std::vector<Entry>> list(EntryKind kind, std::size_t limit,
                                  std::vector<std::string>& notes);
  Result<std::vector<Entry>> pinned(EntryKind kind, std::vector<std::string>& notes);
  Result<std::optional<Entry>> get(std::int64_t id, std::vector<std::string>& notes);
  Result<std::optional<Entry>> named(EntryKind kind, const std::string& given,
                                     std::vector<std::string>& notes);
  Result<std::vector<Hit>> search(EntryKind kind, const std::vector<std::string>& words,
                                  std::size_t limit);
  Result<std::vector<std::string>> words_of(std::int64_t id, const std::vector<std::string>& words);
  // The newest first.
  Result<std::vector<std::int64_t>> newest_ids(EntryKind kind, std::size_t limit);

 private:
  Result<std::vector<Entry>> collect(Query& query, std::vector<std::string>& notes);
  Result<MemoryDb*> index();
  std::int64_t oldest_us() const;

  std::shared_ptr<MemoryDb> db_;
  SessionRow session_;
  std::shared_ptr<MemoryDb> index_;  // of an encrypted session
  std::int64_t indexed_ = 0;         // up to this id
};

// Deletes a session's entries older than the time, from the index too. Inside write().
Result<void> delete_entries(MemoryDb& db, std::int64_t session, std::int64_t before_us);

}  // namespace cadre::detail
