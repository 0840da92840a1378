// A team against one agent that does the same job alone, with simulated latencies.
//
//   team_bench [PROFILE.json] [FASTER]
//
// Both write the same artifacts with the same number of tokens, one artifact a model call, through
// the product's runner with a journal in SQLite. The team is the shipped SOP `software`: its roles,
// stages, needs and fan-out; its gates, tools and schemas are left out, because the model
// writes so many tokens of no sense. The one agent has a short instruction and a conversation that
// grows. How long a call takes says the profile (bench/profiles); time runs FASTER times as fast
// (default 40), so the overhead of runner, journal and machine counts that many times.
//
// Goal: >= 2.5 times as fast, and >= 0.9 of what the task graph allows.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/text.h"
#include "runtime/delivery.h"
#include "runtime/model_provider.h"
#include "runtime/runner.h"
#include "runtime/testing.h"
#include "sop/loader.h"
#include "store/sqlite_store.h"
#include "team/profiled_model.h"

namespace {

using namespace cadre;
using namespace cadre::bench;

constexpr std::string_view kDeliver = "deliver_";
constexpr std::string_view kOf = "__";  // "code__users": the one agent's code of a task

struct Profile {
  std::string name, source;
  Latency latency;
  Json job;
  std::vector<int> slots;
};

Result<Profile> read_profile(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorCode::kNotFound, "there is no profile " + file.string());
  auto read = json::parse(
      std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>()));
  if (!read) return fail(ErrorCode::kInvalidInput, file.string() + ": " + read.error().message);
  Profile profile;
  profile.name = json::get_string(*read, "name", file.string());
  profile.source = json::get_string(*read, "source", "not said") + ", " +
                   json::get_string(*read, "date", "no date");
  const Json* latency = json::find(*read, "latency");
  const Json* job = json::find(*read, "job");
  if (latency == nullptr || job == nullptr) {
    return fail(ErrorCode::kInvalidInput, file.string() + " needs \"latency\" and \"job\"");
  }
  profile.job = *job;
  Latency& l = profile.latency;
  l.ttft_ms = json::get_double(*latency, "ttft_ms");
  l.output_tokens_per_s = json::get_double(*latency, "output_tokens_per_s");
  l.input_tokens_per_s = json::get_double(*latency, "input_tokens_per_s");
  l.cached_input_tokens_per_s =
      json::get_double(*latency, "cached_input_tokens_per_s", l.input_tokens_per_s);
  if (l.output_tokens_per_s <= 0 || l.input_tokens_per_s <= 0 || l.cached_input_tokens_per_s <= 0) {
    return fail(ErrorCode::kInvalidInput, file.string() + ": tokens a second must be above 0");
  }
  for (const Json& slots : json::get_array(*read, "parallel_tasks")) {
    if (slots.is_int64() && slots.as_int64() > 0)
      profile.slots.push_back(static_cast<int>(slots.as_int64()));
  }
  return profile;
}

std::string words(std::int64_t tokens) {
  std::string out;
  while (std::ssize(out) < tokens * 4) out += "plain words that say nothing much ";
  out.resize(static_cast<std::size_t>(std::max<std::int64_t>(tokens * 4, 0)));
  return out;
}

// The work as both do it.
class Job {
 public:
  Job(const Profile& profile, const Plan& plan) : job_(profile.job), plan_(plan) {
    for (const StageSpec& stage : plan.stages) {
      for (const auto& [type, members] : stage.context) {
        if (!members.empty()) member_.try_emplace(type, members.front());
      }
      if (stage.fan_out) fan_out_ = &stage;
    }
  }

  std::int64_t tokens_of(std::string_view type) const {
    return json::get_int(*json::find(job_, "output_tokens"), type.substr(0, type.find(kOf)), 500);
  }

  // The first artifact on offer that the conversation has not delivered yet.
  ProfiledModel::Answer answer(const ModelRequest& request) const {
    std::set<std::string> given;
    for (const ItemPtr& item : request.items) {
      if (const auto* call = std::get_if<ToolCallItem>(item.get())) given.insert(call->tool);
    }
    for (const auto& tool : request.tools) {
      if (!tool->name.starts_with(kDeliver) || given.contains(tool->name)) continue;
      const std::string type = tool->name.substr(kDeliver.size());
      return {tool->name, arguments(type), tokens_of(type)};
    }
    return {"nothing_left", "{}", 1};
  }

