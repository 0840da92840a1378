#include <gtest/gtest.h>

#include "spec/contract.h"
#include "spec/test_models.h"

namespace cadre::spec {
namespace {

Json parse(std::string_view text) {
  auto json = json::parse(text);
  EXPECT_TRUE(json.has_value()) << text;
  return json ? *json : Json();
}

std::string error_of(std::string_view text) {
  auto expr = expr_from_json(parse(text));
  return expr ? "no error" : expr.error().describe();
}

TEST(Expr, ReadsAndWritesTheSameText) {
  for (
      const char* text :
      {R"(["<",["count","Loan",["and",["=",["row","member"],["arg","member"]],)"
                         R"(["is_null",["row","returned_on"]]]],3])",
       R"(["*",["max",0,["days_between",["self","due_on"],["self","returned_on"]]],0.5])",
       R"(["if",true,null,"x"])", R"(["overlaps",["now"],["now"],["now"],["now"]])", "-12.25",
       R"(["sum","Task",["row","estimate"]])", R"(["sum",["row","hours"]])", R"(["count"])"}) {
    auto expr = expr_from_json(parse(text));
    ASSERT_TRUE(expr.has_value()) << text << ": " << expr.error().describe();
    EXPECT_EQ(json::write(to_json(*expr)), text);
  }
}

TEST(Expr, PathReadsAsArgAndWeeksAsDays) {
  EXPECT_EQ(*expr_from_json(parse(R"(["path","book.copies"])")),
            Expr::call("arg", {Expr::string("book.copies")}));
  EXPECT_EQ(*expr_from_json(parse(R"(["weeks",2])")), Expr::call("days", {Expr::of(14)}));
  EXPECT_EQ(Expr::decimal("0.50"), Expr::decimal("0.5"));
}

TEST(Expr, RefusesWhatItDoesNotKnow) {
  EXPECT_NE(error_of(R"(["exec","rm"])").find("unknown operator \"exec\""), std::string::npos);
  EXPECT_NE(error_of(R"(["=",1])").find("takes 2 argument(s), not 1"), std::string::npos);
  EXPECT_NE(error_of(R"(["self",1])").find("must be a name"), std::string::npos);
  EXPECT_NE(error_of("[]").find("must begin with an operator"), std::string::npos);
  EXPECT_NE(error_of("{}").find("not an object"), std::string::npos);
  EXPECT_NE(error_of("1e300").find("too many digits"), std::string::npos);
  std::string deep = "1";
  for (int i = 0; i < 40; ++i) deep = "[\"not\"," + deep + "]";
  EXPECT_NE(error_of(deep).find("nested deeper than 32"), std::string::npos);
}

TEST(ModelJson, RoundTripsTheExampleModels) {
  for (const char* name : {"library", "tasks"}) {
    const Json once = to_json(load_test_model(CADRE_SOURCE_DIR, name));
    auto again = spec_from_json(once);
    ASSERT_TRUE(again.has_value()) << again.error().describe();
    EXPECT_EQ(json::write(to_json(*again)), json::write(once));
  }
}

TEST(ModelJson, ErrorsNameTheElement) {
  Json json = to_json(load_test_model(CADRE_SOURCE_DIR, "library"));
  json.at("entities").at(2).at("attributes").at(0).as_object()["type"] = "dat";
  auto spec = spec_from_json(json);
  ASSERT_FALSE(spec.has_value());
  EXPECT_NE(spec.error().message.find(
                "entities[2] Loan, attributes[0] borrowed_on: unknown type \"dat\""),
            std::string::npos)
      << spec.error().message;
  EXPECT_FALSE(spec_from_json(parse(R"({"im":"0.2"})")).has_value());
  EXPECT_FALSE(spec_from_json(parse("[]")).has_value());
}

TEST(ModelJson, InputWithoutTypeTakesTheAttributes) {
  Json json = to_json(load_test_model(CADRE_SOURCE_DIR, "library"));
  json.at("operations").at(0).at("inputs").at(3).as_object().erase("type");
  auto spec = spec_from_json(json);
  ASSERT_TRUE(spec.has_value());
  EXPECT_EQ(spec->operations[0].inputs[3].type, Type::kInt);
}

class ContractTest : public testing::Test {
 protected:
  Spec spec_ = load_test_model(CADRE_SOURCE_DIR, "library");
  Contract contract_ = derive_contract(spec_);

  std::string route(const char* id) const {
    const Endpoint* endpoint = find_endpoint(contract_, id);
    return endpoint == nullptr ? "none" : endpoint->method + " " + endpoint->path;
  }
};

TEST_F(ContractTest, RoutesFollowTheDocument) {
  EXPECT_EQ(route("create_book"), "POST /books");
  EXPECT_EQ(route("borrow"), "POST /loans");
  EXPECT_EQ(route("return_"), "POST /loans/{loan_id}/return");
  EXPECT_EQ(route("update_member"), "PATCH /members/{member_id}");
  EXPECT_EQ(route("delete_book"), "DELETE /books/{book_id}");
  EXPECT_EQ(route("overdue_loans"), "GET /reports/overdue_loans");
  EXPECT_EQ(route("find_books"), "none");
  EXPECT_EQ(find_endpoint(contract_, "list_books")->search,
            (std::vector<std::string>{"title", "author", "isbn"}));
  EXPECT_EQ(find_endpoint(contract_, "list_loans")->filters,
            (std::vector<std::string>{"borrowed_on", "due_on", "returned_on", "renewals",
                                      "book_id", "member_id"}));
  EXPECT_TRUE(find_endpoint(contract_, "borrow")->body[0].required);
  EXPECT_FALSE(find_endpoint(contract_, "update_book")->body[0].required);
  EXPECT_FALSE(find_endpoint(contract_, "update_book")->body[0].nullable);
}

TEST_F(ContractTest, ASecondEventCreateGoesUnderItsVerb) {
  Operation reserve = *find_operation(spec_, "borrow");
  reserve.id = "reserve_book";
  reserve.verb = "reserve";
  spec_.operations.push_back(reserve);
  contract_ = derive_contract(spec_);
  EXPECT_EQ(route("borrow"), "POST /loans");
  EXPECT_EQ(route("reserve_book"), "POST /loans/reserve");
}

TEST_F(ContractTest, SharedVerbsFallBackToIds) {
  Operation late = *find_operation(spec_, "return_");
  late.id = "return_late";
  spec_.operations.push_back(late);
  contract_ = derive_contract(spec_);
  EXPECT_EQ(route("return_late"), "POST /loans/{loan_id}/return-late");
}

TEST_F(ContractTest, EntitiesMoveAsideForTheServicesOwnPaths) {
  spec_.entities[0].name = "report";
  spec_.entities[0].plural = "reports";
  contract_ = derive_contract(spec_);
  EXPECT_EQ(route("create_book"), "POST /report-records");
}

TEST_F(ContractTest, ErrorsComeInTheOrderOfChecks) {
  std::string codes;
  for (const ErrorCase& error : find_endpoint(contract_, "borrow")->errors) {
    codes += error.code + (error.rule.empty() ? "" : "/" + error.rule) + " ";
  }
  EXPECT_EQ(codes,
            "invalid_json unauthorized forbidden invalid unknown_reference max_open_loans/R1 "
            "no_copy_available/R4 ");
}

}  // namespace
}  // namespace cadre::spec
