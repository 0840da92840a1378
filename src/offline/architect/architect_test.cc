#include "offline/architect/architect.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/text.h"
#include "offline/architect/ddl.h"
#include "offline/architect/field_schema.h"
#include "offline/architect/openapi.h"
#include "offline/artifact_test_kit.h"
#include "spec/contract.h"
#include "spec/random_spec.h"
#include "spec/test_models.h"

namespace cadre::offline::architect {
namespace {

spec::Spec model(const std::string& name) { return spec::load_test_model(CADRE_SOURCE_DIR, name); }

class Database {
 public:
  Database() {
    sqlite3_open(":memory:", &db_);
    run("PRAGMA foreign_keys = ON");
  }
  ~Database() { sqlite3_close(db_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // "" or what SQLite says.
  std::string run(const std::string& sql) {
    char* message = nullptr;
    const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, &message);
    std::string out = code == SQLITE_OK ? "" : message == nullptr ? "error" : message;
    sqlite3_free(message);
    return out;
  }

 private:
  sqlite3* db_ = nullptr;
};

class Architect : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Models, Architect, testing::Values("library", "tasks"));

TEST_P(Architect, DdlLoads) {
  Database database;
  EXPECT_EQ(database.run(write_ddl(model(GetParam()))), "");
}

TEST(Ddl, KeepsTypesRangesUniquenessAndReferences) {
  Database db;
  ASSERT_EQ(db.run(write_ddl(model("tasks"))), "");
  const std::string project = "INSERT INTO projects (name, budget, max_hours) VALUES ";
  EXPECT_EQ(db.run(project + "('p', 1, 10)"), "");
  EXPECT_NE(db.run(project + "('q', 0, 10)"), "") << "budget is above 0";
  EXPECT_NE(db.run(project + "('r', 1, 9)"), "") << "max_hours is at least 1.0, stored as 10";
  EXPECT_NE(db.run(project + "('p', 1, 10)"), "") << "name is unique";
  EXPECT_NE(db.run(project + "('s', 'much', 10)"), "") << "tables are strict";
  const std::string task =
      "INSERT INTO tasks (title, estimate, priority, status, hours_spent, project_id) VALUES ";
  EXPECT_EQ(db.run(task + "('t', 5, 'low', 'open', 0, 1)"), "");
  EXPECT_NE(db.run(task + "('u', 5, 'huge', 'open', 0, 1)"), "") << "an enum's values";
  EXPECT_NE(db.run(task + "('t', 5, 'low', 'open', 0, 1)"), "") << "unique within the project";
  EXPECT_NE(db.run(task + "('v', 5, 'low', 'open', 0, 99)"), "") << "no such project";
  EXPECT_NE(db.run("DELETE FROM projects WHERE id = 1"), "") << "restrict";
  EXPECT_NE(db.run(task + "(NULL, 5, 'low', 'open', 0, 1)"), "") << "required";
}

TEST(Ddl, DerivedAttributesThatAreNotStoredHaveNoColumn) {
  EXPECT_EQ(write_ddl(model("library")).find("\"fine\""), std::string::npos);
}

TEST(Ddl, BoundsAreScaledExactly) {
  spec::Attribute price;
  price.id = "price";
  price.type = spec::Type::kMoney;
  EXPECT_EQ(sql_bound(price, spec::Expr::decimal("0.5")), "50");
  EXPECT_EQ(sql_bound(price, spec::Expr::of(3)), "300");
  EXPECT_EQ(sql_bound(price, spec::Expr::decimal("-0.05")), "-5");
  EXPECT_EQ(sql_bound(price, spec::Expr::decimal("1.250")), "125");
  EXPECT_EQ(sql_bound(price, spec::Expr::decimal("0.005")), std::nullopt);
  EXPECT_EQ(sql_bound(price, spec::Expr::call("today")), std::nullopt);
}

// Names that mean something to SQL, Markdown, Mermaid or Gherkin.
spec::Spec hostile() {
  spec::Spec spec = model("tasks");
  spec.summary = "</script> | `code` ![x](y) \"; DROP TABLE tasks; -- \n# Heading\n```\nend";
  for (spec::Entity& entity : spec.entities) {
    entity.name = entity.name == "task" ? "end \"; | ` [x](y) task" : entity.name;
    for (spec::Attribute& attribute : entity.attributes) {
      if (!attribute.values.empty() && attribute.id == "function") {
        attribute.values = {"it's", "a \"b\"", "x|y", "`z`"};
        attribute.default_value.reset();
      }
    }
  }
  spec.rules[0].canonical = "Feature: | x\nScenario: \"\"\" <b>y</b> ``` end.";
  return spec;
}

TEST(Hostile, DdlStillLoads) {
  Database database;
  EXPECT_EQ(database.run(write_ddl(hostile())), "");
}

TEST(Hostile, NoTextBreaksOutOfItsDocument) {
  const Designed designed = run_product_and_architect(hostile());
  EXPECT_EQ(dangling_links(designed), std::vector<std::string>{});
  for (const auto& [path, content] : designed.files) {
    if (!path.ends_with(".md")) continue;
    std::string fence;
    for (const std::string_view line : text::lines(content)) {
      if (!fence.empty()) {
        if (line == fence) fence.clear();
        continue;
      }
      if (line.starts_with("```")) fence = line.substr(0, line.find_first_not_of('`'));
      EXPECT_EQ(line.find("<b>"), std::string::npos) << path;
      EXPECT_EQ(line.find("</script>"), std::string::npos) << path;
      EXPECT_FALSE(line.starts_with("# Heading")) << path;
      if (!line.starts_with("| ")) continue;
      EXPECT_TRUE(line.ends_with(" |")) << path << ": " << line;
    }
    EXPECT_EQ(fence, "") << path << " has an open fence";
  }
}

// Each table row has as many cells as its header.
TEST_P(Architect, TablesAreWhole) {
  const Designed designed = run_product_and_architect(model(GetParam()));
  for (const auto& [path, content] : designed.files) {
    if (!path.ends_with(".md")) continue;
    std::ptrdiff_t cells = 0;
    for (const std::string_view line : text::lines(content)) {
      if (!line.starts_with("|")) {
        cells = 0;
        continue;
      }
      const std::string plain = text::replace_all(std::string(line), "\\|", "");
      const auto bars = std::count(plain.begin(), plain.end(), '|');
      if (cells == 0) cells = bars;
      EXPECT_EQ(bars, cells) << path << ": " << line;
    }
  }
}

TEST_P(Architect, EveryDocumentSaysOnceHowItWasMade) {
  const Designed designed = run_product_and_architect(model(GetParam()));
  for (const auto& [path, content] : designed.files) {
    const std::string low = text::lower(content);
    std::size_t times = 0;
    for (auto at = low.find("made by cadre's offline engine, no language model");
         at != std::string::npos; at = low.find("made by cadre's offline engine", at + 1)) {
      ++times;
    }
    EXPECT_EQ(times, 1U) << path;
  }
}

TEST_P(Architect, LinksBetweenDocumentsLeadSomewhere) {
  const Designed designed = run_product_and_architect(model(GetParam()));
  for (const auto& [path, content] : designed.files) {
    if (!path.starts_with("docs/") || !path.ends_with(".md")) continue;
    for (auto at = content.find("]("); at != std::string::npos; at = content.find("](", at + 1)) {
      const std::string target = content.substr(at + 2, content.find(')', at) - at - 2);
      if (target.starts_with("https://") || target.ends_with("/")) continue;
      const std::string folder = path.substr(0, path.rfind('/') + 1);
      const std::string full = target.starts_with("../") ? target.substr(3) : folder + target;
      EXPECT_TRUE(designed.files.contains(full)) << path << " -> " << target;
    }
  }
}

TEST_P(Architect, OpenApiHasEveryEndpointAndNoDanglingReference) {
  const spec::Spec spec = model(GetParam());
  const spec::Contract contract = spec::derive_contract(spec);
  const Json document = write_openapi(spec, contract);
  const JsonObject& paths = json::get_object(document, "paths");
  std::set<std::string> ids;
  for (const spec::Endpoint& endpoint : contract.endpoints) {
    const Json* path = paths.if_contains(endpoint.path);
    ASSERT_NE(path, nullptr) << endpoint.path;
    const Json* operation = json::find(*path, text::lower(endpoint.method));
    ASSERT_NE(operation, nullptr) << endpoint.method << " " << endpoint.path;
    EXPECT_EQ(json::get_string(*operation, "operationId"), endpoint.operation_id);
    EXPECT_TRUE(ids.insert(endpoint.operation_id).second);
    const JsonObject& responses = json::get_object(*operation, "responses");
    EXPECT_TRUE(responses.contains(std::to_string(endpoint.success)));
    for (const spec::ErrorCase& error : endpoint.errors) {
      EXPECT_TRUE(responses.contains(std::to_string(error.status))) << endpoint.operation_id;
    }
  }
  EXPECT_TRUE(paths.contains("/health"));
  const std::string text = json::write(document);
  const Json* schemas = json::find(*json::find(document, "components"), "schemas");
  for (auto at = text.find("#/components/schemas/"); at != std::string::npos;
       at = text.find("#/components/schemas/", at + 1)) {
    const auto start = at + std::string_view("#/components/schemas/").size();
    const std::string name = text.substr(start, text.find('"', start) - start);
    EXPECT_NE(json::find(*schemas, name), nullptr) << name;
  }
}

// The examples are what a reader tries first: they must be valid.
TEST_P(Architect, ExamplesFitTheirSchemas) {
  const spec::Spec spec = model(GetParam());
  int checked = 0;
  for (const spec::Endpoint& endpoint : spec::derive_contract(spec).endpoints) {
    for (const spec::Field& field : endpoint.body) {
      const auto example = field_example(field);
      if (!example) continue;
      const auto schema = JsonSchema::compile(field_schema(field, Direction::kInput));
      ASSERT_TRUE(schema.has_value()) << field.name << ": " << schema.error().describe();
      EXPECT_EQ(issues_of(*schema, *example), "") << endpoint.operation_id << "." << field.name;
      ++checked;
    }
  }
  EXPECT_GT(checked, 5);
}

// Whatever the model: every artifact is valid, no link dangles, every operation is in a criterion,
// the tables load.
TEST(Random, AnySoundModelGivesSoundArtifacts) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const spec::Spec spec = spec::random_spec(seed);
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Designed designed = run_product_and_architect(spec);
    for (const auto& [type, artifact] : designed.artifacts) {
      EXPECT_EQ(schema_issues(type, artifact.data), "") << type;
    }
    EXPECT_EQ(dangling_links(designed), std::vector<std::string>{});
    std::set<std::string> tested;
    for (const Json& story :
         json::get_array(designed.artifacts.at("user_stories").data, "stories")) {
      for (const Json& criterion : json::get_array(story, "criteria")) {
        tested.insert(json::get_string(criterion, "operation"));
      }
    }
    EXPECT_FALSE(tested.contains("")) << "every criterion has something to be tried on";
    for (const spec::Operation& operation : spec.operations) {
      EXPECT_TRUE(tested.contains(operation.id)) << operation.id;
    }
    Database database;
    EXPECT_EQ(database.run(write_ddl(spec)), "");
    if (HasFailure()) return;
  }
}

