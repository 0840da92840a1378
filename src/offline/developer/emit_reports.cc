// app/services/reports.py and app/api/reports.py.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/developer/emit.h"
#include "offline/wording.h"

namespace cadre::offline::developer {
namespace {

using spec::Attribute;
using spec::Entity;
using spec::Expr;
using spec::Query;

bool is_grouped(const Query& query) { return !query.group_by.empty() || query.measure.has_value(); }

struct Group {
  std::string name;   // in the response
  std::string local;  // variable
  std::string unit;   // "month", "" ...
  std::string path;
};

class ReportWriter {
 public:
  ReportWriter(const Model& model, const spec::Endpoint& endpoint)
      : model_(model),
        query_(*endpoint.query),
        entity_(model.entity(endpoint.entity)),
        table_("models." + class_name(entity_)) {
    for (const char* name : {"ctx", "row", "result", "found", "groups", "numbers"}) {
      locals_.reserve(name);
    }
    scope_.model = &model;
    scope_.locals = &locals_;
    scope_.before = &body_;
    scope_.row = {&entity_, table_, true, false};
    if (is_grouped(query_)) read_groups();
    visible_ = visible_rule(model, query_.id);
  }

  std::string write() {
    if (!is_grouped(query_)) {
      write_rows();
    } else if (!write_sql_groups()) {
      body_ = Source();
      write_python_groups();
    }
    const bool plain = !is_grouped(query_);
    Source out;
    out.line(0, fmt::format("def {}(ctx: Context) -> list[{}]:", function_name(query_.id),
                            plain ? table_ : "dict[str, Any]"));
    out.docstring(4, text::upper_first(wording::report(model_.spec, query_)) + ".");
    return out.text() + body_.text();
  }

 private:
  void read_groups() {
    for (const std::string& group : query_.group_by) {
      const auto colon = group.find(':');
      Group one;
      one.name = spec::group_name(model_.spec, entity_, group);
      one.local =
          locals_.fresh(one.name + (is_reserved(one.name) || is_module(one.name) ? "_" : ""));
      one.unit = colon == std::string::npos ? "" : group.substr(0, colon);
      one.path = colon == std::string::npos ? group : group.substr(colon + 1);
      groups_.push_back(std::move(one));
    }
  }

  static bool is_module(const std::string& name) {
    Entity probe;
    probe.id = text::pascal_case(name);
    return variable(probe) != name;
  }

  static int unit_digits(const std::string& unit) {
    return unit == "year" ? 4 : unit == "month" ? 7 : 10;
  }

  // Visibility and the report's own condition; what is left for Python goes to `rest`.
  std::vector<Py> conditions(std::vector<const Expr*>& rest) {
    Filter filter = split_filter(query_.where ? &*query_.where : nullptr, scope_);
    std::vector<Py> where = std::move(filter.where);
    if (!visible_.empty()) where.push_back(leaf("*permissions." + visible_ + "(ctx)"));
    rest = std::move(filter.rest);
    return where;
  }

  const Attribute* measured() const {
    const Expr& value = query_.measure->args.back();
    if (!value.is_call("row")) return nullptr;
    return spec::find_path(model_.spec, entity_, value.args[0].text);
  }
  bool counts() const { return spec::measure_name(query_) == "count"; }
  bool averages() const { return spec::measure_name(query_) == "average"; }
  bool whole() const {
    const Attribute* attribute = measured();
    return attribute != nullptr &&
           (attribute->type == spec::Type::kInt || attribute->type == spec::Type::kDuration);
  }
  int measure_scale() const {
    const Attribute* attribute = measured();
    return attribute != nullptr && !whole() ? scale_of(*attribute) : 2;
  }

