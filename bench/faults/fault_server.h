// A server of language models on a free port of 127.0.0.1 that fails on purpose: Chat Completions
// and Anthropic Messages, streamed or whole, minds by script.h. Which request fails, and how, is a
// matter of the seed, the request's bytes and how often they came: threads change nothing of it.
//
// One thread a connection. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "faults/script.h"

namespace cadre::bench {

enum class FaultKind : std::uint8_t {
  // Of the transport.
  kTooMany,      // 429 with Retry-After
  kUnavailable,  // 503
  kOverloaded,   // 529
  kRefused,      // reset, and for a moment nobody listens
  kReset,        // reset before the headers
  kCutOff,       // the connection ends in the middle of the reply
  kTruncated,    // a whole reply, its JSON cut short
  kMalformed,    // an event that is no JSON
  kStall,        // silence in the middle of the reply
  kErrorEvent,   // an error as an event of the stream
  // Of the mind: the reply is well formed, what it says is not.
  kBadArguments,  // a tool call whose arguments are no JSON
  kBadDelivery,   // a delivery that does not fit its schema
  kTextOnly,      // text in place of a call
  kUnknownTool,   // a call of a tool that does not exist
  kNone,
};
inline constexpr std::size_t kFaultKinds = static_cast<std::size_t>(FaultKind::kNone);
inline constexpr std::size_t kTransportFaults = static_cast<std::size_t>(FaultKind::kBadArguments);
std::string_view to_string(FaultKind kind);

struct FaultOptions {
  std::uint64_t seed = 1;
  double rate = 0.2;       // of all requests
  int stall_ms = 1'500;    // longer than the client waits
  int closed_ms = 30;      // how long nobody listens
  std::string retry_after = "0.05";
  std::function<void(int run)> on_request{};  // before it is answered
};

// Of one run, as the server saw it.
struct ServedRun {
  std::int64_t requests = 0, faults = 0, answered = 0;
  std::int64_t tokens = 0;  // what a vendor would charge: also for replies that broke off
  // Requests that had been answered well before, byte by byte the same: a command that was done
  // and done again, unless the answer was lost with the process that had asked.
  std::int64_t repeated = 0;
};

class FaultServer {
 public:
  explicit FaultServer(FaultOptions options);
  ~FaultServer();
  FaultServer(const FaultServer&) = delete;
  FaultServer& operator=(const FaultServer&) = delete;

  int port() const { return port_; }
  std::array<std::int64_t, kFaultKinds + 1> faults() const;  // by kind; the last: none
  std::map<int, ServedRun> runs() const;
  std::int64_t strays() const { return strays_; }  // requests that are none

 private:
  struct Reply;
  void accept_all();
  bool listen_again();
  void serve(int fd);
  // False: the connection is over.
  bool handle(int fd, std::string_view head, std::string_view body);
  FaultKind draw(std::string_view body);
  bool say_stream(const Asked& asked, FaultKind fault, const Reply& reply, int fd);
  void note_answer(const Asked& asked, std::string_view body, const Reply& reply, bool well);

  const FaultOptions options_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_ = false;
  std::atomic<std::int64_t> strays_ = 0, serial_ = 0;
  std::atomic<std::int64_t> closed_until_ms_ = 0;
  mutable std::mutex mutex_;
  std::array<std::int64_t, kFaultKinds + 1> faults_{};
  std::map<int, ServedRun> runs_;
  std::map<std::uint64_t, int> seen_;     // how often the bytes came
  std::set<std::uint64_t> answered_;      // those that were answered well
  std::set<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace cadre::bench
