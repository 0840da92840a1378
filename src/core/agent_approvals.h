// What of a run of agents waits for a person, read from its events alone: whoever decides need not
// have the agents. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/event.h"

namespace cadre {

struct AskedCall {
  std::string key;     // "a1": the first that the run asked for
  std::string frame;   // path
  std::int64_t turn = 0, call = 0;
  std::string call_id, agent, tool, arguments;
  std::int64_t parent = 0;  // of the events about it
  enum class State : std::uint8_t { kWaiting, kDecided, kVoid } state = State::kWaiting;
  std::string decided_by;   // of kDecided
  bool approved = false;
};

// All that were asked for, in order. Void is what waits no more without having been decided: its
// agent has ended, or has gone on without it.
std::vector<AskedCall> asked_calls(std::span<const Event> events);

// The event that decides it.
Event decided_event(const AskedCall& asked, const std::string& run, bool approved,
                    const std::string& message, bool answers, bool always, const std::string& by);

}  // namespace cadre
