#include "spec/canonical.h"

#include <gtest/gtest.h>

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
    if (std::getenv("CADRE_SHOW") != nullptr) std::puts(text.c_str());
    const auto again = parse_canonical(text);
    ASSERT_TRUE(again.has_value()) << again.error().describe() << "\n" << text;
    EXPECT_EQ(carried(*again), carried(spec)) << text;
  }
}

}  // namespace
}  // namespace cadre::spec
