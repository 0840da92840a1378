// The writer of canonical English.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "spec/canonical.h"
#include "spec/canonical_parts.h"
#include "spec/english.h"
#include "spec/names.h"

namespace cadre::spec {
namespace {

std::string listed(const std::vector<std::string>& items) {
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += i + 1 == items.size() ? " and " : ", ";
    out += items[i];
  }
  return out;
}

// For lists inside of lists.
std::string anded(const std::vector<std::string>& items) { return text::join(items, " and "); }

std::string name_or_quoted(std::string_view name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return plain && (name[0] < '0' || name[0] > '9') ? std::string(name) : quoted(name);
}

std::string phrase_or_quoted(std::string_view phrase) {
  return is_plain_phrase(phrase) ? std::string(phrase) : quoted(phrase);
}

std::string choices(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) out += (out.empty() ? "" : " | ") + word_or_quoted(value);
  return out;
}

std::string paths(const std::vector<std::string>& items) {
  std::vector<std::string> out;
  for (const std::string& item : items) out.push_back(path_words(item));
  return anded(out);
}

std::string in_parentheses(const std::vector<std::string>& facets) {
  return facets.empty() ? "" : " (" + text::join(facets, ", ") + ")";
}

class Writer {
 public:
  explicit Writer(const Spec& spec) : spec_(spec), phrases_(spec) {}

  std::string all() {
    heading("Product");
    sentence("The product is {}: {}", name_or_quoted(spec_.name), quoted(spec_.summary));
    if (spec_.verdict != Verdict::kSupported) {
      sentence("The verdict is {}", word_of(kVerdictNames, spec_.verdict));
    }
    if (!spec_.stack_requested.empty()) {
      sentence("The stack asked for is {}", quoted(spec_.stack_requested));
    }
    if (!spec_.actors.empty()) heading("Actors");
    for (const Actor& actor : spec_.actors) write(actor);
    if (!spec_.entities.empty()) heading("Records");
    for (const Entity& entity : spec_.entities) write(entity);
    for (const Relation& relation : spec_.relations) write(relation);
    for (const Entity& entity : spec_.entities) {
      if (entity.lifecycle) write_lifecycle(entity);
    }
    if (!spec_.operations.empty()) heading("Operations");
    for (std::size_t i = 0; i < spec_.operations.size();) i = write_operations(i);
    if (!spec_.permissions.empty()) heading("Permissions");
    for (std::size_t i = 0; i < spec_.permissions.size();) i = write_permissions(i);
    if (!spec_.queries.empty()) heading("Queries");
    for (const Query& query : spec_.queries) write(query);
    if (!spec_.rules.empty()) heading("Rules");
    for (const Rule& rule : spec_.rules) write(rule);
    return std::move(out_);
  }

  std::string guard_sentence(const Operation& operation, const Guard& guard) const {
    const std::string otherwise =
        fmt::format("otherwise {} {} [{}]", guard.status, name_or_quoted(guard.error),
                    name_or_quoted(guard.id));
    if (const auto limit = as_count_limit(guard.require)) {
      return fmt::format("{} lets {} {} have at most {} {}{}; {}", operation.id,
                         limit->given ? "the given" : "its", limit->role, limit->most,
                         phrases_.many(limit->entity), where(limit->filter), otherwise);
    }
    return fmt::format("{} requires that {}; {}", operation.id, english(guard.require), otherwise);
  }

  std::string english(const Expr& expr) const { return to_english(expr, phrases_); }

 private:
  void heading(std::string_view title) {
    out_ += fmt::format("{}# {}\n\n", out_.empty() ? "" : "\n", title);
  }

  template <class... Args>
  void sentence(fmt::format_string<Args...> format, Args&&... args) {
    out_ += fmt::format(format, std::forward<Args>(args)...) + ".\n";
  }

  std::string atom(const Expr& expr) const { return to_english_atom(expr, phrases_); }

  std::string where(const std::optional<Expr>& condition) const {
    return condition ? fmt::format(" where ({})", english(*condition)) : std::string();
  }

  static std::string capital(const std::string& text) { return text::upper_first(text); }

