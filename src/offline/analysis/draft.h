// The model under construction: what the passes of the analysis share.
//
// A Draft holds the brief, the model so far, notes about entities that the model itself has no
// place for, and which words have been accounted for. Passes run in a fixed order (analyse.cc).
// Entities are addressed by id, never by pointer across a call that may add one. One thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "offline/analysis/asked.h"
#include "offline/analysis/name_index.h"
#include "offline/language/language.h"
#include "spec/model.h"

namespace cadre::offline::analysis {

using spec::Expr;

class Scan;

// Tokens first..last (inclusive) of a sentence.
struct Range {
  int sentence = 0;
  int first = 0, last = 0;
};

// What is known about an entity besides the model's own fields.
struct Note {
  std::string name;                  // "order line"
  std::vector<std::string> aliases;  // other names
  bool person = false;
  bool listed = false;               // its attributes are stated
  bool assumed = false;
  // Events: who does what to what, and how it ends.
  std::string verb;                  // "borrow"
  std::string subject_role, object_role;
  std::string opened, closed, due;   // attribute ids, or empty
  std::optional<Expr> due_value;     // the duration that makes the due date
  std::string close_verb;            // "return"
  std::string create_op, close_op;
  std::vector<std::string> extra_ops;  // wanted standard operations of an event: "update"
  Range where;
};

// "Only managers can approve requests": kept until the operations exist.
struct Grant {
  std::string actor;       // actor id; "*" everybody
  std::string verb;        // "approve", "read", "manage"
  std::string entity;      // entity id, or empty
  bool only = false, deny = false, own = false;
  std::string own_role;    // the relation that makes it "own"
  std::string rule;        // rule id, or empty
  std::optional<Expr> rows;
  spec::Origin origin;
};

struct Mention {
  enum class Kind { kEntity, kAttribute, kActor };
  Kind kind = Kind::kEntity;
  int first = 0, last = 0;
  std::string entity;     // entity id; for attributes the owner
  std::string attribute;  // attribute id
  std::string actor;      // actor id when the words also name an actor
};

class Draft {
 public:
  explicit Draft(const Brief& brief);

  const Brief& brief;
  spec::Spec spec;
  std::map<std::string, Note> notes;  // by entity id
  std::vector<Grant> grants;
  struct Move {
    std::string entity, verb;
    spec::Origin origin;
  };
  struct Minimum {
    std::string owner, child;
    int value = 1;
    Range where;
  };
  std::vector<Minimum> minimums;  // "an order consists of one or more lines"
  std::vector<Move> moves;  // "Reception checks guests in": the reservation moves on
  std::set<std::string> acting;          // people who do something: "nurse"
  std::set<std::string> never_entities;  // lemmas that turned out to be something else
  std::string main_entity;               // id; what an unnamed record is
  // What the brief asks for by its head noun, when that is no service that keeps records.
  std::optional<Asked> outside;
  int outside_sentence = -1;

  // --- origins and claims
  spec::Origin stated(Range range, std::string pattern, double confidence = 0.9) const;
  spec::Origin implied(Range range, std::string pattern) const;
  static spec::Origin assumed();
  static spec::Origin convention();
  std::string words(Range range) const;  // the user's words
  void claim(Range range);
  void claim(int sentence, int token);
  bool claimed(int sentence, int token) const;
  bool any_claimed(Range range) const;
  // Words that carry something the model does not hold, whoever else claims them.
  void poison(Range range);
  bool poisoned(int sentence, int token) const { return poisoned_.contains({sentence, token}); }

  // --- entities
  std::string entity_named(std::string_view name) const;  // id or ""; by name, alias, plural
  // Finds or makes it.
  std::string add_entity(std::string_view name, spec::Origin origin,
                         spec::EntityKind kind = spec::EntityKind::kMaster);
  spec::Entity& entity(std::string_view id);
  bool has_entity(std::string_view id) const;
  void add_alias(std::string_view id, std::string_view name);
  Note& note(std::string_view id) { return notes[std::string(id)]; }

