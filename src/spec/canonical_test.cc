#include "spec/canonical.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "spec/random_spec.h"
#include "spec/test_models.h"
#include "spec/validate.h"

namespace cadre::spec {
namespace {

// The parts of a model that canonical English carries.
std::string carried(Spec spec) {
  const Origin none;
  spec.text.clear();
  spec.sentences.clear();
  spec.nfr.clear();
  spec.assumptions.clear();
  spec.questions.clear();
  spec.unhandled.clear();
  const auto forget = [&](auto& items) {
    for (auto& item : items) item.origin = none;
  };
  forget(spec.actors);
  forget(spec.entities);
  forget(spec.relations);
  forget(spec.operations);
  forget(spec.rules);
  forget(spec.permissions);
  forget(spec.queries);
  for (Entity& entity : spec.entities) {
    forget(entity.attributes);
    if (entity.lifecycle) forget(entity.lifecycle->transitions);
  }
  for (Operation& operation : spec.operations) {
    forget(operation.guards);
    forget(operation.effects);
  }
  return json::write_pretty(to_json(spec));
}

TEST(Canonical, ParsesBackToTheExampleModels) {
  for (const char* name : {"library", "tasks"}) {
    const Spec spec = load_test_model(CADRE_SOURCE_DIR, name);
    const std::string text = render(spec);
    const auto again = parse_canonical(text);
    ASSERT_TRUE(again.has_value()) << again.error().describe() << "\n" << text;
    EXPECT_EQ(carried(*again), carried(spec)) << text;
  }
}

TEST(Canonical, ParsesBackToRandomModels) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Spec spec = random_spec(seed);
    const std::string text = render(spec);
    const auto again = parse_canonical(text);
    ASSERT_TRUE(again.has_value()) << seed << ": " << again.error().describe() << "\n" << text;
    ASSERT_EQ(carried(*again), carried(spec)) << seed << "\n" << text;
  }
}

TEST(Canonical, SentencesMayBeReorderedAndWrapped) {
  const auto spec = parse_canonical(R"(
The product is desk: "Tickets".
A ticket refers to an agent (required).
close requires that its notes is above 0 and its agent is the actor;
  otherwise 409 not_ready [R1].
To close a ticket (transition), give nothing.
close takes a ticket from open to "shut for good".
The status of a ticket goes through open | "shut for good", from open.
Tickets can be created and listed.
A ticket has a title (required string), notes (int, by default 0)
  and a status (required one of open | "shut for good").
An agent has a name (required string).
Agents can be created.
An agent is an actor with an agent record.
An agent may create, list tickets, close and create agents.
)");
  ASSERT_TRUE(spec.has_value()) << spec.error().describe();
  EXPECT_TRUE(validate(*spec).empty()) << check_sound(*spec).error().describe();
  EXPECT_EQ(spec->operations.size(), 4U);
  EXPECT_EQ(spec->permissions.size(), 4U);
  EXPECT_EQ(find_operation(*spec, "close")->guards.size(), 1U);
  EXPECT_EQ(find_operation(*spec, "create_ticket")->inputs.size(), 3U);
}

TEST(Canonical, ErrorsSayWhereAndWhatWasExpected) {
  const auto error = [](const char* text) {
    const auto spec = parse_canonical(text);
    return spec ? std::string("none") : spec.error().message;
  };
  EXPECT_EQ(error("A book has a title (required sting)."),
            "line 1, column 35: expected a type before this (string, text, int, decimal, money, "
            "bool, date, ...), not \")\"");
  EXPECT_NE(error("A book has a title (string).\nTo lend a bok (update), give nothing.")
                .find("line 2, column 11: expected the name of a record"),
            std::string::npos);
  EXPECT_NE(error("A book has a title (string).\nlend sets its title to \"x\".")
                .find("there is no operation \"lend\""),
            std::string::npos);
  EXPECT_NE(error("A book has a title (string), \"").find("the quotes do not end"),
            std::string::npos);
  EXPECT_NE(error("Hello there.").find("requires, lets, takes"), std::string::npos);
  std::string deep(200, '(');
  EXPECT_NE(
      error(("A book has a x (int, computed as " + deep).c_str()).find("a simpler expression"),
      std::string::npos);
}

// Whatever people do to the text, they get a model or an error that names a line.
TEST(Canonical, SurvivesRandomEdits) {
  const std::string text = render(load_test_model(CADRE_SOURCE_DIR, "tasks"));
  Rng rng(3);
  int readable = 0;
  for (int i = 0; i < 150; ++i) {
    std::string edited = text;
    for (int k = 0; k < 2; ++k) {
      const std::size_t at = rng.below(edited.size());
      const std::string_view signs = "().,;:[]'\"| 9a#\n";
      if (rng.below(2) == 0) edited.erase(at, 1 + rng.below(6));
      else edited.insert(at, 1, signs[rng.below(signs.size())]);
    }
    const auto spec = parse_canonical(edited);
    readable += spec ? 1 : 0;
    if (!spec) {
      EXPECT_FALSE(spec.error().message.empty());
    } else {
      validate(*spec);
    }
  }
  EXPECT_LT(readable, 120);
}

}  // namespace
}  // namespace cadre::spec
