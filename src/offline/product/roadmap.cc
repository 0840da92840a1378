#include "offline/product/roadmap.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "offline/markup.h"

namespace cadre::offline::product {
namespace {

using spec::Spec;

const char* reason_of(const std::string& why) {
  if (why == "capability_outside") return "out_of_scope";
  if (why == "conflict") return "conflict";
  return "not_understood";
}

const char* way_out(const std::string& reason) {
  if (reason == "out_of_scope") return "Needs work by hand, or a language model as provider.";
  if (reason == "conflict") return "Say in the brief which of the two holds.";
  if (reason == "partly") return "Say the rest in a sentence of its own.";
  return "Say it in shorter sentences, one rule each.";
}

class Collector {
 public:
  explicit Collector(Roadmap& out) : out_(out) {}

  void add(std::string title, std::string reason, std::string sentence, std::string priority,
           std::string how) {
    title = markup::one_line(title);
    if (title.empty()) title = "Sentence " + sentence;
    NextStep step;
    std::string number = std::to_string(out_.next.size() + 1);
    number.insert(0, 3 - std::min<std::size_t>(3, number.size()), '0');
    step.id = "N-" + number;
    step.title = text::shorten(title, 240);
    step.reason = std::move(reason);
    step.sentence = std::move(sentence);
    step.priority = std::move(priority);
    step.how = markup::one_line(how);
    out_.next.push_back(std::move(step));
  }

 private:
  Roadmap& out_;
};

void sentences(const Spec& spec, Collector& collect) {
  std::set<std::string> told;
  for (const spec::Unhandled& item : spec.unhandled) {
    told.insert(item.sentence);
    const std::string reason = reason_of(item.why);
    const std::string words = item.text.empty() ? sentence_text(spec, item.sentence) : item.text;
    const std::string how = item.closest_pattern.empty()
                                ? way_out(reason)
                                : "Write it like this: " + item.closest_pattern;
    collect.add(words, reason, item.sentence, reason == "conflict" ? "must" : "should", how);
  }
  for (const spec::Sentence& sentence : spec.sentences) {
    if (told.contains(sentence.id)) continue;
    std::string reason;
    if (sentence.status == spec::SentenceStatus::kPartly) reason = "partly";
    if (sentence.status == spec::SentenceStatus::kNotUnderstood) reason = "not_understood";
    if (sentence.status == spec::SentenceStatus::kOutOfScope) reason = "out_of_scope";
    if (reason.empty()) continue;
    std::string how = way_out(reason);
    if (!sentence.unused.empty()) {
      how = "Not used: " + text::join(sentence.unused, ", ") + ". " + how;
    }
    collect.add(sentence_text(spec, sentence.id), reason, sentence.id, "should", how);
  }
}

}  // namespace

Roadmap write_roadmap(const Spec& spec, const std::vector<Requirement>& requirements,
                      const std::vector<NonFunctional>& nfrs, const std::vector<Story>& stories) {
  Roadmap out;
  for (const Story& story : stories) out.stories.push_back(story.id);
  for (const Requirement& requirement : requirements) {
    if (requirement.priority != "wont") out.requirements.push_back(requirement.id);
  }
  Collector collect(out);
  sentences(spec, collect);
  for (const Requirement& requirement : requirements) {
    if (requirement.priority != "wont") continue;
    collect.add(requirement.text, "not_understood",
                requirement.sentences.empty() ? "" : requirement.sentences.front(), "should",
                "Documented as " + requirement.id + ", not built.");
  }
  const std::string stack = text::lower(spec.stack_requested);
  if (!stack.empty() && stack != "python" && stack != "fastapi" && stack != "auto") {
    collect.add("The service in " + spec.stack_requested, "out_of_scope", "", "should",
                "Built in Python: the offline engine writes no other stack.");
  }
  for (const spec::Question& question : chosen_questions(spec)) {
    collect.add(question.text, "question_open", question.sentence,
                question.risk == "high" ? "must" : "should",
                "Built as: " + question.default_taken + ". Answer it in the brief and run again.");
  }
  for (const spec::Assumption& assumption : spec.assumptions) {
    collect.add(assumption.text, "assumption_to_confirm", "", "could",
                assumption.alternative.empty() ? "Confirm it, or say it otherwise in the brief."
                                               : "Otherwise: " + assumption.alternative);
  }
  for (const NonFunctional& nfr : nfrs) {
    if (nfr.how == "built" || nfr.how == "tested") continue;
    collect.add(nfr.text, "nfr_not_done", "", "could", nfr.threshold);
  }
  return out;
}

Json roadmap_json(const Roadmap& roadmap) {
  JsonArray next;
  for (const NextStep& step : roadmap.next) {
    next.push_back(
        JsonObject{{"id", step.id},
                   {"title", step.title},
                   {"reason", step.reason},
                   {"sentence", step.sentence.empty() ? Json(nullptr) : Json(step.sentence)},
                   {"priority", step.priority},
                   {"how", step.how}});
  }
  return JsonObject{{"mvp", JsonObject{{"title", "This build"},
                                       {"stories", json::to_array(roadmap.stories)},
                                       {"requirements", json::to_array(roadmap.requirements)}}},
                    {"next", std::move(next)}};
}

}  // namespace cadre::offline::product
