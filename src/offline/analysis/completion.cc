// What nobody states but every application needs: attributes, operations, inputs.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

using spec::Effect;
using spec::EffectKind;
using spec::OperationKind;
using spec::Type;

bool any_date(const spec::Entity& entity) {
  return std::any_of(entity.attributes.begin(), entity.attributes.end(), [](const auto& a) {
    return a.type == Type::kDate || a.type == Type::kDatetime;
  });
}

std::string past_id(const std::string& verb) {
  return safe_snake(text::replace_all(state_of_verb(verb), " ", "_") + "_on");
}

spec::Attribute& event_date(Draft& draft, const std::string& entity, const std::string& name,
                            bool required) {
  auto& a =
      draft.add_attribute(entity, name, draft.implied(draft.note(entity).where, "attr.event"));
  a.type = Type::kDate;
  a.required = required;
  return a;
}

void complete_event(Draft& draft, const std::string& id) {
  auto& note = draft.note(id);
  if (note.verb.empty() || draft.entity(id).kind != spec::EntityKind::kEvent) return;
  if (note.opened.empty() && !any_date(draft.entity(id))) {
    note.opened = past_id(note.verb);
    event_date(draft, id, note.opened, true);
  }
  const bool comes_back = closing_verb(note.verb) == "return";
  if (note.close_verb.empty() && comes_back && !draft.entity(id).lifecycle) {
    note.close_verb = "return";
  }
  if (draft.entity(id).lifecycle && comes_back == false && note.close_verb.empty()) return;
  if (note.close_verb.empty() || !note.closed.empty()) return;
  note.closed = past_id(note.close_verb);
  event_date(draft, id, note.closed, false);
}

// A time without any date is a moment: "start time" of a tour.
void join_times(spec::Entity& entity) {
  const bool dated = std::any_of(entity.attributes.begin(), entity.attributes.end(),
                                 [](const auto& a) { return a.type == Type::kDate; });
  if (dated) return;
  for (auto& a : entity.attributes) {
    if (a.type == Type::kTime && (a.id.starts_with("start") || a.id.starts_with("end") ||
                                  a.id.starts_with("begin") || a.id.starts_with("finish") ||
                                  a.id.starts_with("departure") || a.id.starts_with("arrival"))) {
      a.type = Type::kDatetime;
    }
  }
}

void assume_fields(Draft& draft, const std::string& id) {
  auto& entity = draft.entity(id);
  if (!entity.attributes.empty() || entity.kind == spec::EntityKind::kAssociation) return;
  if (entity.kind == spec::EntityKind::kEvent && !draft.spec.relations.empty()) return;
  const bool related = std::any_of(draft.spec.relations.begin(), draft.spec.relations.end(),
                                   [&](const auto& r) { return r.from == id; });
  const bool texty = entity.name == "comment" || entity.name == "reply" || entity.name == "note" ||
                     entity.name == "message" || entity.name == "remark";
  std::string field = texty ? "text" : "name";
  const auto& name = entity.name;
  if (!texty && (name == "task" || name == "todo" || name == "issue" || name == "ticket" ||
                 name == "post" || name == "article" || name == "story" || name == "idea")) {
    field = "title";
  }
  (void)related;
  // Money that has a name: how much, and when.
  if (guess_type(name, false).type == Type::kMoney && guess_type(name, false).known) {
    draft.add_attribute(id, "amount", Draft::assumed()).required = true;
    draft.add_attribute(id, "date", Draft::assumed()).required = true;
    const std::string what = draft.entity(id).name;
    draft.assume(text::upper_first(a_noun(what)) + " has an amount and a date.",
                 {id + ".amount", id + ".date"}, "list what is recorded of " + a_noun(what));
    return;
  }
  auto& a = draft.add_attribute(id, field, Draft::assumed());
  a.required = true;
  const std::string owner = draft.entity(id).name;
  draft.assume(text::upper_first(a_noun(owner)) + " has " + a_noun(field) + ".", {id + "." + field},
               "list what is recorded, as in \"Each " + owner + " has a " + field + " and a ...\"");
}

spec::Operation& standard(Draft& draft, OperationKind kind, const std::string& id,
                          std::string_view verb) {
  return draft.add_operation(kind, id, verb, Draft::convention());
}

void standard_operations(Draft& draft, const std::string& id, bool create, bool update,
                         bool remove) {
  if (create) standard(draft, OperationKind::kCreate, id, "create");
  standard(draft, OperationKind::kRead, id, "read");
  if (update) standard(draft, OperationKind::kUpdate, id, "update");
  if (remove) standard(draft, OperationKind::kDelete, id, "delete");
  standard(draft, OperationKind::kList, id, "list");
}

