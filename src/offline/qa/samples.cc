// The single values that validation tests send, by type and bounds of a field.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/qa/values.h"

namespace cadre::offline::qa {
namespace {

using spec::Attribute;
using spec::Field;
using spec::Type;

using Samples = std::vector<Sample>;

void add(Samples& out, std::string what, Json value) {
  out.push_back({.what = std::move(what), .value = std::move(value)});
}

std::string repeated(std::size_t count) { return std::string(count, 'x'); }

void refuse_text(Samples& out, const Field& field) {
  const Attribute* attribute = field.attribute;
  std::size_t most = field.type == Type::kText ? 10'000 : 200;
  std::size_t least = 1;
  if (attribute && attribute->length) {
    least = static_cast<std::size_t>(std::max(attribute->length->first, 1));
    most = static_cast<std::size_t>(attribute->length->second);
  }
  add(out, "a number", Json(5));
  add(out, "empty", Json(""));
  add(out, "only blanks", Json("   "));
  add(out, "too long", Json(repeated(most + 1)));
  if (least > 1) add(out, "too short", Json(repeated(least - 1)));
  if (attribute && !attribute->pattern.empty()) add(out, "against the pattern", Json("\u00a7!?"));
}

void refuse_int(Samples& out, const Field& field) {
  add(out, "text", Json("1"));
  add(out, "a fraction", Json(1.5));
  add(out, "a truth value", Json(true));
  auto low = field.attribute ? bound_of(field.attribute->min, 0) : std::nullopt;
  auto high = field.attribute ? bound_of(field.attribute->max, 0) : std::nullopt;
  if (field.type == Type::kDuration) {
    if (!low) low = 0;
    if (!high) high = 525'600;
  }
  if (low) {
    bool exclusive = field.attribute && field.attribute->exclusive_min;
    add(out, "below the minimum", Json(exclusive ? *low : *low - 1));
  }
  add(out, "above the maximum", Json(high ? *high + 1 : (std::int64_t{1} << 53)));
}

void refuse_fixed(Samples& out, const Field& field) {
  int scale = scale_of(field);
  add(out, "a number", Json(1.5));
  add(out, "a whole number", Json(2));
  add(out, "no number", Json("ten"));
  add(out, "too many digits", Json("1." + std::string(static_cast<std::size_t>(scale), '0') + "1"));
  add(out, "thousands", Json("1,000.00"));
  auto low = field.attribute ? bound_of(field.attribute->min, scale) : std::nullopt;
  auto high = field.attribute ? bound_of(field.attribute->max, scale) : std::nullopt;
  if (low) {
    std::int64_t below = field.attribute->exclusive_min ? *low : *low - 1;
    add(out, "below the minimum", Json(fixed_text(below, scale)));
  }
  if (high) add(out, "above the maximum", Json(fixed_text(*high + 1, scale)));
}

void refuse_by_type(Samples& out, const Field& field) {
  if (!field.ref.empty()) {
    add(out, "text", Json("one"));
    add(out, "a truth value", Json(true));
    return;
  }
  switch (field.type) {
    case Type::kString:
    case Type::kText: refuse_text(out, field); break;
    case Type::kInt:
    case Type::kDuration: refuse_int(out, field); break;
    case Type::kDecimal:
    case Type::kMoney: refuse_fixed(out, field); break;
    case Type::kBool:
      add(out, "text", Json("true"));
      add(out, "a number", Json(1));
      break;
    case Type::kDate:
      add(out, "no such day", Json("2026-02-30"));
      add(out, "another form", Json("31.01.2026"));
      add(out, "a number", Json(20260131));
      add(out, "before 1900", Json("1899-12-31"));
      break;
    case Type::kTime:
      add(out, "no such hour", Json("25:00"));
      add(out, "a number", Json(930));
      add(out, "another form", Json("9.30"));
      break;
    case Type::kDatetime:
      add(out, "without zone", Json("2026-01-31T09:30:00"));
      add(out, "another zone", Json("2026-01-31T09:30:00+01:00"));
      add(out, "only a date", Json("2026-01-31"));
      add(out, "no such hour", Json("2026-01-31T25:30:00Z"));
      break;
    case Type::kEmail:
      add(out, "no address", Json("nobody"));
      add(out, "with a blank", Json("a b@example.org"));
      add(out, "too long", Json(repeated(243) + "@example.org"));
      add(out, "a number", Json(5));
      break;
    case Type::kPhone:
      add(out, "letters", Json("call me"));
      add(out, "too short", Json("12"));
      add(out, "too long", Json(std::string(31, '1')));
      break;
    case Type::kUrl:
      add(out, "another scheme", Json("ftp://example.org"));
      add(out, "no address", Json("example"));
      add(out, "too long", Json("https://" + repeated(1993)));
      break;
    case Type::kEnum:
      add(out, "not a member", Json("no_such_value"));
      add(out, "a number", Json(1));
      break;
    case Type::kFileRef:
      add(out, "too long", Json(repeated(501)));
      add(out, "a number", Json(5));
      break;
  }
}

void accept_numbers(Samples& out, const Field& field) {
  int scale = scale_of(field);
  auto low = field.attribute ? bound_of(field.attribute->min, scale) : std::nullopt;
  auto high = field.attribute ? bound_of(field.attribute->max, scale) : std::nullopt;
  if (field.type == Type::kDuration) {
    if (!low) low = 0;
    if (!high) high = 525'600;
  }
  auto value = [scale](std::int64_t units) {
    return scale ? Json(fixed_text(units, scale)) : Json(units);
  };
  if (low) {
    bool exclusive = field.attribute && field.attribute->exclusive_min;
    add(out, "the minimum", value(exclusive ? *low + 1 : *low));
  }
  if (high) add(out, "the maximum", value(*high));
}

}  // namespace

std::vector<Sample> refused_samples(const Field& field, bool patch) {
  Samples out;
  if (field.required && !patch) out.push_back({.what = "missing", .value = {}, .missing = true});
  if (!field.nullable) add(out, "null", Json(nullptr));
  refuse_by_type(out, field);
  return out;
}

std::vector<Sample> accepted_samples(const Field& field) {
  Samples out;
  if (!field.ref.empty()) return out;
  const Attribute* attribute = field.attribute;
  bool pattern = attribute && !attribute->pattern.empty();
  switch (field.type) {
    case Type::kString:
    case Type::kText:
      if (pattern) {
        std::string sample = match_pattern(attribute->pattern, 3);
        if (!sample.empty()) add(out, "matching the pattern", Json(sample));
      } else if (attribute && attribute->length) {
        add(out, "shortest",
            Json(repeated(static_cast<std::size_t>(std::max(attribute->length->first, 1)))));
        add(out, "longest", Json(repeated(static_cast<std::size_t>(attribute->length->second))));
      } else {
        add(out, "shortest", Json("x"));
        add(out, "longest", Json(repeated(field.type == Type::kText ? 10'000 : 200)));
      }
      break;
    case Type::kInt:
    case Type::kDuration:
    case Type::kDecimal:
    case Type::kMoney: accept_numbers(out, field); break;
    case Type::kEnum:
      for (const auto& value : attribute ? attribute->values : std::vector<std::string>{}) {
        add(out, value, Json(value));
      }
      break;
    case Type::kBool: add(out, "true", Json(true)); break;
    case Type::kEmail: add(out, "longest", Json(repeated(242) + "@example.org")); break;
    case Type::kPhone:
      add(out, "shortest", Json("123"));
      add(out, "longest", Json(std::string(30, '1')));
      break;
    case Type::kUrl: add(out, "longest", Json("https://" + repeated(1992))); break;
    case Type::kFileRef: add(out, "longest", Json(repeated(500))); break;
    default: break;
  }
  return out;
}

// Literals, escapes, classes, groups of alternatives, and the quantifiers ? * + {n} {n,m}.
std::string match_pattern(std::string_view pattern, int variant) {
  std::string out;
  std::size_t at = 0;
  auto pick = [variant, &out](std::string_view set) {
    auto index = static_cast<std::size_t>(variant) * 7 + out.size() * 3;
    return set[index % set.size()];
  };
  while (at < pattern.size()) {
    char c = pattern[at];
    std::string set;
    if (c == '^' || c == '$') {
      ++at;
      continue;
    }
    if (c == '(' || c == ')' || c == '|') return {};
    if (c == '[') {
      std::size_t end = pattern.find(']', at + 1);
      if (end == std::string_view::npos || pattern[at + 1] == '^') return {};
      for (std::size_t i = at + 1; i < end; ++i) {
        if (pattern[i] == '\\' && i + 1 < end) {
          ++i;
          set += pattern[i] == 'd' ? std::string("0123456789") : std::string(1, pattern[i]);
        } else if (i + 2 < end && pattern[i + 1] == '-') {
          for (char v = pattern[i]; v <= pattern[i + 2]; ++v) set += v;
          i += 2;
        } else {
          set += pattern[i];
        }
      }
      at = end + 1;
    } else if (c == '\\' && at + 1 < pattern.size()) {
      char e = pattern[at + 1];
      set = e == 'd' ? "0123456789" : e == 'w' ? "abcdefgh" : e == 's' ? " " : std::string(1, e);
      at += 2;
    } else {
      set = c == '.' ? "abcdefgh" : std::string(1, c);
      ++at;
    }
    if (set.empty()) return {};
    int times = 1;
    if (at < pattern.size()) {
      if (pattern[at] == '?' || pattern[at] == '*' || pattern[at] == '+') {
        times = pattern[at] == '+' ? 2 : 1;
        ++at;
      } else if (pattern[at] == '{') {
        std::size_t end = pattern.find('}', at);
        if (end == std::string_view::npos) return {};
        times = 0;
        for (std::size_t i = at + 1; i < end && pattern[i] != ','; ++i) {
          if (pattern[i] < '0' || pattern[i] > '9' || times > 1000) return {};
          times = times * 10 + (pattern[i] - '0');
        }
        if (times == 0) times = 1;
        at = end + 1;
      }
    }
    for (int i = 0; i < times; ++i) out += pick(set);
  }
  return out;
}

}  // namespace cadre::offline::qa
