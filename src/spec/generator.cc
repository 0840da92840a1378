#include "spec/generator.h"

#include <algorithm>

#include "spec/scenario.h"

namespace cadre::spec {
namespace {

using Kind = OperationKind;

constexpr std::int64_t kStart = 1'767'258'000;  // 2026-01-01T09:00:00Z
constexpr std::int64_t kEnd = 4'102'444'800;    // 2100; time goes round before dates run out
constexpr int kPlanEvery = 40;                  // requests between two searches
constexpr int kMostSearches = 3;                // for one thing
constexpr int kTries = 12;
constexpr int kTriesPerEndpoint = 4;

const Lifecycle* lifecycle_of(const Spec& spec, const Operation& operation) {
  const Entity* entity = find_entity(spec, operation.on);
  if (entity == nullptr || !entity->lifecycle) return nullptr;
  const auto& edges = entity->lifecycle->transitions;
  const bool concerned = std::any_of(edges.begin(), edges.end(), [&](const Transition& edge) {
    return edge.by == operation.id;
  });
  return concerned ? &*entity->lifecycle : nullptr;
}

// True when the operation brings rows into a state that no other operation leaves.
bool ends_lives(const Spec& spec, const Operation& operation) {
  const Lifecycle* cycle = lifecycle_of(spec, operation);
  if (cycle == nullptr) return false;
  const auto& edges = cycle->transitions;
  return std::all_of(edges.begin(), edges.end(), [&](const Transition& edge) {
    return edge.by != operation.id ||
           std::none_of(edges.begin(), edges.end(),
                        [&](const auto& next) { return next.from == edge.to; });
  });
}

// "approve_task: in_review", or empty when the operation is no transition of an existing row.
std::string transition_key(const Interpreter& world, const Request& request) {
  const Operation* operation = find_operation(world.spec(), request.operation);
  const Lifecycle* cycle = operation == nullptr ? nullptr : lifecycle_of(world.spec(), *operation);
  if (cycle == nullptr || request.row.empty() || request.row.size() > 9) return {};
  const auto id = std::strtoll(request.row.c_str(), nullptr, 10);
  const Json row = world.row_json(operation->on, id, request.now);
  const std::string state = json::get_string(row, cycle->attribute);
  return state.empty() ? "" : request.operation + ": " + state;
}

// A report that groups by what a service draws at random cannot be predicted.
bool is_unpredictable(const Spec& spec, const Endpoint& endpoint) {
  const Entity* entity = find_entity(spec, endpoint.entity);
  if (endpoint.query == nullptr || entity == nullptr) return false;
  const auto& groups = endpoint.query->group_by;
  return std::any_of(groups.begin(), groups.end(), [&](const std::string& group) {
    const Attribute* attribute = find_path(spec, *entity, group);
    return attribute != nullptr && attribute->generated == "uuid";
  });
}

Json tally_json(const std::map<std::string, Tally>& tallies) {
  JsonObject out;
  for (const auto& [name, tally] : tallies) {
    out[name] = JsonObject{{"passed", tally.passed}, {"refused", tally.refused}};
  }
  return out;
}

}  // namespace

Json Coverage::to_json() const {
  JsonObject codes;
  for (const auto& [code, count] : refusals) codes[code] = count;
  return JsonObject{{"requests", requests},
                    {"successes", successes},
                    {"operations", tally_json(operations)},
                    {"guards", tally_json(guards)},
                    {"transitions", tally_json(transitions)},
                    {"refusals", std::move(codes)}};
}

OperationGenerator::OperationGenerator(const Spec& spec, const Contract& contract,
                                       std::uint64_t seed)
    : spec_(spec), contract_(contract), factory_(spec, seed), now_(kStart) {
  for (const Endpoint& endpoint : contract.endpoints) {
    coverage_.operations[endpoint.operation_id];
    if (endpoint.operation == nullptr) continue;
    for (const Guard& guard : endpoint.operation->guards) {
      coverage_.guards[endpoint.operation_id + "/" + guard.id];
    }
    if (const Lifecycle* cycle = lifecycle_of(spec, *endpoint.operation)) {
      for (const std::string& state : cycle->states) {
        coverage_.transitions[endpoint.operation_id + ": " + state];
      }
    }
  }
}

int OperationGenerator::weight_of(const Interpreter& world, const Endpoint& endpoint) const {
  const Tally& tally = coverage_.operations.at(endpoint.operation_id);
  if (tally.passed == 0 && tally.refused > 12) return 1;
  if (endpoint.operation == nullptr) return is_unpredictable(spec_, endpoint) ? 0 : 3;
  const std::size_t rows = world.ids(endpoint.entity).size();
  switch (endpoint.operation->kind) {
    case Kind::kCreate: return rows < 2 ? 40 : rows < 6 ? 12 : rows < 30 ? 6 : 1;
    case Kind::kEventCreate: return rows < 4 ? 30 : rows < 60 ? 16 : 2;
    case Kind::kRead: return rows == 0 ? 1 : 3;
    case Kind::kList: return 4;
    case Kind::kUpdate: return rows == 0 ? 1 : is_standard(*endpoint.operation) ? 8 : 14;
    case Kind::kDelete: return rows < 8 ? 1 : 4;
    case Kind::kBulk:
    case Kind::kScheduled: return 4;
    default: return rows == 0 ? 1 : ends_lives(spec_, *endpoint.operation) ? 5 : 18;
  }
}

const Endpoint& OperationGenerator::choose_endpoint(const Interpreter& world) {
  std::vector<int> weights;
  int total = 0;
  for (const Endpoint& endpoint : contract_.endpoints) {
    weights.push_back(weight_of(world, endpoint));
    total += weights.back();
  }
  auto dice = static_cast<int>(factory_.rng().below(static_cast<std::uint64_t>(total)));
  std::size_t index = 0;
  while (dice >= weights[index]) dice -= weights[index++];
  return contract_.endpoints[index];
}

// 2: something never seen before; 1: a refusal by a rule; 0: nothing of interest.
int OperationGenerator::novelty(const Interpreter& world, const Request& request,
                                const Response& response) const {
  if (response.ok()) {
    return coverage_.operations.at(request.operation).passed == 0 ? 2 : 0;
  }
  if (!response.rule.empty()) {
    return coverage_.guards.at(request.operation + "/" + response.rule).refused == 0 ? 2 : 1;
  }
  if (response.code == "invalid_transition") {
    const auto it = coverage_.transitions.find(transition_key(world, request));
    return it != coverage_.transitions.end() && it->second.refused == 0 ? 2 : 1;
  }
  const auto seen = coverage_.refusals.find(response.code);
  if (seen == coverage_.refusals.end()) return 2;
  return response.code == "invalid" || response.code == "not_found" ? 0 : 1;
}

// An operation that has not gone the wanted way often yet.
const Endpoint& OperationGenerator::choose_hungry(const Interpreter& world, bool want_success) {
  const Endpoint* best = nullptr;
  int least = 0;
  for (int i = 0; i < 4; ++i) {
    const auto& endpoints = contract_.endpoints;
    const Endpoint& endpoint = endpoints[factory_.rng().below(endpoints.size())];
    if (is_unpredictable(spec_, endpoint)) continue;
    const Tally& tally_here = coverage_.operations.at(endpoint.operation_id);
    // What has only ever been refused may be impossible.
    if (want_success && tally_here.passed == 0 && tally_here.refused > 12) continue;
    int seen = tally_here.passed;
    if (!want_success) {
      seen = 1000;  // without rules of its own it can only be refused in ordinary ways
      for (const auto& [name, tally] : coverage_.guards) {
        if (name.starts_with(endpoint.operation_id + "/")) seen = std::min(seen, tally.refused);
      }
    }
    if (best == nullptr || seen < least) {
      best = &endpoint;
      least = seen;
    }
  }
  return best != nullptr && least < 4 ? *best : choose_endpoint(world);
}

// Looks for the way to a refusal by a guard, or to the success of an operation, not seen so far.
void OperationGenerator::plan(const Interpreter& world) {
  std::vector<Goal> open;
  for (const Endpoint& endpoint : contract_.endpoints) {
    if (endpoint.operation == nullptr) continue;
    Goal goal;
    goal.operation = endpoint.operation_id;
    const auto add_open = [&] {
      if (in_vain_[goal.operation + "/" + goal.rule] < kMostSearches) open.push_back(goal);
    };
    if (coverage_.operations.at(goal.operation).passed == 0) add_open();
    for (const Guard& guard : endpoint.operation->guards) {
      if (coverage_.guards.at(goal.operation + "/" + guard.id).refused > 0) continue;
      goal.code = guard.error;
      goal.rule = guard.id;
      add_open();
    }
  }
  if (open.empty()) return;
  Budget budget;
  budget.requests = 3000;
  budget.seed = factory_.rng().next();
  const Goal& goal = open[factory_.rng().below(open.size())];
  const auto story = search_refusal(world, goal, now_, budget);
  if (story.empty()) ++in_vain_[goal.operation + "/" + goal.rule];
  planned_.assign(story.begin(), story.end());
}

Request OperationGenerator::next(const Interpreter& world) {
  if (planned_.empty() && coverage_.requests % kPlanEvery == kPlanEvery - 1) plan(world);
  Request request;
  Response predicted;
  if (planned_.empty()) {
    request = improvise(world, predicted);
  } else {
    request = std::move(planned_.front());
    planned_.pop_front();
    now_ = std::max(now_, request.now);
    Interpreter probe = world;
    predicted = probe.handle(request);
  }
  record(world, request, predicted);
  return request;
}

Request OperationGenerator::improvise(const Interpreter& world, Response& predicted) {
  now_ += factory_.time_step();
  if (now_ > kEnd) now_ = kStart;
  const bool want_success = factory_.chance(72);
  const bool spoil = !want_success && factory_.chance(50);
  Request best;
  int best_score = -1;
  const Endpoint* endpoint = nullptr;
  for (int attempt = 0; attempt < kTries && best_score < 2; ++attempt) {
    if (attempt % kTriesPerEndpoint == 0) {
      endpoint = !spoil && factory_.chance(50) ? &choose_hungry(world, want_success)
                                               : &choose_endpoint(world);
    }
    RequestFactory::Choice choice;
    choice.focused = factory_.chance(40);
    Request request = spoil ? factory_.spoiled(world, *endpoint, now_)
                            : factory_.valid(world, *endpoint, now_, choice);
    Interpreter probe = world;
    Response response = probe.handle(request);
    int score = response.ok() == want_success ? 1 : 0;
    if (want_success && response.ok()) score = 2;
    if (!want_success && !response.ok()) score = novelty(world, request, response);
    if (score > best_score) {
      best_score = score;
      best = std::move(request);
      predicted = std::move(response);
    }
    if (spoil && attempt >= 1) break;
  }
  return best;
}

void OperationGenerator::record(const Interpreter& world, const Request& request,
                                const Response& response) {
  ++coverage_.requests;
  Tally& operation = coverage_.operations[request.operation];
  if (response.ok()) {
    ++coverage_.successes;
    ++operation.passed;
  } else {
    ++operation.refused;
    ++coverage_.refusals[response.code];
  }
  const Operation* described = find_operation(spec_, request.operation);
  if (described != nullptr) {
    // Guards before the one that refused have passed; after it nothing is known.
    for (const Guard& guard : described->guards) {
      Tally& tally = coverage_.guards[request.operation + "/" + guard.id];
      if (response.rule == guard.id) {
        ++tally.refused;
        break;
      }
      if (response.ok() || !response.rule.empty()) ++tally.passed;
    }
  }
  const std::string key = transition_key(world, request);
  if (key.empty()) return;
  if (response.ok()) ++coverage_.transitions[key].passed;
  if (response.code == "invalid_transition") ++coverage_.transitions[key].refused;
}

}  // namespace cadre::spec
