// Reads canonical English back: tokens, and expressions by recursive descent.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "spec/english.h"

namespace cadre::spec {
namespace {

bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr int kDeepest = 40;

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view text) {
  std::vector<Token> tokens;
  int line = 1;
  std::size_t line_start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    Token token;
    token.line = line;
    token.column = static_cast<int>(at - line_start) + 1;
    if (c == '\n') {
      ++line;
      line_start = ++at;
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\r') {
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    if (c == '#' && token.column == 1) {  // a heading
      while (at < text.size() && text[at] != '\n') ++at;
      continue;
    }
    if (is_word_start(c)) {
      while (end < text.size() && (is_word_start(text[end]) || is_digit(text[end]))) ++end;
      token.kind = Token::Kind::kWord;
      token.text = text.substr(at, end - at);
    } else if (is_digit(c)) {
      while (end < text.size() && is_digit(text[end])) ++end;
      if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1])) {
        ++end;
        while (end < text.size() && is_digit(text[end])) ++end;
      }
      token.kind = Token::Kind::kNumber;
      token.text = text.substr(at, end - at);
    } else if (c == '"') {
      while (end < text.size() && text[end] != '"' && text[end] != '\n')
        end += text[end] == '\\' ? 2U : 1U;
      const auto value = json::parse(text.substr(at, std::min(end + 1, text.size()) - at));
      if (!value || !value->is_string()) {
        return fail(ErrorCode::kInvalidInput,
                    fmt::format("line {}, column {}: the quotes do not end", line, token.column));
      }
      token.kind = Token::Kind::kString;
      token.text = std::string(json::as_view(value->get_string()));
      ++end;
    } else {
      token.kind = Token::Kind::kSign;
      if (c == '\'' && at + 1 < text.size() && text[at + 1] == 's') ++end;
      token.text = text.substr(at, end - at);
    }
    tokens.push_back(std::move(token));
    at = end;
  }
  Token end;
  end.line = line;
  end.column = 1;
  tokens.push_back(end);
  return tokens;
}

