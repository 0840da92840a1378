// The inside of validate(): one pass over the model, collecting problems. Private to the
// validate*.cc files.
#pragma once

#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "spec/identifiers.h"
#include "spec/typecheck.h"
#include "spec/validate.h"

namespace cadre::spec {

class Validator {
 public:
  explicit Validator(const Spec& spec) : spec_(spec) {}

  std::vector<Problem> run();

  std::vector<Problem> run(const Operation& operation) {
    check_operation(operation);
    return std::move(problems_);
  }
  std::vector<Problem> run(const Query& query) {
    check_query(query);
    return std::move(problems_);
  }
  std::vector<Problem> run(const Permission& permission) {
    check_permission(permission);
    return std::move(problems_);
  }

 private:
  // validate.cc
  void check_ids();
  void check_entity(const Entity& entity);
  void check_attribute(const Entity& entity, const Attribute& attribute);
  void check_attribute_limits(const Entity& entity, const Attribute& attribute);
  void check_derived(const Entity& entity, const Attribute& attribute);
  void check_lifecycle(const Entity& entity);
  void check_relation(const Relation& relation);
  void check_actor(const Actor& actor);
  void check_permission(const Permission& permission);
  void check_query(const Query& query);
  void check_query_columns(const Query& query, const Entity& entity);
  void check_endpoints();

  // validate_operations.cc
  void check_operation(const Operation& operation);
  void check_inputs(const Operation& operation, const Entity& entity);
  void check_filled(const Operation& operation, const Entity& entity);
  void check_effect(const Operation& operation, const Entity& entity, const Effect& effect);
  void check_create(const Operation& operation, const Effect& effect, const TypeScope& scope);
  void check_assignment(const Operation& operation, const Entity& entity, const Effect& effect);
  void check_target(const Operation& operation, const Entity& owner, const std::string& attribute,
                    const Effect& effect, const TypeScope& scope);
  void check_makeable();
  TypeScope operation_scope(const Operation& operation, const Entity& entity) const;

  template <class... Args>
  void problem(fmt::format_string<Args...> format, Args&&... args) {
    problems_.push_back({place_, fmt::format(format, std::forward<Args>(args)...)});
  }
  void check_id(std::string_view id, IdUse use);
  // Reports when the expression has no type or not a condition's.
  void check_condition(const Expr& expr, const TypeScope& scope, std::string_view what);
  Result<StaticType> check_type(const Expr& expr, const TypeScope& scope, std::string_view what);

  const Spec& spec_;
  std::string place_;
  std::vector<Problem> problems_;
};

}  // namespace cadre::spec
