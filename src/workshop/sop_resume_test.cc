// Runs of SOPs that stop and go on: cancelled, out of budget, waiting for a person, resumed.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "cadre/tool.h"
#include "workshop/sop_test_kit.h"

namespace cadre {
namespace {

using namespace testing;
using namespace std::chrono_literals;

struct Payment {
  int euros = 0;
};
BOOST_DESCRIBE_STRUCT(Payment, (), (euros))

struct Till {
  std::atomic<int> paid = 0;
  Tool tool(ToolOptions options) {
    return make_tool<Payment>(
        "pay", "Pays.",
        [this](const Payment& payment, const RunContext& context) {
          paid += payment.euros;
          return "paid for " + std::string(context.agent);
        },
        std::move(options));
  }
};

SopRunOptions paying(Till& till, const std::shared_ptr<Store>& store) {
  SopRunOptions options{.model = model_with_tool("pay", R"({"euros": 20})"),
                        .journal = {store, {}}};
  const auto added = options.tools.add(till.tool({.approval = Approval::kAlways}));
  EXPECT_TRUE(added.has_value()) << added.error().describe();
  return options;
}

TEST(SopResume, ARunThatIsNotThere) {
  const auto model = article_model();
  const auto nowhere = resume_sop("20200101-000000-000000", {.model = model});
  ASSERT_FALSE(nowhere.has_value());
  EXPECT_EQ(nowhere.error().code, ErrorCode::kInvalidInput);
  const auto unknown =
      resume_sop("20200101-000000-000000", {.model = model, .journal = {make_memory_store(), {}}});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  const TestFolder folder;
  const auto no_journal =
      resume_sop("20200101-000000-000000", {.model = model, .journal = {{}, folder / "state"}});
  ASSERT_FALSE(no_journal.has_value());
  EXPECT_EQ(no_journal.error().code, ErrorCode::kNotFound);
}

TEST(SopResume, ARunThatHasEndedGivesItsResultAgain) {
  const std::shared_ptr<Store> store = make_memory_store();
  const auto model = article_model();
  const auto first = run_sop(article_sop(), "bridges", {.model = model, .journal = {store, {}}});
  ASSERT_TRUE(first.has_value()) << first.error().describe();
  const auto again = resume_sop(first->run, {.journal = {store, {}}});
  ASSERT_TRUE(again.has_value()) << again.error().describe();
  EXPECT_TRUE(again->done());
  EXPECT_EQ(text_of(*again), text_of(*first));
  EXPECT_EQ(again->tokens_in, first->tokens_in);
  EXPECT_EQ(again->stages.at(1).gates.size(), 1U);
  EXPECT_EQ(model->requests().size(), 2U);
  const auto taken =
      run_sop(article_sop(), "bridges", {.model = model, .journal = {store, {}}, .id = first->run});
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, ErrorCode::kConflict);
}

TEST(SopResume, AStoppedRunGoesOnAndRepeatsNothing) {
  const TestFolder folder;
  const auto slow = std::make_shared<HangingModel>();
  std::stop_source stop;
  SopRunOptions options{.model = article_model(),
                        .role_models = {{"author", slow}},
                        .journal = {{}, folder / "state"},
                        .stop = stop.get_token()};
  options.on_event = [&](const Event& event) {
    if (event.kind == EventKind::kModelCallStarted && event.body.at("stage") == "write")
      stop.request_stop();
  };
  const auto stopped = run_sop(article_sop(), "bridges", options);
  ASSERT_TRUE(stopped.has_value()) << stopped.error().describe();
  EXPECT_EQ(stopped->status, SopStatus::kInterrupted);
  EXPECT_EQ(stopped->exit_code, 130);
  EXPECT_EQ(stopped->stages[0].status, "done");
  EXPECT_EQ(stopped->stages[1].status, "working");

  const auto nobody = resume_sop(stopped->run, {.journal = {{}, folder / "state"}});
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(nobody.error().message.find("scripted+hanging"), std::string::npos);
  const auto model = article_model();
  const auto done = resume_sop(stopped->run, {.model = model, .journal = {{}, folder / "state"}});
  ASSERT_TRUE(done.has_value()) << done.error().describe();
  EXPECT_TRUE(done->done()) << done->reason;
  EXPECT_EQ(model->requests().size(), 1U);  // the article; the outline is there
}

TEST(SopResume, AModelThatIsDownBreaksARunOffWhichGoesOnLater) {
  const std::shared_ptr<Store> store = make_memory_store();
  const auto down = std::make_shared<ScriptedModel>(
      ScriptedModel::Answer([](const SeenRequest& seen) -> Result<ModelReply> {
        if (offers(seen, "deliver_outline")) return writes_articles(seen);
        return fail(ErrorCode::kUnavailable, "nobody answers at the vendor's");
      }));
  const auto broken = run_sop(article_sop(), "bridges", {.model = down, .journal = {store, {}}});
  ASSERT_TRUE(broken.has_value()) << broken.error().describe();
  EXPECT_EQ(broken->status, SopStatus::kInterrupted);
  EXPECT_EQ(broken->exit_code, 7);
  ASSERT_TRUE(broken->error.has_value());
  EXPECT_EQ(broken->error->code, ErrorCode::kUnavailable);
  EXPECT_NE(broken->error->message.find("nobody answers"), std::string::npos);
  EXPECT_NE(broken->artifact("outline"), nullptr);
  const auto done = resume_sop(broken->run, {.model = article_model(), .journal = {store, {}}});
  ASSERT_TRUE(done.has_value()) << done.error().describe();
  EXPECT_TRUE(done->done());
}

TEST(SopResume, ARunThatHasUsedUpItsBudgetEndsAndKeepsWhatItMade) {
  const TestFolder folder;
  SopRunOptions options{
      .model = article_model(), .journal = {{}, folder / "state"}, .limits = {.max_calls = 1}};
  const auto used_up = run_sop(article_sop(), "bridges", options);
  ASSERT_TRUE(used_up.has_value()) << used_up.error().describe();
  EXPECT_EQ(used_up->status, SopStatus::kBudget) << used_up->reason;
  EXPECT_EQ(used_up->exit_code, 6);
  EXPECT_NE(used_up->reason.find("call"), std::string::npos) << used_up->reason;
  EXPECT_NE(used_up->artifact("outline"), nullptr);
}

TEST(SopResume, TheProgramsBudgetIsDrawnOnByEveryRun) {
  const auto budget = std::make_shared<Budget>(BudgetLimits{.model_calls = 3});
  const SopRunOptions options{.model = article_model(), .budget = budget};
  const auto first = run_sop(article_sop(), "bridges", options);
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(first->done()) << first->reason;
  EXPECT_EQ(budget->used().model_calls, 2);
  EXPECT_EQ(budget->used().tokens, 220);
  const auto second = run_sop(article_sop(), "bridges", options);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->status, SopStatus::kBudget) << second->reason;
}

