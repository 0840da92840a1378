// The permission list: exhaustive once the brief names any actor.
#include <algorithm>

#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

using spec::OperationKind;

bool reads(OperationKind kind) {
  return kind == OperationKind::kRead || kind == OperationKind::kList;
}

// Does a grant's verb speak of this operation?
bool covers(const Draft& draft, const Grant& grant, const spec::Operation& operation) {
  if (!grant.entity.empty() && grant.entity != operation.on) {
    // "borrow books" is an operation on loans.
    const auto it = draft.notes.find(operation.on);
    if (it == draft.notes.end()) return false;
    const bool event = grant.verb == it->second.verb || grant.verb == it->second.close_verb;
    if (!event) return false;
    const auto* relation = find_relation(draft.spec, operation.on, it->second.object_role);
    if (relation == nullptr || relation->to != grant.entity) return false;
  }
  if (grant.verb == operation.verb) return true;
  if (grant.verb == "change_anything") return !reads(operation.kind);
  const bool event = operation.kind == OperationKind::kEventCreate;
  switch (verb_class(grant.verb)) {
    case VerbClass::kManage:
      return true;
    case VerbClass::kRead:
      return reads(operation.kind);
    case VerbClass::kUpdate:
      return operation.kind == OperationKind::kUpdate;
    case VerbClass::kDelete:
      return operation.kind == OperationKind::kDelete;
    case VerbClass::kCreate:
      return operation.kind == OperationKind::kCreate || event;
    case VerbClass::kEvent:
      return operation.kind == OperationKind::kCreate &&
             draft.notes.at(operation.on).verb == grant.verb;
    default:
      return grant.verb == "assign" && operation.kind == OperationKind::kUpdate;
  }
}

// The path from a row of `entity` to the acting person's record; "" when there is none.
std::string path_to_person(const Draft& draft, const std::string& entity,
                           const std::string& person) {
  if (entity == person) return "id";
  for (const auto* relation : relations_of(draft.spec, entity)) {
    if (relation->to == person) return relation->role;
  }
  for (const auto* relation : relations_of(draft.spec, entity)) {
    for (const auto* next : relations_of(draft.spec, relation->to)) {
      if (next->to == person) return relation->role + "." + next->role;
    }
  }
  return {};
}

std::optional<Expr> own_rows(const Draft& draft, const Grant& grant, const std::string& entity) {
  const auto* actor = find_actor(draft.spec, grant.actor);
  if (actor == nullptr || actor->entity.empty()) return std::nullopt;
  std::string path = grant.own_role;
  if (path.empty() || find_relation(draft.spec, entity, path) == nullptr) {
    path = path_to_person(draft, entity, actor->entity);
  }
  if (path.empty()) return std::nullopt;
  return eq(self(path), Expr::call("actor"));
}

class Permissions {
 public:
  explicit Permissions(Draft& draft) : draft_(draft) {}

  void run() {
    if (draft_.spec.actors.empty()) return;
    link_records();
    catch_all();
    for (const auto& operation : draft_.spec.operations) {
      for (const auto& actor : draft_.spec.actors) decide(operation, actor.id);
    }
  }

 private:
  void link_records() {
    for (auto& actor : draft_.spec.actors) actor.entity = draft_.entity_named(actor.name);
  }

  void catch_all() {
    for (const std::string_view name : {"staff", "administrator", "admin", "employee"}) {
      if (const auto id = draft_.actor_named(name); !id.empty()) {
        all_ = id;
        return;
      }
    }
    all_ = draft_.add_actor("staff", Draft::assumed());
    draft_.assume("Staff may do whatever nobody else is given and is not reserved.", {"staff"},
                  "say who may do it, as in \"Only managers can ...\"");
  }

  void allow(const spec::Operation& operation, const std::string& actor,
             std::optional<Expr> rows, const spec::Origin& origin) {
    spec::Permission permission;
    permission.actor = actor;
    permission.operation = operation.id;
    permission.rows = std::move(rows);
    permission.origin = origin;
    draft_.spec.permissions.push_back(std::move(permission));
  }

