#include "runtime/tools/service_process.h"

#include <fmt/format.h>

#include <chrono>

#include "base/text.h"

namespace cadre {
namespace {

constexpr std::string_view kInsideFolder = "/run/cadre";

// Joins a Unix socket to the port of a program, inside the sandbox, and ends as the program ends.
constexpr std::string_view kRelay = R"py(
import os, socket, subprocess, sys, threading

path, argv = sys.argv[1], sys.argv[2:]
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = str(probe.getsockname()[1])
env = dict(os.environ, PORT=port, HOST="127.0.0.1")
try:
    child = subprocess.Popen([word.replace("{port}", port) for word in argv], env=env)
except OSError as error:
    sys.exit(f"{argv[0]}: {error.strerror}")


def prompt(end):
    """Acknowledge at once: a service that sends head and body apart waits for it, 40 ms each."""
    if end.family != socket.AF_UNIX:
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def pump(source, sink):
    try:
        prompt(source)
        while data := source.recv(65536):
            sink.sendall(data)
            prompt(source)
    except OSError:
        pass
    for end, how in ((sink, socket.SHUT_WR), (source, socket.SHUT_RD)):
        try:
            end.shutdown(how)
        except OSError:
            pass


def join(client):
    for host in ("127.0.0.1", "::1"):
        try:
            service = socket.create_connection((host, int(port)), 5)
            service.settimeout(None)
            break
        except OSError:
            pass
    else:
        client.close()
        return
    back = threading.Thread(target=pump, args=(service, client), daemon=True)
    back.start()
    pump(client, service)
    back.join()
    client.close()
    service.close()


def accept(listener):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=join, args=(client,), daemon=True).start()


listener = socket.socket(socket.AF_UNIX)
listener.bind(path + ".new")
os.chmod(path + ".new", 0o666)
listener.listen(64)
os.rename(path + ".new", path)
threading.Thread(target=accept, args=(listener,), daemon=True).start()
code = child.wait()
sys.exit(code if code >= 0 else 128 - code)
)py";

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string said(const std::string& err) {
  const std::string clean = text::clean_utf8(text::trim(err));
  return clean.empty() ? "it printed nothing" : text::shorten(clean, 3000);
}

}  // namespace

Result<ServiceProcess> ServiceProcess::start(SandboxAccess& access, ScratchFolder work,
                                             const ServiceOptions& options,
                                             const std::stop_token& stop) {
  // A socket's path has at most 107 bytes, so its folder is a short one.
  Result<ScratchFolder> sockets = make_sandbox_folder(access.support(), "/tmp");
  if (!sockets) return propagate(sockets);
  const std::string inside =
      access.support().works ? std::string(kInsideFolder) : sockets->path().string();
  std::vector<std::string> argv = options.command(inside + "/s");
  if (options.tcp) {
    if (auto made = write_beneath(sockets->path(), "relay.py", std::string(kRelay)); !made) {
      return propagate(made);
    }
    if (!argv.empty() && argv[0] == "python3") argv[0] = "/usr/bin/python3";
    argv.insert(argv.begin(), {"python3", inside + "/relay.py", inside + "/s"});
  }
  SandboxPolicy policy;
  policy.work = work.path();
  policy.allow_unsandboxed = access.allow_unsandboxed();
  policy.binds.push_back({sockets->path(), std::string(kInsideFolder), true});
  policy.limits.wall_s = options.wall_s;
  policy.limits.cpu_s = std::max(1, static_cast<int>(policy.limits.wall_s));
  policy.limits.memory_mb = options.memory_mb;
  policy.limits.tmp_mb = 256;
  policy.env = options.env;
  Result<ProcessOptions> process = sandbox_options(access.support(), policy, argv);
  if (!process) return propagate(process);
  process->stop = stop;
  Result<ChildProcess> child = ChildProcess::start(*process);
  if (!child) return propagate(child);
  ServiceOptions kept = options;
  kept.command = nullptr;  // it may look at what ends with this call
  return ServiceProcess(std::move(work), std::move(*sockets), std::move(*child), std::move(kept));
}

Result<UnixHttpClient> ServiceProcess::connect(const std::stop_token& stop) {
  const auto begin = std::chrono::steady_clock::now();
  const std::filesystem::path socket = socket_folder_.path() / "s";
  UnixHttpOptions options;
  options.socket = socket;
  options.stop = stop;
  options.timeout = std::min(options_.answer_within, std::chrono::milliseconds{5'000});
  options.response_bytes_max = options_.answer_bytes_max;
  while (seconds_since(begin) < options_.start_s) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "the service was stopped");
    if (child_.wait(Milliseconds{15})) {
      const ProcessResult result = child_.finish(Milliseconds{0});
      return fail(ErrorCode::kUnavailable,
                  fmt::format("the service ended before it answered{}{}: {}",
                              result.limit.empty() ? "" : ": ", result.limit, said(result.err)));
    }
    std::error_code error;
    if (!std::filesystem::exists(socket, error)) continue;
    Result<UnixHttpClient> probe = UnixHttpClient::make(options);
    if (!probe) return probe;
    HttpRequest request;
    request.path = options_.ready_path;
    const auto answer = probe->send(request);
    if (!answer || (options_.ready_is_200 && answer->status != 200)) continue;
    options.timeout = options_.answer_within;
    return UnixHttpClient::make(options);
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("the service did not answer GET {} within {:g} s: {}",
                          options_.ready_path, options_.start_s, said(child_.err())));
}

}  // namespace cadre