  // What the one agent makes: the artifacts of all stages in their order, those of the fan-out once
  // for each task.
  std::vector<std::string> all_types() const {
    std::vector<std::string> types;
    for (const StageSpec& stage : plan_.stages) {
      if (!stage.fan_out) {
        types.insert(types.end(), stage.makes.begin(), stage.makes.end());
        continue;
      }
      for (const Json& task : json::get_array(job_, "build_tasks")) {
        for (const std::string& type : stage.makes)
          types.push_back(fmt::format("{}{}{}", type, kOf, json::get_string(task, "id")));
      }
    }
    return types;
  }

  const StageSpec* fan_out() const { return fan_out_; }
  const JsonArray& tasks() const { return json::get_array(job_, "build_tasks"); }
  std::string brief() const { return words(json::get_int(job_, "brief_tokens", 300)); }

 private:
  std::string arguments(const std::string& type) const {
    JsonObject data;
    const auto member = member_.find(type);
    if (fan_out_ != nullptr && type == fan_out_->fan_out->artifact) {
      JsonArray list;
      for (const Json& task : tasks()) {
        JsonObject entry = task.get_object();
        entry["title"] = json::get_string(task, "id");
        entry["owner"] = fan_out_->role;
        list.push_back(std::move(entry));
      }
      data[fan_out_->fan_out->path] = std::move(list);
    }
    data[member == member_.end() ? "text" : member->second] = words(tokens_of(type));
    return json::write(JsonObject{{"data", std::move(data)}});
  }

  const Json& job_;
  const Plan& plan_;
  std::map<std::string, std::string> member_;  // what later stages are shown of an artifact
  const StageSpec* fan_out_ = nullptr;
};

// The shape alone.
Plan team_plan(Plan plan) {
  for (StageSpec& stage : plan.stages) stage.gates.clear();
  for (AgentConfig& agent : plan.agents) {
    agent.tools.clear();
    agent.approvals.clear();
    agent.reasoning.clear();
  }
  plan.artifact_schemas.clear();
  plan.frameworks.clear();
  return plan;
}

Plan solo_plan(const Job& job) {
  Plan plan = testing::make_plan({"all engineer brief x"});
  plan.stages[0].makes = job.all_types();
  plan.limits.turns_max = 10'000;
  for (AgentConfig& agent : plan.agents) {
    agent.instructions = "You are an engineer. Do the whole job alone: requirements, design, every "
                         "part of the code, tests, and the report.";
  }
  return plan;
}

struct Measured {
  double wall_s = 0;  // as the profile counts
  std::vector<TimedCall> calls;
  std::int64_t input = 0, cached = 0, output = 0;
  double calls_s = 0;  // all calls one after the other

  void add_up() {
    for (const TimedCall& call : calls) {
      input += call.input_tokens;
      cached += call.cached_tokens;
      output += call.output_tokens;
      calls_s += call.seconds;
    }
  }
};

Result<Measured> measure(Plan plan, const Job& job, const Profile& profile, double faster,
                         const std::filesystem::path& folder) {
  plan.limits.run_timeout_s = 600;
  const auto model = std::make_shared<ProfiledModel>(
      profile.latency, faster, [&job](const ModelRequest& request) { return job.answer(request); });
  auto tools = std::make_shared<ToolRegistry>();
  if (auto added = tools->add(make_deliver_tool()); !added) return propagate(added);
  RunnerParts parts = testing::make_parts(make_model_provider(model, tools));
  parts.tools = tools;
  static int runs = 0;
  auto store = open_sqlite_store(folder / fmt::format("journal-{}.db", ++runs));
  if (!store) return propagate(store);
  parts.store = std::move(*store);
  RunOptions options;
  options.work_dir = folder / "work";
  const auto begun = std::chrono::steady_clock::now();
  auto outcome = Runner(std::move(parts)).start_run(plan, job.brief(), options);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  if (!outcome) return propagate(outcome);
  if (outcome->status != "done") {
    return fail(ErrorCode::kInternal, fmt::format("{}: {}", outcome->status, outcome->reason));
  }
  Measured measured;
  measured.wall_s = took.count() * faster;
  measured.calls = model->calls();
  measured.add_up();
  return measured;
}