  void write(const Actor& actor) {
    const bool usual = text::snake_case(actor.name) == actor.id;
    std::string text = capital(article(phrase_or_quoted(actor.name)));
    if (!usual) text += fmt::format(" [{}]", actor.id);
    text += " is an actor";
    if (!actor.entity.empty())
      text += fmt::format(" with {} record", article(phrases_.one(actor.entity)));
    if (!actor.inherits.empty()) text += fmt::format(" and has all rights of {}", actor.inherits);
    sentence("{}", text);
  }

  std::string actor_name(const std::string& id) const {
    const Actor* actor = find_actor(spec_, id);
    if (actor == nullptr || !is_plain_phrase(actor->name)) return id;
    const auto same = std::count_if(
        spec_.actors.begin(), spec_.actors.end(),
        [&](const Actor& other) { return other.name == actor->name || other.id == actor->name; });
    return same == 1 ? actor->name : id;
  }

  void write(const Entity& entity) {
    std::vector<std::string> facets;
    if (entity.kind != EntityKind::kMaster)
      facets.emplace_back(word_of(kEntityKindNames, entity.kind));
    if (entity.plural != text::plural(entity.name)) {
      facets.push_back("plural " + phrase_or_quoted(entity.plural));
    }
    if (!entity.natural_key.empty()) facets.push_back("identified by " + anded(entity.natural_key));
    if (entity.on_delete != OnDelete::kRestrict) {
      facets.push_back(std::string("on delete ") + word_of(kOnDeleteNames, entity.on_delete));
    }
    std::string head = capital(article(phrase_or_quoted(entity.name)));
    if (entity.id != text::pascal_case(entity.name)) head += fmt::format(" [{}]", entity.id);
    std::vector<std::string> attributes;
    for (const Attribute& attribute : entity.attributes) attributes.push_back(describe(attribute));
    sentence("{}{} has {}", head, in_parentheses(facets),
             attributes.empty() ? "nothing" : listed(attributes));
  }

  std::string describe(const Attribute& a) const {
    std::string type = a.required ? "required " : "";
    if (a.unique) type += "unique ";
    if (a.sensitive) type += "sensitive ";
    if (a.type == Type::kEnum) type += "one of " + choices(a.values);
    else type += word_of(kTypeNames, a.type);
    std::vector<std::string> facets{type};
    if (!a.unique_within.empty()) facets.push_back("unique within " + anded(a.unique_within));
    if (a.min) facets.push_back((a.exclusive_min ? "more than " : "at least ") + atom(*a.min));
    if (a.max) facets.push_back("at most " + atom(*a.max));
    if (a.step) facets.push_back(fmt::format("in steps of {}", *a.step));
    if (a.length)
      facets.push_back(fmt::format("{} to {} characters", a.length->first, a.length->second));
    if (!a.pattern.empty()) facets.push_back("like " + quoted(a.pattern));
    if (!a.unit.empty()) facets.push_back("measured in " + quoted(a.unit));
    if (a.scale) facets.push_back(fmt::format("with {} decimals", *a.scale));
    if (a.default_value) facets.push_back("by default " + atom(*a.default_value));
    if (a.derived) facets.push_back("computed as " + english(*a.derived));
    if (!a.stored) facets.emplace_back("not stored");
    if (!a.generated.empty()) facets.push_back("generated " + name_or_quoted(a.generated));
    const bool many = a.id.ends_with('s') && !a.id.ends_with("ss") && a.id.size() > 2;
    return (many ? a.id : article(a.id)) + in_parentheses(facets);
  }

  void write(const Relation& relation) {
    std::vector<std::string> facets;
    if (relation.required) facets.emplace_back("required");
    if (relation.owned) facets.emplace_back("owned");
    if (relation.cardinality == Cardinality::kOneToOne) facets.emplace_back("one to one");
    if (relation.cardinality == Cardinality::kManyToMany) facets.emplace_back("many to many");
    if (!relation.via.empty()) facets.push_back("through " + relation.via);
    if (relation.min) facets.push_back(fmt::format("at least {}", *relation.min));
    if (relation.max) facets.push_back(fmt::format("at most {}", *relation.max));
    if (relation.on_delete != OnDelete::kRestrict) {
      facets.push_back(std::string("on delete ") + word_of(kOnDeleteNames, relation.on_delete));
    }
    const bool usual = relation.role == text::snake_case(relation.to);
    sentence("{} refers to {}{}{}", capital(article(phrases_.one(relation.from))),
             article(phrases_.one(relation.to)), usual ? "" : " as " + relation.role,
             in_parentheses(facets));
  }

