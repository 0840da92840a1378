// What user code is called with: whose run it is, and what it may use.
//
// Valid during the call only. Functions that run as tools are called from worker threads, several
// at once; what `data` points to is the user's to protect.
#pragma once

#include <any>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/item.h"

namespace cadre {

struct RunContext {
  std::string_view run;      // the run's id
  std::string_view agent;    // the agent at work
  std::string_view call_id;  // of a tool call or handoff; else empty
  int turn = 0;              // model calls of this agent's conversation so far
  std::stop_token stop;      // asked when nobody waits for the answer any more
  std::any* data = nullptr;  // RunOptions::data; never sent to a model

  // RunOptions::data as a T, or nullptr.
  template <class T>
  T* get() const {
    return data == nullptr ? nullptr : std::any_cast<T>(data);
  }
};

}  // namespace cadre
