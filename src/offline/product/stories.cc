#include "offline/product/stories.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "offline/product/requirements.h"
#include "offline/product/story_parts.h"
#include "offline/wording.h"

namespace cadre::offline::product {
namespace {

using spec::Entity;
using spec::Operation;
using spec::Spec;

int rank(const std::string& priority) {
  static const std::vector<std::string> kOrder{"must", "should", "could", "wont"};
  return static_cast<int>(std::find(kOrder.begin(), kOrder.end(), priority) - kOrder.begin());
}

class Writer {
 public:
  Writer(const Spec& spec, const std::vector<Requirement>& requirements)
      : spec_(spec), requirements_(requirements), index_(spec, requirements) {}

  std::vector<Story> write() {
    for (const Entity& entity : spec_.entities) keep(entity);
    for (const Operation& operation : spec_.operations) {
      if (!spec::is_standard(operation)) act(operation);
    }
    for (const spec::Query& query : spec_.queries) report(query);
    for (const spec::Actor& actor : spec_.actors) access(actor);
    leftovers();
    finish();
    return std::move(out_);
  }

 private:
  void add(Story story) {
    if (!story.criteria.empty()) out_.push_back(std::move(story));
  }

  std::string person(const std::vector<const Operation*>& operations) const {
    for (const Operation* operation : operations) {
      if (operation->kind == spec::OperationKind::kCreate ||
          operation->kind == spec::OperationKind::kUpdate) {
        return usual_person(spec_, *operation);
      }
    }
    return operations.empty() ? "user" : usual_person(spec_, *operations.front());
  }

  void keep(const Entity& entity) {
    std::vector<const Operation*> operations;
    for (const Operation& operation : spec_.operations) {
      if (operation.on == entity.id && spec::is_standard(operation))
        operations.push_back(&operation);
    }
    const std::string plural = wording::entity_plural(spec_, entity.id);
    const bool writes = std::any_of(operations.begin(), operations.end(), [](const Operation* o) {
      return o->kind == spec::OperationKind::kCreate || o->kind == spec::OperationKind::kUpdate;
    });
    Story story;
    story.title = (writes ? "Keep " : "See ") + plural;
    story.as_a = person(operations);
    story.i_want = (writes ? "to keep the records of " : "to see the records of ") + plural;
    story.so_that = "everybody works from the same " + plural;
    for (const Operation* operation : operations) {
      standard_criteria(index_, *operation, story.criteria);
      guard_criteria(index_, *operation, story.criteria);
    }
    attribute_criteria(index_, entity, story.criteria);
    for (const spec::Query& query : spec_.queries) {
      if (query.on == entity.id) list_query_criteria(index_, query, story.criteria);
    }
    add(std::move(story));
  }

  void act(const Operation& operation) {
    const std::string action = wording::action(spec_, operation);
    Story story;
    story.title = text::upper_first(action);
    story.as_a = operation.kind == spec::OperationKind::kScheduled ? "operator of the service"
                                                                   : usual_person(spec_, operation);
    story.i_want = "to " + action;
    story.so_that = purpose(operation);
    action_criteria(index_, operation, story.criteria);
    input_criteria(index_, operation, story.criteria);
    guard_criteria(index_, operation, story.criteria);
    transition_criteria(index_, operation, story.criteria);
    add(std::move(story));
  }

  std::string purpose(const Operation& operation) const {
    const std::string name = wording::entity_name(spec_, operation.on);
    switch (operation.kind) {
      case spec::OperationKind::kEventCreate:
      case spec::OperationKind::kCreate: return "the " + name + " is on record";
      case spec::OperationKind::kEventClose: return "the " + name + " is settled";
      case spec::OperationKind::kTransition: return "everybody sees where the " + name + " stands";
      case spec::OperationKind::kScheduled:
      case spec::OperationKind::kBulk:
        return "nobody has to go through the " + wording::entity_plural(spec_, operation.on) +
               " by hand";
      default: return "the " + name + " stays right";
    }
  }

  void report(const spec::Query& query) {
    if (is_list_query(query)) return;
    const std::string what = wording::report(spec_, query);
    Story story;
    story.title = "Report: " + wording::words(query.id);
    const std::string actor = usual_actor(spec_, query.id);
    story.as_a = actor.empty() ? "user" : wording::actor_name(spec_, actor);
    story.i_want = "to see " + what;
    story.so_that = "I need not count by hand";
    report_criteria(index_, query, story.criteria);
    add(std::move(story));
  }

  void access(const spec::Actor& actor) {
    const std::string name = wording::actor_name(spec_, actor.id);
    Story story;
    story.title = "Access of " + wording::with_article(name);
    story.as_a = "operator of the service";
    story.i_want = "every " + name + " to do what they may and nothing else";
    story.so_that = "records are safe from mistakes and misuse";
    permission_criteria(index_, actor, story.criteria);
    add(std::move(story));
  }

  // Rules that no story has taken go to the story of an operation or entity that they speak of.
  void leftovers() {
    std::set<std::string> used;
    for (const Story& story : out_) {
      for (const Criterion& criterion : story.criteria) {
        if (!criterion.rule.empty()) used.insert(criterion.rule);
      }
    }
    for (const spec::Rule& rule : spec_.rules) {
      if (used.contains(rule.id) || documented_only(rule) || out_.empty()) continue;
      home_of(rule).criteria.push_back(rule_criterion(index_, rule));
    }
  }

  Story& home_of(const spec::Rule& rule) {
    const std::string requirement = index_.of_rule(rule.id);
    const Requirement* found = index_.find(requirement);
    for (Story& story : out_) {
      for (const Criterion& criterion : story.criteria) {
        const spec::Operation* operation = spec::find_operation(spec_, criterion.operation);
        if (operation == nullptr || found == nullptr) continue;
        const auto& entities = found->entities;
        if (std::find(entities.begin(), entities.end(), operation->on) != entities.end())
          return story;
      }
    }
    return out_.front();
  }

  void finish() {
    for (Story& story : out_) {
      story.priority = "wont";
      std::vector<std::string> priorities;
      for (const Criterion& criterion : story.criteria) {
        if (std::find(story.requirements.begin(), story.requirements.end(),
                      criterion.requirement) == story.requirements.end()) {
          story.requirements.push_back(criterion.requirement);
        }
      }
      std::sort(story.requirements.begin(), story.requirements.end());
      for (const std::string& id : story.requirements) {
        const Requirement* requirement = index_.find(id);
        if (requirement != nullptr && rank(requirement->priority) < rank(story.priority)) {
          story.priority = requirement->priority;
        }
      }
    }
    std::stable_sort(out_.begin(), out_.end(), [](const Story& a, const Story& b) {
      return rank(a.priority) < rank(b.priority);
    });
    for (std::size_t i = 0; i < out_.size(); ++i) number(out_[i], i + 1);
  }

  static void number(Story& story, std::size_t at) {
    std::string digits = std::to_string(at);
    digits.insert(0, 3 - std::min<std::size_t>(3, digits.size()), '0');
    story.id = "US-" + digits;
    for (std::size_t i = 0; i < story.criteria.size(); ++i) {
      story.criteria[i].id = "AC-" + digits + "." + std::to_string(i + 1);
    }
  }

  const Spec& spec_;
  const std::vector<Requirement>& requirements_;
  StoryIndex index_;
  std::vector<Story> out_;
};

}  // namespace

std::vector<Story> write_stories(const Spec& spec, const std::vector<Requirement>& requirements) {
  return Writer(spec, requirements).write();
}

}  // namespace cadre::offline::product