  void write_lifecycle(const Entity& entity) {
    const Lifecycle& cycle = *entity.lifecycle;
    const std::string name = article(phrases_.one(entity.id));
    sentence("The {} of {} goes through {}, from {}{}", cycle.attribute, name,
             choices(cycle.states), word_or_quoted(cycle.initial),
             cycle.final_states.empty() ? "" : " to " + choices(cycle.final_states));
    for (const Transition& edge : cycle.transitions) {
      sentence("{} takes {} from {} to {}", edge.by, name, word_or_quoted(edge.from),
               word_or_quoted(edge.to));
    }
  }

  // The participle when "Books can be created" says all about how the operation is called.
  std::string participle(const Operation& operation) const {
    const Entity* entity = find_entity(spec_, operation.on);
    for (const StandardOperation& standard : kStandardOperations) {
      if (entity == nullptr || standard.kind != operation.kind || operation.verb != standard.verb)
        continue;
      const bool usual =
          operation.id == default_operation_id(*entity, operation.kind, operation.verb) &&
          operation.atomic && operation.schedule_every.empty() && !operation.schedule_due &&
          same_inputs(operation.inputs, default_inputs(spec_, operation));
      if (usual) return std::string(standard.participle);
    }
    return {};
  }

  // Writes one operation, or a run of standard ones; returns the index of the next.
  std::size_t write_operations(std::size_t index) {
    const std::string& entity = spec_.operations[index].on;
    std::vector<std::string> participles;
    std::size_t end = index;
    for (; end < spec_.operations.size() && spec_.operations[end].on == entity; ++end) {
      const std::string word = participle(spec_.operations[end]);
      if (word.empty()) break;
      participles.push_back(word);
    }
    if (participles.empty()) {
      write(spec_.operations[index]);
      end = index + 1;
    } else {
      sentence("{} can be {}", capital(phrases_.many(entity)), listed(participles));
    }
    for (std::size_t i = index; i < end; ++i) write_rules_of(spec_.operations[i]);
    return end;
  }

  void write(const Operation& operation) {
    const Entity* entity = find_entity(spec_, operation.on);
    std::vector<std::string> facets;
    for (const auto& [kind, phrase] : kKindPhrases) {
      if (kind == operation.kind) facets.emplace_back(phrase);
    }
    if (!operation.atomic) facets.emplace_back("not atomic");
    if (!operation.schedule_every.empty())
      facets.push_back("every " + quoted(operation.schedule_every));
    if (operation.schedule_due) facets.push_back("due when " + english(*operation.schedule_due));
    std::string head = fmt::format("To {} {}", phrase_or_quoted(operation.verb),
                                   article(phrases_.one(operation.on)));
    if (entity == nullptr ||
        operation.id != default_operation_id(*entity, operation.kind, operation.verb)) {
      head += fmt::format(" [{}]", operation.id);
    }
    const auto usual = default_inputs(spec_, operation);
    std::string inputs = "nothing";
    if (!usual.empty() && same_inputs(operation.inputs, usual)) {
      inputs = "all its fields";
    } else if (!operation.inputs.empty()) {
      std::vector<std::string> items;
      for (const Input& input : operation.inputs) items.push_back(describe(operation, input));
      inputs = listed(items);
    }
    sentence("{}{}, give {}", head, in_parentheses(facets), inputs);
  }

