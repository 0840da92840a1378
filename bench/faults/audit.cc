#include "faults/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "runtime/runner.h"
#include "store/sqlite_store.h"

namespace cadre::bench {
namespace {

struct Commands {
  std::map<std::string, int> begun, ended;  // by key
  std::map<std::string, int> tool_begun;    // by "run stage#round/task/call"
  std::int64_t again = 0, repeated = 0, model_again = 0, unknown = 0, tokens = 0;
};

Commands commands_of(const std::vector<Event>& events) {
  Commands all;
  for (const Event& event : events) {
    const bool tool =
        event.kind == EventKind::kToolCallStarted || event.kind == EventKind::kToolCallEnded;
    const bool model =
        event.kind == EventKind::kModelCallStarted || event.kind == EventKind::kModelCallEnded;
    if (!tool && !model) continue;
    const std::string key = json::get_string(event.body, "key");
    const bool start = event.kind == EventKind::kToolCallStarted ||
                       event.kind == EventKind::kModelCallStarted;
    if (!start) {
      all.repeated += all.ended[key]++ > 0 ? 1 : 0;
      if (const Json* value = json::find(event.body, "value"); tool && value != nullptr) {
        all.unknown += json::get_string(*value, "code") == "unknown" ? 1 : 0;
      }
      if (const Json* tokens = json::find(event.body, "tokens")) {
        const Usage usage = usage_from_json(*tokens);
        all.tokens += usage.input_tokens.value_or(0) + usage.output_tokens.value_or(0);
      }
      continue;
    }
    if (all.ended.contains(key)) all.repeated++;
    if (all.begun[key]++ > 0) {
      all.again++;
      all.model_again += model ? 1 : 0;
    }
    if (tool) {
      all.tool_begun[fmt::format("{} {}#{}/{}/{}", event.run, json::get_string(event.body, "stage"),
                                 json::get_int(event.body, "round"),
                                 json::get_string(event.body, "task"),
                                 json::get_string(event.body, "call"))]++;
    }
  }
  return all;
}

// "note_part RUN PLACE": how often each was done, as the world saw it.
std::map<std::string, std::pair<std::string, int>> done_tools(const std::filesystem::path& file) {
  std::map<std::string, std::pair<std::string, int>> counts;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t at = line.find(' ');
    auto& entry = counts[line.substr(at + 1)];
    entry.first = line.substr(0, at);
    entry.second++;
  }
  return counts;
}

// Handoffs that were accepted and whose stage is done in the end: also when it was sent back by a
// gate in between.
int finished_in_the_end(const std::vector<Event>& events, const RunState& state) {
  int count = 0;
  for (const Event& event : events) {
    if (event.kind != EventKind::kHandoffAccepted) continue;
    const std::string id = json::get_string(event.body, "stage");
    for (std::size_t i = 0; i < state.stages.size(); ++i) {
      if (state.plan->stages[i].id == id && state.stages[i].status == StageStatus::kDone) ++count;
    }
  }
  return count;
}

struct Lines {
  std::vector<Json> passes;
};

std::map<int, Lines> results(const std::filesystem::path& file) {
  std::map<int, Lines> all;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    auto parsed = json::parse(line);
    if (parsed) all[static_cast<int>(json::get_int(*parsed, "run"))].passes.push_back(*parsed);
  }
  return all;
}

class Auditor {
 public:
  Auditor(const WorkOptions& options, Store& store, Tally& tally)
      : o_(options), store_(store), t_(tally), done_(done_tools(tools_file(options.folder))) {}

  void one(int run, const Lines& lines, const ServedRun& served) {
    auto journal = store_.read(run_id(run));
    auto state = load_state(store_, run_id(run));
    if (!journal || !state || journal->damage) {
      return wrong(run, "its journal cannot be read");
    }
    if (lines.passes.empty()) return wrong(run, "it never came to an end");
    const Commands commands = commands_of(journal->events);
    t_.commands += std::ssize(commands.ended);
    t_.begun_again += commands.again;
    t_.repeated += commands.repeated;
    t_.unknown += commands.unknown;
    if (commands.repeated > 0) wrong(run, "a finished command was repeated");
    if (served.repeated > commands.model_again) {
      wrong(run, fmt::format("the server answered {} requests twice, {} were begun again",
                             served.repeated, commands.model_again));
    }
    tools(run, commands);
    t_.requests += served.requests;
    t_.retries += served.faults;
    t_.charged += served.tokens;
    t_.settled += commands.tokens;
    budget(run, lines);
    for (const Json& pass : lines.passes) {
      t_.longest_s = std::max(t_.longest_s, json::get_double(pass, "seconds"));
    }
    if (run < o_.tight_from) ending(run, lines, journal->events, *state);
  }

