#include "workshop/sop_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "core/apply.h"
#include "net/http_client.h"
#include "offline/engine.h"
#include "policy/budgeted_model.h"
#include "policy/model_chain.h"
#include "runtime/decide.h"
#include "runtime/model_provider.h"
#include "runtime/tools/repository.h"
#include "sop/problem.h"
#include "store/sqlite_store.h"
#include "workshop/inputs.h"
#include "workshop/journal_access.h"
#include "workshop/result_files.h"
#include "workshop/sop_result.h"

namespace cadre::workshop {
namespace {

// Each role's own mind, and one for the rest.
class RoleMinds final : public Provider {
 public:
  RoleMinds(std::string name, std::shared_ptr<Provider> rest,
            std::map<std::string, std::shared_ptr<Provider>> minds)
      : name_(std::move(name)), rest_(std::move(rest)), minds_(std::move(minds)) {}

  std::string name() const override { return name_; }
  CapabilityAnswer can(const Task& task) const override { return of(task).can(task); }
  Result<Turn> next(const Task& task, std::span<const ToolResult> results,
                    std::stop_token stop) override {
    return of(task).next(task, results, std::move(stop));
  }

 private:
  Provider& of(const Task& task) const {
    const auto at = minds_.find(task.role);
    return at == minds_.end() ? *rest_ : *at->second;
  }

