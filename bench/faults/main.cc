// 200 runs of a small team while a fifth of all requests fail and processes are killed.
//
//   fault_runs [--runs N] [--tight N] [--seed N] [--rate PERCENT] [--attempts N] [--share N]
//              [--at-once N] [--in-flight N] [--kill PERCENT] [--keep]
//
// Language models are reached through the product's own transport over HTTP on loopback; their
// minds are scripted (script.h), the SOP is bench/faults/team. A process takes a share of the runs,
// with one SQLite journal; of --kill percent of the processes, each is killed with SIGKILL up to
// three times, at requests drawn by the seed, and started again. --tight runs come after the others
// and have budgets that they cannot come out with. --attempts 0: as `cadre run`. Exit
// code 0 when the goals are reached: >= 99 % of runs complete, >= 99.5 % of handoffs accepted and
// finished, nothing repeated, no hang, no budget overrun.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <memory>
#include <span>
#include <thread>

#include "base/clock.h"
#include "faults/audit.h"
#include "net/retry.h"
#include "process/process.h"

namespace {

using namespace cadre;
using namespace cadre::bench;
using Steady = std::chrono::steady_clock;

constexpr int kHangSeconds = 120;  // a share that takes longer

struct Options {
  int runs = 200, tight = 40, share = 20, at_once = 2, in_flight = 8;
  int rate = 20, attempts = 0, kill = 50;
  std::uint64_t seed = 1;
  bool keep = false;
};

struct Share {
  WorkOptions work;
  std::vector<std::int64_t> kill_at;  // requests of the share, ascending
  std::atomic<std::int64_t> requests = 0;
  std::atomic<std::size_t> killed = 0;
  std::atomic<int> pid = 0;
  std::optional<ChildProcess> child;
  Steady::time_point begun;
  bool over = false;
};

template <typename T>
bool read_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// The words after the program's name; false when one is not understood.
bool read(std::span<char*> words, Options& o) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--keep") {
      o.keep = true;
      continue;
    }
    const std::string_view value = i + 1 < words.size() ? words[++i] : "";
    const bool good = word == "--runs"        ? read_number(value, o.runs)
                      : word == "--tight"     ? read_number(value, o.tight)
                      : word == "--seed"      ? read_number(value, o.seed)
                      : word == "--rate"      ? read_number(value, o.rate)
                      : word == "--attempts"  ? read_number(value, o.attempts)
                      : word == "--share"     ? read_number(value, o.share) && o.share > 0
                      : word == "--at-once"   ? read_number(value, o.at_once) && o.at_once > 0
                      : word == "--in-flight" ? read_number(value, o.in_flight) && o.in_flight > 0
                      : word == "--kill"      ? read_number(value, o.kill)
                                              : false;
    if (!good) return fmt::print(stderr, "not understood: {} {}\n", word, value), false;
  }
  return true;
}

class Drill {
 public:
  Drill(const Options& options, std::filesystem::path folder)
      : o_(options), folder_(std::move(folder)) {}

  int run() {
    const auto begun = Steady::now();
    FaultOptions faults;
    faults.seed = o_.seed;
    faults.rate = o_.rate / 100.0;
    faults.on_request = [this](int run) { on_request(run); };
    make_shares();
    FaultServer server(std::move(faults));
    for (const auto& share : shares_) share->work.port = server.port();
    run_shares();
    Tally tally;
    for (const auto& share : shares_) audit(share->work, server.runs(), tally);
    for (const std::string& problem : problems_) tally.wrong.push_back(problem);
    const std::chrono::duration<double> took = Steady::now() - begun;
    return report(tally, server, took.count());
  }

