#include "spec/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace cadre::spec {
namespace {

using Kind = Value::Kind;

constexpr std::int64_t kDay = 86'400;
// 10^36: products of two such mantissas are refused before they can overflow.
const Int128 kMantissaLimit = [] {
  Int128 limit = 1;
  for (int i = 0; i < 36; ++i) limit *= 10;
  return limit;
}();

Int128 power_of_ten(int exponent) {
  Int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

bool fits(Int128 mantissa) { return mantissa < kMantissaLimit && mantissa > -kMantissaLimit; }

// a * b, or nothing when the product leaves the limits.
std::optional<Int128> multiplied(Int128 a, Int128 b) {
  Int128 product = 0;
  if (__builtin_mul_overflow(a, b, &product) || !fits(product)) return std::nullopt;
  return product;
}

Value as_decimal(const Value& value) {
  return value.kind == Kind::kInt ? Value::of_decimal(value.number, 0) : value;
}

// Both mantissas at the larger scale.
std::optional<std::pair<Int128, Int128>> aligned(const Value& a, const Value& b) {
  const Value x = as_decimal(a);
  const Value y = as_decimal(b);
  const int scale = std::max(x.scale, y.scale);
  const auto left = multiplied(x.mantissa, power_of_ten(scale - x.scale));
  const auto right = multiplied(y.mantissa, power_of_ten(scale - y.scale));
  if (!left || !right) return std::nullopt;
  return std::pair{*left, *right};
}

Int128 divided_half_away(Int128 numerator, Int128 denominator) {
  const bool negative = (numerator < 0) != (denominator < 0);
  const Int128 n = numerator < 0 ? -numerator : numerator;
  const Int128 d = denominator < 0 ? -denominator : denominator;
  const Int128 quotient = n / d + (n % d * 2 >= d ? 1 : 0);
  return negative ? -quotient : quotient;
}

Value from_wide_int(Int128 number) {
  if (number > std::numeric_limits<std::int64_t>::max() ||
      number < std::numeric_limits<std::int64_t>::min()) {
    return {};
  }
  return Value::of_int(static_cast<std::int64_t>(number));
}

bool is_moment(Kind kind) {
  return kind == Kind::kDate || kind == Kind::kTime || kind == Kind::kDatetime;
}

// A string beside a date is a date in quotes.
Value read_beside(const Value& value, Kind other) {
  if (value.kind != Kind::kString || !is_moment(other)) return value;
  std::optional<Value> read;
  if (other == Kind::kDate) read = parse_date(value.text);
  if (other == Kind::kTime) read = parse_time(value.text);
  if (other == Kind::kDatetime) read = parse_datetime(value.text);
  return read ? *read : value;
}

bool in_calendar(std::int64_t days) {
  static const std::int64_t first = from_civil({1900, 1, 1});
  static const std::int64_t last = from_civil({2999, 12, 31});
  return days >= first && days <= last;
}

std::int64_t shift_days(std::int64_t days, std::int64_t months) {
  CivilDate date = to_civil(days);
  const std::int64_t index = date.year * 12LL + (date.month - 1) + months;
  if (index < 0 || index > 12LL * 5000) return std::numeric_limits<std::int64_t>::max();
  date.year = static_cast<int>(index / 12);
  date.month = static_cast<int>(index % 12) + 1;
  const CivilDate next_month = date.month == 12 ? CivilDate{date.year + 1, 1, 1}
                                                : CivilDate{date.year, date.month + 1, 1};
  const int last = to_civil(from_civil(next_month) - 1).day;
  date.day = std::min(date.day, last);
  return from_civil(date);
}

}  // namespace

Value Value::of(Kind kind, std::int64_t number) {
  Value value;
  value.kind = kind;
  value.number = number;
  return value;
}

Value Value::of_bool(bool value) { return of(Kind::kBool, value ? 1 : 0); }
Value Value::of_int(std::int64_t value) { return of(Kind::kInt, value); }

Value Value::of_decimal(Int128 mantissa, int scale) {
  Value value;
  value.kind = Kind::kDecimal;
  value.mantissa = mantissa;
  value.scale = scale;
  return value;
}

Value Value::of_string(std::string text) {
  Value value;
  value.kind = Kind::kString;
  value.text = std::move(text);
  return value;
}

Value literal_value(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::kBool: return Value::of_bool(expr.boolean);
    case Expr::Kind::kInt: return Value::of_int(expr.integer);
    case Expr::Kind::kDecimal: return parse_decimal(expr.text).value_or(Value{});
    case Expr::Kind::kString: return Value::of_string(expr.text);
    case Expr::Kind::kNull:
    case Expr::Kind::kCall: break;
  }
  return {};
}

CivilDate to_civil(std::int64_t days) {
  // Howard Hinnant's civil_from_days: proleptic Gregorian, exact for all our years.
  const std::int64_t z = days + 719'468;
  const std::int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
  const std::int64_t doe = z - era * 146'097;
  const std::int64_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::int64_t mp = (5 * doy + 2) / 153;
  const auto day = static_cast<int>(doy - (153 * mp + 2) / 5 + 1);
  const auto month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  const auto year = static_cast<int>(yoe + era * 400 + (month <= 2 ? 1 : 0));
  return {year, month, day};
}

std::int64_t from_civil(const CivilDate& date) {
  const std::int64_t y = date.month <= 2 ? date.year - 1 : date.year;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t yoe = y - era * 400;
  const std::int64_t doy = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  const std::int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146'097 + doe - 719'468;
}

