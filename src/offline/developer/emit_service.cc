// app/services/<entity>.py: one function an operation, in the contract's order of checks.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "offline/developer/effects.h"
#include "offline/developer/emit.h"
#include "offline/wording.h"

namespace cadre::offline::developer {
namespace {

using spec::Attribute;
using spec::Entity;
using spec::Expr;
using spec::Field;
using spec::Operation;
using Kind = spec::OperationKind;

// Whether the text mentions the name as a variable.
bool mentions(const std::string& source, const std::string& name) {
  return uses_name(code_only(source), name);
}

// The model class's reader of a query parameter's text.
Py filter_reader(const Attribute* attribute) {
  if (attribute == nullptr) return leaf("values.read_id");
  std::vector<Py> arguments;
  switch (attribute->type) {
    case spec::Type::kInt: return leaf("values.read_integer");
    case spec::Type::kDuration: return leaf("values.read_minutes");
    case spec::Type::kBool: return leaf("values.read_boolean");
    case spec::Type::kDate: return leaf("values.read_date");
    case spec::Type::kTime: return leaf("values.read_time");
    case spec::Type::kDatetime: return leaf("values.read_datetime");
    case spec::Type::kDecimal:
    case spec::Type::kMoney:
      return call("values.decimal_reader", {leaf(std::to_string(scale_of(*attribute)))});
    case spec::Type::kEnum:
      for (const std::string& value : attribute->values) arguments.push_back(text_leaf(value));
      return call("values.choice_reader", std::move(arguments));
    default: return leaf("values.read_text");
  }
}

class OperationWriter {
 public:
  OperationWriter(const Model& model, const Entity& entity, const spec::Endpoint& endpoint)
      : model_(model),
        entity_(entity),
        endpoint_(endpoint),
        operation_(*endpoint.operation),
        row_(variable(entity)) {
    for (const char* name : {"ctx", "data", "row", "query"}) locals_.reserve(name);
    locals_.reserve(row_);
    locals_.reserve(endpoint.id_parameter);
    scope_.model = &model;
    scope_.locals = &locals_;
    scope_.before = &body_;
    scope_.self = {&entity, row_, false, creates()};
  }

  std::string write() {
    name_arguments();
    switch (operation_.kind) {
      case Kind::kCreate:
      case Kind::kEventCreate: write_create(); break;
      case Kind::kRead: write_read(); break;
      case Kind::kList: write_list(); break;
      case Kind::kDelete: write_delete(); break;
      case Kind::kBulk:
      case Kind::kScheduled: write_many(); break;
      default: standard_update() ? write_update() : write_action();
    }
    return header() + body_.text();
  }

 private:
  bool creates() const {
    return operation_.kind == Kind::kCreate || operation_.kind == Kind::kEventCreate;
  }
  bool standard_update() const {
    return operation_.kind == Kind::kUpdate && spec::is_standard(operation_);
  }
  std::string table() const { return "models." + class_name(entity_); }
  static std::string input_id(const Field& field) {
    return field.ref.empty() ? field.name : field.name.substr(0, field.name.size() - 3);
  }

  std::string header() const {
    std::vector<Py> parameters{leaf("ctx: Context")};
    if (!endpoint_.id_parameter.empty())
      parameters.push_back(leaf(endpoint_.id_parameter + ": int"));
    if (!endpoint_.body.empty()) {
      parameters.push_back(leaf("data: schemas." + input_class(operation_.id)));
    }
    std::string result = table();
    if (operation_.kind == Kind::kList) {
      parameters.push_back(leaf("query: listing.Query"));
      result = "tuple[list[" + table() + "], int]";
    } else if (operation_.kind == Kind::kDelete) {
      result = "None";
    } else if (operation_.kind == Kind::kBulk || operation_.kind == Kind::kScheduled) {
      result = "int";
    }
    Source out;
    out.statement(0, "def ", call(function_name(operation_.id), std::move(parameters)),
                  " -> " + result + ":");
    std::string action = text::upper_first(wording::action(model_.spec, operation_));
    std::vector<std::string> more;
    if (!operation_.schedule_every.empty()) {
      more.push_back("To be called every " + operation_.schedule_every +
                     " by something outside, such as cron. Gives the number of rows changed.");
    } else if (operation_.kind == Kind::kBulk || operation_.kind == Kind::kScheduled) {
      more.emplace_back("Gives the number of rows changed.");
    }
    out.docstring(4, action + ".", more);
    return out.text();
  }

