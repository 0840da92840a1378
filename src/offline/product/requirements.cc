#include "offline/product/requirements.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "base/text.h"
#include "offline/markup.h"
#include "offline/wording.h"
#include "spec/contract.h"

namespace cadre::offline::product {
namespace {

using spec::Entity;
using spec::Operation;
using spec::Origin;
using spec::OriginKind;
using spec::Permission;
using spec::Rule;
using spec::Spec;

void add_once(std::vector<std::string>& list, const std::string& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

int sentence_number(const std::string& id) {
  int number = 0;
  for (const char c : id) {
    if (c >= '0' && c <= '9' && number < 1000000) number = number * 10 + (c - '0');
  }
  return number;
}

void add_sentences(std::vector<std::string>& list, const Origin& origin) {
  for (const std::string& sentence : origin.sentences) add_once(list, sentence);
  std::stable_sort(list.begin(), list.end(), [](const std::string& a, const std::string& b) {
    return sentence_number(a) < sentence_number(b);
  });
}

bool share(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& item) {
    return std::find(b.begin(), b.end(), item) != b.end();
  });
}

// "ISBN is unique." stays; "A loan is due." becomes "a loan is due".
std::string as_clause(std::string_view canonical) {
  std::string out(text::trim(canonical));
  while (out.ends_with('.')) out.pop_back();
  const bool acronym = out.size() > 1 && std::isupper(static_cast<unsigned char>(out[1])) != 0;
  return acronym ? out : text::lower_first(out);
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += i + 1 == parts.size() ? " and " : ", ";
    out += parts[i];
  }
  return out;
}

class Writer {
 public:
  explicit Writer(const Spec& spec) : spec_(spec) {}

  std::vector<Requirement> write() {
    for (const Entity& entity : spec_.entities) {
      records(entity);
      lifecycle(entity);
    }
    for (const Operation& operation : spec_.operations) {
      if (!spec::is_standard(operation)) event(operation);
      guards(operation);
    }
    for (const spec::Actor& actor : spec_.actors) grants(actor);
    for (const Rule& rule : spec_.rules) remaining(rule);
    for (const spec::Query& query : spec_.queries) answers(query);
    finish();
    return std::move(out_);
  }

 private:
  Requirement& add(std::string text, std::string ears, const Origin& origin) {
    Requirement requirement;
    requirement.text = std::move(text);
    requirement.ears = std::move(ears);
    requirement.origin = origin.kind;
    add_sentences(requirement.sentences, origin);
    out_.push_back(std::move(requirement));
    return out_.back();
  }

  void take_rule(Requirement& requirement, const Rule& rule) {
    add_once(requirement.rules, rule.id);
    add_sentences(requirement.sentences, rule.origin);
    taken_.insert(rule.id);
  }

  void records(const Entity& entity) {
    std::vector<std::string> fields, references;
    for (const spec::Attribute& attribute : entity.attributes) {
      fields.push_back(wording::words(attribute.id));
    }
    for (const spec::Relation* relation : spec::relations_of(spec_, entity.id)) {
      references.push_back("its " + wording::words(relation->role));
    }
    std::string text = "The service shall keep a record of every " + wording::words(entity.name);
    if (!fields.empty()) text += ": " + joined(fields);
    if (!references.empty()) text += (fields.empty() ? ": " : "; ") + joined(references);
    Requirement& requirement = add(text + ".", "ubiquitous", entity.origin);
    requirement.entities = {entity.id};
    for (const spec::Attribute& attribute : entity.attributes) {
      if (attribute.origin.kind != OriginKind::kStated) continue;
      add_sentences(requirement.sentences, attribute.origin);
    }
    for (const Operation& operation : spec_.operations) {
      if (operation.on != entity.id || !spec::is_standard(operation)) continue;
      requirement.operations.push_back(operation.id);
      if (operation.origin.kind == OriginKind::kStated) {
        add_sentences(requirement.sentences, operation.origin);
      }
    }
  }

