// Moves whose first state stands beside the record: "jobs in progress can be finished".
#include <gtest/gtest.h>

#include <string>

#include "offline/analysis/analyse.h"
#include "spec/validate.h"

namespace cadre::offline {
namespace {

// "open>closed closed>open", or "no lifecycle".
std::string moves(std::string_view brief) {
  const auto spec = analyse(brief);
  for (const auto& problem : spec::validate(spec)) {
    ADD_FAILURE() << problem.place << ": " << problem.message << "\nin: " << brief;
  }
  if (spec.entities.empty() || !spec.entities.front().lifecycle) return "no lifecycle";
  std::string all;
  for (const auto& t : spec.entities.front().lifecycle->transitions)
    all += (all.empty() ? "" : " ") + t.from + ">" + t.to;
  return all;
}

bool covered(std::string_view brief) {
  const auto spec = analyse(brief);
  return spec.sentences.back().status == spec::SentenceStatus::kCovered;
}

struct Case {
  const char* brief;
  const char* moves;
};

TEST(Lifecycle, TheStateBesideTheRecordIsWhereTheMoveBegins) {
  for (const auto& c : {
           Case{"A job has a title. Jobs in progress can be finished.", "in progress>finished"},
           Case{"A job has a title. Open jobs can be closed.", "open>closed"},
           Case{"A shipment has a weight. Shipments in transit can be delivered.",
                "in transit>delivered"},
           Case{"A parcel has a code. Parcels out for delivery can be cancelled.",
                "out for delivery>cancelled"},
           Case{"A ticket has a subject. Agents close open tickets.", "open>closed"},
           Case{"A ticket has a subject. Open tickets can be closed. Closed tickets can be "
                "reopened.",
                "open>closed closed>open"},
           Case{"A request has a text. Pending requests may be approved or rejected by managers.",
                "pending>approved pending>rejected"},
       }) {
    EXPECT_EQ(moves(c.brief), c.moves) << c.brief;
    EXPECT_TRUE(covered(c.brief)) << c.brief;
  }
}

TEST(Lifecycle, ListedStatesAreTheOnesThatCount) {
  for (const auto& c : {
           Case{"A job has a title and a status (planned, in progress, done). Planned jobs can be "
                "started. Only jobs in progress can be finished.",
                "planned>in progress in progress>done"},
           Case{"A shipment has a weight and a status (packed, in transit, delivered). Shipments "
                "in transit can be delivered. Packed shipments can be shipped.",
                "in transit>delivered packed>in transit"},
           Case{"A shipment has a weight and a status (waiting, in transit, delivered). Shipments "
                "that are in transit can be delivered.",
                "in transit>delivered waiting>in transit"},
           Case{"A shipment has a weight and a status (waiting, in transit, delivered). Drivers "
                "can deliver shipments in transit.",
                "in transit>delivered waiting>in transit"},
           Case{"An order has a number and a status (new, paid, shipped). Only paid orders can be "
                "shipped. New orders can be paid.",
                "paid>shipped new>paid"},
           Case{"An invoice has a number and a status (draft, sent, paid). Draft and sent invoices "
                "can be cancelled.",
                "draft>cancelled sent>cancelled draft>sent sent>paid"},
       }) {
    EXPECT_EQ(moves(c.brief), c.moves) << c.brief;
  }
}

TEST(Lifecycle, WhatIsNoStateIsNotRead) {
  const char* large =
      "An order has a number and a status (new, paid, shipped). Large orders can be cancelled.";
  EXPECT_EQ(moves(large), "no lifecycle");
  EXPECT_FALSE(covered(large));
}

// States that are named one by one: the record begins where no move leads to.
TEST(Lifecycle, UnlistedStatesBeginWhereNoMoveLeads) {
  const auto spec = analyse(
      "A shipment has a weight. Shipments in transit can be delivered. Packed shipments can be "
      "shipped.");
  ASSERT_FALSE(spec.entities.empty());
  ASSERT_TRUE(spec.entities.front().lifecycle.has_value());
  EXPECT_EQ(spec.entities.front().lifecycle->initial, "packed");
}

}  // namespace
}  // namespace cadre::offline