std::int64_t date_of(std::int64_t seconds) {
  return seconds >= 0 ? seconds / kDay : -((-seconds + kDay - 1) / kDay);
}

bool equal(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && b.is_null();
  const auto ordering = order(a, b);
  return ordering && *ordering == std::strong_ordering::equal;
}

std::optional<std::strong_ordering> order(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return std::nullopt;
  if (a.is_number() && b.is_number()) {
    if (a.kind == Kind::kInt && b.kind == Kind::kInt) return a.number <=> b.number;
    const auto pair = aligned(a, b);
    if (!pair) return std::nullopt;
    if (pair->first == pair->second) return std::strong_ordering::equal;
    return pair->first < pair->second ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  if (a.kind != b.kind) {
    const Value x = read_beside(a, b.kind);
    const Value y = read_beside(b, a.kind);
    if (x.kind == y.kind) return order(x, y);
    return std::nullopt;
  }
  if (a.kind == Kind::kString) {
    const int sign = a.text.compare(b.text);
    return sign <=> 0;
  }
  if (a.kind == Kind::kDuration && a.months != b.months) {
    return a.months * 43'200 + a.number <=> b.months * 43'200 + b.number;
  }
  return a.number <=> b.number;
}

bool sorts_before(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() && !b.is_null();
  const auto ordering = order(a, b);
  return ordering && *ordering == std::strong_ordering::less;
}

Value add(const Value& a, const Value& b) {
  if (a.kind == Kind::kDuration && b.kind == Kind::kDuration) {
    Value sum = Value::of(Kind::kDuration, a.number + b.number);
    sum.months = a.months + b.months;
    return sum;
  }
  if (!a.is_number() || !b.is_number()) return {};
  if (a.kind == Kind::kInt && b.kind == Kind::kInt) {
    return from_wide_int(static_cast<Int128>(a.number) + b.number);
  }
  const auto pair = aligned(a, b);
  if (!pair || !fits(pair->first + pair->second)) return {};
  return Value::of_decimal(pair->first + pair->second,
                           std::max(as_decimal(a).scale, as_decimal(b).scale));
}

Value subtract(const Value& a, const Value& b) {
  if (!b.is_number()) return {};
  const Value minus = b.kind == Kind::kInt ? from_wide_int(-static_cast<Int128>(b.number))
                                           : Value::of_decimal(-b.mantissa, b.scale);
  return add(a, minus);
}

Value multiply(const Value& a, const Value& b) {
  if (!a.is_number() || !b.is_number()) return {};
  if (a.kind == Kind::kInt && b.kind == Kind::kInt) {
    return from_wide_int(static_cast<Int128>(a.number) * b.number);
  }
  const auto product = multiplied(as_decimal(a).mantissa, as_decimal(b).mantissa);
  if (!product) return {};
  return Value::of_decimal(*product, as_decimal(a).scale + as_decimal(b).scale);
}

Value divide(const Value& a, const Value& b, int scale) {
  if (!a.is_number() || !b.is_number()) return {};
  const Value x = as_decimal(a);
  const Value y = as_decimal(b);
  if (y.mantissa == 0) return {};
  // x.m / 10^xs / (y.m / 10^ys) * 10^scale = x.m * 10^(scale + ys - xs) / y.m
  const int exponent = scale + y.scale - x.scale;
  const auto numerator = multiplied(x.mantissa, power_of_ten(std::max(exponent, 0)));
  const auto denominator = multiplied(y.mantissa, power_of_ten(std::max(-exponent, 0)));
  if (!numerator || !denominator) return {};
  return Value::of_decimal(divided_half_away(*numerator, *denominator), scale);
}

Value rescale(const Value& value, int scale) {
  if (!value.is_number()) return {};
  const Value x = as_decimal(value);
  if (x.scale <= scale) {
    const auto mantissa = multiplied(x.mantissa, power_of_ten(scale - x.scale));
    return mantissa ? Value::of_decimal(*mantissa, scale) : Value{};
  }
  return Value::of_decimal(divided_half_away(x.mantissa, power_of_ten(x.scale - scale)), scale);
}

Value shift(const Value& when, const Value& duration, int sign) {
  if (duration.kind != Kind::kDuration) return {};
  constexpr std::int64_t kFar = 1'000'000'000;  // minutes; also keeps the sums below from overflow
  if (std::abs(duration.number) > kFar || std::abs(duration.months) > kFar) return {};
  if (when.kind == Kind::kDate) {
    const std::int64_t moved =
        shift_days(when.number, sign * duration.months) ;
    if (!in_calendar(moved) || duration.number % 1440 != 0) return {};
    const std::int64_t days = moved + sign * (duration.number / 1440);
    return in_calendar(days) ? Value::of(Kind::kDate, days) : Value{};
  }
  if (when.kind == Kind::kDatetime) {
    const std::int64_t day = date_of(when.number);
    const std::int64_t moved = shift_days(day, sign * duration.months);
    if (!in_calendar(moved)) return {};
    const std::int64_t seconds =
        moved * kDay + (when.number - day * kDay) + sign * duration.number * 60;
    return in_calendar(date_of(seconds)) ? Value::of(Kind::kDatetime, seconds) : Value{};
  }
  return {};
}

}  // namespace cadre::spec
