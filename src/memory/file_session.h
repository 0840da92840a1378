// A session in a memory file. Private to memory/.
//
// add() costs the same at any length: an index look-up and the new rows, one transaction. So does
// history(), which remembers what it gave: a look at the newest row says whether others wrote
// since, and what they added is read; after anything else they did all is read anew. Who holds the
// session is a lease (lease.h), which costs no write; without one, a change goes through while
// nobody has the session.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "memory/memory_db.h"
#include "memory/seal.h"
#include "memory/session.h"

namespace cadre::detail {

// What a session's row says of it.
struct SessionRow {
  std::int64_t id = 0;
  std::int64_t ttl_us = 0;
  Sealer sealer;
};

// Finds the session and checks the secret, or begins it. Inside write() (or read() without create).
Result<SessionRow> open_session_row(MemoryDb& db, const std::string& name,
                                    const SessionOptions& options);
// Begins a session; kConflict when there is one of that name.
Result<SessionRow> new_session_row(MemoryDb& db, const std::string& name, const std::string& origin,
                                   const SessionOptions& options);

// A conversation's item as its row.
struct ItemRow {
  std::int64_t seq = 0;
  std::int64_t kind = 0;
  std::string call;  // empty: neither call nor result
  std::string run;
  std::int64_t time_us = 0;
  ItemPtr item;
};

class FileSession final : public Session {
 public:
  FileSession(std::shared_ptr<MemoryDb> db, std::string name, SessionRow row)
      : db_(std::move(db)), name_(std::move(name)), row_(std::move(row)) {}
  ~FileSession() override;

  const std::string& id() const override { return name_; }
  Result<std::vector<ItemPtr>> load(std::size_t limit, std::vector<std::string>& notes) override;
  Result<History> history(std::size_t limit, std::vector<std::string>& notes) override;
  Result<void> add(const std::string& run, std::span<const ItemPtr> items) override;
  Result<ItemPtr> pop() override;
  Result<void> clear() override;
  Result<void> acquire(const std::string& run) override;
  void release(const std::string& run) override;
  Result<std::size_t> added_by(const std::string& run) override;
  Result<void> replace(const std::string& run, std::span<const ItemPtr> items) override;

  // The readable rows, oldest first; `limit` 0: all. Inside read() or write().
  Result<std::vector<ItemRow>> rows(std::size_t limit, std::vector<std::string>& notes);
  // Writes rows as they are, numbered from `seq`. Inside write().
  Result<void> put(const std::vector<ItemRow>& rows, std::int64_t seq);
  // The newest messages, oldest first, back to the `exchanges`-th last one of a user, at most
  // `limit`. Inside read().
  Result<std::vector<ItemRow>> recent(std::size_t exchanges, std::size_t limit,
                                      std::vector<std::string>& notes);
  const SessionRow& row() const { return row_; }

 private:
  // Does the work in a transaction while no other run holds the session; an empty run is whoever of
  // this process. `after` is called when it is done, under the lock.
  Result<void> change(const std::string& run, const std::function<Result<void>()>& work,
                      const std::function<void()>& after = nullptr);
  Result<void> exists();
  // Of one row; false when what it stands for is there already.
  Result<bool> put_row(const ItemRow& row, std::int64_t seq);
  // The run that added the call; kNotFound.
  Result<std::string> run_of_call(const std::string& id);
  Result<std::string> answered_call(const ItemRow& row);
  std::unexpected<Error> busy();
  Result<std::vector<ItemRow>> collect(Query& query, std::vector<std::string>& notes,
                                       std::size_t* bytes = nullptr);
  // The newest row's place and check; 0 and 0 when there is none.
  struct RowMark {
    std::int64_t seq = 0, check = 0;
    bool operator==(const RowMark&) const = default;
  };
  Result<RowMark> newest();
  Result<bool> stands(const RowMark& mark);
  Result<void> catch_up(const RowMark& now);
  // After an add to what was known: that is known, too.
  void know(std::span<const ItemPtr> items);
  std::int64_t oldest_us() const;

  std::shared_ptr<MemoryDb> db_;
  std::string name_;
  SessionRow row_;
  // Guarded by the database's lock.
  bool acquired_ = false;
  std::optional<History> known_;  // all items up to `known_to_`, none of which needed a repair
  RowMark known_to_;
  std::size_t known_bytes_ = 0;
  RowMark put_to_;                // of the last put(): its end, its size, whether a body was mended
  std::size_t put_bytes_ = 0;
  bool put_mended_ = false;
};

}  // namespace cadre::detail
