#include "spec/expr.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

namespace cadre::spec {
namespace {

constexpr int kMaxNesting = 32;
constexpr int kMany = std::numeric_limits<int>::max();

struct Signature {
  std::string_view op;
  int least;
  int most;
  bool name_first;  // args[0] is a path or an entity name, a plain string
};

constexpr std::array<Signature, 43> kSignatures{{
    {"self", 1, 1, true},         {"old", 1, 1, true},
    {"arg", 1, 1, true},          {"row", 1, 1, true},
    {"actor", 0, 0, false},       {"role", 0, 0, false},
    {"now", 0, 0, false},         {"today", 0, 0, false},
    {"count", 0, 2, true},        {"exists", 1, 2, true},
    {"sum", 1, 3, false},         {"avg", 1, 3, false},
    {"=", 2, 2, false},           {"!=", 2, 2, false},
    {"<", 2, 2, false},           {"<=", 2, 2, false},
    {">", 2, 2, false},           {">=", 2, 2, false},
    {"and", 2, kMany, false},     {"or", 2, kMany, false},
    {"not", 1, 1, false},         {"is_null", 1, 1, false},
    {"in", 2, kMany, false},      {"+", 2, kMany, false},
    {"-", 2, 2, false},           {"*", 2, kMany, false},
    {"/", 2, 2, false},           {"min", 2, kMany, false},
    {"max", 2, kMany, false},     {"if", 3, 3, false},
    {"days", 1, 1, false},        {"hours", 1, 1, false},
    {"minutes", 1, 1, false},     {"months", 1, 1, false},
    {"add", 2, 2, false},         {"sub", 2, 2, false},
    {"days_between", 2, 2, false}, {"hours_between", 2, 2, false},
    {"date_of", 1, 1, false},     {"overlaps", 4, 4, false},
    {"path", 1, 1, true},         {"weeks", 1, 1, false},
    {"years", 1, 1, false},
}};

const Signature* find_signature(std::string_view op) {
  const auto it = std::find_if(kSignatures.begin(), kSignatures.end(),
                               [&](const Signature& s) { return s.op == op; });
  return it == kSignatures.end() ? nullptr : &*it;
}

// "0.50" -> "0.5", "5" -> "5.0", "-0.0" -> "0.0": one spelling a value, so that equal means equal.
std::string tidy_digits(std::string digits) {
  if (digits.find('.') == std::string::npos) digits += ".0";
  while (digits.ends_with('0') && !digits.ends_with(".0")) digits.pop_back();
  if (digits == "-0.0") return "0.0";
  return digits;
}

Result<Expr> from_double(double number) {
  std::array<char, 64> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                          std::chars_format::fixed);
  const std::string digits(buffer.data(), end);
  const auto significant = std::count_if(digits.begin(), digits.end(),
                                         [](char c) { return c >= '0' && c <= '9'; });
  if (error != std::errc{} || significant > 17) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the number {} has too many digits for exact arithmetic", number),
                "at most 12 digits before and 3 after the point");
  }
  return Expr::decimal(digits);
}

Result<Expr> read(const Json& json, int depth);

Result<Expr> read_call(const JsonArray& array, int depth) {
  if (array.empty() || !array[0].is_string()) {
    return fail(ErrorCode::kInvalidInput,
                "an expression array must begin with an operator: [\"=\", a, b]");
  }
  std::string op(json::as_view(array[0].get_string()));
  const Signature* signature = find_signature(op);
  if (signature == nullptr) {
    return fail(ErrorCode::kInvalidInput, fmt::format("unknown operator \"{}\"", op));
  }
  const int count = static_cast<int>(array.size()) - 1;
  if (count < signature->least || count > signature->most) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("\"{}\" takes {}{} argument(s), not {}", op, signature->least,
                            signature->most == kMany                ? " or more"
                            : signature->most == signature->least   ? std::string()
                                : fmt::format(" to {}", signature->most),
                            count));
  }
  std::vector<Expr> args;
  for (std::size_t i = 1; i < array.size(); ++i) {
    auto arg = read(array[i], depth + 1);
    if (!arg) return arg;
    args.push_back(std::move(*arg));
  }
  const bool named = signature->name_first || ((op == "sum" || op == "avg") && count > 1);
  if (named && !args.empty() && args[0].kind != Expr::Kind::kString) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the first argument of \"{}\" must be a name in quotes", op));
  }
  // Shorter spellings that mean the same are read into one form.
  if (op == "path") op = "arg";
  if (op == "weeks" || op == "years") {
    const std::int64_t factor = op == "weeks" ? 7 : 12;
    const char* unit = op == "weeks" ? "days" : "months";
    if (args[0].kind == Expr::Kind::kInt && std::abs(args[0].integer) < 1'000'000) {
      return Expr::call(unit, {Expr::of(args[0].integer * factor)});
    }
    return Expr::call(unit, {Expr::call("*", {std::move(args[0]), Expr::of(factor)})});
  }
  return Expr::call(std::move(op), std::move(args));
}

Result<Expr> read(const Json& json, int depth) {
  if (depth > kMaxNesting) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the expression is nested deeper than {}", kMaxNesting));
  }
  switch (json.kind()) {
    case boost::json::kind::null: return Expr::null();
    case boost::json::kind::bool_: return Expr::of(json.get_bool());
    case boost::json::kind::int64: return Expr::of(json.get_int64());
    case boost::json::kind::uint64:
      return fail(ErrorCode::kInvalidInput, "an integer is beyond 64 bits");
    case boost::json::kind::double_: return from_double(json.get_double());
    case boost::json::kind::string:
      return Expr::string(std::string(json::as_view(json.get_string())));
    case boost::json::kind::array: return read_call(json.get_array(), depth);
    case boost::json::kind::object: break;
  }
  return fail(ErrorCode::kInvalidInput, "an expression is a literal or an array, not an object");
}

}  // namespace

Expr Expr::of(bool value) {
  Expr expr;
  expr.kind = Kind::kBool;
  expr.boolean = value;
  return expr;
}

Expr Expr::of(std::int64_t value) {
  Expr expr;
  expr.kind = Kind::kInt;
  expr.integer = value;
  return expr;
}

Expr Expr::decimal(std::string digits) {
  Expr expr;
  expr.kind = Kind::kDecimal;
  expr.text = tidy_digits(std::move(digits));
  return expr;
}

Expr Expr::string(std::string value) {
  Expr expr;
  expr.kind = Kind::kString;
  expr.text = std::move(value);
  return expr;
}

Expr Expr::call(std::string op, std::vector<Expr> args) {
  Expr expr;
  expr.kind = Kind::kCall;
  expr.text = std::move(op);
  expr.args = std::move(args);
  return expr;
}

Json to_json(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::kNull: return nullptr;
    case Expr::Kind::kBool: return expr.boolean;
    case Expr::Kind::kInt: return expr.integer;
    case Expr::Kind::kDecimal: {
      double number = 0;
      std::from_chars(expr.text.data(), expr.text.data() + expr.text.size(), number);
      return number;
    }
    case Expr::Kind::kString: return Json(expr.text);
    case Expr::Kind::kCall: break;
  }
  JsonArray array;
  array.emplace_back(expr.text);
  for (const Expr& arg : expr.args) array.push_back(to_json(arg));
  return array;
}

Result<Expr> expr_from_json(const Json& json) { return read(json, 0); }

}  // namespace cadre::spec
