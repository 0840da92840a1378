#include "offline/qa/values.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"

namespace cadre::offline::qa {
namespace {

using spec::Attribute;
using spec::Field;
using spec::Type;

Gen fixed(Json value) { return {.kind = Gen::Kind::kLiteral, .value = std::move(value)}; }

Gen numbered(std::string before, std::string after = {}, int digits = 0) {
  return {.kind = Gen::Kind::kNumbered,
          .before = std::move(before),
          .after = std::move(after),
          .digits = digits};
}

bool must_differ(const spec::Entity* entity, const Field& field) {
  if (!field.attribute) return false;
  if (field.attribute->unique || !field.attribute->unique_within.empty()) return true;
  if (!entity) return false;
  return std::find(entity->natural_key.begin(), entity->natural_key.end(), field.attribute->id) !=
         entity->natural_key.end();
}

Gen string_gen(const Field& field) {
  const Attribute* attribute = field.attribute;
  if (attribute && !attribute->pattern.empty()) {
    Gen gen{.kind = Gen::Kind::kSamples};
    for (int i = 0; i < 24; ++i) {
      std::string sample = match_pattern(attribute->pattern, i);
      if (!sample.empty()) gen.samples.push_back(std::move(sample));
    }
    if (!gen.samples.empty()) return gen;
  }
  std::string word = safe_text(text::replace_all(field.name, "_", " "));
  if (!attribute || !attribute->length) return numbered(text::shorten(word, 100) + " ");
  auto [low, high] = *attribute->length;
  if (high < 4) return numbered("", "", std::max(low, 1));
  int room = high - 4;
  word = word.substr(0, static_cast<std::size_t>(std::max(room, 0)));
  int digits = std::max(low - static_cast<int>(word.size()), 1);
  return numbered(word, "", std::min(digits, high - static_cast<int>(word.size())));
}

bool is_limit(const spec::Expr& expr, const std::string& attribute) {
  if ((expr.is_call("<=") || expr.is_call("<")) && expr.args.size() == 2) {
    const spec::Expr& limit = expr.args[1];
    bool path = (limit.is_call("self") || limit.is_call("arg")) && !limit.args.empty();
    if (path && limit.args[0].text.ends_with("." + attribute)) return true;
  }
  return std::any_of(expr.args.begin(), expr.args.end(),
                     [&attribute](const spec::Expr& one) { return is_limit(one, attribute); });
}

// A guard elsewhere compares something with this amount: a small one would stop ordinary rows.
bool is_limit_of_others(const spec::Spec& spec, const Field& field) {
  if (!field.attribute) return false;
  return std::any_of(
      spec.operations.begin(), spec.operations.end(), [&field](const auto& operation) {
        return std::any_of(
            operation.guards.begin(), operation.guards.end(),
            [&field](const auto& guard) { return is_limit(guard.require, field.attribute->id); });
      });
}

Gen number_gen(const spec::Spec& spec, const Field& field, bool differ) {
  int scale = scale_of(field);
  std::int64_t unit = 1;
  for (int i = 0; i < scale; ++i) unit *= 10;
  auto low = field.attribute ? bound_of(field.attribute->min, scale) : std::nullopt;
  auto high = field.attribute ? bound_of(field.attribute->max, scale) : std::nullopt;
  if (low && field.attribute->exclusive_min) *low += 1;
  std::int64_t value = (scale > 0 && is_limit_of_others(spec, field) ? 1000 : 3) * unit;
  if (low && value < *low) value = *low;
  if (high && value > *high) value = *high;
  if (field.attribute && field.attribute->step) {
    auto step = static_cast<std::int64_t>(*field.attribute->step * static_cast<double>(unit) + 0.5);
    std::int64_t base = low.value_or(0);
    if (step > 0 && (value - base) % step != 0) value = base + ((value - base) / step + 1) * step;
  }
  if (scale > 0) {
    if (differ) return numbered("", "." + std::string(static_cast<std::size_t>(scale), '0'));
    return fixed(Json(fixed_text(value, scale)));
  }
  if (differ) return {.kind = Gen::Kind::kOffset, .base = low.value_or(0)};
  return fixed(Json(value));
}

}  // namespace

std::string date_text(std::int64_t seconds) {
  return format_utc(seconds * 1'000'000).substr(0, 10);
}

std::string datetime_text(std::int64_t seconds) { return format_utc(seconds * 1'000'000); }

int scale_of(const Field& field) {
  if (field.type == Type::kMoney) return field.attribute ? field.attribute->scale.value_or(2) : 2;
  if (field.type == Type::kDecimal) return field.attribute ? field.attribute->scale.value_or(3) : 3;
  return 0;
}

std::optional<std::int64_t> bound_of(const std::optional<spec::Expr>& bound, int scale) {
  if (!bound) return std::nullopt;
  std::int64_t unit = 1;
  for (int i = 0; i < scale; ++i) unit *= 10;
  if (bound->kind == spec::Expr::Kind::kInt) return bound->integer * unit;
  if (bound->kind != spec::Expr::Kind::kDecimal) return std::nullopt;
  std::string_view digits = bound->text;
  bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  std::int64_t value = 0;
  int after = -1;
  for (char c : digits) {
    if (c == '.') {
      after = 0;
    } else if (c >= '0' && c <= '9' && after < scale) {
      value = value * 10 + (c - '0');
      if (after >= 0) ++after;
    }
  }
  for (int i = std::max(after, 0); i < scale; ++i) value *= 10;
  return negative ? -value : value;
}

std::string fixed_text(std::int64_t units, int scale) {
  if (scale == 0) return fmt::format("{}", units);
  std::string digits = fmt::format("{:0{}}", std::abs(units), scale + 1);
  digits.insert(digits.size() - static_cast<std::size_t>(scale), ".");
  return units < 0 ? "-" + digits : digits;
}

Gen valid_gen(const spec::Spec& spec, const spec::Entity* entity, const Field& field, int order) {
  if (!field.ref.empty()) return {.kind = Gen::Kind::kRow, .entity = field.ref};
  bool differ = must_differ(entity, field);
  switch (field.type) {
    case Type::kString: return string_gen(field);
    case Type::kText: {
      Gen gen = string_gen(field);
      return gen;
    }
    case Type::kInt:
    case Type::kDuration:
    case Type::kDecimal:
    case Type::kMoney: return number_gen(spec, field, differ);
    case Type::kBool: return fixed(Json(false));
    case Type::kDate:
      if (differ) {
        Gen gen{.kind = Gen::Kind::kSamples};
        for (int i = 1; i <= 40; ++i) gen.samples.push_back(date_text(kStartSeconds + i * kDay));
        return gen;
      }
      return fixed(Json(date_text(kStartSeconds + (order + 1) * kDay)));
    case Type::kDatetime: return fixed(Json(datetime_text(kStartSeconds + kDay + order * 3600)));
    case Type::kTime: return fixed(Json(fmt::format("{:02}:30", std::min(9 + order, 23))));
    case Type::kEmail:
      return numbered(text::snake_case(field.name).substr(0, 40) + ".", "@example.org");
    case Type::kPhone: return numbered("+49 30 ", "", 6);
    case Type::kUrl: return numbered("https://example.org/");
    case Type::kEnum:
      return fixed(field.attribute && !field.attribute->values.empty()
                       ? Json(field.attribute->values.front())
                       : Json("value"));
    case Type::kFileRef: return numbered("file-", ".pdf");
  }
  return fixed(Json(nullptr));
}

namespace {

// A referenced row in each of its states, and with each other value of its fields.
std::vector<Gen> other_rows(const spec::Spec& spec, const std::string& entity) {
  std::vector<Gen> out;
  const spec::Entity* target = find_entity(spec, entity);
  if (!target) return out;
  if (target->lifecycle) {
    for (const std::string& state : target->lifecycle->states) {
      out.push_back({.kind = Gen::Kind::kRow, .entity = entity, .state = state});
    }
  }
  for (const Attribute& attribute : target->attributes) {
    if (attribute.derived || !attribute.generated.empty()) continue;
    Field inner;
    inner.name = attribute.id;
    inner.type = attribute.type;
    inner.attribute = &attribute;
    for (const Gen& gen : other_gens(spec, inner)) {
      if (gen.kind != Gen::Kind::kLiteral) continue;
      out.push_back(
          {.kind = Gen::Kind::kRow, .entity = entity, .given = {{attribute.id, gen.value}}});
    }
  }
  return out;
}

std::vector<Json> other_numbers(const Field& field) {
  std::vector<Json> out;
  int scale = scale_of(field);
  std::int64_t unit = 1;
  for (int i = 0; i < scale; ++i) unit *= 10;
  auto low = field.attribute ? bound_of(field.attribute->min, scale) : std::nullopt;
  auto high = field.attribute ? bound_of(field.attribute->max, scale) : std::nullopt;
  if (low && field.attribute->exclusive_min) *low += 1;
  std::vector<std::int64_t> values = {1, 2, 5, 10, 100, 0, 1000, 30, 60};
  for (auto& value : values) value *= unit;
  if (low) values.push_back(*low);
  if (high) values.push_back(*high);
  for (std::int64_t value : values) {
    if ((low && value < *low) || (high && value > *high)) continue;
    out.push_back(scale ? Json(fixed_text(value, scale)) : Json(value));
  }
  return out;
}

}  // namespace

std::vector<Gen> other_gens(const spec::Spec& spec, const Field& field) {
  if (!field.ref.empty()) return other_rows(spec, field.ref);
  std::vector<Gen> out;
  auto add = [&out](Json value) { out.push_back(fixed(std::move(value))); };
  switch (field.type) {
    case Type::kBool:
      add(true);
      add(false);
      break;
    case Type::kEnum:
      if (!field.attribute) break;
      for (const std::string& value : field.attribute->values) add(Json(value));
      break;
    case Type::kInt:
    case Type::kDuration:
    case Type::kDecimal:
    case Type::kMoney:
      for (Json& value : other_numbers(field)) add(std::move(value));
      break;
    case Type::kDate:
      for (int day : {0, 1, 7, 30, 2, 3, 14, -1, -7, 60, 365, -30, -365, -7300}) {
        add(Json(date_text(kStartSeconds + day * kDay)));
      }
      break;
    case Type::kDatetime:
      for (int hour : {0, 1, 2, 24, 25, 26, 48, 72, 168, -1, -2, -24, 720}) {
        add(Json(datetime_text(kStartSeconds + hour * 3600)));
      }
      break;
    case Type::kTime:
      for (const char* time : {"09:00", "10:00", "12:00", "17:00", "08:00", "20:00"})
        add(Json(time));
      break;
    default: break;
  }
  return out;
}

Json evaluate(const Gen& gen, std::int64_t n) {
  switch (gen.kind) {
    case Gen::Kind::kLiteral: return gen.value;
    case Gen::Kind::kNumbered:
      return Json(fmt::format("{}{:0{}}{}", gen.before, n, std::max(gen.digits, 1), gen.after));
    case Gen::Kind::kOffset: return Json(gen.base + n);
    case Gen::Kind::kSamples:
      return Json(gen.samples[static_cast<std::size_t>(n) % gen.samples.size()]);
    case Gen::Kind::kRow: break;
  }
  return Json(nullptr);
}

namespace {
std::string in_f_string(std::string_view text) {
  std::string quoted = py_string(text);
  quoted = quoted.substr(1, quoted.size() - 2);
  quoted = text::replace_all(std::move(quoted), "{", "{{");
  return text::replace_all(std::move(quoted), "}", "}}");
}
}  // namespace

Py python_of(const Gen& gen) {
  switch (gen.kind) {
    case Gen::Kind::kLiteral: return literal(gen.value);
    case Gen::Kind::kNumbered: {
      std::string number = gen.digits > 1 ? fmt::format("{{n:0{}}}", gen.digits) : "{n}";
      return leaf("f\"" + in_f_string(gen.before) + number + in_f_string(gen.after) + "\"");
    }
    case Gen::Kind::kOffset: return leaf(fmt::format("{} + n", gen.base));
    case Gen::Kind::kSamples: {
      std::vector<Py> items;
      for (const std::string& sample : gen.samples) items.push_back(leaf(py_string(sample)));
      items.front().prefix = "";
      return call("nth", {leaf("n"), list(std::move(items))});
    }
    case Gen::Kind::kRow: break;
  }
  return leaf("None");
}

Py python_of_sample(const Json& value) {
  if (value.is_string()) {
    std::string_view text = json::as_view(value.get_string());
    std::size_t same = text.find_first_not_of(text.empty() ? ' ' : text.front());
    if (text.size() > 12 && same == std::string_view::npos) {
      return leaf(fmt::format("{} * {}", py_string(text.substr(0, 1)), text.size()));
    }
    std::size_t tail = text.find_last_not_of(text.empty() ? ' ' : text.back());
    if (text.size() > 100 && tail != std::string_view::npos && tail < 20) {
      return leaf(fmt::format("{} + {} * {}", py_string(text.substr(0, tail + 1)),
                              py_string(text.substr(text.size() - 1)), text.size() - tail - 1));
    }
    // "xxx…x@example.org": a long run, then an end.
    if (text.size() > 60 && same != std::string_view::npos) {
      return leaf(fmt::format("{} * {} + {}", py_string(text.substr(0, 1)), same,
                              py_string(text.substr(same))));
    }
  }
  return literal(value);
}

}  // namespace cadre::offline::qa
