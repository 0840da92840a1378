// The values that rows hold and expressions compute: exact, without floating point.
//
// What JSON each type has and which texts it accepts is docs/service-contract.md's matter; it is
// written down here in code once, for the interpreter, the generator and the tests. Arithmetic
// that cannot be exact (overflow, division by zero, dates beyond 1900..2999) gives null.
// Values of these types are plain data; all functions are pure and thread-safe.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "spec/model.h"

namespace cadre::spec {

__extension__ typedef __int128 Int128;

struct Value {
  enum class Kind {
    kNull, kBool, kInt,
    kDecimal,   // mantissa / 10^scale
    kString,    // also email, enum and the like
    kDate,      // days since 1970-01-01
    kTime,      // minutes since midnight
    kDatetime,  // seconds since 1970-01-01 UTC
    kDuration   // minutes, or months
  };

  Kind kind = Kind::kNull;
  std::int64_t number = 0;  // bool, int, date, time, datetime, duration's minutes
  std::int64_t months = 0;  // duration
  Int128 mantissa = 0;      // decimal
  int scale = 0;            // decimal
  std::string text;

  static Value null() { return {}; }
  static Value of_bool(bool value);
  static Value of_int(std::int64_t value);
  static Value of_decimal(Int128 mantissa, int scale);
  static Value of_string(std::string text);
  static Value of(Kind kind, std::int64_t number);

  bool is_null() const { return kind == Kind::kNull; }
  bool is_true() const { return kind == Kind::kBool && number != 0; }
  bool is_number() const { return kind == Kind::kInt || kind == Kind::kDecimal; }
};

// Digits after the point that values of the attribute have; 0 for types without.
int scale_of(const Attribute& attribute);

// "0.50", "-12", "3"; nothing else. Nothing when it has more than 30 digits.
std::optional<Value> parse_decimal(std::string_view text);
std::optional<Value> parse_date(std::string_view text);      // 1900-01-01 to 2999-12-31
std::optional<Value> parse_time(std::string_view text);      // "09:30"
std::optional<Value> parse_datetime(std::string_view text);  // "2026-01-31T09:30:00Z"
std::string format_decimal(const Value& value, int scale);
std::string format_date(std::int64_t days);
std::string format_time(std::int64_t minutes);
std::string format_datetime(std::int64_t seconds);

struct CivilDate {
  int year = 1970;
  int month = 1;
  int day = 1;
};
CivilDate to_civil(std::int64_t days);
std::int64_t from_civil(const CivilDate& date);
std::int64_t date_of(std::int64_t seconds);  // days of an instant, also before 1970

// The literal as a value: strings stay strings, decimals exact. Null for calls.
Value literal_value(const Expr& expr);

// = of the expression language: null equals null only; int and decimal compare by value; a string
// is read as a date, time or datetime when the other side is one.
bool equal(const Value& a, const Value& b);
// Nothing when either is null or they cannot be ordered.
std::optional<std::strong_ordering> order(const Value& a, const Value& b);
// A total order for sorting: null first, then by value.
bool sorts_before(const Value& a, const Value& b);

Value add(const Value& a, const Value& b);
Value subtract(const Value& a, const Value& b);
Value multiply(const Value& a, const Value& b);
// Rounded half away from zero to `scale` digits.
Value divide(const Value& a, const Value& b, int scale);
Value rescale(const Value& value, int scale);
// A date or datetime moved by a duration, `sign` times (1 or -1).
Value shift(const Value& when, const Value& duration, int sign);

// The value as the type stores it (rounded to scale, a string read as a date, a decimal as an int);
// nothing when the type cannot hold it.
std::optional<Value> fit(const Value& value, Type type, int scale);
// What a response shows.
Json value_to_json(const Value& value, Type type, int scale);

// Checks a JSON value of a request body against the type's form; nothing when it does not have it.
// Limits of a particular attribute are check_limits' matter.
std::optional<Value> parse_json(const Json& json, Type type, int scale);
// The same for the text of a query parameter. Any text is a string.
std::optional<Value> parse_text(std::string_view text, Type type, int scale);
// True when the value keeps the attribute's min, max, step, length, pattern and values.
bool within_limits(const Value& value, const Attribute& attribute);
// min and max alone.
bool within_range(const Value& value, const Attribute& attribute);

// Code points of valid UTF-8.
std::size_t count_code_points(std::string_view text);
bool has_visible_character(std::string_view text);

}  // namespace cadre::spec
