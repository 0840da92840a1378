// States of a record and the moves between them.
#include <algorithm>

#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/stated_states.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

using spec::Origin;

std::vector<std::string> clean_states(std::vector<std::string> values) {
  for (auto& value : values) {
    for (const std::string_view lead : {"be ", "is ", "as ", "either ", "then ", "to "}) {
      if (value.starts_with(lead)) value = value.substr(lead.size());
    }
  }
  return values;
}

class LifecycleReader {
 public:
  LifecycleReader(Draft& draft, const Reading& reading) : draft_(draft), reading_(reading) {}

  void run() {
    const int count = static_cast<int>(draft_.brief.sentences.size());
    for (int i = 0; i < count; ++i) {
      if (!outside_sentence(draft_, i)) states(i);
    }
    for (int i = 0; i < count; ++i) {
      if (outside_sentence(draft_, i)) continue;
      for (const auto& part : segments(draft_, i)) moves(part);
    }
    becoming(true);
    verbs();
    becoming(false);
    for (const auto& entity : draft_.spec.entities) finish(entity.id);
    for (const auto& entity : draft_.spec.entities) {
      const auto* status = draft_.attribute(entity.id, "status");
      if (entity.lifecycle || status == nullptr || status->values.size() < 2) continue;
      draft_.ask("Which moves between the states of " + a_noun(entity.name) + " are allowed?",
                 sentence_of(status->origin), {"any", "only in the order listed"},
                 "any: the status is a field that can be changed freely", "medium");
    }
  }

 private:
  int sentence_of(const Origin& origin) const {
    for (std::size_t i = 0; i < draft_.brief.sentences.size(); ++i) {
      if (!origin.sentences.empty() && draft_.brief.sentences[i].id == origin.sentences.front()) {
        return static_cast<int>(i);
      }
    }
    return 0;
  }

  std::string subject_entity(const Scan& s, int index, int before, int from) {
    std::string found;
    for (const auto& m : draft_.mentions(index)) {
      if (m.first < from || m.last >= before) continue;
      if (m.kind == Mention::Kind::kEntity) found = m.entity;
      if (m.kind == Mention::Kind::kAttribute) found = m.entity;
    }
    if (!found.empty()) return found;
    for (int i = from; i < before; ++i) {
      if (s.any(i, {"it", "they"})) return previous_entity(index, i);
    }
    return {};
  }

  std::string previous_entity(int index, int before) {
    std::string found;
    for (const auto& m : draft_.mentions(index)) {
      if (m.last < before && m.kind == Mention::Kind::kEntity) found = m.entity;
    }
    const auto thing = [&](const std::string& id) {
      return draft_.entity(id).kind != spec::EntityKind::kAssociation &&
             !is_people(draft_.entity(id).name);
    };
    for (int i = index - 1; found.empty() && i >= 0 && i >= index - 2; --i) {
      for (const auto& m : draft_.mentions(i)) {
        if (m.kind == Mention::Kind::kEntity && thing(m.entity)) return m.entity;
      }
    }
    return found.empty() ? draft_.main_entity : found;
  }

  void make(const std::string& entity, std::vector<std::string> values, Range range,
            const std::string& attribute, bool moves) {
    values = clean_states(std::move(values));
    if (values.size() < 2 || entity.empty()) return;
    const auto origin = draft_.stated(range, "enum.states");
    auto& a = draft_.add_attribute(entity, attribute, origin);
    a.type = spec::Type::kEnum;
    a.values = values;
    a.required = true;
    a.min.reset();
    const auto& name = draft_.entity(entity).name;
    draft_.add_rule("enum", range, "enum.states",
                    "The " + attribute + " of " + a_noun(name) + " is one of " +
                        text::join(values, ", ") + ".",
                    {{"attr", entity + "." + attribute}, {"values", json::to_array(values)}})
        .enforced_in = {"schema", "api"};
    if (moves) {
      spec::Lifecycle cycle;
      cycle.attribute = attribute;
      cycle.states = values;
      cycle.initial = values.front();
      draft_.entity(entity).lifecycle = cycle;
    }
  }

