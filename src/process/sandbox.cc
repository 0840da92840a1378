#include "process/sandbox.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace cadre {
namespace {

namespace fs = std::filesystem;

// Reserved by Debian policy and never given to anybody; below 65536, so that it exists in
// containers that map few ids.
constexpr const char* kSandboxUser = "65533";
constexpr unsigned kSandboxUid = 65533;
constexpr const char* kPath = "PATH=/usr/bin:/bin:/usr/sbin:/sbin";

using Args = std::vector<std::string>;

void add(Args& args, std::initializer_list<std::string> more) {
  args.insert(args.end(), more.begin(), more.end());
}

std::string megabytes(int mb) { return std::to_string(std::int64_t{mb} * 1024 * 1024); }

// /bin, /lib and friends: links into /usr on a merged system, folders on an old one.
void add_system(Args& args) {
  add(args, {"--ro-bind", "/usr", "/usr"});
  for (const char* name : {"/bin", "/sbin", "/lib", "/lib32", "/lib64"}) {
    std::error_code ec;
    if (fs::is_symlink(name, ec)) {
      add(args, {"--symlink", fs::read_symlink(name, ec).string(), name});
    } else if (fs::is_directory(name, ec)) {
      add(args, {"--ro-bind", name, name});
    }
  }
  // What programs of the system need of /etc; no accounts, no names of hosts, no keys.
  Args etc{"/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf",
           "/etc/ld.so.conf.d", "/etc/localtime",   "/etc/mime.types"};
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator("/etc", ec)) {
    const std::string path = entry.path().string();
    if (path.starts_with("/etc/python3") || path.starts_with("/etc/java-")) etc.push_back(path);
  }
  std::sort(etc.begin(), etc.end());
  for (const std::string& path : etc) add(args, {"--ro-bind-try", path, path});
}

