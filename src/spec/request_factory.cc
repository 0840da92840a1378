#include "spec/request_factory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "spec/pattern.h"

namespace cadre::spec {
namespace {

void collect(const Expr& expr, Landmarks& out) {
  if (expr.kind == Expr::Kind::kInt) out.numbers.push_back(expr.integer);
  if (expr.kind == Expr::Kind::kDecimal) {
    if (const auto value = parse_decimal(expr.text)) {
      out.numbers.push_back(static_cast<std::int64_t>(rescale(*value, 0).mantissa));
    }
  }
  if (expr.kind != Expr::Kind::kCall) return;
  const bool literal = !expr.args.empty() && expr.args[0].kind == Expr::Kind::kInt;
  const std::int64_t count =
      literal ? std::clamp<std::int64_t>(expr.args[0].integer, -4000, 4000) : 1;
  if (expr.text == "days") out.minutes.push_back(count * 1440);
  if (expr.text == "hours") out.minutes.push_back(count * 60);
  if (expr.text == "minutes") out.minutes.push_back(count);
  if (expr.text == "months") out.minutes.push_back(count * 43'200);
  for (const Expr& arg : expr.args) collect(arg, out);
}

void collect(const std::optional<Expr>& expr, Landmarks& out) {
  if (expr) collect(*expr, out);
}

template <class T>
void tidy(std::vector<T>& items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

constexpr std::array<std::string_view, 24> kWords{
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron",
    "indigo", "jade", "kelp",  "lotus", "maple", "north", "olive", "pearl",
    "quartz", "river", "slate", "thyme", "umber", "vale",  "willow", "zinc"};

bool is_unique(const Entity& entity, const Attribute& attribute) {
  const auto& key = entity.natural_key;
  return attribute.unique || !attribute.unique_within.empty() ||
         std::find(key.begin(), key.end(), attribute.id) != key.end();
}

}  // namespace

Landmarks find_landmarks(const Spec& spec) {
  Landmarks out;
  for (const Entity& entity : spec.entities) {
    for (const Attribute& attribute : entity.attributes) {
      collect(attribute.min, out);
      collect(attribute.max, out);
      collect(attribute.derived, out);
    }
  }
  for (const Operation& operation : spec.operations) {
    for (const Guard& guard : operation.guards) collect(guard.require, out);
    for (const Effect& effect : operation.effects) {
      collect(effect.value, out);
      collect(effect.where, out);
      for (const auto& value : effect.values) collect(value.second, out);
    }
  }
  for (const Query& query : spec.queries) collect(query.where, out);
  for (const Permission& permission : spec.permissions) collect(permission.rows, out);
  out.numbers.insert(out.numbers.end(), {0, 1, 2, 5, 10});
  std::erase_if(out.numbers, [](std::int64_t n) { return n > 1'000'000 || n < -1'000'000; });
  if (out.minutes.empty()) out.minutes = {60, 1440};
  tidy(out.numbers);
  tidy(out.minutes);
  return out;
}

RequestFactory::RequestFactory(const Spec& spec, std::uint64_t seed)
    : spec_(spec), landmarks_(find_landmarks(spec)), rng_(seed) {}

std::int64_t RequestFactory::landmark() {
  return pick(landmarks_.numbers) + static_cast<std::int64_t>(rng_.below(3)) - 1;
}

std::int64_t RequestFactory::time_step() {
  const std::uint64_t dice = rng_.below(100);
  if (dice < 60) return static_cast<std::int64_t>(rng_.below(600));
  if (dice < 80) return static_cast<std::int64_t>(rng_.below(8 * 3600));
  if (dice < 90) return static_cast<std::int64_t>(rng_.below(3 * 86'400));
  // Around a duration of the model: a minute before, on the spot, a minute after.
  const std::int64_t minutes = std::abs(pick(landmarks_.minutes));
  return std::max<std::int64_t>(0, (minutes + static_cast<std::int64_t>(rng_.below(3)) - 1) * 60);
}

std::int64_t RequestFactory::choose_row(const Interpreter& world, std::string_view entity,
                                        bool focused) {
  const std::vector<std::int64_t> ids = world.ids(entity);
  if (ids.empty()) return 0;
  if (focused && chance(75)) return ids.front();
  // Young rows are more interesting than old ones.
  if (chance(40)) return ids[ids.size() - 1 - rng_.below(std::min<std::size_t>(3, ids.size()))];
  return pick(ids);
}

void RequestFactory::choose_actor(const Interpreter& world, const Endpoint& endpoint,
                                  const Choice& choice, Request& request) {
  if (!world.contract().has_actors) return;
  std::vector<std::string> roles;
  for (const Permission& permission : spec_.permissions) {
    if (permission.allow && permission.operation == endpoint.operation_id) {
      roles.push_back(permission.actor);
    }
  }
  if (!choice.role.empty()) roles = {choice.role};
  if (roles.empty()) {
    for (const Actor& actor : spec_.actors) roles.push_back(actor.id);
  }
  request.role = pick(roles);
  const Actor* actor = find_actor(spec_, request.role);
  if (actor == nullptr || actor->entity.empty()) return;
  const std::int64_t record = choose_row(world, actor->entity, choice.focused);
  request.record = record == 0 ? 1 : record;
}

// A row from whose state the operation leads on; `otherwise` when there is none or no lifecycle.
std::int64_t RequestFactory::row_in_state(const Interpreter& world, const Endpoint& endpoint,
                                          std::int64_t otherwise) {
  const Entity* entity = find_entity(spec_, endpoint.entity);
  if (entity == nullptr || !entity->lifecycle || endpoint.operation == nullptr) return otherwise;
  const int index = world.schema().find(endpoint.entity);
  const int column = world.schema().at(index).find(entity->lifecycle->attribute);
  std::vector<std::int64_t> fitting;
  for (const auto& row : world.database().table(index).rows()) {
    const std::string& state = row->cells[static_cast<std::size_t>(column)].text;
    for (const Transition& edge : entity->lifecycle->transitions) {
      if (edge.by == endpoint.operation_id && edge.from == state) fitting.push_back(row->id);
    }
  }
  return fitting.empty() ? otherwise : pick(fitting);
}

Request RequestFactory::valid(const Interpreter& world, const Endpoint& endpoint, std::int64_t now,
                              const Choice& choice) {
  Request request;
  request.operation = endpoint.operation_id;
  request.now = now;
  choose_actor(world, endpoint, choice, request);
  if (!endpoint.id_parameter.empty()) {
    std::int64_t row = choose_row(world, endpoint.entity, choice.focused);
    if (chance(80)) row = row_in_state(world, endpoint, row);
    request.row = std::to_string(row == 0 ? 1 : row);
  }
  if (endpoint.method == "POST" || endpoint.method == "PATCH") {
    if (!endpoint.body.empty() || chance(20)) fill_body(world, endpoint, choice, request);
  }
  if (endpoint.operation != nullptr && endpoint.operation->kind == OperationKind::kList) {
    fill_query(world, endpoint, request);
  }
  return request;
}

void RequestFactory::fill_body(const Interpreter& world, const Endpoint& endpoint,
                               const Choice& choice, Request& request) {
  JsonObject body;
  const bool patch = endpoint.method == "PATCH";
  for (const Field& field : endpoint.body) {
    const bool wanted = choice.taste != 0 && !field.ref.empty() && chance(90);
    if (!wanted && (patch ? chance(55) : (!field.required && chance(35)))) continue;
    if (!wanted && field.nullable && chance(6)) {
      body[field.name] = nullptr;
      continue;
    }
    Json made = field.ref.empty() ? value(world, endpoint, field, request.now, choice)
                                  : reference(world, field, choice, request);
    if (made.is_null() && !field.required) continue;
    body[field.name] = std::move(made);
  }
  request.body = std::move(body);
}

Json RequestFactory::reference(const Interpreter& world, const Field& field, const Choice& choice,
                               const Request& request) {
  // People mostly act for themselves.
  const Actor* actor = find_actor(spec_, request.role);
  if (actor != nullptr && actor->entity == field.ref && request.record && chance(60)) {
    return *request.record;
  }
  const std::int64_t row = choose_row(world, field.ref, choice.focused);
  if (row == 0) return field.required ? Json(1) : Json();
  return row;
}

Json RequestFactory::existing_value(const Interpreter& world, const std::string& entity,
                                    const std::string& attribute, std::int64_t now) {
  const std::int64_t row = choose_row(world, entity, false);
  if (row == 0) return nullptr;
  const Json shown = world.row_json(entity, row, now);
  const Json* found = json::find(shown, attribute);
  return found == nullptr ? Json() : *found;
}

Json RequestFactory::value(const Interpreter& world, const Endpoint& endpoint, const Field& field,
                           std::int64_t now, const Choice& choice) {
  const Attribute* attribute = field.attribute;
  const Entity* entity = find_entity(spec_, endpoint.entity);
  const bool unique = attribute != nullptr && entity != nullptr && is_unique(*entity, *attribute);
  if (attribute != nullptr && chance(unique ? 6 : 15)) {
    Json known = existing_value(world, endpoint.entity, attribute->id, now);
    if (!known.is_null()) return known;
  }
  switch (field.type) {
    case Type::kBool: return chance(50);
    case Type::kInt: case Type::kDecimal: case Type::kMoney: case Type::kDuration: {
      const int scale = attribute != nullptr ? scale_of(*attribute)
                        : field.type == Type::kMoney ? 2
                        : field.type == Type::kDecimal ? 3 : 0;
      return number(field.type, scale, attribute, choice.taste);
    }
    case Type::kDate: case Type::kTime: case Type::kDatetime:
      return moment(field.type, attribute, now);
    case Type::kEnum:
      return attribute == nullptr || attribute->values.empty() ? Json("x")
                                                               : Json(pick(attribute->values));
    default: return Json(words(attribute, field.type, unique));
  }
}

Value RequestFactory::some_number(int scale, const Attribute* attribute, const Value& base,
                                  const Value& high, const Value& step, std::uint64_t taste) {
  const auto steps = [&](std::uint64_t count) {
    return multiply(step, Value::of_int(static_cast<std::int64_t>(count)));
  };
  const bool has_max = attribute != nullptr && attribute->max;
  if (taste != 0 && attribute != nullptr && chance(90)) {
    std::uint64_t mixed = taste;
    for (const char c : attribute->id)
      mixed = (mixed ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    const std::uint64_t line = (mixed >> 20U) % 4;
    if (line == 0) return add(base, steps(rng_.below(3)));
    if (line == 1) return has_max ? subtract(high, steps(rng_.below(3))) : Value::of_int(1000);
    if (line == 2) return Value::of_int(pick(landmarks_.numbers));
  }
  const std::uint64_t dice = rng_.below(100);
  if (dice < 25) return add(base, steps(rng_.below(4)));
  if (dice < 40 && has_max) return subtract(high, steps(rng_.below(3)));
  if (dice < 75) return Value::of_int(landmark());
  const Value small = Value::of_int(static_cast<std::int64_t>(rng_.below(40)) + 1);
  return scale > 0 && chance(50) ? add(small, steps(rng_.below(100))) : small;
}

Json RequestFactory::number(Type type, int scale, const Attribute* attribute,
                            std::uint64_t taste) {
  Value low = Value::of_int(type == Type::kDuration ? 0 : -1'000'000);
  Value high = Value::of_int(type == Type::kDuration ? 525'600 : 1'000'000);
  if (attribute != nullptr && attribute->min) low = literal_value(*attribute->min);
  if (attribute != nullptr && attribute->max) high = literal_value(*attribute->max);
  Value step = Value::of_decimal(1, scale);
  if (attribute != nullptr && attribute->step) {
    step = parse_decimal(fmt::format("{:.6f}", *attribute->step)).value_or(step);
  }
  const Value base = attribute != nullptr && attribute->min ? low : Value::of_int(0);
  Value chosen = some_number(scale, attribute, base, high, step, taste);
  const auto below = order(chosen, low);
  if (below && *below < 0) chosen = low;
  const auto above = order(chosen, high);
  if (above && *above > 0) chosen = high;
  if (attribute != nullptr && attribute->exclusive_min && equal(chosen, low))
    chosen = add(low, step);
  if (attribute != nullptr && attribute->step) {  // down to the grid
    const Value grid = rescale(divide(subtract(chosen, base), step, 0), 0);
    chosen = add(base, multiply(step, grid));
  }
  if (type == Type::kInt || type == Type::kDuration) {
    return static_cast<std::int64_t>(rescale(chosen, 0).mantissa);
  }
  return Json(format_decimal(chosen, scale));
}

Json RequestFactory::moment(Type type, const Attribute* attribute, std::int64_t now) {
  if (type == Type::kTime) {
    return Json(format_time(static_cast<std::int64_t>(rng_.below(96)) * 15));
  }
  std::int64_t seconds = now;
  const std::uint64_t dice = rng_.below(100);
  const auto jitter = static_cast<std::int64_t>(rng_.below(3)) - 1;
  if (dice < 35) {
    const std::int64_t sign = chance(50) ? 1 : -1;
    seconds += sign * pick(landmarks_.minutes) * 60 + jitter * (type == Type::kDate ? 86'400 : 1);
  } else if (dice < 75) {
    seconds += (static_cast<std::int64_t>(rng_.below(21)) - 6) * 86'400;
  } else {
    seconds += jitter * (type == Type::kDate ? 86'400 : 3600);
  }
  if (type == Type::kDatetime && chance(50)) seconds -= seconds % 3600;
  if (attribute != nullptr) {
    const auto bound = [&](const std::optional<Expr>& limit) {
      return limit ? fit(literal_value(*limit), type, 0) : std::nullopt;
    };
    const std::int64_t unit = type == Type::kDate ? 86'400 : 1;
    if (const auto low = bound(attribute->min)) seconds = std::max(seconds, low->number * unit);
    if (const auto high = bound(attribute->max)) seconds = std::min(seconds, high->number * unit);
  }
  return Json(type == Type::kDate ? format_date(date_of(seconds)) : format_datetime(seconds));
}

std::string RequestFactory::words(const Attribute* attribute, Type type, bool fresh) {
  if (attribute != nullptr && !attribute->pattern.empty()) {
    const auto pattern = Pattern::compile(attribute->pattern);
    if (pattern) return pattern->sample(rng_);
  }
  const std::string word(kWords[rng_.below(kWords.size())]);
  const int number = fresh ? ++counter_ : static_cast<int>(rng_.below(5));
  switch (type) {
    case Type::kEmail: return fmt::format("{}{}@example.org", word, number);
    case Type::kPhone: return fmt::format("+49 30 {:04}", number);
    case Type::kUrl: return fmt::format("https://example.org/{}/{}", word, number);
    case Type::kFileRef: return fmt::format("files/{}-{}.pdf", word, number);
    default: break;
  }
  std::string text = fmt::format("{} {}", word, number);
  if (attribute != nullptr && attribute->length) {
    const auto least = static_cast<std::size_t>(std::max(attribute->length->first, 1));
    const auto most = static_cast<std::size_t>(attribute->length->second);
    if (text.size() > most)
      text = std::to_string(1'000'000 + counter_++).substr(7 - std::min<std::size_t>(most, 7));
    while (text.size() < least) text += 'x';
    if (chance(10)) text.resize(most, 'y');
  }
  return text;
}

void RequestFactory::fill_query(const Interpreter& world, const Endpoint& endpoint,
                                Request& request) {
  const auto put = [&](const std::string& name, const std::string& text) {
    request.query.emplace_back(name, text);
  };
  if (chance(30)) put("limit", std::to_string(rng_.below(4) + 1));
  if (chance(20)) put("offset", std::to_string(rng_.below(4)));
  // What a service draws at random cannot be predicted, so nothing may depend on it.
  const auto is_random = [&](const std::string& path) {
    const Entity* entity = find_entity(spec_, endpoint.entity);
    const Attribute* attribute = entity == nullptr ? nullptr : find_path(spec_, *entity, path);
    return attribute != nullptr && attribute->generated == "uuid";
  };
  const std::string& key = pick(endpoint.sorts);
  if (!is_random(key) && chance(40)) put("sort", (chance(50) ? "-" : "") + key);
  if (!endpoint.search.empty() && chance(30) &&
      std::none_of(endpoint.search.begin(), endpoint.search.end(), is_random)) {
    put("q", std::string(kWords[rng_.below(kWords.size())]).substr(0, 2));
  }
  if (endpoint.filters.empty() || !chance(50)) return;
  const std::string& filter = pick(endpoint.filters);
  if (is_random(filter)) return;
  const Json known = existing_value(world, endpoint.entity, filter, request.now);
  if (known.is_string()) put(filter, std::string(json::as_view(known.get_string())));
  else if (known.is_int64()) put(filter, std::to_string(known.get_int64()));
  else if (known.is_bool()) put(filter, known.get_bool() ? "true" : "false");
}

Json RequestFactory::wrong_value(const Field& field) {
  JsonArray wrong{nullptr, true, 1.5, "", "   ", JsonArray{}, JsonObject{},
                  std::string(10'001, 'z'), 99'999, "2026-02-30", "999999999999999", -1, 0};
  const Attribute* attribute = field.attribute;
  if (attribute != nullptr) {
    const int scale = scale_of(*attribute);
    const auto just_outside = [&](const std::optional<Expr>& bound, std::int64_t by) {
      if (!bound || (bound->kind != Expr::Kind::kInt && bound->kind != Expr::Kind::kDecimal))
        return;
      const Value outside = add(literal_value(*bound), Value::of_decimal(by, scale));
      if (attribute->type == Type::kInt || attribute->type == Type::kDuration) {
        wrong.emplace_back(static_cast<std::int64_t>(rescale(outside, 0).mantissa));
      } else {
        wrong.emplace_back(format_decimal(outside, scale));
      }
    };
    just_outside(attribute->min, -1);
    just_outside(attribute->max, 1);
    if (attribute->type == Type::kEnum) wrong.emplace_back("no such value");
    if (attribute->length) {
      wrong.emplace_back(std::string(static_cast<std::size_t>(attribute->length->second) + 1, 'w'));
    }
  }
  return wrong[rng_.below(wrong.size())];
}

Request RequestFactory::spoiled(const Interpreter& world, const Endpoint& endpoint,
                                std::int64_t now) {
  Request request = valid(world, endpoint, now, {});
  JsonObject body =
      request.body && request.body->is_object() ? request.body->get_object() : JsonObject{};
  const bool takes_body = !endpoint.body.empty();
  switch (rng_.below(10)) {
    case 0:
      request.authenticated = false;
      return request;
    case 1:
      if (!spec_.actors.empty()) {
        request.role = pick(spec_.actors).id;
        request.record = static_cast<std::int64_t>(rng_.below(3)) + 1;
        return request;
      }
      break;
    case 2:
      if (!endpoint.id_parameter.empty()) {
        const std::vector<std::string> ids{"0", "-1", "abc", "999999", "1.5"};
        request.row = pick(ids);
        return request;
      }
      break;
    case 3:
      if (endpoint.method == "GET") {
        const std::vector<std::pair<std::string, std::string>> bad{
            {"limit", "0"}, {"limit", "101"}, {"offset", "-1"}, {"sort", "nothing"},
            {"colour", "red"}, {"limit", "ten"}};
        request.query.assign(1, pick(bad));
        return request;
      }
      if (takes_body && chance(30)) {
        request.body.reset();
        request.malformed_body = "{\"a\":";
        return request;
      }
      break;
    case 4:
      if (takes_body && chance(40)) {
        request.body = JsonArray{};
        return request;
      }
      break;
    default: break;
  }
  if (!takes_body) return request;
  const Field& field = endpoint.body[rng_.below(endpoint.body.size())];
  switch (rng_.below(4)) {
    case 0: body.erase(field.name); break;
    case 1: body["unexpected"] = 1; break;
    case 2:
      if (!field.ref.empty()) {
        body[field.name] = 999'999;
        break;
      }
      [[fallthrough]];
    default: body[field.name] = wrong_value(field);
  }
  request.body = std::move(body);
  return request;
}

}  // namespace cadre::spec