  void decide(const spec::Operation& operation, const std::string& actor) {
    const Grant* mine = nullptr;
    const Grant* not_own = nullptr;  // "can't book their own trip"
    bool reserved = false;
    bool denied = false;
    bool denied_all = false;  // "can change nothing": what is given by name stays given
    for (const auto& grant : draft_.grants) {
      if (!covers(draft_, grant, operation)) continue;
      if (grant.actor == actor) {
        if (grant.deny && grant.own) not_own = &grant;
        else if (grant.deny && grant.entity.empty()) denied_all = true;
        else if (grant.deny) denied = true;
        else if (mine == nullptr || (grant.own && !mine->own)) mine = &grant;
      }
      // "can only see their own" limits that actor, nobody else.
      if (grant.only && (!grant.own || !grant.own_role.empty())) reserved = true;
    }
    if (denied || (denied_all && mine == nullptr)) return;
    if (mine != nullptr) {
      auto rows = mine->rows;
      if (mine->own) {
        rows = own_rows(draft_, *mine, operation.on);
        if (!rows) return;
      } else if (!rows) {
        rows = acts_for_self(operation, *mine);
      }
      return allow(operation, actor, without_own(operation, not_own, std::move(rows)),
                   mine->origin);
    }
    if (reserved) return;
    if (actor == all_ || reads(operation.kind)) {
      return allow(operation, actor, without_own(operation, not_own, std::nullopt),
                   Draft::assumed());
    }
    if (auto rows = closes_own(operation, actor)) {
      allow(operation, actor, std::move(rows), Draft::convention());
    }
  }

  std::optional<Expr> without_own(const spec::Operation& operation, const Grant* not_own,
                                  std::optional<Expr> rows) {
    if (not_own == nullptr) return rows;
    const auto own = own_rows(draft_, *not_own, operation.on);
    return own ? both(std::move(rows), negate(*own)) : rows;
  }

  // Who may open an event may end their own, unless somebody is named for ending it.
  std::optional<Expr> closes_own(const spec::Operation& operation, const std::string& actor) {
    const auto it = draft_.notes.find(operation.on);
    if (it == draft_.notes.end() || it->second.verb.empty()) return std::nullopt;
    const auto& note = it->second;
    const bool closes = operation.kind == OperationKind::kEventClose || operation.verb == "renew" ||
                        operation.verb == note.close_verb ||
                        operation.verb == closing_verb(note.verb);
    const auto* opens = draft_.creator_of(operation.on);
    if (!closes || is_standard(operation) || opens == nullptr) return std::nullopt;
    const Grant* opened = nullptr;
    for (const auto& grant : draft_.grants) {
      if (grant.verb == operation.verb && covers(draft_, grant, operation)) return std::nullopt;
      if (grant.actor == actor && !grant.deny && covers(draft_, grant, *opens)) opened = &grant;
    }
    const auto* relation = find_relation(draft_.spec, operation.on, note.subject_role);
    const auto* person = find_actor(draft_.spec, actor);
    if (opened == nullptr || relation == nullptr || relation->to != person->entity) {
      return std::nullopt;
    }
    const std::string verb = verb_words(operation.verb);
    draft_.assume(text::upper_first(a_noun(person->name)) + " may also " + verb +
                      " what they have themselves " + state_of_verb(note.verb) + ".",
                  {operation.id}, "say who may " + verb + ", as in \"Only staff can " + verb +
                      " " + draft_.entity(operation.on).plural + "\"");
    return eq(self(note.subject_role), Expr::call("actor"));
  }

  // Who brings an event into being does so in their own name.
  std::optional<Expr> acts_for_self(const spec::Operation& operation, const Grant& grant) {
    const auto* actor = find_actor(draft_.spec, grant.actor);
    if (actor->entity.empty() || grant.actor == all_) return std::nullopt;
    const auto& note = draft_.note(operation.on);
    const bool acts = operation.kind == OperationKind::kEventCreate ||
                      operation.kind == OperationKind::kCreate ||
                      operation.kind == OperationKind::kEventClose || operation.verb == "renew";
    if (!acts || note.subject_role.empty()) return std::nullopt;
    const auto* relation = find_relation(draft_.spec, operation.on, note.subject_role);
    if (relation == nullptr || relation->to != actor->entity) return std::nullopt;
    draft_.assume(text::upper_first(a_noun(actor->name)) +
                      " acts in their own name; staff may act for anybody.",
                  {operation.id}, "say that a " + actor->name + " may act for others");
    return eq(self(note.subject_role), Expr::call("actor"));
  }

  Draft& draft_;
  std::string all_;
};

}  // namespace

void complete_permissions(Draft& draft) { Permissions(draft).run(); }

}  // namespace cadre::offline::analysis
