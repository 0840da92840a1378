#include "runtime/audit/mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/text.h"
#include "runtime/audit/operation_match.h"
#include "runtime/audit/sample.h"

namespace cadre::audit {
namespace {

using spec::Type;
using Kind = spec::OperationKind;

const Words kIdWords{"id", "uuid", "ref", "key"};

bool fits(Type type, const Json& schema) {
  const std::string theirs = type_of(schema);
  if (theirs.empty()) return true;
  if (theirs == "object" || theirs == "array") return false;
  switch (type) {
    case Type::kBool: return theirs == "boolean";
    case Type::kInt: case Type::kDuration: return theirs != "boolean";
    case Type::kDecimal: case Type::kMoney: return theirs != "boolean";
    default: return theirs == "string";
  }
}

// Fills the slots of one operation of theirs for one of ours.
class Binder {
 public:
  Binder(const spec::Spec& spec, const Resources& resources, const spec::Endpoint& ours,
         const TheirOperation& theirs)
      : spec_(spec), resources_(resources), ours_(ours) {
    out_.ours = ours.operation_id;
    out_.theirs = theirs;
    out_.whole_row = theirs.method == "PUT" && ours.operation->kind == Kind::kUpdate;
  }

  // Empty when it worked, else why not.
  std::string bind() {
    if (!out_.theirs.json_body) return "its body is not JSON";
    if (std::string why = bind_path(); !why.empty()) return why;
    bind_body();
    if (std::string why = fill(out_.theirs.body, out_.body); !why.empty()) return why;
    if (std::string why = fill(out_.theirs.query_fields, out_.query); !why.empty()) return why;
    if (std::string why = fill(out_.theirs.header_fields, out_.headers); !why.empty()) return why;
    if (!ours_.id_parameter.empty() && !has_key()) {
      return fmt::format("it does not say which {} is meant",
                         text::join(resources_.words(ours_.entity), " "));
    }
    return find_unsent();
  }
  MappedOperation take() { return std::move(out_); }

 private:
  // The property by which the words name a row of the entity: empty is its id; nothing: none.
  std::optional<Words> key_in(const Words& words, const std::string& entity) const {
    Words rest = resources_.without_names(without(words, kIdWords), entity);
    if (rest.empty()) return Words{};
    const spec::Entity* found = spec::find_entity(spec_, entity);
    if (found == nullptr) return std::nullopt;
    for (const spec::Attribute& attribute : found->attributes) {
      if (words_score(words_of(attribute.id), rest) == 2) return rest;
    }
    return std::nullopt;
  }

  bool has_key() const {
    const auto is_key = [](const Slot& slot) { return slot.kind == SlotKind::kKey; };
    return std::ranges::any_of(out_.path, is_key) || std::ranges::any_of(out_.body, is_key) ||
           std::ranges::any_of(out_.query, is_key);
  }

  std::string bind_path() {
    const auto& segments = out_.theirs.segments;
    for (std::size_t i = 0; i < segments.size(); ++i) {
      if (!is_parameter(segments[i])) continue;
      const std::string name = segments[i].substr(1, segments[i].size() - 2);
      TheirField field{name, JsonObject{}, true};
      for (const TheirField& known : out_.theirs.path_fields) {
        if (known.name == name) field.schema = known.schema;
      }
      std::string owner = resources_.owner_before(segments, i);
      if (!bind_row(std::move(field), owner)) {
        return fmt::format("it is not clear what {} stands for", segments[i]);
      }
    }
    return {};
  }

