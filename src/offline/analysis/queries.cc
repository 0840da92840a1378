// Searching, filtering, sorting, lists with a condition, counts and sums per group.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

using spec::Query;
using spec::QueryKind;
using spec::Type;

class QueryReader {
 public:
  QueryReader(Draft& draft, const Reading& reading) : draft_(draft), reading_(reading) {}

  void run() {
    for (int i = 0; i < static_cast<int>(draft_.brief.sentences.size()); ++i) {
      if (outside_sentence(draft_, i)) continue;
      const Scan s(draft_.sentence(i));
      for (const auto& part : split(s, i)) read(s, part);
    }
  }

 private:
  // "with search by title and filter by genre": each of them.
  std::vector<Range> split(const Scan& s, int index) {
    std::vector<Range> parts;
    for (const auto& part : segments(draft_, index)) {
      int first = part.first;
      for (int i = part.first + 1; i <= part.last; ++i) {
        if (!s.any(i, {"and", ",", "or"})) continue;
        int next = i + 1;
        while (s.any(next, {"and", "or", "a", "an", "the", "to", "be", "also"})) ++next;
        if (s.any(next, {"filter", "sort", "search", "order", "list", "show", "find", "count"})
            && (s.is(next + 1, "by") || s.is(next + 2, "by") || s.is(next + 3, "by"))) {
          parts.push_back({index, first, i - 1});
          first = i + 1;
        }
      }
      parts.push_back({index, first, part.last});
    }
    return parts;
  }

  void read(const Scan& s, Range part) {
    if (grouped_wish(s, part)) return;
    if (by_fields(s, part)) return;
    if (report(s, part)) return;
    listing(s, part);
  }

  std::string entity_in(Range part, int first, int last) {
    std::string found;
    for (const auto& m : draft_.mentions(part.sentence)) {
      if (m.first < first || m.last > last || m.kind != Mention::Kind::kEntity) continue;
      if (found.empty() || draft_.note(found).person) found = m.entity;
    }
    return found;
  }

  std::string context_entity(Range part) {
    auto found = entity_in(part, 0, part.last);
    if (found.empty()) found = draft_.main_entity;
    if (found.empty() && !draft_.spec.entities.empty()) found = draft_.spec.entities.front().id;
    return found;
  }

  // --- search by, filter by, sort by

  static std::string_view kind_of(const Scan& s, int i) {
    if (s.any(i, {"search", "find", "look_up", "searchable", "searched", "lookup"}))
      return "search";
    if (s.any(i, {"filter", "filterable", "filtered", "narrow"})) return "filter";
    if (s.any(i, {"sort", "order", "sortable", "sorted", "ordered", "sorting"})) return "sort";
    return {};
  }

  bool by_fields(const Scan& s, Range part) {
    std::string kind;
    int cue = -1;
    for (int i = part.first; i <= part.last; ++i) {
      const auto known = kind_of(s, i);
      if (known.empty()) continue;
      if (known == "sort" && s.find(i, part.last, "by") < 0) continue;
      kind = known;
      cue = i;
      break;
    }
    if (cue < 0) return false;
    const int by = s.find(cue, part.last, "by");
    if (by < 0 && kind != "search") return false;
    std::string entity = entity_in(part, cue, by < 0 ? part.last : by);
    if (entity.empty()) entity = entity_in(part, part.first, cue);
    if (entity.empty() || draft_.note(entity).person) {
      const auto other = entity_in(part, 0, part.last);
      if (!other.empty()) entity = other;
    }
    if (entity.empty()) entity = context_entity(part);
    if (entity.empty()) return false;
    std::vector<std::string> fields;
    int last = cue;
    int end = by + 1;
    if (by >= 0) {
      for (const auto& item : parse_items(s, by + 1, part.last, &end)) {
        const auto field = field_of(entity, item.name);
        if (field.empty()) break;
        fields.push_back(field);
        last = item.last;
      }
    } else {
      for (const auto& a : draft_.entity(entity).attributes) {
        if (a.type == Type::kString || a.type == Type::kText) fields.push_back(a.id);
      }
      last = part.last;
      for (int i = cue + 1; i <= part.last; ++i) {
        const bool known = !draft_.entity_named(s.at(i).lemma).empty();
        if (s.content(i) && !known) return false;
      }
    }
    if (fields.empty()) return false;
    keep_fields(s, part, kind, entity, fields, cue, last);
    return true;
  }

