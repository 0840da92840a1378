// The texts and JSON forms of values, as docs/service-contract.md fixes them.
#include <fmt/format.h>

#include <algorithm>

#include "spec/pattern.h"
#include "spec/value.h"

namespace cadre::spec {
namespace {

using Kind = Value::Kind;

constexpr std::int64_t kMaxInt = (std::int64_t{1} << 53) - 1;
constexpr std::int64_t kMaxMinutes = 525'600;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Exactly `count` digits at `at`, or -1.
int digits_at(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int number = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (!is_digit(text[i])) return -1;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

// The next code point of valid UTF-8; moves `at` on.
char32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto first = static_cast<unsigned char>(text[at++]);
  if (first < 0x80) return first;
  const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  char32_t point = first & (0x3FU >> static_cast<unsigned>(more));
  for (int i = 0; i < more && at < text.size(); ++i) {
    point = (point << 6U) | (static_cast<unsigned char>(text[at++]) & 0x3FU);
  }
  return point;
}

// What Python's str.isspace and \s call white space.
bool is_white_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
         c == 0x202F || c == 0x205F || c == 0x3000;
}

bool has_white_space(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (is_white_space(next_code_point(text, at))) return true;
  }
  return false;
}

// ^[^@\s]+@[^@\s]+\.[^@\s]+$
bool is_email(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos || at == 0 || has_white_space(text)) return false;
  const std::string_view domain = text.substr(at + 1);
  if (domain.find('@') != std::string_view::npos || domain.size() < 3) return false;
  const auto dot = domain.substr(1, domain.size() - 2).find('.');
  return dot != std::string_view::npos;
}

bool is_phone(std::string_view text) {
  return text.size() >= 3 && text.size() <= 30 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || std::string_view("+()/ .-").find(c) != std::string_view::npos;
         });
}

bool is_url(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.starts_with(scheme)) return text.size() > scheme.size() && !has_white_space(text);
  }
  return false;
}

bool has_string_form(std::string_view text, Type type) {
  const std::size_t length = count_code_points(text);
  switch (type) {
    case Type::kString: return length <= 200 && has_visible_character(text);
    case Type::kText: return length <= 10'000 && has_visible_character(text);
    case Type::kEmail: return length <= 254 && is_email(text);
    case Type::kPhone: return is_phone(text);
    case Type::kUrl: return length <= 2000 && is_url(text);
    case Type::kFileRef: return length <= 500 && has_visible_character(text);
    default: return true;  // enum: its values decide
  }
}

// -?\d{1,12}(\.\d{1,scale})?
std::optional<Value> parse_amount(std::string_view text, int scale) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const auto dot = digits.find('.');
  const auto whole = digits.substr(0, dot);
  const auto fraction = dot == std::string_view::npos ? std::string_view{} : digits.substr(dot + 1);
  if (whole.empty() || whole.size() > 12) return std::nullopt;
  if (dot != std::string_view::npos &&
      (fraction.empty() || fraction.size() > static_cast<std::size_t>(scale))) {
    return std::nullopt;
  }
  const auto value = parse_decimal(text);
  return value ? std::optional(rescale(*value, scale)) : std::nullopt;
}

std::optional<Value> parse_integer(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || digits.size() > 16 ||
      !std::all_of(digits.begin(), digits.end(), is_digit)) {
    return std::nullopt;
  }
  std::int64_t number = 0;
  for (const char c : digits) number = number * 10 + (c - '0');
  if (number > kMaxInt) return std::nullopt;
  return Value::of_int(text.starts_with('-') ? -number : number);
}

std::optional<Value> to_minutes(const std::optional<Value>& number) {
  if (!number || number->number < 0 || number->number > kMaxMinutes) return std::nullopt;
  return Value::of(Kind::kDuration, number->number);
}

std::optional<Value> fit_number(const Value& value, Type type, int scale) {
  if (!value.is_number()) return std::nullopt;
  const Value rounded = rescale(value, type == Type::kInt ? 0 : scale);
  if (rounded.is_null()) return std::nullopt;
  if (type == Type::kInt) {
    if (rounded.mantissa > kMaxInt || rounded.mantissa < -kMaxInt) return std::nullopt;
    return Value::of_int(static_cast<std::int64_t>(rounded.mantissa));
  }
  Int128 limit = 1'000'000'000'000;
  for (int i = 0; i < scale; ++i) limit *= 10;
  if (rounded.mantissa >= limit || rounded.mantissa <= -limit) return std::nullopt;
  return rounded;
}

}  // namespace