  const std::string name_;
  const std::shared_ptr<Provider> rest_;
  const std::map<std::string, std::shared_ptr<Provider>> minds_;
};

constexpr std::string_view kOffline = "offline";

std::unexpected<Error> bad(std::string message, std::string hint = {}) {
  return fail(ErrorCode::kInvalidInput, std::move(message), std::move(hint));
}

Result<void> check_options(const SopRunOptions& options) {
  if (options.journal.store && !options.journal.folder.empty())
    return bad("SopJournal has a store and a folder", "give one of them");
  if (options.mind && (options.model || !options.role_models.empty()))
    return bad("SopRunOptions has a mind and a model", "give one of them");
  if (!options.documents.empty() && options.input)
    return bad("SopRunOptions has documents and an input", "give one of them");
  if (!options.parameters.is_object()) return bad("SopRunOptions::parameters is not an object");
  for (const auto& [role, model] : options.role_models) {
    if (model == nullptr) return bad(fmt::format("the model of the role \"{}\" is null", role));
  }
  const SopLimits& limits = options.limits;
  if (limits.max_cost.value_or(0) < 0 || limits.max_tokens.value_or(0) < 0 ||
      limits.max_calls.value_or(0) < 0 || limits.max_time.count() < 0 ||
      limits.max_time > std::chrono::hours(24 * 365))
    return bad("a limit of SopLimits is below zero, or over a year");
  return {};
}

Result<void> check_plan(const Plan& plan, const SopRunOptions& options) {
  if (plan.input == kRepositoryArtifact) {
    return bad(
        fmt::format("the SOP {} changes a repository, and only the command line prepares one",
                    plan.name),
        "cadre run --on DIR, cadre resume");
  }
  std::vector<std::string> roles, tools = tool_names();
  for (const AgentConfig& agent : plan.agents) roles.push_back(agent.role);
  for (const auto& [role, model] : options.role_models) {
    if (std::ranges::find(roles, role) == roles.end())
      return bad(fmt::format("the SOP {} has no role \"{}\"", plan.name, role),
                 "its roles: " + text::join(roles, ", "));
  }
  for (const auto& tool : options.tools.all()) tools.push_back(tool->name());
  for (const AgentConfig& agent : plan.agents) {
    for (const std::string& tool : agent.tools) {
      if (std::ranges::find(tools, tool) != tools.end()) continue;
      const std::string meant = did_you_mean(tool, tools);
      return bad(
          fmt::format("the role {} lists the tool \"{}\", and there is none", agent.role, tool),
          meant.empty() ? "add it to SopRunOptions::tools"
                        : fmt::format("\"{}\" is there; or add it to SopRunOptions::tools", meant));
    }
  }
  return {};
}

// The plan with what the program's tools say about asking a person.
std::shared_ptr<const Plan> with_approvals(const std::shared_ptr<const Plan>& plan,
                                           const SopTools& tools) {
  if (tools.asked_for().empty()) return plan;
  Plan asked = *plan;
  for (AgentConfig& agent : asked.agents) {
    for (const std::string& tool : tools.asked_for()) {
      const auto has = [&](const std::vector<std::string>& names) {
        return std::ranges::find(names, tool) != names.end();
      };
      if (has(agent.tools) && !has(agent.approvals)) agent.approvals.push_back(tool);
    }
  }
  return std::make_shared<const Plan>(std::move(asked));
}

Result<std::optional<Artifact>> input_of(const Plan& plan, const SopRunOptions& options) {
  if (options.input) {
    if (plan.input.empty())
      return bad(fmt::format("the SOP {} takes nothing beside the brief", plan.name),
                 "leave SopRunOptions::input away");
    return Artifact{plan.input, *options.input, {}};
  }
  std::vector<Document> documents;
  for (const SopDocument& document : options.documents)
    documents.push_back({document.title, document.text});
  auto artifact = documents_artifact(plan, documents);
  if (artifact && !*artifact && !plan.input.empty())
    return bad(fmt::format("the SOP {} works from {}, and none were given", plan.name, plan.input),
               "give them with SopRunOptions::documents, or as SopRunOptions::input");
  return artifact;
}

// Who answers, each named once, in the order of the stages: "offline", "openai:gpt-5+scripted".
std::string names_of_minds(const Plan& plan, const SopRunOptions& options) {
  if (options.mind) return options.mind->name();
  std::vector<std::string> names;
  for (const StageSpec& stage : plan.stages) {
    const auto own = options.role_models.find(stage.role);
    const std::string name = own != options.role_models.end() ? own->second->name()
                             : options.model                  ? options.model->name()
                                                              : std::string(kOffline);
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return text::join(names, "+");
}

// Whether the offline engine does any stage.
bool is_offline(const Plan& plan, const SopRunOptions& options) {
  return !options.mind && !options.model &&
         std::ranges::any_of(plan.stages, [&](const StageSpec& stage) {
           return !options.role_models.contains(stage.role);
         });
}

RunLimits limits_of(const SopLimits& limits) {
  return {limits.max_cost, limits.max_tokens, limits.max_calls,
          static_cast<int>(limits.max_time.count())};
}

bool is_open(const RunState& state) {
  return state.status == "running" || state.status == "interrupted" || state.status == "waiting";
}

// A subscriber that throws is not told anything more.
Subscriber guarded(std::function<void(const Event&)> on_event) {
  return [on_event = std::move(on_event)](const Event& event) mutable {
    if (!on_event) return;
    try {
      on_event(event);
    } catch (...) {
      on_event = nullptr;
    }
  };
}

Result<std::filesystem::path> full_path(const std::filesystem::path& path) {
  if (path.empty()) return path;
  std::error_code error;
  auto full = std::filesystem::absolute(path, error).lexically_normal();
  if (error) return fail(ErrorCode::kIo, fmt::format("cannot find {}", path.string()));
  return full;
}

}  // namespace

Result<std::shared_ptr<Store>> open_sop_journal(const SopJournal& journal, bool create) {
  if (journal.store) return journal.store;
  if (!journal.folder.empty())
    return create ? create_journal(journal.folder) : open_journal(journal.folder, false);
  if (create) return std::shared_ptr<Store>(make_memory_store());
  return bad("SopJournal names neither a store nor a folder", "say where the run is kept");
}

Result<std::shared_ptr<Model>> SopWork::budgeted(std::shared_ptr<Model> model) const {
  static const std::shared_ptr<const policy::PriceTable> kShipped(&policy::PriceTable::shipped(),
                                                                  [](const policy::PriceTable*) {});
  const auto prices = options_.prices ? options_.prices : kShipped;
  const policy::PriceKey key = policy::price_key(model->name());
  const bool money = limits_.max_cost || (options_.budget && options_.budget->left().money);
  if (money && prices->find(key.provider, key.model) == nullptr) {
    return bad(fmt::format("the price of {} is not known, so a limit of money cannot be kept",
                           model->name()),
               fmt::format("name it in SopRunOptions::prices (provider \"{}\", model \"{}\"), or "
                           "limit tokens",
                           key.provider, key.model));
  }
  return policy::make_budgeted_model(
      std::move(model),
      {.spending = spending_, .prices = prices, .provider = key.provider, .model = key.model});
}

Result<std::shared_ptr<Provider>> SopWork::mind(const std::shared_ptr<ToolRegistry>& tools) {
  spending_ = std::make_shared<policy::Spending>(spending_limits(limits_), options_.budget);
  if (options_.mind) return options_.mind;
  std::shared_ptr<Provider> rest = make_offline_provider();
  if (options_.model) {
    auto model = budgeted(options_.model);
    if (!model) return propagate(model);
    rest = make_model_provider(std::move(*model), tools);
  }
  std::map<std::string, std::shared_ptr<Provider>> minds;
  for (const auto& [role, given] : options_.role_models) {
    auto model = budgeted(given);
    if (!model) return propagate(model);
    minds[role] = make_model_provider(std::move(*model), tools);
  }
  if (minds.empty()) return rest;
  return std::make_shared<RoleMinds>(names_of_minds(*plan_, options_), std::move(rest),
                                     std::move(minds));
}

// `shop_.parts.store` is there.
Result<void> SopWork::set_up(bool offline) {
  auto sandbox = ended_ ? Result<std::shared_ptr<const SandboxSupport>>(nullptr)
                        : check_machine(*plan_, options_.no_sandbox, offline);
  if (!sandbox) return propagate(sandbox);
  auto tools = make_tools(std::move(*sandbox), {}, options_.tools.all());
  if (!tools) return propagate(tools);
  auto provider = mind(*tools);
  if (!provider) return propagate(provider);
  if (!out_.empty() && !ended_) {
    if (auto good = check_out_dir(out_); !good) return good;
  }
  shop_ = make_workshop(*plan_, std::move(shop_.parts.store), std::move(*provider),
                        std::move(*tools), out_);
  shop_.parts.policy = options_.policy;
  shop_.parts.secrets = options_.secrets;
  return {};
}

Result<std::unique_ptr<SopWork>> SopWork::begin(const Sop& sop, const std::string& brief,
                                                const SopRunOptions& options) {
  if (auto good = check_options(options); !good) return propagate(good);
  if (auto good = check_brief(brief); !good) return propagate(good);
  if (auto good = check_plan(*sop.plan(), options); !good) return propagate(good);
  std::unique_ptr<SopWork> work(new SopWork(options));
  work->plan_ = with_approvals(sop.plan(), options.tools);
  work->brief_ = brief;
  work->limits_ = limits_of(options.limits);
  auto input = input_of(*work->plan_, options);
  if (!input) return propagate(input);
  auto out = full_path(options.out);
  if (!out) return propagate(out);
  work->out_ = std::move(*out);
  auto store = open_sop_journal(options.journal, true);
  if (!store) return propagate(store);
  if (!options.id.empty() && (*store)->info(options.id))
    return fail(ErrorCode::kConflict, fmt::format("there is a run \"{}\" already", options.id),
                "leave SopRunOptions::id away, or go on with it: resume_sop");
  work->shop_.parts.store = std::move(*store);
  const bool offline = is_offline(*work->plan_, options);
  if (auto good = work->set_up(offline); !good) return propagate(good);
  work->shop_.parts.memory = options.memory;

  work->id_ = options.id.empty() ? make_run_id(SystemClock().now_us(), random_seed()) : options.id;
  PlanRunOptions& start = work->start_;
  start.run = work->id_;
  start.input = std::move(*input);
  JsonObject parameters = options.parameters.get_object();
  if (runs_programs(*work->plan_)) {
    if (offline && !parameters.contains("stack")) parameters["stack"] = "python";
    parameters["no_sandbox"] = options.no_sandbox;
  }
  start.parameters = std::move(parameters);
  start.out_dir = work->out_;
  start.timeout_s = work->limits_.max_time_s == 0
                        ? 0
                        : shorter(work->plan_->limits.run_timeout_s, work->limits_.max_time_s);
  start.model = names_of_minds(*work->plan_, options);
  return work;
}

Result<std::unique_ptr<SopWork>> SopWork::go_on(const std::string& run,
                                                const SopRunOptions& options) {
  if (auto good = check_options(options); !good) return propagate(good);
  auto store = open_sop_journal(options.journal, false);
  if (!store) return propagate(store);
  auto state = load_state(**store, run);
  if (!state) return propagate(state);
  std::unique_ptr<SopWork> work(new SopWork(options));
  work->id_ = run;
  work->plan_ = state->plan;
  work->begun_ = true;
  work->ended_ = !is_open(*state);
  work->limits_ = limits_of(options.limits);
  if (!options.journal.folder.empty()) restore_limits(work->limits_, options.journal.folder, run);
  const bool offline = is_offline(*work->plan_, options);
  const std::string before = json::get_string(state->start, "model", "offline");
  if (!work->ended_) {
    if (auto good = check_plan(*work->plan_, options); !good) return propagate(good);
    if (offline && before.find(kOffline) == std::string::npos) {
      return bad(fmt::format("run {} was begun with the model {}, and nobody is given to answer",
                             run, before),
                 "give SopRunOptions::model, or role_models for every role");
    }
  }
  auto out = full_path(options.out.empty()
                           ? std::filesystem::path(json::get_string(state->start, "out_dir"))
                           : options.out);
  if (!out) return propagate(out);
  work->out_ = std::move(*out);
  work->shop_.parts.store = std::move(*store);
  if (auto good = work->set_up(offline); !good) return propagate(good);
  if (!work->ended_) count_earlier(*work->spending_, spent_earlier(work->store(), run));
  // A run that began without a memory stays without.
  if (json::get_bool(state->start, "remembers")) work->shop_.parts.memory = options.memory;
  return work;
}

Result<SopResult> SopWork::work(const std::stop_token& stop,
                                std::function<void(const Event&)> on_event) {
  std::optional<RunLock> lock;
  if (const auto& folder = options_.journal.folder; !folder.empty()) {
    auto taken = RunLock::take(folder, id_);
    if (!taken) return propagate(taken);
    lock.emplace(std::move(*taken));
    if (auto kept = begun_ ? Result<void>() : keep_limits(limits_, folder, id_); !kept)
      return propagate(kept);
  }
  Runner runner(shop_.parts);
  if (on_event) runner.subscribe(guarded(std::move(on_event)));
  if (!begun_) {
    begun_ = true;
    if (options_.budget) options_.budget->enter(id_);
    return finished(runner.start_run(*plan_, brief_, start_, stop));
  }
  ResumeOptions resume;
  resume.out_dir = out_;
  if (limits_.max_time_s > 0) {
    resume.left_us =
        std::int64_t{limits_.max_time_s} * 1'000'000 - spent_earlier(store(), id_).working_us;
  }
  return finished(runner.resume_run(id_, resume, stop));
}

Result<SopResult> SopWork::finished(Result<RunOutcome> outcome) {
  auto result = outcome ? result_of(*outcome, *plan_, store())
                        : broken_off(id_, *plan_, store(), std::move(outcome.error()));
  if (!result) return result;
  result->out = out_;
  const bool over =
      outcome && result->status != SopStatus::kInterrupted && result->status != SopStatus::kWaiting;
  if (over && shop_.writer) {
    auto written = write_result_files(store(), shop_.writer.get(), *outcome, *plan_, out_,
                                      options_.journal.folder);
    if (!written) result->error = std::move(written.error());
  }
  if (over && options_.budget) options_.budget->leave(id_);
  if (shop_.writer) result->kept_files = shop_.writer->kept_files();
  return result;
}

Result<int> SopWork::decide(const CallDecision& decision) {
  return decide_sop({.store = shop_.parts.store, .folder = {}}, id_, decision);
}

}  // namespace cadre::workshop

namespace cadre {

Result<SopResult> run_sop(const Sop& sop, const std::string& brief, const SopRunOptions& options) {
  auto work = workshop::SopWork::begin(sop, brief, options);
  if (!work) return propagate(work);
  return (*work)->work(options.stop, options.on_event);
}

Result<SopResult> resume_sop(const std::string& run, const SopRunOptions& options) {
  auto work = workshop::SopWork::go_on(run, options);
  if (!work) return propagate(work);
  return (*work)->work(options.stop, options.on_event);
}

Result<int> decide_sop(const SopJournal& journal, const std::string& run,
                       const CallDecision& decision) {
  auto store = workshop::open_sop_journal(journal, false);
  if (!store) return propagate(store);
  std::optional<workshop::RunLock> lock;
  if (!journal.folder.empty()) {
    if (auto info = (*store)->info(run); !info) return propagate(info);
    auto taken = workshop::RunLock::take(journal.folder, run);
    if (!taken) return propagate(taken);
    lock.emplace(std::move(*taken));
  }
  DecideOptions options;
  options.key = decision.call;
  options.approved = decision.approved || decision.answers;
  options.answers = decision.answers;
  options.message = decision.message;
  options.by = decision.by;
  options.always = decision.always;
  SystemClock clock;
  auto decided = decide_approval(**store, clock, run, options);
  if (!decided) return propagate(decided);
  return decided->still_waiting;
}

}  // namespace cadre
