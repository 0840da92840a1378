// The audit against services with one fault each: what is found, on whose word, and what is missed;
// and with what a designer may decide, where nothing may be found.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "audit_kit.h"

namespace cadre {
namespace {

// A fault, what the title of a finding about it has, and on whose word: a sentence of the brief,
// "" for what no sentence says. A fault without a title is missed, and known to be.
struct Mutant {
  const char* fault;
  const char* found;
  const char* sentence;
};

class AuditFaults : public AuditTest {
 protected:
  void expect_table(const std::string& name, const std::vector<Mutant>& mutants) {
    const AuditedProject right = AuditTest::project(name);
    AuditLimits limits;
    limits.answer_s = 2;
    std::vector<AuditedProject> projects;
    for (const Mutant& mutant : mutants) projects.push_back(with_fault(right, mutant.fault));
    const auto all_done = audit_all(projects, 3, limits);
    for (std::size_t i = 0; i < mutants.size(); ++i) {
      const Mutant& mutant = mutants[i];
      const ServiceAudit& done = all_done[i];
      const Json* finding = nullptr;
      for (const Json& one : done.findings) {
        const bool about = !std::string_view(mutant.found).empty() &&
                           json::get_string(one, "title").find(mutant.found) != std::string::npos;
        if (about && finding == nullptr) finding = &one;
      }
      const std::string all = titles(done, "");
      fmt::print("{:<17} {:>4.1f} s  {:<6} {}\n", mutant.fault,
                 json::get_double(done.figures, "seconds"),
                 finding == nullptr ? "" : json::get_string(*finding, "severity"),
                 finding == nullptr ? "missed" : json::get_string(*finding, "title"));
      if (std::string_view(mutant.found).empty()) {
        EXPECT_EQ(all, "") << mutant.fault << " is found now: correct the table";
        continue;
      }
      EXPECT_NE(finding, nullptr) << mutant.fault << ": " << all << done.not_verified;
      if (finding == nullptr) continue;
      const std::string sentence = std::string("(") + mutant.sentence + ")";
      EXPECT_EQ(json::get_string(*finding, "severity"),
                std::string_view(mutant.sentence).empty() ? "medium" : "high")
          << mutant.fault;
      if (!std::string_view(mutant.sentence).empty()) {
        EXPECT_NE(json::get_string(*finding, "evidence").find(sentence), std::string::npos)
            << mutant.fault << ": " << json::get_string(*finding, "evidence");
      }
    }
  }
};

// What a designer may decide: pages, codes, envelopes, where a done task goes when it is reopened.
TEST_F(AuditFaults, WhatIsFreeIsNone) {
  for (const char* choice : {"free_pages", "free_bare", "free_done_fixed", "free_full",
                             "free_reopen_doing", "free_reopen_full", "free_delete",
                             "free_codes", "free_wrapped"}) {
    AuditedProject project = with_fault(AuditTest::project("tasks"), choice);
    // Which codes and how long a page is, this contract does not say.
    std::string text = text::replace_all(json::write(project.openapi), "\"default\":20,", "");
    for (const char* code : {"200", "204"}) {
      text = text::replace_all(text, fmt::format("\"{}\":", code), "\"2XX\":");
    }
    project.openapi = json::parse(text::replace_all(text, "\"409\":", "\"4XX\":")).value();
    expect_right(choice, audit(project));
  }
}

// That a price is more than nothing, no sentence says; nor does one forbid it.
TEST_F(AuditFaults, AnOrdinaryCheckIsNone) {
  expect_right("free_positive", audit(with_fault(AuditTest::project("orders"), "free_positive")));
}

// An ISBN that is checked: nothing of the brief forbids it, and nothing can be stored.
TEST_F(AuditFaults, AShapeThatNobodyStatesIsNone) {
  const ServiceAudit done = audit(with_fault(AuditTest::project("library"), "free_isbn"));
  expect_right("free_isbn", done);
  EXPECT_NE(done.not_verified.find("create_book: it refused whatever it was asked"),
            std::string::npos) << done.not_verified;
}

TEST_F(AuditFaults, OfTheOrders) {
  expect_table("orders",
               {{"limit", "POST /api/orders accepts what must be refused (R5)", "S6"},
                {"limit_off_by_one", "POST /api/orders accepts what must be refused (R5)", "S6"},
                {"limit_counts_all", "POST /api/orders refuses what the brief allows", "S2"},
                {"unique", "POST /api/customers accepts what must be refused (R1)", "S1"},
                {"total", "POST /api/orders: Order.total", "S3"},
                {"total_stale", "Order.total", "S3"},
                {"range_low", "POST /api/orders accepts what must be refused (R2)", "S2"},
                {"range_high", "PATCH /api/orders/{orderId} accepts what must be refused (R2)",
                 "S2"},
                {"range_tight", "POST /api/orders refuses what the brief allows", "S2"},
                {"skip_place", "PATCH /api/orders/{orderId} accepts what must be refused: ship",
                 "S4"},
                {"cancel_placed", "accepts what must be refused: cancel", "S5"},
                {"cancel_fails", "PATCH /api/orders/{orderId} fails with status 500", "S5"},
                {"refusal_writes", "Order.quantity", "S2"},
                {"lost_update", "Order.", "S2"},
                {"wrong_owner", "POST /api/orders: Order.customer_id", "S2"},
                {"list_short", "GET /api/customers: the list leaves out", "S1"},
                {"forgets", "a customer that was stored cannot be read", "S1"},
                {"refusal_is_200", "accepts what must be refused (R1)", "S1"}});
}

TEST_F(AuditFaults, OfTheLibrary) {
  expect_table("library",
               {{"limit", "borrowings accepts what must be refused (R3)", "S5"},
                {"counts_returned", "borrowings refuses what the brief allows", "S4"},
                {"isbn", "PUT /v1/books/{isbn} accepts what must be refused (R1)", "S2"},
                {"due", "borrowings: Loan.due_on", "S6"},
                {"copies", "POST /v1/books: Book.copies", "S2"},
                {"mail_lost", "POST /v1/members: Member.email", "S3"},
                {"renews_forever", "renewals accepts what must be refused (R4)", "S8"},
                {"return_fails", "return fails with status 500", "S4"},
                {"return_forgotten", "Loan.returned_on", ""}});
}

TEST_F(AuditFaults, OfTheTasks) {
  expect_table(
      "tasks",
      {{"unique", "POST /projects accepts what must be refused (R1)", "S1"},
       {"unique_update", "PATCH /projects/{id} accepts what must be refused (R1)", "S1"},
       {"required", "POST /tasks accepts what must be refused (R2)", "S2"},
       {"required_500", "POST /tasks fails with status 500", "S2"},
       {"enum", "POST /tasks accepts what must be refused (R3)", "S2"},
       {"default", "POST /tasks: Task.priority", "S2"},
       {"dates", "POST /tasks accepts what must be refused (R8)", "S3"},
       {"dates_equal", "accepts what must be refused (R8)", "S3"},
       {"dates_as_text", "POST /tasks", "S2"},
       {"dates_backwards", "POST /tasks refuses what the brief allows", "S2"},
       {"begins_doing", "POST /tasks: Task.status", "S4"},
       {"limit", "POST /tasks accepts what must be refused (R7)", "S7"},
       {"limit_high", "POST /tasks accepts what must be refused (R7)", "S7"},
       {"limit_low", "POST /tasks refuses what the brief allows", "S2"},
       {"limit_counts_done", "POST /tasks refuses what the brief allows", "S2"},
       {"stranger", "POST /tasks accepts what does not exist as \"projectId\"", "S2"},
       {"update_unchecked", "PATCH /tasks/{id} accepts what must be refused (R8)", "S3"},
       {"update_ignored", "Task.", "S2"},
       {"skip_doing", "PUT /tasks/{id}/status accepts what must be refused", "S4"},
       {"reopen_todo", "PUT /tasks/{id}/status accepts what must be refused", "S5"},
       {"move_lost", "Task.status", "S4"},
       {"move_wrong", "Task.status", "S4"},
       {"delete_busy", "DELETE /projects/{id} accepts what must be refused (R9)", "S6"},
       {"delete_keeps", "a deleted", ""},
       {"no_404", "accepts what does not exist", ""},
       {"filter_ignored", "GET /tasks by \"priority\" shows what does not fit", "S8"},
       {"filter_empty", "GET /tasks by \"priority\" leaves out what fits", "S8"},
       {"search_ignored", "GET /tasks by \"search\" shows what does not fit", "S8"},
       {"list_short", "GET /projects: the list leaves out", "S1"},
       {"hang", "POST /tasks: no answer within 2000 ms", "S2"},
       {"crash", "POST /tasks: the service ended (exit code 4)", "S2"}});
}

}  // namespace
}  // namespace cadre
