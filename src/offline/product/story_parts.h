// The criteria of each part of a model. Each function appends to `out` what it finds, without ids.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "offline/product/work.h"
#include "spec/contract.h"
#include "spec/model.h"

namespace cadre::offline::product {

// Which requirement says what, so that every criterion can name its own. The model and the
// requirements must outlive it.
class StoryIndex {
 public:
  StoryIndex(const spec::Spec& spec, const std::vector<Requirement>& requirements);

  const spec::Spec& spec() const { return spec_; }
  const spec::Contract& contract() const { return contract_; }
  const Requirement* find(std::string_view id) const;
  // Ids; never empty as long as there is any requirement.
  std::string of_entity(std::string_view entity) const;
  std::string of_operation(std::string_view operation) const;
  std::string of_rule(std::string_view rule) const;
  std::string of_guard(const spec::Operation& operation, const spec::Guard& guard) const;
  std::string of_lifecycle(std::string_view entity) const;
  std::string of_grant(std::string_view actor, std::string_view operation) const;
  // The rule of one of these kinds about an attribute, or nullptr.
  const spec::Rule* attribute_rule(std::string_view entity, std::string_view attribute,
                                   const std::vector<std::string_view>& kinds) const;
  const spec::Rule* entity_rule(std::string_view entity,
                                const std::vector<std::string_view>& kinds) const;

 private:
  const spec::Spec& spec_;
  const std::vector<Requirement>& requirements_;
  spec::Contract contract_;
  std::map<std::string, std::string, std::less<>> entities_, operations_, rules_, lifecycles_;
};

// A search or filter that is a parameter of the list.
bool is_list_query(const spec::Query& query);

void standard_criteria(const StoryIndex& index, const spec::Operation& operation,
                       std::vector<Criterion>& out);
void attribute_criteria(const StoryIndex& index, const spec::Entity& entity,
                        std::vector<Criterion>& out);
void action_criteria(const StoryIndex& index, const spec::Operation& operation,
                     std::vector<Criterion>& out);
// Inputs that an action cannot do without.
void input_criteria(const StoryIndex& index, const spec::Operation& operation,
                    std::vector<Criterion>& out);
void guard_criteria(const StoryIndex& index, const spec::Operation& operation,
                    std::vector<Criterion>& out);
void transition_criteria(const StoryIndex& index, const spec::Operation& operation,
                         std::vector<Criterion>& out);
void list_query_criteria(const StoryIndex& index, const spec::Query& query,
                         std::vector<Criterion>& out);
void report_criteria(const StoryIndex& index, const spec::Query& query,
                     std::vector<Criterion>& out);
// One for each operation and report: may, may for some rows, may not.
void permission_criteria(const StoryIndex& index, const spec::Actor& actor,
                         std::vector<Criterion>& out);
// The rule in its own words, for rules that have no form of their own.
Criterion rule_criterion(const StoryIndex& index, const spec::Rule& rule);

}  // namespace cadre::offline::product
