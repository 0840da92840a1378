#include "offline/developer/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/text.h"
#include "offline/developer/py.h"

namespace cadre::offline::developer {
namespace {

using spec::Entity;

// Names that a class body or base class needs for itself: SQLAlchemy's, pydantic's and the
// modules that are used inside.
constexpr std::array kTakenMembers{"metadata",
                                   "registry",
                                   "sa",
                                   "orm",
                                   "columns",
                                   "fields",
                                   "values",
                                   "copy",
                                   "dict",
                                   "json",
                                   "schema",
                                   "schema_json",
                                   "construct",
                                   "validate",
                                   "parse_obj",
                                   "parse_raw",
                                   "parse_file",
                                   "from_orm",
                                   "update_forward_refs"};

constexpr std::array kKeywords{
    "and",    "as",   "assert", "async",  "await",  "break",   "class",    "continue",
    "def",    "del",  "elif",   "else",   "except", "finally", "for",      "from",
    "global", "if",   "import", "in",     "is",     "lambda",  "nonlocal", "not",
    "or",     "pass", "raise",  "return", "try",    "while",   "with",     "yield"};

// Modules and names of the generated functions.
constexpr std::array kTakenVariables{
    "sa",       "orm",      "models",      "schemas", "views",   "errors",   "values",
    "rows",     "removal",  "permissions", "derived", "listing", "ctx",      "data",
    "operator", "datetime", "timedelta",   "date",    "time",    "timezone", "row",
    "service",  "access",   "uuid",        "uuid4",   "logger",  "query",    "changed",
    "app",      "router",   "columns",     "fields",  "page",    "reports"};

template <std::size_t N>
bool contains(const std::array<const char*, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

Model::Model(const spec::Spec& model) : spec(model), contract(spec::derive_contract(model)) {}

const Entity& Model::entity(std::string_view id) const {
  const Entity* found = spec::find_entity(spec, id);
  CADRE_CHECK(found != nullptr, "a valid model names no unknown entity");
  return *found;
}

const spec::Resource& Model::resource(const Entity& entity) const {
  const spec::Resource* found = spec::find_resource(contract, entity.id);
  CADRE_CHECK(found != nullptr, "every entity has a resource");
  return *found;
}

std::vector<const spec::Endpoint*> Model::endpoints_of(const Entity& entity) const {
  std::vector<const spec::Endpoint*> out;
  for (const spec::Endpoint& endpoint : contract.endpoints) {
    if (endpoint.operation != nullptr && endpoint.operation->on == entity.id) {
      out.push_back(&endpoint);
    }
  }
  return out;
}

std::vector<const spec::Endpoint*> Model::reports() const {
  std::vector<const spec::Endpoint*> out;
  for (const spec::Endpoint& endpoint : contract.endpoints) {
    if (endpoint.query != nullptr) out.push_back(&endpoint);
  }
  return out;
}

std::string class_name(const Entity& entity) {
  const std::string& id = entity.id;
  const bool taken = id == "Base" || id == "None" || id == "True" || id == "False";
  return taken ? id + "Row" : id;
}

std::string variable(const Entity& entity) {
  const std::string snake = text::snake_case(entity.id);
  return contains(kTakenVariables, snake) ? snake + "_" : identifier(snake);
}

std::string member(std::string_view name) {
  const bool taken =
      contains(kTakenMembers, name) || contains(kKeywords, name) || name.starts_with("model_");
  return std::string(name) + (taken ? "_" : "");
}

std::string link(const Entity& entity, std::string_view role) {
  const bool attribute = spec::find_attribute(entity, role) != nullptr;
  return attribute || role == "id" ? std::string(role) + "_row" : member(role);
}

std::string service_module(const Model& model, const Entity& entity) {
  const std::string& snake = model.resource(entity).snake;
  return snake == "reports" ? "reports_records" : identifier(snake);
}

std::string api_module(const Model& model, const Entity& entity) {
  const std::string& name = model.resource(entity).snake_plural;
  const bool taken = name == "reports" || name == "health" || name == "access";
  return taken ? name + "_records" : identifier(name);
}

std::string function_name(std::string_view operation_id) {
  if (contains(kTakenVariables, operation_id)) return std::string(operation_id) + "_";
  return identifier(operation_id);
}

std::string input_class(std::string_view operation_id) {
  const std::string name = text::pascal_case(operation_id);
  const bool taken = name == "None" || name == "True" || name == "False" || name == "Optional" ||
                     name == "Decimal" || name == "Field";
  return taken ? name + "Input" : name;
}

std::string noun(const Entity& entity) { return harmless(entity.name); }
std::string plural_noun(const Entity& entity) { return harmless(entity.plural); }

bool has_column(const spec::Attribute& attribute) { return !attribute.derived; }

std::string Locals::fresh(const std::string& wish) {
  std::string name = wish;
  for (int n = 2; std::find(names_.begin(), names_.end(), name) != names_.end(); ++n) {
    name = fmt::format("{}_{}", wish, n);
  }
  names_.push_back(name);
  return name;
}

}  // namespace cadre::offline::developer
