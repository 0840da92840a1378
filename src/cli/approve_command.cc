#include "cli/approve_command.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "cadre/decide.h"
#include "core/apply.h"
#include "runtime/decide.h"
#include "workshop/journal_access.h"
#include "workshop/run_lock.h"

namespace cadre::cli {
namespace {

std::string at_state(const std::filesystem::path& state) {
  return state == RunReference().state ? "" : fmt::format(" --state {}", state.string());
}

Approval approval_of(const WaitingCall& call) {
  Approval approval;
  approval.id = call.key;
  approval.what = call.question ? "question" : "tool";
  approval.subject = (call.question ? "question:" : "tool:") +
                     (call.question ? call.agent : call.tool);
  approval.role = call.agent;
  approval.question = fmt::format("may {} call {}?", call.agent, call.tool);
  if (const auto arguments = json::parse(call.arguments)) {
    if (call.question) approval.question = json::get_string(*arguments, "question");
    approval.details = JsonObject{{"arguments", *arguments}, {"call_id", call.call_id}};
  }
  return approval;
}

// Of a run of agents: who goes on with it is the program that has them.
Result<Decided> decide_agents(Store& store, const std::string& run,
                              const ApproveArguments& arguments) {
  if (arguments.resume) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("run {} is of a program with agents of its own: only that program can "
                            "go on with it",
                            run),
                "decide without --resume; the program's cadre::resume() finds the decision");
  }
  CallDecision decision;
  decision.call = arguments.key;
  decision.answers = arguments.verb == "answer";
  decision.approved = arguments.verb == "approve";
  decision.message = arguments.message;
  decision.always = arguments.always;
  SystemClock clock;
  auto decided = decide_call(store, clock, run, decision);
  if (!decided) return propagate(decided);
  Decided result{approval_of(decided->call), decided->still_waiting};
  result.approval.decision = Decision{decision.approved || decision.answers, decision.message,
                                      decision.by};
  return result;
}

Result<Decided> decide(const RunReference& reference, const ApproveArguments& arguments,
                       std::string& run, bool& of_agents) {
  auto store = workshop::open_journal(reference.state, false);
  if (!store) return propagate(store);
  auto info = workshop::find_run(**store, reference.run);
  if (!info) return propagate(info);
  run = info->run;
  auto lock = workshop::RunLock::take(reference.state, run);
  if (!lock) return propagate(lock);
  of_agents = info->plan == "agents";
  if (of_agents) return decide_agents(**store, run, arguments);
  DecideOptions options;
  options.key = arguments.key;
  options.approved = arguments.verb != "reject";
  options.answers = arguments.verb == "answer";
  options.message = arguments.message;
  options.always = arguments.always;
  SystemClock clock;
  return decide_approval(**store, clock, run, options);
}

}  // namespace

std::vector<Approval> agent_approvals(Store& store, const RunInfo& info) {
  std::vector<Approval> approvals;
  if (info.plan != "agents") return approvals;
  const auto waits = waiting_calls(store, info.run);
  if (!waits) return approvals;
  for (const WaitingCall& call : *waits) approvals.push_back(approval_of(call));
  return approvals;
}

std::string waiting_lines(const std::string& run, const std::vector<Approval>& waiting,
                          const std::filesystem::path& state, bool resumable) {
  std::string out;
  const char* go_on = resumable ? " --resume" : "";
  const std::string where = at_state(state);
  for (const Approval& approval : waiting) {
    out += "waits       " + describe(approval) + "\n";
    if (approval.what == "question") {
      out += fmt::format("              cadre answer {} {} \"TEXT\"{}{}\n", run, approval.id, where,
                         go_on);
    } else {
      out += fmt::format(
          "              cadre approve {0} {1}{2}{3}    or    cadre reject {0} {1} --message "
          "\"WHY\"{2}{3}\n",
          run, approval.id, where, go_on);
    }
  }
  return out;
}

int approve_command(const Console& console, const RunReference& reference,
                    const ApproveArguments& arguments, const ResumeArguments& resume) {
  std::string run;
  bool of_agents = false;
  const auto decided = decide(reference, arguments, run, of_agents);
  if (!decided) {
    // Nothing is broken: what was asked for does not fit how the run stands.
    return decided.error().code == ErrorCode::kConflict ||
                   decided.error().code == ErrorCode::kInvalidInput
               ? report_error(console, decided.error(), kUsage)
               : report_error(console, decided.error());
  }
  const Approval& approval = decided->approval;
  if (arguments.resume) {
    RunReference same = reference;
    same.run = run;
    return resume_command(console, same, resume);
  }
  if (console.json) {
    JsonObject body{{"run", run}, {"still_waiting", decided->still_waiting}};
    body["decided"] = to_json(approval);
    console.print(json::write_pretty(body));
    return kDone;
  }
  console.print(fmt::format("{} {} ({})\n", approval.id,
                            approval.what == "question" && arguments.verb == "answer" ? "answered"
                            : approval.decision->approved                             ? "approved"
                                                                                      : "rejected",
                            approval.subject));
  console.print(
      decided->still_waiting > 0
          ? fmt::format("{} more wait: cadre show {}{}\n", decided->still_waiting, run,
                        at_state(reference.state))
      : of_agents
          ? fmt::format("its program goes on with it: at once when it waits, else by "
                        "cadre::resume(team, \"{}\", …)\n",
                        run)
          : fmt::format("go on with: cadre resume {}{}\n", run, at_state(reference.state)));
  return kDone;
}

void add_approve_commands(CLI::App& app, Console& console, RunReference& reference,
                          ApproveArguments& arguments, ResumeArguments& resume,
                          std::function<int()>& action) {
  const auto add = [&](const char* verb, const char* help) {
    CLI::App* command = app.add_subcommand(verb, help);
    command->add_option("RUN", reference.run, "run id, a unique beginning of it, or \"last\"")
        ->capture_default_str();
    command->add_option("--state", reference.state, "folder of the journal")->capture_default_str();
    command->add_flag("--json", console.json, "JSON on standard output");
    command->add_flag("--resume", arguments.resume, "go on with the run at once");
    command->add_option("--model", resume.model, "with --resume: who thinks (default: as before)");
    command->add_option("--policy", resume.policy, "with --resume: file of rules that approve");
    command->add_flag("--no-sandbox", resume.no_sandbox, "with --resume: as in run");
    command->add_flag_function(
        "--memory,!--no-memory", [&resume](std::int64_t n) { resume.memory = n > 0; },
        "with --resume: as in run");
    command->add_flag("--quiet", console.quiet, "with --resume: only the final summary");
    command->callback([&, verb] {
      action = [&, verb] {
        arguments.verb = verb;
        return approve_command(console, reference, arguments, resume);
      };
    });
    return command;
  };
  CLI::App* approve = add("approve", "allow what a run waits for");
  approve->add_option("KEY", arguments.key,
                      "which, as `cadre show` names it (default: the only one)");
  approve->add_flag("--always", arguments.always,
                    "and whatever the run asks of the same kind later");
  CLI::App* reject = add("reject", "forbid what a run waits for; the agent reads why");
  reject->add_option("KEY", arguments.key,
                     "which, as `cadre show` names it (default: the only one)");
  reject->add_option("--message", arguments.message, "why, for the agent")->required();
  CLI::App* answer = add("answer", "answer an agent's question");
  answer->add_option("KEY", arguments.key, "which, as `cadre show` names it")->required();
  answer->add_option("TEXT", arguments.message, "the answer")->required();
}

}  // namespace cadre::cli
