// The files of the generated service that follow from the model, one function each. Every function
// gives the file's whole text, or "" when the model has no use for the file. Pure.
#pragma once

#include <string>
#include <vector>

#include "offline/developer/expr.h"
#include "offline/developer/model.h"
#include "offline/developer/py.h"

namespace cadre::offline::developer {

std::string emit_models(const Model& model);
std::string emit_schemas(const Model& model);
std::string emit_views(const Model& model);
std::string emit_derived(const Model& model);
std::string emit_permissions(const Model& model);
std::string emit_removal(const Model& model);
// `unguarded`: rules of the entity that no other line of the service shows.
std::string emit_service(const Model& model, const spec::Entity& entity,
                         const std::vector<std::string>& unguarded = {});
std::string emit_api(const Model& model, const spec::Entity& entity);
std::string emit_reports_service(const Model& model);
std::string emit_reports_api(const Model& model);

// ---- shared by the emitters ----

// Source without comments and string literals, for finding out what it uses.
std::string code_only(std::string_view source);
bool uses_module(std::string_view code, std::string_view name);  // name.something
bool uses_call(std::string_view code, std::string_view name);    // name(...)
bool uses_name(std::string_view code, std::string_view name);    // name anywhere

// The docstring, the imports that the body needs, and the body.
std::string with_imports(std::string_view docstring, std::string_view body,
                         const std::vector<std::string>& services = {});

// "R1: 'A member can ...'": the rule's id and the user's words (else the canonical sentence).
std::string rule_comment(const Model& model, std::string_view rule_id);
// The rules about an attribute that no guard stands for: unique, required, range, deadline ...
std::vector<std::string> attribute_rules(const Model& model, const spec::Entity& entity,
                                         std::string_view attribute,
                                         const std::vector<std::string>& kinds = {});
// The entity that a rule is about, as far as it says; else the model's first.
const spec::Entity& entity_of_rule(const Model& model, const spec::Rule& rule);
// What a client reads when the rule refuses it.
std::string rule_message(const Model& model, const spec::Guard& guard);

// Whether any expression goes through this relation, so that rows need the relationship.
bool is_traversed(const Model& model, const spec::Relation& relation);

// Needs of the row view of an entity.
bool view_needs_context(const Model& model, const spec::Entity& entity);
// views.loan(loan) or views.loan(ctx, loan)
std::string view_call(const Model& model, const spec::Entity& entity, const std::string& row);

// The permission's row rule of an operation; "" when it has none.
std::string row_rule(const Model& model, std::string_view operation);      // function over a row
std::string visible_rule(const Model& model, std::string_view operation);  // conditions of a query

// Deleting rows of this entity needs app/removal.py.
std::string removal_function(const spec::Entity& entity);

// The type of an input field in app/schemas.py.
Py field_type(const spec::Field& field);
// The default that a create fills in needs the request (its clock, its text form), not a literal.
bool has_computed_default(const spec::Attribute& attribute);

}  // namespace cadre::offline::developer
