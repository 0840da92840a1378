#include "spec/interpreter.h"

#include <gtest/gtest.h>

#include "spec/test_models.h"

namespace cadre::spec {
namespace {

constexpr std::int64_t kNow = 1'767'258'000;  // 2026-01-01T09:00:00Z

class World {
 public:
  explicit World(const std::string& model)
      : interpreter(load_test_model(CADRE_SOURCE_DIR, model)) {}

  Response call(const std::string& operation, const std::string& body = {},
                const std::string& row = {}) {
    Request request;
    request.operation = operation;
    request.role = role;
    request.record = record;
    request.row = row;
    request.query = query;
    request.now = now;
    if (!body.empty()) {
      auto json = json::parse(body);
      if (json) request.body = *json;
      else request.malformed_body = body;
    }
    return interpreter.handle(request);
  }
  std::string code(const std::string& operation, const std::string& body = {},
                   const std::string& row = {}) {
    const Response response = call(operation, body, row);
    return std::to_string(response.status) + " " + response.code +
           (response.rule.empty() ? "" : " " + response.rule) +
           (response.field.empty() ? "" : " " + response.field);
  }
  std::string show(const std::string& operation, const std::string& body = {},
                   const std::string& row = {}) {
    return json::write(call(operation, body, row).body);
  }
  void act_as(const std::string& actor, std::optional<std::int64_t> id = {}) {
    role = actor;
    record = id;
  }