  void write_rows() {
    std::vector<const Expr*> rest;
    std::vector<Py> where = conditions(rest);
    Py rows = select(leaf(table_), std::move(where));
    if (rows.kind != Py::Kind::kChain) rows = chain(std::move(rows), {});
    std::vector<Py> order;
    bool by_id = false;
    for (const std::string& key : query_.sort) {
      const bool descending = key.starts_with('-');
      const std::string name = key.substr(descending ? 1 : 0);
      const Attribute* attribute = spec::find_attribute(entity_, name);
      const bool reference =
          name.ends_with("_id") &&
          spec::find_relation(model_.spec, entity_.id, name.substr(0, name.size() - 3)) != nullptr;
      const bool column =
          reference || name == "id" || (attribute != nullptr && has_column(*attribute));
      if (!column) continue;
      by_id = by_id || name == "id";
      order.push_back(leaf(table_ + "." + member(name) + (descending ? ".desc()" : "")));
    }
    if (!by_id) order.push_back(leaf(table_ + ".id"));
    rows.items.push_back(call(".order_by", std::move(order)));
    if (query_.limit && rest.empty()) {
      rows.items.push_back(call(".limit", {leaf(std::to_string(*query_.limit))}));
    }
    body_.statement(4, "result = ", rows);
    if (rest.empty()) {
      body_.line(4, "return list(ctx.session.scalars(result))");
      return;
    }
    Py kept = loop(leaf("row"), "row", leaf("ctx.session.scalars(result)"), python_filter(rest));
    body_.statement(4, "found = ", group("[", {std::move(kept)}, "]"));
    body_.line(4, query_.limit ? fmt::format("return found[:{}]", *query_.limit) : "return found");
  }

  // The condition on `row` that the database did not check; none or one.
  std::vector<Py> python_filter(const std::vector<const Expr*>& rest) {
    if (rest.empty()) return {};
    std::vector<Expr> parts;
    for (const Expr* part : rest) parts.push_back(*part);
    Scope by_row = scope_;
    by_row.row = {&entity_, "row", false, false};
    const Value test = condition(parts.size() == 1 ? parts[0] : Expr::call("and", parts), by_row);
    return {operand(test, kOr)};
  }

  // "-count", "month": the order of the response, then by the groups.
  std::vector<std::pair<std::string, bool>> sort_keys() const {
    std::vector<std::pair<std::string, bool>> out;
    const auto add = [&](const std::string& name, bool descending) {
      const bool known = name == spec::measure_name(query_) ||
                         std::any_of(groups_.begin(), groups_.end(),
                                     [&](const Group& group) { return group.name == name; });
      const bool twice =
          std::any_of(out.begin(), out.end(), [&](const auto& one) { return one.first == name; });
      if (known && !twice) out.emplace_back(name, descending);
    };
    for (const std::string& key : query_.sort) {
      const bool descending = key.starts_with('-');
      add(key.substr(descending ? 1 : 0), descending);
    }
    for (const Group& group : groups_) add(group.name, false);
    return out;
  }

  std::optional<Py> group_column(const Group& group) {
    auto value = sql(Expr::call("row", {Expr::string(group.path)}), scope_);
    if (!value || !value->column) return std::nullopt;
    if (group.unit.empty()) return value->py;
    return call("sa.func.substr",
                {value->py, leaf("1"), leaf(std::to_string(unit_digits(group.unit)))});
  }

