// runs, show, report: views of the journal.
#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"
#include "cli/approve_command.h"
#include "cli/commands.h"
#include "core/apply.h"
#include "runtime/runner.h"
#include "trace/report.h"
#include "trace/spans.h"
#include "workshop/journal_access.h"

namespace cadre::cli {
namespace {

constexpr std::size_t kShownFile = 4000;

struct Loaded {
  RunInfo info;
  Journal journal;
  std::vector<Approval> waiting;  // what a person has to decide
};

// What the gate's failure would be blamed on, when its stage did not make that itself.
std::string blamed_by(const RunState& state, const Approval& approval) {
  for (const StageSpec& stage : state.plan->stages) {
    for (const GateSpec& gate : stage.gates) {
      if (approval.subject == fmt::format("gate:{}/{}", stage.id, gate.name) &&
          std::ranges::find(stage.makes, gate.blame) == stage.makes.end())
        return gate.blame;
    }
  }
  return {};
}

// Puts what is to be decided about in the place of its address: data, and the files' contents.
Approval with_artifacts(Store& store, const RunState& state, Approval approval) {
  if (!approval.details.is_object()) return approval;
  JsonArray entries = json::get_array(approval.details, "artifacts");
  if (const auto at = state.artifacts.find(blamed_by(state, approval));
      at != state.artifacts.end())
    entries.push_back(JsonObject{{"type", at->first}, {"blob", at->second.blob}});
  if (entries.empty()) return approval;
  for (Json& entry : entries) {
    auto blob = store.get_blob(json::get_string(entry, "blob"));
    auto read = blob ? json::parse(*blob) : Result<Json>(std::unexpected(blob.error()));
    if (!read || !read->is_object() || !entry.is_object()) continue;  // the address is left
    for (const char* key : {"data", "files"}) {
      if (const Json* part = json::find(*read, key)) entry.get_object()[key] = *part;
    }
  }
  approval.details.get_object()["artifacts"] = std::move(entries);
  return approval;
}

std::string artifact_lines(const std::vector<Approval>& waiting) {
  std::string out;
  for (const Approval& approval : waiting) {
    for (const Json& entry : json::get_array(approval.details, "artifacts")) {
      const Json* data = json::find(entry, "data");
      if (data == nullptr) continue;
      out += fmt::format("\n{}: {}\n{}", approval.id, json::get_string(entry, "type"),
                         json::write_pretty(*data));
      for (const Json& file : json::get_array(entry, "files")) {
        const std::string content = json::get_string(file, "content");
        out += fmt::format("{}: {}\n{}", approval.id, json::get_string(file, "path"),
                           text::clean_utf8(text::shorten(content, kShownFile)));
        if (!out.ends_with('\n')) out += '\n';
      }
    }
  }
  return out;
}

Result<Loaded> load(const RunReference& reference) {
  auto store = workshop::open_journal(reference.state, true);
  if (!store) return propagate(store);
  auto info = workshop::find_run(**store, reference.run);
  if (!info) return propagate(info);
  auto journal = (*store)->read(info->run);
  if (!journal) return propagate(journal);
  Loaded loaded{std::move(*info), std::move(*journal), {}};
  loaded.waiting = agent_approvals(**store, loaded.info);
  // A damaged journal is shown as far as it reads; nothing can be decided about it.
  if (auto state = load_state(**store, loaded.info.run)) {
    for (const Approval* approval : pending_approvals(*state))
      loaded.waiting.push_back(with_artifacts(**store, *state, *approval));
  }
  return loaded;
}

// The readable part is shown whatever happened to the rest; the damage is said on stderr and in
// the exit code.
int finish(const Console& console, const Journal& journal) {
  if (!journal.damage) return kDone;
  console.warn(journal.damage->describe());
  return kInternalError;
}

std::string event_line(const Event& event) {
  return fmt::format("{:>5} {:>5} {}  {:<18} {:<16} {}\n", event.seq, event.parent,
                     format_utc(event.time_us), to_string(event.kind), event.actor,
                     text::shorten(json::write(event.body), 160));
}

}  // namespace

int runs_command(const Console& console, const std::filesystem::path& state) {
  auto store = workshop::open_journal(state, true);
  if (!store) return report_error(console, store.error());
  auto runs = (*store)->list_runs();
  if (!runs) return report_error(console, runs.error());
  if (console.json) {
    JsonArray rows;
    for (const RunInfo& info : *runs) {
      rows.push_back(JsonObject{{"run", info.run},
                                {"status", info.status},
                                {"exit_code", info.exit_code},
                                {"title", info.title},
                                {"sop", info.plan},
                                {"model", info.provider},
                                {"out", info.out_dir},
                                {"started", format_utc(info.created_us)}});
    }
    console.print(json::write_pretty(rows));
    return kDone;
  }
  if (runs->empty()) console.print("no runs yet\n");
  for (const RunInfo& info : *runs) {
    console.print(fmt::format("{}  {:<11}  {}  {}\n", info.run, info.status,
                              format_utc(info.created_us), text::shorten(info.title, 60)));
  }
  return kDone;
}

int show_command(const Console& console, const ShowArguments& arguments) {
  auto loaded = load(arguments.reference);
  if (!loaded) return report_error(console, loaded.error());
  const std::vector<Event>& events = loaded->journal.events;
  if (arguments.events) {
    if (console.json) {
      JsonArray rows;
      for (const Event& event : events) rows.push_back(to_json(event));
      console.print(json::write_pretty(rows));
    } else {
      for (const Event& event : events) console.print(event_line(event));
    }
    return finish(console, loaded->journal);
  }
  if (arguments.trace) {
    const Trace trace = make_trace(events);
    console.print(console.json ? json::write_pretty(to_json(trace)) : render_trace(trace));
    return finish(console, loaded->journal);
  }
  const RunReport report = make_report(events);
  const std::string status = report.status == "running" ? loaded->info.status : report.status;
  if (console.json) {
    Json body = to_json(report);
    body.get_object()["status"] = status;
    body.get_object()["out"] = loaded->info.out_dir;
    if (!loaded->waiting.empty()) {
      JsonArray waits;
      for (const Approval& approval : loaded->waiting) waits.push_back(to_json(approval));
      body.get_object()["waiting"] = std::move(waits);
    }
    console.print(json::write_pretty(body));
    return finish(console, loaded->journal);
  }
  std::string out = fmt::format(
      "run      {}\nbrief    {}\nstatus   {}\nstarted  {}\nout      {}\n\n", report.run,
      loaded->info.title, status, format_utc(report.start_us), loaded->info.out_dir);
  for (const Event& event : events) {
    const std::string stage = json::get_string(event.body, "stage");
    const auto round = json::get_int(event.body, "round", 1);
    if (event.kind == EventKind::kStageEnded) {
      out += fmt::format("stage {:<14} round {}  {}\n", stage, round,
                         json::get_string(event.body, "status"));
    } else if (event.kind == EventKind::kGateEnded) {
      const Json* measured = json::find(event.body, "measured");
      out += fmt::format("  gate {:<22} {}  {}\n", json::get_string(event.body, "gate"),
                         json::get_bool(event.body, "passed") ? "passed" : "FAILED",
                         measured == nullptr ? "" : text::shorten(json::write(*measured), 120));
      for (const Json& finding : json::get_array(event.body, "findings")) {
        out += fmt::format("       {}\n", json::get_string(finding, "message"));
      }
    }
  }
  const std::string waits =
      waiting_lines(loaded->info.run, loaded->waiting, arguments.reference.state,
                    loaded->info.plan != "agents");
  console.print(out + (waits.empty() ? "" : "\n" + waits) + artifact_lines(loaded->waiting));
  return finish(console, loaded->journal);
}

int report_command(const Console& console, const RunReference& reference) {
  auto loaded = load(reference);
  if (!loaded) return report_error(console, loaded.error());
  const RunReport report = make_report(loaded->journal.events);
  console.print(console.json ? json::write_pretty(to_json(report)) : render_report(report));
  return finish(console, loaded->journal);
}

}  // namespace cadre::cli