  Interpreter interpreter;
  std::string role = "staff";
  std::optional<std::int64_t> record;
  std::vector<std::pair<std::string, std::string>> query;
  std::int64_t now = kNow;
};

class Library : public testing::Test {
 protected:
  void SetUp() override {
    w.call("create_book", R"({"title":"Emma","author":"Austen","isbn":"1","copies":1})");
    w.call("create_book", R"({"title":"Ulysses","author":"Joyce","isbn":"2","copies":5})");
    w.call("create_member", R"({"name":"Ann"})");
    w.call("create_member", R"({"name":"Bob"})");
  }
  World w{"library"};
};

TEST_F(Library, BorrowingFillsTheLoanAndShowsIt) {
  EXPECT_EQ(w.show("borrow", R"({"book_id":1,"member_id":1})"),
            R"({"id":1,"borrowed_on":"2026-01-01","due_on":"2026-01-15","returned_on":null,)"
            R"("renewals":0,"fine":"0.00","book_id":1,"member_id":1})");
}

TEST_F(Library, GuardsRefuseInModelOrder) {
  EXPECT_EQ(w.code("borrow", R"({"book_id":1,"member_id":1})"), "201 ");
  EXPECT_EQ(w.code("borrow", R"({"book_id":1,"member_id":2})"), "422 no_copy_available R4");
  EXPECT_EQ(w.code("borrow", R"({"book_id":2,"member_id":1})"), "201 ");
  EXPECT_EQ(w.code("borrow", R"({"book_id":2,"member_id":1})"), "201 ");
  EXPECT_EQ(w.code("borrow", R"({"book_id":2,"member_id":1})"), "422 max_open_loans R1");
  EXPECT_EQ(w.code("return_", "", "1"), "200 ");
  EXPECT_EQ(w.code("return_", "", "1"), "409 already_returned R6");
  EXPECT_EQ(w.code("borrow", R"({"book_id":2,"member_id":1})"), "201 ");
}

TEST_F(Library, AFailedCreateUsesUpNoId) {
  EXPECT_EQ(w.code("create_book", R"({"title":"x","author":"y","isbn":"1","copies":1})"),
            "409 not_unique isbn");
  EXPECT_EQ(json::get_int(w.call("create_book",
                                 R"({"title":"x","author":"y","isbn":"3","copies":1})").body, "id"),
            3);
  EXPECT_EQ(w.code("delete_book", "", "3"), "204 ");
  EXPECT_EQ(json::get_int(w.call("create_book",
                                 R"({"title":"x","author":"y","isbn":"3","copies":1})").body, "id"),
            4);
}

TEST_F(Library, BodiesAreChecked) {
  EXPECT_EQ(w.code("create_member", "{"), "422 invalid_json");
  EXPECT_EQ(w.code("create_member"), "422 invalid_json");
  EXPECT_EQ(w.code("create_member", "[]"), "422 invalid body");
  EXPECT_EQ(w.code("create_member", "{}"), "422 invalid name");
  EXPECT_EQ(w.code("create_member", R"({"name":null})"), "422 invalid name");
  EXPECT_EQ(w.code("create_member", R"({"name":"  "})"), "422 invalid name");
  EXPECT_EQ(w.code("create_member", R"({"name":"x","age":3})"), "422 invalid age");
  EXPECT_EQ(w.code("update_book", R"({"copies":-1})", "1"), "422 invalid copies");
  EXPECT_EQ(w.code("update_book", R"({"copies":1.0})", "1"), "422 invalid copies");
  EXPECT_EQ(w.code("update_book", R"({"copies":true})", "1"), "422 invalid copies");
  EXPECT_EQ(w.code("update_book", "{}", "1"), "200 ");
  EXPECT_EQ(w.code("update_book", "{}", "9"), "404 not_found");
  EXPECT_EQ(w.code("update_book", "{}", "0"), "422 invalid book_id");
  EXPECT_EQ(w.code("update_book", "{}", "abc"), "422 invalid book_id");
  EXPECT_EQ(w.code("borrow", R"({"book_id":7,"member_id":8})"), "422 unknown_reference book_id");
  EXPECT_EQ(w.code("borrow", R"({"book_id":0,"member_id":1})"), "422 invalid book_id");
  w.call("borrow", R"({"book_id":1,"member_id":1})");
  EXPECT_EQ(w.code("return_", R"({"x":1})", "1"), "422 invalid x");
  EXPECT_EQ(w.code("return_", "{}", "1"), "200 ");
}

TEST_F(Library, ActorsSeeAndDoOnlyWhatIsAllowed) {
  w.act_as("member", 1);
  EXPECT_EQ(w.code("create_book", "{}"), "403 forbidden");
  EXPECT_EQ(w.code("borrow", R"({"book_id":2,"member_id":2})"), "403 forbidden");
  EXPECT_EQ(w.code("borrow", R"({"book_id":2,"member_id":1})"), "201 ");
  w.act_as("member", 2);
  EXPECT_EQ(w.code("borrow", R"({"book_id":2,"member_id":2})"), "201 ");
  EXPECT_EQ(w.code("read_loan", "", "1"), "403 forbidden");
  EXPECT_EQ(w.code("read_loan", "", "2"), "200 ");
  EXPECT_EQ(json::get_int(w.call("list_loans").body, "total"), 1);
  EXPECT_EQ(w.code("overdue_loans"), "403 forbidden");
  w.act_as("nobody");
  EXPECT_EQ(w.code("list_books"), "401 unauthorized");
}

TEST_F(Library, DeletingAReferencedRowIsRefused) {
  w.call("borrow", R"({"book_id":1,"member_id":1})");
  EXPECT_EQ(w.code("delete_book", "", "1"), "409 referenced");
  EXPECT_EQ(w.code("delete_book", "", "2"), "204 ");
  EXPECT_EQ(w.code("read_book", "", "2"), "404 not_found");
}

TEST_F(Library, ListsFilterSearchSortAndPage) {
  w.query = {{"q", "ULYS"}};
  EXPECT_EQ(json::get_int(w.call("list_books").body, "total"), 1);
  w.query = {{"sort", "-title"}, {"limit", "1"}, {"offset", "1"}};
  const Json page = w.call("list_books").body;
  EXPECT_EQ(json::get_int(page, "total"), 2);
  EXPECT_EQ(json::get_string(json::get_array(page, "items").at(0), "title"), "Emma");
  w.query = {{"copies", "5"}};
  EXPECT_EQ(json::get_int(w.call("list_books").body, "total"), 1);
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"copies", "five"}, {"limit", "0"}, {"limit", "101"}, {"offset", "-1"}, {"sort", "x"},
           {"colour", "red"}, {"q", ""}}) {
    w.query = {{name, value}};
    EXPECT_EQ(w.code("list_books"), "422 invalid " + name) << value;
  }
}

