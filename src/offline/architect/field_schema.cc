#include "offline/architect/field_schema.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "offline/architect/ddl.h"
#include "offline/wording.h"

namespace cadre::offline::architect {
namespace {

using spec::Attribute;
using spec::Expr;
using spec::Field;
using spec::Type;

constexpr std::int64_t kSafeInteger = 9007199254740991;

int scale_of(const Field& field) {
  if (field.attribute != nullptr) return sql_scale(*field.attribute);
  return field.type == Type::kMoney ? 2 : 3;
}

std::string amount_pattern(int scale, Direction direction) {
  const std::string places = std::to_string(scale);
  if (scale == 0) return direction == Direction::kInput ? "^-?[0-9]{1,12}$" : "^-?[0-9]+$";
  if (direction == Direction::kOutput) return "^-?[0-9]+\\.[0-9]{" + places + "}$";
  return "^-?[0-9]{1,12}(\\.[0-9]{1," + places + "})?$";
}

void text_form(JsonObject& schema, std::int64_t longest, const char* pattern) {
  schema["minLength"] = 1;
  schema["maxLength"] = longest;
  if (pattern != nullptr) schema["pattern"] = pattern;
}

// Type, format and pattern without the attribute's own limits.
JsonObject form(const Field& field, Direction direction) {
  JsonObject schema;
  const auto set = [&](const char* type, const char* format = nullptr,
                       const char* pattern = nullptr) {
    schema["type"] = type;
    if (format != nullptr) schema["format"] = format;
    if (pattern != nullptr) schema["pattern"] = pattern;
  };
  switch (field.type) {
    case Type::kString:
    case Type::kFileRef:
    case Type::kText: set("string"); break;
    case Type::kInt: set("integer"); break;
    case Type::kDecimal:
    case Type::kMoney:
      set("string");
      schema["pattern"] = amount_pattern(scale_of(field), direction);
      break;
    case Type::kBool: set("boolean"); break;
    case Type::kDate: set("string", "date", "^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}$"); break;
    case Type::kTime: set("string", nullptr, "^([01][0-9]|2[0-3]):[0-5][0-9]$"); break;
    case Type::kDatetime:
      set("string", "date-time",
          "^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$");
      break;
    case Type::kDuration: set("integer"); break;
    case Type::kEmail: set("string", "email"); break;
    case Type::kPhone: set("string"); break;
    case Type::kUrl: set("string", "uri"); break;
    case Type::kEnum: set("string"); break;
  }
  return schema;
}

void input_form(const Field& field, JsonObject& schema) {
  switch (field.type) {
    case Type::kString: text_form(schema, 200, "\\S"); break;
    case Type::kText: text_form(schema, 10000, "\\S"); break;
    case Type::kFileRef: text_form(schema, 500, nullptr); break;
    case Type::kEmail: text_form(schema, 254, "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$"); break;
    case Type::kUrl: text_form(schema, 2000, "^https?://\\S+$"); break;
    case Type::kPhone: schema["pattern"] = "^[0-9+()/ .-]{3,30}$"; break;
    case Type::kInt:
      schema["minimum"] = -kSafeInteger;
      schema["maximum"] = kSafeInteger;
      break;
    case Type::kDuration:
      schema["minimum"] = 0;
      schema["maximum"] = 525600;
      break;
    default: break;
  }
}

std::string bound_words(const Attribute& attribute) {
  const wording::Voice voice;
  std::string out;
  if (attribute.min) {
    out +=
        (attribute.exclusive_min ? "Above " : "At least ") + wording::value(voice, *attribute.min);
  }
  if (attribute.max) {
    out += (out.empty() ? "At most " : ", at most ") + wording::value(voice, *attribute.max);
  }
  return out.empty() ? out : out + ". ";
}

std::string description(const Field& field) {
  if (!field.ref.empty()) {
    std::string_view role = field.name;
    if (role.ends_with("_id")) role.remove_suffix(3);
    return "The id of the " + wording::words(role) + ".";
  }
  if (field.attribute == nullptr) return {};
  std::string out;
  const Attribute& attribute = *field.attribute;
  if (!attribute.unit.empty()) out += "In " + attribute.unit + ". ";
  if (attribute.unique) out += "Unique. ";
  if (attribute.sensitive) out += "Personal. ";
  const bool in_schema = field.type == Type::kInt || field.type == Type::kDuration;
  if (!in_schema) out += bound_words(attribute);
  if (field.type == Type::kMoney || field.type == Type::kDecimal) {
    out += "Exact, as text. ";
  }
  if (attribute.step) out += "In steps of " + json::write(Json(*attribute.step)) + ". ";
  if (attribute.derived) out += "Computed. ";
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

void own_limits(const Attribute& attribute, JsonObject& schema) {
  const bool number = attribute.type == Type::kInt || attribute.type == Type::kDuration;
  if (number && attribute.min && attribute.min->kind == Expr::Kind::kInt) {
    schema.erase("minimum");
    schema[attribute.exclusive_min ? "exclusiveMinimum" : "minimum"] = attribute.min->integer;
  }
  if (number && attribute.max && attribute.max->kind == Expr::Kind::kInt) {
    schema["maximum"] = attribute.max->integer;
  }
  if (attribute.length) {
    schema["minLength"] = std::max(attribute.length->first, 1);
    schema["maxLength"] = attribute.length->second;
  }
  if (attribute.pattern.empty()) return;
  const std::string whole = "^(?:" + attribute.pattern + ")$";
  if (const Json* first = schema.if_contains("pattern")) {
    schema["allOf"] = JsonArray{JsonObject{{"pattern", *first}}};
  }
  schema["pattern"] = whole;
}

void make_nullable(JsonObject& schema) {
  const Json type = schema["type"];
  schema["type"] = JsonArray{type, "null"};
  if (Json* values = schema.if_contains("enum")) values->as_array().push_back(nullptr);
}

std::string amount_example(const Attribute* attribute, int scale) {
  std::int64_t units = 12;
  for (int i = 0; i < scale; ++i) units *= 10;
  units += scale > 0 ? 5 : 0;
  const auto bound = [&](const std::optional<Expr>& limit) -> std::optional<std::int64_t> {
    if (attribute == nullptr || !limit) return std::nullopt;
    const auto stored = sql_bound(*attribute, *limit);
    std::int64_t number = 0;
    if (!stored) return std::nullopt;
    const auto result = std::from_chars(stored->data(), stored->data() + stored->size(), number);
    if (result.ec != std::errc()) return std::nullopt;
    return number;
  };
  if (attribute != nullptr) {
    const auto low = bound(attribute->min);
    const auto high = bound(attribute->max);
    if (low || high) units = low ? *low + (attribute->exclusive_min ? 1 : 0) : *high;
  }
  const bool negative = units < 0;
  std::string digits = std::to_string(negative ? -units : units);
  const auto places = static_cast<std::size_t>(scale);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  if (places > 0) digits.insert(digits.size() - places, ".");
  return (negative ? "-" : "") + digits;
}

std::int64_t integer_example(const Attribute* attribute, std::int64_t usual) {
  if (attribute == nullptr) return usual;
  const auto number = [](const std::optional<Expr>& limit, std::int64_t otherwise) {
    return limit && limit->kind == Expr::Kind::kInt ? limit->integer : otherwise;
  };
  const std::int64_t low = number(attribute->min, usual) + (attribute->exclusive_min ? 1 : 0);
  return std::min(std::max(usual, low), std::max(low, number(attribute->max, kSafeInteger)));
}

std::optional<Json> text_example(const Field& field) {
  const Attribute* attribute = field.attribute;
  if (attribute != nullptr && !attribute->pattern.empty()) return std::nullopt;
  std::string out =
      field.type == Type::kFileRef ? "scan.pdf" : "Some " + wording::words(field.name);
  if (attribute != nullptr && attribute->length) {
    const auto shortest = static_cast<std::size_t>(std::max(attribute->length->first, 1));
    const auto longest = static_cast<std::size_t>(std::max(attribute->length->second, 1));
    if (out.size() < shortest) out.append(shortest - out.size(), 'x');
    if (out.size() > longest) out.resize(longest);
    if (out.ends_with(' ')) out.back() = 'x';
  }
  return Json(out);
}

}  // namespace

JsonObject field_schema(const Field& field, Direction direction) {
  if (field.name == "id" || !field.ref.empty()) {
    JsonObject schema{{"type", "integer"}, {"minimum", 1}};
    const std::string words = description(field);
    if (!words.empty()) schema["description"] = words;
    if (field.nullable) make_nullable(schema);
    return schema;
  }
  JsonObject schema = form(field, direction);
  if (field.attribute != nullptr && field.type == Type::kEnum) {
    schema["enum"] = json::to_array(field.attribute->values);
  }
  if (direction == Direction::kInput) {
    input_form(field, schema);
    if (field.attribute != nullptr) own_limits(*field.attribute, schema);
  }
  const std::string words = description(field);
  if (!words.empty()) schema["description"] = words;
  if (direction == Direction::kOutput && field.attribute != nullptr && field.attribute->derived) {
    schema["readOnly"] = true;
  }
  if (direction == Direction::kInput && field.attribute != nullptr) {
    const auto& value = field.attribute->default_value;
    if (value && value->kind != Expr::Kind::kCall && !field.required) {
      const bool amount = field.type == Type::kMoney || field.type == Type::kDecimal;
      if (!amount && !value->is_null()) schema["default"] = spec::to_json(*value);
    }
  }
  if (field.nullable) make_nullable(schema);
  return schema;
}

std::optional<Json> field_example(const Field& field) {
  if (field.name == "id" || !field.ref.empty()) return Json(1);
  const Attribute* attribute = field.attribute;
  switch (field.type) {
    case Type::kString:
    case Type::kText:
    case Type::kFileRef: return text_example(field);
    case Type::kInt: return Json(integer_example(attribute, 3));
    case Type::kDuration: return Json(integer_example(attribute, 30));
    case Type::kDecimal:
    case Type::kMoney: return Json(amount_example(attribute, scale_of(field)));
    case Type::kBool: return Json(true);
    case Type::kDate: return Json("2026-01-31");
    case Type::kTime: return Json("09:30");
    case Type::kDatetime: return Json("2026-01-31T09:30:00Z");
    case Type::kEmail: return Json("ada@example.org");
    case Type::kPhone: return Json("+44 20 7946 0000");
    case Type::kUrl: return Json("https://example.org/");
    case Type::kEnum:
      if (attribute == nullptr || attribute->values.empty()) return std::nullopt;
      return Json(attribute->values.front());
  }
  return std::nullopt;
}

JsonObject parameter_schema(const Field& field) {
  Field plain = field;
  plain.nullable = false;
  JsonObject schema = field_schema(plain, Direction::kOutput);
  schema.erase("readOnly");
  if (field.type == Type::kMoney || field.type == Type::kDecimal) {
    schema["pattern"] = amount_pattern(scale_of(field), Direction::kInput);
  }
  return schema;
}

}  // namespace cadre::offline::architect
