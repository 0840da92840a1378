// Grants without an object: "members can see everything but change nothing".
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

void grant_all(Draft& draft, int index, const Action& a, const Thing& subject, int object) {
  const Scan s(draft.sentence(index));
  const bool nothing = s.is(object, "nothing");
  Grant grant;
  grant.deny = nothing || a.negated;
  const auto c = verb_class(a.verb);
  if (c == VerbClass::kRead) {
    grant.verb = "read";
  } else if (c == VerbClass::kUpdate || a.verb == "do" || c == VerbClass::kManage) {
    // To change something is also to add or remove it.
    grant.verb = grant.deny ? "change_anything" : a.verb == "do" ? "manage" : a.verb;
  } else if (c == VerbClass::kDelete || c == VerbClass::kCreate) {
    grant.verb = a.verb;
  } else {
    return;
  }
  // "Members can't see everything": some of it they can.
  if (a.negated && !s.is(object, "anything")) return;
  // "everything except", "everything of their own": only some of it.
  if (s.any(object + 1, {"except", "but", "of", "that", "which", "in", "about", "from"}) &&
      !(s.is(object + 1, "but") && s.at(object + 2).tag == Tag::kVerb)) {
    return;
  }
  const Range range{index, a.first, object};
  const auto name = bare_name(s, subject.name);
  grant.actor = draft.add_actor(name, draft.stated(range, "actor.acts"));
  grant.only = a.only && !grant.deny;
  grant.origin = draft.stated(range, "permission.everything");
  auto& rule = draft.add_rule(
      "permission", range, "permission.everything",
      fmt::format("{}{} can {} {}.", grant.only ? "Only " : "",
                  grant.only ? a_noun(name) : text::upper_first(a_noun(name)),
                  grant.deny && c != VerbClass::kRead ? "change" : verb_words(a.verb),
                  grant.deny ? "nothing" : "everything"),
      {{"actor", grant.actor}, {"op", grant.verb}, {"on", "everything"}, {"only", grant.only}});
  rule.enforced_in = {"api"};
  grant.rule = rule.id;
  draft.grants.push_back(grant);
}

}  // namespace

void read_wide_grants(Draft& draft, const Reading& reading) {
  for (int i = 0; i < static_cast<int>(reading.actions.size()); ++i) {
    if (outside_sentence(draft, i)) continue;
    const Scan s(draft.sentence(i));
    for (const auto& a : reading.actions[static_cast<std::size_t>(i)]) {
      if (a.dependent || a.system || a.passive) continue;
      const int object = a.verb_last + 1;
      if (!s.any(object, {"everything", "nothing", "anything"})) continue;
      for (const auto& subject : a.subjects) {
        if (subject.name.empty() || !is_people(bare_name(s, subject.name))) continue;
        grant_all(draft, i, a, subject, object);
      }
    }
  }
}

}  // namespace cadre::offline::analysis