TEST(SopPeople, AToolWaitsAndGoesOnWhenItIsApproved) {
  Till till;
  const std::shared_ptr<Store> store = make_memory_store();
  const Sop sop = article_sop("tools: [pay]\n");
  const SopRunOptions options = paying(till, store);
  const auto waits = run_sop(sop, "bridges", options);
  ASSERT_TRUE(waits.has_value()) << waits.error().describe();
  ASSERT_EQ(waits->status, SopStatus::kWaiting);
  EXPECT_EQ(waits->exit_code, 8);
  ASSERT_EQ(waits->waiting.size(), 1U);
  EXPECT_EQ(waits->waiting[0].subject, "tool:pay");
  EXPECT_EQ(waits->waiting[0].what, "tool");
  EXPECT_EQ(json::write(waits->waiting[0].details.at("arguments")), R"({"euros":20})");
  EXPECT_EQ(till.paid, 0);

  const SopJournal journal{store, {}};
  const auto unknown = decide_sop(journal, waits->run, {.call = "a9", .approved = true});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  const auto answered = decide_sop(journal, waits->run, {.answers = true, .message = "20"});
  ASSERT_FALSE(answered.has_value());
  EXPECT_EQ(answered.error().code, ErrorCode::kInvalidInput);
  const auto nobody = decide_sop(journal, "20200101-000000-000000", {.approved = true});
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().code, ErrorCode::kNotFound);
  const auto left = decide_sop(journal, waits->run, {.call = "a1", .approved = true});
  ASSERT_TRUE(left.has_value()) << left.error().describe();
  EXPECT_EQ(*left, 0);
  const auto twice = decide_sop(journal, waits->run, {.call = "a1", .approved = true});
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(twice.error().code, ErrorCode::kConflict);

  const auto done = resume_sop(waits->run, options);
  ASSERT_TRUE(done.has_value()) << done.error().describe();
  EXPECT_TRUE(done->done()) << done->reason;
  EXPECT_EQ(till.paid, 20);
  EXPECT_EQ(text_of(*done), "paid for author");
}