  void keep_fields(const Scan& s, Range part, const std::string& kind, const std::string& entity,
                   const std::vector<std::string>& fields, int cue, int last) {
    (void)s;
    const Range range{part.sentence, cue, last};
    std::vector<std::string> kept;
    for (const auto& field : fields) {
      const auto* a = draft_.attribute(entity, field);
      const bool textual = a != nullptr && (a->type == Type::kString || a->type == Type::kText ||
                                            a->type == Type::kEmail || a->type == Type::kPhone ||
                                            a->type == Type::kUrl);
      // A search in text; anything else is matched exactly by the list's filters.
      if (kind == "search" && !textual) {
        add(range, "filter", entity, {field});
      } else {
        kept.push_back(field);
      }
    }
    if (!kept.empty()) add(range, kind, entity, kept);
    draft_.claim(range);
  }

  void add(Range range, const std::string& kind, const std::string& entity,
           const std::vector<std::string>& fields) {
    if (kind == "sort") return;  // every list sorts by any field
    Query query;
    query.kind = kind == "search" ? QueryKind::kSearch : QueryKind::kFilter;
    query.on = entity;
    query.by = fields;
    query.id = unique_id(kind + "_" + plain_snake(draft_.entity(entity).plural) + "_by_" +
                         text::join(fields, "_"));
    query.origin = draft_.stated(range, "query." + kind);
    draft_.spec.queries.push_back(std::move(query));
  }

  std::string field_of(const std::string& entity, const std::string& name) {
    if (auto id = draft_.attribute_named(entity, name); !id.empty()) return id;
    const auto target = draft_.entity_named(name);
    if (!target.empty()) {
      if (const auto* r = draft_.relation_to(entity, target)) return r->role;
    }
    if (auto* r = draft_.relation(entity, safe_role(name))) return r->role;
    return {};
  }

  std::string unique_id(std::string id) {
    id = safe_role(id);
    const auto taken = [&](const std::string& name) {
      return draft_.operation(name) != nullptr ||
             std::any_of(draft_.spec.queries.begin(), draft_.spec.queries.end(),
                         [&](const auto& q) { return q.id == name; });
    };
    std::string name = id;
    for (int i = 2; taken(name); ++i) name = id + "_" + std::to_string(i);
    return name;
  }

  // --- groups

  // "category", "month", "per warehouse": what a report groups by; makes the date when needed.
  std::optional<std::string> group_of(const std::string& entity, const Scan& s, int i, int* last) {
    for (const std::string_view unit : {"month", "day", "year"}) {
      if (!s.is(i, unit)) continue;
      const auto date = date_of(entity);
      if (date.empty()) return std::nullopt;
      *last = i;
      return std::string(unit) + ":" + date;
    }
    for (int j = std::min(i + 2, s.size() - 1); j >= i; --j) {
      const auto field = field_of(entity, s.lemmas(i, j));
      if (field.empty()) {
        const auto path = path_group(entity, s.lemmas(i, j));
        if (path.empty()) continue;
        *last = j;
        return path;
      }
      *last = j;
      return field;
    }
    return std::nullopt;
  }

  // A field or reference one step away: loans per category of the book.
  std::string path_group(const std::string& entity, const std::string& name) {
    for (const auto* r : relations_of(draft_.spec, entity)) {
      if (const auto field = field_of(r->to, name); !field.empty()) {
        return r->role + "." + field;
      }
    }
    return {};
  }

