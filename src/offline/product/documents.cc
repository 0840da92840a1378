#include "offline/product/documents.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "offline/markup.h"
#include "offline/wording.h"
#include "spec/canonical.h"

namespace cadre::offline::product {
namespace {

using markup::cell;
using markup::code;
using markup::header;
using markup::markdown;
using markup::row;

std::string heading(std::string_view name, std::string_view about) {
  while (about.ends_with('.')) about.remove_suffix(1);
  return "# " + std::string(name) + "\n\n" + std::string(about) + " · " +
         std::string(markup::kMadeBy) + "\n";
}

const char* status_words(spec::SentenceStatus status) {
  switch (status) {
    case spec::SentenceStatus::kCovered: return "covered";
    case spec::SentenceStatus::kPartly: return "partly";
    case spec::SentenceStatus::kNotUnderstood: return "not understood";
    case spec::SentenceStatus::kOutOfScope: return "out of scope";
    case spec::SentenceStatus::kNoContent: return "no content";
  }
  return "not understood";
}

// "I understood 41 of 48 statements. Partly: 2. Not understood: 5."
std::string understood(const spec::Spec& spec) {
  const Statements counts = count_statements(spec);
  const int stating = counts.total - counts.no_content;
  std::string out = std::to_string(counts.covered) + " of " + std::to_string(stating) +
                    " statements of the brief are covered";
  std::vector<std::string> rest;
  const auto add = [&](int count, const char* words) {
    if (count > 0) rest.push_back(std::to_string(count) + " " + words);
  };
  add(counts.partly, "partly");
  add(counts.not_understood, "not understood");
  add(counts.out_of_scope, "out of scope");
  return out + (rest.empty() ? "." : "; " + text::join(rest, ", ") + ".");
}

std::string gaps_section(const spec::Spec& spec) {
  std::string rows;
  std::set<std::string> told;
  for (const spec::Unhandled& item : spec.unhandled) {
    told.insert(item.sentence);
    const std::string words = item.text.empty() ? sentence_text(spec, item.sentence) : item.text;
    rows += row({markdown(item.sentence), cell(words), cell(wording::words(item.why)),
                 cell(item.closest_pattern)});
  }
  for (const spec::Sentence& sentence : spec.sentences) {
    const bool gap = sentence.status != spec::SentenceStatus::kCovered &&
                     sentence.status != spec::SentenceStatus::kNoContent;
    if (!gap || told.contains(sentence.id)) continue;
    std::string what = status_words(sentence.status);
    if (!sentence.unused.empty()) what += "; not used: " + text::join(sentence.unused, ", ");
    rows += row({markdown(sentence.id), cell(sentence_text(spec, sentence.id)), cell(what), "–"});
  }
  if (rows.empty()) return {};
  return "\n## Not built as stated\n\n" +
         header({"Sentence", "Your words", "Why", "Write it like this"}) + rows;
}

std::string file_stem(const Story& story) {
  std::string stem = text::kebab_case(story.id + " " + story.title);
  if (stem.size() > 60) {
    stem.resize(60);
    while (stem.ends_with('-')) stem.pop_back();
  }
  return stem;
}

// Permission criteria as a table: one row for each operation.
std::string permission_table(const std::vector<const Criterion*>& criteria) {
  std::string out = header({"Id", "They …", "If", "The service"});
  for (const Criterion* criterion : criteria) {
    const auto comma = criterion->given.find(", and that ");
    const std::string limit = comma == std::string::npos ? "" : criterion->given.substr(comma + 11);
    std::string when = criterion->when;
    if (when.starts_with("they ")) when = when.substr(5);
    std::string then = criterion->then;
    if (then.starts_with("the service ")) then = then.substr(12);
    out += row({criterion->id, cell(when), cell(limit), cell(then)});
  }
  return out;
}

std::string criteria_section(const Story& story) {
  std::string out;
  std::vector<const Criterion*> permissions;
  for (const Criterion& criterion : story.criteria) {
    if (criterion.kind == "permission") {
      permissions.push_back(&criterion);
      continue;
    }
    out += "- **" + criterion.id + "** " + markdown(sentence_of(criterion));
    std::string links = criterion.requirement;
    if (!criterion.rule.empty()) links += ", " + criterion.rule;
    out += " (" + markdown(links) + ")\n";
  }
  if (permissions.empty()) return out;
  return out + (out.empty() ? "" : "\n") + permission_table(permissions);
}

}  // namespace

std::string requirements_document(const spec::Spec& spec,
                                  const std::vector<Requirement>& requirements,
                                  const std::vector<NonFunctional>& nfrs) {
  std::string about = markdown(spec.summary);
  if (about.empty()) about = "What the service must do";
  std::string out = heading("Requirements", about);
  out += "\n" + understood(spec) + " What was assumed is in [assumptions.md](assumptions.md).\n";
  out += gaps_section(spec);
  out += "\n## Functional requirements\n\n" +
         header({"Id", "Requirement", "Priority", "Origin", "Rules", "Your words"});
  for (const Requirement& requirement : requirements) {
    std::string origin = spec::to_string(requirement.origin);
    if (!requirement.sentences.empty()) {
      origin += " (" + text::join(requirement.sentences, ", ") + ")";
    }
    out += row({requirement.id, cell(requirement.text), requirement.priority, cell(origin),
                cell(text::join(requirement.rules, ", ")),
                cell(text::shorten(requirement.quote, 200))});
  }
  out += "\n## Non-functional requirements\n\n" +
         header({"Id", "Kind", "Requirement", "Threshold", "How"});
  for (const NonFunctional& nfr : nfrs) {
    out += row(
        {nfr.id, cell(nfr.category), cell(nfr.text), cell(nfr.threshold), wording::words(nfr.how)});
  }
  if (spec.sentences.empty()) return out;
  out += "\n## The brief, sentence by sentence\n\n" + header({"Id", "Sentence", "Status"});
  for (const spec::Sentence& sentence : spec.sentences) {
    out += row({markdown(sentence.id), cell(sentence_text(spec, sentence.id)),
                status_words(sentence.status)});
  }
  return out;
}

std::string model_document(const spec::Spec& spec) {
  return heading("The model", "Everything that was built, sentence by sentence") +
         "\nThis is what the brief was understood to say. The sentences are exact: Cadre reads "
         "them "
         "back as the same model. Where one is wrong, say it like this in the brief and run "
         "again.\n\n" +
         markup::fenced("text", spec::render(spec));
}

std::string assumptions_document(const spec::Spec& spec) {
  std::string out = heading("Assumptions and questions", "What the brief does not say");
  out += "\nTo answer or correct something, edit the brief and run again.\n";
  const std::vector<spec::Question> questions = chosen_questions(spec);
  out += "\n## Questions\n\n";
  if (questions.empty()) {
    out += "None.\n";
  } else {
    out += header({"Id", "Question", "Choices", "Built as", "Risk", "Sentence"});
    for (const spec::Question& question : questions) {
      out += row({markdown(question.id), cell(question.text),
                  cell(text::join(question.options, " / ")), cell(question.default_taken),
                  cell(question.risk), cell(question.sentence)});
    }
  }
  out += "\n## Assumptions\n\n";
  if (spec.assumptions.empty()) return out + "None.\n";
  out += header({"Id", "Assumed", "Otherwise", "Affects"});
  for (const spec::Assumption& assumption : spec.assumptions) {
    out += row({markdown(assumption.id), cell(assumption.text), cell(assumption.alternative),
                markup::codes(assumption.affects)});
  }
  return out;
}

std::string stories_document(const spec::Spec& spec, const std::vector<Story>& stories) {
  std::string out =
      heading("User stories", markdown(spec.summary.empty() ? "What users want" : spec.summary));
  out += "\nThe same as scenarios: [features/](features/).\n\n" +
         header({"Id", "Story", "Priority", "Criteria"});
  for (const Story& story : stories) {
    out +=
        row({story.id, cell(story.title), story.priority, std::to_string(story.criteria.size())});
  }
  for (const Story& story : stories) {
    out += "\n## " + story.id + " " + markdown(story.title) + "\n\nAs " +
           markdown(wording::with_article(story.as_a)) + ", I want " + markdown(story.i_want) +
           ", so that " + markdown(story.so_that) + ".\n\n*" + story.priority + " · " +
           text::join(story.requirements, ", ") + "*\n\n" + criteria_section(story);
  }
  return out;
}

std::vector<File> feature_files(const std::vector<Story>& stories) {
  std::vector<File> out;
  for (const Story& story : stories) {
    std::string body = "# " + text::upper_first(markup::kMadeBy) + ".\n@" + story.id + " @" +
                       story.priority + "\nFeature: " + markup::gherkin(story.title) + "\n  As " +
                       markup::gherkin(wording::with_article(story.as_a)) + "\n  I want " +
                       markup::gherkin(story.i_want) + "\n  So that " +
                       markup::gherkin(story.so_that) + "\n";
    for (const Criterion& criterion : story.criteria) {
      body += "\n  @" + criterion.id + " @" + criterion.requirement;
      if (!criterion.rule.empty()) body += " @" + markup::identifier(criterion.rule);
      body += "\n  Scenario: " + criterion.id + " " + markup::gherkin(criterion.then) +
              "\n    Given " + markup::gherkin(criterion.given) + "\n    When " +
              markup::gherkin(criterion.when) + "\n    Then " + markup::gherkin(criterion.then) +
              "\n";
    }
    out.push_back({"docs/features/" + file_stem(story) + ".feature", std::move(body), false});
  }
  return out;
}

std::string competition_document(const Competition& competition) {
  std::string out =
      heading("Competitive analysis", text::upper_first(catalogue_label(competition)));
  if (competition.domain.empty()) {
    out += "\n## Known products\n\nNone known: the catalogue has no domain that fits this model.\n";
  } else {
    out += "\n## Known products: " + markdown(competition.domain) + "\n\nChosen by the words " +
           markup::codes(competition.matched_words) + " of the model.\n\n" +
           header({"Product", "Kind", "Licence", "What it is"});
    for (const Product& product : competition.products) {
      out += row({"[" + markdown(product.name) + "](" + product.home_page + ")", product.kind,
                  cell(product.licence), cell(product.what)});
    }
    out +=
        "\nPrices, market shares and feature comparisons are left out, because none was "
        "researched.\n";
  }
  out += "\n## What this build offers\n\n" + header({"Area", "Offer"});
  for (const auto& [area, offer] : competition.ours) out += row({cell(area), cell(offer)});
  return out;
}

std::string roadmap_document(const Roadmap& roadmap, const std::vector<Story>& stories) {
  std::string out = heading("Roadmap", "What is built now, and what could come next");
  out += "\n## This build\n\n" + header({"Story", "Title", "Priority"});
  for (const Story& story : stories) {
    out += row({story.id, cell(story.title), story.priority});
  }
  out += "\n## Next\n\n";
  if (roadmap.next.empty()) return out + "Nothing stated is open.\n";
  out += header({"Id", "What", "Why", "Priority", "How"});
  for (const NextStep& step : roadmap.next) {
    std::string why = wording::words(step.reason);
    if (!step.sentence.empty()) why += " (" + step.sentence + ")";
    out += row({step.id, cell(step.title), cell(why), step.priority, cell(step.how)});
  }
  return out;
}

}  // namespace cadre::offline::product
