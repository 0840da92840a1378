// SOPs in programs: loaded, checked, drawn, run to every kind of end.
#include <gtest/gtest.h>

#include <atomic>

#include "workshop/sop_test_kit.h"

namespace cadre {
namespace {

using namespace testing;

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
}

TEST(Sop, EveryShippedOneLoadsIsCheckedAndDrawn) {
  const auto names = Sop::shipped();
  ASSERT_GE(names.size(), 5U);
  for (const std::string& name : names) {
    const auto checkup = Sop::check(name);
    ASSERT_TRUE(checkup.has_value()) << name;
    ASSERT_TRUE(checkup->sop.has_value()) << name;
    EXPECT_EQ(checkup->sop->name(), name);
    EXPECT_TRUE(checkup->sop->mermaid().starts_with("flowchart")) << name;
    const auto svg = checkup->sop->svg();
    ASSERT_TRUE(svg.has_value()) << name;
    EXPECT_NE(svg->find("</svg>"), std::string::npos) << name;
    for (const SopStep& step : checkup->sop->stages()) {
      EXPECT_TRUE(std::ranges::any_of(checkup->sop->roles(),
                                      [&](const SopRole& role) { return role.role == step.role; }))
          << name << " " << step.id;
    }
  }
}

TEST(Sop, AFolderIsTheSameAsItsFiles) {
  const TestFolder folder;
  folder.write(article_files());
  const auto loaded = Sop::load(folder.path());
  ASSERT_TRUE(loaded.has_value()) << loaded.error().describe();
  EXPECT_EQ(loaded->mermaid(), article_sop().mermaid());
  ASSERT_EQ(loaded->stages().size(), 2U);
  EXPECT_EQ(loaded->stages()[1].id, "write");
  EXPECT_EQ(loaded->stages()[1].gates, std::vector<std::string>{"schema"});
  EXPECT_EQ(loaded->stages()[1].needs, (std::vector<std::string>{"brief", "outline"}));
}

TEST(Sop, AnUnknownNameSaysWhichThereAre) {
  const auto sop = Sop::load("reserch");
  ASSERT_FALSE(sop.has_value());
  EXPECT_EQ(sop.error().code, ErrorCode::kNotFound);
  EXPECT_NE(sop.error().describe().find("research"), std::string::npos) << sop.error().describe();
  EXPECT_FALSE(Sop::check("/nowhere/at/all").has_value());
}

TEST(Sop, AllMistakesAreListedEachWithItsPlace) {
  Files files = article_files();
  files.erase("artifacts/outline.schema.json");
  files["sop.yaml"] += "  - {id: print, role: printr, needs: [article], makes: [book]}\n";
  const SopCheckup checkup = Sop::check_files(files);
  EXPECT_FALSE(checkup.sop.has_value());
  const auto says = [&](const std::string& word) {
    return std::ranges::any_of(checkup.problems, [&](const SopProblem& problem) {
      return problem.describe().find(word) != std::string::npos;
    });
  };
  EXPECT_TRUE(says("printr"));
  EXPECT_TRUE(says("outline"));
  const auto sop = Sop::from_files(files);
  ASSERT_FALSE(sop.has_value());
  EXPECT_EQ(sop.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(sop.error().message.find("printr"), std::string::npos);
  EXPECT_NE(sop.error().message.find("sop.yaml:"), std::string::npos) << sop.error().message;
}

TEST(SopRun, GivesStagesGatesArtifactsHandoffsAndTokens) {
  const TestFolder folder;
  std::vector<std::int64_t> seqs;
  SopRunOptions options{.model = article_model(), .out = folder / "out"};
  options.on_event = [&](const Event& event) { seqs.push_back(event.seq); };
  const auto result = run_sop(article_sop(), "why bridges stand", options);
  ASSERT_TRUE(result.has_value()) << result.error().describe();
  EXPECT_TRUE(result->done()) << result->reason;
  EXPECT_EQ(result->exit_code, 0);
  ASSERT_EQ(result->stages.size(), 2U);
  for (const SopStageResult& stage : result->stages) {
    EXPECT_EQ(stage.status, "done");
    EXPECT_EQ(stage.rounds, 1);
    ASSERT_EQ(stage.gates.size(), 1U);
    EXPECT_EQ(stage.gates[0].gate, "schema");
    EXPECT_TRUE(stage.gates[0].passed);
  }
  EXPECT_EQ(result->handoffs_requested, 2);
  EXPECT_EQ(result->handoffs_accepted, 2);
  EXPECT_EQ(result->handoffs_refused, 0);
  EXPECT_EQ(result->model_calls, 2);
  EXPECT_EQ(result->tokens_in, 200);
  EXPECT_EQ(result->tokens_out, 20);
  EXPECT_FALSE(result->cost_usd.has_value());  // nobody knows the price of "scripted"
  EXPECT_EQ(text_of(*result), "Arches press.");
  EXPECT_EQ(result->artifacts.at("article").role, "author");
  const Artifact& article = *result->artifact("article");
  ASSERT_EQ(article.files.size(), 1U);
  EXPECT_EQ(result->artifacts.at("article").bytes,
            static_cast<std::int64_t>(json::write(article.data).size() +
                                      article.files[0].content.size()));
  EXPECT_NE(read(folder / "out/article.md").find("Arches press."), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(folder / "out/result.json"));
  ASSERT_FALSE(seqs.empty());
  for (std::size_t i = 0; i < seqs.size(); ++i)
    EXPECT_EQ(seqs[i], static_cast<std::int64_t>(i + 1));
}

TEST(SopRun, WritesNothingWithoutAFolder) {
  const auto result = run_sop(article_sop(), "bridges", {.model = article_model()});
  ASSERT_TRUE(result.has_value()) << result.error().describe();
  EXPECT_TRUE(result->done());
  EXPECT_TRUE(result->out.empty());
  EXPECT_EQ(result->artifact("article")->files.at(0).path, "article.md");
}

TEST(SopRun, DocumentsAreTheInput) {
  Files files = article_files();
  std::string& sop = files["sop.yaml"];
  sop.replace(sop.find("lead:"), 0, "input: papers\n");
  sop.replace(sop.find("needs: [brief]"), 14, "needs: [brief, papers]");
  files["artifacts/papers.schema.json"] = R"({"type": "object", "required": ["documents"]})";
  const auto with_input = Sop::from_files(files);
  ASSERT_TRUE(with_input.has_value()) << with_input.error().describe();
  EXPECT_EQ(with_input->input(), "papers");
  const auto model = article_model();
  const auto result = run_sop(*with_input, "bridges",
                              {.model = model, .documents = {{"notes.txt", "Arches are old."}}});
  ASSERT_TRUE(result.has_value()) << result.error().describe();
  EXPECT_TRUE(result->done()) << result->reason;
  bool seen = false;
  const auto requests = model->requests();
  for (const ItemPtr& item : requests.at(0).items) {
    const auto* message = std::get_if<MessageItem>(item.get());
    seen = seen || (message && message->text.find("Arches are old.") != std::string::npos);
  }
  EXPECT_TRUE(seen);

  const auto missing = run_sop(*with_input, "bridges", {.model = model});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(missing.error().message.find("papers"), std::string::npos);
  const auto not_text =
      run_sop(*with_input, "bridges", {.model = model, .documents = {{"a", "\xff"}}});
  ASSERT_FALSE(not_text.has_value());
  const auto too_much =
      run_sop(article_sop(), "bridges", {.model = model, .documents = {{"a", "b"}}});
  ASSERT_FALSE(too_much.has_value());
  const auto misfit =
      run_sop(*with_input, "bridges", {.model = model, .input = Json(JsonObject{})});
  ASSERT_FALSE(misfit.has_value());
  EXPECT_NE(misfit.error().message.find("papers"), std::string::npos);
}

TEST(SopRun, OptionsThatDoNotFitAreSaidBeforeAnythingRuns) {
  const Sop sop = article_sop();
  const auto refused = [&](const SopRunOptions& options, const std::string& word,
                           const std::string& brief = "bridges") {
    const auto result = run_sop(sop, brief, options);
    ASSERT_FALSE(result.has_value()) << word;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidInput) << word;
    EXPECT_NE(result.error().describe().find(word), std::string::npos) << result.error().describe();
  };
  const auto model = article_model();
  refused({.model = model}, "empty", " \n");
  refused({.model = model}, "UTF-8", "\xff");
  refused({.model = model, .role_models = {{"autor", model}}}, "author");
  refused({.model = model, .role_models = {{"author", nullptr}}}, "author");
  refused({.model = model, .journal = {make_memory_store(), "state"}}, "one of them");
  refused({.model = model, .parameters = Json(JsonArray{})}, "parameters");
  refused({.model = model, .limits = {.max_calls = -1}}, "below zero");
  refused({.model = model, .limits = {.max_cost = 1.0}}, "price");
  const Sop with_tool = article_sop("tools: [look_up]\n");
  const auto unknown = run_sop(with_tool, "bridges", {.model = model});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().message.find("look_up"), std::string::npos);
  const auto change = run_sop(*Sop::load("change"), "Rename it.", {.model = model});
  ASSERT_FALSE(change.has_value());
  EXPECT_NE(change.error().describe().find("--on"), std::string::npos);
  EXPECT_TRUE(model->requests().empty());
}

