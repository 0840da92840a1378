// Runs generated programs where they can do no harm: no network, the system read-only, nothing of
// the user's home, one work folder, and limits on time, memory, processes, files and output.
//
// A SandboxPolicy becomes a bubblewrap + prlimit command line; there is no daemon and no
// container image. Where the machine cannot do it, running is refused with the precise reason,
// unless the policy allows to go without, which every result then says. As root, the program runs
// under an unprivileged user id as well, since the kernel exempts root from the process limit.
// All functions are thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "process/process.h"
#include "process/tree.h"

namespace cadre {

struct SandboxLimits {
  double wall_s = 60;
  int cpu_s = 60;             // of each process
  int memory_mb = 1024;       // address space of each process
  int tmp_mb = 0;             // each of /tmp and /dev/shm; 0: an eighth of memory_mb
  int processes = 128;        // processes and threads at once
  int file_mb = 64;           // largest file
  int work_mb = 512;          // what the work folder may grow to
  int work_entries = 50'000;  // files and folders in the work folder
  int output_mb = 32;         // printed in all; of each stream `output_kept` bytes are kept
  std::size_t output_kept = 64 * 1024;
};

struct SandboxBind {
  std::filesystem::path host;
  std::string inside;  // absolute
  bool writable = false;
};

struct SandboxPolicy {
  std::filesystem::path work;  // mounted read-write at /work, where the program starts
  std::vector<SandboxBind> binds;
  std::vector<std::string> env;  // "NAME=value", beside the few that every program gets
  SandboxLimits limits;
  bool allow_unsandboxed = false;
};

// What this machine can do. Probing runs a trivial program once (about 20 ms).
struct SandboxSupport {
  bool works = false;
  bool own_user = false;  // started as root and able to run as nobody's user id
  std::string bwrap;      // path, empty when it is not installed
  std::string reason;     // why it does not work, or ""
  std::string hint;       // what to do about it
};
SandboxSupport probe_sandbox();

struct SandboxResult {
  ProcessResult process;  // `signal` is set also where bubblewrap turned it into 128 + n
  bool sandboxed = true;
};

// The folder, made in `preferred` or, when the sandboxed user could not get there, in /tmp.
Result<ScratchFolder> make_sandbox_folder(const SandboxSupport& support,
                                          const std::filesystem::path& preferred);

// What is handed to ProcessOptions: the command line, the environment, and the limits. kDenied
// when `support` does not work and the policy does not allow to go without. As root, hands the
// work folder and the writable binds to the sandbox's user. `argv[0]` "python3" is the system's.
Result<ProcessOptions> sandbox_options(const SandboxSupport& support, const SandboxPolicy& policy,
                                       const std::vector<std::string>& argv);

// Runs a program to its end under the policy.
Result<SandboxResult> run_sandboxed(const SandboxSupport& support, const SandboxPolicy& policy,
                                    const std::vector<std::string>& argv,
                                    const std::string& stdin_text = {},
                                    const std::stop_token& stop = {});

// Reads a status of 128 + n as a death by signal n, as shells and bubblewrap write it.
void read_signal_status(ProcessResult& result);

}  // namespace cadre