void add_bwrap(Args& args, const SandboxSupport& support, const SandboxPolicy& policy) {
  const SandboxLimits& limits = policy.limits;
  const std::string small =
      megabytes(std::max(16, limits.tmp_mb > 0 ? limits.tmp_mb : limits.memory_mb / 8));
  if (support.own_user) {
    add(args, {find_program("setpriv").string(), "--reuid", kSandboxUser, "--regid", kSandboxUser,
               "--clear-groups", "--"});
  }
  add(args, {support.bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop",
             "ALL", "--clearenv", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox"});
  add_system(args);
  add(args, {"--proc", "/proc", "--dev", "/dev", "--size", small, "--tmpfs", "/dev/shm",
             "--remount-ro", "/dev", "--size", small, "--tmpfs", "/tmp"});
  if (!policy.work.empty()) add(args, {"--bind", policy.work.string(), "/work"});
  for (const SandboxBind& bind : policy.binds) {
    add(args, {bind.writable ? "--bind" : "--ro-bind", bind.host.string(), bind.inside});
  }
  add(args, {"--remount-ro", "/", "--chdir", policy.work.empty() ? "/tmp" : "/work"});
  for (const std::string& variable : policy.env) {
    const std::size_t at = variable.find('=');
    add(args, {"--setenv", variable.substr(0, at), variable.substr(at + 1)});
  }
  args.emplace_back("--");
}

void add_limits(Args& args, const SandboxLimits& limits, bool sandboxed) {
  add(args, {find_program("prlimit").string(), "--core=0", "--nofile=1024",
             "--as=" + megabytes(limits.memory_mb), "--fsize=" + megabytes(limits.file_mb),
             fmt::format("--cpu={}:{}", limits.cpu_s, limits.cpu_s + 1)});
  // Counted per user namespace, so only inside a sandbox is it a count of this program alone.
  if (sandboxed) args.push_back(fmt::format("--nproc={}", limits.processes));
  args.emplace_back("--");
}

std::vector<std::string> basic_env(const std::string& home) {
  return {kPath,
          "HOME=" + home,
          "TMPDIR=/tmp",
          "LANG=C.UTF-8",
          "LC_ALL=C.UTF-8",
          "TZ=UTC",
          "USER=sandbox",
          "LOGNAME=sandbox",
          "PYTHONDONTWRITEBYTECODE=1",
          "PYTHONUNBUFFERED=1",
          "MALLOC_ARENA_MAX=2"};
}

// Later settings of a name win.
std::vector<std::string> merged_env(std::vector<std::string> base,
                                    const std::vector<std::string>& more) {
  for (const std::string& variable : more) {
    const std::string name = variable.substr(0, variable.find('=') + 1);
    std::erase_if(base, [&](const std::string& old) { return old.starts_with(name); });
    base.push_back(variable);
  }
  return base;
}

Result<void> give_to_sandbox_user(const fs::path& root) {
  const auto own = [](const fs::path& path) {
    return ::lchown(path.c_str(), kSandboxUid, kSandboxUid) == 0;
  };
  bool fine = own(root);
  std::error_code ec;
  for (fs::recursive_directory_iterator at(root, ec), end; fine && !ec && at != end;
       at.increment(ec)) {
    fine = own(at->path());
  }
  if (fine && !ec) return {};
  return fail(ErrorCode::kIo, fmt::format("{} could not be handed to the sandbox: {}",
                                          root.string(), std::strerror(errno)));
}

// Every folder above must let others pass.
bool reachable_by_others(const fs::path& path) {
  std::error_code ec;
  for (fs::path at = fs::canonical(path, ec); !ec; at = at.parent_path()) {
    struct stat info{};
    if (::stat(at.c_str(), &info) != 0 || (info.st_mode & S_IXOTH) == 0) return false;
    if (at == at.root_path()) return true;
  }
  return false;
}

Result<void> check_policy(const SandboxPolicy& policy) {
  for (const std::string& variable : policy.env) {
    if (variable.find('=') == std::string::npos || variable.front() == '=') {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("\"{}\" is no environment setting; write NAME=value", variable));
    }
  }
  const SandboxLimits& l = policy.limits;
  if (l.wall_s <= 0 || l.cpu_s < 1 || l.memory_mb < 16 || l.processes < 4 || l.file_mb < 1 ||
      l.work_mb < 1 || l.output_mb < 1) {
    return fail(ErrorCode::kInvalidInput, "a limit of the sandbox is too small to run anything");
  }
  return {};
}

std::function<std::optional<std::string>()> work_watch(const SandboxPolicy& policy) {
  if (policy.work.empty()) return {};
  return [work = policy.work, limits = policy.limits]() -> std::optional<std::string> {
    const TreeSize size = tree_size(work, static_cast<std::uint64_t>(limits.work_entries));
    if (size.entries > static_cast<std::uint64_t>(limits.work_entries)) {
      return fmt::format("it made more than {} files and folders", limits.work_entries);
    }
    if (size.bytes > static_cast<std::uint64_t>(limits.work_mb) * 1024 * 1024) {
      return fmt::format("its work folder grew over {} MB", limits.work_mb);
    }
    return std::nullopt;
  };
}

// Runs `true` inside; the error text of bubblewrap is the reason when it fails.
std::string try_sandbox(const SandboxSupport& support) {
  SandboxSupport candidate = support;
  candidate.works = true;
  SandboxPolicy policy;
  policy.limits.wall_s = 10;
  Result<SandboxResult> run = run_sandboxed(candidate, policy, {"/usr/bin/true"});
  if (!run) return run.error().message;
  if (run->process.success()) return {};
  if (run->process.timed_out) return "starting it took over 10 s";
  const std::string said(text::trim(run->process.err));
  return said.empty() ? fmt::format("it ended with status {}", run->process.exit_code) : said;
}

}  // namespace

