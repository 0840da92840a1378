// Values that follow from others, and operations that move a quantity.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

using spec::Type;

std::string words_of(std::string_view id) { return text::replace_all(std::string(id), "_", " "); }

// Reads "quantity times unit price", "net total plus VAT", "sum of ... of its lines".
class Formula {
 public:
  Formula(Draft& draft, const Scan& scan, const std::string& entity, int first, int last)
      : draft_(draft), s_(scan), entity_(entity), i_(first), last_(last) {}

  std::optional<Expr> read() {
    auto left = term();
    while (left && i_ <= last_) {
      std::string sign;
      if (s_.any(i_, {"plus", "+"})) sign = "+";
      else if (s_.any(i_, {"minus", "-", "less"})) sign = "-";
      else break;
      ++i_;
      const auto right = term();
      if (!right) return std::nullopt;
      left = op(sign, *left, *right);
      ++operators_;
    }
    return left;
  }

  int end() const { return i_; }
  int operators() const { return operators_; }
  Type type() const { return money_ ? Type::kMoney : decimal_ ? Type::kDecimal : Type::kInt; }

 private:
  std::optional<Expr> term() {
    auto left = factor();
    while (left && i_ <= last_) {
      std::string sign;
      if (s_.any(i_, {"times", "*", "x"})) sign = "*";
      else if (s_.any(i_, {"multiplied", "multiply"}) && s_.is(i_ + 1, "by")) sign = "*", ++i_;
      else if (s_.any(i_, {"divided", "divide"}) && s_.is(i_ + 1, "by")) sign = "/", ++i_;
      else break;
      ++i_;
      const auto right = factor();
      if (!right) return std::nullopt;
      if (sign == "/") decimal_ = true;
      left = op(sign, *left, *right);
      ++operators_;
    }
    return left;
  }

  std::optional<Expr> factor() {
    while (i_ <= last_ && (s_.at(i_).tag == Tag::kDeterminer || s_.any(i_, {"its", "their"}))) ++i_;
    if (s_.is(i_, "sum") && s_.is(i_ + 1, "of")) return sum();
    if (s_.is(i_, "number") && s_.is(i_ + 1, "of")) return number_of();
    if (s_.at(i_).number) return number(*s_.at(i_++).number);
    return field();
  }

  void note_type(const std::string& entity, const std::string& attribute) {
    const auto type = draft_.attribute(entity, attribute)->type;
    money_ = money_ || type == Type::kMoney;
    decimal_ = decimal_ || type == Type::kDecimal;
  }

  bool numeric(const std::string& entity, const std::string& attribute) {
    const auto* a = draft_.attribute(entity, attribute);
    return a != nullptr && (a->type == Type::kInt || a->type == Type::kMoney ||
                            a->type == Type::kDecimal);
  }

  std::optional<Expr> field() {
    for (int j = std::min(last_, i_ + 4); j >= i_; --j) {
      if (s_.punctuation(j)) continue;
      const auto words = s_.lemmas(i_, j);
      const auto own = draft_.attribute_named(entity_, words);
      if (!own.empty() && numeric(entity_, own)) {
        note_type(entity_, own);
        i_ = j + 1;
        skip_owner();
        return in_row_ ? row(own) : self(own);
      }
      for (const auto* r : relations_of(draft_.spec, entity_)) {
        const auto other = draft_.attribute_named(r->to, words);
        if (other.empty() || !numeric(r->to, other)) continue;
        note_type(r->to, other);
        i_ = j + 1;
        skip_owner();
        const auto path = r->role + "." + other;
        return in_row_ ? row(path) : self(path);
      }
    }
    return std::nullopt;
  }

  // "price of the product": already resolved.
  void skip_owner() {
    if (!s_.is(i_, "of")) return;
    const auto name = name_after(s_, i_ + 1, last_);
    if (name.empty()) return;
    const auto id = draft_.entity_named(name.text);
    if (id.empty() || (!draft_.relation_to(id, entity_) && in_row_ == false &&
                       draft_.relation_to(entity_, id) == nullptr && id != entity_)) {
      return;
    }
    if (draft_.relation_to(id, entity_) != nullptr) return;  // "of its lines": the sum's own
    i_ = name.last + 1;
  }

