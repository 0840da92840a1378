// Rules about single values: unique, required, optional, bounds, defaults, lengths.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

using spec::Type;

struct Subject {
  std::string entity, attribute;
  int first = 0, last = 0;
};

struct Comparison {
  std::optional<double> min, max;
  bool exclusive_min = false, exclusive_max = false;
  int first = 0, last = 0;
};

bool any_number(const Scan& s, int i) { return s.at(i).number.has_value(); }

// "at least 1", "greater than zero", "between 1 and 5", "not negative", "may not exceed 10".
std::optional<Comparison> read_comparison(const Scan& s, int first, int last, bool negated) {
  for (int i = first; i <= last; ++i) {
    Comparison c;
    c.first = i;
    const auto take = [&](std::initializer_list<std::string_view> words) {
      for (const auto w : words) {
        const int used = s.phrase(i, w);
        if (used > 0 && any_number(s, i + used)) return i + used;
      }
      return -1;
    };
    int n = -1;
    if ((s.any(i, {"between", "from"})) && any_number(s, i + 1) && any_number(s, i + 3)) {
      c.min = s.at(i + 1).number;
      c.max = s.at(i + 3).number;
      c.last = i + 3;
      return negated ? std::nullopt : std::optional(c);
    }
    if (any_number(s, i) && s.any(i + 1, {"to", "-", "–"}) && any_number(s, i + 2)) {
      c.min = s.at(i).number;
      c.max = s.at(i + 2).number;
      c.last = i + 2;
      return negated ? std::nullopt : std::optional(c);
    }
    if ((n = take({"at least", "no less than", "not less than", "no lower than", "minimum",
                   "a minimum of", "not below", "not be below", "not be lower than",
                   "not be less than", "greater than or equal to", ">="})) >= 0) {
      c.min = s.at(n).number;
    } else if ((n = take({"at most", "up to", "no more than", "not more than", "maximum",
                          "a maximum of", "not above", "not exceed", "not be more than",
                          "less than or equal to", "<="})) >= 0) {
      c.max = s.at(n).number;
    } else if ((n = take({"greater than", "more than", "above", "larger than", "higher than",
                          "over", "bigger than", ">"})) >= 0) {
      (negated ? c.max : c.min) = s.at(n).number;
      c.exclusive_min = !negated;
    } else if ((n = take({"less than", "below", "lower than", "under", "smaller than", "fewer than",
                          "<"})) >= 0) {
      (negated ? c.min : c.max) = s.at(n).number;
      c.exclusive_max = !negated;
    } else if ((n = take({"exceed"})) >= 0) {
      if (!negated) continue;
      c.max = s.at(n).number;
    } else if (s.is(i, "negative")) {
      if (!negated) continue;
      c.min = 0;
      n = i;
    } else if (s.any(i, {"non-negative", "nonnegative"})) {
      c.min = 0;
      n = i;
    } else if (s.is(i, "positive")) {
      if (negated) continue;
      c.min = 0;
      c.exclusive_min = true;
      n = i;
    } else {
      continue;
    }
    c.last = n;
    return c;
  }
  return std::nullopt;
}

class ValueReader {
 public:
  explicit ValueReader(Draft& draft) : draft_(draft) {}

  void run() {
    for (int i = 0; i < static_cast<int>(draft_.brief.sentences.size()); ++i) {
      if (outside_sentence(draft_, i)) continue;
      const Scan s(draft_.sentence(i));
      for (const auto& part : segments(draft_, i)) {
        no_two(s, part);
        unique(s, part);
        required(s, part);
        default_value(s, part);
        bounds(s, part);
        initial_flag(s, part);
      }
    }
  }

 private:
  static std::string words_of(std::string_view id) {
    return text::replace_all(std::string(id), "_", " ");
  }

  // The attributes named in tokens first..last; the entity by "of", by the sentence, or the one
  // entity that has such an attribute.
  std::vector<Subject> attributes(Range part, int first, int last) {
    const Scan s(draft_.sentence(part.sentence));
    std::vector<Subject> found;
    const auto mentions = draft_.mentions(part.sentence);
    for (int i = first; i <= last; ++i) {
      bool hit = false;
      for (int j = std::min(last, i + 3); j >= i && !hit; --j) {
        if (s.punctuation(j)) continue;
        hit = add_attribute(s, part, mentions, i, j, &found);
        if (hit) i = j;
      }
    }
    return found;
  }