  // "Status is one of a, b and c", "Status: a, b, c", "a task can be a, b or c", "has the states".
  void states(int index) {
    const Scan s(draft_.sentence(index));
    for (int i = 0; i < s.size(); ++i) {
      const bool status = s.any(i, {"status", "state", "stage", "phase"});
      if (status && states_after(s, index, i)) return;
      if (is_choice_noun(s.at(i).lemma) && !status && choice_after(s, index, i)) return;
      if (s.be(i) && entity_is(s, index, i)) return;
    }
  }

  int list_end(const Scan& s, int first) {
    int end = first;
    int depth = 0;
    while (end < s.size()) {
      if (s.is(end, "(")) ++depth;
      if (s.is(end, ")") && --depth < 0) break;
      if (s.any(end, {";", ".", "which", "that", "who", "if", "when", "unless"})) break;
      if (end > first && s.finite_verb(end) && !s.any(end, {"open", "close"}) &&
          s.any(end - 1, {"and", "it", "they"})) {
        break;
      }
      ++end;
    }
    return end - 1;
  }

  bool states_after(const Scan& s, int index, int i) {
    int next = i + 1;
    while (s.any(next, {"of", "be", "can", "may", "must", "one", ":", "either", "are", "follow",
                        "the", "a", "an", "following", "value", "=", "is", "one of"})) {
      // "status of the order is": skip to the copula.
      if (s.is(next, "of") && !s.is(next - 1, "one")) {
        const auto name = name_after(s, next + 1, s.size() - 1);
        if (name.empty()) return false;
        next = name.last + 1;
      } else {
        ++next;
      }
    }
    if (next == i + 1 && !s.at(i).plural) return false;
    const int last = list_end(s, next);
    const auto values = parse_values(s, next, last);
    if (values.size() < 2) return false;
    for (const auto& value : values) {
      if (std::count(value.begin(), value.end(), ' ') > 3) return false;
    }
    auto entity = subject_entity(s, index, i, 0);
    if (entity.empty()) {
      for (const auto& m : draft_.mentions(index)) {
        if (m.kind == Mention::Kind::kEntity && m.first > i && m.last < next) entity = m.entity;
      }
    }
    if (entity.empty()) entity = previous_entity(index, i);
    if (entity.empty() || draft_.note(entity).person) return false;
    make(entity, values, {index, i, last}, "status", false);
    return true;
  }

  bool choice_after(const Scan& s, int index, int i) {
    if (!s.be(i + 1) && !s.is(i + 1, ":") && !s.modal(i + 1)) return false;
    int next = i + 1;
    while (s.any(next, {"be", "can", "may", "must", "one", "of", ":", "either", "one of",
                        "should", "shall"})) {
      ++next;
    }
    const int last = list_end(s, next);
    const auto values = parse_values(s, next, last);
    if (values.size() < 2 || s.at(next).tag == Tag::kComparator || s.at(next).number) return false;
    for (const auto& value : values) {
      if (std::count(value.begin(), value.end(), ' ') > 1) return false;
    }
    auto entity = subject_entity(s, index, i + 1, 0);
    if (entity.empty()) entity = previous_entity(index, i);
    if (entity.empty()) return false;
    const auto attribute = s.at(i).lemma;
    make(entity, values, {index, i, last}, attribute, false);
    return true;
  }

  // "An appointment is planned, arrived, finished or cancelled."
  bool entity_is(const Scan& s, int index, int i) {
    int next = i + 1;
    if (s.any(next, {"either", "one of"})) ++next;
    const int last = list_end(s, next);
    const auto values = parse_values(s, next, last);
    if (values.size() < 3 || s.find(next, last, "order") >= 0) return false;
    const auto name = name_before(s, s.modal(i - 1) ? i - 2 : i - 1);
    if (name.empty()) return false;
    const auto entity = draft_.entity_named(bare_name(s, name));
    if (entity.empty() || draft_.attribute(entity, "status") != nullptr) return false;
    for (const auto& value : values) {
      const auto space = value.find(' ');
      const auto first = value.substr(0, space);
      if (std::count(value.begin(), value.end(), ' ') > 2 || draft_.entity_named(value) != "" ||
          s.find(next, last, "by") >= 0 ||
          (guess_type(first, false).known && guess_type(first, false).type != spec::Type::kBool)) {
        return false;
      }
    }
    make(entity, values, {index, name.first, last}, "status", false);
    return true;
  }

