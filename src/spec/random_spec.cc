#include "spec/random_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/text.h"
#include "spec/canonical_parts.h"
#include "spec/random_expr.h"
#include "spec/validate.h"

namespace cadre::spec {
namespace {

constexpr std::array<const char*, 12> kNouns{"book", "member", "ticket", "order item",
                                             "room", "visit",  "person", "box",
                                             "city", "shelf",  "order",  "report"};
constexpr std::array<const char*, 16> kWords{
    "title", "name", "amount", "weight", "starts_at", "ends_at", "due_on", "note",
    "level", "code", "active", "rating", "price",     "size",    "empty",  "days"};
constexpr std::array<const char*, 5> kStates{"open", "in progress", "done", "lost", "checked_in"};
constexpr std::array<const char*, 4> kVerbs{"approve", "close", "move up", "return"};

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : rng_(seed * 0x9E3779B97F4A7C15ULL + 1), exprs_(rng_) {}

  Spec run() {
    spec_.name = "sample";
    spec_.summary = "A random \"model\" to test with";
    make_entities();
    make_relations();
    make_actors();
    for (std::size_t i = 0; i < spec_.entities.size(); ++i) make_operations(i);
    for (Operation& operation : spec_.operations) {
      if (operation.inputs.empty()) operation.inputs = default_inputs(spec_, operation);
    }
    drop_unsound_operations();
    for (std::size_t i = 0; i < spec_.operations.size(); ++i) make_guards(i);
    for (std::size_t i = 0; i < spec_.operations.size(); ++i) make_effects(i);
    make_permissions();
    make_queries();
    make_rules();
    return std::move(spec_);
  }

 private:
  bool chance(int percent) { return rng_.below(100) < static_cast<std::uint64_t>(percent); }
  std::size_t below(std::size_t bound) { return rng_.below(bound); }
  template <class Items>
  auto pick(const Items& items) { return items[below(items.size())]; }
  bool sound() const { return validate(spec_).empty(); }

  void make_entities() {
    const std::size_t count = 1 + below(5);
    while (spec_.entities.size() < count) {
      Entity entity;
      entity.name = pick(kNouns);
      entity.id = text::pascal_case(entity.name);
      entity.plural = text::plural(entity.name);
      if (find_entity(spec_, entity.id) != nullptr) continue;
      entity.kind = static_cast<EntityKind>(below(6));
      const std::size_t attributes = below(7);
      for (std::size_t i = 0; i < attributes; ++i) make_attribute(entity);
      if (chance(40)) make_states(entity);
      spec_.entities.push_back(std::move(entity));
    }
  }

  void make_attribute(Entity& entity) {
    Attribute out;
    out.id = pick(kWords);
    if (find_attribute(entity, out.id) != nullptr) return;
    out.type = static_cast<Type>(below(15));
    out.required = chance(50);
    out.unique = out.type != Type::kBool && chance(12);
    out.sensitive = chance(5);
    switch (out.type) {
      case Type::kEnum: out.values = {"red", "dark blue", "x-1"}; break;
      case Type::kInt:
        if (chance(50)) out.min = Expr::of(static_cast<std::int64_t>(below(3)));
        if (chance(50)) out.max = Expr::of(static_cast<std::int64_t>(5 + below(20)));
        if (chance(30)) out.default_value = Expr::of(3);
        if (chance(10)) out.unit = "km";
        break;
      case Type::kDecimal: case Type::kMoney:
        if (chance(50)) out.min = chance(50) ? Expr::of(0) : Expr::decimal("0.5");
        out.exclusive_min = out.min && chance(30);
        if (chance(40)) out.max = Expr::decimal("99.5");
        if (chance(20) && !out.exclusive_min) out.step = 0.5;
        if (chance(30)) out.scale = 1 + static_cast<int>(below(3));
        break;
      case Type::kString:
        if (chance(20)) out.length = std::pair{2, 12 + static_cast<int>(below(20))};
        else if (chance(20)) out.pattern = "[A-Z]{2}-[0-9]+";
        else if (chance(15) && !out.unique) out.generated = "uuid";
        break;
      case Type::kDatetime:
        if (chance(20)) out.generated = "timestamp";
        else if (chance(20)) out.default_value = Expr::call("now");
        break;
      case Type::kDate:
        if (chance(20)) out.default_value = Expr::call("today");
        else if (chance(20)) out.min = Expr::string("2020-01-01");
        break;
      case Type::kDuration:
        if (chance(40)) out.max = Expr::of(600);
        break;
      default: break;
    }
    entity.attributes.push_back(std::move(out));
  }