bool wants(const Draft& draft, const std::string& id, VerbClass c) {
  return std::any_of(draft.grants.begin(), draft.grants.end(), [&](const Grant& g) {
    const auto known = verb_class(g.verb);
    return g.entity == id && (known == c || known == VerbClass::kManage);
  });
}

void event_operations(Draft& draft, const std::string& id) {
  auto& note = draft.note(id);
  const auto origin = draft.stated(note.where, "operation.event");
  auto& create = draft.add_operation(OperationKind::kEventCreate, id, note.verb, origin);
  note.create_op = create.id;
  Effect made;
  made.kind = EffectKind::kCreate;
  made.target = id;
  create.effects.push_back(made);
  if (!note.opened.empty()) {
    Effect opened;
    opened.target = id + "." + note.opened;
    opened.value = draft.attribute(id, note.opened)->type == Type::kDatetime ? Expr::call("now")
                                                                             : Expr::call("today");
    create.effects.push_back(opened);
  }
  standard_operations(draft, id, false, wants(draft, id, VerbClass::kUpdate),
                      wants(draft, id, VerbClass::kDelete));
  if (!note.closed.empty()) ensure_closing(draft, id);
}

}  // namespace

void ensure_closing(Draft& draft, const std::string& id) {
  auto& note = draft.note(id);
  if (note.closed.empty()) {
    if (note.close_verb.empty()) {
      note.close_verb = closing_verb(note.verb);
      draft.assume("A " + draft.entity(id).name + " ends by an operation of its own (" +
                       verb_words(note.close_verb) + ").",
                   {id},
                   "say how it ends, as in \"members " + verb_words(note.close_verb) + " ...\"");
    }
    note.closed = past_id(note.close_verb);
    event_date(draft, id, note.closed, false);
  }
  if (!note.close_op.empty()) return;
  auto& close = draft.add_operation(OperationKind::kEventClose, id, note.close_verb,
                                    draft.implied(note.where, "operation.close"));
  note.close_op = close.id;
  spec::Guard guard;
  guard.id = draft.next_convention();
  guard.require = Expr::call("is_null", {self(note.closed)});
  guard.error = "already_" + note.closed.substr(0, note.closed.rfind('_'));
  guard.status = 409;
  guard.origin = Draft::convention();
  close.guards.push_back(guard);
  Effect closed;
  closed.target = id + "." + note.closed;
  closed.value = draft.attribute(id, note.closed)->type == Type::kDatetime ? Expr::call("now")
                                                                           : Expr::call("today");
  close.effects.push_back(closed);
}

void complete_entities(Draft& draft) {
  for (auto& entity : draft.spec.entities) join_times(entity);
  std::vector<std::string> ids;
  for (const auto& entity : draft.spec.entities) ids.push_back(entity.id);
  for (const auto& id : ids) complete_event(draft, id);
  for (const auto& id : ids) assume_fields(draft, id);
}

void complete_operations(Draft& draft) {
  std::vector<std::string> ids;
  for (const auto& entity : draft.spec.entities) ids.push_back(entity.id);
  for (const auto& id : ids) {
    const auto kind = draft.entity(id).kind;
    if (kind == spec::EntityKind::kEvent && !draft.note(id).verb.empty()) {
      event_operations(draft, id);
    } else {
      standard_operations(draft, id, true, kind != spec::EntityKind::kAssociation, true);
    }
  }
  for (auto& operation : draft.spec.operations) {
    if (operation.kind != OperationKind::kTransition) continue;
    const auto& cycle = draft.entity(operation.on).lifecycle;
    if (!cycle || !operation.effects.empty()) continue;
    for (const auto& t : cycle->transitions) {
      if (t.by != operation.id) continue;
      Effect effect;
      effect.target = operation.on + "." + cycle->attribute;
      effect.value = Expr::string(t.to);
      effect.origin = t.origin;
      operation.effects.push_back(effect);
      break;
    }
  }
}