const Token& Reader::peek(std::size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

const Token& Reader::next() {
  const Token& token = peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

void Reader::refuse(const std::string& expected) const {
  const Token& token = peek();
  throw Unreadable{fmt::format("line {}, column {}: expected {}, not {}", token.line, token.column,
                               expected,
                               token.kind == Token::Kind::kEnd ? "the end of the text"
                                                               : "\"" + token.text + "\"")};
}

bool Reader::sees(std::string_view word, std::size_t ahead) const {
  const Token& token = peek(ahead);
  return (token.kind == Token::Kind::kWord || token.kind == Token::Kind::kSign) &&
         token.text == word;
}

bool Reader::sees_all(std::initializer_list<std::string_view> words) const {
  std::size_t ahead = 0;
  return std::all_of(words.begin(), words.end(),
                     [&](std::string_view word) { return sees(word, ahead++); });
}

bool Reader::take(std::string_view word) {
  if (!sees(word)) return false;
  next();
  return true;
}

bool Reader::take_all(std::initializer_list<std::string_view> words) {
  if (!sees_all(words)) return false;
  for (std::size_t i = 0; i < words.size(); ++i) next();
  return true;
}

void Reader::expect(std::string_view word) {
  if (!take(word)) refuse(fmt::format("\"{}\"", word));
}

std::string Reader::word(std::string_view what) {
  if (peek().kind != Token::Kind::kWord) refuse(std::string(what));
  return next().text;
}

std::string Reader::string(std::string_view what) {
  if (peek().kind != Token::Kind::kString) refuse(fmt::format("{} in quotes", what));
  return next().text;
}

std::string Reader::word_or_string(std::string_view what) {
  return peek().kind == Token::Kind::kString ? next().text : word(what);
}

std::string Reader::number(std::string_view what) {
  const bool negative = sees("-") && peek(1).kind == Token::Kind::kNumber;
  if (negative) next();
  if (peek().kind != Token::Kind::kNumber) refuse(std::string(what));
  return (negative ? "-" : "") + next().text;
}

int Reader::integer(std::string_view what) {
  const std::string digits = number(what);
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) refuse(std::string(what));
  return value;
}

std::string Reader::path(std::string_view what) {
  std::string out = word(what);
  while (take("'s")) out += "." + word(what);
  return out;
}

std::string Reader::entity() {
  // The longest phrase that is known.
  std::string best;
  std::size_t length = 0;
  std::string phrase;
  for (std::size_t i = 0; i < 8 && peek(i).kind == Token::Kind::kWord; ++i) {
    phrase += (i > 0 ? " " : "") + peek(i).text;
    const std::string known = phrases_->entity_of(phrase);
    if (known.empty()) continue;
    best = known;
    length = i + 1;
  }
  if (best.empty()) refuse("the name of a record");
  for (std::size_t i = 0; i < length; ++i) next();
  return best;
}

std::string Reader::phrase_until(std::initializer_list<std::string_view> stops) {
  if (peek().kind == Token::Kind::kString) return next().text;
  std::string out;
  while (peek().kind == Token::Kind::kWord &&
         std::none_of(stops.begin(), stops.end(), [&](auto stop) { return sees(stop); })) {
    out += (out.empty() ? "" : " ") + next().text;
  }
  if (out.empty()) refuse("a name");
  return out;
}

Expr Reader::expr() {
  if (++depth_ > kDeepest) refuse("a simpler expression");
  Expr out = either();
  --depth_;
  return out;
}

Expr Reader::condition_in_parentheses() {
  expect("(");
  Expr out = expr();
  expect(")");
  return out;
}

Expr Reader::either() {
  std::vector<Expr> parts{both()};
  while (take("or")) parts.push_back(both());
  return parts.size() == 1 ? std::move(parts[0]) : Expr::call("or", std::move(parts));
}

Expr Reader::both() {
  std::vector<Expr> parts{comparison()};
  while (take("and")) parts.push_back(comparison());
  return parts.size() == 1 ? std::move(parts[0]) : Expr::call("and", std::move(parts));
}

Expr Reader::comparison() {
  if (take("not")) return Expr::call("not", {condition_in_parentheses()});
  Expr left = sum();
  return take("is") ? after_is(std::move(left)) : left;
}

Expr Reader::after_is(Expr left) {
  const auto with = [&](const char* op) {
    Expr right = sum();
    return Expr::call(op, {std::move(left), std::move(right)});
  };
  if (take("empty")) return Expr::call("is_null", {std::move(left)});
  if (take_all({"not", "empty"})) {
    return Expr::call("not", {Expr::call("is_null", {std::move(left)})});
  }
  if (take("not")) return with("!=");
  if (take("below")) return with("<");
  if (take("above")) return with(">");
  if (take_all({"at", "most"})) return with("<=");
  if (take_all({"at", "least"})) return with(">=");
  if (take_all({"one", "of"})) {
    std::vector<Expr> args{std::move(left)};
    do {
      args.push_back(atom());
    } while (take("|"));
    return Expr::call("in", std::move(args));
  }
  return with("=");
}

Expr Reader::sum() {
  Expr left = product();
  if (take("-")) return Expr::call("-", {std::move(left), product()});
  if (!sees("+")) return left;
  std::vector<Expr> parts{std::move(left)};
  while (take("+")) parts.push_back(product());
  return Expr::call("+", std::move(parts));
}

Expr Reader::product() {
  Expr left = moved();
  if (take("/")) return Expr::call("/", {std::move(left), moved()});
  if (!sees("*")) return left;
  std::vector<Expr> parts{std::move(left)};
  while (take("*")) parts.push_back(moved());
  return Expr::call("*", std::move(parts));
}

Expr Reader::moved() {
  Expr left = atom();
  for (const auto& [word, op] : {std::pair{"after", "add"}, std::pair{"before", "sub"}}) {
    if (take(word)) {
      Expr when = atom();
      return Expr::call(op, {std::move(when), std::move(left)});
    }
  }
  return left;
}

bool Reader::unit(std::string& op) {
  for (const char* name : {"days", "hours", "minutes", "months"}) {
    const std::string_view many(name);
    if (take(many) || take(many.substr(0, many.size() - 1))) {
      op = name;
      return true;
    }
  }
  return false;
}

Expr Reader::parenthesised() {
  if (take("if")) {
    Expr condition = expr();
    expect("then");
    Expr yes = expr();
    expect("else");
    Expr no = expr();
    expect(")");
    return Expr::call("if", {std::move(condition), std::move(yes), std::move(no)});
  }
  Expr inner = expr();
  expect(")");
  std::string op;
  if (unit(op)) return Expr::call(op, {std::move(inner)});
  return inner;
}

Expr Reader::atom() {
  if (take("(")) return parenthesised();
  if (peek().kind == Token::Kind::kString) return Expr::string(next().text);
  if (peek().kind == Token::Kind::kNumber || sees("-")) {
    const std::string digits = number("a number");
    if (digits.find('.') != std::string::npos) return Expr::decimal(digits);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) refuse("a smaller number");
    std::string op;
    if (unit(op)) return Expr::call(op, {Expr::of(value)});
    return Expr::of(value);
  }
  if (take("its")) {
    if (sees_all({"own", "former"})) next();  // an attribute that is called "former"
    else if (take("former")) return Expr::call("old", {Expr::string(path("an attribute"))});
    return Expr::call("self", {Expr::string(path("an attribute"))});
  }
  if (take("their")) return Expr::call("row", {Expr::string(path("an attribute"))});
  if (take("the")) return the();
  if (take_all({"there", "is"})) {
    if (!take("a")) expect("an");
    return aggregate("exists", false);
  }
  if (take("now")) return Expr::call("now");
  if (take("today")) return Expr::call("today");
  if (take("nothing")) return Expr::null();
  if (take("true")) return Expr::of(true);
  if (take("false")) return Expr::of(false);
  if (peek().kind == Token::Kind::kWord && !is_keyword(peek().text)) {
    return Expr::call("row", {Expr::string(path("an attribute"))});
  }
  refuse("a value");
}

