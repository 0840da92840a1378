#include "offline/qa/recipes.h"

#include <algorithm>

#include "base/clock.h"

namespace cadre::offline::qa {
namespace {

using spec::Endpoint;
using spec::Field;
using spec::OperationKind;

constexpr int kRandomTries = 500;

class Finder {
 public:
  Finder(const spec::Spec& spec, const spec::Contract& contract)
      : spec_(spec), contract_(contract) {
    recipes_.blank.emplace(spec);
  }

  Recipes find() {
    find_writes();
    for (const spec::Entity& entity : spec_.entities) {
      if (!recipes_.creates.contains(entity.id)) find_by_effect(entity);
    }
    find_writes();
    for (const Endpoint& endpoint : contract_.endpoints) {
      if (recipes_.operations.contains(endpoint.operation_id)) continue;
      if (!makes_row(endpoint) && !is_action(endpoint)) find_plain(endpoint);
      if (!recipes_.operations.contains(endpoint.operation_id)) {
        recipes_.missing.push_back(endpoint.operation_id);
      }
    }
    return std::move(recipes_);
  }

 private:
  // Until nothing new is found: one recipe may be what another one needs.
  void find_writes() {
    for (int round = 0; round < 6; ++round) {
      std::size_t before = known();
      for (const Endpoint& endpoint : contract_.endpoints) {
        if (recipes_.operations.contains(endpoint.operation_id)) continue;
        if (makes_row(endpoint)) find_create(endpoint);
        if (is_action(endpoint)) find_action(endpoint);
      }
      if (known() == before) break;
    }
  }

  // Rows that only an effect makes, such as the entries of a log.
  void find_by_effect(const spec::Entity& entity) {
    const Endpoint* list = nullptr;
    for (const Endpoint& endpoint : contract_.endpoints) {
      bool lists = endpoint.operation && endpoint.operation->kind == OperationKind::kList;
      if (lists && endpoint.entity == entity.id) list = &endpoint;
    }
    if (!list) return;
    for (const spec::Operation& operation : spec_.operations) {
      bool creates = std::any_of(
          operation.effects.begin(), operation.effects.end(), [&](const spec::Effect& effect) {
            return effect.kind == spec::EffectKind::kCreate && effect.target == entity.id;
          });
      if (!creates || operation.on == entity.id || !recipes_.operations.contains(operation.id))
        continue;
      for (const Who& who : candidates(*list)) {
        if (who.kind == Who::Kind::kField || who.kind == Who::Kind::kSelf) continue;
        Recipe recipe{.endpoint = list};
        recipe.who = who;
        recipe.via = operation.id;
        recipes_.creates[entity.id] = recipe;
        World world(spec_, contract_, recipes_);
        if (world.make(entity.id, {}, "", nullptr).ok()) return note_state(entity.id, "");
        recipes_.creates.erase(entity.id);
      }
    }
  }

  std::size_t known() const {
    std::size_t ways = 0;
    for (const auto& [entity, states] : recipes_.ways) ways += states.size();
    return recipes_.operations.size() + ways;
  }

  std::vector<Who> candidates(const Endpoint& endpoint) const {
    std::vector<Who> out;
    if (!contract_.has_actors) return {Who{}};
    std::vector<std::vector<Who>> by_rank(4);
    for (const spec::Permission& permission : spec_.permissions) {
      if (!permission.allow || permission.operation != endpoint.operation_id) continue;
      const spec::Actor* actor = find_actor(spec_, permission.actor);
      std::string entity = actor ? actor->entity : "";
      std::size_t rank = permission.rows ? 2 : entity.empty() ? 0 : 1;
      Who plain{.kind = Who::Kind::kPlain, .role = permission.actor};
      if (entity.empty()) {
        by_rank[rank].push_back(plain);
        continue;
      }
      bool own = endpoint.entity == entity;
      if (has_row(endpoint) && own) {
        by_rank[rank].push_back({Who::Kind::kSelf, permission.actor, "", entity});
      }
      // Where any row will do, somebody who has nothing to do with it shows more.
      if (!own && !permission.rows) {
        by_rank[rank].push_back({Who::Kind::kFresh, permission.actor, "", entity});
      }
      for (const spec::Relation* relation : relations_of(spec_, endpoint.entity)) {
        if (relation->to != entity) continue;
        by_rank[rank].push_back(
            {Who::Kind::kField, permission.actor, relation->role + "_id", entity});
      }
      if (!own && permission.rows)
        by_rank[rank].push_back({Who::Kind::kFresh, permission.actor, "", entity});
      by_rank[3].push_back(plain);
    }
    for (const auto& rank : by_rank) out.insert(out.end(), rank.begin(), rank.end());
    return out;
  }