  bool add_attribute(const Scan& s, Range part, const std::vector<Mention>& mentions, int i, int j,
                     std::vector<Subject>* found) {
    const auto words = s.lemmas(i, j);
    const auto plain = s.lowers(i, j);
    std::vector<std::pair<std::string, std::string>> owners;
    for (const auto& e : draft_.spec.entities) {
      auto a = draft_.attribute_named(e.id, words);
      if (a.empty()) a = draft_.attribute_named(e.id, plain);
      if (!a.empty()) owners.emplace_back(e.id, a);
    }
    if (owners.empty()) return false;
    const auto pick = choose(s, part, mentions, owners, i, j);
    if (pick.first.empty()) return false;
    found->push_back({pick.first, pick.second, i, j});
    return true;
  }

  std::pair<std::string, std::string> choose(
      const Scan& s, Range part, const std::vector<Mention>& mentions,
      const std::vector<std::pair<std::string, std::string>>& owners, int i, int j) {
    if (owners.size() == 1) return owners.front();
    const auto owner_of = [&](const std::string& entity) {
      for (const auto& o : owners) {
        if (o.first == entity) return o;
      }
      return std::pair<std::string, std::string>{};
    };
    if (s.is(j + 1, "of") || s.is(i - 1, "'s")) {
      for (const auto& m : mentions) {
        const bool near = s.is(j + 1, "of") ? m.first > j && m.first <= j + 4 : m.last == i - 2;
        if (near && m.kind == Mention::Kind::kEntity) return owner_of(m.entity);
      }
    }
    for (const auto& m : mentions) {
      if (m.kind != Mention::Kind::kEntity) continue;
      if (const auto o = owner_of(m.entity); !o.first.empty()) return o;
    }
    for (int back = part.sentence - 1; back >= 0; --back) {
      for (const auto& m : draft_.mentions(back)) {
        if (m.kind != Mention::Kind::kEntity) continue;
        if (const auto o = owner_of(m.entity); !o.first.empty()) return o;
      }
    }
    return owners.front();
  }

  bool claimed_mark(int index, int token) const { return draft_.claimed(index, token); }

  // "Work emails are unique", "email must be unique per company".
  void unique(const Scan& s, Range part) {
    for (int i = part.first; i <= part.last; ++i) {
      const bool twice = s.any(i, {"twice"}) && s.find_any(part.first, i, {"not", "never", "n't",
                                                                           "cannot"}) >= 0 &&
                         s.find_any(part.first, i, {"exist", "occur", "use", "appear"}) >= 0;
      if (!(s.is(i, "unique") || twice) || claimed_mark(part.sentence, i)) continue;
      if (s.is(i, "unique") && s.noun(i + 1)) {
        unique_noun(s, part, i);
        continue;
      }
      int start = part.first;
      for (int k = part.first; k < i; ++k) {
        if (s.any(k, {",", "and"}) && s.find(k, i, "be") >= 0 && s.find(part.first, k, "be") >= 0) {
          start = k;
        }
      }
      auto subjects = attributes(part, start, i - 1);
      const int per = s.find_any(i + 1, part.last, {"per", "within", "for each", "in a", "in each",
                                                    "for every", "within a"});
      std::vector<std::string> within;
      int last = i;
      if (per >= 0) {
        for (const auto& m : draft_.mentions(part.sentence)) {
          if (m.first > per && m.last <= part.last && m.kind == Mention::Kind::kEntity) {
            within.push_back(m.entity);
            last = m.last;
          }
        }
        if (within.empty()) continue;
      }
      if (together(s, part, i, subjects)) continue;
      for (const auto& subject : subjects) set_unique({part.sentence, subject.first, last}, subject,
                                                      within);
    }
  }

  // "pontoon and number together are unique", "the combination of row and seat is unique"
  bool together(const Scan& s, Range part, int unique, const std::vector<Subject>& subjects) {
    if (s.find_any(part.first, unique, {"together", "combination", "pair"}) < 0) return false;
    if (subjects.size() < 2) return true;
    auto& entity = draft_.entity(subjects.front().entity);
    std::vector<std::string> names;
    for (const auto& subject : subjects) {
      if (subject.entity != entity.id || draft_.attribute(entity.id, subject.attribute) == nullptr)
        return true;
      if (std::find(names.begin(), names.end(), subject.attribute) != names.end()) return true;
      names.push_back(subject.attribute);
    }
    if (!entity.natural_key.empty()) return true;
    entity.natural_key = names;
    std::vector<std::string> words;
    for (const auto& name : names) words.push_back(words_of(name));
    draft_.add_rule("unique", {part.sentence, subjects.front().first, unique}, "unique.together",
                    "The " + text::join(words, " and ") + " of " + a_noun(entity.name) +
                        " are unique together.",
                    {{"attr", entity.id + ".(" + text::join(names, ",") + ")"}})
        .enforced_in = {"schema", "service"};
    return true;
  }

