// A generated service that runs in the sandbox, reached over a Unix socket: the sandbox has no
// network. One thread; it ends with the object.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "net/unix_http.h"
#include "process/process.h"
#include "runtime/tools/workspace.h"

namespace cadre {

struct ServiceOptions {
  // The command, given the socket's path as the service sees it.
  std::function<std::vector<std::string>(const std::string& socket)> command;
  // Serves TCP: the command is started with a free port in PORT and for "{port}", and a relay
  // beside it hands the socket's connections on. Else it serves the socket itself.
  bool tcp = false;
  std::vector<std::string> env;
  double wall_s = 120;
  int memory_mb = 2048;
  double start_s = 20;
  std::chrono::milliseconds answer_within{10'000};
  std::size_t answer_bytes_max = 16 * 1024 * 1024;
  std::string ready_path = "/health";
  bool ready_is_200 = true;  // false: any answer will do
};

class ServiceProcess {
 public:
  // `work` is the folder that it starts in.
  static Result<ServiceProcess> start(SandboxAccess& access, ScratchFolder work,
                                      const ServiceOptions& options, const std::stop_token& stop);
  // A client once the service answers; an error with what it printed when it does not.
  Result<UnixHttpClient> connect(const std::stop_token& stop);
  // Reads what it has printed, so that a full pipe does not stop it. True when it has ended.
  bool ended(Milliseconds wait = Milliseconds{0}) { return child_.wait(wait); }
  ProcessResult finish() { return child_.finish(Milliseconds{50}); }
  std::string err() const { return child_.err(); }

 private:
  ServiceProcess(ScratchFolder work, ScratchFolder socket_folder, ChildProcess child,
                 ServiceOptions options)
      : work_(std::move(work)),
        socket_folder_(std::move(socket_folder)),
        child_(std::move(child)),
        options_(std::move(options)) {}

  ScratchFolder work_, socket_folder_;
  ChildProcess child_;
  ServiceOptions options_;
};

}  // namespace cadre