  void lifecycle(const Entity& entity) {
    if (!entity.lifecycle) return;
    const spec::Lifecycle& cycle = *entity.lifecycle;
    std::vector<std::string> edges, operations;
    Origin origin = entity.origin;
    for (const spec::Transition& edge : cycle.transitions) {
      edges.push_back(wording::words(edge.from) + " → " + wording::words(edge.to));
      add_once(operations, edge.by);
      for (const std::string& sentence : edge.origin.sentences) {
        add_once(origin.sentences, sentence);
      }
      if (edge.origin.kind == OriginKind::kStated) origin.kind = OriginKind::kStated;
    }
    const std::string name = wording::words(entity.name);
    std::string text = "While " + wording::with_article(name) +
                       " exists, the service shall keep its " + wording::words(cycle.attribute) +
                       ", which starts as " + wording::words(cycle.initial);
    text += edges.empty() ? " and does not change."
                          : " and changes only by these steps: " + text::join(edges, ", ") + ".";
    Requirement& requirement = add(text, "state", origin);
    requirement.entities = {entity.id};
    std::erase_if(operations, [&](const std::string& id) {
      return spec::find_operation(spec_, id) == nullptr;
    });
    requirement.operations = operations;
    for (const Rule& rule : spec_.rules) {
      if (rule.kind != "transitions" || taken_.contains(rule.id)) continue;
      if (concerns(rule, entity.id) || share(rule.origin.sentences, origin.sentences)) {
        take_rule(requirement, rule);
      }
    }
  }

  void event(const Operation& operation) {
    const std::string effects = effects_text(spec_, operation);
    std::string text;
    if (operation.kind == spec::OperationKind::kScheduled) {
      text = "When the schedule" +
             (operation.schedule_every.empty() ? "" : " (" + operation.schedule_every + ")") +
             " asks to " + wording::action(spec_, operation);
    } else {
      text = "When " + wording::with_article(usual_person(spec_, operation)) + " " +
             wording::action_of(spec_, operation);
    }
    text += ", the service shall " +
            (effects.empty() ? "check the rules and answer with the record" : effects) + ".";
    Requirement& requirement = add(text, "event", operation.origin);
    requirement.operations = {operation.id};
    requirement.entities = {operation.on};
    for (const spec::Effect& effect : operation.effects) {
      if (effect.origin.kind == OriginKind::kStated) {
        add_sentences(requirement.sentences, effect.origin);
      }
    }
  }

  void guards(const Operation& operation) {
    for (const spec::Guard& guard : operation.guards) {
      const auto same = std::find_if(out_.begin(), out_.end(), [&](const Requirement& known) {
        return known.ears == "unwanted" && known.rules == std::vector{guard.id} &&
               known.text.ends_with(" " + guard.error + ".");
      });
      if (same != out_.end()) {
        add_once(same->operations, operation.id);
        add_once(same->entities, operation.on);
        continue;
      }
      const wording::Voice voice{
          .spec = &spec_, .self = wording::entity_name(spec_, operation.on), .row = "row"};
      const std::string text = "If " + wording::condition(voice, guard.require, true) + " when " +
                               wording::with_article(usual_person(spec_, operation)) + " " +
                               wording::action_of(spec_, operation) +
                               ", then the service shall refuse with " +
                               std::to_string(guard.status) + " " + guard.error + ".";
      const Rule* rule = spec::find_rule(spec_, guard.id);
      Requirement& requirement =
          add(text, "unwanted", rule != nullptr ? rule->origin : guard.origin);
      requirement.rules = {guard.id};
      requirement.operations = {operation.id};
      requirement.entities = {operation.on};
      taken_.insert(guard.id);
    }
  }

  // Entries of one actor that say the same of several operations are one requirement.
  void grants(const spec::Actor& actor) {
    std::vector<const Permission*> open;
    for (const Permission& permission : spec_.permissions) {
      if (permission.actor == actor.id) open.push_back(&permission);
    }
    if (open.empty()) {
      Requirement& none =
          add("Where the user is " + wording::with_article(wording::actor_name(spec_, actor.id)) +
                  ", the service shall refuse every operation with 403.",
              "optional", actor.origin);
      none.actor = actor.id;
    }
    while (!open.empty()) {
      const Permission& first = *open.front();
      const auto alike = [&](const Permission* other) {
        return other->allow == first.allow && other->rows == first.rows &&
               other->origin.kind == first.origin.kind &&
               other->origin.sentences == first.origin.sentences;
      };
      std::vector<const Permission*> group;
      std::copy_if(open.begin(), open.end(), std::back_inserter(group), alike);
      grant(actor, group);
      std::erase_if(open, alike);
    }
  }