TEST_F(Library, ReportsCountAndFilter) {
  w.call("borrow", R"({"book_id":1,"member_id":1})");
  w.now += 20 * 86'400;
  w.call("borrow", R"({"book_id":2,"member_id":1})");
  EXPECT_EQ(json::get_array(w.call("overdue_loans").body, "rows").size(), 1U);
  w.now += 20 * 86'400;
  w.call("borrow", R"({"book_id":2,"member_id":2})");
  EXPECT_EQ(w.show("loans_by_month"),
            R"({"rows":[{"month":"2026-01","count":2},{"month":"2026-02","count":1}]})");
  w.call("return_", "", "1");
  EXPECT_EQ(json::get_string(w.call("read_loan", "", "1").body, "fine"), "13.00");
}

class Tasks : public testing::Test {
 protected:
  void SetUp() override {
    w.act_as("manager", 1);
    EXPECT_EQ(w.code("create_person", R"({"name":"Mia","email":"m@x.org","hourly_rate":"80.5"})"),
              "201 ");
    EXPECT_EQ(w.code("create_person", R"({"name":"Tom","email":"t@x.org"})"), "201 ");
    EXPECT_EQ(w.code("create_project",
                     R"({"name":"Apollo","budget":"1000.00","max_hours":"40","code":"AP-1"})"),
              "201 ");
    EXPECT_EQ(w.code("create_membership", R"({"project_id":1,"person_id":2})"), "201 ");
    EXPECT_EQ(w.code("create_task",
                     R"({"title":"Build","estimate":"8.5","project_id":1,"assignee_id":2})"),
              "201 ");
  }
  World w{"tasks"};
};

TEST_F(Tasks, ValuesHaveTheFormsOfTheContract) {
  EXPECT_EQ(json::get_string(w.call("read_person", "", "1").body, "hourly_rate"), "80.50");
  const Json task = w.call("read_task", "", "1").body;
  EXPECT_EQ(json::get_string(task, "hours_left"), "8.5");
  EXPECT_EQ(json::get_string(task, "created_at"), "2026-01-01T09:00:00Z");
  EXPECT_EQ(json::get_string(task, "status"), "open");
  EXPECT_EQ(w.code("update_project", R"({"code":"ap-1"})", "1"), "422 invalid code");
  EXPECT_EQ(w.code("update_project", R"({"budget":"0"})", "1"), "422 invalid budget");
  EXPECT_EQ(w.code("update_project", R"({"name":"A"})", "1"), "422 invalid name");
  EXPECT_EQ(w.code("update_task", R"({"estimate":"8.7"})", "1"), "422 invalid estimate");
  EXPECT_EQ(w.code("update_task", R"({"estimate":8})", "1"), "422 invalid estimate");
  EXPECT_EQ(w.code("update_task", R"({"status":"done"})", "1"), "422 invalid status");
}

TEST_F(Tasks, LifecycleRunsAlongItsEdges) {
  EXPECT_EQ(w.code("submit_task", "", "1"), "409 invalid_transition");
  EXPECT_EQ(w.code("start_task", "", "1"), "200 ");
  EXPECT_EQ(w.code("submit_task", "", "1"), "200 ");
  EXPECT_EQ(w.code("reject_task", R"({"reason":"not yet"})", "1"), "200 ");
  EXPECT_EQ(w.code("submit_task", "", "1"), "200 ");
  const Json done = w.call("approve_task", "", "1").body;
  EXPECT_EQ(json::get_string(done, "status"), "done");
  EXPECT_EQ(json::get_string(done, "finished_at"), "2026-01-01T09:00:00Z");
  EXPECT_EQ(w.code("cancel_task", "", "1"), "409 invalid_transition");
  EXPECT_EQ(w.interpreter.ids("Notice").size(), 2U);
  EXPECT_EQ(w.code("update_task", R"({"title":"x"})", "1"), "409 task_is_closed C2");
}