TEST(SopPeople, LimitsAreKeptForTheResume) {
  Till till;
  const TestFolder folder;
  SopRunOptions options = paying(till, nullptr);
  options.journal = {{}, folder / "state"};
  options.limits.max_calls = 2;
  const auto waits = run_sop(article_sop("tools: [pay]\n"), "bridges", options);
  ASSERT_TRUE(waits.has_value()) << waits.error().describe();
  ASSERT_EQ(waits->status, SopStatus::kWaiting) << waits->reason;
  ASSERT_TRUE(decide_sop(options.journal, waits->run, {.approved = true}).has_value());
  options.limits = {};
  const auto used_up = resume_sop(waits->run, options);
  ASSERT_TRUE(used_up.has_value()) << used_up.error().describe();
  EXPECT_EQ(used_up->status, SopStatus::kBudget) << used_up->reason;
  EXPECT_EQ(till.paid, 20);
}

TEST(SopPeople, APolicyDecidesInAPersonsName) {
  Till till;
  const Sop sop = article_sop("tools: [pay]\n");
  SopRunOptions options = paying(till, make_memory_store());
  options.policy = std::make_shared<const ApprovalPolicy>(*ApprovalPolicy::make({}, {"tool:pay"}));
  const auto denied = run_sop(sop, "bridges", options);
  ASSERT_TRUE(denied.has_value()) << denied.error().describe();
  EXPECT_TRUE(denied->done());
  EXPECT_EQ(till.paid, 0);
  EXPECT_NE(text_of(*denied).find("the policy denies it"), std::string::npos) << text_of(*denied);
  options.policy = std::make_shared<const ApprovalPolicy>(*ApprovalPolicy::make({"tool:*"}, {}));
  const auto allowed = run_sop(sop, "bridges", options);
  ASSERT_TRUE(allowed.has_value());
  EXPECT_TRUE(allowed->done());
  EXPECT_EQ(till.paid, 20);
}