 private:
  void make_shares() {
    Rng rng(o_.seed);
    const int all = o_.runs + o_.tight;
    for (int first = 0; first < all; first += o_.share) {
      auto share = std::make_unique<Share>();
      WorkOptions& work = share->work;
      work.sop = std::filesystem::path(CADRE_SOURCE_DIR) / "bench/faults/team";
      work.folder = folder_ / fmt::format("share-{}", shares_.size());
      work.first = first;
      work.last = std::min(first + o_.share, all);
      work.tight_from = o_.runs;
      work.in_flight = o_.in_flight;
      work.attempts = o_.attempts;
      work.seed = o_.seed;
      std::filesystem::create_directories(work.folder);
      // About 20 requests a run: every kill comes before the end.
      if (static_cast<int>(rng.below(100)) < o_.kill && work.first < o_.runs) {
        std::int64_t at = 0;
        for (std::uint64_t n = 1 + rng.below(3); n > 0; --n) {
          at += 3 + static_cast<std::int64_t>(
                        rng.below(static_cast<std::uint64_t>(work.last - work.first) * 6));
          share->kill_at.push_back(at);
        }
      }
      shares_.push_back(std::move(share));
    }
  }

  // On the server's threads.
  void on_request(int run) {
    const auto index = static_cast<std::size_t>(run / o_.share);
    if (index >= shares_.size()) return;
    Share& share = *shares_[index];
    const std::int64_t count = ++share.requests;
    for (const std::int64_t at : share.kill_at) {
      const int pid = share.pid;
      if (count != at || pid <= 0) continue;
      share.killed++;
      ::kill(pid, SIGKILL);
    }
  }

  bool start(Share& share) {
    const WorkOptions& w = share.work;
    ProcessOptions process;
    process.argv = {std::filesystem::read_symlink("/proc/self/exe").string(),
                    "work",
                    w.sop.string(),
                    w.folder.string(),
                    std::to_string(w.port),
                    std::to_string(w.first),
                    std::to_string(w.last),
                    std::to_string(w.tight_from),
                    std::to_string(w.in_flight),
                    std::to_string(w.attempts),
                    std::to_string(w.seed)};
    process.env = {"PATH=/usr/bin:/bin"};
    auto child = ChildProcess::start(process);
    if (!child) {
      problems_.push_back(child.error().describe());
      return false;
    }
    share.pid = child->pid();
    share.child.emplace(std::move(*child));
    return true;
  }

  void run_shares() {
    std::vector<Share*> active;
    std::size_t next = 0;
    while (next < shares_.size() || !active.empty()) {
      while (next < shares_.size() && static_cast<int>(active.size()) < o_.at_once) {
        Share& share = *shares_[next++];
        share.begun = Steady::now();
        if (start(share)) active.push_back(&share);
      }
      for (Share* share : active) look_at(*share);
      std::erase_if(active, [](const Share* share) { return share->over; });
    }
  }

  void look_at(Share& share) {
    const bool ended = share.child->wait(Milliseconds(20));
    if (!ended && Steady::now() - share.begun < std::chrono::seconds(kHangSeconds)) return;
    share.pid = 0;
    if (!ended) hangs_++;
    const ProcessResult result = share.child->finish();
    share.child.reset();
    if (ended && result.signal == SIGKILL) {
      kills_++;
      share.over = !start(share);
      return;
    }
    share.over = true;
    if (result.exit_code != 0) {
      problems_.push_back(fmt::format("a process ended with {} (signal {}): {}", result.exit_code,
                                      result.signal, result.err));
    }
  }

  void print_faults(const FaultServer& server, double seconds) const {
    const auto faults = server.faults();
    std::int64_t failed = 0;
    for (std::size_t i = 0; i < kFaultKinds; ++i) failed += faults[i];
    const std::int64_t all = std::max<std::int64_t>(failed + faults[kFaultKinds], 1);
    fmt::print("fault runs: seed {}, {} % of requests fail, {} attempts a call, {} processes, {} "
               "kills; {:.1f} s\n\n",
               o_.seed, o_.rate, o_.attempts > 0 ? o_.attempts : net::kUnattendedAttempts,
               shares_.size(), kills_, seconds);
    fmt::print("| fault | requests |\n| --- | ---: |\n");
    for (std::size_t i = 0; i < kFaultKinds; ++i) {
      fmt::print("| {} | {} |\n", to_string(static_cast<FaultKind>(i)), faults[i]);
    }
    fmt::print("| all faults | {} of {} requests ({:.1f} %) |\n\n", failed, all,
               percent(failed, all));
  }

  static double percent(std::int64_t part, std::int64_t whole) {
    return whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0;
  }

