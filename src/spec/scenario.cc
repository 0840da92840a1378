#include "spec/scenario.h"

#include <algorithm>
#include <set>

#include "spec/request_factory.h"
#include "spec/scenario_shrink.h"

namespace cadre::spec {
namespace {

using Kind = OperationKind;

constexpr std::int64_t kStart = 1'767'258'000;  // 2026-01-01T09:00:00Z
constexpr int kLongestStory = 40;

void collect_entities(const Expr& expr, std::set<std::string>& out) {
  const bool aggregate = expr.text == "count" || expr.text == "exists" || expr.text == "sum" ||
                         expr.text == "avg";
  if (expr.kind == Expr::Kind::kCall && aggregate && !expr.args.empty()) {
    out.insert(expr.args[0].text);
  }
  for (const Expr& arg : expr.args) collect_entities(arg, out);
}

// The operations on the ways from the initial state to where the goal's operation may act; empty
// when it is no transition, or when any state will do.
std::set<std::string> operations_on_the_way(const Spec& spec, const Goal& goal) {
  std::set<std::string> out;
  const Operation* operation = find_operation(spec, goal.operation);
  const Entity* entity = operation == nullptr ? nullptr : find_entity(spec, operation->on);
  if (entity == nullptr || !entity->lifecycle || goal.code == "invalid_transition") return out;
  const auto& edges = entity->lifecycle->transitions;
  std::set<std::string> wanted;
  for (const Transition& edge : edges) {
    if (edge.by == goal.operation) wanted.insert(edge.from);
  }
  while (!wanted.empty() && !wanted.contains(entity->lifecycle->initial)) {
    std::set<std::string> before = wanted;
    for (const Transition& edge : edges) {
      if (!wanted.contains(edge.to)) continue;
      before.insert(edge.from);
      if (edge.from != edge.to && !wanted.contains(edge.from)) out.insert(edge.by);
    }
    if (before == wanted) break;
    wanted = std::move(before);
  }
  return out;
}

// Which entities' rows can matter for the goal: the operation's own, those that its rule counts,
// and all that these refer to.
std::set<std::string> concerned_entities(const Spec& spec, const Goal& goal) {
  std::set<std::string> out;
  const Operation* operation = find_operation(spec, goal.operation);
  if (operation == nullptr) return out;
  out.insert(operation->on);
  for (const Input& input : operation->inputs) {
    if (!input.ref.empty()) out.insert(input.ref);
  }
  for (const Guard& guard : operation->guards) collect_entities(guard.require, out);
  for (const std::string& step : operations_on_the_way(spec, goal)) {
    for (const Guard& guard : find_operation(spec, step)->guards) {
      collect_entities(guard.require, out);
    }
  }
  if (goal.code == "referenced") {
    for (const Relation& relation : spec.relations) {
      if (relation.to == operation->on) out.insert(relation.from);
    }
  }
  for (const Permission& permission : spec.permissions) {
    if (permission.operation == goal.operation && permission.rows) {
      collect_entities(*permission.rows, out);
    }
  }
  for (std::size_t before = 0; before != out.size();) {
    before = out.size();
    for (const Relation& relation : spec.relations) {
      if (out.contains(relation.from) && relation.cardinality != Cardinality::kManyToMany) {
        out.insert(relation.to);
      }
    }
  }
  return out;
}

// One random story after the other until one ends in the goal.
class Search {
 public:
  Search(const Interpreter& start, const Goal& goal, std::int64_t now, Budget& budget)
      : start_(start), goal_(goal), now_(now), budget_(budget),
        factory_(start.spec(), budget.seed * 7919 + 17) {
    target_ = find_endpoint(start.contract(), goal.operation);
    const auto concerned = concerned_entities(start.spec(), goal);
    const auto on_the_way = operations_on_the_way(start.spec(), goal);
    for (const Endpoint& endpoint : start.contract().endpoints) {
      if (endpoint.operation == nullptr || !concerned.contains(endpoint.entity)) continue;
      switch (endpoint.operation->kind) {
        case Kind::kRead: case Kind::kList: case Kind::kDelete: break;
        case Kind::kCreate:
        case Kind::kEventCreate:
          makers_.push_back(&endpoint);
          break;
        default:
          movers_.push_back(&endpoint);
          if (on_the_way.contains(endpoint.operation_id)) leaders_.push_back(&endpoint);
      }
    }
  }

  std::vector<Request> run() {
    while (target_ != nullptr && budget_.requests > 0) {
      std::vector<Request> story = tell();
      if (!story.empty()) return story;
    }
    return {};
  }

 private:
  // A story that reaches the goal, or nothing.
  std::vector<Request> tell() {
    Interpreter world = start_;
    std::vector<Request> story;
    std::int64_t now = now_;
    const int greed = factory_.chance(30) ? 5 : 30 + static_cast<int>(factory_.rng().below(50));
    const bool focused = factory_.chance(80);
    const bool moving = factory_.chance(30) && !budget_.clock_stands;
    taste_ = factory_.rng().next() | 1U;
    for (int step = 0; step < kLongestStory && budget_.requests > 0; ++step) {
      if (moving && factory_.chance(30)) now += factory_.time_step();
      if (missing(world) == nullptr && attempt_goal(world, story, now, focused)) return story;
      const Endpoint* next = missing(world);
      if (next == nullptr) next = factory_.chance(greed) ? target_ : other();
      if (next != nullptr) advance(world, story, *next, now, focused);
    }
    return {};
  }

