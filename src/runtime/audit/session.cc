#include "runtime/audit/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "runtime/audit/targets.h"
#include "spec/canonical.h"

namespace cadre::audit {
namespace {

using OpKind = spec::OperationKind;

constexpr int kAttempts = 120;
constexpr int kChanceTries = 8;
constexpr int kTargetTries = 4;
constexpr int kSearch = 1500;
constexpr int kReleaseTries = 400;
constexpr std::size_t kStoryLines = 14;

// Nothing or less than nothing may be refused of a price or a number, whatever the brief leaves
// open: where it states no bound, what is sent is more than that.
void make_ordinary(const spec::Attribute& attribute, Json& value) {
  const bool amount =
      attribute.type == spec::Type::kMoney || attribute.type == spec::Type::kDecimal;
  const bool whole =
      attribute.type == spec::Type::kInt || attribute.type == spec::Type::kDuration;
  if (attribute.min || (!amount && !whole)) return;
  if (value.is_int64()) {
    if (value.get_int64() <= 0) value = 1 - value.get_int64();
    return;
  }
  const std::string text(value.is_string() ? json::as_view(value.get_string()) : "");
  const bool nothing = text.find_first_of("123456789") == std::string::npos;
  if (!amount || text.empty() || (!text.starts_with('-') && !nothing)) return;
  value = nothing ? "1" : text.substr(1);
}

int weight_of(const spec::Interpreter& world, const spec::Endpoint& endpoint) {
  if (endpoint.operation == nullptr) return 0;
  const std::size_t rows = world.ids(endpoint.entity).size();
  switch (endpoint.operation->kind) {
    case OpKind::kCreate: return rows < 3 ? 30 : 6;
    case OpKind::kEventCreate: return rows < 3 ? 24 : 10;
    case OpKind::kRead: return rows == 0 ? 0 : 2;
    case OpKind::kList: return 1;
    case OpKind::kDelete: return rows < 4 ? 0 : 2;
    default: return rows == 0 ? 0 : 10;
  }
}

}  // namespace

Session::Session(const Subject& subject, std::vector<Target>& targets, Ledger& ledger,
                 std::uint64_t seed, std::int64_t now)
    : subject_(subject),
      targets_(targets),
      ledger_(ledger),
      world_(subject.spec),
      other_(subject.other),
      dialect_(world_.spec(), subject.mapping),
      factory_(world_.spec(), seed),
      seed_(seed),
      now_(now) {}

const MappedOperation& Session::mapped() const {
  return subject_.mapping.operations.at(asked_->request.operation);
}

const spec::Operation& Session::operation() const {
  return *spec::find_operation(world_.spec(), asked_->request.operation);
}

const spec::Operation* Session::standard(const std::string& entity, OpKind kind) const {
  for (const spec::Operation& one : world_.spec().operations) {
    if (one.on == entity && one.kind == kind) return &one;
  }
  return nullptr;
}

std::optional<spec::HttpRequest> Session::next() {
  asked_ = pending();
  if (!asked_) asked_ = operate();
  if (!asked_) return std::nullopt;
  return asked_->encoded.request;
}

// What is to be looked at again after the last answer.
std::optional<Session::Ask> Session::pending() {
  while (!later_.empty()) {
    const Later later = later_.front();
    later_.pop_front();
    if (auto ask = look(later)) return ask;
  }
  return std::nullopt;
}

std::optional<Session::Ask> Session::look(const Later& later) {
  const bool list = later.kind == Kind::kList || later.kind == Kind::kFilter;
  const spec::Operation* read = standard(later.entity, list ? OpKind::kList : OpKind::kRead);
  if (read == nullptr || ledger_.blocked(read->id)) return std::nullopt;
  if (!dialect_.knows(later.entity, later.row)) return std::nullopt;
  Ask ask;
  ask.kind = later.kind;
  ask.entity = later.entity;
  ask.row = later.row;
  ask.request.operation = read->id;
  ask.request.now = now_;
  if (!list) ask.request.row = std::to_string(later.row);
  ask.encoded = dialect_.encode(world_, ask.request);
  if (!ask.encoded.why_not.empty()) {
    ledger_.leave_out(read->id, ask.encoded.why_not);
    return std::nullopt;
  }
  if (later.filter != nullptr && !filter_by(*later.filter, later.row, ask)) return std::nullopt;
  return ask;
}

std::optional<Session::Ask> Session::operate() {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (story_.empty()) plan();
    const bool told = !story_.empty();
    spec::Request request;
    if (told) {
      request = std::move(story_.front());
      story_.pop_front();
    } else {
      aim_ = nullptr;
      request = by_chance();
      if (request.operation.empty()) return std::nullopt;
    }
    Ask ask;
    if (told && story_.empty()) ask.target = aim_;
    if (prepare(std::move(request), ask)) {
      // The story may have turned out otherwise than it was planned.
      if (ask.target != nullptr && ask.target->refused == ask.expected.ok()) ask.target = nullptr;
      return ask;
    }
    story_.clear();
  }
  return std::nullopt;
}