  void make_states(Entity& entity) {
    Attribute status;
    status.id = "status";
    status.type = Type::kEnum;
    status.required = true;
    const std::size_t count = 2 + below(kStates.size() - 1);
    status.values.assign(kStates.begin(), kStates.begin() + static_cast<std::ptrdiff_t>(count));
    entity.lifecycle.emplace();
    entity.lifecycle->attribute = status.id;
    entity.lifecycle->states = status.values;
    entity.lifecycle->initial = status.values[0];
    if (chance(60)) entity.lifecycle->final_states = {status.values.back()};
    entity.attributes.push_back(std::move(status));
  }

  void make_relations() {
    const std::size_t count = below(spec_.entities.size() + 2);
    for (std::size_t i = 0; i < count; ++i) {
      Relation out;
      out.from = pick(spec_.entities).id;
      out.to = pick(spec_.entities).id;
      out.role = chance(70) ? text::snake_case(out.to) : "owner";
      out.required = out.from != out.to && chance(60);
      if (chance(10)) out.cardinality = Cardinality::kOneToOne;
      const std::size_t dice = below(3);
      if (dice == 0) out.on_delete = OnDelete::kCascade;
      if (dice == 1 && !out.required) out.on_delete = OnDelete::kSetNull;
      spec_.relations.push_back(std::move(out));
      // A record that needs one of another that needs one of it could never be made.
      if (!sound() || has_required_circle()) spec_.relations.pop_back();
    }
    for (Entity& entity : spec_.entities) {
      const auto relations = relations_of(spec_, entity.id);
      if (relations.empty()) continue;
      if (chance(20)) {
        for (const Relation* relation : relations) entity.natural_key.push_back(relation->role);
      }
      for (Attribute& attribute : entity.attributes) {
        if (attribute.unique && chance(50)) {
          attribute.unique = false;
          attribute.unique_within = {relations[0]->role};
        }
      }
    }
  }

  bool has_required_circle() const {
    for (const Entity& start : spec_.entities) {
      std::vector<std::string> open{start.id};
      for (std::size_t i = 0; i < open.size() && open.size() < 50; ++i) {
        for (const Relation& relation : spec_.relations) {
          if (!relation.required || relation.from != open[i]) continue;
          if (relation.to == start.id) return true;
          open.push_back(relation.to);
        }
      }
    }
    return false;
  }

  void make_actors() {
    if (chance(50)) return;
    for (const char* name : {"clerk", "team lead"}) {
      Actor actor;
      actor.name = name;
      actor.id = text::snake_case(name);
      if (chance(60)) actor.entity = pick(spec_.entities).id;
      spec_.actors.push_back(std::move(actor));
    }
    if (chance(20)) spec_.actors[1].inherits = "clerk";
  }

  void add(const Entity& entity, OperationKind kind, const std::string& verb) {
    Operation out;
    out.kind = kind;
    out.on = entity.id;
    out.verb = verb;
    out.id = default_operation_id(entity, kind, verb);
    if (find_operation(spec_, out.id) != nullptr) out.id += "_" + text::snake_case(entity.id);
    if (find_operation(spec_, out.id) != nullptr) return;
    if (kind == OperationKind::kEventCreate) {
      Effect store;
      store.kind = EffectKind::kCreate;
      store.target = entity.id;
      out.effects.push_back(std::move(store));
    }
    spec_.operations.push_back(std::move(out));
  }

  void make_operations(std::size_t index) {
    const Entity entity = spec_.entities[index];
    add(entity, chance(75) ? OperationKind::kCreate : OperationKind::kEventCreate,
        chance(75) ? "create" : "register");
    if (spec_.operations.back().kind == OperationKind::kCreate) {
      spec_.operations.back().verb = "create";
      spec_.operations.back().id = default_operation_id(entity, OperationKind::kCreate, "create");
    }
    add(entity, OperationKind::kList, "list");
    add(entity, OperationKind::kRead, "read");
    if (chance(70)) add(entity, OperationKind::kUpdate, "update");
    if (chance(70)) add(entity, OperationKind::kDelete, "delete");
    if (chance(25)) add(entity, OperationKind::kScheduled, "tidy up");
    if (chance(40)) add(entity, OperationKind::kUpdate, "touch");
    if (!entity.lifecycle) return;
    auto& edges = spec_.entities[index].lifecycle->transitions;
    for (const char* verb : kVerbs) {
      if (!chance(60)) continue;
      const std::size_t before = spec_.operations.size();
      add(entity, OperationKind::kTransition, verb);
      if (spec_.operations.size() == before) continue;
      const std::size_t edge_count = 1 + below(2);
      for (std::size_t i = 0; i < edge_count; ++i) {
        Transition edge;
        edge.from = pick(entity.lifecycle->states);
        edge.to = pick(entity.lifecycle->states);
        edge.by = spec_.operations.back().id;
        const bool known = std::any_of(edges.begin(), edges.end(), [&](const Transition& other) {
          return other.by == edge.by && other.from == edge.from;
        });
        if (!known) edges.push_back(std::move(edge));
      }
    }
  }

