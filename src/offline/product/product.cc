#include "offline/product/product.h"

#include <utility>

#include "offline/product/competition.h"
#include "offline/product/documents.h"
#include "offline/product/requirements.h"
#include "offline/product/roadmap.h"
#include "offline/product/stories.h"

namespace cadre::offline::product {
namespace {

// Why the engine refuses, in the words of the model.
Turn refuse(const spec::Spec& spec) {
  Refusal refusal;
  std::string reasons;
  JsonArray details;
  for (const spec::Unhandled& item : spec.unhandled) {
    const std::string words = item.text.empty() ? sentence_text(spec, item.sentence) : item.text;
    if (!words.empty()) reasons += (reasons.empty() ? "" : "; ") + words;
    details.push_back(JsonObject{{"sentence", item.sentence},
                                 {"text", words},
                                 {"why", item.why},
                                 {"closest_pattern", item.closest_pattern}});
  }
  refusal.reason = "the offline engine builds services that keep records, and cannot build this" +
                   (reasons.empty() ? std::string(": nothing in the brief names records to keep")
                                    : ": " + reasons);
  refusal.help =
      "describe what is kept (\"Each book has a title and an author\") and what people do with it "
      "(\"Members borrow books\"), or run with a language model as provider (--model)";
  refusal.details = JsonObject{{"unhandled", std::move(details)}};
  Turn turn;
  turn.refusal = std::move(refusal);
  return turn;
}

}  // namespace

Turn prepare(const spec::Spec& spec) {
  if (spec.verdict == spec::Verdict::kRefuse || spec.entities.empty()) return refuse(spec);
  const std::vector<Requirement> requirements = write_requirements(spec);
  const std::vector<NonFunctional> nfrs = write_nfrs(spec);
  const std::vector<Story> stories = write_stories(spec, requirements);
  const Competition competition = analyse_competition(spec);
  const Roadmap roadmap = write_roadmap(spec, requirements, nfrs, stories);

  Turn turn;
  turn.artifacts.push_back(
      {"requirements",
       requirements_json(spec, requirements, nfrs),
       {{"docs/requirements.md", requirements_document(spec, requirements, nfrs), false},
        {"docs/spec.md", model_document(spec), false},
        {"docs/assumptions.md", assumptions_document(spec), false}}});
  std::vector<File> story_files{{"docs/user-stories.md", stories_document(spec, stories), false}};
  for (File& file : feature_files(stories)) story_files.push_back(std::move(file));
  turn.artifacts.push_back({"user_stories", stories_json(stories), std::move(story_files)});
  turn.artifacts.push_back(
      {"competitive_analysis",
       competition_json(competition),
       {{"docs/competitive-analysis.md", competition_document(competition), false}}});
  turn.artifacts.push_back({"roadmap",
                            roadmap_json(roadmap),
                            {{"docs/roadmap.md", roadmap_document(roadmap, stories), false}}});
  const Statements counts = count_statements(spec);
  turn.notes.push_back("understood " + std::to_string(counts.covered) + " of " +
                       std::to_string(counts.total - counts.no_content) + " statements; " +
                       std::to_string(requirements.size()) + " requirements, " +
                       std::to_string(stories.size()) + " stories");
  return turn;
}

}  // namespace cadre::offline::product