  std::string date_of(const std::string& entity) {
    const auto& note = draft_.note(entity);
    if (!note.opened.empty()) return note.opened;
    for (const auto& a : draft_.entity(entity).attributes) {
      if (a.type == Type::kDate || a.type == Type::kDatetime) return a.id;
    }
    return {};
  }

  std::optional<std::vector<std::string>> groups(const std::string& entity, const Scan& s,
                                                 int first, int last, int* end) {
    std::vector<std::string> found;
    int i = first;
    while (i <= last) {
      while (s.at(i).tag == Tag::kDeterminer || s.any(i, {"and", ",", "per", "by", "type"})) {
        if (s.is(i, "type") && !s.is(i + 1, "of")) break;
        ++i;
      }
      if (i > last) break;
      auto group = group_of(entity, s, i, end);
      if (!group) break;
      found.push_back(*group);
      i = *end + 1;
      if (!s.any(i, {"and", ",", "per"})) break;
    }
    if (found.empty()) return std::nullopt;
    return found;
  }

  // "track my expenses by category and month"
  bool grouped_wish(const Scan& s, Range part) {
    const int verb = s.find_any(part.first, part.last, {"track", "group", "see", "view", "list",
                                                        "show", "analyse", "analyze"});
    if (verb < 0) return false;
    const int by = s.find_any(verb, part.last, {"by", "grouped by"});
    if (by < 0 || kind_found(s, part)) return false;
    const auto entity = entity_in(part, verb, by);
    if (entity.empty() || draft_.note(entity).person) return false;
    // Fields that are only named here.
    int end = by;
    std::vector<std::string> made;
    for (const auto& item : parse_items(s, by + 1, part.last, &end)) {
      if (is_time_noun(item.name) || !group_known(entity, s, item)) {
        if (is_time_noun(item.name)) continue;
        if (!can_be_attribute(item.name)) return false;
        made.push_back(item.name);
        const Range range{part.sentence, item.name_first, item.name_last};
        draft_.add_attribute(entity, item.name, draft_.stated(range, "attr.by")).required = true;
      }
    }
    int last = by;
    const auto found = groups(entity, s, by + 1, part.last, &last);
    if (!found) return false;
    const bool timed = std::any_of(found->begin(), found->end(), [](const auto& g) {
      return g.find(':') != std::string::npos;
    });
    if (!timed && s.any(verb, {"list", "show", "see", "view"})) {
      const Range range{part.sentence, verb, last};
      add(range, "filter", entity, *found);
      draft_.claim(range);
      return true;
    }
    add_report(s, part, entity, *found, last, Range{part.sentence, verb, last});
    return true;
  }

  static bool can_be_attribute(const std::string& name) {
    return !name.empty() && !is_people(name);
  }

  bool group_known(const std::string& entity, const Scan& s, const Item& item) {
    int last = 0;
    return group_of(entity, s, item.name_first, &last).has_value();
  }

  static bool kind_found(const Scan& s, Range part) {
    for (int i = part.first; i <= part.last; ++i) {
      if (!kind_of(s, i).empty()) return true;
    }
    return false;
  }

  void add_report(const Scan& s, Range part, const std::string& entity,
                  const std::vector<std::string>& by, int last, Range claim) {
    (void)s;
    (void)last;
    Query query;
    query.kind = QueryKind::kReport;
    query.on = entity;
    query.group_by = by;
    std::string money;
    for (const auto& a : draft_.entity(entity).attributes) {
      if (a.type == Type::kMoney && !a.derived && money.empty()) money = a.id;
    }
    const bool counted = s.find_any(part.first, part.last, {"number of", "count", "how many"}) >= 0;
    if (!money.empty() && !counted) {
      query.measure = Expr::call("sum", {row(money)});
    } else {
      query.measure = Expr::call("count");
    }
    query.id = unique_id(plain_snake(draft_.entity(entity).plural) + "_per_" +
                         plain_snake(text::join(by, "_")));
    query.origin = draft_.stated(claim, "query.report");
    draft_.claim(claim);
    draft_.spec.queries.push_back(std::move(query));
  }

