// The requirement model: what a record-keeping application must do, each element with its origin.
//
// The JSON form follows the spec-model schema (im 0.1; sops/software/artifacts/spec.schema.json).
// What a model means when it runs is fixed in docs/service-contract.md; interpreter.h executes it.
// Plain data: copyable, no invariants of its own; validate.h says whether a model is sound.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spec/expr.h"

namespace cadre::spec {

enum class OriginKind { kStated, kImplied, kAssumed, kConvention };

// Where an element comes from. Only stated elements are requirements; the rest are listed as
// assumptions or conventions.
struct Origin {
  OriginKind kind = OriginKind::kAssumed;
  std::vector<std::string> sentences;            // "S3"
  std::optional<std::pair<int, int>> span;       // byte offsets in the brief, end exclusive
  std::string pattern;                           // id of the recogniser that fired
  std::optional<double> confidence;              // 0..1
};

enum class Type {
  kString, kText, kInt, kDecimal, kMoney, kBool, kDate, kTime, kDatetime,
  kDuration,  // whole minutes
  kEmail, kPhone, kUrl, kEnum, kFileRef
};

struct Attribute {
  std::string id;  // snake_case, unique within the entity
  Type type = Type::kString;
  bool required = false;
  bool unique = false;
  std::vector<std::string>
      unique_within;  // relation roles or attributes it is unique together with
  std::optional<Expr> default_value;
  std::optional<Expr> min, max;            // inclusive; literals in this version
  bool exclusive_min = false;
  std::optional<double> step;
  std::optional<std::pair<int, int>> length;  // characters, inclusive
  std::string pattern;
  std::vector<std::string> values;            // kEnum
  std::string unit;                           // "minutes", "km", "EUR"
  std::optional<int> scale;  // digits after the point; kMoney 2, kDecimal 3 if absent
  std::optional<Expr> derived;                // computed from `self`; never an input
  bool stored = true;                         // false: computed when read
  std::string generated;                      // "", "sequence", "uuid", "timestamp"
  bool sensitive = false;
  Origin origin;
};

struct Transition {
  std::string from, to;
  std::string by;  // operation id
  Origin origin;
};

struct Lifecycle {
  std::string attribute;  // an enum attribute of the entity; not an input of create or update
  std::vector<std::string> states;
  std::string initial;
  std::vector<std::string> final_states;
  std::vector<Transition> transitions;
};

enum class EntityKind { kMaster, kEvent, kLine, kLookup, kLog, kAssociation };
enum class OnDelete { kRestrict, kCascade, kArchive, kForbidden, kSetNull };

struct Entity {
  std::string id;      // PascalCase
  std::string name;    // "loan"
  std::string plural;  // "loans"
  EntityKind kind = EntityKind::kMaster;
  std::vector<std::string> natural_key;  // attributes and roles that are unique together
  std::vector<Attribute> attributes;     // without the implicit integer "id"
  std::optional<Lifecycle> lifecycle;
  OnDelete on_delete = OnDelete::kRestrict;
  Origin origin;
};

enum class Cardinality { kManyToOne, kOneToOne, kManyToMany };

// n-n relations are resolved by the analyser into an association entity with two n-1 relations and
// kept only as information (`via` names that entity); interpreter and writers skip them.
struct Relation {
  std::string from, to;  // entity ids; `from` holds the reference
  std::string role;      // snake_case; the JSON field is role + "_id"
  Cardinality cardinality = Cardinality::kManyToOne;
  bool required = false;
  bool owned = false;  // `from` rows are parts of the `to` row
  std::string via;
  std::optional<int> min, max;
  OnDelete on_delete =
      OnDelete::kRestrict;  // what deleting the `to` row does: restrict, cascade, set_null
  Origin origin;
};

enum class OperationKind {
  kCreate, kRead, kUpdate, kDelete, kList,  // standard
  kTransition, kEventCreate, kEventClose, kMoveQuantity, kBulk, kScheduled
};

struct Input {
  std::string id;   // for a ref: the role ("book"); the JSON field is then "book_id"
  Type type = Type::kString;
  std::string ref;  // entity id, or empty
  bool required = false;
};

struct Guard {
  std::string id;      // the rule's id (R1), or C1... for a convention
  Expr require;        // must be true
  std::string error;   // machine code: "max_open_loans"
  int status = 422;    // 403, 404, 409 or 422
  Origin origin;
};

enum class EffectKind { kCreate, kSet, kInc, kDec, kDelete, kEmit };

struct Effect {
  EffectKind kind = EffectKind::kSet;
  // kCreate: an entity id (the operation's own: the candidate row is stored; another: `values`).
  // kSet/kInc/kDec: "Loan.due_on" where Loan is the operation's entity (its row), "self.attr",
  // "self.book.copies" through relations, or with `where`: "Application.status" of every match.
  std::string target;
  Expr value;
  std::optional<Expr> where;  // over ["row", ...]
  std::vector<std::pair<std::string, Expr>>
      values;  // kCreate of another entity: attribute or role -> value
  Origin origin;
};

struct Operation {
  std::string id;    // unique in the model: "borrow_book", "create_member"
  std::string verb;  // "borrow"
  OperationKind kind = OperationKind::kCreate;
  std::string on;    // entity id
  std::vector<Input> inputs;
  std::vector<Guard> guards;
  std::vector<Effect> effects;
  bool atomic = true;
  std::string schedule_every;      // kScheduled
  std::optional<Expr> schedule_due;
  Origin origin;
};

struct Rule {
  std::string id;         // "R1"
  std::string kind;       // one of the schema's kinds: "unique", "max_count", "deadline", ...
  std::string text;       // the user's words
  std::string canonical;  // "A member can have at most 3 open loans."
  Json params = JsonObject{};
  std::optional<Expr> expr;
  std::vector<std::string> enforced_in;  // schema, service, api, job, documented_only
  std::vector<std::string> tests;
  Origin origin;
};

// After completion by the analyser the list is exhaustive: with any actor in the model, an actor
// may perform an operation if and only if an allow entry matches and no deny entry does. `rows`
// is over ["self", ...] (creates: the candidate), ["actor"].
struct Permission {
  std::string actor;
  bool allow = true;
  std::string operation;
  std::optional<Expr> rows;
  std::vector<std::string> fields;
  Origin origin;
};

struct Actor {
  std::string id;      // snake_case
  std::string name;    // "team member"
  std::string inherits;
  std::string entity;  // the entity that holds this actor's record, or empty
  Origin origin;
};

enum class QueryKind { kSearch, kFilter, kReport, kExport, kTopN };

// search and filter with `by` and without `where` are parameters of the entity's list; everything
// else is a report of its own at GET /reports/<id>.
struct Query {
  std::string id;
  QueryKind kind = QueryKind::kFilter;
  std::string on;
  std::vector<std::string> by;        // paths: "title", "category.name"
  std::optional<Expr> where;          // over ["row", ...]
  std::vector<std::string> group_by;  // a path, or "month:date", "day:started_at", "year:date"
  std::optional<Expr> measure;        // ["count"] or ["sum", path-as-["row", a]] or ["avg", ...]
  std::vector<std::string> sort;      // "-count", "name"
  std::optional<int> limit;
  std::string format = "json";        // json | csv
  Origin origin;
};

struct Nfr {
  std::string kind;  // performance, security, privacy, availability, usability, audit, platform,
                     // format, other
  std::string text;
  std::string measure;
  Origin origin;
  std::string how;  // built, tested, documented_only, not_done
};

struct Assumption {
  std::string id;  // "A1"
  std::string text;
  std::vector<std::string> affects;
  std::string alternative;
  std::string reason;  // not_stated, ambiguous, default_of_engine
};

struct Question {
  std::string id;  // "Q1"
  std::string text;
  std::string sentence;
  std::vector<std::string> options;
  std::string default_taken;
  std::string risk;  // low, medium, high
};

struct Unhandled {
  std::string sentence;
  std::string text;
  std::string
      why;  // not_understood, capability_outside, conflict, needs_expression_beyond_language
  std::string closest_pattern;
};

enum class SentenceStatus { kCovered, kPartly, kNotUnderstood, kOutOfScope, kNoContent };

struct Sentence {
  std::string id;  // "S1"
  int begin = 0, end = 0;  // bytes in the brief
  SentenceStatus status = SentenceStatus::kNotUnderstood;
  std::vector<std::string> unused;  // words that no extracted element accounts for
};

enum class Verdict { kSupported, kPartial, kRefuse };

struct Spec {
  std::string name;     // product, snake_case: "library"
  std::string summary;  // one line
  Verdict verdict = Verdict::kSupported;
  std::string stack_requested;
  std::string text;  // the brief as given
  std::vector<Sentence> sentences;
  std::vector<Actor> actors;
  std::vector<Entity> entities;
  std::vector<Relation> relations;
  std::vector<Operation> operations;
  std::vector<Rule> rules;
  std::vector<Permission> permissions;
  std::vector<Query> queries;
  std::vector<Nfr> nfr;
  std::vector<Assumption> assumptions;
  std::vector<Question> questions;
  std::vector<Unhandled> unhandled;
};

// Lookups; nullptr when absent. The pointers live as long as the model is not changed.
const Entity* find_entity(const Spec& spec, std::string_view id);
const Attribute* find_attribute(const Entity& entity, std::string_view id);
const Relation* find_relation(const Spec& spec, std::string_view from, std::string_view role);
const Operation* find_operation(const Spec& spec, std::string_view id);
const Rule* find_rule(const Spec& spec, std::string_view id);
const Actor* find_actor(const Spec& spec, std::string_view id);
// The n-1 and 1-1 relations that `entity` holds, in model order.
std::vector<const Relation*> relations_of(const Spec& spec, std::string_view entity);
// True for create_x, read_x, update_x, delete_x and list_xs as the conventions name them.
bool is_standard(const Operation& operation);

// model_json.cc: the JSON form, and the reader that says which element is wrong and why.
Json to_json(const Spec& spec);
Result<Spec> spec_from_json(const Json& json);
const char* to_string(Type type);
const char* to_string(SentenceStatus status);
const char* to_string(EntityKind kind);
const char* to_string(OperationKind kind);
const char* to_string(QueryKind kind);
const char* to_string(OriginKind kind);
const char* to_string(Verdict verdict);
const char* to_string(OnDelete on_delete);

}  // namespace cadre::spec