  static std::vector<std::pair<std::string, Gen>> plain_body(const spec::Spec& spec,
                                                             const Endpoint& endpoint,
                                                             bool everything) {
    std::vector<std::pair<std::string, Gen>> body;
    const spec::Entity* entity = find_entity(spec, endpoint.entity);
    int order = 0;
    for (const Field& field : endpoint.body) {
      if (!field.required && !everything) continue;
      body.emplace_back(field.name, valid_gen(spec, entity, field, order++));
    }
    return body;
  }

  // Rows that guards of the form "exists E where E.a = self.b and ..." ask for.
  void collect_links(const spec::Expr& expr, std::vector<Link>& out) const {
    if ((expr.is_call("exists") || expr.is_call("count")) && expr.args.size() == 2 &&
        recipes_.creates.contains(expr.args[0].text)) {
      Link link{.entity = expr.args[0].text};
      const spec::Expr& filter = expr.args[1];
      for (const spec::Expr& part : filter.is_call("and") ? filter.args : std::vector{filter}) {
        add_condition(part, link);
      }
      if (!link.fields.empty()) out.push_back(std::move(link));
      return;
    }
    for (const spec::Expr& argument : expr.args) collect_links(argument, out);
  }

  void add_condition(const spec::Expr& part, Link& link) const {
    if (!part.is_call("=") || part.args.size() != 2) return;
    const spec::Expr& left = part.args[0].is_call("row") ? part.args[0] : part.args[1];
    const spec::Expr& right = part.args[0].is_call("row") ? part.args[1] : part.args[0];
    if (!left.is_call("row") || left.args.empty()) return;
    const std::string& column = left.args[0].text;
    bool reference = find_relation(spec_, link.entity, column) != nullptr;
    if ((right.is_call("self") || right.is_call("arg")) && reference && !right.args.empty()) {
      const std::string& path = right.args[0].text;
      if (path.find('.') == std::string::npos) {
        link.fields[column + "_id"] = path == "id" ? "id" : path + "_id";
      }
      return;
    }
    const spec::Entity* entity = find_entity(spec_, link.entity);
    bool state = entity && entity->lifecycle && entity->lifecycle->attribute == column;
    if (right.kind == spec::Expr::Kind::kString) {
      auto ways = recipes_.ways.find(link.entity);
      if (!state)
        link.given[column] = Json(right.text);
      else if (ways != recipes_.ways.end() && ways->second.contains(right.text) &&
               !ways->second.at(right.text).empty()) {
        link.state = right.text;
      }
    } else if (right.kind == spec::Expr::Kind::kBool) {
      link.given[column] = Json(right.boolean);
    } else if (right.kind == spec::Expr::Kind::kInt) {
      link.given[column] = Json(right.integer);
    }
  }

  std::vector<Link> links_of(const Endpoint& endpoint) const {
    std::vector<Link> out;
    for (const spec::Guard& guard : endpoint.operation->guards) collect_links(guard.require, out);
    return out;
  }

