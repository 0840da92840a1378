#include "spec/scenario_shrink.h"

#include <algorithm>

#include "spec/request_factory.h"
#include "spec/value.h"

namespace cadre::spec {
namespace {

bool all_succeed(const Interpreter& start, const std::vector<Request>& story, Budget& budget) {
  Interpreter world = start;
  return std::all_of(story.begin(), story.end(), [&](const Request& request) {
    return --budget.requests > 0 && world.handle(request).ok();
  });
}

// The entity whose row the request makes, or empty.
std::string maker_of(const Contract& contract, const Request& request) {
  const Endpoint* endpoint = find_endpoint(contract, request.operation);
  if (endpoint == nullptr || endpoint->operation == nullptr) return {};
  const OperationKind kind = endpoint->operation->kind;
  const bool makes = kind == OperationKind::kCreate || kind == OperationKind::kEventCreate;
  return makes ? endpoint->entity : std::string();
}

std::int64_t lowered(std::int64_t id, std::int64_t dropped) { return id > dropped ? id - 1 : id; }

// Without the row `dropped` of the entity, later rows are numbered one lower. False when the
// request needs that very row.
bool renumber(const Contract& contract, const Spec& spec, const std::string& entity,
              std::int64_t dropped, Request& request) {
  const Endpoint* endpoint = find_endpoint(contract, request.operation);
  if (endpoint->entity == entity && !request.row.empty()) {
    const std::int64_t id = std::strtoll(request.row.c_str(), nullptr, 10);
    if (id == dropped) return false;
    request.row = std::to_string(lowered(id, dropped));
  }
  const Actor* actor = find_actor(spec, request.role);
  if (actor != nullptr && actor->entity == entity && request.record) {
    request.record = lowered(*request.record, dropped);
  }
  if (!request.body || !request.body->is_object()) return true;
  for (const Field& field : endpoint->body) {
    if (field.ref != entity) continue;
    JsonObject& body = request.body->get_object();
    const auto it = body.find(field.name);
    if (it == body.end() || !it->value().is_int64()) continue;
    if (it->value().get_int64() == dropped) return false;
    it->value() = lowered(it->value().get_int64(), dropped);
  }
  return true;
}

// The story without one step; empty when later steps need the row that it makes.
std::vector<Request> without(const Interpreter& start, const std::vector<Request>& story,
                             std::size_t index) {
  std::vector<Request> shorter = story;
  shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(index));
  const Contract& contract = start.contract();
  const std::string entity = maker_of(contract, story[index]);
  if (entity.empty()) return shorter;
  const std::vector<std::int64_t> ids = start.ids(entity);
  std::int64_t made = ids.empty() ? 1 : ids.back() + 1;
  for (std::size_t i = 0; i < index; ++i) {
    if (maker_of(contract, story[i]) == entity) ++made;
  }
  for (std::size_t i = index; i < shorter.size(); ++i) {
    if (!renumber(contract, start.spec(), entity, made, shorter[i])) return {};
  }
  return shorter;
}

bool drop_steps(const Interpreter& start, const Goal& goal, std::vector<Request>& story,
                Budget& budget) {
  bool dropped = false;
  for (std::size_t i = story.size() - 1; i-- > 0 && budget.requests > 0;) {
    std::vector<Request> shorter = without(start, story, i);
    if (shorter.empty() || !ends_in(start, goal, shorter, budget)) continue;
    story = std::move(shorter);
    dropped = true;
  }
  return dropped;
}

// Two steps that undo each other, such as a borrow and its return, can only go together.
bool drop_pairs(const Interpreter& start, const Goal& goal, std::vector<Request>& story,
                Budget& budget) {
  for (std::size_t i = story.size() - 1; i-- > 1;) {
    const std::vector<Request> shorter = without(start, story, i);
    if (shorter.empty()) continue;
    for (std::size_t k = i; k-- > 0 && budget.requests > 0;) {
      std::vector<Request> both = without(start, shorter, k);
      if (both.empty() || !ends_in(start, goal, both, budget)) continue;
      story = std::move(both);
      return true;
    }
  }
  return false;
}

// One row in the place of two: references go to the first row where that is enough.
bool unify_references(const Interpreter& start, const Goal& goal, std::vector<Request>& story,
                      Budget& budget) {
  bool changed = false;
  for (std::size_t i = 0; i < story.size(); ++i) {
    const Endpoint* endpoint = find_endpoint(start.contract(), story[i].operation);
    for (const Field& field : endpoint->body) {
      const Json* value = story[i].body ? json::find(*story[i].body, field.name) : nullptr;
      if (field.ref.empty() || value == nullptr || !value->is_int64()) continue;
      const std::int64_t id = value->get_int64();
      for (std::int64_t lower = 1; lower < std::min<std::int64_t>(id, 3); ++lower) {
        if (budget.requests <= 0) return changed;
        std::vector<Request> other = story;
        other[i].body->get_object()[field.name] = lower;
        if (!ends_in(start, goal, other, budget)) continue;
        story = std::move(other);
        changed = true;
        break;
      }
    }
  }
  return changed;
}

void drop_fields(const Interpreter& start, const Goal& goal, std::vector<Request>& story,
                 Budget& budget) {
  for (std::size_t i = 0; i < story.size(); ++i) {
    if (!story[i].body || !story[i].body->is_object()) continue;
    std::vector<std::string> names;
    for (const auto& member : story[i].body->get_object()) {
      names.emplace_back(member.key().data(), member.key().size());
    }
    for (const std::string& name : names) {
      if (budget.requests <= 0) return;
      const Request before = story[i];
      story[i].body->get_object().erase(name);
      if (!ends_in(start, goal, story, budget)) story[i] = before;
    }
  }
}

// Everything at one instant where that is enough.
void stop_time(const Interpreter& start, const Goal& goal, std::vector<Request>& story,
               Budget& budget) {
  for (std::size_t i = 1; i < story.size() && budget.requests > 0; ++i) {
    std::vector<Request> still = story;
    const std::int64_t skip = still[i].now - still[i - 1].now;
    if (skip == 0) continue;
    for (std::size_t k = i; k < still.size(); ++k) still[k].now -= skip;
    if (ends_in(start, goal, still, budget)) story = std::move(still);
  }
}

// The neighbours of a body's value: one less, one more; a day or a minute earlier and later.
std::vector<Json> neighbours(const Json& value, const Field& field, std::int64_t now) {
  std::vector<Json> out;
  if (!field.ref.empty()) {
    if (!value.is_int64()) return out;
    out.emplace_back(value.get_int64() + 1);
    if (value.get_int64() > 1) out.emplace_back(value.get_int64() - 1);
    return out;
  }
  if (value.is_bool()) return {Json(!value.get_bool())};
  if (value.is_int64()) return {Json(value.get_int64() - 1), Json(value.get_int64() + 1)};
  if (!value.is_string()) return out;
  const std::string_view text = json::as_view(value.get_string());
  const int scale = field.attribute != nullptr ? scale_of(*field.attribute) : 2;
  const auto read = parse_json(value, field.type, scale);
  if (!read) return out;
  const auto limit = [&](const std::optional<Expr>& bound) {
    if (bound) out.emplace_back(format_decimal(literal_value(*bound), scale));
  };
  switch (field.type) {
    case Type::kDecimal: case Type::kMoney: {
      Value step = Value::of_decimal(1, scale);
      if (field.attribute != nullptr && field.attribute->step) {
        step = parse_decimal(std::to_string(*field.attribute->step)).value_or(step);
      }
      out.emplace_back(format_decimal(subtract(*read, step), scale));
      out.emplace_back(format_decimal(add(*read, step), scale));
      if (field.attribute != nullptr) {
        limit(field.attribute->min);
        limit(field.attribute->max);
      }
      return out;
    }
    case Type::kDate:
      return {Json(format_date(read->number - 1)), Json(format_date(read->number + 1)),
              Json(format_date(date_of(now))), Json(format_date(date_of(now) - 1)),
              Json(format_date(date_of(now) + 1))};
    case Type::kDatetime:
      for (const std::int64_t by : {-1, 1, -60, 60, -3600, 3600, -86'400, 86'400}) {
        out.emplace_back(format_datetime(read->number + by));
      }
      for (const std::int64_t by : {0, 1, -1}) out.emplace_back(format_datetime(now + by));
      return out;
    case Type::kTime:
      if (read->number > 0) out.emplace_back(format_time(read->number - 1));
      if (read->number < 1439) out.emplace_back(format_time(read->number + 1));
      return out;
    case Type::kEnum:
      for (const std::string& other : field.attribute->values) {
        if (other != text) out.emplace_back(other);
      }
      return out;
    default: return {Json(std::string(text) + " 2")};
  }
}

using Story = std::vector<Request>;

// Changes of one value of one step's body.
void change_values(const Interpreter& start, const Story& story, std::size_t index,
                   std::vector<Story>& out) {
  if (!story[index].body || !story[index].body->is_object()) return;
  const Endpoint* endpoint = find_endpoint(start.contract(), story[index].operation);
  for (const Field& field : endpoint->body) {
    const Json* value = json::find(*story[index].body, field.name);
    if (value == nullptr) {
      if (field.ref.empty()) continue;
      Story changed = story;
      changed[index].body->get_object()[field.name] = 1;
      out.push_back(std::move(changed));
      continue;
    }
    for (Json& other : neighbours(*value, field, story[index].now)) {
      Story changed = story;
      changed[index].body->get_object()[field.name] = std::move(other);
      out.push_back(std::move(changed));
    }
  }
}

// One more step before the last: whatever can be done there.
void insert_steps(const Interpreter& start, const Story& story, Budget& budget,
                  std::vector<Story>& out) {
  constexpr int kInsertions = 120;
  Interpreter world = start;
  for (std::size_t i = 0; i + 1 < story.size(); ++i) world.handle(story[i]);
  RequestFactory factory(start.spec(), budget.seed + 99);
  const auto& endpoints = start.contract().endpoints;
  for (int i = 0; i < kInsertions; ++i) {
    const Endpoint& endpoint = endpoints[factory.rng().below(endpoints.size())];
    if (endpoint.method == "GET" || endpoint.method == "DELETE") continue;
    RequestFactory::Choice choice;
    choice.focused = true;
    choice.taste = 1;
    Story longer = story;
    longer.insert(longer.end() - 1, factory.valid(world, endpoint, story.back().now, choice));
    out.push_back(std::move(longer));
  }
}

// Changes of when the last step happens.
void change_time(const Story& story, std::vector<Story>& out) {
  for (const std::int64_t by : {1, -1, 60, -60, 3600, -3600, 86'400, -86'400}) {
    Story changed = story;
    changed.back().now += by;
    if (changed.size() > 1 && changed.back().now < changed[changed.size() - 2].now) continue;
    out.push_back(std::move(changed));
  }
}

}  // namespace

