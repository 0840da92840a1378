#include "offline/product/work.h"

#include <algorithm>

#include "base/text.h"
#include "offline/markup.h"

namespace cadre::offline::product {
namespace {

Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json to_json(const Requirement& requirement) {
  return JsonObject{{"id", requirement.id},
                    {"text", requirement.text},
                    {"ears", requirement.ears},
                    {"sentences", json::to_array(requirement.sentences)},
                    {"quote", requirement.quote},
                    {"rules", json::to_array(requirement.rules)},
                    {"operations", json::to_array(requirement.operations)},
                    {"entities", json::to_array(requirement.entities)},
                    {"origin", spec::to_string(requirement.origin)},
                    {"priority", requirement.priority}};
}

Json to_json(const Criterion& criterion) {
  return JsonObject{{"id", criterion.id},
                    {"text", sentence_of(criterion)},
                    {"given", criterion.given},
                    {"when", criterion.when},
                    {"then", criterion.then},
                    {"requirement", criterion.requirement},
                    {"rule", or_null(criterion.rule)},
                    {"operation", or_null(criterion.operation)},
                    {"actor", or_null(criterion.actor)},
                    {"kind", criterion.kind}};
}

int risk_rank(const std::string& risk) {
  if (risk == "high") return 0;
  return risk == "medium" ? 1 : 2;
}

template <class T, class Function>
JsonArray each(const std::vector<T>& items, Function function) {
  JsonArray out;
  for (const T& item : items) out.push_back(function(item));
  return out;
}

}  // namespace

std::string sentence_of(const Criterion& criterion) {
  return "Given " + criterion.given + ", when " + criterion.when + ", then " + criterion.then + ".";
}

Statements count_statements(const spec::Spec& spec) {
  Statements out;
  for (const spec::Sentence& sentence : spec.sentences) {
    ++out.total;
    switch (sentence.status) {
      case spec::SentenceStatus::kCovered: ++out.covered; break;
      case spec::SentenceStatus::kPartly: ++out.partly; break;
      case spec::SentenceStatus::kNotUnderstood: ++out.not_understood; break;
      case spec::SentenceStatus::kOutOfScope: ++out.out_of_scope; break;
      case spec::SentenceStatus::kNoContent: ++out.no_content; break;
    }
  }
  return out;
}

std::string sentence_text(const spec::Spec& spec, std::string_view sentence) {
  for (const spec::Sentence& candidate : spec.sentences) {
    if (candidate.id != sentence) continue;
    const std::size_t size = spec.text.size();
    const std::size_t begin =
        std::min(size, static_cast<std::size_t>(std::max(candidate.begin, 0)));
    const std::size_t end = std::min(size, static_cast<std::size_t>(std::max(candidate.end, 0)));
    return end > begin ? markup::one_line(spec.text.substr(begin, end - begin)) : std::string();
  }
  return {};
}

std::vector<spec::Question> chosen_questions(const spec::Spec& spec) {
  std::vector<spec::Question> out = spec.questions;
  std::stable_sort(out.begin(), out.end(), [](const spec::Question& a, const spec::Question& b) {
    return risk_rank(a.risk) < risk_rank(b.risk);
  });
  if (out.size() > 7) out.resize(7);
  return out;
}

Json requirements_json(const spec::Spec& spec, const std::vector<Requirement>& requirements,
                       const std::vector<NonFunctional>& nfrs) {
  const Statements counts = count_statements(spec);
  JsonObject out;
  out["spec"] = spec::to_json(spec);
  out["statements"] = JsonObject{{"total", counts.total},
                                 {"covered", counts.covered},
                                 {"partly", counts.partly},
                                 {"not_understood", counts.not_understood},
                                 {"out_of_scope", counts.out_of_scope},
                                 {"no_content", counts.no_content}};
  out["requirements"] = each(requirements, [](const Requirement& r) { return to_json(r); });
  out["nfrs"] = each(nfrs, [](const NonFunctional& nfr) {
    return JsonObject{{"id", nfr.id},
                      {"category", nfr.category},
                      {"text", nfr.text},
                      {"threshold", nfr.threshold},
                      {"how", nfr.how}};
  });
  out["assumptions"] = each(spec.assumptions, [](const spec::Assumption& assumption) {
    return JsonObject{{"id", assumption.id},
                      {"text", assumption.text},
                      {"alternative", assumption.alternative},
                      {"affects", json::to_array(assumption.affects)}};
  });
  out["questions"] = each(chosen_questions(spec), [](const spec::Question& question) {
    return JsonObject{{"id", question.id},
                      {"text", question.text},
                      {"options", json::to_array(question.options)},
                      {"default_taken", question.default_taken},
                      {"risk", question.risk},
                      {"sentence", question.sentence}};
  });
  out["unhandled"] = each(spec.unhandled, [](const spec::Unhandled& item) {
    return JsonObject{{"sentence", item.sentence},
                      {"text", item.text},
                      {"why", item.why},
                      {"closest_pattern", item.closest_pattern}};
  });
  return out;
}

Json stories_json(const std::vector<Story>& stories) {
  JsonObject out;
  out["stories"] = each(stories, [](const Story& story) {
    return JsonObject{
        {"id", story.id},
        {"title", story.title},
        {"as_a", story.as_a},
        {"i_want", story.i_want},
        {"so_that", story.so_that},
        {"priority", story.priority},
        {"requirements", json::to_array(story.requirements)},
        {"criteria", each(story.criteria, [](const Criterion& c) { return to_json(c); })}};
  });
  return out;
}

}  // namespace cadre::offline::product
