#include "spec/english.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"

namespace cadre::spec {
namespace {

constexpr std::array<std::string_view, 60> kKeywords{
    "a",       "an",     "the",    "its",      "their",  "there",  "is",     "not",     "and",
    "or",      "if",     "then",   "else",     "empty",  "one",    "of",     "now",     "today",
    "nothing", "true",   "false",  "where",    "over",   "from",   "to",     "after",   "before",
    "below",   "above",  "at",     "as",       "with",   "on",     "by",     "may",     "has",
    "given",   "former", "actor",  "overlaps", "refers", "can",    "be",     "day",     "days",
    "hour",    "hours",  "minute", "minutes",  "month",  "months", "sorted", "grouped", "otherwise",
    "checks",  "s",      "self",   "goes",     "many",   "takes"};

enum Level { kOr, kAnd, kComparison, kSum, kProduct, kMoved, kAtom };

struct Rendered {
  std::string text;
  Level level = kAtom;
};

std::string with_unit(std::string_view unit, std::string_view amount) {
  // "1 day", "14 days"
  return fmt::format("{} {}", amount, amount == "1" ? unit.substr(0, unit.size() - 1) : unit);
}

class Renderer {
 public:
  explicit Renderer(const Phrases& phrases) : phrases_(phrases) {}

  std::string text(const Expr& expr, Level least) const {
    const Rendered rendered = render(expr);
    return rendered.level < least ? "(" + rendered.text + ")" : rendered.text;
  }

 private:
  std::string atom(const Expr& expr) const { return text(expr, kAtom); }

  std::string joined(const Expr& expr, std::string_view between, Level least) const {
    std::string out;
    for (const Expr& arg : expr.args) {
      if (!out.empty()) out += between;
      out += text(arg, least);
    }
    return out;
  }

  std::string filter(const Expr& expr, std::size_t index) const {
    if (expr.args.size() <= index) return {};
    return fmt::format(" where ({})", text(expr.args[index], kOr));
  }

  static Rendered literal(const Expr& expr) {
    switch (expr.kind) {
      case Expr::Kind::kNull: return {"nothing"};
      case Expr::Kind::kBool: return {expr.boolean ? "true" : "false"};
      case Expr::Kind::kInt: return {std::to_string(expr.integer)};
      case Expr::Kind::kDecimal: return {expr.text};
      default: return {quoted(expr.text)};
    }
  }

  Rendered render(const Expr& expr) const {
    if (expr.kind != Expr::Kind::kCall) return literal(expr);
    const std::string& op = expr.text;
    if (op == "self") {
      const std::string& path = expr.args[0].text;
      const bool reads_as_old = path.substr(0, path.find('.')) == "former";
      return {(reads_as_old ? "its own " : "its ") + path_words(path)};
    }
    if (op == "old") return {"its former " + path_words(expr.args[0].text)};
    if (op == "arg") return {"the given " + path_words(expr.args[0].text)};
    if (op == "row") {
      const std::string& path = expr.args[0].text;
      const bool plain = !is_keyword(path.substr(0, path.find('.')));
      return {(plain ? "" : "their ") + path_words(path)};
    }
    if (op == "actor") return {"the actor"};
    if (op == "role") return {"the actor's role"};
    if (op == "now" || op == "today") return {op};
    if (op == "and") return {joined(expr, " and ", kComparison), kAnd};
    if (op == "or") return {joined(expr, " or ", kAnd), kOr};
    if (op == "not") return negation(expr);
    if (op == "count" || op == "exists" || op == "sum" || op == "avg") return aggregate(expr);
    if (op == "+") return {joined(expr, " + ", kProduct), kSum};
    if (op == "-") {
      return {fmt::format("{} - {}", text(expr.args[0], kProduct), text(expr.args[1], kProduct)),
              kSum};
    }
    if (op == "*") return {joined(expr, " * ", kMoved), kProduct};
    if (op == "/") {
      return {fmt::format("{} / {}", text(expr.args[0], kMoved), text(expr.args[1], kMoved)),
              kProduct};
    }
    if (op == "min" || op == "max") {
      return {fmt::format("the {} of ({})", op == "min" ? "smallest" : "largest",
                          joined(expr, ", ", kOr))};
    }
    if (op == "if") {
      return {fmt::format("(if {} then {} else {})", text(expr.args[0], kOr),
                          text(expr.args[1], kOr), text(expr.args[2], kOr))};
    }
    if (op == "overlaps") {
      return {fmt::format("the time from {} to {} overlaps {} to {}", atom(expr.args[0]),
                          atom(expr.args[1]), atom(expr.args[2]), atom(expr.args[3]))};
    }
    return other(expr);
  }

  Rendered negation(const Expr& expr) const {
    const Expr& inner = expr.args[0];
    if (inner.is_call("is_null")) return {text(inner.args[0], kSum) + " is not empty", kComparison};
    return {fmt::format("not ({})", text(inner, kOr)), kComparison};
  }