TEST(SopRun, AFolderThatIsNotOursIsNotWrittenInto) {
  const TestFolder folder;
  folder.write({{"out/mine.txt", "mine"}});
  const auto result =
      run_sop(article_sop(), "bridges", {.model = article_model(), .out = folder / "out"});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(result.error().message.find("did not write"), std::string::npos);
}

TEST(SopRun, TheOfflineEngineRefusesWhatItCannotDo) {
  const auto result = run_sop(article_sop(), "why bridges stand");
  ASSERT_TRUE(result.has_value()) << result.error().describe();
  EXPECT_EQ(result->status, SopStatus::kRefused);
  EXPECT_EQ(result->exit_code, 4);
  EXPECT_FALSE(result->reason.empty());
}

TEST(SopRun, EachRoleMayHaveItsModel) {
  const auto planner = article_model(), author = article_model();
  const auto both = run_sop(article_sop(), "bridges",
                            {.role_models = {{"planner", planner}, {"author", author}}});
  ASSERT_TRUE(both.has_value()) << both.error().describe();
  EXPECT_TRUE(both->done()) << both->reason;
  EXPECT_EQ(planner->requests().size(), 1U);
  EXPECT_EQ(author->requests().size(), 1U);
}

class PlainMind final : public Provider {
 public:
  std::string name() const override { return "plain"; }
  CapabilityAnswer can(const Task&) const override { return {Capability::kYes, {}}; }
  Result<Turn> next(const Task& task, std::span<const ToolResult>, std::stop_token) override {
    Turn turn;
    Json data = task.stage == "outline" ? Json(JsonObject{{"points", JsonArray{"a"}}})
                                        : Json(JsonObject{{"text", task.brief}});
    turn.artifacts.push_back({task.makes.at(0), std::move(data), {}});
    return turn;
  }
};