namespace {

// "Loan.due_on", "self.book.copies": is this attribute of the entity written by some operation?
bool written(const Draft& draft, const std::string& entity, const std::string& attribute) {
  for (const auto& operation : draft.spec.operations) {
    for (const auto& effect : operation.effects) {
      if (effect.kind == EffectKind::kCreate || effect.kind == EffectKind::kDelete) continue;
      const auto dot = effect.target.rfind('.');
      if (dot == std::string::npos || effect.target.substr(dot + 1) != attribute) continue;
      std::string owner = operation.on;
      auto path = text::split(effect.target, '.');
      if (path.front() != "self") {
        owner = path.front();
      } else {
        for (std::size_t i = 1; i + 1 < path.size(); ++i) {
          const auto* relation = find_relation(draft.spec, owner, path[i]);
          if (relation != nullptr) owner = relation->to;
        }
      }
      if (owner == entity) return true;
    }
  }
  return false;
}

void fill_inputs(Draft& draft, spec::Operation& operation) {
  const auto& entity = *find_entity(draft.spec, operation.on);
  const bool update = operation.kind == OperationKind::kUpdate;
  for (const auto& a : entity.attributes) {
    if (a.derived || !a.generated.empty()) continue;
    if (entity.lifecycle && entity.lifecycle->attribute == a.id) continue;
    if (written(draft, entity.id, a.id)) continue;
    spec::Input input;
    input.id = a.id;
    input.type = a.type;
    input.required = !update && a.required && !a.default_value;
    operation.inputs.push_back(input);
  }
  for (const auto* relation : relations_of(draft.spec, entity.id)) {
    spec::Input input;
    input.id = relation->role;
    input.type = Type::kInt;
    input.ref = relation->to;
    input.required = !update && relation->required;
    operation.inputs.push_back(input);
  }
}

}  // namespace

// Records that need each other could never be made. The lasting one of the two (the patient, not
// the appointment) does without its reference.
void break_reference_cycles(Draft& draft) {
  while (true) {
    std::set<std::string> makeable;
    for (std::size_t before = std::string::npos; before != makeable.size();) {
      before = makeable.size();
      for (const auto& entity : draft.spec.entities) {
        const bool waits = std::any_of(
            draft.spec.relations.begin(), draft.spec.relations.end(), [&](const auto& relation) {
              return relation.from == entity.id && relation.required &&
                     relation.cardinality != spec::Cardinality::kManyToMany &&
                     !makeable.contains(relation.to);
            });
        if (!waits) makeable.insert(entity.id);
      }
    }
    spec::Relation* weakest = nullptr;
    for (auto& relation : draft.spec.relations) {
      if (!relation.required || makeable.contains(relation.from) ||
          makeable.contains(relation.to)) {
        continue;
      }
      const auto* from = spec::find_entity(draft.spec, relation.from);
      const bool lasting = from != nullptr && from->kind == spec::EntityKind::kMaster;
      if (weakest == nullptr || lasting) weakest = &relation;
      if (lasting) break;
    }
    if (weakest == nullptr) return;
    weakest->required = false;
  }
}

void complete_inputs(Draft& draft) {
  // A written attribute that starts empty needs a first value.
  for (auto& entity : draft.spec.entities) {
    const auto* creator = draft.creator_of(entity.id);
    for (auto& a : entity.attributes) {
      if (!a.required || a.default_value || a.derived || !written(draft, entity.id, a.id)) continue;
      const bool at_creation =
          creator != nullptr &&
          std::any_of(creator->effects.begin(), creator->effects.end(),
                      [&](const auto& e) { return e.target == entity.id + "." + a.id; });
      if (at_creation) continue;
      if (a.type == Type::kInt)
        a.default_value = Expr::of(0);
      else if (a.type == Type::kMoney || a.type == Type::kDecimal) {
        a.default_value = Expr::decimal(a.type == Type::kMoney ? "0.00" : "0.000");
      } else if (a.type == Type::kEnum && !a.values.empty()) {
        a.default_value = Expr::string(a.values.front());
      } else {
        a.required = false;
      }
    }
  }
  std::vector<std::string> empty;
  for (auto& operation : draft.spec.operations) {
    const bool fills = operation.kind == OperationKind::kCreate ||
                       operation.kind == OperationKind::kUpdate ||
                       operation.kind == OperationKind::kEventCreate;
    if (!fills || !operation.inputs.empty()) continue;
    if (operation.kind == OperationKind::kUpdate && !is_standard(operation)) continue;
    fill_inputs(draft, operation);
    if (operation.kind == OperationKind::kUpdate && operation.inputs.empty()) {
      empty.push_back(operation.id);
    }
  }
  std::erase_if(draft.spec.operations, [&](const auto& o) {
    return std::find(empty.begin(), empty.end(), o.id) != empty.end();
  });
}

}  // namespace cadre::offline::analysis
