// The item lists of scan.h.
#include <algorithm>

#include "base/text.h"
#include "offline/analysis/scan.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

bool separator(const Scan& scan, int i) {
  return scan.any(i, {",", "and", "or", "&", ";", "plus", "as well as", "and/or", "|"});
}

// "(from, to, departure time)": a preposition alone between separators names a field.
bool lone_preposition(const Scan& scan, int i) {
  // "where found", "when bought"
  if (scan.any(i, {"where", "when"}) && scan.at(i + 1).form == VerbForm::kPastParticiple) {
    const bool left = i == 0 || scan.any(i - 1, {",", "(", ":"});
    return left && (!scan.inside(i + 2) || scan.any(i + 2, {",", ")", ";", ".", "and"}));
  }
  if (!scan.any(i, {"from", "to", "until", "till", "since", "where", "when"})) return false;
  const bool left = i == 0 || scan.any(i - 1, {",", "(", ":", "/", ";"});
  return left && (!scan.inside(i + 1) || scan.any(i + 1, {",", ")", ";", "/"}));
}

// A word that can stand in an attribute's name, also when the tagger took it for a verb.
bool itemish(const Scan& scan, int i) {
  if (!scan.inside(i)) return false;
  if (lone_preposition(scan, i)) return true;
  if (scan.name_word(i)) return true;
  const auto& t = scan.at(i);
  if (is_name_stop(t.lower)) return false;
  if (t.tag == Tag::kVerb || t.tag == Tag::kAdverb || t.tag == Tag::kOther) {
    return t.tag != Tag::kAdverb && guess_type(t.lower, false).known;
  }
  return t.lower == "first" || t.lower == "last" || t.lower == "middle" || t.lower == "second";
}

// "junior yes/no"
bool yes_or_no(const Scan& scan, int i) {
  return scan.any(i, {"yes", "true"}) && scan.any(i + 1, {"/", "or"}) &&
         scan.any(i + 2, {"no", "false"});
}

bool begins_predicate(const Scan& scan, int i) {
  return scan.finite_verb(i) && !itemish(scan, i);
}

// "title and the author can change it": what follows is a clause of its own.
bool begins_clause(const Scan& scan, int i, int last) {
  if (lone_preposition(scan, i)) return false;
  if (scan.any(i, {"if", "when", "unless", "until", "which", "who", "that", "but", "they", "it",
                   "also", "then"})) {
    return !scan.is(i, "also") || begins_predicate(scan, i + 1);
  }
  if (begins_predicate(scan, i) || scan.is(i, "to")) return true;
  auto name = name_after(scan, i, last);
  // "the sum of the quotas can't exceed the capacity"
  if (!name.empty() && scan.is(name.last + 1, "of")) {
    const auto inner = name_after(scan, name.last + 2, last);
    if (!inner.empty() && begins_predicate(scan, inner.last + 1)) return true;
  }
  return !name.empty() && begins_predicate(scan, name.last + 1);
}

bool generic_before_of(std::string_view word) {
  return word == "date" || word == "place" || word == "time" || word == "year" || word == "type" ||
         word == "kind" || word == "unit" || word == "terms" || word == "country" ||
         word == "state" || word == "name" || word == "point" || word == "day" ||
         word == "method" || word == "level" || word == "place" || word == "cause";
}

struct Cursor {
  const Scan& scan;
  int i;
  int last;
  bool in() const { return i <= last && scan.inside(i); }
};