  // "A ticket has a unique code" outside of a list that was read.
  void unique_noun(const Scan& s, Range part, int i) {
    (void)s;
    const auto subjects = attributes(part, i + 1, std::min(part.last, i + 3));
    if (!subjects.empty() && subjects.front().first == i + 1) {
      set_unique({part.sentence, i, subjects.front().last}, subjects.front(), {});
    }
  }

  void set_unique(Range range, const Subject& subject, const std::vector<std::string>& within) {
    auto* a = draft_.attribute(subject.entity, subject.attribute);
    std::vector<std::string> roles;
    for (const auto& entity : within) {
      const auto* relation = draft_.relation_to(subject.entity, entity);
      if (relation == nullptr) return;
      roles.push_back(relation->role);
    }
    if (a->unique && roles.empty()) {
      draft_.claim(range);
      return;
    }
    if (a->type == Type::kText) a->type = Type::kString;
    if (roles.empty()) a->unique = true;
    else a->unique_within = roles;
    const auto& entity = draft_.entity(subject.entity);
    std::string canonical = fmt::format("The {} of {} is unique", words_of(subject.attribute),
                                        a_noun(entity.name));
    if (!roles.empty()) canonical += " per " + text::join(roles, " and ");
    JsonObject params{{"attr", subject.entity + "." + subject.attribute}};
    if (!roles.empty()) params["within"] = text::join(roles, ",");
    draft_.add_rule("unique", range, "unique.is", canonical + ".", params).enforced_in = {"schema",
                                                                                         "service"};
  }

  // "No two members may have the same email."
  void no_two(const Scan& s, Range part) {
    const int two = s.find(part.first, part.last, "two");
    const int same = s.find(part.first, part.last, "same");
    if (two < 0 || same < two || !s.is(two - 1, "no")) return;
    const auto subjects = attributes(part, same + 1, part.last);
    if (subjects.empty()) return;
    set_unique({part.sentence, two - 1, subjects.front().last}, subjects.front(), {});
  }

  void required(const Scan& s, Range part) {
    for (int i = part.first; i <= part.last; ++i) {
      if (claimed_mark(part.sentence, i)) continue;
      const bool must = s.any(i, {"required", "mandatory", "compulsory", "obligatory"});
      const bool given = s.any(i, {"given", "provided", "filled", "entered", "specified", "set",
                                   "present", "supplied"}) &&
                         s.find_any(part.first, i, {"must", "have to", "need"}) >= 0 &&
                         s.is(i - 1, "be");
      const bool empty = s.any(i, {"empty", "blank", "missing", "null"}) &&
                         s.find_any(part.first, i, {"not", "never", "cannot", "n't"}) >= 0;
      const bool optional = s.is(i, "optional") ||
                            (s.any(i, {"empty", "blank"}) && !empty &&
                             s.find_any(part.first, i, {"may", "can"}) >= 0);
      if (!must && !given && !empty && !optional) continue;
      if (s.find_any(part.first, part.last, {"if", "when", "unless", "for"}) >= 0) continue;
      bool negated = s.find_any(part.first, i, {"not", "n't"}) >= 0 && !empty;
      for (const auto& subject : attributes(part, part.first, i - 1)) {
        auto* a = draft_.attribute(subject.entity, subject.attribute);
        const Range range{part.sentence, subject.first, i};
        if (optional || negated) {
          a->required = false;
          draft_.claim(range);
          continue;
        }
        a->required = true;
        draft_.add_rule("required", range, "required.is",
                        fmt::format("The {} of {} must be given.", words_of(subject.attribute),
                                    a_noun(draft_.entity(subject.entity).name)),
                        {{"attr", subject.entity + "." + subject.attribute}})
            .enforced_in = {"schema", "api"};
      }
    }
  }