  // What ["arg", ...] means in this function.
  void name_arguments() {
    for (const Field& field : endpoint_.body) {
      const std::string id = input_id(field);
      std::string text = "data." + member(field.name);
      const bool of_row =
          creates() && field.attribute != nullptr && has_computed_default(*field.attribute);
      if (of_row) text = row_ + "." + member(field.name);
      if (standard_update()) {
        text = fmt::format("(None if {0} is fields.UNSET else {0})", text);
      }
      Value value = make_value(leaf(text), field.ref.empty() ? sort_of(field.type) : Sort::kInt);
      value.nullable = field.nullable || standard_update();
      if (field.attribute != nullptr)
        value.scale = scale_of(*field.attribute);
      else if (field.type == spec::Type::kMoney)
        value.scale = 2;
      else if (field.type == spec::Type::kDecimal)
        value.scale = 3;
      scope_.arguments[id] = std::move(value);
      if (field.ref.empty()) continue;
      const std::string local = locals_.fresh(reference_name(field));
      referred_[field.name] = local;
      scope_.argument_rows[id] = {&model_.entity(field.ref), local, false, false};
      scope_.optional_rows[id] = field.nullable || standard_update();
    }
  }

  std::string reference_name(const Field& field) const {
    const std::string id = input_id(field);
    return id + (is_reserved(id) || locals_taken(id) ? "_row" : "");
  }
  static bool locals_taken(const std::string& name) {
    Entity probe;
    probe.id = text::pascal_case(name);
    return variable(probe) != name;
  }

  // Step 5; `rest` is what comes after, to see which rows it needs by name.
  void look_up_references(const std::string& rest, Source& out) const {
    for (const Field& field : endpoint_.body) {
      if (field.ref.empty()) continue;
      const Entity& target = model_.entity(field.ref);
      const std::string& local = referred_.at(field.name);
      out.statement(4, mentions(rest, local) ? local + " = " : "",
                    call("rows.referred", {leaf("ctx"), leaf("models." + class_name(target)),
                                           leaf("data." + member(field.name)),
                                           text_leaf(field.name), text_leaf(noun(target))}));
    }
  }

  // Writes the rest of the function with `write_rest`, after the references it needs.
  template <class WriteRest>
  void with_references(WriteRest write_rest) {
    Source before;
    std::swap(before, body_);
    write_rest();
    Source after;
    std::swap(after, body_);
    std::swap(before, body_);
    look_up_references(after.text(), body_);
    body_.raw(after.text());
  }

  void find_row() {
    body_.statement(4, row_ + " = ",
                    call("rows.find", {leaf("ctx"), leaf(table()), leaf(endpoint_.id_parameter),
                                       text_leaf(noun(entity_))}));
  }

  void check_permission() {
    const std::string rule = row_rule(model_, operation_.id);
    if (rule.empty()) return;
    body_.line(4, fmt::format("if not permissions.{}(ctx, {}):", rule, row_));
    body_.line(8, "raise errors.forbidden()");
  }

  void check_guards() {
    for (const spec::Guard& guard : operation_.guards) {
      body_.comment(4, rule_comment(model_, guard.id));
      const Value refused = condition(guard.require, scope_, true);
      body_.statement(4, "if ", refused.py, ":");
      body_.statement(
          8, "raise ",
          call("errors.Problem",
               {leaf(std::to_string(guard.status)), text_leaf(guard.error),
                text_leaf(rule_message(model_, guard)), named("rule", text_leaf(guard.id))}));
    }
  }

  void check_unique() { write_unique_checks(model_, entity_, row_, 4, body_); }

  void check_transition() {
    if (!entity_.lifecycle) return;
    std::vector<Py> states;
    for (const spec::Transition& edge : entity_.lifecycle->transitions) {
      if (edge.by == operation_.id) states.push_back(text_leaf(edge.from));
    }
    if (states.empty()) return;
    const std::string state = row_ + "." + member(entity_.lifecycle->attribute);
    const bool one = states.size() == 1;
    const Py known = one ? states.front() : tuple(std::move(states));
    body_.statement(4, "if " + state + (one ? " != " : " not in "), known, ":");
    body_.statement(
        8, "raise ",
        call("errors.Problem",
             {leaf("409"), text_leaf("invalid_transition"),
              leaf(fmt::format(
                  "f\"Not possible while the {} is {{{}}}.\"",
                  text::replace_all(text::replace_all(noun(entity_), "{", "("), "}", ")"),
                  state))}));
  }