  // "the sum of quantity times unit price of its lines"
  std::optional<Expr> sum() {
    std::string child;
    int of = -1;
    for (const auto& m : draft_.mentions_between(s_, i_ + 2, last_)) {
      if (m.kind == Mention::Kind::kEntity && draft_.relation_to(m.entity, entity_) != nullptr) {
        child = m.entity;
        of = m.first;
        last_used_ = m.last;
      }
    }
    if (child.empty()) return std::nullopt;
    int stop = of - 1;
    while (stop > i_ + 2 && (s_.at(stop).tag == Tag::kDeterminer || s_.any(stop, {"of", "all",
                                                                                 "its", "the"}))) {
      --stop;
    }
    Formula inner(draft_, s_, child, i_ + 2, stop);
    inner.in_row_ = true;
    const auto value = inner.read();
    if (!value || inner.end() <= stop) return std::nullopt;
    money_ = money_ || inner.money_;
    decimal_ = decimal_ || inner.decimal_;
    operators_ += 1;
    i_ = last_used_ + 1;
    const auto role = draft_.relation_to(child, entity_)->role;
    return Expr::call("sum", {Expr::string(child), *value, eq(row(role), self("id"))});
  }

  // "the number of nights": between two dates; "the number of items": children.
  std::optional<Expr> number_of() {
    const auto name = name_after(s_, i_ + 2, last_);
    if (name.empty()) return std::nullopt;
    const auto id = draft_.entity_named(name.text);
    if (!id.empty()) {
      const auto* r = draft_.relation_to(id, entity_);
      if (r == nullptr) return std::nullopt;
      i_ = name.last + 1;
      ++operators_;
      return count(id, eq(row(r->role), self("id")));
    }
    if (s_.any(name.last, {"night", "day"})) {
      std::vector<std::string> dates;
      for (const auto& a : draft_.entity(entity_).attributes) {
        if (a.type == Type::kDate && a.origin.kind == spec::OriginKind::kStated) {
          dates.push_back(a.id);
        }
      }
      if (dates.size() != 2) return std::nullopt;
      // Days are counted like nights only when nobody says otherwise.
      if (s_.is(name.last, "day")) {
        draft_.assume("The number of days is the difference of the two dates.", {entity_},
                      "say that both days count", "ambiguous");
      }
      i_ = name.last + 1;
      ++operators_;
      return Expr::call("days_between", {self(dates[0]), self(dates[1])});
    }
    const auto own = draft_.attribute_named(entity_, name.text);
    if (own.empty() || !numeric(entity_, own)) return std::nullopt;
    i_ = name.last + 1;
    return in_row_ ? row(own) : self(own);
  }

  Draft& draft_;
  const Scan& s_;
  std::string entity_;
  int i_, last_;
  int last_used_ = 0;
  int operators_ = 0;
  bool money_ = false, decimal_ = false;
  bool in_row_ = false;
};

// "Total time is ...", "The order total is ...", "The total price of a reservation is ...".
bool read_derived(Draft& draft, Range part) {
  const Scan s(draft.sentence(part.sentence));
  int be = -1;
  for (int i = part.first + 1; i <= part.last && be < 0; ++i) {
    if (s.be(i) || s.is(i, "equal")) be = i;
  }
  if (be < 0) return false;
  int first = be + 1;
  while (s.any(first, {"calculated", "computed", "as", "from", "equal", "to", "the", "derived",
                       "calculate", "compute"})) {
    ++first;
  }
  auto name = name_after(s, part.first, be - 1);
  if (name.empty()) return false;
  std::string entity, field = name.text;
  if (s.is(name.last + 1, "of")) {
    const auto owner = name_after(s, name.last + 2, be - 1);
    if (owner.empty()) return false;
    entity = draft.entity_named(owner.text);
    if (entity.empty()) return false;
  }
  if (entity.empty()) {
    // "The order total": the entity in front.
    const auto space = field.find(' ');
    if (space != std::string::npos) {
      entity = draft.entity_named(field.substr(0, space));
      if (!entity.empty()) field = field.substr(space + 1);
    }
  }
  std::vector<std::string> candidates;
  if (!entity.empty()) {
    candidates = {entity};
  } else {
    for (const auto& e : draft.spec.entities) candidates.push_back(e.id);
  }
  for (const auto& id : candidates) {
    Formula formula(draft, s, id, first, part.last);
    const auto value = formula.read();
    if (!value || formula.operators() == 0 || formula.end() <= part.last - 1) continue;
    if (formula.end() <= part.last && !s.punctuation(formula.end())) continue;
    const Range range{part.sentence, part.first, formula.end() - 1};
    auto& a = draft.add_attribute(id, field, draft.stated(range, "attr.derived"));
    a.type = formula.type();
    a.derived = value;
    a.stored = false;
    a.required = false;
    a.default_value.reset();
    a.min.reset();
    a.unit.clear();
    const auto attribute = a.id;
    auto& rule = draft.add_rule(
        "derived", range, "derived.formula",
        fmt::format("The {} of {} is {}.", words_of(attribute), a_noun(draft.entity(id).name),
                    draft.words({part.sentence, first, formula.end() - 1})),
        {{"attr", id + "." + attribute},
         {"expr", draft.words({part.sentence, first, formula.end() - 1})}});
    rule.expr = value;
    return true;
  }
  return false;
}

