// Helpers shared by the passes.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

std::string_view last_word(std::string_view name) {
  const auto space = name.rfind(' ');
  return space == std::string_view::npos ? name : name.substr(space + 1);
}

std::string entity_rule_name(const Draft& draft, const std::string& entity) {
  const auto* e = find_entity(draft.spec, entity);
  return e == nullptr ? entity : e->name;
}

std::string words_of(std::string_view id) { return text::replace_all(std::string(id), "_", " "); }

}  // namespace

std::string a_noun(std::string_view noun) {
  const bool vowel = !noun.empty() &&
                     std::string_view("aeio").find(noun[0]) != std::string_view::npos;
  return (vowel ? "an " : "a ") + std::string(noun);
}

spec::Guard guard(const spec::Rule& rule, Expr require, std::string error, int status) {
  spec::Guard made;
  made.id = rule.id;
  made.require = std::move(require);
  made.error = std::move(error);
  made.status = status;
  made.origin = rule.origin;
  return made;
}

std::string resolve(const Draft& draft, std::string_view name) {
  std::string rest(name);
  while (!rest.empty()) {
    if (auto id = draft.entity_named(rest); !id.empty()) return id;
    const auto space = rest.find(' ');
    if (space == std::string::npos) return {};
    rest = rest.substr(space + 1);
  }
  return {};
}

bool is_people(std::string_view name) {
  const auto head = last_word(name);
  if (is_anybody(head)) return false;
  static constexpr std::string_view kMore[] = {
      "staff", "reception", "admin", "administrator", "crew", "personnel", "parent", "guest",
      "user", "management", "workshop", "moderator", "organiser", "organizer", "attendee",
      "volunteer", "coordinator", "freelancer", "owner", "member", "support", "accounting"};
  if (std::find(std::begin(kMore), std::end(kMore), head) != std::end(kMore)) return true;
  if (is_person_noun(head) || is_person_noun(text::singular(head))) return true;
  // "caseworker", "beekeeper": an unlisted compound that ends in a person.
  const std::string one = text::singular(head);
  if (is_known_word(one)) return false;
  for (std::size_t i = 3; i + 4 <= one.size(); ++i) {
    if (is_person_noun(std::string_view(one).substr(i))) return true;
  }
  return false;
}

bool can_be_entity(const Draft& draft, std::string_view name) {
  const auto head = last_word(name);
  const std::string one = text::singular(head);
  if (name.empty() || is_anybody(head) || is_anybody(one)) return false;
  if (draft.never_entities.contains(std::string(name))) return false;
  const bool compound = head.size() != name.size();
  if (is_product_noun(head) || is_product_noun(one)) return compound && one == "product";
  if (is_generic_noun(name) || is_generic_noun(one) || is_time_noun(one)) {
    return compound && !is_time_noun(one) && !is_generic_noun(name) && one != "number" &&
           one != "date" && one != "name" && one != "list" && one != "report";
  }
  return name.size() >= 2;
}

bool may_be_entity(std::string_view name) {
  const std::string one = text::singular(last_word(name));
  static constexpr std::string_view kNever[] = {
      "time", "thing", "way", "data", "information", "info", "detail", "list", "number", "status",
      "everything", "anything", "nothing", "system", "app", "application software", "api", "name",
      "software", "website", "program", "one", "amount", "kind", "sort", "type", "value", "field",
      "attribute", "backend", "date", "price", "most", "least", "total", "it", "they", "max"};
  return name.size() >= 2 && !is_anybody(one) && !is_time_noun(one) &&
         std::find(std::begin(kNever), std::end(kNever), one) == std::end(kNever);
}

std::string bare_name(const Scan& scan, const Name& name) {
  int first = name.first;
  while (first < name.last) {
    const auto& t = scan.at(first);
    const bool describes = t.tag == Tag::kAdjective ||
                           (t.tag == Tag::kVerb && t.form == VerbForm::kPastParticiple);
    if (!describes && t.lower != "-") break;
    ++first;
  }
  std::string joined;
  for (int i = first; i <= name.last; ++i) {
    const auto& t = scan.at(i);
    if (t.lower == "'s" || t.lower == "'") {
      joined.clear();  // "the member's loan": the loan
      continue;
    }
    if (!joined.empty()) joined += ' ';
    joined += i == name.last && !t.lemma.empty() ? t.lemma : t.lower;
  }
  return joined;
}

