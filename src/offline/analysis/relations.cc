// References between records: belongs to, assigned to, is part of, "who is one of", "per".
#include <algorithm>

#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

struct Cue {
  int first = 0, last = 0;
  bool assign = false;   // person and work: the work refers to the person
  bool part = false;     // owned
  bool belongs = false;
};

std::optional<Cue> read_cue(const Scan& s, int i) {
  if (s.is(i, "belong") || s.is(i, "belong_to")) {
    return Cue{i, s.is(i + 1, "to") ? i + 1 : i, false, false, true};
  }
  if (s.any(i, {"refer", "relate", "link"}) && s.is(i + 1, "to") &&
      s.at(i).form != VerbForm::kPastParticiple) {
    return Cue{i, i + 1, false, false, true};
  }
  if (!s.be(i)) return std::nullopt;
  int v = i + 1;
  while (s.at(v).tag == Tag::kAdverb || s.is(v, "be")) ++v;
  if (s.any(v, {"assign", "allocate", "attach", "link", "relate", "connect", "tie"}) &&
      s.any(v + 1, {"to", "with"})) {
    return Cue{i, v + 1, s.any(v, {"assign", "allocate"}), false, false};
  }
  if (s.is(v, "associate") && s.is(v + 1, "with")) return Cue{i, v + 1, false, false, true};
  if (s.is(v, "part") && s.is(v + 1, "of")) return Cue{i, v + 1, false, true, true};
  if (s.any(v, {"write", "teach", "lead", "run", "own", "supervise", "give", "hold", "create",
                "submit", "make", "report", "handle", "treat", "coach", "author", "host",
                "organise", "organize"}) &&
      s.at(v).form == VerbForm::kPastParticiple && s.is(v + 1, "by")) {
    return Cue{i, v + 1, false, false, true};
  }
  if (s.any(v, {"store", "locate", "keep", "house"}) && s.any(v + 1, {"in", "at", "on"})) {
    return Cue{i, v + 1, false, false, false};
  }
  return std::nullopt;
}

class RelationReader {
 public:
  explicit RelationReader(Draft& draft) : draft_(draft) {}

  void run() {
    for (int i = 0; i < static_cast<int>(draft_.brief.sentences.size()); ++i) {
      if (outside_sentence(draft_, i)) continue;
      const Scan s(draft_.sentence(i));
      for (int t = 1; t < s.size(); ++t) {
        if (const auto cue = read_cue(s, t)) relate(i, s, *cue);
        if (s.any(t, {"who", "which"}) && s.be(t + 1)) one_of(i, s, t);
        if (s.is(t, "per") && t > 1) kept_per(i, s, t);
        works_in(i, s, t);
        if (s.is(t, "between")) between_two(i, s, t);
      }
    }
  }

 private:
  std::string subject(int index, const Scan& s, int before) {
    Name name;
    int i = before - 1;
    while (i >= 0 && (s.modal(i) || s.at(i).tag == Tag::kAdverb)) --i;
    name = name_before(s, i);
    if (name.empty()) {
      // "Every employee has ... and belongs to": the subject of the sentence.
      for (const auto& part : segments(draft_, index)) {
        if (before < part.first || before > part.last) continue;
        for (const auto& m : draft_.mentions(index)) {
          if (m.first >= part.first && m.last < before && m.kind == Mention::Kind::kEntity) {
            return m.entity;
          }
        }
      }
      for (const auto& m : draft_.mentions(index)) {
        if (m.last < before && m.kind == Mention::Kind::kEntity) return m.entity;
      }
      return {};
    }
    const auto bare = bare_name(s, name);
    if (auto id = resolve(draft_, bare); !id.empty()) return id;
    if (!can_be_entity(draft_, bare) || guess_type(bare, false).known) return {};
    return draft_.add_entity(bare, draft_.stated({index, name.first, name.last}, "entity.related"));
  }