  bool bind_row(TheirField field, const std::string& owner) {
    const Words words = words_of(field.name);
    if (!ours_.id_parameter.empty() && owner == ours_.entity && !has_key()) {
      if (const auto key = key_in(words, owner)) {
        out_.path.push_back({SlotKind::kKey, std::move(field), {}, owner, *key, {}});
        return true;
      }
    }
    for (const spec::Field& ours : ours_.body) {
      if (ours.ref.empty() || used_.contains(ours.name)) continue;
      const Words role = without(words_of(ours.name), kIdWords);
      if (owner != ours.ref && without(words, kIdWords) != role) continue;
      const auto key = key_in(without(words, role), ours.ref);
      if (!key) continue;
      used_.insert(ours.name);
      out_.path.push_back({SlotKind::kReference, std::move(field), ours.name, ours.ref, *key, {}});
      return true;
    }
    return false;
  }

  struct Pair {
    int score = 0;
    const spec::Field* ours = nullptr;  // null: the row itself
    const TheirField* theirs = nullptr;
    Words key;
  };

  void bind_body() {
    std::vector<Pair> pairs;
    for (const TheirField& theirs : out_.theirs.body) {
      if (!ours_.id_parameter.empty() && !has_key()) add_row_pair(theirs, pairs);
      for (const spec::Field& ours : ours_.body) add_pair(ours, theirs, pairs);
    }
    std::ranges::stable_sort(pairs, std::greater{}, &Pair::score);
    std::set<std::string> taken;
    for (const Pair& pair : pairs) {
      if (taken.contains(pair.theirs->name)) continue;
      if (pair.ours == nullptr) {
        if (has_key()) continue;
        out_.body.push_back({SlotKind::kKey, *pair.theirs, {}, ours_.entity, pair.key, {}});
      } else {
        if (!used_.insert(pair.ours->name).second) continue;
        const bool reference = !pair.ours->ref.empty();
        out_.body.push_back({reference ? SlotKind::kReference : SlotKind::kInput, *pair.theirs,
                             pair.ours->name, pair.ours->ref, pair.key, {}});
      }
      taken.insert(pair.theirs->name);
    }
    bind_last_reference(taken);
  }

  void add_row_pair(const TheirField& theirs, std::vector<Pair>& pairs) const {
    const Words words = words_of(theirs.name);
    if (resources_.without_names(words, ours_.entity) == words) return;
    if (const auto key = key_in(words, ours_.entity); key && key->empty()) {
      pairs.push_back({4, nullptr, &theirs, *key});
    }
  }

  void add_pair(const spec::Field& ours, const TheirField& theirs, std::vector<Pair>& pairs) const {
    const Words words = words_of(theirs.name);
    if (ours.ref.empty()) {
      if (!fits(ours.type, theirs.schema)) return;
      const int score =
          field_score(words_of(ours.name), words, resources_.words(ours_.entity));
      if (score > 0) pairs.push_back({score, &ours, &theirs, {}});
      return;
    }
    if (const std::string type = type_of(theirs.schema); type == "object" || type == "array" ||
                                                         type == "boolean") {
      return;
    }
    const Words role = without(words_of(ours.name), kIdWords);
    for (const Words* named : {&role, &resources_.words(ours.ref)}) {
      if (without(words, *named) == words) continue;
      const auto key = key_in(without(words, *named), ours.ref);
      if (key) return pairs.push_back({4, &ours, &theirs, *key});
    }
    // By a property of the other record alone: "isbn".
    const spec::Entity* target = spec::find_entity(spec_, ours.ref);
    for (const spec::Attribute& attribute : target->attributes) {
      if (attribute.unique && words_score(words_of(attribute.id), words) == 2) {
        return pairs.push_back({2, &ours, &theirs, words});
      }
    }
  }

  // One reference of ours and one id of theirs are left: they are the same.
  void bind_last_reference(const std::set<std::string>& taken) {
    std::vector<const spec::Field*> open;
    std::vector<const TheirField*> ids;
    for (const spec::Field& ours : ours_.body) {
      if (!ours.ref.empty() && !used_.contains(ours.name)) open.push_back(&ours);
    }
    for (const TheirField& theirs : out_.theirs.body) {
      const Words words = words_of(theirs.name);
      if (!taken.contains(theirs.name) && !words.empty() && words.back() == "id") {
        ids.push_back(&theirs);
      }
    }
    if (open.size() != 1 || ids.size() != 1) return;
    used_.insert(open[0]->name);
    out_.body.push_back(
        {SlotKind::kReference, *ids[0], open[0]->name, open[0]->ref, {}, {}});
  }