  Rendered aggregate(const Expr& expr) const {
    const std::string& op = expr.text;
    if (expr.args.empty()) return {op};
    const std::string& entity = expr.args[0].text;
    if (op == "count") return {"the number of " + phrases_.many(entity) + filter(expr, 1)};
    if (op == "exists") return {"there is " + article(phrases_.one(entity)) + filter(expr, 1)};
    return {fmt::format("the {} of {} over {}{}", op == "sum" ? "sum" : "average",
                        atom(expr.args[1]), phrases_.many(entity), filter(expr, 2))};
  }

  Rendered other(const Expr& expr) const {
    const std::string& op = expr.text;
    if (op == "days" || op == "hours" || op == "minutes" || op == "months") {
      const Expr& amount = expr.args[0];
      const bool number = amount.kind == Expr::Kind::kInt && amount.integer >= 0;
      return {number ? with_unit(op, std::to_string(amount.integer))
                     : fmt::format("({}) {}", text(amount, kOr), op)};
    }
    if (op == "add" || op == "sub") {
      return {fmt::format("{} {} {}", atom(expr.args[1]), op == "add" ? "after" : "before",
                          atom(expr.args[0])),
              kMoved};
    }
    if (op == "days_between" || op == "hours_between") {
      return {fmt::format("the {} from {} to {}", op.substr(0, op.find('_')), atom(expr.args[0]),
                          atom(expr.args[1]))};
    }
    if (op == "date_of") return {"the date of " + atom(expr.args[0])};
    return {comparison(expr), kComparison};
  }

  std::string comparison(const Expr& expr) const {
    const std::string& op = expr.text;
    const std::string left = text(expr.args[0], kSum);
    if (op == "is_null") return left + " is empty";
    if (op == "in") {
      std::string choices;
      for (std::size_t i = 1; i < expr.args.size(); ++i) {
        choices += (i > 1 ? " | " : "") + atom(expr.args[i]);
      }
      return left + " is one of " + choices;
    }
    static const std::map<std::string, std::string, std::less<>> kWords{
        {"=", "is"},      {"!=", "is not"},    {"<", "is below"},
        {"<=", "is at most"}, {">", "is above"}, {">=", "is at least"}};
    return fmt::format("{} {} {}", left, kWords.at(op), text(expr.args[1], kSum));
  }

  const Phrases& phrases_;
};

}  // namespace

bool is_keyword(std::string_view word) {
  return std::find(kKeywords.begin(), kKeywords.end(), word) != kKeywords.end();
}

bool is_plain_phrase(std::string_view phrase) {
  for (const std::string& word : text::split(phrase, ' ')) {
    if (word.empty() || is_keyword(word) || word[0] < 'a' || word[0] > 'z') return false;
    for (const char c : word) {
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) return false;
    }
  }
  return true;
}

std::string article(std::string_view noun) {
  const bool vowel =
      !noun.empty() && std::string_view("aeiouAEIOU").find(noun[0]) != std::string_view::npos;
  return fmt::format("{} {}", vowel ? "an" : "a", noun);
}

std::string quoted(std::string_view text) { return json::write(Json(std::string(text))); }

std::string word_or_quoted(std::string_view text) {
  const bool word = !text.empty() && !is_keyword(text) &&
                    std::all_of(text.begin(), text.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || c == '_';
                    });
  return word ? std::string(text) : quoted(text);
}

std::string path_words(std::string_view path) {
  return text::replace_all(std::string(path), ".", "'s ");
}

Phrases::Phrases(const Spec& spec) {
  std::map<std::string, int> uses;
  for (const Entity& entity : spec.entities) {
    ++uses[entity.name];
    if (entity.plural != entity.name) ++uses[entity.plural];
  }
  const auto usable = [&](const std::string& phrase) {
    return is_plain_phrase(phrase) && uses[phrase] == 1;
  };
  for (const Entity& entity : spec.entities) {
    one_[entity.id] = usable(entity.name) ? entity.name : entity.id;
    many_[entity.id] = usable(entity.plural) ? entity.plural : entity.id;
    entity_[one_[entity.id]] = entity.id;
    entity_[many_[entity.id]] = entity.id;
    entity_[entity.id] = entity.id;
  }
}

std::string Phrases::one(const std::string& entity) const {
  const auto it = one_.find(entity);
  return it == one_.end() ? entity : it->second;
}

std::string Phrases::many(const std::string& entity) const {
  const auto it = many_.find(entity);
  return it == many_.end() ? entity : it->second;
}

std::string Phrases::entity_of(const std::string& phrase) const {
  const auto it = entity_.find(phrase);
  return it == entity_.end() ? std::string() : it->second;
}

std::string to_english(const Expr& expr, const Phrases& phrases) {
  return Renderer(phrases).text(expr, kOr);
}

std::string to_english_atom(const Expr& expr, const Phrases& phrases) {
  return Renderer(phrases).text(expr, kAtom);
}

}  // namespace cadre::spec
