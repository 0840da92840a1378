#include <algorithm>
#include <string>

#include "base/latin.h"
#include "base/text.h"
#include "offline/language/chunk.h"
#include "offline/language/clause.h"
#include "offline/language/language.h"
#include "offline/language/lexicon.h"
#include "offline/language/normalise.h"
#include "offline/language/repair.h"
#include "offline/language/tag.h"
#include "offline/language/tokenize.h"

namespace cadre::offline {
namespace {

bool is_content_word(const Token& t) { return t.tag == Tag::kOther; }

std::string_view part(const Brief& brief, int begin, int end) {
  return std::string_view(brief.text)
      .substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

// Long runs without punctuation are cut, so that everything behind works on bounded sentences.
void add_sentences(Brief& brief, const SentenceSpan& span) {
  std::vector<Token> tokens = split_words(part(brief, span.begin, span.end), span.begin);
  for (std::size_t from = 0; from < tokens.size(); from += kTokensMax) {
    const std::size_t to = std::min(tokens.size(), from + kTokensMax);
    Sentence sentence;
    sentence.id = "S" + std::to_string(brief.sentences.size() + 1);
    sentence.kind = span.kind;
    sentence.heading = span.heading;
    sentence.begin = from == 0 ? span.begin : tokens[from].begin;
    sentence.end = to == tokens.size() ? span.end : tokens[to - 1].end;
    sentence.text = part(brief, sentence.begin, sentence.end);
    const auto at = [&](std::size_t i) {
      return std::make_move_iterator(tokens.begin() + static_cast<std::ptrdiff_t>(i));
    };
    sentence.tokens.assign(at(from), at(to));
    brief.sentences.push_back(std::move(sentence));
  }
}

void measure(Brief& brief) {
  int content = 0, known = 0, words = 0, function = 0;
  for (const Sentence& sentence : brief.sentences) {
    for (const Token& t : sentence.tokens) {
      const bool foreign = text::has_foreign_letters(t.text);
      const bool mark =
          t.tag == Tag::kPunctuation || t.tag == Tag::kSymbol || t.tag == Tag::kNumber;
      if (mark && !foreign) continue;
      ++words;
      if (!foreign && !is_content_word(t)) {
        ++function;
        continue;
      }
      if (t.text.size() < 3) continue;
      ++content;
      known += !foreign && is_known_word(t.lower);
    }
  }
  brief.known_share = content == 0 ? 1 : static_cast<double>(known) / content;
  const double function_share = words == 0 ? 1 : static_cast<double>(function) / words;
  brief.english = brief.known_share >= 0.5 || function_share >= 0.35;
  if (words == 0) brief.problem = "empty";
}

// "Status: open, closed" is a key with its values; "Library service: members borrow books" is not.
void settle_kind(Sentence& sentence) {
  if (sentence.kind != LineKind::kProse && sentence.kind != LineKind::kNumbered) return;
  int colon = -1;
  for (std::size_t i = 0; i < sentence.tokens.size() && i < 6 && colon < 0; ++i)
    if (sentence.tokens[i].lower == ":") colon = static_cast<int>(i);
  if (colon <= 0 || colon + 1 >= static_cast<int>(sentence.tokens.size())) return;
  for (const Clause& clause : sentence.clauses)
    if (clause.verb && !clause.infinitive && !clause.gerund && clause.marker != Marker::kRelative)
      return;
  sentence.kind = LineKind::kKeyValue;
  build_verbless(sentence);
}

void settle_scenario(Sentence& sentence) {
  if (sentence.kind != LineKind::kProse && sentence.kind != LineKind::kBullet) return;
  if (sentence.tokens.size() > 2 && sentence.tokens.front().lower == "given" &&
      sentence.tokens[1].lower != "the following")
    sentence.kind = LineKind::kGivenWhenThen;
}

}  // namespace

Brief read_brief(std::string_view text) {
  Brief brief;
  brief.text = same_length_utf8(text.substr(0, kBriefBytesMax));
  if (text.size() > kBriefBytesMax) {
    brief.problem = "too long";
    return brief;
  }
  if (looks_binary(text)) {
    brief.problem = "binary";
    brief.english = false;
    brief.known_share = 0;
    return brief;
  }
  brief.bad_bytes = count_bad_bytes(text);
  for (const SentenceSpan& span : split_sentences(brief.text)) add_sentences(brief, span);
  repair_spelling(brief);
  for (Sentence& sentence : brief.sentences)
    sentence.tokens = finish_tokens(std::move(sentence.tokens), sentence.text, sentence.begin);
  measure(brief);
  for (Sentence& sentence : brief.sentences) {
    tag_tokens(sentence.tokens);
    join_particles(sentence.tokens);
    sentence.nouns = chunk_nouns(sentence.tokens);
    build_clauses(sentence);
    settle_kind(sentence);
    settle_scenario(sentence);
  }
  return brief;
}

}  // namespace cadre::offline
