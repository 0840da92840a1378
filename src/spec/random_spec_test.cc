#include "spec/random_spec.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/json_schema.h"
#include "spec/generator.h"
#include "spec/test_models.h"
#include "spec/validate.h"

namespace cadre::spec {
namespace {

TEST(RandomSpec, ModelsAreSoundAndVaried) {
  std::size_t guards = 0, effects = 0, lifecycles = 0, with_actors = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Spec spec = random_spec(seed);
    const auto sound = check_sound(spec);
    ASSERT_TRUE(sound.has_value()) << seed << ": " << sound.error().describe();
    for (const Operation& operation : spec.operations) {
      guards += operation.guards.size();
      effects += operation.effects.size();
    }
    for (const Entity& entity : spec.entities) lifecycles += entity.lifecycle ? 1U : 0U;
    with_actors += spec.actors.empty() ? 0U : 1U;
  }
  EXPECT_GT(guards, 150U);
  EXPECT_GT(effects, 60U);
  EXPECT_GT(lifecycles, 50U);
  EXPECT_GT(with_actors, 30U);
}

TEST(RandomSpec, ReadsBackFromJson) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Json once = to_json(random_spec(seed));
    const auto again = spec_from_json(once);
    ASSERT_TRUE(again.has_value()) << seed << ": " << again.error().describe();
    EXPECT_EQ(json::write(to_json(*again)), json::write(once));
  }
}

// Outside programs read our models by the schema that ships with us.
TEST(RandomSpec, JsonKeepsTheSchema) {
  std::ifstream file(std::string(CADRE_SOURCE_DIR) + "/sops/software/artifacts/spec.schema.json");
  std::ostringstream text;
  text << file.rdbuf();
  const auto document = json::parse(text.str());
  ASSERT_TRUE(document.has_value()) << document.error().describe();
  const auto schema = JsonSchema::compile(*document);
  ASSERT_TRUE(schema.has_value()) << schema.error().describe();
  std::vector<Json> models{to_json(load_test_model(CADRE_SOURCE_DIR, "library")),
                           to_json(load_test_model(CADRE_SOURCE_DIR, "tasks"))};
  for (std::uint64_t seed = 1; seed <= 40; ++seed) models.push_back(to_json(random_spec(seed)));
  for (const Json& model : models) {
    for (const SchemaIssue& issue : schema->validate(model)) {
      ADD_FAILURE() << issue.pointer << ": " << issue.message;
    }
  }
  models[0].as_object()["extra"] = 1;
  EXPECT_FALSE(schema->validate(models[0]).empty());
}

// Whatever is asked, the interpreter answers within the contract; refusals leave no trace.
TEST(RandomSpec, InterpreterKeepsTheContractOnRandomModels) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const Spec spec = random_spec(seed);
    Interpreter world(spec);
    OperationGenerator generator(world.spec(), world.contract(), seed);
    for (int i = 0; i < 50; ++i) {
      const Request request = generator.next(world);
      const Endpoint* endpoint = find_endpoint(world.contract(), request.operation);
      ASSERT_NE(endpoint, nullptr);
      std::vector<std::size_t> before;
      for (const Entity& entity : spec.entities) before.push_back(world.ids(entity.id).size());
      const Response response = world.handle(request);
      if (response.ok()) {
        EXPECT_EQ(response.status, endpoint->success) << request.operation;
        continue;
      }
      const bool announced = std::any_of(
          endpoint->errors.begin(), endpoint->errors.end(), [&](const ErrorCase& error) {
            return error.status == response.status && error.code == response.code &&
                   error.rule == response.rule;
          });
      EXPECT_TRUE(announced) << seed << " " << request.operation << ": " << response.status << " "
                             << response.code << " " << response.rule;
      for (std::size_t e = 0; e < spec.entities.size(); ++e) {
        EXPECT_EQ(world.ids(spec.entities[e].id).size(), before[e]);
      }
    }
  }
}

}  // namespace
}  // namespace cadre::spec
