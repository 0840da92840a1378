// Criteria of records: the standard operations, each field's limits, search and reports.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "offline/product/cases.h"
#include "offline/product/requirements.h"
#include "offline/product/story_parts.h"
#include "offline/wording.h"

namespace cadre::offline::product {
namespace {

using spec::Attribute;
using spec::Entity;
using spec::Operation;
using spec::OperationKind;
using spec::Relation;
using spec::Spec;

std::string refusal(int status, std::string_view code) {
  return "the service refuses with " + std::to_string(status) + " " + std::string(code);
}

// The operation through which rows of an entity come into being, and that takes this input.
const Operation* maker_with(const Spec& spec, const Entity& entity, std::string_view input) {
  const Operation* first = nullptr;
  for (const Operation& operation : spec.operations) {
    if (operation.on != entity.id) continue;
    if (operation.kind != OperationKind::kCreate && operation.kind != OperationKind::kEventCreate) {
      continue;
    }
    if (first == nullptr) first = &operation;
    const bool takes = std::any_of(operation.inputs.begin(), operation.inputs.end(),
                                   [&](const spec::Input& known) { return known.id == input; });
    if (takes) return &operation;
  }
  return input.empty() ? first : nullptr;
}

// What the contract says of a body field, or nullptr.
const spec::Field* body_field(const StoryIndex& index, const Operation& operation,
                              std::string_view name) {
  const spec::Endpoint* endpoint = spec::find_endpoint(index.contract(), operation.id);
  if (endpoint == nullptr) return nullptr;
  for (const spec::Field& field : endpoint->body) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

class RecordWriter {
 public:
  RecordWriter(const StoryIndex& index, const Entity& entity, std::vector<Criterion>& out)
      : index_(index),
        spec_(index.spec()),
        entity_(entity),
        out_(out),
        name_(wording::words(entity.name)) {}

  void attribute(const Attribute& attribute) {
    const std::string field = wording::words(attribute.id);
    if (attribute.derived) return derived(attribute);
    const Operation* maker = maker_with(spec_, entity_, attribute.id);
    if (maker == nullptr) return moved_bound(attribute);
    const spec::Field* body = body_field(index_, *maker, attribute.id);
    const std::string when = request(*maker);
    for (const ValueCase& value : value_cases(attribute, body != nullptr && body->required)) {
      const spec::Rule* rule =
          index_.attribute_rule(entity_.id, attribute.id, rule_kinds(value.kind));
      add("an otherwise correct " + name_, when + " " + value.with,
          value.accepted ? "the service accepts it"
                         : refusal(422, "invalid") + ", naming " + attribute.id,
          rule, *maker, "validation");
    }
    if (attribute.default_value && attribute.default_value->kind != spec::Expr::Kind::kCall &&
        !attribute.default_value->is_null()) {
      const wording::Voice voice{.spec = &spec_, .self = name_, .row = "row"};
      add("an otherwise correct " + name_, when + " without the " + field,
          "its " + field + " is " + wording::value(voice, *attribute.default_value),
          index_.attribute_rule(entity_.id, attribute.id, {"default"}), *maker, "validation");
    }
    unique(attribute, *maker, when);
  }

  void natural_key() {
    const Operation* maker = maker_with(spec_, entity_, "");
    if (entity_.natural_key.empty() || maker == nullptr) return;
    if (entity_.natural_key.size() == 1) {
      const Attribute* only = spec::find_attribute(entity_, entity_.natural_key[0]);
      if (only != nullptr && only->unique) return;
    }
    std::vector<std::string> parts;
    for (const std::string& part : entity_.natural_key) parts.push_back(wording::words(part));
    const std::string key = text::join(parts, " and ");
    add(wording::with_article(name_) + " with some " + key,
        request(*maker) + " with the same " + key, refusal(409, "not_unique"),
        index_.entity_rule(entity_.id, {"unique"}), *maker, "validation");
  }

  void reference(const Relation& relation) {
    const Operation* maker = maker_with(spec_, entity_, relation.role);
    if (maker == nullptr) return;
    const std::string role = wording::words(relation.role);
    const spec::Field* body = body_field(index_, *maker, relation.role + "_id");
    if (body != nullptr && body->required) {
      add("an otherwise correct " + name_, request(*maker) + " without naming the " + role,
          refusal(422, "invalid") + ", naming " + relation.role + "_id",
          index_.attribute_rule(entity_.id, relation.role, {"required"}), *maker, "validation");
    }
    add("that no " + wording::entity_name(spec_, relation.to) + " has the id 999999",
        request(*maker) + " naming 999999 as the " + role, refusal(422, "unknown_reference"),
        nullptr, *maker, "validation");
  }

  void initial_state() {
    if (!entity_.lifecycle) return;
    const Operation* maker = maker_with(spec_, entity_, "");
    if (maker == nullptr) return;
    Criterion& criterion =
        add("no " + name_ + " yet", request(*maker),
            "the " + wording::words(entity_.lifecycle->attribute) + " of the new " + name_ +
                " is " + wording::words(entity_.lifecycle->initial),
            index_.entity_rule(entity_.id, {"transitions"}), *maker, "transition");
    if (criterion.rule.empty()) criterion.requirement = index_.of_lifecycle(entity_.id);
  }

 private:
  static std::vector<std::string_view> rule_kinds(const std::string& kind) {
    if (kind == "required" || kind == "enum") return {kind == "enum" ? "enum" : "required"};
    if (kind == "range") return {"range", "compare"};
    return {"pattern", "range"};
  }

  // A bound of a field that only operations change: they may not leave it.
  void moved_bound(const Attribute& attribute) {
    if (!attribute.min && !attribute.max) return;
    for (const Operation& operation : spec_.operations) {
      const bool moves = std::any_of(
          operation.effects.begin(), operation.effects.end(), [&](const spec::Effect& effect) {
            return effect.target.ends_with("." + attribute.id) &&
                   (operation.on == entity_.id || effect.target.starts_with("self."));
          });
      const spec::Endpoint* endpoint = spec::find_endpoint(index_.contract(), operation.id);
      if (!moves || endpoint == nullptr) continue;
      const bool refuses =
          std::any_of(endpoint->errors.begin(), endpoint->errors.end(),
                      [](const spec::ErrorCase& error) { return error.code == "out_of_range"; });
      if (!refuses) continue;
      add(wording::with_article(name_) + " whose " + wording::words(attribute.id) +
              " is as far as it may go",
          request(operation) + " and it would go further", refusal(409, "out_of_range"),
          index_.attribute_rule(entity_.id, attribute.id, {"range"}), operation, "rule");
    }
  }

  std::string request(const Operation& operation) const {
    return wording::with_article(usual_person(spec_, operation)) + " " +
           wording::action_of(spec_, operation);
  }

  void unique(const Attribute& attribute, const Operation& maker, const std::string& when) {
    if (!attribute.unique && attribute.unique_within.empty()) return;
    const std::string field = wording::words(attribute.id);
    std::string within;
    for (const std::string& part : attribute.unique_within)
      within += " and " + wording::words(part);
    add(wording::with_article(name_) + " with some " + field + within,
        when + " with the same " + field + within,
        refusal(409, "not_unique") + ", naming " + attribute.id,
        index_.attribute_rule(entity_.id, attribute.id, {"unique"}), maker, "validation");
  }

  void derived(const Attribute& attribute) {
    const Operation* reader = nullptr;
    for (const Operation& operation : spec_.operations) {
      if (operation.on != entity_.id) continue;
      if (operation.kind == OperationKind::kRead || reader == nullptr) reader = &operation;
      if (operation.kind == OperationKind::kRead) break;
    }
    if (reader == nullptr) return;
    const spec::Rule* rule =
        index_.attribute_rule(entity_.id, attribute.id,
                              {"derived", "fee", "tiered_price", "discount", "flag", "compare"});
    for (const spec::Rule& other : spec_.rules) {
      if (rule != nullptr) break;
      const bool kind = other.kind == "derived" || other.kind == "fee" ||
                        other.kind == "discount" || other.kind == "tiered_price";
      const auto& mine = attribute.origin.sentences;
      const bool same = std::any_of(mine.begin(), mine.end(), [&](const std::string& sentence) {
        const auto& theirs = other.origin.sentences;
        return std::find(theirs.begin(), theirs.end(), sentence) != theirs.end();
      });
      if (kind && same) rule = &other;
    }
    const wording::Voice voice{.spec = &spec_, .self = name_, .row = "row"};
    add(wording::with_article(name_) + " on record", request(*reader),
        "its " + wording::words(attribute.id) + " is " + wording::value(voice, *attribute.derived),
        rule, *reader, "rule");
  }

  Criterion& add(std::string given, std::string when, std::string then, const spec::Rule* rule,
                 const Operation& operation, std::string kind) {
    Criterion criterion;
    criterion.given = std::move(given);
    criterion.when = std::move(when);
    criterion.then = std::move(then);
    criterion.requirement =
        rule != nullptr ? index_.of_rule(rule->id) : index_.of_entity(entity_.id);
    if (rule != nullptr) criterion.rule = rule->id;
    criterion.operation = operation.id;
    criterion.kind = rule == nullptr && kind == "rule" ? "operation" : std::move(kind);
    out_.push_back(std::move(criterion));
    return out_.back();
  }

  const StoryIndex& index_;
  const Spec& spec_;
  const Entity& entity_;
  std::vector<Criterion>& out_;
  std::string name_;
};

Criterion plain(const StoryIndex& index, const Operation& operation, std::string given,
                std::string when, std::string then, std::string kind = "operation") {
  Criterion criterion;
  criterion.given = std::move(given);
  criterion.when = std::move(when);
  criterion.then = std::move(then);
  criterion.requirement = index.of_operation(operation.id);
  criterion.operation = operation.id;
  criterion.kind = std::move(kind);
  return criterion;
}

// What must be there before a row can be added.
std::string needs(const Spec& spec, const Operation& operation, const std::string& name) {
  std::vector<std::string> references;
  for (const spec::Input& input : operation.inputs) {
    if (!input.ref.empty()) {
      references.push_back(wording::with_article(wording::entity_name(spec, input.ref)));
    }
  }
  return references.empty() ? "no " + name + " yet" : text::join(references, ", ") + " on record";
}

// Deleting a row that others refer to.
void delete_criteria(const StoryIndex& index, const Operation& operation, const std::string& who,
                     std::vector<Criterion>& out) {
  const Spec& spec = index.spec();
  const std::string name = wording::entity_name(spec, operation.on);
  const spec::Rule* rule = index.entity_rule(operation.on, {"on_delete"});
  for (const Relation& relation : spec.relations) {
    if (relation.to != operation.on || relation.cardinality == spec::Cardinality::kManyToMany)
      continue;
    const std::string other = wording::entity_name(spec, relation.from);
    std::string then = refusal(409, "referenced");
    if (relation.on_delete == spec::OnDelete::kCascade) then = "the " + other + " goes with it";
    if (relation.on_delete == spec::OnDelete::kSetNull) {
      then = "the " + other + " stays and its " + wording::words(relation.role) + " is empty";
    }
    Criterion criterion = plain(index, operation,
                                wording::with_article(other) + " whose " +
                                    wording::words(relation.role) + " is the " + name,
                                who + " deletes the " + name, then, "validation");
    if (rule != nullptr) {
      criterion.rule = rule->id;
      criterion.requirement = index.of_rule(rule->id);
    }
    out.push_back(std::move(criterion));
  }
}

}  // namespace

void standard_criteria(const StoryIndex& index, const Operation& operation,
                       std::vector<Criterion>& out) {
  const Spec& spec = index.spec();
  const std::string name = wording::entity_name(spec, operation.on);
  const std::string plural = wording::entity_plural(spec, operation.on);
  const std::string who = wording::with_article(usual_person(spec, operation));
  const std::string one = wording::with_article(name) + " on record";
  switch (operation.kind) {
    case OperationKind::kCreate:
      out.push_back(plain(index, operation, needs(spec, operation, name),
                          who + " adds " + wording::with_article(name) + " with correct fields",
                          "the service answers 201 with the " + name + " and its id"));
      break;
    case OperationKind::kRead:
      out.push_back(plain(index, operation, one, who + " asks for it by its id",
                          "the service answers 200 with all its fields"));
      out.push_back(plain(index, operation, "no " + name + " with the id 999999",
                          who + " asks for it", refusal(404, "not_found"), "validation"));
      break;
    case OperationKind::kUpdate:
      out.push_back(plain(index, operation, one, who + " changes one field",
                          "the service answers 200, and the other fields are as before"));
      break;
    case OperationKind::kDelete:
      out.push_back(plain(index, operation, one + " that nothing refers to", who + " deletes it",
                          "the service answers 204 and knows it no more"));
      delete_criteria(index, operation, who, out);
      break;
    case OperationKind::kList:
      out.push_back(plain(index, operation, "3 " + plural + " on record",
                          who + " lists " + plural + " with limit 2",
                          "the service answers 200 with 2 " + plural + " and total 3"));
      break;
    default: break;
  }
}

void attribute_criteria(const StoryIndex& index, const Entity& entity,
                        std::vector<Criterion>& out) {
  RecordWriter writer(index, entity, out);
  for (const Attribute& attribute : entity.attributes) writer.attribute(attribute);
  writer.natural_key();
  for (const Relation* relation : spec::relations_of(index.spec(), entity.id)) {
    writer.reference(*relation);
  }
  writer.initial_state();
}

void list_query_criteria(const StoryIndex& index, const spec::Query& query,
                         std::vector<Criterion>& out) {
  if (!is_list_query(query)) return;
  const Spec& spec = index.spec();
  const std::string plural = wording::entity_plural(spec, query.on);
  const bool search = query.kind == spec::QueryKind::kSearch;
  std::vector<std::string> by;
  for (const std::string& path : query.by) {
    by.push_back(wording::words(text::replace_all(path, ".", " ")));
  }
  const std::string fields = by.empty() ? "any field" : text::join(by, " or ");
  Criterion criterion;
  criterion.given = search ? "2 " + plural + ", one with \"needle\" in its " + fields
                           : "2 " + plural + " that differ in " + fields;
  criterion.when = search ? "a user searches " + plural + " for \"NEEDLE\""
                          : "a user filters " + plural + " by one of these values";
  criterion.then = "the list holds only the one that matches";
  criterion.requirement = index.of_operation(query.id);
  criterion.operation = query.id;
  criterion.kind = "query";
  out.push_back(std::move(criterion));
}

void report_criteria(const StoryIndex& index, const spec::Query& query,
                     std::vector<Criterion>& out) {
  const Spec& spec = index.spec();
  const std::string plural = wording::entity_plural(spec, query.on);
  Criterion criterion;
  criterion.given = query.where ? plural + " of which some match and some do not"
                                : plural + " in different groups";
  criterion.when = "a user asks for the report " + wording::words(query.id);
  criterion.then = "the service shows " + wording::report(spec, query);
  criterion.requirement = index.of_operation(query.id);
  criterion.operation = query.id;
  criterion.kind = "query";
  out.push_back(criterion);
}

}  // namespace cadre::offline::product
