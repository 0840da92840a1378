// A language model behind one asynchronous call: request in, deltas while it speaks, one reply.
//
// Adapters of vendors, scripted and replayed models all stand behind this. The request is read
// before start() returns (nothing in it is kept by reference), so costs of a call are those of
// writing it. `done` is called exactly once, from any thread, also from inside start(); `delta`
// never after it. When `stop` is asked, `done` comes soon with kCancelled. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_source.h"
#include "base/json.h"
#include "base/result.h"
#include "core/item.h"

namespace cadre {

// A tool as a model sees it.
struct ToolSpec {
  std::string name;  // ^[a-zA-Z0-9_-]{1,64}$: what every vendor takes
  std::string description;
  Json parameters = JsonObject{};  // JSON Schema of an object
  bool strict = true;              // ask the vendor to keep the schema, where it can
};

struct ToolChoice {
  enum class Kind : std::uint8_t { kAuto, kNone, kRequired, kTool };
  Kind kind = Kind::kAuto;
  std::string tool;  // of kTool
  bool operator==(const ToolChoice&) const = default;
};

struct ModelSettings {
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<std::int64_t> max_output_tokens;
  std::optional<bool> parallel_tool_calls;
  std::string reasoning_effort;  // "", low, medium, high; where the model has it
  std::string needs{};  // how strong a model a router has to choose: small, standard, strong
  ToolChoice tool_choice;
  Json extra = JsonObject{};  // members put into the request as they are
};

// The form in which the answer is wanted.
struct OutputSchema {
  std::string name;  // "verdict"
  Json schema;       // JSON Schema; of an object at the top
  // What is taken as an answer where that is more than is asked for: optional members left out.
  std::optional<Json> accepted{};
};

struct ModelRequest {
  std::string_view model;         // "": the adapter's own
  std::string_view instructions;  // the system prompt
  std::span<const ItemPtr> items;
  // The history whose items `items` are, where the caller has one: adapters keep what they made of
  // its items beside them, so that a turn costs what is new. Optional.
  History history{};
  std::span<const std::shared_ptr<const ToolSpec>> tools;
  const ModelSettings* settings = nullptr;  // null: defaults
  const OutputSchema* output = nullptr;     // null: plain text
  bool stream = false;                      // whether `delta` is of use to anybody
  std::string_view key;  // names the call for the vendor's idempotency and for logs; may be empty
};

// Tokens as the vendor counted them; what it did not say is unset, never 0.
struct Usage {
  std::optional<std::int64_t> input_tokens, output_tokens, cached_tokens, reasoning_tokens;
  int requests = 1;  // attempts that reached the vendor, retries among them
  std::optional<std::int64_t> cache_write_tokens{};  // of the input: put into the vendor's cache
  std::optional<double> cost_usd{};  // by the price table; unset: the price is not known
  std::string answered_by{};         // which model of several it was; "": there was one
  bool from_cache = false;           // our own: no vendor was asked
  // Replies among `requests` that had begun, broke, and did not say what they took: it is not in
  // the counts. What broken replies did say is.
  int uncounted = 0;
  bool operator==(const Usage&) const = default;
};

struct ModelReply {
  std::vector<Item> items;  // messages, reasoning, calls; in the order in which they came
  std::string refusal;      // not empty: the model declines, in its words
  std::string finish;       // "stop", "length", "tool_calls", "content_filter"
  std::string id;           // the vendor's name of the reply
  Usage usage;
  std::vector<std::string> notes{};  // for the journal: how the reply came about
};

struct ModelDelta {
  enum class Kind : std::uint8_t { kText, kReasoning, kArguments };
  Kind kind = Kind::kText;
  std::string_view text;  // valid during the call
  int index = 0;          // of kArguments: which call of the reply
};

class Model {
 public:
  using OnDelta = std::function<void(const ModelDelta&)>;
  using OnDone = std::move_only_function<void(Result<ModelReply>)>;

  virtual ~Model() = default;
  // "openai:gpt-…", "scripted"; in journal, trace and report.
  virtual std::string name() const = 0;
  virtual void start(const ModelRequest& request, std::stop_token stop, OnDelta delta,
                     OnDone done) = 0;
  // What a loop may serve on its own thread while calls are under way; null: the model sees to
  // itself.
  virtual std::shared_ptr<EventSource> events() const { return nullptr; }
};

Json to_json(const Usage& usage);
Usage usage_from_json(const Json& json);

}  // namespace cadre