  void grant(const spec::Actor& actor, const std::vector<const Permission*>& group) {
    const Permission& first = *group.front();
    std::vector<std::string> actions, operations, entities;
    for (const Permission* permission : group) {
      const Operation* operation = spec::find_operation(spec_, permission->operation);
      if (operation != nullptr) {
        add_once(actions, wording::action(spec_, *operation));
        add_once(entities, operation->on);
      } else {
        add_once(actions, "see the report " + wording::words(permission->operation));
      }
      add_once(operations, permission->operation);
    }
    std::string text =
        "Where the user is " + wording::with_article(wording::actor_name(spec_, actor.id)) +
        ", the service shall " + (first.allow ? "allow to " : "refuse to ") + joined(actions);
    if (first.rows) {
      const std::string self =
          entities.size() == 1 ? wording::entity_name(spec_, entities[0]) : "record";
      const wording::Voice voice{.spec = &spec_, .self = self, .row = "row"};
      text += ", but only if " + wording::condition(voice, *first.rows);
    }
    Requirement& requirement = add(text + ".", "optional", first.origin);
    requirement.operations = operations;
    requirement.entities = entities;
    requirement.actor = actor.id;
    for (const Rule& rule : spec_.rules) {
      if (is_permission_rule(rule) && !is_guard(rule.id) &&
          share(rule.origin.sentences, first.origin.sentences)) {
        take_rule(requirement, rule);
      }
    }
  }

  bool is_guard(const std::string& rule) const {
    return std::any_of(spec_.operations.begin(), spec_.operations.end(), [&](const Operation& o) {
      return std::any_of(o.guards.begin(), o.guards.end(),
                         [&](const spec::Guard& guard) { return guard.id == rule; });
    });
  }

  void remaining(const Rule& rule) {
    if (taken_.contains(rule.id)) return;
    const std::string clause =
        as_clause(markup::one_line(rule.canonical.empty() ? rule.text : rule.canonical));
    std::string text = "The service shall ensure that " +
                       (clause.empty() ? "rule " + rule.id + " holds" : clause) + ".";
    Requirement& requirement = add(text, "ubiquitous", rule.origin);
    requirement.rules = {rule.id};
    if (documented_only(rule)) requirement.priority = "wont";
    for (const Entity& entity : spec_.entities) {
      if (concerns(rule, entity.id)) requirement.entities.push_back(entity.id);
    }
  }

  void answers(const spec::Query& query) {
    const std::string plural = wording::entity_plural(spec_, query.on);
    std::string text;
    const bool parameter = !spec::is_report(query);
    std::vector<std::string> by;
    for (const std::string& path : query.by) {
      by.push_back(wording::words(text::replace_all(path, ".", " ")));
    }
    if (parameter) {
      const bool search = query.kind == spec::QueryKind::kSearch;
      text = std::string("The service shall ") + (search ? "search " : "filter ") + plural +
             " by " + (by.empty() ? "their fields" : joined(by)) + ".";
    } else {
      text = "When a user asks for the report " + wording::words(query.id) +
             ", the service shall show " + wording::report(spec_, query) + ".";
    }
    Requirement& requirement = add(text, parameter ? "ubiquitous" : "event", query.origin);
    requirement.operations = {query.id};
    requirement.entities = {query.on};
  }

  void finish() {
    int number = 0;
    for (Requirement& requirement : out_) {
      std::string id = std::to_string(++number);
      requirement.id = "FR-" + std::string(3 - std::min<std::size_t>(3, id.size()), '0') + id;
      std::vector<std::string> quotes;
      for (const std::string& sentence : requirement.sentences) {
        if (quotes.size() == 3) break;
        const std::string quote = sentence_text(spec_, sentence);
        if (!quote.empty()) quotes.push_back(quote);
      }
      requirement.quote = text::join(quotes, " / ");
      if (requirement.priority != "wont") requirement.priority = priority(requirement);
    }
  }

  static std::string priority(const Requirement& requirement) {
    switch (requirement.origin) {
      case OriginKind::kImplied: return requirement.entities.empty() ? "should" : "must";
      case OriginKind::kAssumed:
      case OriginKind::kConvention: return "could";
      case OriginKind::kStated: break;
    }
    const std::string quote = text::lower(requirement.quote);
    for (const char* hint : {"nice to have", "optionally", "if possible", "could"}) {
      if (text::contains_word(quote, hint)) return "could";
    }
    return text::contains_word(quote, "should") ? "should" : "must";
  }

  const Spec& spec_;
  std::vector<Requirement> out_;
  std::set<std::string> taken_;  // rules that some requirement carries
};

}  // namespace

std::vector<Requirement> write_requirements(const Spec& spec) { return Writer(spec).write(); }

}  // namespace cadre::offline::product
