// app/models.py, app/schemas.py, app/views.py and app/derived.py: the shapes of the data.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "offline/developer/emit.h"
#include "spec/value.h"

namespace cadre::offline::developer {
namespace {

using spec::Attribute;
using spec::Entity;
using spec::Expr;
using spec::Field;
using spec::Type;

std::string column_type(const Attribute& attribute) {
  switch (attribute.type) {
    case Type::kInt:
    case Type::kDuration: return "sa.Integer";
    case Type::kDecimal:
    case Type::kMoney: return fmt::format("columns.FixedPoint({})", scale_of(attribute));
    case Type::kBool: return "sa.Boolean";
    case Type::kDate: return "sa.Date";
    case Type::kTime: return "columns.ClockTime";
    case Type::kDatetime: return "columns.UtcDatetime";
    default: return "sa.String";
  }
}

void model_class(const Model& model, const Entity& entity, Source& out) {
  const spec::Resource& resource = model.resource(entity);
  out.blank();
  out.blank();
  out.line(0, fmt::format("class {}(Base):", class_name(entity)));
  out.docstring(4, fmt::format("One {}.", noun(entity)));
  out.blank();
  out.line(4, "__tablename__ = " + quoted(resource.snake_plural));
  out.blank();
  out.line(4, "id = sa.Column(sa.Integer, primary_key=True)");
  const auto column = [&](const std::string& name, std::vector<Py> arguments, bool required) {
    const std::string python_name = member(name);
    if (python_name != name) arguments.insert(arguments.begin(), text_leaf(name));
    if (required) arguments.push_back(named("nullable", leaf("False")));
    out.statement(4, python_name + " = ", call("sa.Column", std::move(arguments)));
  };
  for (const Attribute& attribute : entity.attributes) {
    if (!has_column(attribute)) continue;
    for (const std::string& rule : attribute_rules(model, entity, attribute.id)) {
      out.comment(4, rule_comment(model, rule));
    }
    column(attribute.id, {leaf(column_type(attribute))}, attribute.required);
  }
  std::vector<const spec::Relation*> linked;
  for (const spec::Relation* relation : spec::relations_of(model.spec, entity.id)) {
    const std::string target = model.resource(model.entity(relation->to)).snake_plural + ".id";
    column(relation->role + "_id", {call("sa.ForeignKey", {text_leaf(target)})},
           relation->required);
    if (is_traversed(model, *relation)) linked.push_back(relation);
  }
  if (!linked.empty()) out.blank();
  for (const spec::Relation* relation : linked) {
    std::vector<Py> arguments{text_leaf(class_name(model.entity(relation->to)))};
    const std::string key = member(relation->role + "_id");
    arguments.push_back(named("foreign_keys", group("[", {leaf(key)}, "]")));
    if (relation->to == relation->from) {
      arguments.push_back(named("remote_side", group("[", {leaf("id")}, "]")));
    }
    // The services set the reference's column; the relationship only reads.
    arguments.push_back(named("viewonly", leaf("True")));
    out.statement(4, link(entity, relation->role) + " = ",
                  call("orm.relationship", std::move(arguments)));
  }
}

// ---- input fields ----

std::string trimmed_number(double number) {
  std::string digits = fmt::format("{:.6f}", number);
  while (digits.ends_with('0')) digits.pop_back();
  if (digits.ends_with('.')) digits.pop_back();
  return digits;
}

// The least value that is allowed: exclusive bounds move by the smallest step of the type.
std::optional<Py> least_of(const Attribute& attribute) {
  if (!attribute.min) return std::nullopt;
  const Expr& bound = *attribute.min;
  const int scale = scale_of(attribute);
  if (!attribute.exclusive_min) return literal_of(bound, attribute.type, scale);
  const auto fitted = spec::fit(spec::literal_value(bound), attribute.type, scale);
  if (!fitted) return literal_of(bound, attribute.type, scale);
  spec::Value next = *fitted;
  if (next.kind == spec::Value::Kind::kDecimal) {
    next.mantissa += 1;
    return call("Decimal", {text_leaf(spec::format_decimal(next, scale))});
  }
  next.number += 1;
  const Json shown = spec::value_to_json(next, attribute.type, scale);
  const Expr moved = shown.is_string()
                         ? Expr::string(std::string(json::as_view(shown.get_string())))
                         : Expr::of(next.number);
  return literal_of(moved, attribute.type, scale);
}

void add_bounds(const Attribute* attribute, std::vector<Py>& arguments) {
  if (attribute == nullptr) return;
  if (auto least = least_of(*attribute)) arguments.push_back(named("least", std::move(*least)));
  if (attribute->max) {
    arguments.push_back(
        named("most", literal_of(*attribute->max, attribute->type, scale_of(*attribute))));
  }
}

void add_step(const Attribute* attribute, std::vector<Py>& arguments) {
  if (attribute == nullptr || !attribute->step) return;
  const std::string step = trimmed_number(*attribute->step);
  const bool decimal = attribute->type == Type::kDecimal || attribute->type == Type::kMoney;
  arguments.push_back(named("step", decimal ? call("Decimal", {text_leaf(step)}) : leaf(step)));
  if (attribute->min) {
    arguments.push_back(
        named("start", literal_of(*attribute->min, attribute->type, scale_of(*attribute))));
  }
}

Py text_type(const Field& field, int shortest, int longest) {
  const Attribute* attribute = field.attribute;
  const int most = longest;
  if (attribute != nullptr && attribute->length) {
    shortest = std::max(shortest, attribute->length->first);
    longest = std::min(longest, attribute->length->second);
  }
  std::vector<Py> arguments;
  const char* function = "fields.string";
  const char* pattern = nullptr;
  const char* hint = nullptr;
  if (field.type == Type::kEmail) {
    pattern = R"([^@\s]+@[^@\s]+\.[^@\s]+)";
    hint = "must be an email address";
  } else if (field.type == Type::kPhone) {
    pattern = "[0-9+()/ .-]{3,30}";
    hint = "must be a phone number";
  } else if (field.type == Type::kUrl) {
    pattern = R"(https?://\S+)";
    hint = "must be an address that begins with http:// or https://";
  }
  if (attribute != nullptr && !attribute->pattern.empty()) {
    arguments = {text_leaf("(?a:" + attribute->pattern + ")"),
                 text_leaf("must have the form " + harmless(attribute->pattern))};
    function = "fields.matching";
  } else if (pattern != nullptr) {
    arguments = {text_leaf(pattern), text_leaf(hint)};
    function = "fields.matching";
  }
  if (shortest != 1) arguments.push_back(named("shortest", leaf(std::to_string(shortest))));
  if (longest != 200 || most != 200) {
    if (longest != 200) arguments.push_back(named("longest", leaf(fmt::format("{}", longest))));
  }
  return call(function, std::move(arguments));
}

std::string python_default(const Attribute& attribute) {
  return flat(literal_of(*attribute.default_value, attribute.type, scale_of(attribute)));
}

// Types whose definition has texts in it get a name: a text inside an annotation would be read as
// the name of a type.
class NamedTypes {
 public:
  Py use(const Entity& entity, const Field& field) {
    Py type = field_type(field);
    const std::string definition = flat(type);
    if (definition.find_first_of("\"'") == std::string::npos) return type;
    const auto known = names_.find(definition);
    if (known != names_.end()) return leaf(known->second);
    const bool general =
        field.type == Type::kEmail || field.type == Type::kPhone || field.type == Type::kUrl;
    const std::string wish = text::pascal_case(general ? std::string(spec::to_string(field.type))
                                                       : entity.id + "_" + field.name);
    const std::string name = locals_.fresh(wish == "None" || wish == "True" ? wish + "Type" : wish);
    names_[definition] = name;
    definitions_.statement(0, name + " = ", type);
    return leaf(name);
  }
  void reserve(const std::string& name) { locals_.reserve(name); }
  const std::string& definitions() const { return definitions_.text(); }

