// The product's name, and sentences that only introduce it.
#include <algorithm>

#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

bool build_verb(const Scan& s, int i) {
  return s.any(i, {"build", "make", "write", "create", "develop", "design", "implement", "need",
                   "want", "generate", "give", "program", "please", "set_up"});
}

// "Build a blog backend", "I need a system for our town library": the noun phrase.
Name product_phrase(const Scan& s, int* end) {
  int i = 0;
  while (s.any(i, {"please", "hi", "hello", "hey", ",", "i", "we", "us", "me", "would", "like",
                   "need", "want", "have", "build", "make", "write", "create", "develop", "design",
                   "implement", "to", "can", "you", "could", "should", "must", "this", "it", "be",
                   "generate", "a", "an", "the", "simple", "small", "basic", "my", "our", "new"}) ||
         s.at(i).tag == Tag::kDeterminer) {
    ++i;
  }
  int colon = s.find(0, s.size() - 1, ":");
  if (colon < 0) colon = s.size();
  const auto name = name_after(s, i, colon - 1);
  *end = name.empty() ? i : name.last + 1;
  return name;
}

std::string product_name(const Scan& s, const Name& name) {
  std::vector<std::string> words;
  for (int i = name.first; i <= name.last; ++i) {
    const auto& lemma = s.at(i).lemma;
    if (is_product_noun(lemma) && !(words.empty() && i == name.last)) continue;
    if (s.any(i, {"small", "simple", "basic", "new", "-", "restful", "little"})) continue;
    words.push_back(s.at(i).lower);
  }
  return text::join(words, "_");
}

bool product_head(const Scan& s, const Name& name) {
  return is_product_noun(s.at(name.last).lemma);
}

}  // namespace

void read_product(Draft& draft) {
  const int count = static_cast<int>(draft.brief.sentences.size());
  for (int index = 0; index < count; ++index) {
    const Scan s(draft.sentence(index));
    if (s.size() == 0 || draft.sentence(index).kind == LineKind::kBullet) continue;
    int end = 0;
    const auto name = product_phrase(s, &end);
    if (name.empty()) continue;
    const int colon = s.find(0, s.size() - 1, ":");
    const int last = colon > 0 ? colon - 1 : s.size() - 1;
    const bool title = is_fragment(s, 0, last) && index == 0;
    const bool asked = (build_verb(s, 0) || s.any(0, {"i", "we", "please", "this", "it"})) &&
                       product_head(s, name) && name.first < 9;
    const bool heading = draft.sentence(index).kind == LineKind::kHeading;
    if (!title && !asked && !(heading && index == 0)) continue;
    if (draft.spec.name.empty()) {
      auto words = product_name(s, name);
      if (words.empty() || is_product_noun(words)) {
        // "a system for our town library"
        const int of = s.find_any(name.last, last, {"for", "of"});
        const auto inner = of < 0 ? Name{} : name_after(s, of + 1, last);
        if (!inner.empty()) words = plain_snake(inner.text);
      }
      draft.spec.name = plain_snake(words.empty() ? "records" : words);
    }
    // The product's own words carry no requirement; "for a dental practice" neither.
    int stop = name.last;
    if (title || asked) {
      const int of = name.last + 1;
      if (s.any(of, {"for", "of", "in"})) {
        const auto inner = name_after(s, of + 1, last);
        if (!inner.empty() && !s.is(inner.last + 1, "(")) stop = inner.last;
      }
    }
    if (product_head(s, name) || title) draft.claim({index, 0, std::max(stop, 0)});
    if (title && !product_head(s, name) && s.is(name.last + 1, "(")) continue;
  }
  if (draft.spec.name.empty()) draft.spec.name = "records";
}

// "a todo app", "notes app with tags": the records are in the name.
void name_records(Draft& draft) {
  if (!draft.spec.entities.empty() || draft.brief.sentences.empty()) return;
  for (int index = 0; index < static_cast<int>(draft.brief.sentences.size()); ++index) {
    if (outside_sentence(draft, index)) continue;
    const Scan s(draft.sentence(index));
    int end = 0;
    const auto name = product_phrase(s, &end);
    if (name.empty() || !product_head(s, name) || name.first == name.last) continue;
    for (int i = name.last - 1; i >= name.first; --i) {
      const auto inner = name_before(s, i, name.first);
      if (inner.empty() || is_product_noun(s.at(i).lemma)) continue;
      const auto record = s.at(i).lemma;
      const bool container = s.any(i, {"book", "list", "log", "catalogue", "catalog", "diary",
                                       "journal", "collection", "archive", "cellar", "inventory"});
      if (container && i > name.first && s.noun(i - 1)) continue;
      if (!can_be_entity(draft, record)) continue;
      const auto id = draft.add_entity(record, draft.stated({index, i, i}, "entity.product"));
      draft.main_entity = id;
      draft.claim({index, 0, name.last});
      return;
    }
  }
}

}  // namespace cadre::offline::analysis