void skip_quantity(Cursor& c, Item* item) {
  const auto& s = c.scan;
  for (; c.in(); ++c.i) {
    const auto& t = s.at(c.i);
    if (lone_preposition(s, c.i)) break;
    if (s.is(c.i, "one") && s.is(c.i + 1, "or") && s.is(c.i + 2, "more")) {
      item->count_min = 1;
      c.i += 2;
    } else if (s.is(c.i, "one or more")) {
      item->count_min = 1;
    } else if (s.is(c.i, "zero") && s.is(c.i + 1, "or") && s.is(c.i + 2, "more")) {
      c.i += 2;
    } else if (s.phrase(c.i, "at least") > 0) {
      const int used = s.phrase(c.i, "at least");
      if (!s.at(c.i + used).number) break;
      item->count_min = s.at(c.i + used).number;
      c.i += used;
    } else if (s.phrase(c.i, "exactly one") > 0) {
      item->count_min = item->count_max = 1;
      c.i += s.phrase(c.i, "exactly one") - 1;
    } else if (s.any(c.i, {"optional", "optionally", "possibly", "maybe"})) {
      item->optional = true;
      item->flags_first = item->flags_last = c.i;
    } else if (s.any(c.i, {"required", "mandatory", "compulsory"})) {
      item->required = true;
      item->flags_first = item->flags_last = c.i;
    } else if (s.is(c.i, "unique")) {
      item->unique = true;
      item->flags_first = item->flags_last = c.i;
    } else if (t.tag == Tag::kDeterminer || t.tag == Tag::kPronoun || is_name_stop(t.lower) ||
               (t.tag == Tag::kAdverb && !itemish(s, c.i))) {
      continue;
    } else {
      break;
    }
  }
}

// "number of copies" -> copies; "maximum number of students" -> max students.
bool read_number_of(Cursor& c, Item* item) {
  const auto& s = c.scan;
  int i = c.i;
  std::string prefix;
  if (s.any(i, {"maximum", "max", "maximal"})) prefix = "max ", ++i;
  else if (s.any(i, {"minimum", "min", "minimal"})) prefix = "min ", ++i;
  if (!s.any(i, {"number", "count", "no."}) || !s.is(i + 1, "of")) return false;
  const auto name = name_after(s, i + 2, c.last);
  if (name.empty()) return false;
  item->number_of = true;
  item->name_first = c.i;
  item->name_last = name.last;
  const auto space = name.text.rfind(' ');
  const std::string head = name.text.substr(space == std::string::npos ? 0 : space + 1);
  const std::string before = space == std::string::npos ? "" : name.text.substr(0, space + 1);
  item->name = prefix + before + text::plural(text::singular(head));
  c.i = name.last + 1;
  return true;
}

bool extend_name(Cursor& c, int* last_noun) {
  const auto& s = c.scan;
  if (s.is(c.i, "of") && generic_before_of(s.at(c.i - 1).lower) && itemish(s, c.i + 1)) {
    c.i += 2;
    while (c.in() && itemish(s, c.i)) ++c.i;
    *last_noun = c.i - 1;
    return true;
  }
  if (s.is(c.i, "per") && itemish(s, c.i + 1)) {
    c.i += 2;
    *last_noun = c.i - 1;
    return true;
  }
  if ((s.is(c.i, "on") && s.is(c.i + 1, "hand")) || (s.is(c.i, "in") && s.is(c.i + 1, "stock"))) {
    c.i += 2;
    *last_noun = c.i - 1;
    return true;
  }
  if ((s.is(c.i, "'s") || s.is(c.i, "'")) && itemish(s, c.i + 1)) {
    ++c.i;
    return true;
  }
  if (s.is(c.i, "-") && itemish(s, c.i + 1)) {
    ++c.i;
    return true;
  }
  return false;
}

// "colour of the box": the box's colour. Only where the list goes on or ends behind it.
std::string read_of(Cursor& c, int head) {
  const auto& s = c.scan;
  if (!s.is(c.i, "of") || !guess_type(s.at(head).lemma, false).known) return {};
  int noun = c.i + 1;
  if (!s.any(noun, {"the", "its", "their", "his", "her"})) return {};
  ++noun;
  if (!s.noun(noun) || s.at(noun).plural) return {};
  const bool ends = noun + 1 > c.last || separator(s, noun + 1) || s.any(noun + 1, {".", ")"});
  if (!ends) return {};
  c.i = noun + 1;
  return s.at(noun).lemma;
}

