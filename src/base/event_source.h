// Something that waits for the outside world on a descriptor, and is served by whoever waits there.
//
// A loop that has a thread already can serve it beside its own work: nothing has to change threads
// then. What nobody has adopted, or what several threads use, sees to itself.
#pragma once

#include <chrono>
#include <optional>

namespace cadre {

class EventSource {
 public:
  using Time = std::chrono::steady_clock::time_point;

  virtual ~EventSource() = default;
  // The calling thread serves it from now on. False: it is served already, or over.
  virtual bool adopt() = 0;
  // Ends that; on the thread that adopted it. What is under way goes on without it.
  virtual void release() = 0;
  // Readable when something has come. From any thread, while it lives.
  virtual int descriptor() const = 0;
  // Does what is asked for and due; and, when it shall `look`, what has come. Does not wait.
  // Returns when it wants to be served again at the latest; nothing: it is not to be served any
  // more. On the thread that adopted it, which calls it once more before it sleeps.
  virtual std::optional<Time> serve(bool look) = 0;
};

}  // namespace cadre
