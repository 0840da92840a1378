// Who may do what: what is said, and the conventions for what is not.
#include <gtest/gtest.h>

#include <algorithm>

#include "offline/analysis/analyse.h"
#include "spec/validate.h"

namespace cadre::offline {
namespace {

spec::Spec read(std::string_view brief) {
  auto spec = analyse(brief);
  for (const auto& problem : spec::validate(spec)) {
    ADD_FAILURE() << problem.place << ": " << problem.message << "\nin: " << brief;
  }
  return spec;
}

const spec::Permission* permission(const spec::Spec& spec, std::string_view actor,
                                   std::string_view operation) {
  for (const auto& p : spec.permissions) {
    if (p.allow && p.actor == actor && p.operation == operation) return &p;
  }
  return nullptr;
}

std::string rows(const spec::Permission* permission) {
  if (permission == nullptr) return "none";
  return permission->rows ? json::write(to_json(*permission->rows)) : "all";
}

bool assumes(const spec::Spec& spec, std::string_view words) {
  return std::any_of(spec.assumptions.begin(), spec.assumptions.end(), [&](const auto& a) {
    return a.text.find(words) != std::string::npos;
  });
}

constexpr std::string_view kOwn = R"(["=",["self","member"],["actor"]])";

TEST(Permissions, WhoOpensAnEventMayEndTheirOwn) {
  const auto spec = read("Members borrow books. Each book has a title.");
  EXPECT_EQ(rows(permission(spec, "member", "borrow_book")), kOwn);
  EXPECT_EQ(rows(permission(spec, "member", "return_book")), kOwn);
  EXPECT_EQ(permission(spec, "member", "return_book")->origin.kind,
            spec::OriginKind::kConvention);
  EXPECT_EQ(rows(permission(spec, "staff", "return_book")), "all");
  EXPECT_TRUE(assumes(spec, "may also return what they have themselves borrowed"));
}

TEST(Permissions, WhoIsNamedForEndingItDoes) {
  const auto only = read("Members borrow books. Only librarians can return books.");
  EXPECT_EQ(rows(permission(only, "member", "return_book")), "none");
  EXPECT_EQ(rows(permission(only, "librarian", "return_book")), "all");
  const auto named = read("Members borrow books. Librarians return books.");
  EXPECT_EQ(rows(permission(named, "member", "return_book")), "none");
}

TEST(Permissions, NotTheirOwn) {
  const auto spec = read(
      "Drivers offer trips (from, to, departure time, seats 1-7). Colleagues and drivers book a "
      "seat on a trip. A driver can't book their own trips.");
  EXPECT_NE(find_relation(spec, "Booking", "trip"), nullptr);
  EXPECT_EQ(find_entity(spec, "Seat"), nullptr);
  const auto text = rows(permission(spec, "driver", "book_trip"));
  EXPECT_NE(text.find(R"(["not",["=",["self","trip.driver"],["actor"]]])"), std::string::npos)
      << text;
}

}  // namespace
}  // namespace cadre::offline
