// The HTTP contract of the service that a model describes, derived once and used by everybody:
// Architect (OpenAPI), Developer (routes), QA (tests) and the differential driver. The rules of the
// derivation are written down in docs/service-contract.md. Pure; same model, same contract.
#pragma once

#include <string>
#include <vector>

#include "spec/model.h"

namespace cadre::spec {

struct Field {
  std::string name;                     // JSON name: attribute id, or role + "_id"
  Type type = Type::kString;            // kInt for references
  const Attribute* attribute = nullptr; // null for references and for inputs without an attribute
  const Relation* relation = nullptr;   // set when it refers to a row of the entity
  std::string ref;                      // entity id of a reference, or empty
  bool required = false;                // must be present in a create or action body
  bool nullable = false;
};

struct ErrorCase {
  int status = 0;
  std::string code;   // problem+json "code"
  std::string rule;   // rule or convention id, may be empty
};

struct Endpoint {
  std::string operation_id;            // == Operation::id, or Query::id for reports
  const Operation* operation = nullptr;
  const Query* query = nullptr;        // reports
  std::string method;                  // "GET"
  std::string path;                    // "/loans/{loan_id}/return"
  std::string id_parameter;            // "loan_id", or empty
  std::vector<Field> body;             // empty: no request body
  std::vector<std::string>
      filters;  // list only: query parameters, in order (without limit, offset, sort, q)
  std::vector<std::string> search;     // list only: attributes that `q` looks at; empty: no `q`
  std::vector<std::string> sorts;      // list only: fields that `sort` accepts
  std::string entity;                  // whose rows the response shows
  int success = 200;                   // 200, 201 or 204
  std::vector<ErrorCase> errors;
};

struct Resource {
  const Entity* entity = nullptr;
  std::string path;                    // "/loans"
  std::string snake;                   // "loan"
  std::string snake_plural;            // "loans"
  std::vector<Field> output;           // "id" first, then attributes, then references
};

struct Contract {
  bool has_actors = false;
  std::vector<Resource> resources;     // in model order
  std::vector<Endpoint> endpoints;     // in model order of operations, then reports
};

// The model must be valid (validate.h) and must outlive the contract.
Contract derive_contract(const Spec& spec);

// Reports have an endpoint of their own; other queries only give a list its parameters.
bool is_report(const Query& query);
// The attribute at the end of "category.name", going through relations by role; or nullptr.
const Attribute* find_path(const Spec& spec, const Entity& entity, std::string_view path);
// The names of a report's columns: "month:date" -> "month", "person" -> "person_id",
// "category.name" -> "category_name"; and "count", "sum" or "average".
std::string group_name(const Spec& spec, const Entity& entity, std::string_view group);
std::string measure_name(const Query& query);

const Endpoint* find_endpoint(const Contract& contract, std::string_view operation_id);
const Resource* find_resource(const Contract& contract, std::string_view entity);

}  // namespace cadre::spec
