// One process of the fault runs: takes its share of the runs through the product's own transport,
// budget, provider, runner and journal, and goes on where an earlier process was killed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "policy/spending.h"

namespace cadre::bench {

struct WorkOptions {
  std::filesystem::path sop, folder;  // the folder holds journal, tool log and results of the share
  int port = 0;
  int first = 0, last = 0;   // runs [first, last)
  int tight_from = 0;        // runs from here on have a budget that they will not come out with
  int in_flight = 8;
  int attempts = 0;          // of a model call; 0: as `cadre run`
  int first_wait_ms = 20;    // waits are shortened, so that hundreds of runs take seconds
  int idle_ms = 400;
  int resumes_max = 3;       // of a run that stopped because the model did not answer
  std::uint64_t seed = 1;
};

policy::SpendingLimits limits_of(int run, const WorkOptions& options);

// Files of a share.
std::filesystem::path journal_file(const std::filesystem::path& folder);
std::filesystem::path tools_file(const std::filesystem::path& folder);
std::filesystem::path results_file(const std::filesystem::path& folder);

// 0 when all runs came to an end of some kind, each with a line of JSON in the results.
int work(const WorkOptions& options);

}  // namespace cadre::bench