  void drop_unsound_operations() {
    for (std::size_t i = spec_.operations.size(); i-- > 0 && !sound();) {
      const Operation removed = spec_.operations[i];
      spec_.operations.erase(spec_.operations.begin() + static_cast<std::ptrdiff_t>(i));
      for (Entity& entity : spec_.entities) {
        if (!entity.lifecycle) continue;
        std::erase_if(entity.lifecycle->transitions,
                      [&](const Transition& edge) { return edge.by == removed.id; });
      }
    }
  }

  void make_guards(std::size_t index) {
    const OperationKind kind = spec_.operations[index].kind;
    if (kind == OperationKind::kRead || kind == OperationKind::kList || !chance(45)) return;
    Guard guard;
    guard.id = fmt::format("R{}", ++rules_);
    guard.require = exprs_.condition(spec_, spec_.operations[index]);
    guard.error = fmt::format("refused_{}", rules_);
    guard.status = chance(60) ? 422 : 409;
    spec_.operations[index].guards.push_back(std::move(guard));
    if (!validate_operation(spec_, spec_.operations[index]).empty())
      spec_.operations[index].guards.pop_back();
  }

  void make_effects(std::size_t index) {
    const OperationKind kind = spec_.operations[index].kind;
    const bool acts = kind == OperationKind::kTransition || kind == OperationKind::kEventCreate ||
                      kind == OperationKind::kScheduled || kind == OperationKind::kUpdate;
    if (!acts || (kind == OperationKind::kUpdate && is_standard(spec_.operations[index]))) return;
    const std::size_t count = below(3);
    for (std::size_t i = 0; i < count; ++i) {
      spec_.operations[index].effects.push_back(exprs_.effect(spec_, spec_.operations[index]));
      if (!validate_operation(spec_, spec_.operations[index]).empty())
        spec_.operations[index].effects.pop_back();
    }
  }

  void make_permissions() {
    for (const Actor& actor : spec_.actors) {
      for (const Operation& operation : spec_.operations) {
        if (actor.id != "clerk" && !chance(60)) continue;
        Permission out;
        out.actor = actor.id;
        out.operation = operation.id;
        if (chance(15)) out.rows = exprs_.row_condition(spec_, operation.on, "self");
        if (!validate_permission(spec_, out).empty()) out.rows.reset();
        spec_.permissions.push_back(std::move(out));
      }
    }
  }

  void make_queries() {
    for (const Entity& entity : spec_.entities) {
      Query query;
      query.on = entity.id;
      query.id = "find_" + text::snake_case(entity.plural);
      query.kind = chance(50) ? QueryKind::kSearch : QueryKind::kReport;
      for (const Attribute& attribute : entity.attributes) {
        if (query.kind == QueryKind::kSearch && chance(50)) query.by.push_back(attribute.id);
        if (query.kind == QueryKind::kReport && chance(30)) {
          const bool date = attribute.type == Type::kDate || attribute.type == Type::kDatetime;
          query.group_by.push_back((date && chance(70) ? "month:" : "") + attribute.id);
        }
        if (query.kind == QueryKind::kReport && attribute.type == Type::kMoney) {
          query.measure = Expr::call(chance(50) ? "sum" : "avg",
                                     {Expr::call("row", {Expr::string(attribute.id)})});
        }
      }
      if (query.kind == QueryKind::kReport && chance(50)) {
        query.where = exprs_.row_condition(spec_, entity.id, "row");
      }
      if (query.kind == QueryKind::kReport && chance(30)) query.limit = 5;
      if (query.kind == QueryKind::kReport && query.group_by.empty() && chance(30))
        query.sort = {"-id"};
      if (validate_query(spec_, query).empty()) spec_.queries.push_back(std::move(query));
    }
    if (spec_.actors.empty()) return;
    for (const Query& query : spec_.queries) {
      if (query.kind != QueryKind::kReport || chance(40)) continue;
      Permission out;
      out.actor = "clerk";
      out.operation = query.id;
      spec_.permissions.push_back(std::move(out));
    }
  }

  void make_rules() {
    for (const Operation& operation : spec_.operations) {
      for (const Guard& guard : operation.guards) {
        Rule rule;
        rule.id = guard.id;
        rule.kind = "guard";
        rule.canonical = "A rule, with \"quotes\" and a dot.";
        rule.enforced_in = {"service"};
        if (chance(50)) rule.params = JsonObject{{"value", 3}, {"list", JsonArray{1, "x"}}};
        if (chance(30)) rule.expr = guard.require;
        spec_.rules.push_back(std::move(rule));
      }
    }
  }

  Rng rng_;
  Spec spec_;
  RandomExpr exprs_;
  int rules_ = 0;
};

}  // namespace

Spec random_spec(std::uint64_t seed) { return Maker(seed).run(); }

}  // namespace cadre::spec
