#include "store/store.h"

#include <fmt/core.h>

#include <future>

#include "base/hash.h"

namespace cadre {

Result<void> Store::append(Append append) {
  // Shared: a store that throws may tell all the same, when nobody waits any more.
  const auto done = std::make_shared<std::promise<Result<void>>>();
  std::future<Result<void>> result = done->get_future();
  append_async(std::move(append), [done](Result<void> ack) { done->set_value(std::move(ack)); });
  return result.get();
}

Result<std::string> Store::put_blob(std::string bytes) {
  std::string address = sha256_hex(bytes);
  Append one;
  one.blobs.push_back(std::move(bytes));
  if (auto stored = append(std::move(one)); !stored) return propagate(stored);
  return address;
}

Result<void> check_append(const Append& append) {
  std::int64_t expected = append.expected_seq;
  for (const Event& event : append.events) {
    ++expected;
    if (event.seq != expected || event.run != append.run) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("event {} of run \"{}\" where event {} of run \"{}\" was due",
                              event.seq, event.run, expected, append.run));
    }
  }
  if (append.run.empty() && (!append.events.empty() || append.info)) {
    return fail(ErrorCode::kInvalidInput, "an append of events needs a run id");
  }
  return {};
}

}  // namespace cadre
