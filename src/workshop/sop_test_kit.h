// A small SOP of two stages, and models for it: for the tests of this folder.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "cadre/sop.h"
#include "cadre/testing.h"

namespace cadre::testing {

using Files = std::map<std::string, std::string>;

inline std::string role_file(const std::string& role, const std::string& name,
                             const std::string& fields) {
  return "---\nrole: " + role + "\nname: " + name + "\ndescription: Does it.\n" + fields +
         "---\nDo it.\n";
}

// planner makes an outline, author an article of it; `author` are fields of the author's file,
// `gates` those of the article.
inline Files article_files(const std::string& author = "", const std::string& gates = "[schema]") {
  return {
      {"sop.yaml",
       "name: article\nversion: \"1\"\nlead: editor\nlimits: {rounds_max: 2}\nstages:\n"
       "  - {id: outline, role: planner, needs: [brief], makes: [outline], gates: "
       "[schema]}\n"
       "  - {id: write, role: author, needs: [brief, outline], makes: [article], gates: " +
           gates + "}\n"},
      {"roles/editor.md", role_file("editor", "Editor", "handoff_targets: [planner, author]\n")},
      {"roles/planner.md", role_file("planner", "Planner", "handoff_targets: [author, editor]\n")},
      {"roles/author.md",
       role_file("author", "Author", "handoff_targets: [planner, editor]\n" + author)},
      {"artifacts/outline.schema.json",
       R"({"type": "object", "required": ["points"], "properties": {"points":
           {"type": "array", "minItems": 1, "items": {"type": "string"}}}})"},
      {"artifacts/article.schema.json",
       R"({"type": "object", "required": ["text"], "x-document": "article.md",
           "properties": {"text": {"type": "string", "minLength": 1}}})"}};
}

inline Sop article_sop(const std::string& author = "", const std::string& gates = "[schema]") {
  auto sop = Sop::from_files(article_files(author, gates));
  EXPECT_TRUE(sop.has_value()) << sop.error().describe();
  return *sop;
}

inline bool offers(const SeenRequest& seen, const std::string& tool) {
  return std::ranges::find(seen.tools, tool) != seen.tools.end();
}

inline std::vector<std::string> tool_results(const SeenRequest& seen) {
  std::vector<std::string> results;
  for (const ItemPtr& item : seen.items) {
    if (const auto* result = std::get_if<ToolResultItem>(item.get()))
      results.push_back(result->output);
  }
  return results;
}

inline ModelReply counted(ModelReply reply) {
  reply.usage.input_tokens = 100;
  reply.usage.output_tokens = 10;
  return reply;
}

// Does both stages, each in one call.
inline Result<ModelReply> writes_articles(const SeenRequest& seen) {
  if (offers(seen, "deliver_outline"))
    return counted(calls("deliver_outline", R"({"data": {"points": ["arches"]}})", "o1"));
  return counted(calls("deliver_article", R"({"data": {"text": "Arches press."}})", "w1"));
}

inline std::shared_ptr<ScriptedModel> article_model() {
  return std::make_shared<ScriptedModel>(ScriptedModel::Answer(writes_articles));
}

// Never answers; gives up when it is asked to stop.
class HangingModel final : public Model {
 public:
  std::string name() const override { return "hanging"; }
  void start(const ModelRequest&, std::stop_token stop, OnDelta, OnDone done) override {
    auto call = std::make_shared<OnDone>(std::move(done));
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::make_unique<Callback>(
        std::move(stop), [call] { (*call)(fail(ErrorCode::kCancelled, "stopped")); }));
  }

 private:
  using Callback = std::stop_callback<std::function<void()>>;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Callback>> calls_;
};

// The author uses `tool` first, and writes what came of it.
inline std::shared_ptr<ScriptedModel> model_with_tool(const std::string& tool,
                                                      const std::string& arguments) {
  return std::make_shared<ScriptedModel>(
      ScriptedModel::Answer([=](const SeenRequest& seen) -> Result<ModelReply> {
        if (offers(seen, "deliver_outline")) return writes_articles(seen);
        const auto results = tool_results(seen);
        if (results.empty()) return counted(calls(tool, arguments, "t1"));
        return counted(
            calls("deliver_article",
                  json::write(JsonObject{{"data", JsonObject{{"text", results.back()}}}}), "w1"));
      }));
}

// A folder of this test, empty; gone with it.
class TestFolder {
 public:
  TestFolder() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::temp_directory_path() /
            (std::string("cadre-sop-") + test->name() + "-" + std::to_string(::getpid()));
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

  void write(const Files& files) const {
    for (const auto& [name, content] : files) {
      std::filesystem::create_directories((path_ / name).parent_path());
      std::ofstream(path_ / name, std::ios::binary) << content;
    }
  }

 private:
  std::filesystem::path path_;
};

inline std::string text_of(const SopResult& result) {
  const Artifact* article = result.artifact("article");
  return article == nullptr ? "" : json::get_string(article->data, "text");
}

}  // namespace cadre::testing