  std::string target(int index, const Scan& s, const Item& item) {
    if (auto id = draft_.entity_named(item.name); !id.empty()) return id;
    const auto name = name_after(s, item.name_first, item.name_last);
    const auto bare = name.empty() ? item.name : bare_name(s, name);
    if (auto id = resolve(draft_, bare); !id.empty()) return id;
    if (!can_be_entity(draft_, bare)) return {};
    const auto id = draft_.add_entity(bare, draft_.stated({index, item.name_first, item.name_last},
                                                          "entity.related"));
    if (is_people(bare)) draft_.note(id).person = true;
    return id;
  }

  void relate(int index, const Scan& s, const Cue& cue) {
    for (int t = cue.first; t <= cue.last; ++t) {
      if (s.at(t).tag == Tag::kNegation || s.is(t, "not")) return;
    }
    const auto from = subject(index, s, cue.first);
    if (from.empty()) return;
    int end = 0;
    const auto items = parse_items(s, cue.last + 1, s.size() - 1, &end);
    for (const auto& item : items) {
      const auto to = target(index, s, item);
      if (to.empty() || to == from) continue;
      const bool person = is_people(draft_.entity(from).name) && !is_people(draft_.entity(to).name);
      const Range range{index, cue.first, item.last};
      const bool exact = item.count_max && *item.count_max == 1;
      if (item.plural && (cue.assign && person)) {
        auto& relation = draft_.relate(to, from, "", draft_.stated(range, "relation.assigned"));
        relation.required = false;
      } else if (item.plural ||
                 s.any(cue.last + 1, {"several", "multiple", "many", "one or more"})) {
        many(from, to, range);
      } else {
        auto& relation = draft_.relate(from, to, "", draft_.stated(range, "relation.belongs"));
        relation.required = cue.belongs || exact;
        relation.owned = cue.part;
        if (cue.part) relation.on_delete = spec::OnDelete::kCascade;
        if (exact) {
          relation.min = relation.max = 1;
          draft_.add_rule("required", range, "required.exactly_one",
                          text::upper_first(a_noun(draft_.entity(from).name)) +
                              " has exactly one " + draft_.entity(to).name + ".",
                          {{"attr", from + "." + draft_.relation_to(from, to)->role}});
        }
      }
      draft_.claim(range);
    }
  }

  void many(const std::string& from, const std::string& to, Range range) {
    if (draft_.relation_to(from, to) != nullptr || draft_.relation_to(to, from) != nullptr) return;
    const auto origin = draft_.stated(range, "relation.many");
    const auto via = draft_.add_entity(draft_.entity(from).name + " " + draft_.entity(to).name,
                                       draft_.implied(range, "relation.many"),
                                       spec::EntityKind::kAssociation);
    draft_.relate(via, from, "", origin).on_delete = spec::OnDelete::kCascade;
    draft_.relate(via, to, "", origin).on_delete = spec::OnDelete::kCascade;
    draft_.entity(via).natural_key = {draft_.relation_to(via, from)->role,
                                      draft_.relation_to(via, to)->role};
  }

  // "a manager, who is one of the employees"
  void one_of(int index, const Scan& s, int who) {
    int i = who + 2;
    if (!s.is(i, "one of") && !(s.is(i, "one") && s.is(i + 1, "of"))) {
      if (s.at(i).tag != Tag::kDeterminer || s.is(i, "the")) return;
    } else {
      i += s.is(i, "one of") ? 1 : 2;
    }
    const auto name = name_after(s, i, s.size() - 1);
    if (name.empty()) return;
    const auto to = resolve(draft_, bare_name(s, name));
    int before = who - 1;
    if (s.is(before, ",")) --before;
    const auto role = name_before(s, before);
    if (to.empty() || role.empty()) return;
    for (const auto& entity : draft_.spec.entities) {
      const auto attribute = draft_.attribute_named(entity.id, role.text);
      if (attribute.empty() || entity.origin.kind != spec::OriginKind::kStated) continue;
      if (entity.id == to) continue;
      const auto from = entity.id;
      const Range range{index, role.first, name.last};
      auto& relation = draft_.relate(from, to, attribute, draft_.stated(range, "relation.one_of"));
      relation.required = draft_.relation_to(to, from) == nullptr;
      draft_.claim(range);
      return;
    }
  }