TEST(SopHandle, GoesOnByItselfWhenItIsApproved) {
  Till till;
  const auto run = start_sop(article_sop("tools: [pay]\n"), "bridges", paying(till, nullptr));
  ASSERT_TRUE(run.has_value()) << run.error().describe();
  const SopResult waits = run->wait(20s);
  ASSERT_EQ(waits.status, SopStatus::kWaiting);
  EXPECT_EQ(waits.run, run->id());
  EXPECT_EQ(run->wait_end(1ms).status, SopStatus::kWaiting);
  const auto no_question = run->answer("a1", "20");
  ASSERT_FALSE(no_question.has_value());
  EXPECT_EQ(no_question.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(run->approve("a7").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(run->approve("a1").has_value());
  EXPECT_EQ(run->approve("a1").error().code, ErrorCode::kConflict);
  const SopResult done = run->wait_end(20s);
  EXPECT_TRUE(done.done()) << done.reason;
  EXPECT_EQ(till.paid, 20);
  EXPECT_FALSE(run->approve("a1").has_value());
}

TEST(SopHandle, AQuestionIsAnswered) {
  const auto run =
      start_sop(article_sop("tools: [ask_user]\n"), "bridges",
                {.model = model_with_tool("ask_user", R"({"question": "Which bridge?"})")});
  ASSERT_TRUE(run.has_value()) << run.error().describe();
  const SopResult waits = run->wait(20s);
  ASSERT_EQ(waits.waiting.size(), 1U);
  EXPECT_EQ(waits.waiting[0].question, "Which bridge?");
  EXPECT_EQ(run->approve("a1").error().code, ErrorCode::kInvalidInput);
  ASSERT_TRUE(run->answer("a1", "The one at Garabit.").has_value());
  const SopResult done = run->wait_end(20s);
  EXPECT_TRUE(done.done()) << done.reason;
  EXPECT_NE(text_of(done).find("Garabit"), std::string::npos);
}

TEST(SopHandle, SeesTheDecisionOfAnotherProcess) {
  Till till;
  const TestFolder folder;
  SopRunOptions options = paying(till, nullptr);
  options.journal = {{}, folder / "state"};
  const auto run = start_sop(article_sop("tools: [pay]\n"), "bridges", options);
  ASSERT_TRUE(run.has_value()) << run.error().describe();
  ASSERT_EQ(run->wait(20s).status, SopStatus::kWaiting);
  const auto decided =
      decide_sop({{}, folder / "state"}, run->id(), {.message = "too dear", .by = "somebody else"});
  ASSERT_TRUE(decided.has_value()) << decided.error().describe();
  const SopResult done = run->wait_end(20s);
  EXPECT_TRUE(done.done()) << done.reason;
  EXPECT_EQ(till.paid, 0);
  EXPECT_NE(text_of(done).find("too dear"), std::string::npos);
}

TEST(SopHandle, CancelInterruptsAndTheRunGoesOnLater) {
  const TestFolder folder;
  const auto slow = std::make_shared<HangingModel>();
  std::atomic<bool> asked = false;
  SopRunOptions options{.model = slow, .journal = {{}, folder / "state"}};
  options.on_event = [&](const Event& event) {
    if (event.kind == EventKind::kModelCallStarted) asked = true;
  };
  const auto run = start_sop(article_sop(), "bridges", options);
  ASSERT_TRUE(run.has_value()) << run.error().describe();
  while (!asked) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(run->wait(1ms).status, SopStatus::kRunning);
  const auto busy = resume_sop(run->id(), {.model = slow, .journal = {{}, folder / "state"}});
  ASSERT_FALSE(busy.has_value());
  EXPECT_EQ(busy.error().code, ErrorCode::kConflict);
  run->cancel();
  const SopResult stopped = run->wait_end(20s);
  EXPECT_EQ(stopped.status, SopStatus::kInterrupted);
  const auto again =
      start_resume_sop(run->id(), {.model = article_model(), .journal = {{}, folder / "state"}});
  ASSERT_TRUE(again.has_value()) << again.error().describe();
  EXPECT_TRUE(again->wait_end(20s).done());
}

TEST(SopHandle, LettingGoInterruptsTheRun) {
  const std::shared_ptr<Store> store = make_memory_store();
  const auto slow = std::make_shared<HangingModel>();
  std::string id;
  {
    const auto run = start_sop(article_sop(), "bridges", {.model = slow, .journal = {store, {}}});
    ASSERT_TRUE(run.has_value());
    id = run->id();
    while (!store->info(id)) std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(store->info(id)->status, "interrupted");
}

TEST(SopTools, WhatMeansNothingInAnSopIsRefused) {
  Till till;
  SopTools tools;
  const auto refused = [&](ToolOptions options, const std::string& word) {
    const auto added = tools.add(till.tool(std::move(options)));
    ASSERT_FALSE(added.has_value()) << word;
    EXPECT_EQ(added.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(added.error().message.find(word), std::string::npos) << added.error().describe();
  };
  refused({.approval = Approval::kAsk,
           .needs_approval = [](const Json&, const RunContext&) { return true; }},
          "kAsk");
  refused({.ends_run = true}, "ends_run");
  refused({.enabled = [](const RunContext&) { return true; }}, "enabled");
  Tool nameless = till.tool({});
  nameless.name = "no spaces";
  EXPECT_FALSE(tools.add(nameless).has_value());
  ASSERT_TRUE(tools.add(till.tool({})).has_value());
  EXPECT_EQ(tools.add(till.tool({})).error().code, ErrorCode::kConflict);
  Tool taken = till.tool({});
  taken.name = "read_file";
  SopTools house;
  ASSERT_TRUE(house.add(taken).has_value());
  const auto run = run_sop(article_sop(), "x", {.model = article_model(), .tools = house});
  ASSERT_FALSE(run.has_value());
  EXPECT_EQ(run.error().code, ErrorCode::kConflict);
}

TEST(SopTools, ASlowAThrowingAndAnOverlongToolAreToldToTheModel) {
  const Sop sop = article_sop("tools: [work]\n");
  const auto said = [&](Tool::Function function, const std::string& arguments = "{}") {
    Tool tool{.name = "work", .description = "Works.", .function = std::move(function)};
    tool.options = {.effect = ToolEffect::kPure, .timeout = 30ms, .output_max = 20};
    SopRunOptions options{.model = model_with_tool("work", arguments)};
    EXPECT_TRUE(options.tools.add(tool).has_value());
    const auto result = run_sop(sop, "bridges", options);
    EXPECT_TRUE(result.has_value() && result->done());
    return result ? text_of(*result) : "";
  };
  const std::string slow = said([](const Json&, const RunContext& context) {
    while (!context.stop.stop_requested()) std::this_thread::sleep_for(1ms);
    return Result<std::string>("too late");
  });
  EXPECT_NE(slow.find("longer than 30 ms"), std::string::npos) << slow;
  const std::string thrown = said([](const Json&, const RunContext&) -> Result<std::string> {
    throw std::runtime_error("the till is shut");
  });
  EXPECT_NE(thrown.find("the till is shut"), std::string::npos) << thrown;
  const std::string cut = said(
      [](const Json&, const RunContext&) { return Result<std::string>(std::string(100, 'x')); });
  EXPECT_NE(cut.find("[cut: 20 of 100 bytes]"), std::string::npos) << cut;
}

}  // namespace
}  // namespace cadre