  void set_initial(const std::string& entity, const std::string& state, Range range) {
    if (entity.empty()) return;
    const auto origin = draft_.stated(range, "transitions.initial");
    auto& cycle = lifecycle_with(draft_, entity, state, origin);
    cycle.initial = known_state(cycle, state);
    draft_.claim(range);
  }

  // "go from todo to doing to done", "start as draft and can be confirmed, shipped and delivered
  // in that order", "is pending until a manager approves or rejects it".
  void moves(Range part) {
    const Scan s(draft_.sentence(part.sentence));
    if (from_to(s, part) || arrows(s, part)) return;
    starts_as(s, part);
    if (in_order(s, part)) return;
    until(s, part);
  }

  bool from_to(const Scan& s, Range part) {
    for (int i = part.first; i < part.last; ++i) {
      if (!s.any(i, {"go", "move", "pass", "change", "progress", "run", "switch", "transition"})) {
        continue;
      }
      const int from = s.find(i + 1, std::min(part.last, i + 4), "from");
      if (from < 0) continue;
      const auto entity = subject_entity(s, part.sentence, i, 0);
      if (entity.empty()) return false;
      if (s.at(from + 1).number) return false;
      std::vector<std::string> chain;
      std::string state;
      int last = from + 1;
      for (int t = from + 1; t <= part.last; ++t) {
        if (s.any(t, {"to", "then", "->", ",", "and", "finally", "via", "over"})) {
          if (!state.empty()) chain.push_back(state);
          state.clear();
          continue;
        }
        if (s.punctuation(t) || s.finite_verb(t)) break;
        if (s.at(t).tag == Tag::kDeterminer) continue;
        if (!state.empty()) state += ' ';
        state += s.at(t).lower;
        last = t;
      }
      if (!state.empty()) chain.push_back(state);
      if (chain.size() < 2) return false;
      chain_moves(entity, chain, {part.sentence, part.first, last});
      return true;
    }
    return false;
  }

  // The record whose chain of states stands right before this one and has the state.
  std::string going_on(int sentence, const std::string& state) {
    if (arrows_of_.second.empty() || sentence > arrows_of_.first + 1) return {};
    const auto& cycle = draft_.entity(arrows_of_.second).lifecycle;
    const bool known = cycle && std::any_of(cycle->states.begin(), cycle->states.end(),
                                            [&](const auto& s) { return same_state(s, state); });
    return known ? arrows_of_.second : std::string{};
  }

  // "Status goes stored -> claimed -> handed over."
  bool arrows(const Scan& s, Range part) {
    const auto arrow = [&](int i) { return s.any(i, {"->", "→", "=>"}); };
    int at = part.first;
    while (at <= part.last && !arrow(at)) ++at;
    if (at > part.last || at == part.first || draft_.claimed(part.sentence, at - 1)) return false;
    int first = at - 1;
    while (first - 1 >= part.first && !s.punctuation(first - 1) &&
           s.at(first - 1).form == VerbForm::kPastParticiple) {
      --first;
    }
    std::vector<std::string> chain{s.lowers(first, at - 1)};
    int last = at;
    for (int i = at; i <= part.last && arrow(i); i = last + 1) {
      last = i;
      while (last + 1 <= part.last && !arrow(last + 1) && !s.any(last + 1, {",", ".", ";", "("})) {
        ++last;
      }
      if (last == i || last > i + 3) return false;
      chain.push_back(s.lowers(i + 1, last));
    }
    auto entity = going_on(part.sentence, chain.front());
    if (entity.empty()) entity = subject_entity(s, part.sentence, first, 0);
    if (entity.empty()) entity = previous_entity(part.sentence, first);
    if (entity.empty()) return false;
    arrows_of_ = {part.sentence, entity};
    int from = first;
    while (from > part.first && (s.any(from - 1, {"go", "move", "be", "status", "state", ":"}))) {
      --from;
    }
    chain_moves(entity, chain, {part.sentence, from, last});
    return true;
  }

