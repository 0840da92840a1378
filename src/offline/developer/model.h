// A requirement model with the Python names of its parts: unique, and safe where they are used.
//
// Built once a task; const afterwards. The spec must outlive it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spec/contract.h"
#include "spec/model.h"
#include "spec/value.h"

namespace cadre::offline::developer {

struct Model {
  explicit Model(const spec::Spec& model);

  const spec::Spec& spec;
  const spec::Contract contract;

  const spec::Entity& entity(std::string_view id) const;
  const spec::Resource& resource(const spec::Entity& entity) const;
  // The entity's operations that become functions, in model order.
  std::vector<const spec::Endpoint*> endpoints_of(const spec::Entity& entity) const;
  std::vector<const spec::Endpoint*> reports() const;

  bool has_actors() const { return contract.has_actors; }
};

// "Loan" in app/models.py.
std::string class_name(const spec::Entity& entity);
// A local variable that holds a row: "loan".
std::string variable(const spec::Entity& entity);
// An attribute of the model class and field of the input class; `name` is the JSON name.
std::string member(std::string_view name);
// The relationship of a role: the role, kept apart from the entity's attributes.
std::string link(const spec::Entity& entity, std::string_view role);
// app/services/<this>.py and app/api/<this>.py
std::string service_module(const Model& model, const spec::Entity& entity);
std::string api_module(const Model& model, const spec::Entity& entity);
// Function of an operation or report.
std::string function_name(std::string_view operation_id);
// Input class of an operation: "BorrowBook".
std::string input_class(std::string_view operation_id);
// "time entry", harmless in quotes.
std::string noun(const spec::Entity& entity);
std::string plural_noun(const spec::Entity& entity);

// True when the attribute is read from its column; derived ones are computed when they are read.
bool has_column(const spec::Attribute& attribute);
using spec::scale_of;

// Local names of one function, each once.
class Locals {
 public:
  void reserve(const std::string& name) { names_.push_back(name); }
  std::string fresh(const std::string& wish);

 private:
  std::vector<std::string> names_;
};

}  // namespace cadre::offline::developer