  // Whether an effect of the operation already moves the row to the state.
  bool effect_makes(const std::string& state) const {
    const std::string& attribute = entity_.lifecycle->attribute;
    return std::any_of(
        operation_.effects.begin(), operation_.effects.end(), [&](const spec::Effect& effect) {
          return effect.kind == spec::EffectKind::kSet && !effect.where &&
                 effect.value == spec::Expr::string(state) &&
                 (effect.target == "self." + attribute ||
                  effect.target == entity_.id + "." + attribute);
        });
  }

  void make_transition() {
    if (!entity_.lifecycle) return;
    std::map<std::string, std::string> next;
    std::set<std::string> targets;
    std::vector<std::string> order;
    for (const spec::Transition& edge : entity_.lifecycle->transitions) {
      if (edge.by != operation_.id || !next.try_emplace(edge.from, edge.to).second) continue;
      targets.insert(edge.to);
      order.push_back(edge.from);
    }
    if (next.empty()) return;
    const std::string state = row_ + "." + member(entity_.lifecycle->attribute);
    if (targets.size() == 1) {
      if (effect_makes(*targets.begin())) return;
      body_.line(4, state + " = " + quoted(*targets.begin()));
      return;
    }
    std::vector<Py> members;
    for (const std::string& from : order) members.push_back(entry(from, text_leaf(next[from])));
    Py map = group("{", std::move(members), "}");
    body_.statement(4, state + " = ", map, "[" + state + "]");
  }

  void write_read() {
    find_row();
    check_permission();
    check_guards();
    body_.line(4, "return " + row_);
  }

  void write_list() {
    const std::string rule = visible_rule(model_, operation_.id);
    std::vector<Py> arguments{leaf("ctx"), leaf("LISTING"), leaf("query")};
    if (!rule.empty()) arguments.push_back(call("permissions." + rule, {leaf("ctx")}));
    body_.statement(4, "return ", call("listing.find", std::move(arguments)));
  }

  Py column_value(const Attribute& attribute) {
    const auto field = std::find_if(endpoint_.body.begin(), endpoint_.body.end(),
                                    [&](const Field& f) { return f.attribute == &attribute; });
    if (field != endpoint_.body.end()) {
      const std::string sent = "data." + member(field->name);
      if (!has_computed_default(attribute)) return leaf(sent);
      const Py fallback = as_attribute(*attribute.default_value, attribute, scope_);
      return ternary(fallback, leaf(sent + " is fields.UNSET"), leaf(sent));
    }
    return initial_value(model_, entity_, attribute, scope_);
  }

  void write_create() {
    with_references([&] {
      std::vector<Py> values;
      for (const Attribute& attribute : entity_.attributes) {
        if (!has_column(attribute)) continue;
        Py value = column_value(attribute);
        if (flat(value) == "None") continue;
        values.push_back(named(member(attribute.id), std::move(value)));
      }
      for (const spec::Relation* relation : spec::relations_of(model_.spec, entity_.id)) {
        const std::string name = relation->role + "_id";
        if (!referred_.contains(name)) continue;
        values.push_back(named(member(name), leaf("data." + member(name))));
        if (is_traversed(model_, *relation)) {
          values.push_back(named(link(entity_, relation->role), leaf(referred_.at(name))));
        }
      }
      body_.statement(4, row_ + " = ", call(table(), std::move(values)));
      check_permission();
      check_guards();
      check_unique();
      EffectWriter effects(model_, entity_, operation_, scope_, body_);
      effects.write(true);
      body_.line(4, "return " + row_);
    });
  }

  void remember_old() {
    std::set<std::string> paths;
    for (const spec::Guard& guard : operation_.guards) collect_old(guard.require, paths);
    for (const std::string& path : paths) {
      Value value = path_value(scope_.self, path, scope_);
      const std::string local = locals_.fresh("old_" + text::snake_case(path));
      body_.statement(4, local + " = ", value.py);
      value.py = leaf(local);
      value.strength = kAtom;
      value.simple = true;
      scope_.old[path] = std::move(value);
    }
  }

  static void collect_old(const Expr& expr, std::set<std::string>& paths) {
    if (expr.is_call("old")) paths.insert(expr.args[0].text);
    for (const Expr& arg : expr.args) collect_old(arg, paths);
  }