// --- quantities

class StockReader {
 public:
  StockReader(Draft& draft, const Reading& reading) : draft_(draft), reading_(reading) {}

  void run() {
    for (int i = 0; i < static_cast<int>(reading_.actions.size()); ++i) {
      if (outside_sentence(draft_, i)) continue;
      const Scan s(draft_.sentence(i));
      for (const auto& a : reading_.actions[static_cast<std::size_t>(i)]) move(s, i, a);
    }
  }

 private:
  void move(const Scan& s, int index, const Action& a) {
    const int direction = stock_direction(a.verb);
    if (direction == 0 || a.negated || a.dependent || a.passive || a.objects.empty()) return;
    const auto& object = a.objects.front();
    if (object.name.empty()) return;
    const auto bare = bare_name(s, object.name);
    auto [entity, attribute] = quantity_of(bare);
    if (attribute.empty() || draft_.operation_on(entity, a.verb) != nullptr) return;
    const Range range{index, a.first, object.last};
    auto& made = draft_.add_operation(spec::OperationKind::kMoveQuantity, entity, a.verb,
                                      draft_.stated(range, "operation.move"));
    const auto id = made.id;
    made.inputs.push_back({"quantity", Type::kInt, "", true});
    auto& rule = draft_.add_rule(
        "effect", range, "effect.stock",
        fmt::format("To {} {} {} its {} by the quantity.", verb_words(a.verb), bare,
                    direction > 0 ? "raises" : "lowers", words_of(attribute)),
        {{"op", a.verb}, {"set", attribute + (direction > 0 ? "+=n" : "-=n")}});
    auto* operation = draft_.operation(id);
    spec::Guard positive;
    positive.id = draft_.next_convention();
    positive.require = op(">", arg("quantity"), Expr::of(0));
    positive.error = "quantity_not_positive";
    positive.status = 422;
    positive.origin = Draft::convention();
    operation->guards.push_back(positive);
    if (direction < 0) {
      spec::Guard enough;
      enough.id = rule.id;
      enough.require = op(">=", self(attribute), arg("quantity"));
      enough.error = "not_enough_" + attribute;
      enough.status = 409;
      enough.origin = rule.origin;
      operation->guards.push_back(enough);
    }
    spec::Effect effect;
    effect.kind = direction > 0 ? spec::EffectKind::kInc : spec::EffectKind::kDec;
    effect.target = entity + "." + attribute;
    effect.value = arg("quantity");
    effect.origin = rule.origin;
    operation->effects.push_back(effect);
    Grant grant;
    for (const auto& subject : a.subjects) {
      if (subject.name.empty() || !is_people(subject.name.text)) continue;
      grant.actor = draft_.add_actor(bare_name(s, subject.name), rule.origin);
      grant.verb = a.verb;
      grant.entity = entity;
      grant.origin = rule.origin;
      draft_.grants.push_back(grant);
    }
  }

  // The stock that is meant: by the attribute's name, or of the entity that has one.
  std::pair<std::string, std::string> quantity_of(const std::string& words) {
    std::pair<std::string, std::string> found;
    const auto id = draft_.entity_named(words);
    for (const auto& e : draft_.spec.entities) {
      if (!id.empty() && e.id != id) continue;
      if (id.empty() && words != "stock" && words != "good" && words != "item" &&
          draft_.attribute_named(e.id, words).empty()) {
        continue;
      }
      for (const auto& a : e.attributes) {
        const bool stock = a.id == "stock" || a.id.starts_with("quantity") ||
                           a.id.ends_with("_stock") || a.id == "in_stock" || a.id == "on_hand";
        if (!stock || a.type != Type::kInt || a.id.starts_with("min") || a.id.starts_with("max")) {
          continue;
        }
        if (!found.first.empty()) return {};
        found = {e.id, a.id};
        break;
      }
    }
    return found;
  }

  Draft& draft_;
  const Reading& reading_;
};

}  // namespace

void read_derived_rules(Draft& draft) {
  for (int i = 0; i < static_cast<int>(draft.brief.sentences.size()); ++i) {
    if (outside_sentence(draft, i)) continue;
    for (const auto& part : segments(draft, i)) read_derived(draft, part);
  }
}

void read_stock_rules(Draft& draft, const Reading& reading) { StockReader(draft, reading).run(); }

}  // namespace cadre::offline::analysis