  void chain_moves(const std::string& entity, const std::vector<std::string>& chain, Range range) {
    const auto origin = draft_.stated(range, "transitions.chain");
    JsonArray edges;
    // A second chain may begin in the middle of the first.
    const auto& before = draft_.entity(entity).lifecycle;
    const bool goes_on = before && !before->transitions.empty() &&
                         std::any_of(before->states.begin(), before->states.end(),
                                     [&](const auto& s) { return same_state(s, chain.front()); });
    const std::string initial = goes_on ? before->initial : std::string{};
    for (std::size_t i = 0; i < chain.size(); ++i) {
      lifecycle_with(draft_, entity, chain[i], origin);
      if (i == 0) continue;
      add_transition(draft_, entity, chain[i - 1], chain[i], "", origin);
      edges.emplace_back(chain[i - 1] + ">" + chain[i]);
    }
    auto& cycle = *draft_.entity(entity).lifecycle;
    if (draft_.notes[entity].where.last == 0 || cycle.initial.empty()) {
      cycle.initial = known_state(cycle, chain.front());
    }
    cycle.initial = goes_on ? initial : known_state(cycle, chain.front());
    draft_.add_rule(
        "transitions", range, "transitions.chain",
        text::upper_first(a_noun(draft_.entity(entity).name)) + " goes from " +
            text::join(chain, " to ") + ".",
        {{"attr", entity + "." + cycle.attribute}, {"initial", cycle.initial}, {"edges", edges}});
  }

  void starts_as(const Scan& s, Range part) {
    for (int i = part.first; i < part.last; ++i) {
      int next = -1;
      if (s.any(i, {"start", "begin"}) && s.any(i + 1, {"as", "in", "out"})) next = i + 2;
      if (s.is(i, "be") && s.any(i + 1, {"initially", "first"})) next = i + 2;
      if (s.is(i, "new") && s.noun(i + 1) && s.be(i + 2)) next = i + 3;
      if (next < 0) continue;
      while (s.at(next).tag == Tag::kDeterminer || s.any(next, {"as", "state", "status"})) ++next;
      if (s.at(next).number || next > part.last) continue;
      const auto entity = s.is(i, "new") ? resolve(draft_, s.at(i + 1).lemma)
                                         : subject_entity(s, part.sentence, i, 0);
      if (entity.empty()) continue;
      set_initial(entity, s.at(next).lower, {part.sentence, part.first, next});
      return;
    }
  }

  bool in_order(const Scan& s, Range part) {
    const int order = s.find_any(part.first, part.last,
                                 {"in that order", "in this order", "one after another", "and then",
                                  "in sequence"});
    if (order < 0) return false;
    int be = -1;
    for (int i = part.first; i < order; ++i) {
      if (s.be(i) && s.at(i + 1).tag == Tag::kVerb) be = i;
    }
    if (be < 0) return false;
    const auto values = parse_values(s, be + 1, s.is(order, "in") ? order - 1 : part.last);
    auto entity = subject_entity(s, part.sentence, be, 0);
    if (entity.empty() || values.empty()) return false;
    const auto& known = draft_.entity(entity).lifecycle;
    std::vector<std::string> chain;
    if (known && !known->initial.empty()) chain.push_back(known->initial);
    for (const auto& value : values) {
      const auto clean = value.starts_with("then ") ? value.substr(5) : value;
      if (chain.empty() || !same_state(chain.back(), clean)) chain.push_back(clean);
    }
    if (chain.size() < 2) return false;
    chain_moves(entity, chain, {part.sentence, part.first, part.last});
    ordered_.insert({part.sentence, part.first});
    return true;
  }