  void default_value(const Scan& s, Range part) {
    const int i = s.find_any(part.first, part.last, {"default", "defaults"});
    if (i < 0 || claimed_mark(part.sentence, i)) return;
    int value = i + 1;
    // "the default priority is medium"
    auto subjects = attributes(part, part.first, i - 1);
    if (subjects.empty()) subjects = attributes(part, i + 1, part.last);
    if (subjects.empty()) return;
    const auto& subject = subjects.front();
    if (subject.first > i) value = subject.last + 1;
    const bool by_default = s.is(i - 1, "by");
    if (by_default) {
      value = i - 2;
    } else {
      while (s.any(value, {"be", "to", "value", "is", ":", "of", "="})) ++value;
    }
    auto* a = draft_.attribute(subject.entity, subject.attribute);
    const auto word = s.at(value).lower;
    std::optional<Expr> literal;
    if (a->type == Type::kEnum) {
      for (const auto& v : a->values) {
        if (v == word || (value + 1 <= part.last && v == s.lowers(value, value + 1))) {
          literal = Expr::string(v);
        }
      }
    } else if (a->type == Type::kBool && s.any(value, {"true", "false", "yes", "no"})) {
      literal = Expr::of(s.any(value, {"true", "yes"}));
    } else if (a->type == Type::kInt && any_number(s, value)) {
      literal = number(*s.at(value).number);
    } else if (a->type == Type::kMoney && any_number(s, value)) {
      literal = Expr::decimal(fmt::format("{:.2f}", *s.at(value).number));
    }
    if (!literal) return;
    a->default_value = literal;
    const int first = std::min({subject.first, i, value});
    const int last = std::max({subject.last, i, value});
    draft_.add_rule("default", {part.sentence, first, last}, "default.is",
                    fmt::format("The {} of {} is {} unless something else is given.",
                                words_of(subject.attribute),
                                a_noun(draft_.entity(subject.entity).name), word),
                    {{"attr", subject.entity + "." + subject.attribute}, {"value", word}});
  }

  // "Price must be greater than zero", "the rating is between 1 and 5".
  void bounds(const Scan& s, Range part) {
    // Several in one segment: "the price must be > 0 and the stock can never be negative".
    int from = part.first;
    while (from <= part.last) {
      int verb = -1;
      for (int i = from; i <= part.last && verb < 0; ++i) {
        if (s.be(i) || s.modal(i) || s.any(i, {"range", "go", "exceed"})) verb = i;
      }
      if (verb < 0) return;
      int stop = part.last;
      bool negated = false;
      for (int i = verb; i <= part.last; ++i) {
        if (s.any(i, {"if", "when", "unless", "until", "because", "that"})) return;
        if (s.any(i, {"not", "never", "cannot", "n't"}) || s.at(i).tag == Tag::kNegation) {
          negated = true;
        }
      }
      const auto c = read_comparison(s, verb, stop, negated);
      if (!c) return;
      auto subjects = attributes(part, from, verb - 1);
      if (subjects.empty()) subjects = value_of_entity(s, part, from, verb, *c);
      if (subjects.empty()) return;
      if (!is_unit_after(s, c->last, part.last)) {
        for (const auto& subject : subjects) set_bounds(s, part, subject, *c);
      }
      from = c->last + 1;
    }
  }

  // "Grades go from 1.0 to 6.0": the grade has a value.
  std::vector<Subject> value_of_entity(const Scan& s, Range part, int from, int verb,
                                       const Comparison& c) {
    const auto name = name_before(s, verb - 1, from);
    if (name.empty() || !c.min || !c.max || is_unit_after(s, c.last, part.last)) return {};
    const auto entity = draft_.entity_named(bare_name(s, name));
    if (entity.empty() || is_people(draft_.entity(entity).name)) return {};
    const bool fraction = *c.max != std::floor(*c.max) || *c.min != std::floor(*c.min) ||
                          s.at(c.last).text.find('.') != std::string::npos;
    auto& a = draft_.add_attribute(entity, "value", draft_.implied({part.sentence, name.first,
                                                                    c.last}, "attr.value"));
    a.type = fraction ? Type::kDecimal : Type::kInt;
    a.required = true;
    // A name was assumed because nothing was said; now something is.
    draft_.remove_attributes(entity, [](const auto& known) {
      return known.origin.kind == spec::OriginKind::kAssumed && known.id == "name";
    });
    std::erase_if(draft_.spec.assumptions, [&](const auto& known) {
      return known.affects == std::vector<std::string>{entity + ".name"};
    });
    int last = c.last;
    const int step = s.find(last, part.last, "steps of");
    const int steps = step >= 0 ? step + s.phrase(step, "steps of") : -1;
    if (steps >= 0 && s.at(steps).number) {
      draft_.attribute(entity, "value")->step = s.at(steps).number;
      draft_.claim({part.sentence, last, steps});
    }
    return {{entity, "value", name.first, name.last}};
  }