  // "Stock is kept per warehouse and item", "Vaccinations are recorded per animal".
  void kept_per(int index, const Scan& s, int per) {
    int v = per - 1;
    if (!s.any(v, {"keep", "record", "store", "track", "hold", "enter", "register", "plan",
                   "maintain", "log"})) {
      return;
    }
    int be = v - 1;
    if (!s.be(be)) return;
    const auto name = name_before(s, be - 1);
    if (name.empty()) return;
    const auto bare = bare_name(s, name);
    int end = 0;
    const auto items = parse_items(s, per + 1, s.size() - 1, &end);
    std::vector<std::string> targets;
    for (const auto& item : items) {
      const auto to = draft_.entity_named(item.name);
      if (to.empty()) break;
      targets.push_back(to);
      draft_.claim({index, item.first, item.name_last});
    }
    if (targets.empty()) return;
    const Range range{index, name.first, per};
    const auto from = draft_.add_entity(bare, draft_.stated(range, "entity.per"));
    draft_.claim(range);
    std::vector<std::string> roles;
    for (const auto& to : targets) {
      if (to == from) continue;
      roles.push_back(draft_.relate(from, to, "", draft_.stated(range, "relation.per")).role);
    }
    if (roles.size() < 2 || !draft_.entity(from).attributes.empty()) return;
    draft_.entity(from).natural_key = roles;
    auto& quantity = draft_.add_attribute(from, "quantity", draft_.implied(range, "attr.per"));
    quantity.required = true;
    draft_.add_rule("unique", range, "unique.per",
                    "There is one " + draft_.entity(from).name + " per " +
                        text::join(roles, " and ") + ".",
                    {{"attr", from + ".(" + text::join(roles, ",") + ")"}});
  }

  // "games between two players", "matches between two of them": two references of one kind.
  void between_two(int index, const Scan& s, int t) {
    if (!s.at(t + 1).number || *s.at(t + 1).number != 2) return;
    const auto subject = name_before(s, t - 1);
    const auto from = subject.empty() ? std::string{} : resolve(draft_, bare_name(s, subject));
    std::string to;
    int last = t + 1;
    if (s.is(t + 2, "of") && s.any(t + 3, {"them", "these", "those"})) {
      last = t + 3;
      for (const auto& m : draft_.mentions(index)) {
        if (m.last < subject.first && m.kind == Mention::Kind::kEntity) to = m.entity;
      }
    } else if (const auto name = name_after(s, t + 2, s.size() - 1); name.plural) {
      last = name.last;
      to = resolve(draft_, bare_name(s, name));
    }
    if (from.empty() || to.empty() || from == to) return;
    const Range range{index, t, last};
    const auto name = draft_.entity(to).name;
    const auto origin = draft_.stated(range, "relation.between");
    draft_.relate(from, to, "first " + name, origin);
    draft_.relate(from, to, "second " + name, origin);
    draft_.claim(range);
  }

  // "Employees work in a department."
  void works_in(int index, const Scan& s, int t) {
    if (!s.any(t, {"work", "live", "study", "play", "sit", "serve"}) ||
        s.at(t).tag != Tag::kVerb || !s.any(t + 1, {"in", "for", "at"})) {
      return;
    }
    const auto from = subject(index, s, t);
    const auto name = name_after(s, t + 2, s.size() - 1);
    if (from.empty() || name.empty()) return;
    const auto to = resolve(draft_, bare_name(s, name));
    if (to.empty() || to == from) return;
    const Range range{index, t, name.last};
    draft_.relate(from, to, "", draft_.stated(range, "relation.works")).required = false;
    draft_.claim(range);
  }

  Draft& draft_;
};

}  // namespace

void read_relations(Draft& draft, const Reading&) { RelationReader(draft).run(); }

}  // namespace cadre::offline::analysis