  // "A claim is pending until a manager approves or rejects it."
  void until(const Scan& s, Range part) {
    const int word = s.find(part.first, part.last, "until");
    if (word < 0) return;
    int be = -1;
    for (int i = part.first; i < word; ++i) {
      if (s.be(i)) be = i;
    }
    if (be < 0 || word != be + 2 || s.is(be + 1, "not")) return;
    const auto entity = subject_entity(s, part.sentence, be, 0);
    if (entity.empty()) return;
    const auto initial = s.at(be + 1).lower;
    std::vector<std::string> edges;
    for (const auto& action : reading_.actions[static_cast<std::size_t>(part.sentence)]) {
      if (action.verb_first < word || action.verb_last > part.last) continue;
      if (verb_class(action.verb) != VerbClass::kTransition) continue;
      const auto state = state_of_verb(action.verb);
      if (state.empty()) continue;
      const auto origin = draft_.stated(part, "transitions.until");
      lifecycle_with(draft_, entity, initial, origin).initial = initial;
      lifecycle_with(draft_, entity, state, origin);
      add_transition(draft_, entity, initial, state, action.verb, origin);
      edges.push_back(initial + ">" + state);
      for (const auto& subject : action.subjects) {
        if (subject.name.empty() || !is_people(bare_name(s, subject.name))) continue;
        Grant grant;
        grant.actor = draft_.add_actor(bare_name(s, subject.name), origin);
        grant.verb = action.verb;
        grant.entity = entity;
        grant.only = true;
        grant.origin = origin;
        auto& rule = draft_.add_rule(
            "permission", part, "permission.until",
            "A " + text::replace_all(grant.actor, "_", " ") + " can " + verb_words(action.verb) +
                " " + draft_.entity(entity).plural + ".",
            {{"actor", grant.actor}, {"op", action.verb}, {"on", entity}, {"only", true}});
        grant.rule = rule.id;
        draft_.grants.push_back(grant);
      }
    }
    if (edges.empty()) return;
    draft_.add_rule(
        "transitions", part, "transitions.until",
        text::upper_first(a_noun(draft_.entity(entity).name)) + " is " + initial + " at first.",
        {{"attr", entity + ".status"}, {"initial", initial}, {"edges", json::to_array(edges)}});
  }

  // First the moves whose first state is named: what is said of a role alone must not hide it.
  void becoming(bool named) {
    for (int i = 0; i < static_cast<int>(draft_.brief.sentences.size()); ++i) {
      if (outside_sentence(draft_, i)) continue;
      for (const auto& part : segments(draft_, i)) {
        const Scan s(draft_.sentence(i));
        named ? named_becomes(s, part) : becomes(s, part);
      }
    }
  }

  std::vector<std::string> known_states(const std::string& entity) {
    if (const auto& cycle = draft_.entity(entity).lifecycle) return cycle->states;
    const auto* status = draft_.attribute(entity, "status");
    return status == nullptr ? std::vector<std::string>() : status->values;
  }

  // The record that moves: "shipments" also in "shipments that are in transit can be delivered".
  Name moved_object(const Scan& s, Range part, const Action& action, std::string* entity) {
    for (auto object = action.objects.rbegin(); object != action.objects.rend(); ++object) {
      if (object->name.empty()) continue;
      *entity = resolve(draft_, bare_name(s, object->name));
      if (!entity->empty()) return object->name;
    }
    for (const auto& m : draft_.mentions(part.sentence)) {
      if (!action.passive || m.first < part.first || m.last >= action.verb_first) continue;
      if (m.kind != Mention::Kind::kEntity) continue;
      *entity = m.entity;
      return {m.first, m.last, draft_.entity(m.entity).name, false};
    }
    return {};
  }

  // "Open tickets can be closed", "jobs in progress can be finished", "drivers deliver shipments
  // in transit".
  void named_becomes(const Scan& s, Range part) {
    if (ordered_.contains({part.sentence, part.first})) return;
    for (const auto& action : reading_.actions[static_cast<std::size_t>(part.sentence)]) {
      if (action.verb_first < part.first || action.verb_last > part.last) continue;
      if (action.dependent || action.negated || action.objects.empty()) continue;
      if (action.modal == "must" || (action.passive && action.modal.empty())) continue;
      std::string entity;
      const auto object = moved_object(s, part, action, &entity);
      if (entity.empty()) continue;
      const auto known = known_states(entity);
      const bool starts = action.verb == "start" || action.verb == "begin";
      if (verb_class(action.verb) != VerbClass::kTransition &&
          (!starts || state_reached(known, action.verb).empty())) {
        continue;
      }
      const auto& name = draft_.entity(entity).name;
      auto from = stated_states(s, action, object, part.last, name, known);
      // One more state where the others were named in this way, too.
      if (from.strange && unlisted_.contains(entity)) {
        from = stated_states(s, action, object, part.last, name, {});
      }
      if (from.states.empty() && !from.strange) continue;
      if (action.verb == "reopen" && !from.strange) continue;  // becomes() knows where to
      named_.insert({part.sentence, action.verb_first});
      if (!from.strange) move_from(part, action, entity, from.states);
    }
  }