  void write_update() {
    find_row();
    with_references([&] {
      check_permission();
      remember_old();
      if (!endpoint_.body.empty()) body_.line(4, fmt::format("rows.patch({}, data)", row_));
      std::vector<Py> links;
      for (const Field& field : endpoint_.body) {
        if (field.relation != nullptr && is_traversed(model_, *field.relation)) {
          links.push_back(text_leaf(link(entity_, field.relation->role)));
        }
      }
      if (!links.empty()) {
        body_.comment(4, "The rows behind the references are looked up again.");
        body_.statement(4, "ctx.session.expire",
                        group("(", {leaf(row_), group("[", std::move(links), "]")}, ")"));
      }
      check_permission();
      check_guards();
      check_unique();
      EffectWriter effects(model_, entity_, operation_, scope_, body_);
      effects.write(false);
      body_.line(4, "return " + row_);
    });
  }

  void write_action() {
    find_row();
    with_references([&] {
      check_permission();
      check_transition();
      check_guards();
      make_transition();
      EffectWriter effects(model_, entity_, operation_, scope_, body_);
      effects.write(false);
      body_.line(4, "return " + row_);
    });
  }

  void write_delete() {
    find_row();
    with_references([&] {
      check_permission();
      check_guards();
      EffectWriter effects(model_, entity_, operation_, scope_, body_);
      effects.apply();
      body_.line(4, fmt::format("removal.remove(ctx.session, {})", row_));
      effects.check_ranges();
    });
  }

  void write_many() {
    scope_.self = {};
    with_references([&] {
      check_guards();
      EffectWriter effects(model_, entity_, operation_, scope_, body_);
      const std::string changed = effects.write_bulk();
      body_.line(4, "return " + changed);
    });
  }

  const Model& model_;
  const Entity& entity_;
  const spec::Endpoint& endpoint_;
  const Operation& operation_;
  std::string row_;
  Locals locals_;
  Scope scope_;
  Source body_;
  std::map<std::string, std::string> referred_;  // field name -> local variable
};

// LISTING: what the entity's list can do.
void listing_table(const Model& model, const Entity& entity, const spec::Endpoint& endpoint,
                   Source& out) {
  const std::string table = "models." + class_name(entity);
  const auto column = [&](const std::string& name) { return table + "." + member(name); };
  std::vector<Py> filters;
  for (const std::string& name : endpoint.filters) {
    const Attribute* attribute = spec::find_attribute(entity, name);
    filters.push_back(entry(name, tuple({leaf(column(name)), filter_reader(attribute)})));
  }
  std::vector<Py> sorts;
  for (const std::string& name : endpoint.sorts) sorts.push_back(entry(name, leaf(column(name))));
  std::vector<Py> arguments{named("model", leaf(table)),
                            named("filters", group("{", std::move(filters), "}")),
                            named("sorts", group("{", std::move(sorts), "}"))};
  std::vector<Py> search;
  for (const std::string& path : endpoint.search) {
    Locals locals;
    Source before;
    Scope scope;
    scope.model = &model;
    scope.row = {&entity, table, true, false};
    scope.locals = &locals;
    scope.before = &before;
    const auto value = sql(Expr::call("row", {Expr::string(path)}), scope);
    if (value) search.push_back(value->py);
  }
  if (!search.empty()) arguments.push_back(named("search", tuple(std::move(search))));
  out.statement(0, "LISTING = ", call("listing.Listing", std::move(arguments)));
}

}  // namespace

std::string emit_service(const Model& model, const Entity& entity,
                         const std::vector<std::string>& unguarded) {
  Source out;
  if (!unguarded.empty()) {
    out.comment(0, "Rules that need no guard of their own, since operations and fields keep them:");
    for (const std::string& rule : unguarded) out.comment(0, rule_comment(model, rule));
    out.blank();
  }
  const auto endpoints = model.endpoints_of(entity);
  for (const spec::Endpoint* endpoint : endpoints) {
    if (endpoint->operation->kind != Kind::kList) continue;
    listing_table(model, entity, *endpoint, out);
    break;
  }
  for (const spec::Endpoint* endpoint : endpoints) {
    out.blank();
    out.blank();
    out.raw(OperationWriter(model, entity, *endpoint).write());
  }
  if (out.empty()) return {};
  if (uses_module(code_only(out.text()), "logger")) {
    Source logged;
    logged.line(0, "logger = logging.getLogger(__name__)");
    logged.blank();
    logged.raw(out.text());
    out = logged;
  }
  return with_imports(
      fmt::format("What can be done with {}, and the rules for it.", plural_noun(entity)),
      out.text());
}

}  // namespace cadre::offline::developer
