#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json_schema_program.h"
#include "base/text.h"

namespace cadre {
namespace {

constexpr std::size_t kIssuesMax = 50;
constexpr int kDepthMax = 256;

bool is_integer(const Json& value) {
  if (value.is_int64() || value.is_uint64()) return true;
  return value.is_double() && value.get_double() == std::floor(value.get_double());
}

const char* type_name(const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::null: return "null";
    case boost::json::kind::bool_: return "boolean";
    case boost::json::kind::array: return "array";
    case boost::json::kind::object: return "object";
    case boost::json::kind::string: return "string";
    default: return is_integer(value) ? "integer" : "number";
  }
}

bool is_type(const Json& value, std::string_view type) {
  const std::string_view actual = type_name(value);
  return actual == type || (type == "number" && actual == "integer");
}

// Numbers are equal by value (1 and 1.0); objects regardless of order.
bool equal(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_double() || b.is_double()) return a.to_number<double>() == b.to_number<double>();
    return a == b;
  }
  if (a.is_array() && b.is_array()) {
    const JsonArray& x = a.get_array();
    const JsonArray& y = b.get_array();
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), equal);
  }
  if (a.is_object() && b.is_object()) {
    const JsonObject& x = a.get_object();
    if (x.size() != b.get_object().size()) return false;
    return std::all_of(x.begin(), x.end(), [&](const auto& member) {
      const Json* other = json::find(b, {member.key().data(), member.key().size()});
      return other != nullptr && equal(member.value(), *other);
    });
  }
  return a == b;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

bool is_multiple(double value, double of) {
  const double quotient = value / of;
  if (!std::isfinite(quotient)) return false;
  return std::abs(quotient - std::round(quotient)) <= 1e-9 * std::max(1.0, std::abs(quotient));
}

class Validator {
 public:
  explicit Validator(const JsonSchema::Program& program) : program_(program) {}

  bool check(int index, const Json& value, const std::string& at, std::vector<SchemaIssue>& out) {
    const std::size_t before = out.size();
    if (++depth_ > kDepthMax) {
      report(out, at, "schema and value recurse too deeply");
    } else {
      const SchemaNode& node = program_.nodes[static_cast<std::size_t>(index)];
      if (node.constant) {
        if (!*node.constant) report(out, at, "nothing is allowed here");
      } else {
        check_node(node, value, at, out);
      }
    }
    --depth_;
    return out.size() == before;
  }

 private:
  static void report(std::vector<SchemaIssue>& out, const std::string& at, std::string message) {
    if (out.size() < kIssuesMax) out.push_back({at, std::move(message)});
  }

  static std::string shown(const Json& value) { return text::shorten(json::write(value), 80); }

  bool holds(int index, const Json& value, const std::string& at) {
    std::vector<SchemaIssue> ignored;
    return check(index, value, at, ignored);
  }

  void check_node(const SchemaNode& node, const Json& value, const std::string& at,
                  std::vector<SchemaIssue>& out) {
    if (node.reference >= 0) check(node.reference, value, at, out);
    if (!node.types.empty() &&
        std::none_of(node.types.begin(), node.types.end(),
                     [&](const std::string& type) { return is_type(value, type); })) {
      report(out, at,
             fmt::format("expected {}, got {}", text::join(node.types, " or "), shown(value)));
    }
    if (node.has_enumeration &&
        std::none_of(node.enumeration.begin(), node.enumeration.end(),
                     [&](const Json& item) { return equal(item, value); })) {
      report(out, at,
             fmt::format(
                 "expected one of {}, got {}",
                 text::shorten(
                     json::write(JsonArray(node.enumeration.begin(), node.enumeration.end())), 200),
                 shown(value)));
    }
    if (value.is_number()) check_number(node, value, at, out);
    if (value.is_string()) check_string(node, json::as_view(value.get_string()), at, out);
    if (value.is_array()) check_array(node, value.get_array(), at, out);
    if (value.is_object()) check_object(node, value, at, out);
    check_combined(node, value, at, out);
  }

  static void check_number(const SchemaNode& node, const Json& value, const std::string& at,
                           std::vector<SchemaIssue>& out) {
    const double number = value.to_number<double>();
    const auto expect = [&](bool good, std::string_view relation, double bound) {
      if (!good)
        report(out, at,
               fmt::format("expected a number {} {}, got {}", relation, bound, shown(value)));
    };
    if (node.minimum) expect(number >= *node.minimum, ">=", *node.minimum);
    if (node.maximum) expect(number <= *node.maximum, "<=", *node.maximum);
    if (node.exclusive_minimum)
      expect(number > *node.exclusive_minimum, ">", *node.exclusive_minimum);
    if (node.exclusive_maximum)
      expect(number < *node.exclusive_maximum, "<", *node.exclusive_maximum);
    if (node.multiple_of)
      expect(is_multiple(number, *node.multiple_of), "that is a multiple of", *node.multiple_of);
  }