  // Optional references of the row that can be filled.
  std::map<std::string, std::string> fills_of(const Endpoint& endpoint) const {
    std::map<std::string, std::string> out;
    auto create = recipes_.creates.find(endpoint.entity);
    if (create == recipes_.creates.end()) return out;
    for (const Field& field : create->second.endpoint->body) {
      if (!field.ref.empty() && !field.required && recipes_.creates.contains(field.ref)) {
        out[field.name] = field.ref;
      }
    }
    return out;
  }

  bool references_known(const std::vector<std::pair<std::string, Gen>>& body) const {
    return std::all_of(body.begin(), body.end(), [this](const auto& item) {
      return item.second.kind != Gen::Kind::kRow || recipes_.creates.contains(item.second.entity);
    });
  }

  // Accepted twice in a row: the second time shows that unique values differ.
  bool works_create(const Recipe& recipe) {
    World world(spec_, contract_, recipes_);
    return world.perform(recipe, {}, {}, nullptr).ok() &&
           world.perform(recipe, {}, {}, nullptr).ok();
  }

  template <class Works>
  bool vary_body(Recipe& recipe, const Works& works) {
    struct Change {
      std::string field;
      Gen gen;
    };
    std::vector<Change> changes;
    for (const Field& field : recipe.endpoint->body) {
      auto present = std::find_if(recipe.body.begin(), recipe.body.end(),
                                  [&field](const auto& item) { return item.first == field.name; });
      const spec::Entity* entity = find_entity(spec_, recipe.endpoint->entity);
      if (present == recipe.body.end()) {
        Gen gen = valid_gen(spec_, entity, field, 20);
        if (gen.kind != Gen::Kind::kRow || recipes_.creates.contains(gen.entity)) {
          changes.push_back({field.name, gen});
        }
      }
      for (Gen& gen : other_gens(spec_, field)) {
        if (gen.kind == Gen::Kind::kRow && !recipes_.creates.contains(gen.entity)) continue;
        changes.push_back({field.name, std::move(gen)});
      }
    }
    auto apply = [](Recipe& to, const Change& change) {
      for (auto& [name, gen] : to.body) {
        if (name == change.field) {
          gen = change.gen;
          return;
        }
      }
      to.body.emplace_back(change.field, change.gen);
    };
    for (const Change& change : changes) {
      Recipe trial = recipe;
      apply(trial, change);
      if (works(trial)) {
        recipe = std::move(trial);
        return true;
      }
    }
    Rng rng(7);
    for (int i = 0; i < kRandomTries && changes.size() > 1; ++i) {
      Recipe trial = recipe;
      std::uint64_t count = 2 + rng.below(2);
      for (std::uint64_t k = 0; k < count; ++k) apply(trial, changes[rng.below(changes.size())]);
      if (works(trial)) {
        recipe = std::move(trial);
        return true;
      }
    }
    return false;
  }

  void find_create(const Endpoint& endpoint) {
    for (bool everything : {false, true}) {
      Recipe recipe{.endpoint = &endpoint};
      recipe.body = plain_body(spec_, endpoint, everything);
      if (!references_known(recipe.body)) continue;
      for (const Who& who : candidates(endpoint)) {
        recipe.who = who;
        if (works_create(recipe)) return keep_create(recipe);
        Recipe linked = recipe;
        linked.links = links_of(endpoint);
        if (!linked.links.empty() && works_create(linked)) return keep_create(linked);
      }
    }
    Recipe recipe{.endpoint = &endpoint};
    recipe.body = plain_body(spec_, endpoint, false);
    if (!references_known(recipe.body)) return;
    for (const Who& who : candidates(endpoint)) {
      recipe.who = who;
      if (vary_body(recipe, [this](const Recipe& trial) { return works_create(trial); })) {
        return keep_create(recipe);
      }
    }
  }

  void keep_create(const Recipe& recipe) {
    const Endpoint& endpoint = *recipe.endpoint;
    recipes_.operations[endpoint.operation_id] = recipe;
    // The plain create makes the rows of the factory; an action that creates is used without one.
    bool plain = endpoint.operation && endpoint.operation->kind == OperationKind::kCreate;
    if (plain || !recipes_.creates.contains(endpoint.entity)) {
      recipes_.creates[endpoint.entity] = recipe;
    }
    note_state(endpoint.entity, "");
  }