// What their contract has no place for is taken out; a moment that the service takes from its own
// clock is now.
void Session::settle(spec::Request& request) const {
  request.query.clear();
  const auto at = subject_.mapping.operations.find(request.operation);
  const spec::Endpoint* endpoint = spec::find_endpoint(world_.contract(), request.operation);
  if (at == subject_.mapping.operations.end() || endpoint == nullptr || !request.body ||
      !request.body->is_object()) {
    return;
  }
  JsonObject& body = request.body->get_object();
  for (const spec::Field& field : endpoint->body) {
    Json* value = body.if_contains(field.name);
    if (value != nullptr && field.attribute != nullptr) make_ordinary(*field.attribute, *value);
  }
  for (const std::string& name : at->second.unsent) {
    const auto field = std::ranges::find(endpoint->body, name, &spec::Field::name);
    if (field == endpoint->body.end()) continue;
    if (!field->required) {
      body.erase(name);
    } else if (field->type == spec::Type::kDate) {
      body[name] = spec::format_date(spec::date_of(request.now));
    } else {
      body[name] = spec::format_datetime(request.now);
    }
  }
}

bool Session::prepare(spec::Request request, Ask& ask) {
  settle(request);
  if (ledger_.blocked(request.operation)) return false;
  spec::Interpreter probe = world_, second = other_;
  ask.expected = probe.handle(request);
  if (ask.expected.ok() != second.handle(request).ok()) return false;
  const bool stranger = ask.target != nullptr && !ask.target->stranger.empty();
  if (stranger) {
    ask.refusal = ask.target->source;
    ask.expected = {404, "stranger", {}, ask.target->stranger, {}};
  } else if (!ask.expected.ok()) {
    const bool bound = ask.target != nullptr && !ask.target->field.empty() &&
                       ask.expected.code == "invalid";
    ask.refusal = bound ? std::optional(ask.target->source)
                        : refusal_source(request, ask.expected);
    if (!ask.refusal) return false;
  }
  ask.encoded =
      dialect_.encode(world_, request, stranger ? ask.target->stranger : std::string());
  if (!ask.encoded.why_not.empty()) {
    ledger_.leave_out(request.operation, ask.encoded.why_not);
    return false;
  }
  if (stranger && !ask.encoded.strange) return false;
  const spec::Endpoint* endpoint = spec::find_endpoint(world_.contract(), request.operation);
  ask.entity = endpoint->entity;
  ask.row = std::strtoll(request.row.c_str(), nullptr, 10);
  ask.request = std::move(request);
  return true;
}

void Session::plan() {
  for (Target& target : targets_) {
    if (target.seen || target.tries >= kTargetTries || ledger_.blocked(target.goal.operation)) {
      continue;
    }
    ++target.tries;
    aim_ = &target;
    if (!target.field.empty() || !target.stranger.empty() || !target.from.empty()) {
      auto request = !target.from.empty()    ? in_state(target)
                     : target.field.empty() ? accepted(target.goal.operation)
                                            : at_bound(target);
      if (request) story_.push_back(std::move(*request));
    }
    if (story_.empty()) {
      const auto story =
          towards(target, seed_ * 131 + static_cast<std::uint64_t>(target.tries));
      story_.assign(story.begin(), story.end());
      // Only the way to where it can be asked: the operation as such, once.
      if (!target.field.empty() || !target.stranger.empty()) aim_ = nullptr;
    }
    if (!story_.empty()) return;
  }
}

