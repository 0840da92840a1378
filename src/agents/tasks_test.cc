// process_task, request_handoff, accept_handoff: one agent at work, explicit handoffs, their words.
#include <unistd.h>

#include <filesystem>

#include "agents/rules_test_kit.h"

namespace cadre::rules {
namespace {

AgentTeam desk(const Count& asked = count(), HandoffAnswer answer = HandoffAnswer::accept()) {
  Agent developer = agent("developer"), qa = agent("qa_engineer"), clerk = agent("clerk");
  developer.tools = {counting("build", count())};
  developer.handoffs = {{.target = "qa_engineer"}};
  qa.accept = [asked, answer](const HandoffRequest& request, const RunContext& who) {
    ++*asked;
    EXPECT_EQ(request.source, "developer");
    EXPECT_EQ(request.target, "qa_engineer");
    EXPECT_EQ(request.task, "test it");
    EXPECT_EQ(who.agent, "developer");
    return answer;
  };
  return team({developer, qa, clerk});
}

std::vector<ItemPtr> said(std::string text) {
  MessageItem message;
  message.text = std::move(text);
  return {std::make_shared<const Item>(std::move(message))};
}

const HandoffRequest kRequest{.source = "developer", .target = "qa_engineer", .task = "test it"};

TEST(ProcessTask, TheNamedAgentDoesItWithItsToolsAndHandsItToNobody) {
  const auto model = script({calls("build", "{}", "1"), says("built")});
  const std::shared_ptr<Store> store = make_memory_store();
  const AgentTask task{.text = "build it", .context = said("the API has two calls")};
  const RunResult result =
      process_task(desk(), "developer", task, {.model = model, .store = store});
  EXPECT_EQ(result.output, "built") << result.reason;
  EXPECT_EQ(result.agent, "developer");
  const SeenRequest seen = model->requests()[0];
  EXPECT_EQ(seen.tools, (Lines{"build"})) << "no handoff is offered";
  EXPECT_EQ(lines(seen.items), (Lines{"user:the API has two calls", "user:build it"}));
  EXPECT_EQ(lines(result.new_items)[0], "user:build it") << "the context is not new";
  EXPECT_EQ(events_of(*store, result.run, EventKind::kRunEnded).size(), 1U);
  const RunResult clerk = process_task(desk(), "clerk", {.text = "file it"},
                                       {.model = script({says("filed")})});
  EXPECT_EQ(clerk.agent, "clerk");
}

TEST(ProcessTask, AHandoffThatIsAskedForAllTheSameIsUnknown) {
  const RunResult result =
      process_task(desk(), "developer", {.text = "build it"},
                   {.model = script({calls("transfer_to_qa_engineer", R"({"task": "x"})", "1")})});
  EXPECT_EQ(result.status, RunStatus::kModelBehavior);
}

TEST(ProcessTask, WhatCannotBeginIsSaid) {
  const auto model = script({says("x")});
  const RunResult nobody = process_task(desk(), "tester", {.text = "x"}, {.model = model});
  EXPECT_EQ(nobody.status, RunStatus::kNotStarted);
  EXPECT_EQ(nobody.reason,
            "the team has no agent 'tester'; it has: developer, qa_engineer, clerk");
  std::vector<ItemPtr> orphan{std::make_shared<const Item>(ToolResultItem{"1", "x", true})};
  const RunResult broken =
      process_task(desk(), "clerk", {.text = "x", .context = orphan}, {.model = model});
  EXPECT_EQ(broken.status, RunStatus::kNotStarted);
  EXPECT_NE(broken.reason.find("no valid history"), std::string::npos) << broken.reason;
  EXPECT_TRUE(model->requests().empty());
}

TEST(ProcessTask, ResumedItIsStillAloneAndReadsItsContext) {
  Agent developer = agent("developer"), qa = agent("qa_engineer");
  developer.tools = {counting("build", count(), {.approval = Approval::kAlways})};
  developer.handoffs = {{.target = "qa_engineer"}};
  const AgentTeam made = team({qa, developer});
  const std::shared_ptr<Store> store = make_memory_store();
  const auto model = script({calls("build", "{}", "1"), says("built")});
  const RunOptions options{.model = model, .store = store};
  const AgentTask task{.text = "build it", .context = said(std::string(20'000, 'c'))};
  const RunResult waits = process_task(made, "developer", task, options);
  ASSERT_EQ(waits.approvals.size(), 1U) << waits.reason;
  Runtime runtime;
  const RunHandle handle = runtime.resume(made, waits.run, options);
  (void)handle.wait();
  ASSERT_TRUE(handle.approve("1"));
  EXPECT_EQ(handle.wait().output, "built") << handle.wait().reason;
  EXPECT_EQ(model->requests()[1].tools, (Lines{"build"}));
  EXPECT_EQ(lines(model->requests()[1].items)[0].size(), 20'005U);
}

TEST(ProcessTask, ItsTaskStandsInTheWorkflow) {
  const std::filesystem::path file =
      std::filesystem::path(::testing::TempDir()) / ("tasks_" + std::to_string(::getpid()) + ".db");
  const auto memory = RunMemory::open(file, "team").value();
  const auto state_of = [&](const std::string& id) {
    const ExecutionState state = memory->session()->workflow().value();
    const TaskRecord* task = state.find(id);
    return task == nullptr ? "" : std::string(to_string(task->state)) + " " + task->owner + " " +
                                      task->detail;
  };
  const auto model = script({says("filed")});
  model->set_delay(milliseconds(100));
  Runtime runtime;
  const RunHandle handle = runtime.process_task(desk(), "clerk", {.id = "t1", .text = "x"},
                                                {.model = model, .memory = memory});
  EXPECT_TRUE(eventually([&] { return state_of("t1") == "running clerk "; }));
  (void)handle.wait();
  EXPECT_EQ(state_of("t1"), "done clerk filed");
  (void)process_task(desk(), "clerk", {.id = "t2", .text = "x"},
                     {.model = script({refuses("I must not")}), .memory = memory});
  EXPECT_EQ(state_of("t2"), "failed clerk I must not");
  for (const char* tail : {"", "-wal", "-shm", ".lock"})
    std::filesystem::remove(file.string() + tail);
}

TEST(ProcessTask, ATaskThatWaitsForAnotherOrIsDoneIsNotBegun) {
  const std::filesystem::path file =
      std::filesystem::path(::testing::TempDir()) / ("waits_" + std::to_string(::getpid()) + ".db");
  const auto memory = RunMemory::open(file, "team").value();
  SessionMemory& plan = *memory->session();
  ASSERT_TRUE(plan.set_task({.id = "t1", .owner = "clerk"}, "plan"));
  ASSERT_TRUE(plan.set_task({.id = "t2", .depends_on = {"t1"}}, "plan"));
  ASSERT_TRUE(plan.set_task({.id = "t3", .depends_on = {"t1", "t9"}}, "plan"));
  const auto model = script({says("one"), says("two"), says("two again")});
  const std::shared_ptr<Store> store = make_memory_store();
  const auto doing = [&](const std::string& id, const std::string& run) {
    return process_task(desk(), "clerk", {.id = id, .text = "x"},
                        {.model = model, .store = store, .memory = memory, .id = run});
  };
  const auto refused = [&](const std::string& id) {
    const RunResult result = doing(id, "no");
    EXPECT_EQ(result.status, RunStatus::kNotStarted);
    return result.error ? result.error->describe() : "it began";
  };
  EXPECT_NE(refused("t2").find("task 't2' waits for 't1', which is pending"), std::string::npos);
  EXPECT_EQ(to_string(plan.workflow().value().find("t2")->state), std::string("pending"));
  EXPECT_FALSE(store->info("no")) << "nothing is left of it";
  EXPECT_EQ(doing("t1", "r1").output, "one");
  EXPECT_NE(refused("t3").find("task 't3' waits for 't9', which is not known"), std::string::npos);
  EXPECT_EQ(doing("t2", "r2").output, "two");
  const std::string done = refused("t2");
  EXPECT_NE(done.find("task 't2' is done already"), std::string::npos) << done;
  EXPECT_NE(done.find("set its state to pending"), std::string::npos) << done;
  EXPECT_EQ(resume(desk(), "r2", {.model = model, .store = store, .memory = memory}).output, "two")
      << "of a run that has begun nobody asks again";
  ASSERT_TRUE(plan.set_task({.id = "t2", .depends_on = {"t1"}}, "plan"));
  EXPECT_EQ(doing("t2", "r3").output, "two again");
  for (const char* tail : {"", "-wal", "-shm", ".lock"})
    std::filesystem::remove(file.string() + tail);
}

// ---- handoffs ----------------------------------------------------------------------------------

TEST(RequestHandoff, WhatTheTargetAcceptsItDoes) {
  const Count asked = count();
  const auto model = script({says("tested")});
  const std::shared_ptr<Store> store = make_memory_store();
  const auto context = said("the code is in main.cc");
  HandoffRequest request = kRequest;
  request.context = context;
  request.priority = Priority::kHigh;
  const RunResult result =
      request_handoff(desk(asked), request, {.model = model, .store = store});
  EXPECT_EQ(result.output, "tested") << result.reason;
  EXPECT_EQ(result.agent, "qa_engineer");
  EXPECT_EQ(*asked, 1);
  EXPECT_EQ(result.model_calls, 1) << "nobody asked the source's model";
  EXPECT_EQ(result.handoffs_requested, 1);
  EXPECT_EQ(result.handoffs_accepted, 1);
  EXPECT_EQ(lines(model->requests()[0].items),
            (Lines{"user:the code is in main.cc", "user:test it", "call:transfer_to_qa_engineer",
                   R"(result:{"assistant":"qa_engineer"})"}));
  const auto start = events_of(*store, result.run, EventKind::kRunStarted).at(0);
  EXPECT_EQ(json::get_string(start.body, "priority"), "high");
  const auto requested = events_of(*store, result.run, EventKind::kHandoffRequested).at(0);
  EXPECT_EQ(json::get_string(requested.body, "source"), "developer");
  EXPECT_EQ(json::get_string(requested.body, "target"), "qa_engineer");
  EXPECT_EQ(events_of(*store, result.run, EventKind::kHandoffAccepted).size(), 1U);
  // The journal folds to the same.
  const RunResult again = resume(desk(), result.run, {.model = model, .store = store});
  EXPECT_EQ(again.output, "tested") << again.reason;
  EXPECT_EQ(lines(again.new_items), lines(result.new_items));
}

TEST(RequestHandoff, ItsPriorityIsWhatTheTargetSees) {
  Agent developer = agent("developer"), qa = agent("qa_engineer");
  developer.handoffs = {{.target = "qa_engineer", .approval = Approval::kAlways}};
  qa.accept = [](const HandoffRequest& request, const RunContext&) {
    return request.priority == Priority::kHigh ? HandoffAnswer::accept()
                                               : HandoffAnswer::refuse("only what is urgent");
  };
  const AgentTeam made = team({developer, qa});
  for (const Priority priority : {Priority::kNormal, Priority::kHigh}) {
    HandoffRequest request = kRequest;
    request.priority = priority;
    const std::shared_ptr<Store> store = make_memory_store();
    const RunOptions options{.model = script({says("tested")}), .store = store};
    const RunResult waits = request_handoff(made, request, options);
    ASSERT_EQ(waits.approvals.size(), 1U) << waits.reason;
    Runtime runtime;  // also after a restart
    const RunHandle handle = runtime.resume(made, waits.run, options);
    (void)handle.wait();
    ASSERT_TRUE(handle.approve(waits.approvals[0].call_id));
    EXPECT_EQ(handle.wait().done(), priority == Priority::kHigh) << handle.wait().reason;
    EXPECT_EQ(accept_handoff(made, request).accepted, priority == Priority::kHigh);
  }
}

TEST(RequestHandoff, ARefusalEndsItWithTheReason) {
  const auto model = script({says("never")});
  const std::shared_ptr<Store> store = make_memory_store();
  const RunResult result = request_handoff(desk(count(), HandoffAnswer::refuse("no build yet")),
                                           kRequest, {.model = model, .store = store});
  EXPECT_EQ(result.status, RunStatus::kRefused);
  EXPECT_EQ(result.reason, "Refused: no build yet");
  EXPECT_TRUE(model->requests().empty());
  const auto refused = events_of(*store, result.run, EventKind::kHandoffRefused).at(0);
  EXPECT_EQ(json::get_string(refused.body, "reason"), "no build yet");
}

TEST(RequestHandoff, OnlyWhatTheTeamAllows) {
  const auto model = script({says("x")});
  const auto fault = [&](HandoffRequest request) {
    const RunResult result = request_handoff(desk(), request, {.model = model});
    EXPECT_EQ(result.status, RunStatus::kNotStarted);
    const HandoffAnswer answer = accept_handoff(desk(), request);
    EXPECT_FALSE(answer.accepted);
    EXPECT_EQ(answer.reason, result.reason);
    return result.reason;
  };
  EXPECT_EQ(fault({.source = "developer", .target = "clerk", .task = "x"}),
            "'developer' has no handoff to 'clerk'");
  EXPECT_EQ(fault({.source = "developer", .target = "developer", .task = "x"}),
            "'developer' has no handoff to 'developer'");
  EXPECT_EQ(fault({.source = "developer", .target = "zoe", .task = "x"}),
            "the team has no agent 'zoe'; it has: developer, qa_engineer, clerk");
}

TEST(RequestHandoff, GuardrailsAndApprovalsOfTheHandoffHold) {
  Agent a = agent("a"), b = agent("b");
  a.handoffs = {{.target = "b", .guardrails = {guard("g", GuardrailVerdict::reject("too soon"))}}};
  const HandoffRequest request{.source = "a", .target = "b", .task = "x"};
  RunResult result = request_handoff(team({a, b}), request, {.model = script({says("x")})});
  EXPECT_EQ(result.status, RunStatus::kRefused);
  EXPECT_EQ(result.reason, "too soon");
  a.handoffs = {{.target = "b", .approval = Approval::kAlways}};
  const AgentTeam asks = team({a, b});
  for (const bool yes : {true, false}) {
    Runtime runtime;
    const RunHandle handle =
        runtime.request_handoff(asks, request, {.model = script({says("taken")})});
    ASSERT_EQ(handle.wait().approvals.size(), 1U);
    const std::string id = handle.wait().approvals[0].call_id;
    ASSERT_TRUE(yes ? handle.approve(id) : handle.reject(id, "not today"));
    result = handle.wait();
    EXPECT_EQ(result.status, yes ? RunStatus::kDone : RunStatus::kRefused) << result.reason;
    EXPECT_EQ(yes ? result.output : result.reason, yes ? "taken" : "not today");
  }
}

TEST(RequestHandoff, TheTargetsInputGuardrailsLookAtIt) {
  Agent a = agent("a"), b = agent("b");
  a.handoffs = {{.target = "b"}};
  const Count asked = count();
  b.input_guardrails = {guard("g", GuardrailVerdict::stop("not this"), true, asked)};
  const auto model = script({says("x")});
  const RunResult result = request_handoff(
      team({a, b}), {.source = "a", .target = "b", .task = "x"}, {.model = model});
  EXPECT_EQ(result.status, RunStatus::kGuardrail) << result.reason;
  EXPECT_EQ(*asked, 1);
  EXPECT_TRUE(model->requests().empty());
}

TEST(AcceptHandoff, AsksTheTargetAndStartsNothing) {
  const Count asked = count();
  EXPECT_TRUE(accept_handoff(desk(asked), kRequest).accepted);
  EXPECT_EQ(*asked, 1);
  const HandoffAnswer refused =
      accept_handoff(desk(count(), HandoffAnswer::refuse("no build yet")), kRequest);
  EXPECT_FALSE(refused.accepted);
  EXPECT_EQ(refused.reason, "no build yet");
  Agent a = agent("a"), b = agent("b");
  a.handoffs = {{.target = "b"}};
  b.accept = [](const HandoffRequest&, const RunContext&) -> HandoffAnswer {
    throw std::runtime_error("no calendar");
  };
  const HandoffAnswer thrown =
      accept_handoff(team({a, b}), {.source = "a", .target = "b", .task = "x"});
  EXPECT_FALSE(thrown.accepted) << "what throws refuses";
  EXPECT_NE(thrown.reason.find("no calendar"), std::string::npos);
}

// ---- roles -------------------------------------------------------------------------------------

TEST(Roles, TheFiveAreBuiltInAndWorkTogether) {
  std::vector<Agent> agents = built_in_roles();
  ASSERT_EQ(agents.size(), 5U);
  agents.push_back(agent("poet laureate"));  // roles are open
  agents[0].handoffs.push_back({.target = "poet laureate"});
  const AgentTeam made = team(agents);
  for (const std::string_view role : kBuiltInRoles) {
    const Agent built = *built_in_role(role);
    EXPECT_FALSE(built.instructions.empty()) << role;
    EXPECT_FALSE(built.description.empty()) << role;
  }
  const RunResult result =
      run(made, "write a verse",
          {.model = script({calls("transfer_to_architect", R"({"task": "plan"})", "1"),
                            calls("transfer_to_orchestrator", R"({"task": "write"})", "2"),
                            calls("transfer_to_poet_laureate", R"({"task": "write"})", "3"),
                            says("roses")})});
  EXPECT_EQ(result.output, "roses") << result.reason;
  EXPECT_EQ(result.agent, "poet laureate");
  const auto unknown = built_in_role("tester");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  EXPECT_NE(unknown.error().hint.find("qa_engineer"), std::string::npos);
}

}  // namespace
}  // namespace cadre::rules
