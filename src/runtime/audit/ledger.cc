#include "runtime/audit/ledger.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace cadre::audit {
namespace {

std::string text_of(const spec::Spec& spec, const spec::Sentence& sentence) {
  if (sentence.begin < 0 || sentence.end < sentence.begin) return {};
  const auto begin = static_cast<std::size_t>(sentence.begin);
  if (begin >= spec.text.size()) return {};
  return text::clean_utf8(
      spec.text.substr(begin, static_cast<std::size_t>(sentence.end - sentence.begin)));
}

}  // namespace

Source source_of(const spec::Spec& spec, const spec::Origin& origin, const std::string& rule,
                 const std::string& says) {
  Source source{rule, says, origin.sentences, origin.kind == spec::OriginKind::kStated,
                origin.kind == spec::OriginKind::kAssumed && origin.sentences.empty()};
  if (const spec::Rule* known = spec::find_rule(spec, rule)) source.says = known->canonical;
  return source;
}

void Ledger::agree(const Source& source) {
  ++agreements_;
  for (const std::string& sentence : source.sentences) ++tallies_[sentence].agrees;
}

void Ledger::contradict(const std::string& key, const std::string& severity, const Source& source,
                        const std::string& title, const std::string& evidence) {
  if (const auto at = keys_.find(key); at != keys_.end()) {
    ++contradictions_[at->second].times;
    return;
  }
  keys_.emplace(key, contradictions_.size());
  // An observation about what no sentence says is nobody's contradiction.
  if (severity == "high") {
    for (const std::string& sentence : source.sentences) ++tallies_[sentence].contradicts;
  }
  std::string whole;
  if (!source.sentences.empty()) {
    whole = fmt::format("The brief{}: {}\n", source.stated ? " says" : " implies",
                        quote(source.sentences));
  }
  if (!source.says.empty()) {
    whole += fmt::format("{}{}\n", source.rule.empty() ? "As read: " : source.rule + ": ",
                         source.says);
  }
  contradictions_.push_back({fmt::format("A-{:03}", contradictions_.size() + 1), severity, title,
                             whole + evidence, source.sentences, 1});
}

void Ledger::suspect(const std::string& operation, const std::string& key,
                     const std::string& severity, const Source& source, const std::string& title,
                     const std::string& evidence) {
  if (working_.contains(operation)) return contradict(key, severity, source, title, evidence);
  const bool there = std::ranges::any_of(
      suspicions_, [&](const Suspicion& one) { return one.key == key; });
  if (!there) suspicions_.push_back({operation, key, severity, source, title, evidence});
}

void Ledger::works(const std::string& operation) {
  if (!working_.insert(operation).second) return;
  for (const Suspicion& one : suspicions_) {
    if (one.operation != operation) continue;
    contradict(one.key, one.severity, one.source, one.title, one.evidence);
  }
  std::erase_if(suspicions_, [&](const Suspicion& one) { return one.operation == operation; });
}

std::vector<NotAudited> Ledger::suspected() const {
  std::vector<NotAudited> out;
  for (const Suspicion& one : suspicions_) {
    out.push_back({one.operation,
                   "it refused whatever it was asked, so whether that is a fault or a shape that "
                   "its values must have cannot be told: " + one.title});
  }
  return out;
}

void Ledger::leave_out(const std::string& what, const std::string& why) {
  const bool there = std::ranges::any_of(left_out_, [&](const NotAudited& one) {
    return one.what == what && one.why == why;
  });
  if (!there) left_out_.push_back({what, why});
}

std::string Ledger::quote(const std::vector<std::string>& sentences) const {
  std::vector<std::string> out;
  for (const std::string& id : sentences) {
    const auto at = std::ranges::find(spec_.sentences, id, &spec::Sentence::id);
    if (at == spec_.sentences.end()) continue;
    out.push_back(fmt::format("\"{}\" ({})", text::shorten(text_of(spec_, *at), 300), id));
  }
  return text::join(out, " ");
}

JsonArray Ledger::statements() const {
  JsonArray out;
  for (const spec::Sentence& sentence : spec_.sentences) {
    if (sentence.status == spec::SentenceStatus::kNoContent) continue;
    const auto at = tallies_.find(sentence.id);
    const Tally tally = at == tallies_.end() ? Tally{} : at->second;
    JsonObject one{{"id", sentence.id},
                   {"text", text::shorten(text_of(spec_, sentence), 300)},
                   {"verdict", tally.contradicts > 0 ? "contradicts"
                               : tally.agrees > 0    ? "agrees"
                                                     : "not audited"},
                   {"agrees", tally.agrees},
                   {"contradicts", tally.contradicts}};
    if (tally.agrees + tally.contradicts == 0) {
      const bool read = sentence.status == spec::SentenceStatus::kCovered ||
                        sentence.status == spec::SentenceStatus::kPartly;
      one["why"] = read ? "nothing that it says could be observed (see what was left out)"
                        : "the offline engine does not understand it";
    } else if (sentence.status == spec::SentenceStatus::kPartly) {
      one["why"] = "in part: the offline engine does not account for " +
                   text::join(sentence.unused, ", ");
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace cadre::audit
