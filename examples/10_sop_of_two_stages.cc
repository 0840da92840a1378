// A standard operating procedure of one's own: two roles, two stages with a gate each, as data; a
// model does both, its first outline does not pass. Prints the picture and what the run came to.
#include <cstdio>

#include "cadre/sop.h"
#include "cadre/testing.h"

namespace {

using cadre::testing::calls;

// A folder has the same files: Sop::load("folder").
const std::map<std::string, std::string> kFiles{
    {"sop.yaml", R"(
name: article
title: An article in two steps
version: "1"
lead: editor
limits: {rounds_max: 2}
stages:
  - {id: outline, role: planner, needs: [brief], makes: [outline], gates: [schema]}
  - {id: write, role: author, needs: [brief, outline], makes: [article], gates: [schema]}
)"},
    {"roles/editor.md", "---\nrole: editor\nname: Editor\ndescription: Opens the run.\n"
                        "handoff_targets: [planner, author]\n---\nYou lead.\n"},
    {"roles/planner.md", "---\nrole: planner\nname: Planner\ndescription: Plans the text.\n"
                         "handoff_targets: [author, editor]\n---\nTwo points or more.\n"},
    {"roles/author.md", "---\nrole: author\nname: Author\ndescription: Writes the text.\n"
                        "handoff_targets: [planner, editor]\n---\nWrite to the outline.\n"},
    {"artifacts/outline.schema.json",
     R"({"type": "object", "required": ["points"], "properties": {"points":
         {"type": "array", "minItems": 2, "items": {"type": "string"}}}})"},
    {"artifacts/article.schema.json",
     R"({"type": "object", "required": ["text"], "x-document": "article.md",
         "properties": {"text": {"type": "string", "minLength": 1}}})"}};

}  // namespace

int main() {
  const cadre::SopCheckup checkup = cadre::Sop::check_files(kFiles);
  for (const cadre::SopProblem& problem : checkup.problems)
    std::printf("%s\n", problem.describe().c_str());
  if (!checkup.sop) return 1;
  std::printf("%s\n", checkup.sop->mermaid().c_str());

  cadre::SopRunOptions options;
  options.model = std::make_shared<cadre::testing::ScriptedModel>(std::vector{
      calls("deliver_outline", R"({"data": {"points": ["only one"]}})", "c1"),  // has to be mended
      calls("deliver_outline", R"({"data": {"points": ["arches", "cables"]}})", "c2"),
      calls("deliver_article", R"({"data": {"text": "Arches press, cables pull."}})", "c3")});
  options.journal.store = cadre::make_memory_store();
  options.on_event = [](const cadre::Event& event) {
    if (event.kind == cadre::EventKind::kHandoffAccepted)
      std::printf("handoff to %s\n", event.actor.c_str());
  };

  const auto result = cadre::run_sop(*checkup.sop, "why bridges stand", options);
  if (!result) return std::printf("%s\n", result.error().describe().c_str()), 1;
  for (const cadre::SopStageResult& stage : result->stages) {
    std::printf("%-8s by %-8s %s", stage.id.c_str(), stage.role.c_str(), stage.status.c_str());
    for (const cadre::SopGateResult& gate : stage.gates)
      std::printf(", gate %s %s", gate.gate.c_str(), gate.passed ? "passed" : "failed");
    std::printf("\n");
  }
  for (const auto& [type, made] : result->artifacts)
    std::printf("%-8s %lld bytes, %zu files\n", type.c_str(), static_cast<long long>(made.bytes),
                made.artifact->files.size());
  const cadre::Artifact* article = result->artifact("article");
  return result->done() && result->handoffs_accepted == 2 && article != nullptr ? 0 : 1;
}