TEST_F(Tasks, SumLimitsSeeTheStoredRows) {
  EXPECT_EQ(w.code("create_task", R"({"title":"B","estimate":"31.5","project_id":1})"), "201 ");
  EXPECT_EQ(w.code("create_task", R"({"title":"C","estimate":"0.5","project_id":1})"),
            "422 project_hours_exceeded R1");
  EXPECT_EQ(w.code("update_task", R"({"estimate":"8.0"})", "1"), "200 ");
  EXPECT_EQ(w.code("update_task", R"({"estimate":"9.0"})", "1"), "422 project_hours_exceeded R1");
  EXPECT_EQ(w.code("create_task", R"({"title":"B","estimate":"0.5","project_id":1})"),
            "409 not_unique title");
}

TEST_F(Tasks, EffectsReachReferencedRowsAndKeepTheirRange) {
  EXPECT_EQ(w.code("log_time", R"({"day":"2026-01-01","hours":"2.5","task_id":1,"person_id":2})"),
            "201 ");
  EXPECT_EQ(json::get_string(w.call("read_task", "", "1").body, "hours_spent"), "2.50");
  EXPECT_EQ(w.code("log_time", R"({"day":"2026-01-01","hours":"22","task_id":1,"person_id":2})"),
            "422 more_than_24_hours R5");
  EXPECT_EQ(w.code("log_time", R"({"day":"2026-01-02","hours":"1","task_id":1,"person_id":2})"),
            "422 day_in_future R6");
  for (int day = 1; day <= 16; ++day) {
    const std::string date = "2025-12-" + std::string(day < 10 ? "0" : "") + std::to_string(day);
    EXPECT_EQ(w.code("log_time", R"({"day":")" + date +
                                     R"(","hours":"24","task_id":1,"person_id":2})"), "201 ");
  }
  const std::size_t entries = w.interpreter.ids("TimeEntry").size();
  EXPECT_EQ(w.code("log_time", R"({"day":"2025-11-01","hours":"24","task_id":1,"person_id":2})"),
            "409 out_of_range");
  EXPECT_EQ(w.interpreter.ids("TimeEntry").size(), entries);
  EXPECT_EQ(w.show("hours_by_month"),
            R"({"rows":[{"month":"2025-12","person_id":2,"sum":"384.00"},)"
            R"({"month":"2026-01","person_id":2,"sum":"2.50"}]})");
}

TEST_F(Tasks, DeletesCascadeAndClear) {
  EXPECT_EQ(w.code("create_person", R"({"name":"Eve","email":"e@x.org"})"), "201 ");
  EXPECT_EQ(w.code("create_membership", R"({"project_id":1,"person_id":3})"), "201 ");
  EXPECT_EQ(w.code("create_membership", R"({"project_id":1,"person_id":3})"),
            "409 not_unique project_id");
  EXPECT_EQ(w.code("update_task", R"({"assignee_id":3})", "1"), "200 ");
  EXPECT_EQ(w.code("delete_person", "", "3"), "204 ");
  EXPECT_EQ(w.interpreter.ids("Membership").size(), 1U);
  EXPECT_TRUE(w.call("read_task", "", "1").body.at("assignee_id").is_null());
  EXPECT_EQ(w.code("delete_project", "", "1"), "409 referenced");
}

TEST_F(Tasks, ScheduledOperationsChangeManyRows) {
  EXPECT_EQ(w.code("update_task", R"({"due_on":"2026-01-05"})", "1"), "200 ");
  EXPECT_EQ(w.show("raise_overdue"), R"({"changed":0})");
  w.now += 5 * 86'400;
  EXPECT_EQ(w.show("raise_overdue"), R"({"changed":1})");
  EXPECT_EQ(json::get_string(w.call("read_task", "", "1").body, "priority"), "urgent");
}

TEST_F(Tasks, CopiesAreIndependentWorlds) {
  Interpreter copy = w.interpreter;
  EXPECT_EQ(w.code("delete_task", "", "1"), "204 ");
  EXPECT_EQ(copy.ids("Task").size(), 1U);
  EXPECT_EQ(w.interpreter.ids("Task").size(), 0U);
}

}  // namespace
}  // namespace cadre::spec