  // "a report of check-ins per day", "the number of loans per type", "revenue per month".
  bool report(const Scan& s, Range part) {
    const int per = s.find_any(part.first, part.last, {"per", "for each", "for every", "by"});
    if (per < 0) return false;
    const int cue = s.find_any(part.first, per, {"number of", "count", "report", "total", "sum",
                                                 "how many", "statistic", "overview", "list",
                                                 "average", "number", "show", "see", "know",
                                                 "summary", "revenue", "give"});
    if (cue < 0) return false;
    const auto entity = entity_in(part, cue, per);
    if (entity.empty()) return false;
    int last = per;
    const int first = s.any(per, {"for each", "for every"}) ? per + 1
                      : s.is(per, "for") ? per + 2 : per + 1;
    const auto found = groups(entity, s, first, part.last, &last);
    if (!found) return false;
    std::optional<Expr> measure = Expr::call("count");
    const int average = s.find(part.first, per, "average");
    if (s.find_any(part.first, per, {"total", "sum", "average", "revenue"}) >= 0) {
      std::string attribute;
      for (const auto& m : draft_.mentions(part.sentence)) {
        if (m.first >= cue && m.last < per && m.kind == Mention::Kind::kAttribute) {
          const auto id = draft_.attribute_named(entity, m.attribute);
          if (!id.empty()) attribute = id;
        }
      }
      const auto* a = draft_.attribute(entity, attribute);
      if (a == nullptr || (a->type != Type::kMoney && a->type != Type::kInt &&
                           a->type != Type::kDecimal) || a->derived) {
        return false;
      }
      measure = Expr::call(average >= 0 ? "avg" : "sum", {row(attribute)});
    }
    Query query;
    query.kind = QueryKind::kReport;
    query.on = entity;
    query.group_by = *found;
    query.measure = measure;
    query.id = unique_id(plain_snake(draft_.entity(entity).plural) + "_per_" +
                         plain_snake(text::join(*found, "_")));
    const Range range{part.sentence, cue, last};
    query.origin = draft_.stated(range, "query.report");
    draft_.claim(range);
    if (cue > part.first) claim_front(s, part, cue);
    draft_.spec.queries.push_back(std::move(query));
    return true;
  }

  // "Managers get a report of", "Show me": who gets it and the verb.
  void claim_front(const Scan& s, Range part, int cue) {
    for (int i = part.first; i < cue; ++i) {
      if (s.any(i, {"get", "see", "show", "give", "want", "know", "view", "a", "report", "list"})) {
        draft_.claim(part.sentence, i);
      }
    }
  }

  // --- lists with a condition

  // "Show me all products below their reorder level", "List overdue tickets".
  void listing(const Scan& s, Range part) {
    const int cue = s.find_any(part.first, part.last, {"show", "list", "display", "see", "view",
                                                       "overview of", "report of", "export"});
    if (cue < 0) return;
    for (const auto& m : draft_.mentions(part.sentence)) {
      if (m.kind != Mention::Kind::kEntity || m.first <= cue || m.last > part.last) continue;
      if (draft_.note(m.entity).person && s.find(cue, part.last, "of") < 0) continue;
      int last = m.last;
      auto where = before_noun(s, m, cue, &last);
      if (!where) where = below_level(s, part, m, &last);
      if (!where) return;
      Query query;
      query.kind = QueryKind::kReport;
      query.on = m.entity;
      query.where = where;
      query.id = unique_id(plain_snake(s.lowers(std::max(cue + 1, m.first - 1), m.last)));
      if (query.id.starts_with("all_")) query.id = unique_id(query.id.substr(4) + "_report");
      const Range range{part.sentence, cue, last};
      query.origin = draft_.stated(range, "query.list");
      draft_.claim(range);
      draft_.spec.queries.push_back(std::move(query));
      return;
    }
  }