  // "at most 100 characters" is a length; "14 days" and "3 books" are other rules.
  bool is_unit_after(const Scan& s, int number, int last) {
    if (number + 1 > last) return false;
    const int i = number + 1;
    if (s.any(i, {"character", "char", "letter", "%", "percent", "euro", "eur", "dollar", "usd",
                  "km", "kg", "inclusive", ",", ".", "and", "or", "in", "€", "$", "point",
                  "digit", "hour", "minute", "star"})) {
      return s.is(i, "digit");
    }
    return s.noun(i) || s.any(i, {"before", "after"});
  }

  void set_bounds(const Scan& s, Range part, const Subject& subject, const Comparison& c) {
    auto* a = draft_.attribute(subject.entity, subject.attribute);
    Range range{part.sentence, subject.first, c.last};
    const auto path = subject.entity + "." + subject.attribute;
    if (s.any(c.last + 1, {"character", "char", "letter"})) {
      range.last = c.last + 1;
      if (a->type != Type::kString && a->type != Type::kText) return;
      a->length = {static_cast<int>(c.min.value_or(1)),
                   static_cast<int>(c.max.value_or(a->type == Type::kText ? 10000 : 200))};
      draft_.add_rule("range", range, "range.length",
                      fmt::format("The {} of {} has {} to {} characters.",
                                  words_of(subject.attribute),
                                  a_noun(draft_.entity(subject.entity).name), a->length->first,
                                  a->length->second), {{"attr", path}, {"length", true}});
      return;
    }
    if (s.inside(c.last + 1) && s.any(c.last + 1, {"euro", "eur", "dollar", "usd", "%", "percent",
                                                   "km", "kg", "€", "$", "point", "hour",
                                                   "minute", "star"})) {
      range.last = c.last + 1;
    }
    const bool numeric = a->type == Type::kInt || a->type == Type::kDecimal ||
                         a->type == Type::kMoney || a->type == Type::kDuration;
    const auto whole = [](std::optional<double> v) { return !v || *v == std::floor(*v); };
    if (a->type == Type::kString && a->values.empty()) {
      a->type = whole(c.min) && whole(c.max) ? Type::kInt : Type::kDecimal;
    } else if (!numeric) {
      return;
    }
    if (a->type == Type::kInt && !(whole(c.min) && whole(c.max))) a->type = Type::kDecimal;
    JsonObject params{{"attr", path}};
    std::vector<std::string> words;
    if (c.min) {
      a->min = number(*c.min);
      a->exclusive_min = c.exclusive_min;
      params["min"] = *c.min;
      if (c.exclusive_min) params["exclusive"] = true;
      words.push_back(fmt::format("{} {}", c.exclusive_min ? "greater than" : "at least", *c.min));
    }
    if (c.max) {
      double max = *c.max;
      if (c.exclusive_max) {
        if (a->type != Type::kInt) return;
        max -= 1;
      }
      a->max = number(max);
      params["max"] = max;
      words.push_back(fmt::format("at most {}", max));
    }
    draft_.add_rule("range", range, "range.is",
                    fmt::format("The {} of {} is {}.", words_of(subject.attribute),
                                a_noun(draft_.entity(subject.entity).name),
                                text::join(words, " and ")), params)
        .enforced_in = {"schema", "api"};
  }

  // "New products are active."
  void initial_flag(const Scan& s, Range part) {
    const int i = s.find(part.first, part.last, "new");
    if (i < 0 || !s.noun(i + 1) || !s.be(i + 2)) return;
    const auto entity = resolve(draft_, s.at(i + 1).lemma);
    if (entity.empty()) return;
    bool no = s.is(i + 3, "not");
    const auto id = draft_.attribute_named(entity, s.at(i + (no ? 4 : 3)).lower);
    if (id.empty() || draft_.attribute(entity, id)->type != Type::kBool) return;
    draft_.attribute(entity, id)->default_value = Expr::of(!no);
    draft_.claim({part.sentence, i, i + (no ? 4 : 3)});
  }

  Draft& draft_;
};

}  // namespace

void read_value_rules(Draft& draft) { ValueReader(draft).run(); }

}  // namespace cadre::offline::analysis