  void move_from(Range part, const Action& action, const std::string& entity,
                 const std::vector<std::string>& from) {
    const auto origin = draft_.stated(part, "transitions.initial");
    if (known_states(entity).empty()) unlisted_.insert(entity);
    for (const auto& state : from) lifecycle_with(draft_, entity, state, origin);
    auto to = state_reached(draft_.entity(entity).lifecycle->states, action.verb);
    if (to.empty()) to = state_of_verb(action.verb);
    auto& cycle = lifecycle_with(draft_, entity, to, origin);
    to = known_state(cycle, to);
    JsonArray edges;
    for (const auto& state : from) {
      if (same_state(state, to)) continue;
      add_transition(draft_, entity, state, to, action.verb, origin);
      edges.emplace_back(state + ">" + to);
    }
    if (edges.empty()) return;
    draft_.add_rule("transitions", {part.sentence, action.first, part.last}, "transitions.verb",
                    text::upper_first(a_noun(draft_.entity(entity).name)) + " can be " + to +
                        " when it is " + text::join(from, " or ") + ".",
                    {{"attr", entity + ".status"}, {"edges", edges}});
  }

  // "A done task can be reopened", "can be cancelled unless shipped", "while it is pending".
  void becomes(const Scan& s, Range part) {
    if (ordered_.contains({part.sentence, part.first})) return;
    for (const auto& action : reading_.actions[static_cast<std::size_t>(part.sentence)]) {
      if (action.verb_first < part.first || action.verb_last > part.last) continue;
      if (named_.contains({part.sentence, action.verb_first})) continue;
      if (!action.passive || action.dependent || action.objects.empty()) continue;
      if (action.modal.empty() || action.modal == "must") continue;
      if (verb_class(action.verb) != VerbClass::kTransition) continue;
      if (s.find_any(action.verb_last, part.last, {"automatically", "after", "within"}) >= 0) {
        continue;
      }
      const auto& object = action.objects.front();
      std::string entity;
      if (!object.name.empty()) entity = resolve(draft_, bare_name(s, object.name));
      if (entity.empty()) entity = subject_entity(s, part.sentence, action.verb_first, 0);
      if (entity.empty()) continue;
      becomes_one(s, part, action, entity);
    }
  }

