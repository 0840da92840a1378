// Word-level accounting: no sentence disappears.
#include <algorithm>

#include "base/latin.h"
#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

using spec::SentenceStatus;

// Names of what is in the model count as understood wherever they stand; what is said about them
// does not.
void claim_names(Draft& draft, int index) {
  for (const auto& m : draft.mentions(index)) {
    if (m.kind != Mention::Kind::kAttribute) draft.claim({index, m.first, m.last});
  }
}

bool greeting(const Scan& s) {
  for (int i = 0; i < s.size(); ++i) {
    if (s.content(i) && !s.any(i, {"hi", "hello", "hey", "thanks", "thank", "please", "you",
                                   "everybody", "all", "dear", "team", "regard", "best", "cheers",
                                   "much", "very", "so"})) {
      return false;
    }
  }
  return true;
}

std::string closest(const Draft& draft, int index) {
  const Scan s(draft.sentence(index));
  for (const auto& token : draft.sentence(index).tokens) {
    if (text::has_foreign_letters(token.text))
      return "Write \"" + token.text + "\" in Latin letters.";
  }
  std::string entity;
  for (const auto& m : draft.mentions(index)) {
    if (m.kind == Mention::Kind::kEntity && entity.empty()) entity = m.entity;
  }
  const auto* e = find_entity(draft.spec, entity);
  const std::string name = e == nullptr ? "book" : e->name;
  const std::string plural = e == nullptr ? "books" : e->plural;
  if (s.find_any(0, s.size() - 1, {"at most", "maximum", "max", "limit", "more than"}) >= 0) {
    return "A member can have at most 3 " + plural + " at the same time.";
  }
  if (s.find_any(0, s.size() - 1, {"only"}) >= 0) return "Only managers can change " + plural + ".";
  if (s.find_any(0, s.size() - 1, {"report", "list", "overview", "show"}) >= 0) {
    return "List the " + plural + " whose price is below 10.";
  }
  if (s.find_any(0, s.size() - 1, {"status", "state", "become"}) >= 0) {
    return "A " + name + " goes from open to closed.";
  }
  return "Each " + name + " has a name and a price.";
}

}  // namespace

void account(Draft& draft) {
  for (int i = 0; i < static_cast<int>(draft.brief.sentences.size()); ++i) {
    auto& sentence = draft.spec.sentences[static_cast<std::size_t>(i)];
    if (sentence.status == SentenceStatus::kOutOfScope) continue;
    const Scan s(draft.sentence(i));
    bool any = false;
    int content = 0;
    for (int t = 0; t < s.size(); ++t) any = any || draft.claimed(i, t);
    claim_names(draft, i);
    for (int t = 0; t < s.size(); ++t) {
      if (!s.content(t)) continue;
      const auto& token = s.at(t);
      if (is_filler(token.lemma) || is_filler(token.lower)) continue;
      if (is_product_noun(token.lemma)) continue;
      ++content;
      if (!draft.claimed(i, t) || draft.poisoned(i, t)) sentence.unused.push_back(token.lower);
    }
    const bool topic = s.size() <= 2 && s.any(0, {"rule", "feature", "requirement", "role",
                                                  "entity", "note", "overview", "constraint",
                                                  "goal", "assumption", "record", "scope"});
    const bool heading = draft.sentence(i).kind == LineKind::kHeading || topic;
    if (heading && !any) {
      sentence.unused.clear();
      sentence.status = SentenceStatus::kNoContent;
    } else if (content == 0 || greeting(s)) {
      sentence.unused.clear();
      sentence.status = any ? SentenceStatus::kCovered : SentenceStatus::kNoContent;
    } else if (sentence.unused.empty()) {
      sentence.status = SentenceStatus::kCovered;
    } else if (any) {
      sentence.status = SentenceStatus::kPartly;
    } else {
      sentence.status = SentenceStatus::kNotUnderstood;
    }
    if (sentence.status == SentenceStatus::kPartly ||
        sentence.status == SentenceStatus::kNotUnderstood) {
      const bool known = std::any_of(draft.spec.unhandled.begin(), draft.spec.unhandled.end(),
                                     [&](const auto& u) { return u.sentence == sentence.id; });
      if (!known) {
        draft.leave(i, text::shorten(draft.sentence(i).text, 300), "not_understood",
                    closest(draft, i));
      }
    }
  }
  const bool left = std::ranges::any_of(draft.spec.unhandled, [](const auto& u) {
    return u.why == "capability_outside";
  });
  draft.spec.verdict = left ? spec::Verdict::kPartial : spec::Verdict::kSupported;
}

}  // namespace cadre::offline::analysis