Expr Reader::the() {
  if (take("given")) return Expr::call("arg", {Expr::string(path("an input"))});
  if (take_all({"actor", "'s", "role"})) return Expr::call("role");
  if (take("actor")) return Expr::call("actor");
  if (take_all({"number", "of"})) return aggregate("count", false);
  if (take_all({"sum", "of"})) return aggregate("sum", true);
  if (take_all({"average", "of"})) return aggregate("avg", true);
  if (take_all({"date", "of"})) return Expr::call("date_of", {atom()});
  for (const auto& [word, op] :
       {std::pair{"days", "days_between"}, std::pair{"hours", "hours_between"}}) {
    if (!take_all({word, "from"})) continue;
    Expr first = atom();
    expect("to");
    return Expr::call(op, {std::move(first), atom()});
  }
  if (take_all({"time", "from"})) {
    std::vector<Expr> args{atom()};
    expect("to");
    args.push_back(atom());
    expect("overlaps");
    args.push_back(atom());
    expect("to");
    args.push_back(atom());
    return Expr::call("overlaps", std::move(args));
  }
  for (const auto& [word, op] : {std::pair{"smallest", "min"}, std::pair{"largest", "max"}}) {
    if (!take_all({word, "of", "("})) continue;
    std::vector<Expr> args;
    do {
      args.push_back(expr());
    } while (take(","));
    expect(")");
    return Expr::call(op, std::move(args));
  }
  refuse("given, actor, number of, sum of, average of, date of, days from, hours from, time from, "
         "smallest of or largest of");
}

Expr Reader::aggregate(const char* op, bool has_value) {
  std::vector<Expr> args(1);
  if (has_value) {
    args.push_back(atom());
    expect("over");
  }
  args[0] = Expr::string(entity());
  if (take("where")) args.push_back(condition_in_parentheses());
  return Expr::call(op, std::move(args));
}

}  // namespace cadre::spec