  // Which state the row is in after `operation` ("": made new).
  void note_state(const std::string& entity, const std::string& operation) {
    const spec::Entity* found = find_entity(spec_, entity);
    if (!found || !found->lifecycle) return;
    World world(spec_, contract_, recipes_);
    Answer answer;
    if (operation.empty()) {
      answer = world.make(entity, {}, "", nullptr);
    } else {
      const Recipe& recipe = recipes_.operations.at(operation);
      std::int64_t row = 0;
      answer = world.ready(recipe, {}, &row);
      if (answer.ok()) answer = world.perform(recipe, {}, row, nullptr);
    }
    std::string state = json::get_string(answer.body, found->lifecycle->attribute);
    if (answer.ok() && !state.empty()) recipes_.ways[entity].try_emplace(state, operation);
  }

  bool works_action(const Recipe& recipe) {
    World world(spec_, contract_, recipes_);
    std::int64_t row = 0;
    if (!world.ready(recipe, {}, &row).ok()) return false;
    return world.perform(recipe, {}, row, nullptr).ok();
  }

  std::vector<std::string> states_for(const Endpoint& endpoint) const {
    std::vector<std::string> out;
    const spec::Entity* entity = find_entity(spec_, endpoint.entity);
    if (!entity || !entity->lifecycle) return {""};
    auto ways = recipes_.ways.find(endpoint.entity);
    auto add = [&](const std::string& state) {
      if (ways == recipes_.ways.end()) return;
      auto way = ways->second.find(state);
      if (way == ways->second.end()) return;
      std::string name = way->second.empty() ? "" : state;
      if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
    };
    for (const spec::Transition& edge : entity->lifecycle->transitions) {
      if (edge.by == endpoint.operation_id) add(edge.from);
    }
    bool has_edge =
        std::any_of(entity->lifecycle->transitions.begin(), entity->lifecycle->transitions.end(),
                    [&endpoint](const auto& edge) { return edge.by == endpoint.operation_id; });
    if (!has_edge) {
      out.emplace_back("");
      for (const std::string& state : entity->lifecycle->states) add(state);
    }
    return out;
  }

  std::vector<Prep> preps_for(const Endpoint& endpoint) const {
    std::vector<Prep> out;
    for (const spec::Relation& relation : spec_.relations) {
      if (relation.to != endpoint.entity || !recipes_.creates.contains(relation.from)) continue;
      out.push_back(
          {.kind = Prep::Kind::kChild, .name = relation.from, .field = relation.role + "_id"});
    }
    for (const Endpoint& other : contract_.endpoints) {
      if (other.entity == endpoint.entity && is_action(other) &&
          other.operation_id != endpoint.operation_id &&
          recipes_.operations.contains(other.operation_id)) {
        out.push_back({.kind = Prep::Kind::kAct, .name = other.operation_id, .field = {}});
      }
    }
    for (std::int64_t seconds : {kDay, 2 * kDay, 8 * kDay, 15 * kDay, 31 * kDay, 3600L}) {
      Prep prep{.kind = Prep::Kind::kClock};
      prep.seconds = seconds;
      out.push_back(prep);
    }
    return out;
  }

  bool try_action(Recipe& recipe) {
    std::vector<Prep> preps = preps_for(*recipe.endpoint);
    std::vector<std::vector<Prep>> ways = {{}};
    for (const Prep& prep : preps) ways.push_back({prep});
    for (const Prep& first : preps) {
      for (const Prep& second : preps) ways.push_back({first, second});
    }
    for (const auto& way : ways) {
      recipe.prep = way;
      if (works_action(recipe)) return true;
    }
    recipe.prep.clear();
    auto works = [this](const Recipe& trial) { return works_action(trial); };
    if (vary_body(recipe, works)) return true;
    return vary_row(recipe);
  }

