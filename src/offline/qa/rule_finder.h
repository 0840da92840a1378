// The search behind rule_search.h, one object for each guard that is looked for. Each by_…
// function tries one idea and gives the scenes when it works. Not thread-safe; short-lived.
#pragma once

#include <functional>

#include "offline/qa/rule_search.h"

namespace cadre::offline::qa {

class Search {
 public:
  Search(const Context& context, const spec::Endpoint& endpoint, const spec::Guard& guard)
      : context_(context), endpoint_(endpoint), guard_(guard), id_(endpoint.operation_id) {}

  std::optional<RuleScenes> run();
  // For rules that count: how many of several requests at once may succeed.
  std::optional<Race> race();

 private:
  bool hit(const Answer& answer) const;
  // The request as the recipe has it, with the fields of `given` in body or row.
  Scene request(const Given& body_given, const Given& row_given = {}, std::int64_t wait = 0,
                const std::function<void(Scene&, const std::string&)>& before = {}) const;
  // What an update sends: the fields given, else those of the recipe.
  std::vector<std::pair<std::string, Value>> patch_fields(const Given& given) const;
  std::optional<RuleScenes> finish(Scene refused, std::string what, std::optional<Scene> accepted,
                                   std::string boundary) const;
  // Which references the requests share: none (only the fields), each alone, all.
  std::vector<std::vector<std::string>> shared_sets() const;
  // Rows for the shared references; numbers of theirs are made small, so that limits are near.
  std::vector<std::map<std::string, Json>> row_variants(const std::string& entity) const;
  std::string entity_of(const std::string& field) const;
  const Gen* gen_of(const std::string& field) const;
  Given shared_rows(Scene& scene, const std::vector<std::string>& fields,
                    const std::map<std::string, Json>& variant) const;
  bool is_main() const;
  std::optional<RuleScenes> by_repetition();
  // How many times the request is accepted before this guard refuses it; -1 when it never does.
  int count_accepted(const std::vector<std::string>& fields,
                     const std::map<std::string, Json>& variant) const;
  std::optional<RuleScenes> repeat(const std::vector<std::string>& fields,
                                   const std::map<std::string, Json>& variant);
  // Where amounts are added up: the largest that still fits, and one step more.
  std::optional<RuleScenes> exact_amount(const std::vector<std::string>& fields,
                                         const std::map<std::string, Json>& variant,
                                         int before) const;
  // Closing or deleting one of the rows makes room for another.
  void works_again(RuleScenes& found, const std::vector<std::string>& fields,
                   const std::map<std::string, Json>& variant, int accepted) const;

  // Tries the values of one field through `scene_of`, then halves the interval to the boundary.
  std::optional<RuleScenes> vary(const spec::Field& field, const std::string& whose,
                                 const std::function<Scene(const Json&)>& scene_of) const;
  std::vector<Json> candidates(const spec::Field& field) const;
  static std::string text_of(const Json& value);
  std::optional<RuleScenes> by_field() const;
  std::optional<RuleScenes> by_reference() const;
  std::optional<RuleScenes> reference_fields(const spec::Field& field) const;
  void finish_request(Scene& scene, const Given& given) const;
  std::optional<RuleScenes> reference_states(const spec::Field& field) const;
  std::optional<RuleScenes> reference_actions(const spec::Field& field) const;
  // Two references of one kind to the same row ("from" and "to").
  std::optional<RuleScenes> same_reference() const;
  std::optional<RuleScenes> by_repeated_action() const;
  // The action on other rows that share a reference with this one.
  std::optional<RuleScenes> by_other_rows() const;
  // An optional reference of the row left out, or filled without what the guard asks for.
  std::optional<RuleScenes> by_empty_reference() const;
  std::optional<RuleScenes> by_row() const;
  // Without its children, with one more child, in another state, after another action.
  std::optional<RuleScenes> by_history() const;
  std::optional<RuleScenes> by_child(const spec::Relation& relation) const;
  std::optional<RuleScenes> by_state() const;
  std::optional<RuleScenes> by_clock() const;
  // Somebody to whom the row refers.
  std::optional<RuleScenes> by_own_row() const;
  // Other actors, who pass the permission and meet the guard.
  std::optional<RuleScenes> by_actor() const;

  const Context& context_;
  const spec::Endpoint& endpoint_;
  const spec::Guard& guard_;
  std::string id_;
  const Recipe* recipe_ = nullptr;
};

}  // namespace cadre::offline::qa