  // --- attributes, relations
  spec::Attribute* attribute(std::string_view entity, std::string_view id);
  void remove_attributes(std::string_view entity,
                         const std::function<bool(const spec::Attribute&)>& which);
  // Finds or makes it; the type is guessed from the name.
  spec::Attribute& add_attribute(std::string_view entity, std::string_view name,
                                 spec::Origin origin, bool number_of = false);
  // By the words of its name, also "copy" for `copies`; "" when the entity has none like it.
  std::string attribute_named(std::string_view entity, std::string_view words) const;
  spec::Relation* relation(std::string_view from, std::string_view role);
  spec::Relation* relation_to(std::string_view from, std::string_view to);
  spec::Relation& relate(std::string_view from, std::string_view to, std::string role,
                         spec::Origin origin);

  // --- actors and operations
  std::string add_actor(std::string_view name, spec::Origin origin);  // id
  std::string actor_named(std::string_view name) const;               // id or ""
  void remove_actor(std::string_view id);
  spec::Operation* operation(std::string_view id);
  spec::Operation* operation_on(std::string_view entity, std::string_view verb);
  spec::Operation& add_operation(spec::OperationKind kind, std::string_view entity,
                                 std::string_view verb, spec::Origin origin);
  // The operation that brings rows of the entity into being.
  spec::Operation* creator_of(std::string_view entity);

  // --- rules and the rest
  spec::Rule& add_rule(std::string kind, Range range, std::string recogniser,
                       std::string canonical, JsonObject params, bool claims = true);
  void assume(std::string text, std::vector<std::string> affects, std::string alternative,
              std::string reason = "not_stated");
  void ask(std::string text, int sentence, std::vector<std::string> options,
           std::string default_taken, std::string risk);
  void leave(int sentence, std::string text, std::string why, std::string closest = {});
  std::string next_convention() { return "C" + std::to_string(++conventions_); }

  // Names of entities, attributes and actors in the sentence, longest match first, in order.
  std::vector<Mention> mentions(int sentence) const;
  std::vector<Mention> mentions_between(const Scan& scan, int first, int last) const;
  const Sentence& sentence(int index) const {
    return brief.sentences[static_cast<std::size_t>(index)];
  }

 private:
  void index_entity(const spec::Entity& entity, std::size_t position);
  const spec::Entity* find(std::string_view id) const;
  std::string attribute_of(const spec::Entity& owner, const NameForms& name) const;
  // The first entity that has an attribute of this name.
  bool mention_attribute(std::string_view name, Mention* mention) const;

  // Entities are never renamed or taken away; actors are, and their index is made again then.
  FormCache forms_;
  TextMap<std::size_t> positions_;  // of entities by id
  NameIndex entity_names_, entity_heads_, actor_names_;
  WordIndex attribute_words_;  // positions of entities that have, or had, such an attribute
  std::map<std::string, std::vector<std::string>, std::less<>> aliases_;
  std::size_t changes_ = 1;    // grows with every name that is added or taken away

  struct Seen {
    std::size_t changes = 0;
    std::vector<Mention> mentions;
  };
  mutable std::vector<Seen> mentions_;  // by sentence
  std::vector<std::vector<bool>> claimed_;
  std::set<std::pair<int, int>> poisoned_;
  int conventions_ = 0;
};

// The status attribute's open rows: "not in a final state", or "not closed yet", over ["row"].
std::optional<Expr> open_filter(Draft& draft, const std::string& entity);

// The rows that still take up room: not cancelled, declined, returned and the like.
std::optional<Expr> live_filter(Draft& draft, const std::string& entity);

// --- expression shorthands
Expr self(std::string path);
Expr old(std::string path);
Expr row(std::string path);
Expr arg(std::string path);
Expr eq(Expr a, Expr b);
Expr op(std::string name, Expr a, Expr b);
Expr negate(Expr a);
Expr count(std::string entity, std::optional<Expr> filter);
Expr both(std::optional<Expr> a, Expr b);
Expr number(double value);

// The guard of an operation that holds a rule, with the rule's id and origin.
spec::Guard guard(const spec::Rule& rule, Expr require, std::string error, int status = 409);

std::string error_code(std::string_view words);
std::string verb_words(std::string_view verb);  // "check_in" -> "check in"

}  // namespace cadre::offline::analysis