 private:
  void wrong(int run, std::string_view what) {
    t_.wrong.push_back(fmt::format("{}: {}", run_id(run), what));
  }

  // What the world saw was meant, and external effects came once.
  void tools(int run, const Commands& commands) {
    for (const auto& [place, done] : done_) {
      if (!place.starts_with(run_id(run) + " ")) continue;
      const auto begun = commands.tool_begun.find(place);
      if (begun == commands.tool_begun.end()) {
        wrong(run, fmt::format("{} was done without an intent", place));
      } else if (done.second > begun->second) {
        wrong(run, fmt::format("{} was done {} times, begun {} times", place, done.second,
                               begun->second));
      } else if (done.first == "publish" && done.second > 1) {
        wrong(run, fmt::format("the external effect {} came {} times", place, done.second));
      }
    }
  }

  void budget(int run, const Lines& lines) {
    const Json& last = lines.passes.back();
    const std::int64_t calls =
        json::get_int(last, "calls") - json::get_int(last, "calls_limit");
    const std::int64_t tokens =
        json::get_int(last, "tokens") - json::get_int(last, "tokens_limit");
    t_.calls_over = std::max(t_.calls_over, calls);
    t_.tokens_over = std::max(t_.tokens_over, tokens);
    if (run < o_.tight_from) return;
    t_.tight++;
    const std::string status = json::get_string(last, "status");
    if (status == "budget") {
      t_.tight_ended++;
    } else if (status != "done") {
      wrong(run, fmt::format("its tight budget ended it as {}: {}", status,
                             json::get_string(last, "why")));
    }
  }

  void ending(int run, const Lines& lines, const std::vector<Event>& events,
              const RunState& state) {
    t_.runs++;
    const bool done = state.status == "done";
    const auto paused = std::ranges::count_if(lines.passes, [](const Json& pass) {
      return json::get_string(pass, "status") == "paused";
    });
    t_.statuses[state.status]++;
    t_.complete += done ? 1 : 0;
    t_.without_help += done && paused == 0 ? 1 : 0;
    t_.paused += static_cast<int>(paused);
    t_.resumed += std::ranges::any_of(lines.passes, [](const Json& pass) {
      return json::get_bool(pass, "resumed");
    }) ? 1 : 0;
    t_.handoffs.requested += state.handoffs.requested;
    t_.handoffs.accepted += state.handoffs.accepted;
    t_.handoffs.refused += state.handoffs.refused;
    t_.handoffs.completed += state.handoffs.completed;
    t_.finished += finished_in_the_end(events, state);
    if (!done) {
      wrong(run, fmt::format("ended as {}: {}", state.status,
                             json::get_string(lines.passes.back(), "why")));
    }
    for (const Json& pass : lines.passes) {
      if (json::get_string(pass, "status") == "error") {
        wrong(run, json::get_string(pass, "why"));
      }
    }
  }

  const WorkOptions& o_;
  Store& store_;
  Tally& t_;
  std::map<std::string, std::pair<std::string, int>> done_;
};

}  // namespace

void audit(const WorkOptions& options, const std::map<int, ServedRun>& served, Tally& tally) {
  auto store = open_sqlite_store(journal_file(options.folder), {.create = false});
  if (!store) {
    tally.wrong.push_back(store.error().describe());
    return;
  }
  const auto lines = results(results_file(options.folder));
  Auditor auditor(options, **store, tally);
  for (int run = options.first; run < options.last; ++run) {
    const auto at = lines.find(run);
    const auto seen = served.find(run);
    auditor.one(run, at == lines.end() ? Lines{} : at->second,
                seen == served.end() ? ServedRun{} : seen->second);
  }
}

}  // namespace cadre::bench