  // "overdue loans", "open orders", "available books": the adjective as a condition.
  std::optional<Expr> before_noun(const Scan& s, const Mention& m, int cue, int* last) {
    (void)last;
    for (int i = cue + 1; i < m.first + 1; ++i) {
      const auto& word = s.at(i).lower;
      const auto& entity = draft_.entity(m.entity);
      if (entity.lifecycle) {
        for (const auto& state : entity.lifecycle->states) {
          if (same_state(state, word)) {
            return eq(row(entity.lifecycle->attribute), Expr::string(state));
          }
        }
      }
      for (const auto& a : entity.attributes) {
        if (a.type == Type::kEnum && std::find(a.values.begin(), a.values.end(), word) !=
                                         a.values.end()) {
          return eq(row(a.id), Expr::string(word));
        }
        if (a.type == Type::kBool && a.id == safe_snake(word)) return eq(row(a.id), Expr::of(true));
      }
      if (s.any(i, {"open", "active", "current", "unreturned", "outstanding"})) {
        if (auto open = open_filter(draft_, m.entity)) return open;
      }
      if (s.any(i, {"overdue", "late", "expired"})) return overdue(m.entity);
    }
    return std::nullopt;
  }

  std::optional<Expr> overdue(const std::string& entity) {
    auto due = draft_.note(entity).due;
    for (const auto& a : draft_.entity(entity).attributes) {
      const bool date = a.type == Type::kDate || a.type == Type::kDatetime;
      if (due.empty() && date && (a.id.find("due") != std::string::npos ||
                                  a.id.find("deadline") != std::string::npos ||
                                  a.id.find("expir") != std::string::npos)) {
        due = a.id;
      }
    }
    if (due.empty()) return std::nullopt;
    const bool date = draft_.attribute(entity, due)->type == Type::kDate;
    auto late = op("<", row(due), Expr::call(date ? "today" : "now"));
    if (const auto open = open_filter(draft_, entity)) return both(open, late);
    return late;
  }

  // "products below their reorder level", "items with a stock below 10"
  std::optional<Expr> below_level(const Scan& s, Range part, const Mention& m, int* last) {
    const int cue = s.find_any(m.last + 1, part.last, {"below", "under", "above", "over",
                                                       "less than", "more than"});
    if (cue < 0) return std::nullopt;
    const bool less = s.any(cue, {"below", "under", "less", "less than"});
    int i = cue + 1;
    while (s.any(i, {"than", "their", "its", "the", "a"})) ++i;
    std::string left;
    if (cue > m.last + 1) {
      for (int j = m.last + 1; j < cue && left.empty(); ++j) {
        left = draft_.attribute_named(m.entity, s.lemmas(j, cue - 1));
      }
      if (left.empty()) return std::nullopt;
    } else {
      for (const auto& a : draft_.entity(m.entity).attributes) {
        if (a.id == "stock" || a.id.starts_with("quantity") || a.id == "in_stock" ||
            a.id.ends_with("_stock")) {
          left = a.id;
          break;
        }
      }
      if (left.empty()) return std::nullopt;
    }
    if (s.at(i).number) {
      *last = i;
      return op(less ? "<" : ">", row(left), number(*s.at(i).number));
    }
    const auto name = name_after(s, i, part.last);
    if (name.empty()) return std::nullopt;
    auto right = draft_.attribute_named(m.entity, name.text);
    if (right.empty()) {
      const Range range{part.sentence, name.first, name.last};
      auto& a = draft_.add_attribute(m.entity, name.text, draft_.implied(range, "attr.level"));
      a.type = draft_.attribute(m.entity, left)->type;
      a.min = draft_.attribute(m.entity, left)->min;
      draft_.attribute(m.entity, name.text);
      right = safe_snake(name.text);
      draft_.attribute(m.entity, right)->required = true;
    }
    *last = name.last;
    return op(less ? "<" : ">", row(left), row(right));
  }

  Draft& draft_;
  const Reading& reading_;
};

}  // namespace

void read_queries(Draft& draft, const Reading& reading) { QueryReader(draft, reading).run(); }

}  // namespace cadre::offline::analysis