TEST(FieldSchema, SaysWhatTheContractSays) {
  spec::Attribute price;
  price.id = "price";
  price.type = spec::Type::kMoney;
  spec::Field field{.name = "price",
                    .type = spec::Type::kMoney,
                    .attribute = &price,
                    .relation = nullptr,
                    .ref = "",
                    .required = false,
                    .nullable = true};
  const auto schema = JsonSchema::compile(field_schema(field, Direction::kInput));
  ASSERT_TRUE(schema.has_value());
  EXPECT_TRUE(schema->validate(Json("12.50")).empty());
  EXPECT_TRUE(schema->validate(Json("-3")).empty());
  EXPECT_TRUE(schema->validate(Json(nullptr)).empty());
  EXPECT_FALSE(schema->validate(Json(12.5)).empty());
  EXPECT_FALSE(schema->validate(Json("12.505")).empty());
}

TEST(Tasks, BuildTasksFanOutFromTheFoundation) {
  const Designed designed = run_product_and_architect(model("library"));
  std::vector<std::string> services;
  for (const Json& task : json::get_array(designed.artifacts.at("tasks").data, "tasks")) {
    if (json::get_string(task, "kind") != "service") continue;
    services.push_back(json::get_string(task, "entity"));
    EXPECT_EQ(json::get_strings(task, "depends_on"), std::vector<std::string>{"T-foundation"});
    EXPECT_EQ(json::get_string(task, "owner"), "developer");
  }
  EXPECT_EQ(services, (std::vector<std::string>{"Book", "Member", "Loan"}));
}

TEST(Architect, WithoutRequirementsItSaysWhatIsMissing) {
  const auto turn = perform(Task{}, {});
  ASSERT_FALSE(turn.has_value());
  EXPECT_NE(turn.error().message.find("requirements"), std::string::npos);
}

}  // namespace
}  // namespace cadre::offline::architect