SandboxSupport probe_sandbox() {
  SandboxSupport support;
  support.bwrap = find_program("bwrap").string();
  if (support.bwrap.empty()) {
    support.reason = "bubblewrap is not installed";
    support.hint = "install it with: apt-get install bubblewrap";
    return support;
  }
  if (find_program("prlimit").empty()) {
    support.reason = "prlimit is not installed";
    support.hint = "install it with: apt-get install util-linux";
    return support;
  }
  support.own_user = ::geteuid() == 0 && !find_program("setpriv").empty();
  std::string reason = try_sandbox(support);
  if (!reason.empty() && support.own_user) {
    support.own_user = false;
    reason = try_sandbox(support);
  }
  support.works = reason.empty();
  if (!support.works) {
    support.reason = "bubblewrap does not work here: " + text::shorten(reason, 300);
    support.hint =
        "the kernel must allow unprivileged user namespaces "
        "(sysctl kernel.unprivileged_userns_clone=1; in a container, a profile that allows them)";
  }
  return support;
}

Result<ScratchFolder> make_sandbox_folder(const SandboxSupport& support,
                                          const fs::path& preferred) {
  if (!support.own_user || reachable_by_others(preferred)) return ScratchFolder::make(preferred);
  return ScratchFolder::make("/tmp");
}

Result<ProcessOptions> sandbox_options(const SandboxSupport& support, const SandboxPolicy& policy,
                                       const std::vector<std::string>& argv) {
  if (argv.empty() || argv[0].empty()) {
    return fail(ErrorCode::kInvalidInput, "there is no program to run: argv is empty");
  }
  if (Result<void> checked = check_policy(policy); !checked) return propagate(checked);
  if (!support.works && !policy.allow_unsandboxed) {
    return fail(ErrorCode::kDenied,
                fmt::format("generated code is not run without a sandbox, and {}", support.reason),
                support.hint + "; or accept the risk with --no-sandbox");
  }
  ProcessOptions options;
  const bool sandboxed = support.works;
  if (sandboxed) {
    SandboxPolicy inside = policy;
    inside.env = merged_env(basic_env("/tmp"), policy.env);
    std::vector<fs::path> handed;
    if (!policy.work.empty()) handed.push_back(policy.work);
    for (const SandboxBind& bind : policy.binds) {
      if (bind.writable) handed.push_back(bind.host);
    }
    for (const fs::path& folder : handed) {
      if (!support.own_user) break;
      if (Result<void> given = give_to_sandbox_user(folder); !given) return propagate(given);
    }
    add_bwrap(options.argv, support, inside);
    options.env = {kPath};
    options.cwd = "/";
  } else {
    options.env =
        merged_env(basic_env(policy.work.empty() ? "/tmp" : policy.work.string()), policy.env);
    options.cwd = policy.work.empty() ? fs::path("/tmp") : policy.work;
  }
  if (sandboxed || !find_program("prlimit").empty()) {
    add_limits(options.argv, policy.limits, sandboxed);
  }
  const std::size_t program = options.argv.size();
  options.argv.insert(options.argv.end(), argv.begin(), argv.end());
  if (argv[0] == "python3") options.argv[program] = "/usr/bin/python3";
  options.timeout = Milliseconds(static_cast<std::int64_t>(policy.limits.wall_s * 1000));
  options.grace = Milliseconds(200);
  options.output_bytes_max = policy.limits.output_kept;
  options.output_bytes_total_max =
      static_cast<std::uint64_t>(policy.limits.output_mb) * 1024 * 1024;
  options.watch = work_watch(policy);
  return options;
}

void read_signal_status(ProcessResult& result) {
  if (result.signal == 0 && result.exit_code > 128 && result.exit_code <= 128 + 64) {
    result.signal = result.exit_code - 128;
  }
}

Result<SandboxResult> run_sandboxed(const SandboxSupport& support, const SandboxPolicy& policy,
                                    const std::vector<std::string>& argv,
                                    const std::string& stdin_text, const std::stop_token& stop) {
  Result<ProcessOptions> options = sandbox_options(support, policy, argv);
  if (!options) return propagate(options);
  options->stdin_text = stdin_text;
  options->stop = stop;
  Result<ProcessResult> run = run_process(*options);
  if (!run) return propagate(run);
  SandboxResult result{std::move(*run), support.works};
  if (result.sandboxed) read_signal_status(result.process);
  return result;
}

}  // namespace cadre
