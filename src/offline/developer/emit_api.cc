// app/api/<entities>.py: routes that open the transaction, call the service and show the row.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/developer/emit.h"
#include "offline/wording.h"

namespace cadre::offline::developer {
namespace {

using spec::Entity;
using Kind = spec::OperationKind;

Py access_default(const Model& model, const spec::Endpoint& endpoint) {
  Py dependency = model.has_actors() ? call("permitted", {text_leaf(endpoint.operation_id)})
                                     : leaf("open_access");
  Py value = call("Depends", {std::move(dependency)});
  value.prefix = "access: Access = ";
  return value;
}

void route(const Model& model, const Entity& entity, const spec::Endpoint& endpoint,
           const std::string& prefix, Source& out) {
  const spec::Operation& operation = *endpoint.operation;
  const bool takes_body = endpoint.method == "POST" || endpoint.method == "PATCH";
  std::vector<Py> decorator{text_leaf(endpoint.path.substr(prefix.size()))};
  if (endpoint.success != 200) {
    decorator.push_back(named("status_code", leaf(std::to_string(endpoint.success))));
  }
  decorator.push_back(named("operation_id", text_leaf(endpoint.operation_id)));
  out.blank();
  out.blank();
  out.statement(0, "@router." + text::lower(endpoint.method),
                group("(", std::move(decorator), ")"));
  const std::string row = variable(entity);
  std::vector<Py> parameters;
  std::vector<std::string> arguments{"ctx"};
  const bool list = operation.kind == Kind::kList;
  if (list) {
    parameters.push_back(leaf("request: Request"));
    arguments.emplace_back("query");
  }
  if (!endpoint.id_parameter.empty()) {
    Py id = call("fields.path_id");
    id.prefix = endpoint.id_parameter + ": ";
    parameters.push_back(std::move(id));
    arguments.push_back(endpoint.id_parameter);
  }
  if (!endpoint.body.empty()) {
    parameters.push_back(leaf("data: schemas." + input_class(operation.id)));
    arguments.emplace_back("data");
  } else if (takes_body) {
    parameters.push_back(leaf("_body: fields.Nothing | None = None"));
  }
  parameters.push_back(access_default(model, endpoint));
  if (endpoint.body.empty() && takes_body) {
    // Behind the access: who may not is told so first.
    parameters.push_back(leaf("_object: None = Depends(fields.refuse_null)"));
  }
  const bool nothing = endpoint.success == 204;
  out.statement(0, "def ", call(function_name(operation.id), std::move(parameters)),
                nothing ? " -> None:" : " -> dict[str, Any]:");
  out.docstring(4, text::upper_first(wording::action(model.spec, operation)) + ".");
  const bool reads = operation.kind == Kind::kRead || list;
  if (list) out.line(4, "query = listing.read_query(service.LISTING, request.query_params)");
  out.line(4, fmt::format("with access.{}() as ctx:", reads ? "reading" : "writing"));
  const std::string service =
      fmt::format("service.{}({})", function_name(operation.id), text::join(arguments, ", "));
  if (nothing) {
    out.line(8, service);
  } else if (list) {
    out.line(8, "found, total = " + service);
    out.line(8, "items = [" + view_call(model, entity, "row") + " for row in found]");
    out.line(4, "return listing.page(items, total, query)");
  } else if (operation.kind == Kind::kBulk || operation.kind == Kind::kScheduled) {
    out.line(8, "return {\"changed\": " + service + "}");
  } else {
    out.line(8, row + " = " + service);
    out.line(8, "return " + view_call(model, entity, row));
  }
}

}  // namespace

std::string emit_api(const Model& model, const Entity& entity) {
  std::vector<const spec::Endpoint*> endpoints = model.endpoints_of(entity);
  if (endpoints.empty()) return {};
  const std::string& prefix = model.resource(entity).path;
  // "/loans/overdue" before "/loans/{loan_id}", which would take it for an id.
  std::stable_sort(endpoints.begin(), endpoints.end(), [](const auto* a, const auto* b) {
    return a->id_parameter.empty() > b->id_parameter.empty();
  });
  Source out;
  out.statement(
      0, "router = ",
      call("APIRouter", {named("prefix", text_leaf(prefix)),
                         named("tags", group("[", {text_leaf(plural_noun(entity))}, "]"))}));
  for (const spec::Endpoint* endpoint : endpoints) route(model, entity, *endpoint, prefix, out);
  const std::string module = service_module(model, entity);
  return with_imports(fmt::format("Routes of {}; the rules are in app/services/{}.py.",
                                  plural_noun(entity), module),
                      out.text(), {"from app.services import " + module + " as service"});
}

}  // namespace cadre::offline::developer
