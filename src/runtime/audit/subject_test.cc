// Where a brief can be read in two ways, and what the engine reads wrong: nothing is judged by it.
#include "runtime/audit/subject.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "offline/analysis/analyse.h"
#include "runtime/audit/session.h"
#include "spec/interpreter.h"

namespace cadre::audit {
namespace {

Json contract_of(const char* paths) {
  return json::parse(std::string(R"({"openapi": "3.1.0", "paths": )") + paths + "}").value();
}

const Json& jobs_contract() {
  static const Json kContract = contract_of(R"({
    "/customers": {"post": {"requestBody": {"content": {"application/json": {"schema": {
      "type": "object", "properties": {"name": {"type": "string"}}}}}}}},
    "/jobs": {"post": {"requestBody": {"content": {"application/json": {"schema": {
      "type": "object", "properties": {"title": {"type": "string"},
      "customer_id": {"type": "integer"}}}}}}}},
    "/jobs/{job_id}": {"get": {}},
    "/jobs/{job_id}/start": {"post": {"operationId": "markInProgress"}},
    "/jobs/{job_id}/finish": {"post": {}}})");
  return kContract;
}

// With one way to finish that the sentence does not name, as a careless reader would have it.
Subject jobs() {
  spec::Spec model = offline::analyse(
      "A customer has a name. Each job has a title, a status and belongs to a customer. The status "
      "of a job goes from open to in progress to finished. Jobs in progress can be finished. A "
      "customer can have at most 3 open jobs.");
  for (spec::Entity& entity : model.entities) {
    if (!entity.lifecycle) continue;
    auto& edges = entity.lifecycle->transitions;
    const auto finish = std::ranges::find(edges, "finish_job", &spec::Transition::by);
    EXPECT_NE(finish, edges.end());
    if (finish == edges.end()) continue;
    spec::Transition careless = *finish;
    careless.from = "open";
    careless.origin.sentences = {"S4"};
    std::erase_if(edges, [](const spec::Transition& edge) {
      return edge.by == "finish_job" && edge.from == "open";
    });
    edges.push_back(careless);
  }
  return make_subject(model, jobs_contract());
}

bool left_out(const Subject& subject, std::string_view what, std::string_view why) {
  return std::ranges::any_of(subject.left_out, [&](const NotAudited& one) {
    return one.what.find(what) != std::string::npos && one.why.find(why) != std::string::npos;
  });
}

spec::Response ask(spec::Interpreter& world, const char* operation, Json body,
                   const char* row = "") {
  spec::Request request;
  request.operation = operation;
  request.row = row;
  if (!body.is_null()) request.body = std::move(body);
  request.now = 1'800'000'000;
  return world.handle(request);
}

// "Open jobs" are those of the state open, or all that are not finished.
TEST(AuditSubject, ACountOfOpenOnesIsReadInTwoWays) {
  const Subject subject = jobs();
  EXPECT_TRUE(left_out(subject, "R3 in create_job", "\"open\" can be a state"));
  spec::Interpreter world(subject.spec), other(subject.other);
  for (spec::Interpreter* one : {&world, &other}) {
    ASSERT_TRUE(ask(*one, "create_customer", JsonObject{{"name", "Ann"}}).ok());
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(ask(*one, "create_job", JsonObject{{"title", "a"}, {"customer_id", 1}}).ok());
    }
    // Three of the state open: both readings refuse a fourth.
    EXPECT_FALSE(ask(*one, "create_job", JsonObject{{"title", "a"}, {"customer_id", 1}}).ok());
    ASSERT_TRUE(ask(*one, "mark_in_progress_job", nullptr, "1").ok());
  }
  EXPECT_FALSE(ask(world, "create_job", JsonObject{{"title", "a"}, {"customer_id", 1}}).ok());
  EXPECT_TRUE(ask(other, "create_job", JsonObject{{"title", "a"}, {"customer_id", 1}}).ok());
}

// "Jobs in progress can be finished" says nothing of open ones.
TEST(AuditSubject, AStateThatNoSentenceNamesIsDoubted) {
  const Subject subject = jobs();
  EXPECT_TRUE(left_out(subject, "finish_job", "whether it is allowed from \"open\""));
  const auto leads = [](const spec::Spec& spec, const char* from) {
    const auto& edges = spec::find_entity(spec, "Job")->lifecycle->transitions;
    return std::ranges::any_of(edges, [&](const spec::Transition& edge) {
      return edge.by == "finish_job" && edge.from == from;
    });
  };
  EXPECT_TRUE(leads(subject.spec, "open"));
  EXPECT_FALSE(leads(subject.other, "open"));
  EXPECT_TRUE(leads(subject.other, "in progress"));
  EXPECT_TRUE(subject.mapping.operations.contains("finish_job"));
}