// A story that ends in what is wanted, or in a row of the state that is wanted first.
std::vector<spec::Request> Session::towards(const Target& target, std::uint64_t seed) {
  spec::Budget budget;
  budget.requests = kSearch;
  budget.seed = seed;
  budget.clock_stands = true;
  if (target.from.empty()) {
    // Where the brief can be read in two ways, the one that refuses less is tried first.
    const bool first = (target.goal.code == "invalid_transition") == (target.tries % 2 == 1);
    return spec::search_refusal(first ? world_ : other_, target.goal, now_, budget);
  }
  const spec::Operation* operation = spec::find_operation(world_.spec(), target.goal.operation);
  const spec::Entity* entity = spec::find_entity(world_.spec(), operation->on);
  aim_ = nullptr;
  for (const spec::Transition& edge : entity->lifecycle->transitions) {
    if (edge.to != target.from || ledger_.blocked(edge.by)) continue;
    auto story = spec::search_refusal(other_, {edge.by, {}, {}, {}, {}}, now_, budget);
    if (!story.empty()) return story;
  }
  if (target.from != entity->lifecycle->initial) return {};
  for (const spec::Operation& one : world_.spec().operations) {
    const bool makes = one.kind == OpKind::kCreate || one.kind == OpKind::kEventCreate;
    if (!makes || one.on != operation->on || ledger_.blocked(one.id)) continue;
    return spec::search_refusal(world_, {one.id, {}, {}, {}, {}}, now_, budget);
  }
  return {};
}

// The operation on a row that is in the target's state.
std::optional<spec::Request> Session::in_state(const Target& target) {
  const spec::Endpoint* endpoint = spec::find_endpoint(world_.contract(), target.goal.operation);
  if (endpoint == nullptr) return std::nullopt;
  const spec::Entity* entity = spec::find_entity(world_.spec(), endpoint->entity);
  for (const std::int64_t id : world_.ids(endpoint->entity)) {
    const Json row = world_.row_json(endpoint->entity, id, now_);
    if (json::get_string(row, entity->lifecycle->attribute) != target.from) continue;
    if (!dialect_.knows(endpoint->entity, id)) continue;
    spec::Request request = factory_.valid(world_, *endpoint, now_, {});
    request.row = std::to_string(id);
    settle(request);
    spec::Interpreter probe = world_;
    if (probe.handle(request).code == "invalid_transition") return request;
  }
  return std::nullopt;
}

// After a refusal that a rule asks for: the smallest change by which the same is allowed again.
void Session::plan_release() {
  const std::string key = refusal_key(asked_->request.operation, asked_->expected);
  if (asked_->expected.rule.empty() || !story_.empty()) return;
  if (!moved_.contains(key)) {
    plan_move();
    if (!story_.empty()) moved_.insert(key);
  }
  if (!released_.insert(key).second) return;
  int left = kReleaseTries;
  for (const spec::Endpoint& endpoint : world_.contract().endpoints) {
    const OpKind kind = endpoint.operation->kind;
    if (endpoint.id_parameter.empty() || kind == OpKind::kRead ||
        endpoint.operation_id == asked_->request.operation ||
        ledger_.blocked(endpoint.operation_id)) {
      continue;
    }
    for (const std::int64_t id : world_.ids(endpoint.entity)) {
      if (--left < 0) return;
      spec::Request change = factory_.valid(world_, endpoint, now_, {});
      change.row = std::to_string(id);
      settle(change);
      if (!allows_again(change)) continue;
      aim_ = nullptr;
      story_.push_back(std::move(change));
      story_.push_back(asked_->request);
      return;
    }
  }
}

// What an owner who has enough may not be given, nobody may move there.
void Session::plan_move() {
  const spec::Operation* update = standard(operation().on, OpKind::kUpdate);
  if (update == nullptr || update->id == asked_->request.operation || !asked_->request.body ||
      !asked_->request.body->is_object()) {
    return;
  }
  JsonObject body;
  for (const spec::Relation* one : spec::relations_of(world_.spec(), update->on)) {
    const Json* owner = json::find(*asked_->request.body, one->role + "_id");
    if (owner != nullptr) body[one->role + "_id"] = *owner;
  }
  for (const std::int64_t id : world_.ids(update->on)) {
    spec::Request request;
    request.operation = update->id;
    request.row = std::to_string(id);
    request.body = body;
    request.now = now_;
    spec::Interpreter probe = world_, second = other_;
    const std::string& rule = asked_->expected.rule;
    if (probe.handle(request).rule != rule || second.handle(request).rule != rule) continue;
    aim_ = nullptr;
    story_.push_back(std::move(request));
    return;
  }
}

bool Session::allows_again(const spec::Request& change) const {
  spec::Interpreter probe = world_, second = other_;
  return probe.handle(change).ok() && second.handle(change).ok() &&
         probe.handle(asked_->request).ok() && second.handle(asked_->request).ok();
}