int scale_of(const Attribute& attribute) {
  if (attribute.type == Type::kMoney) return attribute.scale.value_or(2);
  if (attribute.type == Type::kDecimal) return attribute.scale.value_or(3);
  return 0;
}

std::optional<Value> parse_decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string_view rest = negative ? text.substr(1) : text;
  Int128 mantissa = 0;
  int digits = 0;
  int scale = -1;
  for (const char c : rest) {
    if (c == '.' && scale < 0 && digits > 0) {
      scale = 0;
      continue;
    }
    if (!is_digit(c) || ++digits > 30) return std::nullopt;
    mantissa = mantissa * 10 + (c - '0');
    if (scale >= 0) ++scale;
  }
  if (digits == 0 || scale == 0) return std::nullopt;
  return Value::of_decimal(negative ? -mantissa : mantissa, std::max(scale, 0));
}

std::optional<Value> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const CivilDate date{digits_at(text, 0, 4), digits_at(text, 5, 2), digits_at(text, 8, 2)};
  if (date.year < 1900 || date.year > 2999 || date.month < 1 || date.month > 12 || date.day < 1) {
    return std::nullopt;
  }
  const std::int64_t days = from_civil(date);
  const CivilDate back = to_civil(days);
  if (back.day != date.day || back.month != date.month) return std::nullopt;
  return Value::of(Kind::kDate, days);
}