  void print_tally(const Tally& t) const {
    fmt::print("| what | figure |\n| --- | ---: |\n");
    fmt::print("| runs complete | {} of {} ({:.2f} %) |\n", t.complete, t.runs,
               percent(t.complete, t.runs));
    fmt::print("| … without being resumed because a model did not answer | {} ({:.2f} %) |\n",
               t.without_help, percent(t.without_help, t.runs));
    fmt::print("| runs resumed, in another process or because a model did not answer | {} |\n",
               t.resumed);
    fmt::print("| handoffs requested, accepted, refused | {}, {}, {} |\n", t.handoffs.requested,
               t.handoffs.accepted, t.handoffs.refused);
    fmt::print("| handoffs accepted and finished in the end | {} ({:.2f} %) |\n", t.finished,
               percent(t.finished, t.handoffs.requested));
    fmt::print("| … in the same round, no gate having sent the work back | {} |\n",
               t.handoffs.completed);
    fmt::print("| requests; failed in transport, so tried again | {}; {} |\n", t.requests,
               t.retries);
    fmt::print("| model and tool calls finished | {} |\n", t.commands);
    fmt::print("| … begun again after a stop, not having ended | {} |\n", t.begun_again);
    fmt::print("| … repeated after they had ended | {} |\n", t.repeated);
    fmt::print("| external calls whose effect is unknown, told to the agent | {} |\n", t.unknown);
    fmt::print("| hangs; longest run | {}; {:.2f} s |\n", hangs_, t.longest_s);
    fmt::print("| runs with a tight budget; ended by it | {}; {} |\n", t.tight, t.tight_ended);
    fmt::print("| most beyond a budget: calls; tokens | {}; {} |\n", t.calls_over, t.tokens_over);
    fmt::print("| tokens settled; charged, for broken and lost replies too | {}; {} |\n", t.settled,
               t.charged);
  }

  int report(const Tally& t, const FaultServer& server, double seconds) const {
    print_faults(server, seconds);
    print_tally(t);
    for (const std::string& what : t.wrong) fmt::print("wrong: {}\n", what);
    if (server.strays() > 0) fmt::print("wrong: {} strange requests\n", server.strays());
    // All six attempts of a call fail once in 15,000 calls by what is drawn alone: of few runs, one
    // may need help.
    const auto helped = t.runs - t.without_help;
    const bool good = percent(t.complete, t.runs) >= 99 &&
                      (helped <= 1 || percent(t.without_help, t.runs) >= 99) &&
                      percent(t.finished, t.handoffs.requested) >= 99.5 && t.repeated == 0 &&
                      hangs_ == 0 && t.calls_over <= 0 && t.tokens_over <= 0 &&
                      contradictions(t) == 0 && server.strays() == 0;
    fmt::print("goals {}\n", good ? "reached" : "NOT reached");
    return good ? 0 : 1;
  }

  // What is wrong beside runs that were not completed: of these one in a hundred is allowed.
  static std::int64_t contradictions(const Tally& t) {
    return std::ssize(t.wrong) - (t.runs - t.complete);
  }

  const Options o_;
  const std::filesystem::path folder_;
  std::vector<std::unique_ptr<Share>> shares_;
  std::vector<std::string> problems_;
  int kills_ = 0, hangs_ = 0;
};

int child(std::span<char*> words) {
  WorkOptions w;
  if (words.size() != 9) return 2;
  w.sop = words[0];
  w.folder = words[1];
  const bool good = read_number(words[2], w.port) && read_number(words[3], w.first) &&
                    read_number(words[4], w.last) && read_number(words[5], w.tight_from) &&
                    read_number(words[6], w.in_flight) && read_number(words[7], w.attempts) &&
                    read_number(words[8], w.seed);
  return good ? work(w) : 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::span words(argv + 1, static_cast<std::size_t>(argc - 1));
  if (!words.empty() && std::string_view(words[0]) == "work") return child(words.subspan(1));
  Options options;
  if (!read(words, options)) return 2;
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("cadre-fault-runs.{}", ::getpid());
  std::filesystem::create_directories(folder);
  const int code = Drill(options, folder).run();
  if (options.keep) {
    fmt::print("journals: {}\n", folder.string());
  } else {
    std::filesystem::remove_all(folder);
  }
  return code;
}