  // Other fields of the row itself.
  bool vary_row(Recipe& recipe) {
    auto create = recipes_.creates.find(recipe.endpoint->entity);
    if (create == recipes_.creates.end()) return false;
    for (const Field& field : create->second.endpoint->body) {
      if (!field.ref.empty()) continue;
      for (const Gen& gen : other_gens(spec_, field)) {
        recipe.given = {{field.name, gen.value}};
        if (works_action(recipe)) return true;
      }
    }
    recipe.given.clear();
    return false;
  }

  void find_action(const Endpoint& endpoint) {
    if (has_row(endpoint) && !recipes_.creates.contains(endpoint.entity)) return;
    Recipe recipe{.endpoint = &endpoint};
    recipe.body = plain_body(spec_, endpoint, false);
    if (!references_known(recipe.body)) return;
    std::vector<Who> actors = candidates(endpoint);
    std::vector<std::string> states = states_for(endpoint);
    std::map<std::string, std::string> fills = fills_of(endpoint);
    std::vector<Link> links = links_of(endpoint);
    auto each = [&](auto&& attempt) {
      for (bool filled : {false, true}) {
        for (bool linked : {false, true}) {
          if ((filled && fills.empty()) || (linked && links.empty())) continue;
          recipe.fill = filled ? fills : std::map<std::string, std::string>{};
          recipe.links = linked ? links : std::vector<Link>{};
          for (const std::string& state : states) {
            for (const Who& who : actors) {
              recipe.state = state;
              recipe.who = who;
              if (attempt()) return true;
            }
          }
        }
      }
      return false;
    };
    if (each([&] { return works_action(recipe); }) || each([&] { return try_action(recipe); })) {
      recipes_.operations[endpoint.operation_id] = recipe;
      note_state(endpoint.entity, endpoint.operation_id);
    }
  }

  // Reads, lists, updates, deletes, reports, bulk operations: only who and, for updates, a field.
  void find_plain(const Endpoint& endpoint) {
    Recipe recipe{.endpoint = &endpoint};
    bool row = has_row(endpoint);
    if (row && !recipes_.creates.contains(endpoint.entity)) return;
    std::vector<std::vector<std::pair<std::string, Gen>>> bodies = {{}};
    const spec::Entity* entity = find_entity(spec_, endpoint.entity);
    int order = 0;
    for (const Field& field : endpoint.body) {
      Gen gen = valid_gen(spec_, entity, field, order++);
      if (gen.kind == Gen::Kind::kRow && !recipes_.creates.contains(gen.entity)) continue;
      bodies.push_back({{field.name, gen}});
    }
    if (bodies.size() > 1) std::rotate(bodies.begin(), bodies.begin() + 1, bodies.end());
    for (const auto& body : bodies) {
      recipe.body = body;
      for (const Who& who : candidates(endpoint)) {
        recipe.who = who;
        bool ok = row ? works_action(recipe) : works_rowless(recipe);
        if (!ok) continue;
        recipes_.operations[endpoint.operation_id] = recipe;
        return;
      }
    }
  }

  bool works_rowless(const Recipe& recipe) {
    World world(spec_, contract_, recipes_);
    return world.perform(recipe, {}, {}, nullptr).ok();
  }

  const spec::Spec& spec_;
  const spec::Contract& contract_;
  Recipes recipes_;
};

}  // namespace

bool has_row(const Endpoint& endpoint) { return !endpoint.id_parameter.empty(); }

bool makes_row(const Endpoint& endpoint) { return endpoint.operation && endpoint.success == 201; }

bool is_action(const Endpoint& endpoint) {
  return endpoint.operation && endpoint.method == "POST" && endpoint.success == 200 &&
         has_row(endpoint);
}

Recipes find_recipes(const spec::Spec& spec, const spec::Contract& contract) {
  return Finder(spec, contract).find();
}

}  // namespace cadre::offline::qa