std::optional<Value> parse_time(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const int hours = digits_at(text, 0, 2);
  const int minutes = digits_at(text, 3, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return Value::of(Kind::kTime, hours * 60 + minutes);
}

std::optional<Value> parse_datetime(std::string_view text) {
  if (text.size() != 20 || text[10] != 'T' || text[16] != ':' || text[19] != 'Z') {
    return std::nullopt;
  }
  const auto date = parse_date(text.substr(0, 10));
  const auto time = parse_time(text.substr(11, 5));
  const int seconds = digits_at(text, 17, 2);
  if (!date || !time || seconds < 0 || seconds > 59) return std::nullopt;
  return Value::of(Kind::kDatetime, date->number * 86'400 + time->number * 60 + seconds);
}

std::string format_decimal(const Value& value, int scale) {
  const Value rounded = rescale(value, scale);
  if (rounded.is_null()) return "0";
  Int128 rest = rounded.mantissa < 0 ? -rounded.mantissa : rounded.mantissa;
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest > 0);
  const auto fraction = static_cast<std::size_t>(scale);
  if (digits.size() <= fraction) digits.insert(0, fraction + 1 - digits.size(), '0');
  if (fraction > 0) digits.insert(digits.size() - fraction, ".");
  return rounded.mantissa < 0 ? "-" + digits : digits;
}

std::string format_date(std::int64_t days) {
  const CivilDate date = to_civil(days);
  return fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

std::string format_time(std::int64_t minutes) {
  return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
}

std::string format_datetime(std::int64_t seconds) {
  const std::int64_t days = date_of(seconds);
  const std::int64_t rest = seconds - days * 86'400;
  return fmt::format("{}T{:02}:{:02}:{:02}Z", format_date(days), rest / 3600, rest / 60 % 60,
                     rest % 60);
}

std::optional<Value> fit(const Value& value, Type type, int scale) {
  if (value.is_null()) return Value{};
  switch (type) {
    case Type::kInt: case Type::kDecimal: case Type::kMoney: {
      if (value.kind == Kind::kString) {
        const auto read = parse_decimal(value.text);
        return read ? fit_number(*read, type, scale) : std::nullopt;
      }
      return fit_number(value, type, scale);
    }
    case Type::kBool:
      return value.kind == Kind::kBool ? std::optional(value) : std::nullopt;
    case Type::kDate: case Type::kTime: case Type::kDatetime: {
      const Kind kind = type == Type::kDate   ? Kind::kDate
                        : type == Type::kTime ? Kind::kTime
                                              : Kind::kDatetime;
      if (value.kind == Kind::kString) return parse_text(value.text, type, 0);
      return value.kind == kind ? std::optional(value) : std::nullopt;
    }
    case Type::kDuration:
      if (value.kind == Kind::kInt || (value.kind == Kind::kDuration && value.months == 0)) {
        return to_minutes(value);
      }
      return std::nullopt;
    default: return value.kind == Kind::kString ? std::optional(value) : std::nullopt;
  }
}

Json value_to_json(const Value& value, Type type, int scale) {
  switch (value.kind) {
    case Kind::kNull: return nullptr;
    case Kind::kBool: return value.number != 0;
    case Kind::kInt:
      if (type == Type::kDecimal || type == Type::kMoney) return Json(format_decimal(value, scale));
      return value.number;
    case Kind::kDecimal:
      if (type == Type::kInt) return fit(value, type, 0).value_or(Value{}).number;
      return Json(format_decimal(value, scale));
    case Kind::kString: return Json(value.text);
    case Kind::kDate: return Json(format_date(value.number));
    case Kind::kTime: return Json(format_time(value.number));
    case Kind::kDatetime: return Json(format_datetime(value.number));
    case Kind::kDuration: return value.number;
  }
  return nullptr;
}

std::optional<Value> parse_json(const Json& json, Type type, int scale) {
  if (type == Type::kBool) {
    return json.is_bool() ? std::optional(Value::of_bool(json.get_bool())) : std::nullopt;
  }
  if (type == Type::kInt || type == Type::kDuration) {
    if (!json.is_int64()) return std::nullopt;
    const Value number = Value::of_int(json.get_int64());
    if (type == Type::kDuration) return to_minutes(number);
    if (number.number > kMaxInt || number.number < -kMaxInt) return std::nullopt;
    return number;
  }
  if (!json.is_string()) return std::nullopt;
  const std::string_view text = json::as_view(json.get_string());
  switch (type) {
    case Type::kDecimal: case Type::kMoney: case Type::kDate: case Type::kTime:
    case Type::kDatetime: return parse_text(text, type, scale);
    default: break;
  }
  if (!has_string_form(text, type)) return std::nullopt;
  return Value::of_string(std::string(text));
}

std::optional<Value> parse_text(std::string_view text, Type type, int scale) {
  switch (type) {
    case Type::kInt: return parse_integer(text);
    case Type::kDuration: return to_minutes(parse_integer(text));
    case Type::kDecimal:
    case Type::kMoney: return parse_amount(text, scale);
    case Type::kDate: return parse_date(text);
    case Type::kTime: return parse_time(text);
    case Type::kDatetime: return parse_datetime(text);
    case Type::kBool:
      if (text == "true") return Value::of_bool(true);
      if (text == "false") return Value::of_bool(false);
      return std::nullopt;
    default: return Value::of_string(std::string(text));
  }
}

bool within_range(const Value& value, const Attribute& attribute) {
  if (value.is_null()) return true;
  const int scale = scale_of(attribute);
  if (attribute.min) {
    const auto bound = fit(literal_value(*attribute.min), attribute.type, std::max(scale, 6));
    const auto ordering = bound ? order(value, *bound) : std::nullopt;
    if (ordering && *ordering == std::strong_ordering::less) return false;
    if (ordering && attribute.exclusive_min && *ordering == std::strong_ordering::equal) {
      return false;
    }
  }
  if (attribute.max) {
    const auto bound = fit(literal_value(*attribute.max), attribute.type, std::max(scale, 6));
    const auto ordering = bound ? order(value, *bound) : std::nullopt;
    if (ordering && *ordering == std::strong_ordering::greater) return false;
  }
  return true;
}

bool within_limits(const Value& value, const Attribute& attribute) {
  if (value.is_null()) return true;
  if (!within_range(value, attribute)) return false;
  if (attribute.step && value.is_number()) {
    const Value step = parse_decimal(fmt::format("{:.6f}", *attribute.step)).value_or(Value{});
    const Value base = attribute.min ? literal_value(*attribute.min) : Value::of_int(0);
    const Value quotient = divide(subtract(value, base), step, 6);
    if (!quotient.is_null() && !equal(quotient, rescale(quotient, 0))) return false;
  }
  if (value.kind != Kind::kString) return true;
  if (attribute.length) {
    const auto length = static_cast<int>(count_code_points(value.text));
    if (length < attribute.length->first || length > attribute.length->second) return false;
  }
  if (!attribute.pattern.empty()) {
    const auto pattern = Pattern::compile(attribute.pattern);
    if (pattern && !pattern->matches(value.text)) return false;
  }
  return attribute.type != Type::kEnum ||
         std::find(attribute.values.begin(), attribute.values.end(), value.text) !=
             attribute.values.end();
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

bool has_visible_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (!is_white_space(next_code_point(text, at))) return true;
  }
  return false;
}

}  // namespace cadre::spec