bool read_name(Cursor& c, Item* item) {
  const auto& s = c.scan;
  if (read_number_of(c, item)) return true;
  if (s.any(c.i, {"list", "set", "collection"}) && s.is(c.i + 1, "of")) {
    c.i += 2;
    Item ignored;
    skip_quantity(c, &ignored);
    item->plural = true;
  }
  item->name_first = c.i;
  int last = -1;
  // A choice noun with its values behind it: "status available / in use / maintenance".
  if (is_choice_noun(s.at(c.i).lemma) && c.i < c.last && !separator(s, c.i + 1)) {
    int stop = c.i + 1;
    bool slash = false;
    while (stop <= c.last && !s.any(stop, {",", "(", ";", "and", ")"})) {
      slash = slash || s.is(stop, "/");
      ++stop;
    }
    if (slash) {
      item->name = s.at(c.i).lemma;
      item->name_last = c.i;
      item->values = parse_values(s, c.i + 1, stop - 1);
      item->flags_first = c.i + 1;
      item->flags_last = stop - 1;
      c.i = stop;
      return true;
    }
  }
  while (c.in()) {
    if (last >= 0 && yes_or_no(s, c.i)) break;
    const bool when_done = last >= 0 && lone_preposition(s, last) &&
                           s.at(c.i).form == VerbForm::kPastParticiple;
    const bool which_way = last >= 0 && s.any(c.i, {"in", "out"}) && s.is(last, "date") &&
                           (s.any(c.i + 1, {",", "and", ";", ".", ")"}) || c.i == c.last);
    if (when_done || which_way) {
      last = c.i++;
      continue;
    }
    if (itemish(s, c.i) && !(last >= 0 && begins_predicate(s, c.i))) {
      last = c.i++;
    } else if (last < 0 || !extend_name(c, &last)) {
      break;
    }
  }
  if (last < 0) return false;
  item->name_last = last;
  std::string name = read_of(c, last);
  if (!name.empty()) item->name_last = c.i - 1;
  for (int t = item->name_first; t <= last; ++t) {
    const auto& token = s.at(t);
    if (token.lower == "'s" || token.lower == "'" || token.lower == "-") continue;
    if (!name.empty()) name += ' ';
    const bool keep = t != last || !token.plural || token.lemma.empty();
    name += keep ? (token.tag == Tag::kProperNoun ? text::lower(token.text) : token.lower)
                 : token.lemma;
  }
  item->name = name;
  item->plural = item->plural || s.at(last).plural;
  return true;
}

// "an area in square metres", "a volume in ml"
bool read_unit(Cursor& c, Item* item) {
  const auto& s = c.scan;
  int last = c.i;
  while (last + 1 <= c.last && last < c.i + 2 && s.name_word(last + 1)) ++last;
  const bool ends = last + 1 > c.last || s.any(last + 1, {",", "and", ";", ".", ")"});
  if (last == c.i || !ends || s.any(c.i + 1, {"stock", "order", "time", "total", "use"}))
    return false;
  const auto type = guess_type(item->name, item->number_of).type;
  if (type != spec::Type::kDecimal && type != spec::Type::kInt && type != spec::Type::kTime &&
      type != spec::Type::kMoney && type != spec::Type::kDuration) {
    return false;
  }
  item->unit = s.lowers(c.i + 1, last);
  c.i = last + 1;
  return true;
}

// "an abstract of at most 1500 characters"
bool read_length(Cursor& c, Item* item) {
  const auto& s = c.scan;
  const int most = s.phrase(c.i + 1, "at most") + s.phrase(c.i + 1, "up to") +
                   s.phrase(c.i + 1, "no more than") + s.phrase(c.i + 1, "maximum");
  if (most == 0 || !s.at(c.i + 1 + most).number ||
      !s.any(c.i + 2 + most, {"character", "char", "letter"})) {
    return false;
  }
  item->length_max = static_cast<int>(*s.at(c.i + 1 + most).number);
  c.i += 3 + most;
  return true;
}

// "seats 1-7", "rating out of 100"
bool read_bare_range(Cursor& c, Item* item) {
  const auto& s = c.scan;
  const int out = s.phrase(c.i, "out of");
  if (out > 0 && s.at(c.i + out).number) {
    item->min = 0;
    item->max = s.at(c.i + out).number;
    c.i += out + 1;
    return true;
  }
  if (!s.at(c.i).number || !s.any(c.i + 1, {"-", "–", "..", "to"}) || !s.at(c.i + 2).number) {
    return false;
  }
  const bool ends = c.i + 3 > c.last || separator(s, c.i + 3) || s.any(c.i + 3, {".", ")"});
  if (!ends || *s.at(c.i).number >= *s.at(c.i + 2).number) return false;
  item->min = s.at(c.i).number;
  item->max = s.at(c.i + 2).number;
  c.i += 3;
  return true;
}

