#include "spec/generator.h"

#include <gtest/gtest.h>

#include "spec/differential.h"
#include "spec/test_models.h"

namespace cadre::spec {
namespace {

Coverage run(const Spec& spec, std::uint64_t seed, int requests) {
  Interpreter world(spec);
  OperationGenerator generator(world.spec(), world.contract(), seed);
  for (int i = 0; i < requests; ++i) {
    const Request request = generator.next(world);
    world.handle(request);
  }
  return generator.coverage();
}

TEST(OperationGenerator, MostRequestsSucceedAndEveryGuardGoesBothWays) {
  for (const char* name : {"library", "tasks"}) {
    const Coverage coverage = run(load_test_model(CADRE_SOURCE_DIR, name), 7, 800);
    EXPECT_GE(coverage.successes * 2, coverage.requests) << name;
    EXPECT_LT(coverage.successes, coverage.requests * 9 / 10) << name;
    const std::string all = json::write_pretty(coverage.to_json());
    for (const auto& [operation, tally] : coverage.operations) {
      EXPECT_GT(tally.passed, 0) << operation << "\n" << all;
    }
    for (const auto& [guard, tally] : coverage.guards) {
      EXPECT_GT(tally.passed, 0) << guard << "\n" << all;
      EXPECT_GT(tally.refused, 0) << guard << "\n" << all;
    }
  }
}

TEST(OperationGenerator, IsDeterministic) {
  const Spec spec = load_test_model(CADRE_SOURCE_DIR, "tasks");
  EXPECT_EQ(json::write(run(spec, 3, 100).to_json()), json::write(run(spec, 3, 100).to_json()));
  EXPECT_NE(json::write(run(spec, 3, 100).to_json()), json::write(run(spec, 4, 100).to_json()));
}

// A service that is the interpreter itself agrees with everything.
TEST(Differential, AgreesWithItselfAndSeesEachDifference) {
  const Spec spec = load_test_model(CADRE_SOURCE_DIR, "tasks");
  DifferentialSession session(spec, 11);
  for (int i = 0; i < 200; ++i) {
    const HttpRequest request = session.next();
    EXPECT_FALSE(request.method.empty());
    EXPECT_EQ(request.target.find('{'), std::string::npos) << request.target;
    EXPECT_EQ(request.target.find(' '), std::string::npos) << request.target;
    ASSERT_EQ(request.headers[0].first, "X-Test-Now");
  }
}

TEST(Differential, ComparesStatusCodeRuleFieldAndBody) {
  const Interpreter world(load_test_model(CADRE_SOURCE_DIR, "tasks"));
  Request request;
  request.operation = "create_person";
  Response refused;
  refused.status = 409;
  refused.code = "not_unique";
  refused.field = "email";
  const auto answer = [&](const Response& expected, int status, const char* body) {
    return compare_answer(world, request, expected, status, body);
  };
  EXPECT_EQ(
      answer(refused, 409, R"({"code":"not_unique","rule":null,"errors":[{"field":"email"}]})"),
      "");
  EXPECT_NE(
      answer(refused, 409, R"({"code":"not_unique","rule":null,"errors":[{"field":"name"}]})"), "");
  EXPECT_NE(
      answer(refused, 409, R"({"code":"not_unique","rule":"R1","errors":[{"field":"email"}]})"),
      "");
  EXPECT_NE(answer(refused, 201, "{}"), "");
  EXPECT_NE(answer(refused, 500, "Internal Server Error"), "");
  Response row;
  row.status = 201;
  row.body = JsonObject{{"id", 1}, {"reference", "00000000-0000-4000-8000-000000000001"}, {"n", 2}};
  EXPECT_EQ(
      answer(row, 201, R"({"n":2,"reference":"8c2c0c1e-9d7e-4a5e-8d5e-1f6b1c2d3e4f","id":1})"), "");
  EXPECT_EQ(
      answer(row, 201, R"({"n":2.0,"reference":"8c2c0c1e-9d7e-4a5e-8d5e-1f6b1c2d3e4f","id":1})"),
      "create_person: n is 2.0, expected 2");
  EXPECT_EQ(
      answer(row, 201, R"({"n":2,"reference":"short","id":1})"),
      "create_person: reference is \"short\", expected \"00000000-0000-4000-8000-000000000001\"");
  EXPECT_NE(answer(row, 201, R"({"n":2,"id":1})"), "");
  EXPECT_NE(answer(row, 201,
                   R"({"n":2,"id":1,"x":1,"reference":"8c2c0c1e-9d7e-4a5e-8d5e-1f6b1c2d3e4f"})"),
            "");
}

TEST(Differential, EncodesTargetsAndActors) {
  const Interpreter world(load_test_model(CADRE_SOURCE_DIR, "library"));
  Request request;
  request.operation = "list_books";
  request.role = "member";
  request.record = 3;
  request.now = 1'767'258'000;
  request.query = {{"q", "a b&c"}};
  const HttpRequest http = to_http(world.contract(), request);
  EXPECT_EQ(http.target, "/books?q=a%20b%26c");
  EXPECT_EQ(http.headers[0].second, "2026-01-01T09:00:00Z");
  EXPECT_EQ(http.headers[1].second, "member:3");
  request.authenticated = false;
  EXPECT_EQ(to_http(world.contract(), request).headers.size(), 1U);
}

}  // namespace
}  // namespace cadre::spec