  void check_string(const SchemaNode& node, std::string_view text, const std::string& at,
                    std::vector<SchemaIssue>& out) const {
    if (node.min_length && characters(text) < *node.min_length) {
      report(out, at, fmt::format("expected at least {} characters", *node.min_length));
    }
    if (node.max_length && characters(text) > *node.max_length) {
      report(out, at, fmt::format("expected at most {} characters", *node.max_length));
    }
    if (node.pattern != nullptr &&
        !re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *node.pattern)) {
      report(out, at,
             fmt::format("expected text that matches {}, got \"{}\"", node.pattern->pattern(),
                         text::shorten(text, 80)));
    }
    if (!node.format.empty() && program_.options.assert_formats &&
        !matches_format(node.format, text)) {
      report(out, at, fmt::format("expected {}, got \"{}\"", node.format, text::shorten(text, 80)));
    }
  }

  void check_array(const SchemaNode& node, const JsonArray& array, const std::string& at,
                   std::vector<SchemaIssue>& out) {
    if (node.min_items && array.size() < *node.min_items) {
      report(out, at,
             fmt::format("expected at least {} items, got {}", *node.min_items, array.size()));
    }
    if (node.max_items && array.size() > *node.max_items) {
      report(out, at,
             fmt::format("expected at most {} items, got {}", *node.max_items, array.size()));
    }
    for (std::size_t i = 0; i < array.size(); ++i) {
      const std::string here = at + "/" + std::to_string(i);
      if (i < node.prefix_items.size())
        check(node.prefix_items[i], array[i], here, out);
      else if (node.items >= 0)
        check(node.items, array[i], here, out);
    }
    if (node.contains >= 0) {
      const auto found =
          static_cast<std::size_t>(std::count_if(array.begin(), array.end(), [&](const Json& item) {
            return holds(node.contains, item, at);
          }));
      if (found < node.min_contains.value_or(1))
        report(out, at, "too few items of the required kind");
      if (node.max_contains && found > *node.max_contains)
        report(out, at, "too many items of one kind");
    }
    if (node.unique_items) {
      for (std::size_t i = 0; i < array.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
          if (!equal(array[i], array[j])) continue;
          return report(out, at, fmt::format("items {} and {} are equal", j, i));
        }
      }
    }
  }

  void check_object(const SchemaNode& node, const Json& value, const std::string& at,
                    std::vector<SchemaIssue>& out) {
    const JsonObject& object = value.get_object();
    const auto need = [&](const std::vector<std::string>& keys) {
      for (const std::string& key : keys) {
        if (!object.contains(key)) report(out, at, fmt::format("\"{}\" is missing", key));
      }
    };
    need(node.required);
    for (const auto& [key, keys] : node.dependent_required) {
      if (object.contains(key)) need(keys);
    }
    for (const auto& [key, child] : node.dependent_schemas) {
      if (object.contains(key)) check(child, value, at, out);
    }
    if (node.min_properties && object.size() < *node.min_properties)
      report(out, at, "too few members");
    if (node.max_properties && object.size() > *node.max_properties)
      report(out, at, "too many members");
    for (const auto& member : object) {
      check_member(node, std::string(member.key().data(), member.key().size()), member.value(), at,
                   out);
    }
  }

  void check_member(const SchemaNode& node, const std::string& key, const Json& value,
                    const std::string& at, std::vector<SchemaIssue>& out) {
    const std::string here = at + "/" + escape_pointer_token(key);
    if (node.property_names >= 0 && !holds(node.property_names, Json(key), here)) {
      report(out, at, fmt::format("\"{}\" is not an allowed name", key));
    }
    bool known = false;
    if (const auto it = node.properties.find(key); it != node.properties.end()) {
      known = true;
      check(it->second, value, here, out);
    }
    for (const auto& [pattern, child] : node.pattern_properties) {
      if (!re2::RE2::PartialMatch(key, *pattern)) continue;
      known = true;
      check(child, value, here, out);
    }
    if (known || node.additional_properties < 0) return;
    if (program_.nodes[static_cast<std::size_t>(node.additional_properties)].constant == false) {
      report(out, at, fmt::format("\"{}\" is not allowed here", key));
    } else {
      check(node.additional_properties, value, here, out);
    }
  }

  void check_combined(const SchemaNode& node, const Json& value, const std::string& at,
                      std::vector<SchemaIssue>& out) {
    for (int child : node.all_of) check(child, value, at, out);
    if (!node.any_of.empty() && std::none_of(node.any_of.begin(), node.any_of.end(),
                                             [&](int child) { return holds(child, value, at); })) {
      report(out, at, fmt::format("{} matches none of the allowed forms", shown(value)));
    }
    if (!node.one_of.empty()) {
      const auto matching = std::count_if(node.one_of.begin(), node.one_of.end(),
                                          [&](int child) { return holds(child, value, at); });
      if (matching != 1) {
        report(out, at,
               fmt::format("{} matches {} of the forms of which exactly one is allowed",
                           shown(value), matching));
      }
    }
    if (node.negation >= 0 && holds(node.negation, value, at))
      report(out, at, "has a form that is not allowed");
    if (node.condition >= 0) {
      const int branch = holds(node.condition, value, at) ? node.consequence : node.alternative;
      if (branch >= 0) check(branch, value, at, out);
    }
  }

  const JsonSchema::Program& program_;
  int depth_ = 0;
};

}  // namespace

std::vector<SchemaIssue> run_schema(const JsonSchema::Program& program, const Json& instance) {
  std::vector<SchemaIssue> issues;
  Validator(program).check(0, instance, "", issues);
  return issues;
}

}  // namespace cadre
