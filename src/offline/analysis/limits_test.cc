// Limits: per owner, by a field of the owner, over sums; records that sentences describe.
#include <gtest/gtest.h>

#include <algorithm>

#include "offline/analysis/analyse.h"
#include "spec/canonical.h"
#include "spec/validate.h"

namespace cadre::offline {
namespace {

spec::Spec read(std::string_view brief) {
  auto spec = analyse(brief);
  for (const auto& problem : spec::validate(spec)) {
    ADD_FAILURE() << problem.place << ": " << problem.message << "\nin: " << brief;
  }
  const auto again = spec::parse_canonical(spec::render(spec));
  EXPECT_TRUE(again.has_value()) << brief;
  return spec;
}

std::string rules(const spec::Spec& spec, std::string_view kind) {
  std::string joined;
  for (const auto& rule : spec.rules) {
    if (rule.kind == kind) joined += (joined.empty() ? "" : " | ") + rule.canonical;
  }
  return joined;
}

std::string guard(const spec::Spec& spec, std::string_view operation, std::string_view rule) {
  const auto* o = find_operation(spec, operation);
  if (o == nullptr) return "no operation";
  for (const auto& g : o->guards) {
    const auto* r = find_rule(spec, g.id);
    if (r != nullptr && r->kind == rule) return json::write(to_json(g.require));
  }
  return "no guard";
}

TEST(Limits, WhatStandsBetweenTheTwoIsCounted) {
  const auto spec = read(
      "Each concert has a title. Singers sign up for concerts. A concert takes at most 60 singers. "
      "Nobody can sign up for the same concert twice.");
  EXPECT_EQ(rules(spec, "max_count"),
            "A concert can have at most 60 sign ups. | "
            "A singer and concert can have at most 1 sign up.");
  const auto invented = read(
      "Each blick has a title. Singers sign up for blicks. A blick takes at most 60 singers.");
  EXPECT_EQ(rules(invented, "max_count"), "A blick can have at most 60 sign ups.");
}

TEST(Limits, HoldingCountsWhatRuns) {
  const auto spec = read(
      "A plot has a number. A member has a name. A plot is let to one member at a time through a "
      "tenancy with a start date and an optional end date. No member may hold more than 2 plots "
      "at once.");
  EXPECT_NE(find_relation(spec, "Tenancy", "plot"), nullptr);
  EXPECT_NE(find_relation(spec, "Tenancy", "member"), nullptr);
  EXPECT_EQ(guard(spec, "create_tenancy", "max_count"),
            R"(["<",["count","Tenancy",["and",["=",["row","member"],["self","member"]],)"
            R"(["or",["is_null",["row","end_date"]],[">=",["row","end_date"],["today"]]]]],2])");
}

TEST(Limits, NoMoreThanAFieldSays) {
  const auto spec = read(
      "Trips have a date and seats. Colleagues book trips. No more bookings than seats.");
  EXPECT_EQ(rules(spec, "max_count"), "A trip has at most as many bookings as its seats says.");
  const auto* book = find_operation(spec, "book_trip");
  ASSERT_NE(book, nullptr);
  // Once, not once by the rule and once more by the convention for seats.
  EXPECT_EQ(book->guards.size(), 1U);
}

TEST(Limits, SumsOfParts) {
  const auto spec = read(
      "Each event has a name and a capacity. Each event has ticket types with a price and a "
      "quota; the sum of the quotas can't exceed the capacity.");
  EXPECT_EQ(rules(spec, "sum_limit"),
            "The quota of all ticket types of an event add up to at most its capacity.");
  EXPECT_EQ(guard(spec, "create_ticket_type", "sum_limit"),
            R"(["<=",["+",["sum","TicketType",["row","quota"],["=",["row","event"],)"
            R"(["self","event"]]],["self","quota"]],["self","event.capacity"]])");
  EXPECT_EQ(guard(spec, "update_event", "sum_limit"),
            R"(["<=",["sum","TicketType",["row","quota"],["=",["row","event"],["self","id"]]],)"
            R"(["self","capacity"]])");
  const auto number = read(
      "A box has a code. Each box contains items with a name and a weight. The total weight of the "
      "items of a box is at most 100 kg.");
  EXPECT_NE(guard(number, "create_item", "sum_limit").find(",100]"), std::string::npos)
      << guard(number, "create_item", "sum_limit");
}

TEST(Limits, TogetherIsNotEachAlone) {
  const auto spec = read(
      "Each berth has a pontoon and a number; pontoon and number together are unique.");
  const auto* berth = find_entity(spec, "Berth");
  ASSERT_NE(berth, nullptr);
  EXPECT_EQ(berth->natural_key, (std::vector<std::string>{"pontoon", "number"}));
  EXPECT_FALSE(find_attribute(*berth, "number")->unique);
}

TEST(Limits, RecordsThatSentencesDescribe) {
  const auto spec = read(
      "Berths have a number. Boats have a name. A stay puts a boat on a berth from arrival to "
      "departure. Two stays on the same berth may not overlap.");
  ASSERT_NE(find_entity(spec, "Stay"), nullptr);
  EXPECT_NE(find_relation(spec, "Stay", "boat"), nullptr);
  EXPECT_EQ(rules(spec, "no_overlap"), "Two stays of the same berth don't overlap.");
  const auto loan = read(
      "Objects have a title. An institution has a name. A loan has a date. A loan covers one "
      "institution and several objects.");
  EXPECT_NE(find_relation(loan, "Loan", "institution"), nullptr);
  EXPECT_NE(find_entity(loan, "LoanObject"), nullptr);
}

TEST(Limits, EverythingAndNothing) {
  const auto spec = read(
      "Plots have a number. Only the secretary can create plots. Members can see everything but "
      "change nothing.");
  for (const auto& p : spec.permissions) {
    if (p.actor != "member") continue;
    EXPECT_TRUE(p.operation.starts_with("read_") || p.operation.starts_with("list_"))
        << p.operation;
  }
  EXPECT_EQ(rules(spec, "permission"),
            "Only a secretary can create plots. | A member can see everything. | "
            "A member can change nothing.");
}

TEST(Limits, ChoicesOfARelativeClause) {
  const auto spec = read("A singer has a name and a voice part, which is soprano, alto or bass. "
                         "A dog has a name (one is called Rex, don't laugh) and a size.");
  const auto* part = find_attribute(*find_entity(spec, "Singer"), "voice_part");
  ASSERT_NE(part, nullptr);
  EXPECT_EQ(part->values, (std::vector<std::string>{"soprano", "alto", "bass"}));
  EXPECT_TRUE(find_attribute(*find_entity(spec, "Dog"), "name")->values.empty());
}

TEST(Limits, ArrowsBetweenStates) {
  const auto spec = read(
      "- item: description, colour, date found\n"
      "- status goes stored -> claimed -> handed over. If nobody claims it: claimed -> lost\n"
      "- claims: name, phone, date\n");
  const auto* item = find_entity(spec, "Item");
  ASSERT_NE(item, nullptr);
  ASSERT_TRUE(item->lifecycle.has_value());
  EXPECT_EQ(item->lifecycle->states,
            (std::vector<std::string>{"stored", "claimed", "handed over", "lost"}));
  EXPECT_EQ(item->lifecycle->initial, "stored");
  EXPECT_EQ(item->lifecycle->transitions.size(), 3U);
}

TEST(Limits, AvailabilityByTheNumberOfCopies) {
  for (const char* sentence : {"A book can be borrowed only if a copy is available.",
                               "A book can only be borrowed if copies are left."}) {
    const auto spec = read(
        std::string("Members borrow books. Each book has a title and a number of copies. ") +
        sentence);
    EXPECT_NE(guard(spec, "borrow_book", "guard").find(R"(["self","book.copies"])"),
              std::string::npos)
        << sentence;
    EXPECT_EQ(spec.sentences.back().status, spec::SentenceStatus::kCovered) << sentence;
  }
}

TEST(Limits, PartsBehindAColon) {
  const auto spec = read(
      "Customer (name, mobile). A drop has customer, date in, and lines: garment type, quantity, "
      "price each.");
  const auto* line = find_entity(spec, "Line");
  ASSERT_NE(line, nullptr);
  EXPECT_NE(find_attribute(*line, "quantity"), nullptr);
  EXPECT_NE(find_relation(spec, "Line", "drop"), nullptr);
  EXPECT_EQ(find_attribute(*find_entity(spec, "Drop"), "date_in")->type, spec::Type::kDate);
}

}  // namespace
}  // namespace cadre::offline
