// A conversation that lasts over runs: what was said, in order, by whom.
//
// A run that is given a session starts with its items and adds only what is new, each call before
// its result, turn by turn. One run writes at a time: acquire() takes the writer's place and
// fails with kConflict, naming the holder, while a run has it. The same run is no exception: under
// way twice it is two writers. Thread-safe; calls may block on the disk, so the runtime makes them
// from its workers (but for a session that is quick()).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/item.h"

namespace cadre {

class Session {
 public:
  virtual ~Session() = default;
  virtual const std::string& id() const = 0;
  // Whether its functions never wait for a disk, a network or another process: a run then calls
  // them on the loop's own thread instead of a worker's.
  virtual bool quick() const { return false; }
  // The last `limit` items that make a valid history (0: all); unreadable rows are left out and
  // noted.
  virtual Result<std::vector<ItemPtr>> load(std::size_t limit, std::vector<std::string>& notes) = 0;
  // The same as a history. A session that keeps one gives it at a cost that does not grow with it.
  virtual Result<History> history(std::size_t limit, std::vector<std::string>& notes);
  // Appends, durably.
  virtual Result<void> add(const std::string& run, std::span<const ItemPtr> items) = 0;
  // Takes the last item off and gives it; kNotFound when there is none.
  virtual Result<ItemPtr> pop() = 0;
  virtual Result<void> clear() = 0;
  virtual Result<void> acquire(const std::string& run) = 0;
  virtual void release(const std::string& run) = 0;

  // How many items the run has added, whatever became of them: what a resumed run need not add
  // again. kUnavailable when the session does not keep that.
  virtual Result<std::size_t> added_by(const std::string& run);
  // Puts `items` in the place of all that load(0) gives, at once or not at all; what load leaves
  // out as unreadable stays where it is. kUnavailable when the session cannot.
  virtual Result<void> replace(const std::string& run, std::span<const ItemPtr> items);
};

// In memory, as long as the object lives.
std::shared_ptr<Session> make_memory_session(std::string id);

}  // namespace cadre