std::vector<Range> segments(const Draft& draft, int sentence) {
  const Scan s(draft.sentence(sentence));
  std::vector<Range> parts;
  int first = 0;
  bool verb = false;
  int depth = 0;
  for (int i = 0; i < s.size(); ++i) {
    if (s.is(i, "(")) ++depth;
    if (s.is(i, ")")) --depth;
    if (depth > 0) continue;
    bool cut = s.is(i, ";");
    if (!cut && verb && s.any(i, {",", "and", "but", "or"})) {
      int next = i + 1;
      while (s.any(next, {"and", "but", "then", "also", "or"})) ++next;
      const auto name = name_after(s, next, s.size() - 1);
      const bool pronoun = s.any(next, {"it", "they", "he", "she", "nobody"});
      int after = pronoun ? next + 1 : name.empty() ? -1 : name.last + 1;
      // "and a project with open tasks can't": the phrase behind the noun, then the verb.
      if (after > 0 && !s.finite_verb(after) && s.at(after).tag == Tag::kPreposition) {
        const auto inner = name_after(s, after + 1, s.size() - 1);
        if (!inner.empty() && (s.modal(inner.last + 1) || s.be(inner.last + 1))) {
          after = inner.last + 1;
        }
      }
      cut = after > 0 && s.finite_verb(after) && (pronoun || name.first > next || s.modal(after) ||
                                                  s.be(after) || name.plural);
      if (cut && s.is(i, "or") && !pronoun) cut = s.modal(after);
    }
    verb = verb || s.finite_verb(i);
    if (!cut) continue;
    if (i > first) parts.push_back({sentence, first, i - 1});
    first = i + 1;
    verb = false;
  }
  if (first < s.size()) parts.push_back({sentence, first, s.size() - 1});
  return parts;
}

namespace {

// "default medium": in the form that the attribute's type wants.
void apply_default(Draft& draft, spec::Attribute& attribute, const std::string& path,
                   const std::string& the, const Item& item, Range range) {
  auto* a = &attribute;
  if (item.default_word.empty()) return;
  if (a->type == spec::Type::kEnum) {
    const bool known = std::find(a->values.begin(), a->values.end(), item.default_word) !=
                       a->values.end();
    if (known) a->default_value = Expr::string(item.default_word);
  } else if (a->type == spec::Type::kString || a->type == spec::Type::kText) {
    a->default_value = Expr::string(item.default_word);
  } else if (a->type == spec::Type::kBool) {
    a->default_value = Expr::of(item.default_word == "true" || item.default_word == "yes");
  } else if (a->type == spec::Type::kInt && !item.default_word.empty() &&
             item.default_word.find_first_not_of("0123456789") == std::string::npos &&
             item.default_word.size() < 15) {
    a->default_value = Expr::of(static_cast<std::int64_t>(std::stoll(item.default_word)));
  }
  if (a->default_value) {
    draft.add_rule("default", range, "default.mark", the + " is " + item.default_word +
                   " unless something else is given.",
                   {{"attr", path}, {"value", item.default_word}});
  }
}

}  // namespace

