// Random teams, with everything that an agent can have, do random work: a run says the same each
// time it is made, and resumed after any event of its journal, without doing again what has ended.
//
// All user code answers by a hash of what it is given and the seed, and nothing ends what runs
// beside it, so that only the runtime could make a difference. Effects are pure or idempotent: what
// was under way runs again.
#include <fmt/core.h>

#include <array>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>

#include "agents/rules_test_kit.h"

namespace cadre::rules {
namespace {

constexpr std::uint64_t kSeeds = 120;
constexpr int kCuts = 4;  // of each journal, at random

struct Score {
  int score = 0;
};
BOOST_DESCRIBE_STRUCT(Score, (), (score))

struct Number {
  int n = 0;
};
BOOST_DESCRIBE_STRUCT(Number, (), (n))

// FNV-1a with splitmix64's last step, so that all bits are worth the same.
std::uint64_t hash(std::string_view text, std::uint64_t seed) {
  std::uint64_t mixed = 14695981039346656037ULL ^ seed;
  for (const char c : text) mixed = (mixed ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
  return mixed ^ (mixed >> 31U);
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  int roll(std::size_t n) {
    state_ = hash("roll", state_);
    return static_cast<int>(state_ % n);
  }
  bool chance(int percent) { return roll(100) < percent; }

 private:
  std::uint64_t state_;
};

// What was said, without ids: those of a resumed run may differ.
std::string words(std::span<const ItemPtr> items) {
  std::string found;
  for (const std::string& line : lines(items)) found += line + "\n";
  return found;
}

// How often the tools ran, by call id.
struct Ran {
  std::mutex mutex;
  std::map<std::string, int> times;
};

// ---- teams -------------------------------------------------------------------------------------

// What a guardrail may say. One that ends what runs beside it would be a race.
enum class May { kRetry, kRejectToo, kEndToo };

Guardrail random_guard(std::uint64_t seed, std::string name, int objects, May may,
                       bool blocking = false) {
  const auto check = [=](const GuardrailSubject& subject, const RunContext& who) {
    const std::uint64_t drawn = hash(
        fmt::format("{}|{}|{}|{}|{}", subject.text, subject.tool, subject.arguments, who.agent,
                    name),
        seed);
    std::this_thread::sleep_for(std::chrono::microseconds(drawn % 200));
    if (may == May::kEndToo && drawn % 503 == 0) throw std::runtime_error("a guardrail that fails");
    if (static_cast<int>(drawn % 100) >= objects) return GuardrailVerdict::allow();
    const std::uint64_t how = (drawn >> 20U) % (2 + static_cast<std::uint64_t>(may));
    if (how == 3) return GuardrailVerdict::stop("stop");
    if (how == 2) return GuardrailVerdict::reject(fmt::format("rejected {}", drawn % 7));
    return GuardrailVerdict::retry(fmt::format("again {}", drawn % 5));
  };
  return {.name = std::move(name), .check = check, .blocking = blocking};
}

class TeamOf {
 public:
  TeamOf(std::uint64_t seed, std::shared_ptr<Ran> ran)
      : seed_(seed), dice_(hash("team", seed)), ran_(std::move(ran)) {}

  AgentTeam make() {
    count_ = 2 + dice_.roll(4);
    std::vector<Agent> agents;
    for (int i = 0; i < count_; ++i) agents.push_back(one(i));
    return team(std::move(agents));
  }

 private:
  static std::string name_of(int agent) { return fmt::format("a{}", agent); }

  Agent one(int index) {
    Agent made = agent(name_of(index));
    if (dice_.chance(20)) {
      made.dynamic_instructions = [](const RunContext& who) { return std::string(who.agent); };
    }
    const int tools = 1 + dice_.roll(3);
    for (int i = 0; i < tools; ++i) made.tools.push_back(tool(fmt::format("t{}", i)));
    for (int other = 0; other < count_; ++other) {
      if (other != index && dice_.chance(35)) made.tools.push_back(helper(other));
    }
    for (int other = 0; other < count_; ++other) {
      if (other != index && dice_.chance(50)) made.handoffs.push_back(handoff(other));
    }
    // Joins whose result does not depend on who is first.
    made.join.cancel_on_failure = false;
    made.join.kind = std::array{JoinRule::Kind::kNone, JoinRule::Kind::kAll,
                                JoinRule::Kind::kCollect}[static_cast<std::size_t>(dice_.roll(3))];
    answers(made);
    return made;
  }

  void answers(Agent& made) {
    if (dice_.chance(20)) made.output = typed<Score>();
    if (dice_.chance(80)) made.unknown_tool = UnknownTool::kTellModel;
    made.retries = dice_.roll(4);
    if (dice_.chance(20))
      made.input_guardrails.push_back(random_guard(seed_, "blocks", 10, May::kEndToo, true));
    if (dice_.chance(25))
      made.input_guardrails.push_back(random_guard(seed_, "beside", 10, May::kRetry));
    if (dice_.chance(30))
      made.output_guardrails.push_back(random_guard(seed_, "output", 30, May::kEndToo));
    if (dice_.chance(10)) made.tool_use = ToolUse::kStopOnFirst;
    if (dice_.chance(10)) {
      made.tool_use = ToolUse::kDecide;
      made.decide = [seed = seed_](const std::vector<ToolOutput>& results,
                                   const RunContext&) -> std::optional<std::string> {
        std::string all;
        for (const ToolOutput& result : results) all += result.output;
        if (hash(all, seed) % 3 == 0) return "decided " + all;
        return std::nullopt;
      };
    }
    if (dice_.chance(15)) {
      made.accept = [seed = seed_](const HandoffRequest& request, const RunContext&) {
        const std::uint64_t drawn = hash(request.task, seed);
        if (drawn % 11 == 0) throw std::runtime_error("cannot say");
        return drawn % 3 == 0 ? HandoffAnswer::refuse("no") : HandoffAnswer::accept();
      };
    }
  }

  Tool tool(const std::string& name) {
    ToolOptions options;
    options.effect = dice_.chance(50) ? ToolEffect::kPure : ToolEffect::kIdempotent;
    if (dice_.chance(30)) {
      options.approval = dice_.chance(50) ? Approval::kAlways : Approval::kAsk;
      options.needs_approval = [seed = seed_](const Json& arguments, const RunContext&) {
        return hash(json::write(arguments), seed) % 2 == 0;
      };
    }
    options.ends_run = dice_.chance(5);
    options.quick = dice_.chance(30);
    if (dice_.chance(15))
      options.input_guardrails = {random_guard(seed_, "before", 25, May::kRejectToo)};
    if (dice_.chance(15))
      options.output_guardrails = {random_guard(seed_, "after", 25, May::kRejectToo)};
    if (dice_.chance(10)) {
      options.enabled = [](const RunContext& who) { return who.turn % 2 == 0; };
    }
    return make_tool<Number>(
        name, "Does something.",
        [=, seed = seed_, ran = ran_, quick = options.quick](
            const Number& number, const RunContext& who) -> Result<std::string> {
          const std::uint64_t drawn =
              hash(fmt::format("{}|{}|{}", name, number.n, who.agent), seed);
          {
            const std::lock_guard lock(ran->mutex);
            ++ran->times[std::string(who.call_id)];
          }
          if (!quick) std::this_thread::sleep_for(std::chrono::microseconds(drawn % 200));
          if (drawn % 9 == 0) return fail(ErrorCode::kUnavailable, "down");
          if (drawn % 31 == 0) throw std::runtime_error("broken");
          return fmt::format("out {}", drawn % 50);
        },
        std::move(options));
  }

  Tool helper(int other) {
    ToolOptions options;
    if (dice_.chance(25)) options.approval = Approval::kAlways;
    if (dice_.chance(15))
      options.output_guardrails = {random_guard(seed_, "helped", 25, May::kRejectToo)};
    return agent_tool(name_of(other), "Helps.", std::move(options));
  }

  Handoff handoff(int other) {
    Handoff made{.target = name_of(other)};
    if (dice_.chance(25)) made.approval = Approval::kAlways;
    if (dice_.chance(20)) made.guardrails = {random_guard(seed_, "handoff", 30, May::kRejectToo)};
    if (dice_.chance(15)) made.filter = without_tools;
    if (dice_.chance(10)) made.filter = last_messages(2);
    if (dice_.chance(30)) made.on_failure = BranchFailure::kIgnore;
    if (dice_.chance(20)) {
      made.on_handoff = [seed = seed_](const HandoffRequest& request, const RunContext&) {
        return hash(request.task, seed) % 4 == 0 ? HandoffAnswer::refuse("busy")
                                                 : HandoffAnswer::accept();
      };
    }
    if (dice_.chance(10)) {
      made.enabled = [](const RunContext& who) { return who.turn % 3 != 1; };
    }
    return made;
  }

  const std::uint64_t seed_;
  Dice dice_;
  const std::shared_ptr<Ran> ran_;
  int count_ = 0;
};

// ---- models, people, runs ----------------------------------------------------------------------

std::string arguments_for(const std::string& tool, Dice& dice) {
  if (tool.starts_with("transfer"))
    return dice.chance(5) ? "{}" : fmt::format(R"({{"task": "do {}"}})", dice.roll(9));
  if (tool.starts_with("t"))
    return dice.chance(4) ? "{bad" : fmt::format(R"({{"n": {}}})", dice.roll(6));
  return fmt::format(R"({{"input": "in {}"}})", dice.roll(9));
}

ModelReply random_answer(Dice& dice) {
  return says(dice.chance(60) ? fmt::format(R"({{"score": {}}})", dice.roll(9))
                              : fmt::format("text {}", dice.roll(20)));
}

std::shared_ptr<ScriptedModel> random_model(std::uint64_t seed) {
  return std::make_shared<ScriptedModel>([seed](const SeenRequest& seen) -> Result<ModelReply> {
    Dice dice(hash(words(seen.items) + seen.instructions, seed));
    if (dice.chance(2)) return fail(ErrorCode::kUnavailable, "the model is down");
    if (dice.chance(2)) return refuses("I will not");
    const int tired = static_cast<int>(std::min<std::size_t>(60, seen.items.size() * 3));
    if (seen.tools.empty() || dice.chance(20 + tired))
      return dice.chance(3) ? ModelReply{} : random_answer(dice);
    ModelReply reply;
    if (dice.chance(20)) reply = random_answer(dice);
    if (dice.chance(10)) reply.items.insert(reply.items.begin(), Item(ReasoningItem{"hm", {}}));
    const int asked = 1 + dice.roll(4);
    for (int i = 0; i < asked; ++i) {
      const auto which = static_cast<std::size_t>(dice.roll(seen.tools.size()));
      const std::string tool = dice.chance(3) ? "nothing" : seen.tools[which];
      const std::string id = dice.chance(70) ? fmt::format("c{}", dice.roll(5)) : "";
      reply.items.push_back(Item(call(id, tool, arguments_for(tool, dice))));
    }
    return reply;
  });
}

RunOptions random_options(std::uint64_t seed, std::shared_ptr<Store> store) {
  Dice dice(hash("options", seed));
  RunOptions options{.model = random_model(seed), .store = std::move(store)};
  options.limits.turns_max = 4 + dice.roll(5);
  options.limits.finish_on_limit = dice.chance(50);
  options.limits.parallel_tools = 1 + dice.roll(5);
  options.limits.depth_max = 2 + dice.roll(3);
  options.limits.repeat_calls = 2 + dice.roll(3);
  options.limits.repeat_handoffs = 1 + dice.roll(3);
  if (dice.chance(30)) {
    options.limits.recover = {RunStatus::kMaxTurns, RunStatus::kGuardrail, RunStatus::kToolError};
    options.recover = [](RunStatus status, const std::string&,
                         const RunContext&) -> std::optional<std::string> {
      if (status == RunStatus::kGuardrail) return std::nullopt;
      return R"({"score": 5})";
    };
  }
  return options;
}

// A person who decides by what is asked; the order is any.
RunResult decided(const RunHandle& handle, std::uint64_t seed) {
  RunResult result = handle.wait(milliseconds(10'000));
  for (std::uint64_t round = 0; !result.approvals.empty(); ++round) {
    const PendingApproval asked = result.approvals[hash("who", round) % result.approvals.size()];
    const std::uint64_t drawn = hash(asked.agent + asked.tool + asked.arguments, seed);
    EXPECT_TRUE(drawn % 3 != 0 ? handle.approve(asked.call_id)
                               : handle.reject(asked.call_id, fmt::format("no {}", drawn % 5)));
    result = handle.wait(milliseconds(10'000));
  }
  return result;
}

std::string summary(const RunResult& result) {
  return fmt::format("{} '{}' '{}' {} in {} turns\n{}", to_string(result.status), result.output,
                     result.reason, result.agent, result.turns, words(result.new_items));
}

std::set<std::string> ended_calls(std::span<const Event> events) {
  std::set<std::string> ended;
  for (const Event& event : events) {
    if (event.kind == EventKind::kToolCallEnded)
      ended.insert(json::get_string(event.body, "call_id"));
  }
  return ended;
}

void resume_after(std::span<const Event> events, Runtime& runtime, std::uint64_t seed,
                  const std::string& expected) {
  const std::shared_ptr<Store> store = make_memory_store();
  Append append;
  append.run = events.front().run;
  append.events.assign(events.begin(), events.end());
  append.info = RunInfo{};
  append.info->run = append.run;
  ASSERT_TRUE(store->append(std::move(append)));
  const auto ran = std::make_shared<Ran>();
  const RunHandle handle = runtime.resume(TeamOf(seed, ran).make(), events.front().run,
                                          random_options(seed, store));
  ASSERT_EQ(summary(decided(handle, seed)), expected);
  for (const std::string& call : ended_calls(events))
    ASSERT_FALSE(ran->times.contains(call)) << call << " had ended and ran again";
}

TEST(RandomTeams, ResumedAtAnyEventTheySayTheSameAndRepeatNothing) {
  Runtime runtime;
  std::map<RunStatus, int> ends;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const std::shared_ptr<Store> store = make_memory_store();
    const RunResult first = decided(
        runtime.start(TeamOf(seed, std::make_shared<Ran>()).make(), fmt::format("go {}", seed),
                      random_options(seed, store)),
        seed);
    ++ends[first.status];
    ASSERT_NE(first.status, RunStatus::kRunning) << "it hangs";
    ASSERT_NE(first.status, RunStatus::kNotStarted) << first.reason;
    ASSERT_NE(first.status, RunStatus::kInternal) << first.reason;
    const std::vector<Event> events = events_of(*store, first.run);
    Dice dice(hash("cuts", seed));
    for (int cut = 0; cut < kCuts; ++cut) {
      const auto size = static_cast<std::size_t>(1 + dice.roll(events.size()));
      SCOPED_TRACE(fmt::format("killed after event {} of {}", size, events.size()));
      resume_after(std::span(events).first(size), runtime, seed, summary(first));
      if (HasFatalFailure()) return;
    }
  }
  // Random enough: they end in many ways, and many are done.
  EXPECT_GE(ends.size(), 5U);
  EXPECT_GE(ends[RunStatus::kDone], static_cast<int>(kSeeds) / 4);
}

}  // namespace
}  // namespace cadre::rules