 private:
  Locals locals_;
  std::map<std::string, std::string> names_;
  Source definitions_;
};

void input_field(const Model& model, const spec::Endpoint& endpoint, const Field& field,
                 NamedTypes& types, Source& out) {
  const spec::Operation& operation = *endpoint.operation;
  const bool patch = operation.kind == spec::OperationKind::kUpdate && spec::is_standard(operation);
  const bool fills_row = operation.kind == spec::OperationKind::kCreate ||
                         operation.kind == spec::OperationKind::kEventCreate;
  Py type = types.use(model.entity(operation.on), field);
  std::string fallback;
  if (patch) {
    fallback = "fields.UNSET";
  } else if (!field.required) {
    const bool has_default =
        fills_row && field.attribute != nullptr && field.attribute->default_value.has_value();
    fallback = !has_default                             ? "None"
               : has_computed_default(*field.attribute) ? "fields.UNSET"
                                                        : python_default(*field.attribute);
  }
  const std::string name = member(field.name);
  if (field.nullable) type = infix("|", {std::move(type), leaf("None")});
  std::string after;
  if (name != field.name) {
    after = fmt::format(" = Field({}alias={})", fallback.empty() ? "" : fallback + ", ",
                        quoted(field.name));
  } else if (!fallback.empty()) {
    after = " = " + fallback;
  }
  out.statement(4, name + ": ", type, after);
}

}  // namespace

bool has_computed_default(const Attribute& attribute) {
  if (!attribute.default_value) return false;
  if (attribute.default_value->kind == Expr::Kind::kCall) return true;
  return attribute.type == Type::kDate || attribute.type == Type::kTime ||
         attribute.type == Type::kDatetime;
}

Py field_type(const Field& field) {
  const Attribute* attribute = field.attribute;
  std::vector<Py> arguments;
  if (!field.ref.empty()) return call("fields.row_id");
  switch (field.type) {
    case Type::kString: return text_type(field, 1, 200);
    case Type::kText: return text_type(field, 1, 10'000);
    case Type::kEmail: return text_type(field, 1, 254);
    case Type::kPhone: return text_type(field, 1, 200);  // its pattern says 3 to 30
    case Type::kUrl: return text_type(field, 1, 2000);
    case Type::kFileRef: return text_type(field, 1, 500);
    case Type::kBool: return call("fields.boolean");
    case Type::kEnum:
      if (attribute != nullptr) {
        for (const std::string& value : attribute->values) arguments.push_back(text_leaf(value));
      }
      if (arguments.empty()) return call("fields.string");
      return call("fields.enum", std::move(arguments));
    case Type::kInt:
      add_bounds(attribute, arguments);
      add_step(attribute, arguments);
      return call("fields.integer", std::move(arguments));
    case Type::kDuration: {
      const bool low = attribute != nullptr && attribute->min;
      const bool high = attribute != nullptr && attribute->max;
      if (!low) arguments.push_back(named("least", leaf("0")));
      add_bounds(attribute, arguments);
      if (!high) arguments.push_back(named("most", leaf("525_600")));
      add_step(attribute, arguments);
      return call("fields.integer", std::move(arguments));
    }
    case Type::kDecimal:
    case Type::kMoney: {
      const int scale = attribute != nullptr         ? scale_of(*attribute)
                        : field.type == Type::kMoney ? 2
                                                     : 3;
      arguments.push_back(named("scale", leaf(std::to_string(scale))));
      add_bounds(attribute, arguments);
      add_step(attribute, arguments);
      return call("fields.decimal", std::move(arguments));
    }
    case Type::kDate:
      add_bounds(attribute, arguments);
      return call("fields.day", std::move(arguments));
    case Type::kTime:
      add_bounds(attribute, arguments);
      return call("fields.clock_time", std::move(arguments));
    case Type::kDatetime:
      add_bounds(attribute, arguments);
      return call("fields.instant", std::move(arguments));
  }
  return call("fields.string");
}

std::string emit_models(const Model& model) {
  Source out;
  out.line(0, "Base = orm.declarative_base()");
  for (const Entity& entity : model.spec.entities) model_class(model, entity, out);
  return with_imports("The tables as the services see them; migrations/ creates them.", out.text());
}

std::string emit_schemas(const Model& model) {
  Source out;
  NamedTypes types;
  for (const char* name : {"Decimal", "Field"}) types.reserve(name);
  for (const spec::Endpoint& endpoint : model.contract.endpoints) {
    types.reserve(input_class(endpoint.operation_id));
  }
  for (const spec::Endpoint& endpoint : model.contract.endpoints) {
    if (endpoint.body.empty()) continue;
    out.blank();
    out.blank();
    out.line(0, fmt::format("class {}(fields.Input):", input_class(endpoint.operation_id)));
    out.docstring(4, fmt::format("The body of {} {}.", endpoint.method, endpoint.path));
    out.blank();
    for (const Field& field : endpoint.body) input_field(model, endpoint, field, types, out);
  }
  if (out.empty()) return {};
  return with_imports("Request bodies: which fields each operation takes.",
                      types.definitions() + out.text());
}

bool view_needs_context(const Model& model, const Entity& entity) {
  return std::any_of(entity.attributes.begin(), entity.attributes.end(), [&](const Attribute& a) {
    return !has_column(a) && derived_info(model, entity, a).context;
  });
}

std::string view_call(const Model& model, const Entity& entity, const std::string& row) {
  const std::string function = variable(entity);
  return fmt::format("views.{}({}{})", function, view_needs_context(model, entity) ? "ctx, " : "",
                     row);
}

std::string emit_views(const Model& model) {
  Source out;
  for (const Entity& entity : model.spec.entities) {
    const bool context = view_needs_context(model, entity);
    out.blank();
    out.blank();
    out.line(0, fmt::format("def {}({}row: models.{}) -> dict[str, Any]:", variable(entity),
                            context ? "ctx: Context, " : "", class_name(entity)));
    out.docstring(4, fmt::format("A {} as responses show it.", noun(entity)));
    Scope scope;
    scope.model = &model;
    const Row row{&entity, "row", false, false};
    std::vector<Py> members;
    for (const Field& field : model.resource(entity).output) {
      Value value =
          path_value(row, field.relation != nullptr ? field.relation->role : field.name, scope);
      const bool formatted = value.sort == Sort::kDecimal || value.sort == Sort::kDate ||
                             value.sort == Sort::kTime || value.sort == Sort::kDatetime;
      if (formatted) value.py = call("values.to_json", {value.py});
      members.push_back(entry(field.name, std::move(value.py)));
    }
    Source body;
    Py shown = group("{", std::move(members), "}");
    // One member a line, whatever the length: this is a table to look things up in.
    body.line(4, "return {");
    for (const Py& one : shown.items)
      body.statement(
          8, one.prefix,
          [&] {
            Py bare = one;
            bare.prefix.clear();
            return bare;
          }(),
          ",");
    body.line(4, "}");
    out.raw(body.text());
  }
  return with_imports("Rows as JSON: every attribute and reference, always.", out.text());
}

std::string emit_derived(const Model& model) {
  Source out;
  for (const Entity& entity : model.spec.entities) {
    for (const Attribute& attribute : entity.attributes) {
      if (has_column(attribute)) continue;
      const DerivedInfo info = derived_info(model, entity, attribute);
      const std::string row = variable(entity);
      Locals locals;
      locals.reserve(row);
      locals.reserve("ctx");
      Source before;
      Scope scope;
      scope.model = &model;
      scope.self = {&entity, row, false, false};
      scope.locals = &locals;
      scope.before = &before;
      const Py result = as_attribute(*attribute.derived, attribute, scope);
      out.blank();
      out.blank();
      out.line(0,
               fmt::format("def {}({}{}: models.{}) -> Any:", derived_function(entity, attribute),
                           info.context ? "ctx: Context, " : "", row, class_name(entity)));
      out.docstring(
          4, fmt::format("The {} of a {}.", harmless(text::replace_all(attribute.id, "_", " ")),
                         noun(entity)));
      for (const std::string& rule : attribute_rules(model, entity, attribute.id)) {
        out.comment(4, rule_comment(model, rule));
      }
      for (const spec::Rule& rule : model.spec.rules) {
        if (json::find(rule.params, "attr") != nullptr) continue;
        const std::string words = rule.text.empty() ? rule.canonical : rule.text;
        const bool same = !rule.origin.sentences.empty() &&
                          rule.origin.sentences == attribute.origin.sentences &&
                          (rule.kind == "fee" || rule.kind == "derived" || rule.kind == "flag" ||
                           rule.kind == "tiered_price" || rule.kind == "discount");
        if (same && !words.empty()) out.comment(4, rule_comment(model, rule.id));
      }
      out.raw(before.text());
      out.statement(4, "return ", result);
    }
  }
  if (out.empty()) return {};
  return with_imports("Derived attributes: computed whenever a row is read, never stored.",
                      out.text());
}

}  // namespace cadre::offline::developer
