// What the failure of one branch means to a parallel handoff: Handoff::on_failure.
#include "agents/rules_test_kit.h"

namespace cadre::rules {
namespace {

constexpr const char* kPart = R"({"task": "part"})";
constexpr const char* kNoLine = "The agent 'c' gave no answer (model_error): no line";
constexpr const char* kCancelled = "Cancelled: another agent of the same handoff failed.";
using Kind = JoinRule::Kind;

struct Fan {
  JoinRule join{};
  BranchFailure on_failure = BranchFailure::kFailJoin;
  bool refuses = false;  // c is asked and refuses; else its model fails
};

// Of "a", which hands over to "b" and "c" at once. b is at work until `done` says so, or until it
// is stopped.
AgentTeam fan(const Fan& with, const std::function<bool()>& done) {
  Agent a = agent("a"), b = agent("b"), c = agent("c");
  a.handoffs = {{.target = "b"}, {.target = "c", .on_failure = with.on_failure}};
  a.join = with.join;
  b.tools = {make_tool<NoArgs>(
      "work", "Works.",
      [done](const NoArgs&, const RunContext& context) -> std::string {
        eventually([&] { return done() || context.stop.stop_requested(); });
        return "worked";
      },
      {.effect = ToolEffect::kPure})};
  if (with.refuses) {
    c.accept = [](const HandoffRequest&, const RunContext&) {
      return HandoffAnswer::refuse("I am full");
    };
  }
  return team({a, b, c});
}

std::shared_ptr<ScriptedModel> fan_model() {
  return std::make_shared<ScriptedModel>([](const SeenRequest& seen) -> Result<ModelReply> {
    const bool answered = std::holds_alternative<ToolResultItem>(*seen.items.back());
    if (seen.instructions == "c") return fail(ErrorCode::kUnavailable, "no line");
    if (seen.instructions == "b") return answered ? says("from b") : calls("work", "{}", "w");
    if (answered) return says("joined");
    return calls({call("1", "transfer_to_b", kPart), call("2", "transfer_to_c", kPart)});
  });
}

// What stands in the places of b and c, and what is noted of the join; c fails while b works.
Lines join(const Fan& with) {
  const Count over = count();
  Lines notes;
  RunOptions options{.model = fan_model()};
  options.on_event = [&, over](const RunEvent& event) {
    const bool failed = event.kind == RunEvent::Kind::kAgentEnded && event.agent == "c";
    if (failed || event.kind == RunEvent::Kind::kHandoffRefused) ++*over;
    if (event.kind == RunEvent::Kind::kNote) notes.emplace_back(event.text);
  };
  const RunResult result =
      run(fan(with, [over] { return *over > 0; }), "hi", std::move(options));
  EXPECT_EQ(result.output, "joined") << result.reason;
  Lines found = outputs(result.new_items);
  found.insert(found.end(), notes.begin(), notes.end());
  return found;
}

TEST(JoinFailure, OfAllItFailsTheJoinIsLeftOutOrCancelsTheOthers) {
  const JoinRule all{.kind = Kind::kAll}, patient{.kind = Kind::kAll, .cancel_on_failure = false};
  const std::string unmet = "the join was not met: ";
  EXPECT_EQ(join({all}), (Lines{kCancelled, kNoLine, unmet + "0 answered, 1 failed"}));
  EXPECT_EQ(join({patient}), (Lines{"from b", kNoLine, unmet + "1 answered, 1 failed"}));
  const std::string left = std::string("Left out, the others go on without it. ") + kNoLine;
  EXPECT_EQ(join({all, BranchFailure::kIgnore}),
            (Lines{"from b", left, "the join was met: 1 answered, 1 left out"}));
  EXPECT_EQ(join({patient, BranchFailure::kCancelOthers}),
            (Lines{kCancelled, kNoLine, unmet + "0 answered, 1 failed"}));
}

TEST(JoinFailure, OfFirstAndQuorumAsManyAnswersAreNeededAsBefore) {
  const JoinRule first{.kind = Kind::kFirst}, two{.kind = Kind::kQuorum, .quorum = 2};
  const std::string unmet = "the join was not met: ";
  const std::string left = std::string("Left out, the others go on without it. ") + kNoLine;
  EXPECT_EQ(join({first}), (Lines{"from b", kNoLine}));
  EXPECT_EQ(join({first, BranchFailure::kIgnore}),
            (Lines{"from b", left, "the join was met: 1 answered, 1 left out"}));
  EXPECT_EQ(join({first, BranchFailure::kCancelOthers}),
            (Lines{kCancelled, kNoLine, unmet + "0 answered, 1 failed"}));
  EXPECT_EQ(join({two}), (Lines{"from b", kNoLine, unmet + "1 answered, 1 failed"}));
  EXPECT_EQ(join({two, BranchFailure::kIgnore}),
            (Lines{"from b", left, unmet + "1 answered, 0 failed, 1 left out"}));
  EXPECT_EQ(join({two, BranchFailure::kCancelOthers}),
            (Lines{kCancelled, kNoLine, unmet + "0 answered, 1 failed"}));
}

TEST(JoinFailure, OfCollectItIsAResultIsLeftOutOrCancelsTheOthers) {
  const JoinRule collect{.kind = Kind::kCollect};
  const std::string left = std::string("Left out, the others go on without it. ") + kNoLine;
  EXPECT_EQ(join({collect}), (Lines{"from b", kNoLine}));
  EXPECT_EQ(join({collect, BranchFailure::kIgnore}),
            (Lines{"from b", left, "the join was met: 1 answered, 1 left out"}));
  EXPECT_EQ(join({collect, BranchFailure::kCancelOthers}),
            (Lines{kCancelled, kNoLine, "the join was not met: 0 answered, 1 failed"}));
}

TEST(JoinFailure, ARefusalIsAFailureToo) {
  const JoinRule all{.kind = Kind::kAll};
  EXPECT_EQ(join({all, BranchFailure::kIgnore, true}),
            (Lines{"from b", "Left out, the others go on without it. Refused: I am full",
                   "the join was met: 1 answered, 1 left out"}));
  EXPECT_EQ(join({{.kind = Kind::kCollect}, BranchFailure::kCancelOthers, true}),
            (Lines{kCancelled, "Refused: I am full",
                   "the join was not met: 0 answered, 1 failed"}));
}

// The word of the branch is in the journal: a team that says something else by now changes nothing
// of what was asked before.
TEST(JoinFailure, ResumedAtEveryEventTheMergedResultIsTheSame) {
  for (const BranchFailure policy : {BranchFailure::kIgnore, BranchFailure::kCancelOthers}) {
    const bool cancels = policy == BranchFailure::kCancelOthers;
    const Fan with{{.kind = Kind::kAll, .cancel_on_failure = false}, policy};
    const auto done = [cancels] { return !cancels; };  // else it works until it is stopped
    const std::shared_ptr<Store> whole = make_memory_store();
    const RunResult first = run(fan(with, done), "hi", {.model = fan_model(), .store = whole});
    ASSERT_EQ(outputs(first.new_items)[0], cancels ? kCancelled : "from b");
    const std::vector<Event> events = events_of(*whole, first.run);
    bool asked = false;
    for (std::size_t cut = 1; cut <= events.size(); ++cut) {
      SCOPED_TRACE(::testing::Message() << "after event " << cut << " of " << events.size());
      const std::shared_ptr<Store> store = make_memory_store();
      Append append;
      append.run = first.run;
      append.events.assign(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(cut));
      append.info = RunInfo{};
      append.info->run = first.run;
      asked = asked || append.events.back().kind == EventKind::kModelCallEnded;
      ASSERT_TRUE(store->append(std::move(append)));
      Fan now = with;
      if (asked) now.on_failure = BranchFailure::kFailJoin;
      const RunResult result =
          resume(fan(now, done), first.run, {.model = fan_model(), .store = store});
      ASSERT_EQ(lines(result.new_items), lines(first.new_items)) << result.reason;
    }
  }
}

}  // namespace
}  // namespace cadre::rules
