// What the journals, the tools' log and the server say of runs that have ended: folded into one
// tally, with every contradiction in words.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/state.h"
#include "faults/fault_server.h"
#include "faults/worker.h"

namespace cadre::bench {

struct Tally {
  int runs = 0, complete = 0, without_help = 0;  // without: no resume because of the model
  int paused = 0;                                // stops because the model did not answer
  int resumed = 0;                               // runs that went on in another process or pass
  HandoffCounts handoffs;
  int finished = 0;                   // handoffs accepted, and their stage is done in the end
  std::int64_t commands = 0;          // model and tool calls with an end in the journal
  std::int64_t begun_again = 0;       // those that had begun, not ended, when the process died
  std::int64_t repeated = 0;          // those that had ended: must be 0
  std::int64_t unknown = 0;           // external calls of which nobody knows; told to the agent
  std::int64_t requests = 0, retries = 0, charged = 0, settled = 0;
  int tight = 0, tight_ended = 0;     // runs with a tight budget; those that it ended
  std::int64_t calls_over = 0, tokens_over = 0;  // the most beyond a limit
  double longest_s = 0;
  std::map<std::string, int> statuses;
  std::vector<std::string> wrong;     // every contradiction
};

// Adds the runs of one share.
void audit(const WorkOptions& options, const std::map<int, ServedRun>& served, Tally& tally);

}  // namespace cadre::bench
