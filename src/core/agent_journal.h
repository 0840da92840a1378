// The agent loop's outcomes, intents and decisions as journal events, and back.
//
// Written events carry "frame" (the path of the frame, left out for the root), "turn" and "call".
// Decisions of the core follow from outcomes; they are journalled for the trace with
// "derived": true and mean nothing when the journal is folded. Texts longer than kInlineMax go
// into blobs. An AgentJournal holds the places of a run's spans; it is owned by the run's thread.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/agent_loop.h"
#include "core/event.h"

namespace cadre {

// The limits that a run began with: it is resumed with the same.
Json to_json(const LoopLimits& limits);
// What is absent is taken from `fallback`.
LoopLimits limits_from_json(const Json& json, LoopLimits fallback);

// Tells whether these are the same items, by how long they are and how the last of them look; the
// cost does not grow with their number.
std::string end_digest(std::span<const ItemPtr> items);

class AgentJournal {
 public:
  static constexpr std::size_t kInlineMax = 8192;
  using LoadBlob = std::function<Result<std::string>(const std::string& sha256)>;

  struct Draft {
    Event event;  // seq and parent are set, the time is not
    std::vector<std::string> blobs;
  };

  explicit AgentJournal(std::string run) : run_(std::move(run)) {}

  // The first event. `start` holds members that the shell adds: provider, title, session, ....
  // Items of the session are not written: "past" says how many there were, and "past_end" is a
  // digest of the last of them.
  Draft opened(const Opened& outcome, const std::string& agent, JsonObject start);
  // Before the outcome is applied. `more` is added to the body: tokens, name of a guardrail, ....
  Draft outcome(const AgentRun& run, const AgentOutcome& outcome, JsonObject more = {});
  // A model or tool call is about to begin.
  Draft intent(const AgentRun& run, const Command& command, JsonObject more = {});
  // After the outcome is applied that it follows from.
  Draft record(const AgentRun& run, const Record& record);
  Draft note(std::string text);

  // The outcome in an event of this run, read before it is applied; nothing for intents and
  // decisions. Takes the event's place in. kCorrupt when it is not one of an agent run.
  // `past` is what the session held when the run began.
  Result<std::optional<AgentOutcome>> read(const AgentRun& run, const Event& event,
                                           const LoadBlob& load,
                                           std::span<const ItemPtr> past = {});
  // The frame of that path; kCorrupt when there is none. O(1) over all calls.
  Result<int> frame_named(const AgentRun& run, const std::string& path);
  // Whether the tool call was journalled as begun: with no outcome it is unknown what it did.
  bool was_begun(int frame, int call) const;

  std::int64_t last_seq() const { return last_seq_; }
  const std::string& run() const { return run_; }

 private:
  struct Place {
    std::int64_t agent = 0, model = 0;
    std::vector<std::int64_t> calls;  // begun calls of the turn: seq of the start
    int turn = 0;                     // whose calls they are
  };
  Place& place(int frame);
  Draft make(EventKind kind, std::int64_t parent, std::string actor, JsonObject body);
  std::int64_t agent_seq(const AgentRun& run, int frame);

  std::string run_;
  std::int64_t last_seq_ = 0;
  std::int64_t run_seq_ = 1;
  std::vector<Place> places_;
  std::unordered_map<std::string, int> frames_;  // by path, of those read so far
};

}  // namespace cadre