  std::string describe(const Operation& operation, const Input& input) const {
    const Entity* entity = find_entity(spec_, operation.on);
    const Attribute* attribute = entity == nullptr ? nullptr : find_attribute(*entity, input.id);
    const Relation* relation = find_relation(spec_, operation.on, input.id);
    std::string facet = input.required ? "required" : "";
    const auto say = [&](const std::string& more) { facet += (facet.empty() ? "" : " ") + more; };
    if (!input.ref.empty()) {
      if (relation == nullptr || relation->to != input.ref) {
        say("reference to " + article(phrases_.one(input.ref)));
      }
    } else if (attribute == nullptr || attribute->type != input.type) {
      say(word_of(kTypeNames, input.type));
    }
    return input.id + (facet.empty() ? "" : " (" + facet + ")");
  }

  void write_rules_of(const Operation& operation) {
    for (const Guard& guard : operation.guards) sentence("{}", guard_sentence(operation, guard));
    for (const Effect& effect : operation.effects) {
      sentence("{} {}", operation.id, describe(operation, effect));
    }
  }

  std::string target(const Operation& operation, const Effect& effect) const {
    const auto dot = effect.target.find('.');
    const std::string head = effect.target.substr(0, dot);
    const std::string rest =
        dot == std::string::npos ? "" : path_words(effect.target.substr(dot + 1));
    if (!effect.where && head == operation.on) return "its " + rest;
    if (!effect.where && head == "self") return "own " + rest;
    return fmt::format("{} of {}", rest, phrases_.many(head));
  }

  std::string describe(const Operation& operation, const Effect& effect) const {
    switch (effect.kind) {
      case EffectKind::kCreate: {
        if (effect.target == operation.on && effect.values.empty()) {
          return "stores its " + phrases_.one(effect.target);
        }
        std::vector<std::string> values;
        for (const auto& [name, value] : effect.values) {
          values.push_back(fmt::format("{} = {}", name, atom(value)));
        }
        return "makes " + article(phrases_.one(effect.target)) +
               (values.empty() ? "" : " with " + text::join(values, ", "));
      }
      case EffectKind::kSet:
        return fmt::format("sets {} to {}{}", target(operation, effect), english(effect.value),
                           where(effect.where));
      case EffectKind::kInc:
        return fmt::format("raises {} by {}{}", target(operation, effect), english(effect.value),
                           where(effect.where));
      case EffectKind::kDec:
        return fmt::format("lowers {} by {}{}", target(operation, effect), english(effect.value),
                           where(effect.where));
      case EffectKind::kDelete:
        return fmt::format("deletes {}{}", phrases_.many(effect.target), where(effect.where));
      case EffectKind::kEmit: break;
    }
    return "announces " + quoted(effect.target) +
           (effect.value.is_null() ? "" : " with " + english(effect.value));
  }

  // True when one actor alone may do it.
  bool is_exclusive(const Permission& permission) const {
    std::set<std::string> actors;
    for (const Permission& other : spec_.permissions) {
      if (other.allow && other.operation == permission.operation) actors.insert(other.actor);
    }
    return permission.allow && actors.size() == 1 && spec_.actors.size() > 1;
  }

  // The verb when the operation is a standard one that "create books" names.
  std::string standard_verb(const Operation* operation) const {
    if (operation == nullptr) return {};
    const Entity* entity = find_entity(spec_, operation->on);
    for (const StandardOperation& standard : kStandardOperations) {
      // An operation that is called "create" itself takes the word for itself.
      if (find_operation(spec_, standard.verb) != nullptr) return {};
      if (entity != nullptr && standard.kind == operation->kind &&
          operation->id ==
              default_operation_id(*entity, standard.kind, std::string(standard.verb))) {
        return std::string(standard.verb);
      }
    }
    return {};
  }

  // "create, list and read books", "borrow", "see overdue_loans"
  std::vector<std::string> deeds(const std::vector<std::string>& operations) const {
    std::vector<std::string> out;
    std::vector<std::string> verbs;
    for (std::size_t i = 0; i < operations.size(); ++i) {
      const Operation* operation = find_operation(spec_, operations[i]);
      const std::string verb = standard_verb(operation);
      if (verb.empty()) {
        out.push_back(operation == nullptr ? "see " + operations[i] : operations[i]);
        continue;
      }
      verbs.push_back(verb);
      const Operation* next =
          i + 1 < operations.size() ? find_operation(spec_, operations[i + 1]) : nullptr;
      if (next != nullptr && next->on == operation->on && !standard_verb(next).empty()) continue;
      out.push_back(listed(verbs) + " " + phrases_.many(operation->on));
      verbs.clear();
    }
    return out;
  }

