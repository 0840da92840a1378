// The ways in which people introduce records.
#include <gtest/gtest.h>

#include "offline/analysis/analyse.h"
#include "spec/validate.h"

namespace cadre::offline {
namespace {

// "Plant(name,age)" for the entities with what is stated of them.
std::string records(std::string_view brief) {
  const auto spec = analyse(brief);
  for (const auto& problem : spec::validate(spec)) {
    ADD_FAILURE() << problem.place << ": " << problem.message << "\nin: " << brief;
  }
  std::string joined;
  for (const auto& e : spec.entities) {
    if (!joined.empty()) joined += ' ';
    joined += e.id + "(";
    bool first = true;
    for (const auto& a : e.attributes) {
      if (a.origin.kind != spec::OriginKind::kStated) continue;
      joined += (first ? "" : ",") + a.id;
      first = false;
    }
    joined += ")";
  }
  return joined;
}

TEST(Records, FieldsBehindAnOrder) {
  EXPECT_EQ(records("Keep track of my plants: name, location, potting year, colour of the pot."),
            "Plant(name,location,potting_year,pot_colour)");
  EXPECT_EQ(records("Keep track of my blicks: name, location, colour of the frum."),
            "Blick(name,location,frum_colour)");
  EXPECT_EQ(records("Information about plants: name, age."), "Plant(name,age)");
  EXPECT_EQ(records("What I need to know about each stamp is country, year and price."),
            "Stamp(country,year,price)");
  EXPECT_EQ(records("For pupils we note name and age."), "Pupil(name,age)");
  EXPECT_EQ(records("Plants - name, age, colour"), "Plant(name,age,colour)");
}

TEST(Records, FieldsInParentheses) {
  const auto spec =
      analyse("Drivers offer trips (from, to, departure time, free seats 1-7, smoking yes/no).");
  const auto* trip = find_entity(spec, "Trip");
  ASSERT_NE(trip, nullptr);
  EXPECT_NE(find_attribute(*trip, "from_"), nullptr);
  const auto* seats = find_attribute(*trip, "seats");
  ASSERT_NE(seats, nullptr);
  EXPECT_EQ(seats->min, spec::Expr::of(1));
  EXPECT_EQ(seats->max, spec::Expr::of(7));
  ASSERT_NE(find_attribute(*trip, "smoking"), nullptr);
  EXPECT_EQ(find_attribute(*trip, "smoking")->type, spec::Type::kBool);
}

TEST(Records, TwoOfAKind) {
  const auto spec = analyse("Club: players (name, rating 100-3000) and games between two of them "
                            "with a date and a result.");
  EXPECT_NE(find_relation(spec, "Game", "first_player"), nullptr);
  EXPECT_NE(find_relation(spec, "Game", "second_player"), nullptr);
}

TEST(Records, WithoutAnyField) {
  EXPECT_EQ(records("There are plants and gardeners."), "Plant() Gardener()");
  EXPECT_EQ(records("A record of all plants."), "Plant()");
  EXPECT_EQ(records("It should be possible to record accidents."), "Accident()");
  EXPECT_EQ(records("We hand out lockers to pupils."), "Locker() Pupil()");
  EXPECT_EQ(records("Every pupil gets a locker."), "Locker() Pupil()");
}

TEST(Records, WishesAreNoRecords) {
  for (const char* brief :
       {"We want to simulate planets that attract each other.", "Sort a list of numbers.",
        "Write a function that reverses strings.", "Write me a haiku about my cat.",
        "Write me a program that plays background rain sounds."}) {
    EXPECT_EQ(analyse(brief).verdict, spec::Verdict::kRefuse) << brief;
  }
}

}  // namespace
}  // namespace cadre::offline