TEST(AuditSubject, AConditionReadInPartIsNotJudged) {
  const spec::Spec model = offline::analyse(
      "Each project has a name. Each task has a title and belongs to a project. Tasks go from todo "
      "to done. A project with tasks that are not done can't be deleted.");
  const auto rule = std::ranges::find(model.rules, "guard", &spec::Rule::kind);
  ASSERT_NE(rule, model.rules.end());
  const bool whole = rule->canonical.find("done") != std::string::npos;
  const Subject subject = make_subject(model, contract_of(R"({
    "/projects": {"post": {"requestBody": {"content": {"application/json": {"schema": {
      "type": "object", "properties": {"name": {"type": "string"}}}}}}}},
    "/projects/{id}": {"delete": {}}})"));
  EXPECT_EQ(left_out(subject, rule->id, "does not account for"), !whole);
}

TEST(AuditSubject, AMemberOfAVerbIsFoundByIt) {
  const spec::Spec model = offline::analyse(
      "Members borrow books. A loan is due after 14 days. Loans can be returned.");
  const Subject subject = make_subject(model, contract_of(R"({
    "/members": {"post": {}}, "/books": {"post": {}},
    "/borrowings": {"post": {"requestBody": {"content": {"application/json": {"schema": {
      "type": "object", "properties": {"member_id": {"type": "integer"},
      "book_id": {"type": "integer"}}}}}}}},
    "/borrowings/{borrowing_id}": {"get": {}},
    "/borrowings/{borrowing_id}/return": {"post": {}}})"));
  EXPECT_TRUE(subject.mapping.operations.contains("read_loan"));
  EXPECT_TRUE(subject.mapping.operations.contains("return_book"));
}

TEST(AuditSubject, WhatACountCountsIsKnownByState) {
  using spec::Expr;
  const Expr status = Expr::call("row", {Expr::string("status")});
  const Expr done = Expr::call("in", {status, Expr::string("done"), Expr::string("gone")});
  EXPECT_TRUE(may_count(done, "status", "gone"));
  EXPECT_FALSE(may_count(done, "status", "todo"));
  EXPECT_FALSE(may_count(Expr::call("not", {done}), "status", "done"));
  EXPECT_TRUE(may_count(Expr::call("not", {done}), "status", "todo"));
  const Expr both = Expr::call("and", {Expr::of(true), done});
  EXPECT_FALSE(may_count(both, "status", "todo"));
}

// A change of what is not counted, or was counted before, is nothing that a limit surely forbids.
TEST(AuditSubject, ALimitForbidsOnlyWhatIsCountedFromThenOn) {
  const Subject subject = make_subject(
      offline::analyse("Each customer has a name. Each order has a quantity and a status, and "
                       "belongs to a customer. The status of an order goes from draft to placed. "
                       "A customer can have at most 1 draft order."),
      contract_of(R"({
    "/customers": {"post": {"requestBody": {"content": {"application/json": {"schema": {
      "type": "object", "properties": {"name": {"type": "string"}}}}}}}},
    "/orders": {"post": {"requestBody": {"content": {"application/json": {"schema": {
      "type": "object", "properties": {"quantity": {"type": "integer"},
      "customer_id": {"type": "integer"}}}}}}}},
    "/orders/{id}": {"patch": {"requestBody": {"content": {"application/json": {"schema": {
      "type": "object", "properties": {"quantity": {"type": "integer"},
      "customer_id": {"type": "integer"}}}}}}}},
    "/orders/{id}/place": {"post": {}}})"));
  spec::Interpreter world(subject.spec), other(subject.other);
  for (spec::Interpreter* one : {&world, &other}) {
    ASSERT_TRUE(ask(*one, "create_customer", JsonObject{{"name", "Ann"}}).ok());
    ASSERT_TRUE(ask(*one, "create_customer", JsonObject{{"name", "Bob"}}).ok());
    ASSERT_TRUE(ask(*one, "create_order", JsonObject{{"quantity", 1}, {"customer_id", 1}}).ok());
    ASSERT_TRUE(ask(*one, "place_order", nullptr, "1").ok());
    ASSERT_TRUE(ask(*one, "create_order", JsonObject{{"quantity", 1}, {"customer_id", 1}}).ok());
    ASSERT_TRUE(ask(*one, "create_order", JsonObject{{"quantity", 1}, {"customer_id", 2}}).ok());
    // A draft that comes to who has one: both refuse.
    EXPECT_FALSE(ask(*one, "update_order", JsonObject{{"customer_id", 1}}, "3").ok());
  }
  EXPECT_FALSE(ask(world, "update_order", JsonObject{{"quantity", 2}}, "1").ok());
  EXPECT_TRUE(ask(other, "update_order", JsonObject{{"quantity", 2}}, "1").ok());
}

}  // namespace
}  // namespace cadre::audit
