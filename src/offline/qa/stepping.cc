#include "offline/qa/stepping.h"

#include <fmt/format.h>

#include "spec/value.h"

namespace cadre::offline::qa {

using spec::Type;

std::optional<std::int64_t> to_number(const spec::Field& field, const Json& value) {
  if (value.is_int64() && (field.type == Type::kInt || field.type == Type::kDuration)) {
    return value.get_int64();
  }
  if (!value.is_string()) return std::nullopt;
  std::string_view text = json::as_view(value.get_string());
  switch (field.type) {
    case Type::kMoney:
    case Type::kDecimal: return bound_of(spec::Expr::decimal(std::string(text)), scale_of(field));
    case Type::kDate:
      if (auto date = spec::parse_date(text)) return date->number;
      return std::nullopt;
    case Type::kTime:
      if (auto time = spec::parse_time(text)) return time->number;
      return std::nullopt;
    case Type::kDatetime:
      if (auto instant = spec::parse_datetime(text)) return instant->number;
      return std::nullopt;
    default: return std::nullopt;
  }
}

Json to_value(const spec::Field& field, std::int64_t number) {
  switch (field.type) {
    case Type::kMoney:
    case Type::kDecimal: return Json(fixed_text(number, scale_of(field)));
    case Type::kDate: return Json(spec::format_date(number));
    case Type::kTime: return Json(spec::format_time(number));
    case Type::kDatetime: return Json(spec::format_datetime(number));
    default: return Json(number);
  }
}

std::int64_t unit_of(const spec::Field& field) {
  if (!field.attribute || !field.attribute->step) return 1;
  std::int64_t unit = 1;
  for (int i = 0; i < scale_of(field); ++i) unit *= 10;
  auto step = static_cast<std::int64_t>(*field.attribute->step * static_cast<double>(unit) + 0.5);
  return step > 0 ? step : 1;
}

}  // namespace cadre::offline::qa