// "a number like 1987.14.3": one past the example, which is a single word.
int example_ends(const Cursor& c) {
  const auto& s = c.scan;
  const int end = c.i + 2;
  const bool value = s.at(c.i + 1).number || s.at(c.i + 1).tag == Tag::kProperNoun ||
                     s.at(c.i + 1).tag == Tag::kOther;
  const bool ends = end > c.last || s.any(end, {",", "and", ";", ".", "("});
  return value && ends ? end : c.i;
}

// "which is soprano, alto or bass", "that can be low or high": the values; one past them, or 0.
int read_which_values(const Cursor& c, int start, Item* item) {
  const auto& s = c.scan;
  int first = start;
  while (s.be(first) || s.modal(first) || s.any(first, {"either", "one of", "always"})) ++first;
  if (first == start) return 0;
  int stop = first;
  bool choice = false;
  while (stop <= c.last && !s.any(stop, {";", ".", "(", "and", "which", "that"}) &&
         !s.finite_verb(stop)) {
    choice = choice || s.is(stop, "or");
    // The word behind "or" is the last value.
    if (choice && !s.is(stop, "or") && (s.is(stop + 1, ",") || s.is(stop + 1, "and"))) {
      ++stop;
      break;
    }
    ++stop;
  }
  if (!choice) return 0;
  for (int i = first; i < stop; ++i) {
    const bool fits = s.name_word(i) || s.any(i, {",", "or", "/", "a", "an"}) || s.at(i).number ||
                      s.at(i).tag == Tag::kAdverb;
    if (!fits) return 0;
  }
  item->values = parse_values(s, first, stop - 1);
  return item->values.size() >= 2 ? stop : 0;
}

// "from 1 to 10", "between 1 and 5", "of at least 3", "in minutes", "(...)", "which is unique".
void read_tail(Cursor& c, Item* item) {
  const auto& s = c.scan;
  while (c.in()) {
    const int from = c.i;
    if (s.any(c.i, {"like", "such as", "e.g."}) && example_ends(c) > c.i) {
      c.i = example_ends(c);
      item->example = true;
    } else if (s.is(c.i, "(") || s.is(c.i, "[")) {
      const int close = std::min(s.closing(c.i), c.last + 1);
      read_marks(s, c.i + 1, close - 1, item);
      c.i = close + 1;
    } else if (s.any(c.i, {"from", "between"}) && s.at(c.i + 1).number && s.at(c.i + 3).number) {
      item->min = s.at(c.i + 1).number;
      item->max = s.at(c.i + 3).number;
      if (s.at(c.i + 1).text.find('.') != std::string::npos) item->type = spec::Type::kDecimal;
      c.i += 4;
    } else if (read_bare_range(c, item)) {
    } else if (yes_or_no(s, c.i)) {
      item->type = spec::Type::kBool;
      c.i += 3;
    } else if (s.any(c.i, {"of", "with"}) && read_length(c, item)) {
    } else if (s.any(c.i, {"in", "of"}) && s.inside(c.i + 1) &&
               (is_time_noun(s.at(c.i + 1).lemma) ||
                s.any(c.i + 1, {"minute", "hour", "day", "second", "week", "month", "year", "km",
                                "kg", "cm", "mm", "metre", "meter", "euro", "eur", "usd",
                                "dollar", "gram", "kilogram", "percent", "mile", "litre",
                                "liter", "kilometre"}))) {
      item->unit = s.at(c.i + 1).lower;
      c.i += 2;
    } else if (s.is(c.i, "in") && read_unit(c, item)) {
    } else if ((s.any(c.i, {"which", "that"}) || s.punctuation(c.i)) &&
               s.any(c.i + (s.punctuation(c.i) ? 1 : 0), {"which", "that"})) {
      const int start = c.i + (s.punctuation(c.i) ? 1 : 0) + 1;
      if (const int end = read_which_values(c, start, item); end > 0) {
        c.i = end;
        if (item->flags_first < 0) item->flags_first = from;
        item->flags_last = std::min(c.i - 1, c.last);
        continue;
      }
      int stop = start;
      while (stop <= c.last && !s.any(stop, {",", ";"})) ++stop;
      if (s.find(start, stop - 1, "unique") < 0 && s.find(start, stop - 1, "optional") < 0) return;
      read_marks(s, start, stop - 1, item);
      c.i = stop;
    } else {
      return;
    }
    if (item->flags_first < 0) item->flags_first = from;
    item->flags_last = std::min(c.i - 1, c.last);
  }
}

