#include "offline/developer/developer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/text.h"
#include "offline/architect/ddl.h"
#include "offline/developer/py.h"
#include "process/process.h"
#include "spec/differential.h"
#include "spec/random_spec.h"
#include "spec/test_models.h"

namespace cadre::offline::developer {
namespace {

namespace fs = std::filesystem;

Task task_for(const spec::Spec& model, Json item = nullptr) {
  Task task;
  auto requirements = std::make_shared<Artifact>();
  requirements->type = "requirements";
  requirements->data = JsonObject{{"spec", spec::to_json(model)}};
  task.inputs["requirements"] = std::move(requirements);
  if (!item.is_null()) task.parameters = JsonObject{{"item", std::move(item)}};
  return task;
}

using Files = std::map<std::string, std::string>;

Files files_of(const Turn& turn) {
  Files files;
  for (const Artifact& artifact : turn.artifacts) {
    for (const File& file : artifact.files) files[file.path] = file.content;
  }
  return files;
}

Files service_of(const spec::Spec& model) {
  auto turn = perform(task_for(model), {});
  EXPECT_TRUE(turn) << (turn ? "" : turn.error().describe());
  return turn ? files_of(*turn) : Files{};
}

spec::Spec library() { return spec::load_test_model(CADRE_SOURCE_DIR, "library"); }

TEST(Developer, WritesTheLayoutThatTheDesignNames) {
  const Files files = service_of(library());
  for (const char* path : {"app/__init__.py",
                           "app/main.py",
                           "app/config.py",
                           "app/clock.py",
                           "app/db.py",
                           "app/errors.py",
                           "app/security.py",
                           "app/models.py",
                           "app/schemas.py",
                           "app/permissions.py",
                           "app/services/loan.py",
                           "app/api/loans.py",
                           "app/services/reports.py",
                           "app/api/reports.py",
                           "app/api/health.py",
                           "pyproject.toml",
                           "Dockerfile",
                           ".dockerignore",
                           ".gitignore",
                           ".github/workflows/ci.yml",
                           "README.md",
                           "docs/api-guide.md",
                           "docs/operations.md"}) {
    EXPECT_TRUE(files.contains(path)) << path;
  }
  EXPECT_FALSE(files.contains("migrations/0001_init.sql")) << "the Architect's file";
}

TEST(Developer, GuardsCarryRuleAndSentenceInOneShape) {
  const std::string service = service_of(library())["app/services/loan.py"];
  EXPECT_NE(service.find("# R1: \"A member can borrow at most 3 books at the same time.\""),
            std::string::npos);
  EXPECT_NE(service.find("    if loan_count >= 3:\n        raise errors.Problem(\n"),
            std::string::npos);
  EXPECT_NE(service.find("rule=\"R1\""), std::string::npos);
  EXPECT_NE(service.find("rule=\"C1\""), std::string::npos);
}

TEST(Developer, IsDeterministic) { EXPECT_EQ(service_of(library()), service_of(library())); }

TEST(Developer, PartsMakeTheWhole) {
  const spec::Spec model = library();
  Files parts;
  std::vector<JsonObject> items{{{"id", "T1"}, {"kind", "foundation"}},
                                {{"id", "T5"}, {"kind", "reports"}},
                                {{"id", "T6"}, {"kind", "documentation"}}};
  for (const spec::Entity& entity : model.entities) {
    items.push_back({{"id", "S"}, {"kind", "service"}, {"entity", entity.id}});
  }
  for (const JsonObject& item : items) {
    auto turn = perform(task_for(model, item), {});
    ASSERT_TRUE(turn) << turn.error().describe();
    for (auto& [path, content] : files_of(*turn)) {
      EXPECT_TRUE(parts.emplace(path, content).second) << path << " came twice";
    }
  }
  EXPECT_EQ(parts, service_of(model));
}

TEST(Developer, WithoutActorsThereIsNoSecurity) {
  spec::Spec model = library();
  model.actors.clear();
  model.permissions.clear();
  const Files files = service_of(model);
  EXPECT_FALSE(files.contains("app/security.py"));
  EXPECT_FALSE(files.contains("app/permissions.py"));
  for (const auto& [path, content] : files) {
    if (!path.ends_with(".py")) continue;
    EXPECT_FALSE(text::contains_word(content, "secret")) << path;
    EXPECT_FALSE(text::contains_word(content, "actor")) << path;
  }
}

// A product with other words gives a service without a word of the first.
TEST(Developer, KnowsNoDomain) {
  for (const auto& [path, content] : service_of(spec::load_test_model(CADRE_SOURCE_DIR, "tasks"))) {
    for (const char* word : {"loan", "borrow", "library", "isbn"}) {
      EXPECT_FALSE(text::contains_word(text::lower(content), word)) << word << " in " << path;
    }
  }
}

TEST(Developer, SaysThatItCannotLearnFromFindings) {
  Task task = task_for(library());
  task.feedback.push_back({"tests_pass", "high", "3 tests failed", "", "code"});
  auto turn = perform(task, {});
  ASSERT_TRUE(turn);
  ASSERT_EQ(turn->notes.size(), 1U);
  EXPECT_NE(turn->notes[0].find("3 tests failed"), std::string::npos);
  EXPECT_NE(turn->notes[0].find("same code again"), std::string::npos);
}

TEST(Developer, RefusesATaskWithoutAModel) {
  EXPECT_FALSE(perform(Task{}, {}));
  Task task = task_for(library(), JsonObject{{"kind", "service"}, {"entity", "Nothing"}});
  EXPECT_FALSE(perform(task, {}));
}

TEST(Py, TextsCannotLeaveTheirPlace) {
  EXPECT_EQ(quoted("a\"b'c\\d\ne"), R"("a\"b'c\\d\ne")");
  EXPECT_EQ(quoted("say \"x\""), "'say \"x\"'");
  Source source;
  source.docstring(0, "bad \"\"\" text \\");
  source.comment(0, "one\nimport os\u2028x");
  EXPECT_EQ(source.text(), "\"\"\"bad ''' text /\"\"\"\n# one import os x\n");
}

TEST(Py, BreaksLongStatements) {
  Source source;
  std::vector<Py> arguments;
  for (int i = 0; i < 12; ++i) arguments.push_back(text_leaf("argument number one"));
  source.statement(4, "x = ", call("function", arguments));
  EXPECT_EQ(text::lines(source.text()).size(), 14U);
  EXPECT_EQ(text::lines(source.text())[1], "        \"argument number one\",");
}

// ---- behaviour: the generated service under Python ----

class Service : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists("/usr/bin/python3") || !python({"-c", "import fastapi, sqlalchemy, httpx"})) {
      GTEST_SKIP() << "needs python3 with fastapi, sqlalchemy and httpx";
    }
    std::string name = fs::temp_directory_path() / "cadre-developer-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  bool python(std::vector<std::string> arguments) {
    ProcessOptions options;
    options.argv = std::move(arguments);
    options.argv.insert(options.argv.begin(), "/usr/bin/python3");
    options.env = {"PATH=/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1", "LC_ALL=C.UTF-8"};
    options.timeout = Milliseconds(60'000);
    auto result = run_process(options);
    if (!result) return false;
    output_ = result->out + result->err;
    return result->success();
  }