std::optional<spec::Request> Session::accepted(const std::string& operation) {
  const spec::Endpoint* endpoint = spec::find_endpoint(world_.contract(), operation);
  if (endpoint == nullptr) return std::nullopt;
  for (int attempt = 0; attempt < 40; ++attempt) {
    spec::Request request = factory_.valid(world_, *endpoint, now_, {});
    settle(request);
    spec::Interpreter probe = world_;
    if (probe.handle(request).ok()) return request;
  }
  return std::nullopt;
}

// A request that is fine but for the one value.
std::optional<spec::Request> Session::at_bound(const Target& target) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    auto request = accepted(target.goal.operation);
    if (!request) return std::nullopt;
    if (!request->body || !request->body->is_object()) request->body = JsonObject{};
    JsonObject& body = request->body->get_object();
    if (target.value.is_null()) body.erase(target.field);
    else body[target.field] = target.value;
    spec::Interpreter probe = world_;
    const spec::Response expected = probe.handle(*request);
    const bool due = target.refused ? expected.code == "invalid" : expected.ok();
    if (due) return request;
  }
  return std::nullopt;
}

spec::Request Session::by_chance() {
  const auto& endpoints = world_.contract().endpoints;
  spec::Request best;
  for (int attempt = 0; attempt < kChanceTries; ++attempt) {
    int total = 0;
    for (const spec::Endpoint& endpoint : endpoints) total += weight_of(world_, endpoint);
    if (total == 0) return best;
    auto dice = static_cast<int>(factory_.rng().below(static_cast<std::uint64_t>(total)));
    std::size_t index = 0;
    while (dice >= weight_of(world_, endpoints[index])) {
      dice -= weight_of(world_, endpoints[index++]);
    }
    spec::RequestFactory::Choice choice;
    choice.focused = factory_.chance(50);
    best = factory_.valid(world_, endpoints[index], now_, choice);
    settle(best);
    spec::Interpreter probe = world_;
    const spec::Response expected = probe.handle(best);
    if (expected.ok() || refusal_source(best, expected)) return best;
  }
  return best;
}

bool Session::is_shaky(const spec::Expr& expr, const std::string& entity) const {
  const auto names = fields_in(expr);
  return std::ranges::any_of(shaky_, [&](const auto& one) {
    return std::ranges::any_of(names, [&](const std::string& name) {
      return one.second == name || one.second == name + "_id";
    }) && (one.first == entity || !entity.empty());
  });
}

std::optional<Source> Session::refusal_source(const spec::Request& request,
                                              const spec::Response& expected) const {
  const spec::Operation* operation = spec::find_operation(world_.spec(), request.operation);
  if (operation == nullptr) return std::nullopt;
  const std::string key = refusal_key(request.operation, expected);
  if (ledger_.known(key)) return std::nullopt;
  if (!expected.rule.empty()) {
    for (const spec::Guard& guard : operation->guards) {
      if (guard.id != expected.rule) continue;
      if (guard.origin.kind != spec::OriginKind::kStated) return std::nullopt;
      if (is_shaky(guard.require, operation->on)) return std::nullopt;
      return source_of(world_.spec(), guard.origin, guard.id,
                       spec::render_guard(world_.spec(), *operation, guard));
    }
    return std::nullopt;
  }
  const spec::Entity* entity = spec::find_entity(world_.spec(), operation->on);
  if (expected.code == "invalid_transition" && !shaky_.contains({operation->on,
      entity->lifecycle ? entity->lifecycle->attribute : ""})) {
    return transition_source(world_.spec(), *entity, *operation);
  }
  if (expected.code == "not_unique") {
    return unique_source(world_.spec(), operation->on, expected.field);
  }
  return std::nullopt;
}

std::string Session::story(int status, const std::string& body) const {
  std::string out = "Requests, to a service that begins empty:\n";
  const std::size_t from = told_.size() > kStoryLines ? told_.size() - kStoryLines : 0;
  if (from > 0) out += fmt::format("  ({} before)\n", from);
  for (std::size_t i = from; i < told_.size(); ++i) out += "  " + told_[i] + "\n";
  if (status == 0) return out;
  const spec::HttpRequest& request = asked_->encoded.request;
  out += fmt::format("  {} {}{}{}\nGot: {} {}", request.method, request.target,
                     request.body.empty() ? "" : " ", text::shorten(request.body, 400), status,
                     text::shorten(text::clean_utf8(text::trim(body)), 400));
  return out;
}

}  // namespace cadre::audit