bool ends_in(const Interpreter& start, const Goal& goal, const std::vector<Request>& story,
             Budget& budget) {
  Interpreter world = start;
  for (std::size_t i = 0; i < story.size(); ++i) {
    if (--budget.requests <= 0) return false;
    const Response response = world.handle(story[i]);
    if (i + 1 < story.size()) {
      if (!response.ok()) return false;
      continue;
    }
    return !response.ok() && response.code == goal.code && response.rule == goal.rule &&
           (goal.field.empty() || goal.field == response.field);
  }
  return false;
}

std::vector<Request> shrink(const Interpreter& start, const Goal& goal, std::vector<Request> story,
                            Budget& budget) {
  while (drop_steps(start, goal, story, budget) || unify_references(start, goal, story, budget) ||
         drop_pairs(start, goal, story, budget)) {
  }
  stop_time(start, goal, story, budget);
  drop_fields(start, goal, story, budget);
  return story;
}

std::vector<Request> find_twin(const Interpreter& start, const std::vector<Request>& story,
                               Budget& budget) {
  std::vector<Story> candidates;
  change_values(start, story, story.size() - 1, candidates);
  change_time(story, candidates);
  for (std::size_t i = story.size() - 1; i-- > 0;) {
    if (Story shorter = without(start, story, i); !shorter.empty()) {
      candidates.push_back(std::move(shorter));
    }
  }
  for (std::size_t i = story.size() - 1; i-- > 0;) change_values(start, story, i, candidates);
  for (const Actor& actor : start.spec().actors) {
    if (actor.id == story.back().role) continue;
    candidates.push_back(story);
    candidates.back().back().role = actor.id;
  }
  for (const std::int64_t by : {1, -1}) {
    if (!story.back().record || *story.back().record + by < 1) continue;
    candidates.push_back(story);
    *candidates.back().back().record += by;
  }
  insert_steps(start, story, budget, candidates);
  for (Story& candidate : candidates) {
    if (all_succeed(start, candidate, budget)) return std::move(candidate);
    if (budget.requests <= 0) break;
  }
  return {};
}

std::vector<Step> replay(const Interpreter& start, const std::vector<Request>& story) {
  Interpreter world = start;
  std::vector<Step> steps;
  for (const Request& request : story) steps.push_back({request, world.handle(request)});
  return steps;
}

}  // namespace cadre::spec