  void becomes_one(const Scan& s, Range part, const Action& action, const std::string& entity) {
    auto& model = draft_.entity(entity);
    if (!model.lifecycle && model.kind == spec::EntityKind::kEvent &&
        draft_.note(entity).close_verb == action.verb) {
      return;
    }
    const auto origin = draft_.stated(part, "transitions.verb");
    const bool reopen = action.verb == "reopen";
    std::vector<std::string> from;
    // The state in front of the noun: "a done task".
    if (!action.objects.front().name.empty() && model.lifecycle) {
      for (int i = action.objects.front().first; i < action.objects.front().name.last; ++i) {
        const auto state = known_state(*model.lifecycle, s.at(i).lower);
        if (!state.empty()) from.push_back(state);
      }
    }
    int unless = s.find_any(action.verb_last, part.last, {"unless", "until"});
    if (unless >= 0 && s.at(unless + 1).number) unless = -1;  // "until 2 days before"
    const int only = s.find_any(action.verb_last, part.last, {"while", "if", "when"});
    std::vector<std::string> listed;
    if (model.lifecycle) {
      const int mark = unless >= 0 ? unless : only;
      for (int i = mark < 0 ? part.last + 1 : mark; i <= part.last; ++i) {
        for (int w = 3; w >= 1; --w) {
          const auto state = known_state(*model.lifecycle, s.lowers(i, i + w - 1));
          if (state.empty() || i + w - 1 > part.last) continue;
          listed.push_back(state);
          break;
        }
      }
    }
    if (action.negated && model.lifecycle) {
      // "a reservation that is checked in cannot be cancelled"
      for (int i = part.first; i < action.verb_first; ++i) {
        for (int w = 3; w >= 1; --w) {
          const auto state = known_state(*model.lifecycle, s.lowers(i, i + w - 1));
          if (!state.empty()) listed.push_back(state);
        }
      }
      if (listed.empty()) return;
      from.clear();
    }
    if (action.negated && listed.empty()) return;
    if ((unless >= 0 || only >= 0) && listed.empty()) return;
    std::string to = reopen ? std::string{} : state_of_verb(action.verb);
    if (reopen) to = model.lifecycle ? model.lifecycle->initial : "open";
    auto& cycle = lifecycle_with(draft_, entity, to, origin);
    to = known_state(cycle, to);
    if (from.empty()) from = sources(cycle, to, listed, unless >= 0 || action.negated,
                                   only >= 0 && !action.negated, reopen);
    const auto states = cycle.states;
    JsonArray edges;
    for (const auto& state : from) {
      if (state == to) continue;
      add_transition(draft_, entity, state, to, action.verb, origin);
      edges.emplace_back(state + ">" + to);
    }
    if (edges.empty()) return;
    draft_.add_rule("transitions", {part.sentence, action.first, part.last}, "transitions.verb",
                    text::upper_first(a_noun(model.name)) + " can be " + to + " when it is " +
                        text::join(from, " or ") + ".",
                    {{"attr", entity + ".status"}, {"edges", edges}});
    if (reopen && states.size() > 2) {
      draft_.ask("To which state does a reopened " + model.name + " go?", part.sentence,
                 {states.begin(), states.begin() + 2}, to, "low");
    }
  }

  // From which states a move is possible when only "unless shipped" or nothing is said.
  static std::vector<std::string> sources(const spec::Lifecycle& cycle, const std::string& to,
                                          const std::vector<std::string>& listed, bool unless,
                                          bool only, bool reopen) {
    if (only) return listed;
    std::vector<std::string> from;
    const auto position = [&](const std::string& state) {
      return std::find(cycle.states.begin(), cycle.states.end(), state) - cycle.states.begin();
    };
    for (const auto& state : cycle.states) {
      if (state == to) continue;
      if (unless) {
        // Also not what comes after it.
        const bool barred = std::any_of(listed.begin(), listed.end(), [&](const auto& l) {
          return position(state) >= position(l);
        });
        if (!barred) from.push_back(state);
      } else if (reopen) {
        const bool ends = std::none_of(cycle.transitions.begin(), cycle.transitions.end(),
                                       [&](const auto& t) { return t.from == state; });
        if (ends && state != cycle.initial) from.push_back(state);
      } else {
        const bool ends = std::none_of(cycle.transitions.begin(), cycle.transitions.end(),
                                       [&](const auto& t) { return t.from == state; });
        if (!ends || state == cycle.initial) from.push_back(state);
      }
    }
    return from;
  }

  // "Managers approve requests": a move, also where no states are listed.
  void verbs() {
    const auto moves = draft_.moves;
    for (const auto& move : moves) {
      auto& model = draft_.entity(move.entity);
      const auto state = state_of_verb(move.verb);
      if (state.empty() || draft_.operation_on(move.entity, move.verb) != nullptr) continue;
      const auto first = state_of_verb(draft_.note(move.entity).verb);
      auto& cycle = model.lifecycle
                        ? *model.lifecycle
                        : lifecycle_with(draft_, move.entity, first, draft_.stated(
                              draft_.note(move.entity).where, "transitions.initial"));
      // Each follows the one that was named before it.
      std::string from = cycle.initial;
      for (const auto& t : cycle.transitions) {
        if (t.from == from) from = t.to;
      }
      lifecycle_with(draft_, move.entity, state, move.origin);
      add_transition(draft_, move.entity, from, state, move.verb, move.origin);
    }
    const auto grants = draft_.grants;
    for (const auto& grant : grants) {
      if (verb_class(grant.verb) != VerbClass::kTransition || grant.entity.empty()) continue;
      transition_by(grant.entity, grant.verb, grant.origin);
    }
  }