TEST(SopRun, AMindOfOnesOwn) {
  const auto result = run_sop(article_sop(), "bridges", {.mind = std::make_shared<PlainMind>()});
  ASSERT_TRUE(result.has_value()) << result.error().describe();
  EXPECT_EQ(text_of(*result), "bridges");
}

TEST(SopRun, AGateThatFailsIsInTheResultWithItsFindings) {
  Files files = article_files("", "[{gate: no_high_findings, artifact: article}]");
  const auto sop = Sop::from_files(files);
  ASSERT_TRUE(sop.has_value()) << sop.error().describe();
  const auto model = std::make_shared<ScriptedModel>(
      ScriptedModel::Answer([](const SeenRequest& seen) -> Result<ModelReply> {
        if (offers(seen, "deliver_outline")) return writes_articles(seen);
        return calls("deliver_article", R"({"data": {"text": "x", "findings":
            [{"id": "F-1", "severity": "high", "title": "it is wrong"}]}})",
                     "w1");
      }));
  const auto result = run_sop(*sop, "bridges", {.model = model});
  ASSERT_TRUE(result.has_value()) << result.error().describe();
  EXPECT_EQ(result->status, SopStatus::kGateFailed) << result->reason;
  EXPECT_EQ(result->exit_code, 5);
  ASSERT_FALSE(result->findings().empty());
  EXPECT_EQ(result->findings()[0].gate, "no_high_findings");
  EXPECT_EQ(result->stages[1].status, "failed");
  EXPECT_GE(result->stages[1].rounds, 1);
}

TEST(SopRun, ASubscriberThatThrowsIsNotToldAnythingMore) {
  std::atomic<int> told = 0;
  SopRunOptions options{.model = article_model()};
  options.on_event = [&](const Event&) {
    if (++told == 2) throw std::runtime_error("no");
  };
  const auto result = run_sop(article_sop(), "bridges", options);
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->done());
  EXPECT_EQ(told, 2);
}

}  // namespace
}  // namespace cadre