void share_units(std::vector<Item>& items) {
  for (std::size_t i = 1; i < items.size(); ++i) {
    if (items[i].unit.empty()) continue;
    const auto head = items[i].name.substr(items[i].name.rfind(' ') + 1);
    for (std::size_t j = i; j-- > 0;) {
      if (!items[j].unit.empty() || !items[j].name.ends_with(head)) break;
      items[j].unit = items[i].unit;
    }
  }
}

bool colon_follows(const Cursor& c) { return c.i > 0 && c.in() && c.scan.is(c.i, ":"); }

}  // namespace

std::vector<Item> parse_items(const Scan& scan, int first, int last, int* end) {
  std::vector<Item> items;
  Cursor c{scan, first, std::min(last, scan.size() - 1)};
  *end = first;
  while (c.in()) {
    Item item;
    item.first = c.i;
    skip_quantity(c, &item);
    if (!c.in() || begins_predicate(scan, c.i) || !read_name(c, &item)) break;
    read_tail(c, &item);
    if (item.plural && colon_follows(c)) {
      // "customer, date and lines: product, quantity": the rest are parts of the lines.
      int used = c.i + 1;
      auto parts = parse_items(scan, c.i + 1, c.last, &used);
      if (parts.size() >= 2) {
        item.parts = std::move(parts);
        c.i = used;
      }
    }
    item.last = c.i - 1;
    items.push_back(std::move(item));
    *end = c.i;
    if (!c.in() || !separator(scan, c.i)) break;
    int next = c.i;
    while (separator(scan, next)) ++next;
    if (next > c.last || begins_clause(scan, next, c.last)) break;
    c.i = next;
  }
  share_units(items);
  return items;
}

std::vector<std::string> parse_values(const Scan& scan, int first, int last) {
  std::vector<std::string> values;
  std::string value;
  const auto flush = [&] {
    const std::string clean{text::trim(value)};
    if (!clean.empty() && std::find(values.begin(), values.end(), clean) == values.end()) {
      values.push_back(clean);
    }
    value.clear();
  };
  for (int i = first; i <= last && scan.inside(i); ++i) {
    const auto& t = scan.at(i);
    if (scan.any(i, {",", "/", "and", "or", "|", ";", "->", "→", ">"})) {
      flush();
    } else if (t.tag == Tag::kDeterminer && value.empty() && i < last &&
               !scan.any(i + 1, {",", "/", "or", "and", "|", ";"})) {
      continue;
    } else if (t.lower == "-" || t.lower == "'" || t.lower == "\"") {
      if (t.lower == "-" && !value.empty()) value += '-';
    } else if (t.lower != "." && t.lower != "(" && t.lower != ")" && t.lower != ":") {
      if (!value.empty() && value.back() != '-') value += ' ';
      value += t.lower;
    }
  }
  flush();
  return values;
}

