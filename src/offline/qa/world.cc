#include "offline/qa/world.h"

#include "offline/qa/recipes.h"

namespace cadre::offline::qa {
namespace {

constexpr int kDepthMax = 12;

Answer refused(int status, std::string_view code) {
  return {.status = status, .body = nullptr, .code = std::string(code), .rule = {}, .field = {}};
}

}  // namespace

Step make_step(std::string var, std::string entity, std::map<std::string, Value> given,
               std::string state) {
  Step step{.kind = Step::Kind::kMake};
  step.var = std::move(var);
  step.entity = std::move(entity);
  step.given = std::move(given);
  step.state = std::move(state);
  return step;
}

Step act_step(std::string var, std::string operation, std::string row) {
  Step step{.kind = Step::Kind::kAct};
  step.var = std::move(var);
  step.operation = std::move(operation);
  step.row = std::move(row);
  return step;
}

Step clock_step(std::int64_t seconds) {
  Step step{.kind = Step::Kind::kClock};
  step.seconds = seconds;
  return step;
}

World::World(const spec::Spec& spec, const spec::Contract& contract, const Recipes& recipes)
    : spec_(&spec), contract_(&contract), recipes_(&recipes), oracle_(*recipes.blank) {}

Json World::value_of(const Value& value) const {
  if (value.var.empty()) return value.literal;
  auto found = vars_.find(value.var);
  if (found == vars_.end()) return nullptr;
  const Json* member = json::find(found->second.second, value.field);
  return member ? *member : Json(nullptr);
}

const Json* World::row_of(const std::string& var) const {
  auto found = vars_.find(var);
  return found == vars_.end() ? nullptr : &found->second.second;
}

std::string World::var_of(const std::string& entity, std::int64_t id) const {
  for (const auto& [name, row] : vars_) {
    if (row.first == entity && json::get_int(row.second, "id") == id) return name;
  }
  return {};
}

void World::bind(const std::string& var, const std::string& entity, const Json& row) {
  if (!var.empty()) vars_[var] = {entity, row};
}

std::optional<std::int64_t> World::subject_of(const Who& who, const JsonObject& body,
                                              std::optional<std::int64_t> row) {
  switch (who.kind) {
    case Who::Kind::kNobody:
    case Who::Kind::kPlain: return std::nullopt;
    case Who::Kind::kSelf: return row;
    case Who::Kind::kField: {
      const Json* value = body.if_contains(who.field);
      if (value && value->is_int64()) return value->get_int64();
      return std::nullopt;
    }
    case Who::Kind::kFresh: {
      std::int64_t id = 0;
      Answer made = make(who.entity, {}, "", &id);
      if (!made.ok()) return std::nullopt;
      return id;
    }
  }
  return std::nullopt;
}

Answer World::body_of(const Recipe& recipe, const std::map<std::string, Json>& given,
                      bool creates) {
  // The factories have no method for a body that is always empty, and so use no number for it.
  if (creates || !recipe.endpoint->body.empty()) ++count_;
  std::int64_t n = count_;
  JsonObject body;
  for (const auto& [name, gen] : recipe.body) {
    auto chosen = given.find(name);
    if (chosen != given.end()) {
      body[name] = chosen->second;
    } else if (gen.kind == Gen::Kind::kRow) {
      std::int64_t other = 0;
      Answer answer = make(gen.entity, gen.given, gen.state, &other);
      if (!answer.ok()) return answer;
      body[name] = other;
    } else {
      body[name] = evaluate(gen, n);
    }
  }
  for (const auto& [name, value] : given) {
    if (!body.contains(name) && creates) body[name] = value;
  }
  if (recipe.endpoint->success == 201 && !recipe.links.empty()) {
    Answer linked = link(recipe, body);
    if (!linked.ok()) return linked;
  }
  return {.status = 200, .body = std::move(body), .code = {}, .rule = {}, .field = {}};
}

Answer World::perform(const Recipe& recipe, const std::map<std::string, Json>& given,
                      std::optional<std::int64_t> row, std::int64_t* id) {
  if (!recipe.endpoint || depth_ > kDepthMax) return refused(0, "no_recipe");
  ++depth_;
  Answer answer = body_of(recipe, given, !row);
  if (answer.ok()) {
    JsonObject body = std::move(answer.body.get_object());
    Request request{.operation = recipe.endpoint->operation_id, .role = recipe.who.role};
    if (row && recipe.who.kind == Who::Kind::kField) {
      Answer current = read(recipe.endpoint->entity, *row);
      JsonObject fields = current.body.is_object() ? current.body.get_object() : JsonObject{};
      request.subject = subject_of(recipe.who, fields, row);
    } else {
      request.subject = subject_of(recipe.who, body, row);
    }
    request.now = now_;
    request.row = row;
    if (!recipe.endpoint->body.empty()) request.body = std::move(body);
    answer = oracle_.ask(request);
    if (answer.ok() && id) *id = json::get_int(answer.body, "id", row.value_or(0));
  }
  --depth_;
  return answer;
}

// A row's fields without asking for permission: the first actor who may read it is used.
Answer World::read(const std::string& entity, std::int64_t id) {
  for (const spec::Endpoint& endpoint : contract_->endpoints) {
    if (!endpoint.operation || endpoint.operation->kind != spec::OperationKind::kRead ||
        endpoint.entity != entity) {
      continue;
    }
    Request request{.operation = endpoint.operation_id};
    request.now = now_;
    request.row = id;
    if (!contract_->has_actors) return oracle_.ask(request);
    for (const spec::Permission& permission : spec_->permissions) {
      if (permission.operation != endpoint.operation_id || !permission.allow) continue;
      request.role = permission.actor;
      Answer answer = oracle_.ask(request);
      if (answer.ok()) return answer;
    }
  }
  return refused(0, "unreadable");
}

Answer World::link(const Recipe& recipe, const JsonObject& source) {
  for (const Link& link : recipe.links) {
    std::map<std::string, Json> given = link.given;
    bool empty = false;
    for (const auto& [field, from] : link.fields) {
      const Json* value = source.if_contains(from);
      empty = empty || !value || value->is_null();
      if (value) given[field] = *value;
    }
    if (empty) continue;
    Answer answer = make(link.entity, given, link.state, nullptr);
    if (!answer.ok()) return answer;
  }
  return {.status = 200, .body = nullptr, .code = {}, .rule = {}, .field = {}};
}

Answer World::ready(const Recipe& recipe, const std::map<std::string, Json>& given,
                    std::int64_t* id) {
  std::map<std::string, Json> fields = recipe.given;
  for (const auto& [name, value] : given) fields[name] = value;
  for (const auto& [name, entity] : recipe.fill) {
    if (fields.contains(name)) continue;
    std::int64_t other = 0;
    Answer filled = make(entity, {}, "", &other);
    if (!filled.ok()) return filled;
    fields[name] = other;
  }
  std::int64_t row = 0;
  Answer answer = make(recipe.endpoint->entity, fields, recipe.state, &row);
  if (answer.ok() && !recipe.links.empty() && answer.body.is_object()) {
    Answer linked = link(recipe, answer.body.get_object());
    if (!linked.ok()) return linked;
  }
  for (const Prep& prep : recipe.prep) {
    if (!answer.ok()) return answer;
    if (prep.kind == Prep::Kind::kClock) {
      now_ += prep.seconds;
    } else if (prep.kind == Prep::Kind::kChild) {
      std::map<std::string, Json> child = prep.given;
      child[prep.field] = row;
      std::int64_t ignored = 0;
      answer = make(prep.name, child, "", &ignored);
    } else {
      auto found = recipes_->operations.find(prep.name);
      if (found == recipes_->operations.end()) return refused(0, "no_recipe");
      answer = perform(found->second, {}, row, nullptr);
    }
  }
  if (id) *id = row;
  if (answer.ok() && !recipe.prep.empty()) {
    for (const auto& [operation, reading] : recipes_->operations) {
      bool reads = reading.endpoint->operation &&
                   reading.endpoint->operation->kind == spec::OperationKind::kRead &&
                   reading.endpoint->entity == recipe.endpoint->entity;
      // The factory reads the row again, and may need somebody new for that.
      if (reads && reading.who.kind == Who::Kind::kFresh) make(reading.who.entity, {}, "", nullptr);
    }
    Answer current = read(recipe.endpoint->entity, row);
    if (current.ok()) return current;
  }
  return answer;
}

Answer World::make_by_effect(const Recipe& recipe, const std::map<std::string, Json>& given,
                             std::int64_t* id) {
  if (!given.empty()) return refused(0, "fields_are_not_free");
  const Recipe& cause = recipes_->operations.at(recipe.via);
  std::int64_t row = 0;
  Answer answer;
  if (is_action(*cause.endpoint)) {
    answer = ready(cause, {}, &row);
    if (answer.ok()) answer = perform(cause, {}, row, nullptr);
  } else {
    answer = perform(cause, {}, {}, nullptr);
  }
  if (!answer.ok()) return answer;
  if (recipe.who.kind == Who::Kind::kFresh) make(recipe.who.entity, {}, "", nullptr);
  Json made = oracle_.newest(recipe.endpoint->entity, now_);
  if (made.is_null()) return refused(0, "nothing_made");
  if (id) *id = json::get_int(made, "id");
  return {.status = 201, .body = std::move(made), .code = {}, .rule = {}, .field = {}};
}

Answer World::make(const std::string& entity, const std::map<std::string, Json>& given,
                   const std::string& state, std::int64_t* id) {
  if (depth_ > kDepthMax) return refused(0, "too_deep");
  ++depth_;
  Answer answer = refused(0, "no_recipe");
  std::string operation;
  auto ways = recipes_->ways.find(entity);
  if (!state.empty() && ways != recipes_->ways.end()) {
    auto way = ways->second.find(state);
    if (way == ways->second.end()) {
      --depth_;
      return answer;
    }
    operation = way->second;
  }
  if (operation.empty()) {
    auto found = recipes_->creates.find(entity);
    if (found != recipes_->creates.end() && found->second.via.empty()) {
      answer = perform(found->second, given, {}, id);
    } else if (found != recipes_->creates.end()) {
      answer = make_by_effect(found->second, given, id);
    }
  } else {
    const Recipe& recipe = recipes_->operations.at(operation);
    std::int64_t row = 0;
    answer = ready(recipe, given, &row);
    if (answer.ok()) answer = perform(recipe, {}, row, nullptr);
    if (id) *id = row;
  }
  --depth_;
  return answer;
}

Answer World::run(const Step& step) {
  switch (step.kind) {
    case Step::Kind::kClock:
      now_ += step.seconds;
      return {.status = 200, .body = nullptr, .code = {}, .rule = {}, .field = {}};
    case Step::Kind::kMake: {
      std::map<std::string, Json> given;
      for (const auto& [name, value] : step.given) given[name] = value_of(value);
      Answer answer = make(step.entity, given, step.state, nullptr);
      if (answer.ok()) bind(step.var, step.entity, answer.body);
      return answer;
    }
    case Step::Kind::kReady:
    case Step::Kind::kBody: {
      auto found = recipes_->operations.find(step.operation);
      if (found == recipes_->operations.end()) return refused(0, "no_recipe");
      std::map<std::string, Json> given;
      for (const auto& [name, value] : step.given) given[name] = value_of(value);
      if (step.kind == Step::Kind::kBody) {
        Answer answer = body_of(found->second, given, true);
        if (answer.ok()) bind(step.var, "", answer.body);
        return answer;
      }
      std::int64_t id = 0;
      Answer answer = ready(found->second, given, &id);
      if (answer.ok()) bind(step.var, found->second.endpoint->entity, answer.body);
      return answer;
    }
    case Step::Kind::kAct: {
      auto found = recipes_->operations.find(step.operation);
      if (found == recipes_->operations.end()) return refused(0, "no_recipe");
      std::int64_t row = 0;
      if (const Json* current = row_of(step.row)) {
        row = json::get_int(*current, "id");
      } else {
        std::map<std::string, Json> given;
        for (const auto& [name, value] : step.given) given[name] = value_of(value);
        Answer made = ready(found->second, given, &row);
        if (!made.ok()) return made;
      }
      Answer answer = perform(found->second, {}, row, nullptr);
      if (answer.ok()) bind(step.var, found->second.endpoint->entity, answer.body);
      return answer;
    }
    case Step::Kind::kCall: break;
  }
  Request request{.operation = step.operation, .role = step.token.role};
  Json subject = value_of(step.token.subject);
  if (subject.is_int64()) request.subject = subject.get_int64();
  request.now = now_;
  request.row = step.row_id;
  if (const Json* current = row_of(step.row)) request.row = json::get_int(*current, "id");
  if (step.has_body) {
    JsonObject body;
    const Json* base = row_of(step.body_var);
    if (base && base->is_object()) body = base->get_object();
    for (const auto& [name, value] : step.body) body[name] = value_of(value);
    request.body = std::move(body);
  }
  request.query = step.query;
  Answer answer = oracle_.ask(request);
  const spec::Endpoint* endpoint = find_endpoint(*contract_, step.operation);
  if (answer.ok() && endpoint && answer.body.is_object() &&
      answer.body.get_object().contains("id")) {
    bind(step.var, endpoint->entity, answer.body);
  }
  return answer;
}

Answer World::run(const Script& script, bool* failed) {
  Answer answer;
  for (std::size_t i = 0; i < script.size(); ++i) {
    answer = run(script[i]);
    bool last = i + 1 == script.size();
    if (!last && !answer.ok()) {
      if (failed) *failed = true;
      return answer;
    }
  }
  return answer;
}

}  // namespace cadre::offline::qa