  bool write_sql_groups() {
    std::vector<const Expr*> rest;
    std::vector<Py> where = conditions(rest);
    if (!rest.empty()) return false;
    std::vector<Py> columns;
    std::vector<Py> keys;
    std::vector<std::string> locals;
    for (const Group& group : groups_) {
      auto column = group_column(group);
      if (!column) return false;
      body_.statement(4, group.local + " = ", *column);
      columns.push_back(leaf(group.local));
      keys.push_back(leaf(group.local));
      locals.push_back(group.local);
    }
    const std::string measure = locals_.fresh(counts() ? "count" : "total");
    std::string number = locals_.fresh("number");
    std::string shown = measure;
    if (counts()) {
      body_.line(4, measure + " = sa.func.count()");
      columns.push_back(leaf(measure));
    } else {
      auto value = sql(query_.measure->args.back(), scope_);
      if (!value || !value->column || value->scale < 0) return false;
      const bool raw = value->raw && value->scale > 0;
      body_.statement(4, measure + " = ",
                      call("sa.func.coalesce", {call("sa.func.sum", {value->py}), leaf("0")}));
      columns.push_back(leaf(measure));
      const std::string exact =
          raw ? fmt::format("values.unscaled({}, {})", measure, value->scale) : measure;
      if (averages()) {
        body_.statement(4, number + " = ", call("sa.func.count", {value->py}));
        columns.push_back(leaf(number));
        shown = fmt::format("values.divided({}, {}, {})", exact, number, measure_scale());
      } else if (!whole()) {
        shown = fmt::format("values.fixed({}, {})", exact, measure_scale());
      }
    }
    Py query = call("sa.select", columns);
    std::vector<Py> calls;
    calls.push_back(call(".select_from", {leaf(table_)}));
    if (!where.empty()) calls.push_back(call(".where", std::move(where)));
    if (!keys.empty()) calls.push_back(call(".group_by", keys));
    std::vector<Py> order;
    bool by_average = false;
    for (const auto& [name, descending] : sort_keys()) {
      if (name == spec::measure_name(query_) && averages()) {
        by_average = true;
        continue;
      }
      const auto group = std::find_if(groups_.begin(), groups_.end(),
                                      [&](const Group& one) { return one.name == name; });
      const std::string key = group == groups_.end() ? measure : group->local;
      order.push_back(leaf(key + (descending ? ".desc()" : "")));
    }
    if (!order.empty()) calls.push_back(call(".order_by", std::move(order)));
    if (query_.limit && !by_average) {
      calls.push_back(call(".limit", {leaf(std::to_string(*query_.limit))}));
    }
    body_.statement(
        4, "found = ", call("ctx.session.execute", {chain(std::move(query), std::move(calls))}));
    std::vector<std::string> targets = locals;
    targets.push_back(measure);
    if (averages()) targets.push_back(number);
    const std::string target = text::join(targets, ", ") + (targets.size() == 1 ? "," : "");
    finish(shown, target, by_average);
    return true;
  }

  // result = [{...} for ... in found]
  void finish(const std::string& shown, const std::string& target, bool sorts) {
    std::vector<Py> members;
    for (const Group& group : groups_) members.push_back(entry(group.name, leaf(group.local)));
    members.push_back(entry(spec::measure_name(query_), leaf(shown)));
    const Py row = group("{", members, "}");
    if (!sorts) {
      body_.statement(4, "return ", group("[", {loop(row, target, leaf("found"))}, "]"));
      return;
    }
    body_.statement(4, "result = ", group("[", {loop(row, target, leaf("found"))}, "]"));
    sort_in_python();
  }

  void sort_in_python() {
    std::vector<std::pair<std::string, bool>> keys = sort_keys();
    std::reverse(keys.begin(), keys.end());
    for (const auto& [name, descending] : keys) {
      const std::string key = quoted(name);
      const std::string order = fmt::format("lambda row: (row[{0}] is not None, row[{0}])", key);
      std::vector<Py> arguments{named("key", leaf(order))};
      if (descending) arguments.push_back(named("reverse", leaf("True")));
      body_.statement(4, "", call("result.sort", std::move(arguments)));
    }
    body_.line(4,
               query_.limit ? fmt::format("return result[:{}]", *query_.limit) : "return result");
  }