  // What else their contract wants.
  std::string fill(const std::vector<TheirField>& fields, std::vector<Slot>& slots) const {
    for (const TheirField& field : fields) {
      const bool there = std::ranges::any_of(
          slots, [&](const Slot& slot) { return slot.field.name == field.name; });
      if (there || !field.required) continue;
      const auto sample = sample_of(field.schema);
      if (!sample) {
        return fmt::format("it wants \"{}\", of which the requirement says nothing", field.name);
      }
      slots.push_back({SlotKind::kFiller, field, {}, {}, {}, *sample});
    }
    return {};
  }

  std::string find_unsent() {
    for (const spec::Field& ours : ours_.body) {
      if (used_.contains(ours.name)) continue;
      const bool clock = ours.type == Type::kDate || ours.type == Type::kDatetime;
      if (ours.required && !clock) {
        return fmt::format("it has no field for {}", ours.name);
      }
      out_.unsent.push_back(ours.name);
    }
    return {};
  }

  const spec::Spec& spec_;
  const Resources& resources_;
  const spec::Endpoint& ours_;
  MappedOperation out_;
  std::set<std::string> used_;
};

// "/tasks/{id}/status": where their contract writes the state alone.
bool writes_state(const Resources& resources, const spec::Entity& entity,
                  const TheirOperation& theirs) {
  const auto& segments = theirs.segments;
  if (theirs.method == "GET" || theirs.method == "DELETE" || segments.size() < 3 ||
      !is_parameter(segments[segments.size() - 2]) ||
      resources.owner_before(segments, segments.size() - 2) != entity.id) {
    return false;
  }
  const Words last = words_of(segments.back());
  return field_score(words_of(entity.lifecycle->attribute), last, resources.words(entity.id)) > 0 ||
         last == Words{"transition"};
}

// A change of state that their contract does by writing the state.
bool bind_by_state(const spec::Spec& spec, const Resources& resources,
                   const spec::Endpoint& ours, const MappedOperation* update, Mapping& out) {
  const spec::Entity* entity = spec::find_entity(spec, ours.entity);
  if (update == nullptr || entity == nullptr || !entity->lifecycle) return false;
  std::set<std::string> states;
  for (const spec::Transition& edge : entity->lifecycle->transitions) {
    if (edge.by == ours.operation_id) states.insert(edge.to);
  }
  if (states.size() != 1 || !ours.body.empty() || update->whole_row) return false;
  const Words state = words_of(entity->lifecycle->attribute);
  for (const TheirField& field : update->theirs.body) {
    if (field_score(state, words_of(field.name), resources.words(ours.entity)) == 0) continue;
    Json word = their_word(field.schema, *states.begin());
    if (word.is_null()) continue;
    MappedOperation made;
    made.ours = ours.operation_id;
    made.theirs = update->theirs;
    made.path = update->path;
    made.body.push_back({SlotKind::kConstant, field, {}, {}, {}, std::move(word)});
    out.operations.emplace(ours.operation_id, std::move(made));
    return true;
  }
  return false;
}

bool bind_at_state(const spec::Spec& spec, const Resources& resources,
                   const spec::Endpoint& ours, const std::vector<TheirOperation>& theirs,
                   Mapping& out) {
  const spec::Entity* entity = spec::find_entity(spec, ours.entity);
  if (entity == nullptr || !entity->lifecycle) return false;
  for (const TheirOperation& one : theirs) {
    if (!writes_state(resources, *entity, one)) continue;
    // What it wants beside the row and the state is filled in as for any operation.
    Binder binder(spec, resources, ours, one);
    if (!binder.bind().empty()) continue;
    const MappedOperation bound = binder.take();
    if (!bind_by_state(spec, resources, ours, &bound, out)) continue;
    for (const Slot& slot : bound.body) {
      MappedOperation& made = out.operations.at(ours.operation_id);
      const bool state = slot.field.name == made.body.front().field.name;
      if (!state) made.body.push_back(slot);
    }
    return true;
  }
  return false;
}

struct Candidate {
  int score = 0;
  const spec::Endpoint* ours = nullptr;
  const TheirOperation* theirs = nullptr;
};

void explain_rest(const spec::Spec& spec, const spec::Contract& contract,
                  const Resources& resources, const std::map<std::string, std::string>& reasons,
                  const std::vector<TheirOperation>& theirs, Mapping& out) {
  for (const spec::Endpoint& ours : contract.endpoints) {
    if (out.operations.contains(ours.operation_id)) continue;
    if (ours.operation == nullptr) {
      out.left_out.push_back({ours.operation_id, "reports are not compared"});
      continue;
    }
    const auto update = std::ranges::find_if(out.operations, [&](const auto& one) {
      const spec::Operation* operation = spec::find_operation(spec, one.first);
      return operation->kind == Kind::kUpdate && spec::is_standard(*operation) &&
             operation->on == ours.entity;
    });
    const MappedOperation* by = update == out.operations.end() ? nullptr : &update->second;
    if (bind_by_state(spec, resources, ours, by, out)) continue;
    if (bind_at_state(spec, resources, ours, theirs, out)) continue;
    const auto why = reasons.find(ours.operation_id);
    out.left_out.push_back({ours.operation_id, why == reasons.end()
                                                   ? "the contract has no operation for it"
                                                   : why->second});
  }
}

}  // namespace

bool same_word(std::string_view a, std::string_view b) {
  return text::snake_case(a) == text::snake_case(b);
}

Json their_word(const Json& schema, const std::string& ours) {
  const Json* values = json::find(schema, "enum");
  if (values == nullptr || !values->is_array()) {
    for (const char* choice : {"anyOf", "oneOf", "allOf"}) {
      for (const Json& part : json::get_array(schema, choice)) {
        if (Json found = their_word(part, ours); !found.is_null()) return found;
      }
    }
    return type_of(schema) == "string" ? Json(ours) : Json();
  }
  for (const Json& value : values->get_array()) {
    if (value.is_string() && same_word(json::as_view(value.get_string()), ours)) return value;
  }
  for (const Json& value : values->get_array()) {
    if (value.is_string() && words_score(words_of(json::as_view(value.get_string())),
                                         words_of(ours)) > 0) {
      return value;
    }
  }
  return nullptr;
}

Mapping map_operations(const spec::Spec& spec, const spec::Contract& contract,
                       const std::vector<TheirOperation>& theirs) {
  Mapping out;
  const Resources resources(spec);
  std::vector<Candidate> candidates;
  for (const spec::Endpoint& ours : contract.endpoints) {
    for (const TheirOperation& one : theirs) {
      const int score = operation_score(resources, ours, one);
      if (score > 0) candidates.push_back({score, &ours, &one});
    }
  }
  std::ranges::stable_sort(candidates, std::greater{}, &Candidate::score);
  std::set<const TheirOperation*> taken;
  std::map<std::string, std::string> reasons;
  for (const Candidate& candidate : candidates) {
    const std::string& id = candidate.ours->operation_id;
    if (out.operations.contains(id) || taken.contains(candidate.theirs)) continue;
    Binder binder(spec, resources, *candidate.ours, *candidate.theirs);
    if (std::string why = binder.bind(); !why.empty()) {
      reasons.try_emplace(id, fmt::format("{}: {}", candidate.theirs->name(), why));
      continue;
    }
    taken.insert(candidate.theirs);
    out.operations.emplace(id, binder.take());
  }
  explain_rest(spec, contract, resources, reasons, theirs, out);
  return out;
}

}  // namespace cadre::audit