  // Writes a run of permissions that differ in the operation only; returns the next index.
  std::size_t write_permissions(std::size_t index) {
    const Permission& first = spec_.permissions[index];
    std::vector<std::string> operations;
    bool only = true;
    for (; index < spec_.permissions.size(); ++index) {
      const Permission& next = spec_.permissions[index];
      if (next.actor != first.actor || next.allow != first.allow || next.rows != first.rows) break;
      operations.push_back(next.operation);
      only = only && is_exclusive(next);
    }
    const std::string actor = article(actor_name(first.actor));
    sentence("{} may {}{}{}", only ? "Only " + actor : capital(actor), first.allow ? "" : "not ",
             listed(deeds(operations)), where(first.rows));
    return index;
  }

  void write(const Query& query) {
    std::string out;
    for (const auto& [kind, phrase] : kQueryPhrases) {
      if (kind == query.kind) out = phrase;
    }
    out += fmt::format(" {}: {}", query.id, phrases_.many(query.on));
    if (!query.by.empty()) out += " by " + paths(query.by);
    out += where(query.where);
    if (!query.group_by.empty()) {
      std::vector<std::string> groups;
      for (const std::string& group : query.group_by) {
        const auto colon = group.find(':');
        groups.push_back(colon == std::string::npos ? path_words(group)
                                                    : group.substr(0, colon) + " of " +
                                                          path_words(group.substr(colon + 1)));
      }
      out += ", grouped by " + anded(groups);
    }
    if (query.measure) {
      const Expr& measure = *query.measure;
      out += measure.is_call("count") ? ", showing the count"
                                      : fmt::format(", showing the {} of {}",
                                                    measure.is_call("sum") ? "sum" : "average",
                                                    atom(measure.args.at(0)));
    }
    if (!query.sort.empty()) {
      std::vector<std::string> keys;
      for (const std::string& key : query.sort) {
        keys.push_back(key.starts_with('-') ? key.substr(1) + " descending" : key);
      }
      out += ", sorted by " + anded(keys);
    }
    if (query.limit) out += fmt::format(", at most {} rows", *query.limit);
    if (query.format != "json") out += ", as " + query.format;
    sentence("{}", out);
  }

  static std::string parameter(const Json& value) {
    if (value.is_string()) return quoted(json::as_view(value.get_string()));
    if (value.is_int64() || value.is_bool()) return json::write(value);
    return "json " + quoted(json::write(value));
  }

  void write(const Rule& rule) {
    std::string out =
        fmt::format("Rule {} ({}", name_or_quoted(rule.id), name_or_quoted(rule.kind));
    if (!rule.enforced_in.empty()) out += ", enforced in " + anded(rule.enforced_in);
    out += "): " + quoted(rule.canonical);
    if (!rule.text.empty()) out += ", in the words " + quoted(rule.text);
    if (rule.params.is_object() && !rule.params.get_object().empty()) {
      std::vector<std::string> items;
      for (const auto& member : rule.params.get_object()) {
        const std::string_view key(member.key().data(), member.key().size());
        items.push_back(fmt::format("{} = {}", name_or_quoted(key), parameter(member.value())));
      }
      out += ", with " + anded(items);
    }
    if (rule.expr) out += ", meaning " + english(*rule.expr);
    if (!rule.tests.empty()) {
      std::vector<std::string> tests;
      for (const std::string& test : rule.tests) tests.push_back(quoted(test));
      out += ", tested by " + anded(tests);
    }
    sentence("{}", out);
  }

  const Spec& spec_;
  Phrases phrases_;
  std::string out_;
};

}  // namespace

std::string render(const Spec& spec) { return Writer(spec).all(); }

std::string render_guard(const Spec& spec, const Operation& operation, const Guard& guard) {
  return Writer(spec).guard_sentence(operation, guard) + ".";
}

std::string render_expr(const Spec& spec, const Expr& expr) { return Writer(spec).english(expr); }

}  // namespace cadre::spec