  void write(const std::string& path, const std::string& content) {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << content;
  }

  std::string read(const std::string& path) {
    std::ifstream file(folder_ / path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  void generate(const spec::Spec& model) {
    for (const auto& [path, content] : service_of(model)) write(path, content);
    write("migrations/0001_init.sql", architect::write_ddl(model));
  }

  // Drives the service with `steps` requests and compares every answer with the interpreter's.
  void compare(const spec::Spec& model, std::uint64_t seed, int steps) {
    generate(model);
    spec::DifferentialSession plan(model, seed);
    JsonArray requests;
    for (int i = 0; i < steps; ++i) {
      const spec::HttpRequest request = plan.next();
      JsonArray headers;
      for (const auto& [name, value] : request.headers) headers.push_back(JsonArray{name, value});
      requests.push_back(JsonObject{{"method", request.method},
                                    {"target", request.target},
                                    {"headers", std::move(headers)},
                                    {"body", request.body}});
    }
    write("requests.json", json::write(requests));
    ASSERT_TRUE(python({CADRE_SOURCE_DIR "/src/offline/developer/testdata/exercise.py",
                        folder_.string(), folder_ / "requests.json", folder_ / "answers.json"}))
        << output_;
    auto answers = json::parse(read("answers.json"));
    ASSERT_TRUE(answers);
    RecordProperty("start_seconds", std::to_string(json::get_double(*answers, "start_seconds")));
    spec::DifferentialSession session(model, seed);
    for (const Json& answer : json::get_array(*answers, "answers")) {
      session.next();
      const auto mismatch = session.check(static_cast<int>(json::get_int(answer, "status")),
                                          json::get_string(answer, "body"));
      if (!mismatch) continue;
      FAIL() << "step " << mismatch->step << " " << mismatch->request.method << " "
             << mismatch->request.target << " " << mismatch->request.body << "\n"
             << mismatch->what << "\nexpected " << mismatch->expected << "\ngot      "
             << mismatch->actual;
    }
    EXPECT_GT(session.coverage().successes, steps / 4);
  }

  void lint() {
    if (!python({"-m", "flake8", "--version"})) return;
    EXPECT_TRUE(python({"-m", "flake8", "--max-line-length", "100", (folder_ / "app").string()}))
        << output_;
  }

  fs::path folder_;
  std::string output_;
};

TEST_F(Service, LibraryBehavesAsItsModel) {
  compare(library(), 7, 150);
  lint();
}

TEST_F(Service, TasksBehaveAsTheirModel) {
  compare(spec::load_test_model(CADRE_SOURCE_DIR, "tasks"), 1, 120);
  lint();
}

TEST_F(Service, ARandomModelBehavesAsItself) { compare(spec::random_spec(2026), 1, 60); }

// Names that mean something to Python, SQL or the libraries, and texts full of quotes.
TEST_F(Service, HostileNamesAreHarmless) {
  spec::Spec model = library();
  spec::Entity& book = model.entities.front();
  book.name = "class\"\"\"'; DROP TABLE x; --";
  for (const char* name : {"class", "import", "metadata", "json", "copy", "select", "fields", "sa",
                           "date", "list", "models", "data", "model_config"}) {
    spec::Attribute attribute;
    attribute.id = name;
    attribute.type = spec::Type::kString;
    book.attributes.push_back(attribute);
    for (spec::Operation& operation : model.operations) {
      if (operation.id == "create_book" || operation.id == "update_book") {
        operation.inputs.push_back({name, spec::Type::kString, "", false});
      }
    }
  }
  for (spec::Rule& rule : model.rules) {
    rule.text = "quote \"\"\" ' \\ \n newline */ {braces} " + std::string(300, 'x');
    rule.canonical = rule.text;
  }
  compare(model, 3, 60);
  lint();
}

}  // namespace
}  // namespace cadre::offline::developer
