// What the scripted minds of bench/faults/team say: read off the request alone, so that a resumed
// run hears what it would have heard. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cadre::bench {

// What of a model request matters to the script.
struct Asked {
  int run = -1;        // "ORDER-0017" in the brief; -1: there is none
  std::string makes;   // plan, code, tests, report: the tool deliver_… on offer
  std::string part;    // of code: "p2"
  bool worked = false; // the role's own tool has given its result
  bool repair = false; // findings of a failed gate came with the task
  bool old_code = false;  // of a report: the code before the repair
  bool anthropic = false;
  bool stream = false;
};

// One call of a tool, or text.
struct Said {
  std::string tool, arguments, text;
};

Asked read_request(std::string_view path, std::string_view body);
Said answer(const Asked& asked);

// Whether the run's first review finds a defect: a quarter of them.
bool has_defect(int run);
inline constexpr int kParts = 4;

// Runs are known by their number in the brief and in the run's id.
std::string order_mark(int run);
std::string run_id(int run);

}  // namespace cadre::bench