  // The maker of an entity that has no row yet and is needed, prerequisites first.
  const Endpoint* missing(const Interpreter& world) const {
    for (const Endpoint* maker : makers_) {
      if (!world.ids(maker->entity).empty() || maker == target_) continue;
      const bool possible = std::all_of(
          maker->body.begin(), maker->body.end(), [&](const Field& field) {
            return field.ref.empty() || !field.required || !world.ids(field.ref).empty();
          });
      if (possible) return maker;
    }
    return nullptr;
  }

  const Endpoint* other() {
    if (!leaders_.empty() && factory_.chance(60)) {
      return leaders_[factory_.rng().below(leaders_.size())];
    }
    const bool move = !movers_.empty() && (makers_.empty() || factory_.chance(45));
    const auto& choices = move ? movers_ : makers_;
    return choices.empty() ? nullptr : choices[factory_.rng().below(choices.size())];
  }

  bool reached(const Response& response) const {
    if (goal_.code.empty()) return response.ok();
    return !response.ok() && response.code == goal_.code && response.rule == goal_.rule &&
           (goal_.field.empty() || response.field == goal_.field);
  }

  bool attempt_goal(const Interpreter& world, std::vector<Request>& story, std::int64_t now,
                    bool focused) {
    for (int attempt = 0; attempt < 3 && budget_.requests > 0; ++attempt) {
      RequestFactory::Choice choice;
      choice.focused = focused && factory_.chance(80);
      choice.role = goal_.role;
      choice.taste = taste_;
      Request request = factory_.valid(world, *target_, now, choice);
      Interpreter probe = world;
      --budget_.requests;
      if (!reached(probe.handle(request))) continue;
      story.push_back(std::move(request));
      return true;
    }
    return false;
  }

  void advance(Interpreter& world, std::vector<Request>& story, const Endpoint& endpoint,
               std::int64_t now, bool focused) {
    for (int attempt = 0; attempt < 4 && budget_.requests > 0; ++attempt) {
      RequestFactory::Choice choice;
      choice.focused = focused;
      choice.taste = taste_;
      Request request = factory_.valid(world, endpoint, now, choice);
      --budget_.requests;
      if (!world.handle(request).ok()) continue;
      story.push_back(std::move(request));
      return;
    }
  }

  const Interpreter& start_;
  const Goal& goal_;
  std::int64_t now_;
  Budget& budget_;
  RequestFactory factory_;
  std::uint64_t taste_ = 1;
  const Endpoint* target_ = nullptr;
  std::vector<const Endpoint*> makers_;  // creates of concerned entities
  std::vector<const Endpoint*> movers_;  // what else changes their rows
  std::vector<const Endpoint*> leaders_; // those that bring a row to where the goal can act
};

}  // namespace

std::vector<Request> search_refusal(const Interpreter& start, const Goal& goal, std::int64_t now,
                                    Budget& budget) {
  return Search(start, goal, now, budget).run();
}

std::optional<Scenario> find_refusal(const Spec& spec, const Goal& goal, const Budget& budget) {
  const Interpreter empty(spec);
  Budget left = budget;
  std::vector<Request> story = search_refusal(empty, goal, kStart, left);
  if (story.empty()) return std::nullopt;
  story = shrink(empty, goal, std::move(story), left);
  Scenario scenario;
  scenario.steps = replay(empty, story);
  scenario.twin = replay(empty, find_twin(empty, story, left));
  return scenario;
}

std::optional<Scenario> find_refusal(const Spec& spec, const std::string& guard,
                                     const std::string& operation, const Budget& budget) {
  for (const Operation& candidate : spec.operations) {
    if (!operation.empty() && candidate.id != operation) continue;
    for (const Guard& known : candidate.guards) {
      if (known.id != guard) continue;
      Goal goal;
      goal.operation = candidate.id;
      goal.code = known.error;
      goal.rule = known.id;
      return find_refusal(spec, goal, budget);
    }
  }
  return std::nullopt;
}

std::vector<Goal> goals_of(const Spec& spec) {
  std::vector<Goal> goals;
  const Contract contract = derive_contract(spec);
  for (const Endpoint& endpoint : contract.endpoints) {
    if (endpoint.operation == nullptr) continue;
    for (const ErrorCase& error : endpoint.errors) {
      static const std::set<std::string> kOrdinary{"invalid_json", "unauthorized", "invalid",
                                                   "not_found", "unknown_reference", "forbidden"};
      if (error.rule.empty() && kOrdinary.contains(error.code)) continue;
      Goal goal;
      goal.operation = endpoint.operation_id;
      goal.code = error.code;
      goal.rule = error.rule;
      goals.push_back(std::move(goal));
    }
    for (const Permission& permission : spec.permissions) {
      if (permission.operation != endpoint.operation_id || !permission.rows) continue;
      Goal goal;
      goal.operation = endpoint.operation_id;
      goal.code = "forbidden";
      goal.role = permission.actor;
      if (endpoint.operation->kind != Kind::kList) goals.push_back(std::move(goal));
    }
  }
  return goals;
}

}  // namespace cadre::spec