  void transition_by(const std::string& entity, const std::string& verb, const Origin& origin) {
    auto& model = draft_.entity(entity);
    const auto& note = draft_.note(entity);
    if (note.close_verb == verb || note.verb == verb || verb == "mark") return;
    if (draft_.operation_on(entity, verb) != nullptr) return;
    const auto state = state_of_verb(verb);
    if (state.empty() || is_people(model.name)) return;
    const bool listed = draft_.attribute(entity, "status") != nullptr;
    if (!model.lifecycle && listed) {
      const auto& values = draft_.attribute(entity, "status")->values;
      const bool known = std::any_of(values.begin(), values.end(),
                                     [&](const auto& v) { return same_state(v, state); });
      if (!known) return;
    }
    if (verb == "reopen") {
      if (!model.lifecycle && !listed) return;
      const auto first = model.lifecycle ? model.lifecycle->initial
                                         : draft_.attribute(entity, "status")->values.front();
      auto& known = lifecycle_with(draft_, entity, first, origin);
      const auto ends = known.states;
      for (const auto& end : ends) {
        const bool closed = end == "closed" || end == "resolved" || end == "done" ||
                            end == "completed" || end == "finished";
        if (closed) add_transition(draft_, entity, end, first, verb, origin);
      }
      return;
    }
    auto& cycle = lifecycle_with(draft_, entity, state, origin);
    const auto to = known_state(cycle, state);
    const auto position = std::find(cycle.states.begin(), cycle.states.end(), to) -
                          cycle.states.begin();
    std::string from = cycle.initial;
    if (listed && position > 0 && cycle.transitions.empty()) from = cycle.initial;
    if (from == to) return;
    add_transition(draft_, entity, from, to, verb, origin);
  }

  // Every state must be reachable; what nobody states is assumed and asked.
  void finish(const std::string& id) {
    auto& entity = draft_.entity(id);
    if (!entity.lifecycle) return;
    auto& cycle = *entity.lifecycle;
    if (cycle.initial.empty()) cycle.initial = cycle.states.front();
    if (unlisted_.contains(id)) {
      // Named one by one, in no order: it begins where no move leads to.
      const auto begins = std::ranges::find_if(cycle.states, [&](const auto& state) {
        return std::ranges::find(cycle.transitions, state, &spec::Transition::to) ==
               cycle.transitions.end();
      });
      if (begins != cycle.states.end()) cycle.initial = *begins;
    }
    bool assumed = false;
    for (std::size_t i = 0; i < cycle.states.size(); ++i) {
      const auto state = cycle.states[i];
      if (state == cycle.initial) continue;
      const bool reached = std::any_of(cycle.transitions.begin(), cycle.transitions.end(),
                                       [&](const auto& t) { return t.to == state; });
      if (reached) continue;
      const auto from = i == 0 ? cycle.initial : cycle.states[i - 1];
      add_transition(draft_, id, from, state, "", Draft::assumed());
      assumed = true;
    }
    if (assumed) {
      draft_.assume("A " + entity.name + " moves through its states in the order in which they "
                    "are listed.", {id}, "say which moves are allowed, as in \"goes from " +
                    cycle.states.front() + " to " + cycle.states.back() + "\"");
    }
    auto* attribute = draft_.attribute(id, cycle.attribute);
    attribute->values = cycle.states;
    attribute->default_value = Expr::string(cycle.initial);
    cycle.final_states.clear();
    for (const auto& state : cycle.states) {
      const bool leaves = std::any_of(cycle.transitions.begin(), cycle.transitions.end(),
                                      [&](const auto& t) { return t.from == state && t.by.find(
                                          "reopen") == std::string::npos; });
      if (!leaves) cycle.final_states.push_back(state);
    }
  }

  Draft& draft_;
  const Reading& reading_;
  std::pair<int, std::string> arrows_of_;  // the last chain of arrows: sentence, entity
  std::set<std::pair<int, int>> ordered_;  // segments that gave a chain
  std::set<std::pair<int, int>> named_;    // sentence and verb of moves with their first state
  std::set<std::string> unlisted_;         // entities whose states only such moves name
};

}  // namespace

void read_lifecycles(Draft& draft, const Reading& reading) {
  LifecycleReader(draft, reading).run();
}

}  // namespace cadre::offline::analysis