void apply_marks(Draft& draft, const std::string& entity, const std::string& attribute,
                 const Item& item, int sentence) {
  auto* a = draft.attribute(entity, attribute);
  if (a == nullptr) return;
  const std::string path = entity + "." + attribute;
  const std::string the = "The " + words_of(attribute) + " of " +
                          a_noun(entity_rule_name(draft, entity));
  const Range range{sentence, item.first, item.last};
  if (item.type) a->type = *item.type;
  if (!item.unit.empty()) {
    a->unit = item.unit;
    if (a->type == spec::Type::kTime || a->type == spec::Type::kString ||
        a->type == spec::Type::kDuration || a->type == spec::Type::kDatetime) {
      a->type = spec::Type::kInt;
      a->min = Expr::of(0);
    }
  }
  if (item.optional) a->required = false;
  if (item.length_max > 0 && (a->type == spec::Type::kString || a->type == spec::Type::kText)) {
    a->length = {1, item.length_max};
    draft.add_rule("range", range, "range.length",
                   fmt::format("{} has at most {} characters.", the, item.length_max),
                   {{"attr", path}, {"max", item.length_max}, {"length", true}})
        .enforced_in = {"schema", "api"};
  }
  if (item.min || item.max) {
    const bool fraction = (item.min && *item.min != static_cast<std::int64_t>(*item.min)) ||
                          (item.max && *item.max != static_cast<std::int64_t>(*item.max));
    if (!item.type && (a->type == spec::Type::kString || a->type == spec::Type::kDecimal)) {
      a->type = fraction ? spec::Type::kDecimal : spec::Type::kInt;
    }
    JsonObject params{{"attr", path}};
    if (item.min) a->min = number(*item.min), params["min"] = *item.min;
    if (item.max) a->max = number(*item.max), params["max"] = *item.max;
    a->exclusive_min = item.exclusive_min;
    std::vector<std::string> bounds;
    if (item.min) {
      bounds.push_back(fmt::format("{} {}", item.exclusive_min ? "greater than" : "at least",
                                   *item.min));
    }
    if (item.max) bounds.push_back(fmt::format("at most {}", *item.max));
    draft.add_rule("range", range, "range.mark",
                   the + " is " + text::join(bounds, " and ") + ".", params)
        .enforced_in = {"schema", "api"};
  }
  if (!item.values.empty()) {
    a->type = spec::Type::kEnum;
    a->values = item.values;
    draft.add_rule("enum", range, "enum.mark",
                   the + " is one of " + text::join(item.values, ", ") + ".",
                   {{"attr", path}, {"values", json::to_array(item.values)}})
        .enforced_in = {"schema", "api"};
  }
  apply_default(draft, *a, path, the, item, range);
  if (item.unique) {
    a->unique = true;
    draft.add_rule("unique", range, "unique.mark",
                   the + " is unique.", {{"attr", path}})
        .enforced_in = {"schema", "service"};
  }
  if (item.required) {
    a->required = true;
    draft.add_rule("required", range, "required.mark", the + " must be given.", {{"attr", path}})
        .enforced_in = {"schema", "api"};
  }
}

std::string event_for(const Draft& draft, std::string_view verb) {
  for (const auto& [id, note] : draft.notes) {
    if (note.verb == verb) return id;
  }
  return {};
}

std::string state_verb(std::string_view state) {
  const auto head = state.find(' ') == std::string_view::npos ? state : std::string_view{};
  if (head.empty()) {
    // "checked in" -> "check_in"
    const auto space = state.find(' ');
    const auto verb = lemma_of(state.substr(0, space), Tag::kVerb);
    const auto rest = state.substr(space + 1);
    if (verb != state.substr(0, space) && (rest == "in" || rest == "out" || rest == "up" ||
                                           rest == "back" || rest == "off")) {
      return verb + "_" + std::string(rest);
    }
    return {};
  }
  const auto verb = lemma_of(state, Tag::kVerb);
  return verb != state && past_participle(verb) == state ? verb : std::string{};
}

std::string state_of_verb(std::string_view verb) {
  const auto split = verb.find('_');
  if (split == std::string_view::npos) return past_participle(verb);
  return past_participle(verb.substr(0, split)) + " " + std::string(verb.substr(split + 1));
}

bool same_state(std::string_view a, std::string_view b) {
  const auto normal = [](std::string_view s) {
    std::string out;
    for (const char c : s) {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0) out += c;
    }
    return out;
  };
  auto x = normal(a), y = normal(b);
  if (x == y) return true;
  // cancelled / canceled
  std::erase(x, 'l');
  std::erase(y, 'l');
  return x == y && x.size() > 3;
}

}  // namespace cadre::offline::analysis