// The longest way through the graph of stages and tasks, by the times of the calls alone.
double critical_path(const Plan& plan, const Job& job, const std::vector<TimedCall>& calls) {
  std::map<std::string, double> busy;  // by "stage#round/task"
  for (const TimedCall& call : calls) busy[call.place] += call.seconds;
  const auto of = [&](const StageSpec& stage, const std::string& task) {
    const auto at = busy.find(fmt::format("{}#1/{}", stage.id, task));
    return at == busy.end() ? 0.0 : at->second;
  };
  std::map<std::string, double> there;  // when an artifact is there
  double end = 0;
  for (const StageSpec& stage : plan.stages) {  // in topological order
    double begin = 0, done = 0;
    for (const std::string& need : stage.needs) begin = std::max(begin, there[need]);
    done = begin + of(stage, stage.id);
    if (stage.fan_out) {
      std::map<std::string, double> task_done;
      for (std::size_t pass = 0; pass < job.tasks().size(); ++pass) {  // any order of the list
        for (const Json& task : job.tasks()) {
          const std::string id = json::get_string(task, "id");
          double free = begin;
          for (const std::string& before : json::get_strings(task, "depends_on"))
            free = std::max(free, task_done[before]);
          task_done[id] = free + of(stage, id);
          done = std::max(done, task_done[id]);
        }
      }
    }
    for (const std::string& type : stage.makes) there[type] = done;
    end = std::max(end, done);
  }
  return end;
}

int compare(const Profile& profile, const Plan& shipped, double faster,
            const std::filesystem::path& folder) {
  const Plan team = team_plan(shipped);
  const Job job(profile, team);
  auto solo = measure(solo_plan(job), job, profile, faster, folder);
  if (!solo) return fmt::print(stderr, "{}\n", solo.error().describe()), 1;
  fmt::print("SIMULATED LATENCIES, profile {} ({}); time {} times as fast\n", profile.name,
             profile.source, faster);
  fmt::print("first token {:g} ms; tokens a second: {:g} written, {:g} read, {:g} when cached\n\n",
             profile.latency.ttft_ms, profile.latency.output_tokens_per_s,
             profile.latency.input_tokens_per_s, profile.latency.cached_input_tokens_per_s);
  fmt::print("one agent alone: {:.1f} s, {} calls, {} tokens written, {} read ({} cached)\n\n",
             solo->wall_s, solo->calls.size(), solo->output, solo->input, solo->cached);
  fmt::print("| parallel_tasks | team s | calls | written | read | cached | times as fast | "
             "critical path s | at least, with so many slots s | possible | reached / possible |\n"
             "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
  double reached = 0, share = 0;
  bool same = true;
  const int own = team.limits.parallel_tasks;
  std::set<int> all(profile.slots.begin(), profile.slots.end());
  all.insert(own);
  for (const int slots : all) {
    Plan plan = team;
    plan.limits.parallel_tasks = slots;
    const auto run = measure(plan, job, profile, faster, folder);
    if (!run) return fmt::print(stderr, "{}\n", run.error().describe()), 1;
    const double critical = critical_path(plan, job, run->calls);
    const double bound = std::max(critical, run->calls_s / slots);  // the true one is higher
    const double ratio = solo->wall_s / run->wall_s, possible = solo->wall_s / critical;
    fmt::print("| {}{} | {:.1f} | {} | {} | {} | {} | ", slots, slots == own ? " (the SOP's)" : "",
               run->wall_s, run->calls.size(), run->output, run->input, run->cached);
    fmt::print("{:.2f} | {:.1f} | {:.1f} | {:.2f} | {:.3f} |\n", ratio, critical, bound, possible,
               ratio / possible);
    same = same && run->output == solo->output;
    if (slots == own) reached = ratio, share = ratio / possible;
  }
  if (!same) fmt::print("\nNOT COMPARABLE: the tokens written differ\n");
  const bool good = same && reached >= 2.5 && share >= 0.9;
  fmt::print("\nwith the SOP's own limit {:.2f} times as fast (goal 2.5), {:.3f} of what the graph "
             "allows (goal 0.9): {}\n",
             reached, share, good ? "reached" : "NOT reached");
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path file =
      argc > 1 ? argv[1] : CADRE_SOURCE_DIR "/bench/profiles/example.json";
  const double faster = argc > 2 ? std::strtod(argv[2], nullptr) : 40;
  const auto profile = read_profile(file);
  if (!profile || !(faster > 0)) {
    return fmt::print(stderr, "{}\n", profile ? "FASTER must be above 0"
                                              : profile.error().describe()), 2;
  }
  auto plan = load_sop(std::string("software"), {});
  if (!plan) return fmt::print(stderr, "{}\n", plan.error().describe()), 1;
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("cadre-team-bench.{}", ::getpid());
  std::filesystem::create_directories(folder);
  const int code = compare(*profile, *plan, faster, folder);
  std::filesystem::remove_all(folder);
  return code;
}