namespace {

bool read_mark_word(const Scan& s, int i, Item* item) {
  if (s.is(i, "unique")) item->unique = true;
  else if (s.any(i, {"required", "mandatory", "compulsory", "obligatory"})) item->required = true;
  else if (s.any(i, {"optional", "nullable"})) item->optional = true;
  else if (s.any(i, {"integer", "int"})) item->type = spec::Type::kInt;
  else if (s.any(i, {"string", "varchar"})) item->type = spec::Type::kString;
  else if (s.any(i, {"boolean", "bool"})) item->type = spec::Type::kBool;
  else if (s.any(i, {"decimal", "float"})) item->type = spec::Type::kDecimal;
  else if (s.any(i, {"datetime", "timestamp"})) item->type = spec::Type::kDatetime;
  else if (s.is(i, "date") && !s.noun(i + 1)) item->type = spec::Type::kDate;
  else if (s.is(i, "text") && !s.noun(i + 1)) item->type = spec::Type::kText;
  else return false;
  return true;
}

// A bound in the marks: "at least 1", "max 10", "1 to 5", "1-5", "greater than 0".
bool read_bound(const Scan& s, int first, int last, Item* item) {
  for (int i = first; i <= last; ++i) {
    if (!s.at(i).number) continue;
    const bool to = s.any(i + 1, {"to", "-", "–", "..", "and", "through"});
    if (to && i + 2 <= last && s.at(i + 2).number) {
      item->min = s.at(i).number;
      item->max = s.at(i + 2).number;
      if (s.at(i).text.find('.') != std::string::npos) item->type = spec::Type::kDecimal;
      return true;
    }
    const std::string before = s.lowers(first, i - 1);
    const auto ends = [&](std::initializer_list<std::string_view> words) {
      return std::any_of(words.begin(), words.end(),
                         [&](auto w) { return before.ends_with(w); });
    };
    if (ends({"at least", "min", "minimum", "min.", ">=", "from"})) {
      item->min = s.at(i).number;
      return true;
    }
    if (ends({"at most", "max", "maximum", "max.", "up to", "<=", "no more than"})) {
      item->max = s.at(i).number;
      return true;
    }
    if (ends({"greater than", "more than", "above", "over", ">"})) {
      item->min = s.at(i).number;
      item->exclusive_min = true;
      return true;
    }
    return false;
  }
  return false;
}

}  // namespace

void read_marks(const Scan& s, int first, int last, Item* item) {
  if (first > last) return;
  if (s.any(first, {"e.g.", "eg", "i.e.", "for example", "such", "like", "example"})) {
    item->example = true;
    return;
  }
  // Parts behind a semicolon or comma: "low, medium, high; default medium".
  int values_last = last;
  for (int i = first; i <= last; ++i) {
    if (s.any(i, {"default", "defaults", "defaulting"})) {
      int value = i + 1;
      while (value <= last && s.any(value, {"is", "to", "=", ":", "be"})) ++value;
      item->default_word = s.lowers(value, last);
      values_last = i - 1;
      while (values_last >= first && s.any(values_last, {",", ";", "by"})) --values_last;
      break;
    }
  }
  if (values_last < first) return;
  for (int i = first; i <= values_last; ++i) {
    // "(one of them is called Rex)": a remark.
    const bool clause = s.modal(i) || s.at(i).tag == Tag::kAuxiliary;
    if (clause && !s.any(i + 1, {"unique", "required", "mandatory", "optional", "be"})) return;
  }
  int end = 0;
  auto parts = parse_items(s, first, values_last, &end);
  int typed = 0;
  for (const auto& part : parts) {
    const bool told = part.type || part.min || part.name == "from" || part.name == "to";
    typed += told || guess_type(part.name, part.number_of).known ? 1 : 0;
  }
  const bool all = end > values_last || parts.size() >= 3;
  if (!is_choice_noun(s.at(item->name_last).lemma) && all && parts.size() >= 2 &&
      typed * 2 >= static_cast<int>(parts.size())) {
    item->parts = std::move(parts);
    return;
  }
  bool marks = false;
  for (int i = first; i <= values_last; ++i) marks = read_mark_word(s, i, item) || marks;
  if (read_bound(s, first, values_last, item)) marks = true;
  if (marks) return;
  if (values_last - first == 0 && !s.punctuation(first)) {
    // A single word: a unit, or a remark.
    item->unit = s.at(first).lower;
    return;
  }
  bool listed = false;
  for (int i = first; i <= values_last; ++i) listed = listed || s.any(i, {",", "/", "or", "|"});
  if (!listed) {
    // "colour (red white blue)": a choice with nothing between the values.
    if (!is_choice_noun(s.at(item->name_last).lemma)) return;
    for (int i = first; i <= values_last; ++i) {
      if (!s.name_word(i)) return;
    }
    for (int i = first; i <= values_last; ++i) item->values.push_back(s.at(i).lower);
    return;
  }
  item->values = parse_values(s, first, values_last);
}

}  // namespace cadre::offline::analysis
