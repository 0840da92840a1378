// Language models over HTTP: an adapter, the client, a key, and a policy for what goes wrong.
//
// A call is tried again by the vendors' rules, as long as nothing of the reply was shown; how many
// attempts reached the vendor stands in the reply's usage. It waits before it is sent where the
// server's limits, as far as they are known, or its overload demand it (traffic.h). Deltas and
// `done` come on the client's thread. An error's code says what to do: kUnavailable and kCorrupt
// may pass by themselves, kDenied is key, permission or TLS, kNotFound the model's name, kExhausted
// a limit (credit, context, size, time), kInvalidInput the request, also its content by the
// vendor's rules. Keys appear in no error. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "model/adapter.h"
#include "net/http_client.h"
#include "net/retry.h"
#include "net/secret.h"
#include "net/traffic.h"

namespace cadre::net {

struct ModelSpec {
  const model::Profile* profile = nullptr;
  std::string base_url;
  std::string model;
  bool own_url = false;  // not the profile's: a key is welcome, not needed
};

// "openai:gpt-5", "ollama:qwen3:8b", "http://host:8000/v1#name", "anthropic+http://host/v1#name",
// "ollama+http://host:11434#name".
Result<ModelSpec> parse_model_spec(std::string_view text);

// What calls that failed in the end took all the same, by the key of their request: broken replies
// are paid for, too. Thread-safe.
class LostUsage {
 public:
  void put(const std::string& key, const Usage& usage);
  // Nothing when nothing is known to be lost; the second time, too.
  std::optional<Usage> take(const std::string& key);

  // Whether a call may make another attempt after one that took this much and broke; asked with
  // what that attempt took. Without a watcher it may.
  using MayGoOn = std::function<bool(const Usage& took)>;
  void watch(const std::string& key, MayGoOn may_go_on);
  void unwatch(const std::string& key);
  bool may_go_on(const std::string& key, const Usage& took);

 private:
  std::mutex mutex_;
  std::map<std::string, Usage> by_key_;
  std::map<std::string, MayGoOn> watchers_;
};

struct HttpModelOptions {
  RetryPolicy retry;
  std::chrono::milliseconds connect{15'000};
  std::chrono::milliseconds idle{180'000};      // without content; thinking models are slow
  std::chrono::milliseconds deadline{900'000};  // of a call with all its attempts
  std::size_t max_response_bytes = 32U << 20U;
  std::uint64_t seed = 1;  // of the waits' jitter
  std::shared_ptr<Clock> clock{};  // for dates in retry-after; null: the system's
  // The gates of limits and overload; models that share them do not overrun a server together.
  // Null: the model has its own.
  std::shared_ptr<Traffic> traffic{};
  std::shared_ptr<LostUsage> lost{};  // told of calls that failed, before their end; or null
};

// The key for a profile; empty when there is none.
using KeySource = std::function<Secret(const model::Profile&)>;

// kInvalidInput for a specification that means nothing, kDenied when the vendor needs a key and
// there is none.
Result<std::shared_ptr<Model>> make_model(std::string_view spec,
                                          std::shared_ptr<HttpClient> client,
                                          const KeySource& keys, HttpModelOptions options = {});

}  // namespace cadre::net