  void write_python_groups() {
    std::vector<const Expr*> rest;
    std::vector<Py> where = conditions(rest);
    body_.statement(
        4, "result = ", call("ctx.session.scalars", {select(leaf(table_), std::move(where))}));
    const std::vector<Py> kept = python_filter(rest);
    Scope by_row = scope_;
    by_row.row = {&entity_, "row", false, false};
    by_row.before = &body_;
    std::vector<Py> keys;
    for (const Group& group : groups_) {
      Value value = python(Expr::call("row", {Expr::string(group.path)}), by_row);
      if (!group.unit.empty()) {
        value.py =
            call("values.date_part", {value.py, leaf(std::to_string(unit_digits(group.unit)))});
      }
      keys.push_back(std::move(value.py));
    }
    const Py key = keys.empty() ? leaf("()") : tuple(std::move(keys));
    by_row.division_scale = measure_scale_or_zero();
    const std::string number =
        counts() ? "1" : flat(python(query_.measure->args.back(), by_row).py);
    body_.line(4, std::string("groups: dict[tuple[Any, ...], list[Any]] = ") +
                      (groups_.empty() ? "{(): []}" : "{}"));
    body_.line(4, "for row in result:");
    int indent = 8;
    if (!kept.empty()) {
      body_.statement(8, "if ", kept.front(), ":");
      indent = 12;
    }
    Py set = call("groups.setdefault", {key, leaf("[]")});
    body_.statement(indent, "", chain(std::move(set), {call(".append", {leaf(number)})}));
    std::vector<std::string> locals;
    for (const Group& group : groups_) locals.push_back(group.local);
    const std::string unpacked =
        locals.empty() ? "_" : "(" + text::join(locals, ", ") + (locals.size() == 1 ? ",)" : ")");
    body_.line(4, "found = groups.items()");
    std::string shown = "len(numbers)";
    if (averages())
      shown = fmt::format("values.average(numbers, {})", measure_scale());
    else if (!counts() && whole())
      shown = "values.total(numbers)";
    else if (!counts())
      shown = fmt::format("values.fixed(values.total(numbers), {})", measure_scale());
    finish(shown, unpacked + ", numbers", true);
  }

  std::optional<int> measure_scale_or_zero() const {
    if (counts()) return std::nullopt;
    return measure_scale();
  }

  const Model& model_;
  const Query& query_;
  const Entity& entity_;
  std::string table_;
  std::string visible_;
  std::vector<Group> groups_;
  Locals locals_;
  Scope scope_;
  Source body_;
};

}  // namespace

std::string emit_reports_service(const Model& model) {
  Source out;
  for (const spec::Endpoint* endpoint : model.reports()) {
    out.blank();
    out.blank();
    out.raw(ReportWriter(model, *endpoint).write());
  }
  if (out.empty()) return {};
  return with_imports("Reports: questions about many rows, answered by the database.", out.text());
}

std::string emit_reports_api(const Model& model) {
  Source out;
  const auto reports = model.reports();
  if (reports.empty()) return {};
  out.line(0, "router = APIRouter(prefix=\"/reports\", tags=[\"reports\"])");
  for (const spec::Endpoint* endpoint : reports) {
    out.blank();
    out.blank();
    out.statement(0, "@router.get",
                  group("(",
                        {text_leaf(endpoint->path.substr(std::string("/reports").size())),
                         named("operation_id", text_leaf(endpoint->operation_id))},
                        ")"));
    const std::string name = function_name(endpoint->operation_id);
    Py access =
        call("Depends", {model.has_actors() ? call("permitted", {text_leaf(endpoint->operation_id)})
                                            : leaf("open_access")});
    access.prefix = "access: Access = ";
    out.statement(0, "def ", call(name, {leaf("request: Request"), access}), " -> dict[str, Any]:");
    out.docstring(4, text::upper_first(wording::report(model.spec, *endpoint->query)) + ".");
    out.line(4, "errors.refuse_parameters(request.query_params)");
    out.line(4, "with access.reading() as ctx:");
    if (is_grouped(*endpoint->query)) {
      out.line(8, "rows = service." + name + "(ctx)");
      out.line(4, "return {\"rows\": [values.row_to_json(row) for row in rows]}");
    } else {
      out.line(8, "rows = service." + name + "(ctx)");
      const Entity& entity = model.entity(endpoint->entity);
      out.line(8, "return {\"rows\": [" + view_call(model, entity, "row") + " for row in rows]}");
    }
  }
  return with_imports("Routes of the reports.", out.text(),
                      {"from app.services import reports as service"});
}

}  // namespace cadre::offline::developer
