// The reader of the model's JSON form. It checks shapes and words, and says which element is wrong
// ("entities[1] Loan, attributes[0] due_on: unknown type "dat""); validate.h checks the meaning.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "spec/model.h"
#include "spec/names.h"

namespace cadre::spec {
namespace {

struct ReadFailure {
  std::string message;
};

// One JSON object of the document and its place; every getter throws ReadFailure, which does not
// leave this file.
class Node {
 public:
  Node(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json_.is_object()) refuse("must be an object");
  }

  [[noreturn]] void refuse(const std::string& why) const {
    throw ReadFailure{place_.empty() ? why : place_ + ": " + why};
  }

  const Json* find(const char* key) const { return json::find(json_, key); }

  std::string text(const char* key, bool required = false) const {
    const Json* value = find(key);
    if (value == nullptr) {
      if (required) refuse(fmt::format("\"{}\" is missing", key));
      return {};
    }
    if (!value->is_string()) refuse(fmt::format("\"{}\" must be a string", key));
    return std::string(json::as_view(value->get_string()));
  }

  bool flag(const char* key, bool fallback = false) const {
    const Json* value = find(key);
    if (value == nullptr) return fallback;
    if (!value->is_bool()) refuse(fmt::format("\"{}\" must be true or false", key));
    return value->get_bool();
  }

  std::optional<int> integer(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    return to_int(*value, key);
  }

  std::optional<double> number(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number()) refuse(fmt::format("\"{}\" must be a number", key));
    return value->to_number<double>();
  }

  std::optional<std::pair<int, int>> range(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_array() || value->get_array().size() != 2) {
      refuse(fmt::format("\"{}\" must be an array of two integers", key));
    }
    const JsonArray& array = value->get_array();
    return std::pair{to_int(array[0], key), to_int(array[1], key)};
  }

  std::vector<std::string> texts(const char* key) const {
    std::vector<std::string> out;
    for (const Json& item : array(key)) {
      if (!item.is_string()) refuse(fmt::format("\"{}\" must be an array of strings", key));
      out.emplace_back(json::as_view(item.get_string()));
    }
    return out;
  }

  std::optional<Expr> expr(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) return std::nullopt;
    auto parsed = expr_from_json(*value);
    if (!parsed) refuse(fmt::format("\"{}\": {}", key, parsed.error().describe()));
    return std::move(*parsed);
  }

  template <class Enum, std::size_t N>
  Enum word(const char* key, const std::array<Named<Enum>, N>& names,
            std::optional<Enum> fallback = std::nullopt) const {
    if (find(key) == nullptr && fallback) return *fallback;
    const std::string given = text(key, true);
    const auto value = value_of(names, given);
    if (value) return *value;
    std::string known;
    for (const auto& name : names)
      known += fmt::format("{}{}", known.empty() ? "" : ", ", name.word);
    refuse(fmt::format("unknown {} \"{}\" (one of: {})", key, given, known));
  }

  const JsonArray& array(const char* key, bool required = false) const {
    static const JsonArray kEmpty;
    const Json* value = find(key);
    if (value == nullptr) {
      if (required) refuse(fmt::format("\"{}\" is missing", key));
      return kEmpty;
    }
    if (!value->is_array()) refuse(fmt::format("\"{}\" must be an array", key));
    return value->get_array();
  }

  Node child(const char* key) const {
    const Json* value = find(key);
    if (value == nullptr) refuse(fmt::format("\"{}\" is missing", key));
    return Node(*value, place_.empty() ? key : place_ + ", " + key);
  }

  // Reads each object of an array; the place names it by index and id.
  template <class T>
  std::vector<T> all(const char* key, T (*read)(const Node&), bool required = false) const {
    std::vector<T> out;
    std::size_t index = 0;
    for (const Json& item : array(key, required)) {
      std::string name = json::get_string(item, "id");
      if (!name.empty()) name.insert(0, " ");
      out.push_back(read(Node(item, fmt::format("{}{}{}[{}]{}", place_, place_.empty() ? "" : ", ",
                                                key, index++, name))));
    }
    return out;
  }

 private:
  int to_int(const Json& value, const char* key) const {
    if (!value.is_int64() || value.get_int64() < -1'000'000'000 ||
        value.get_int64() > 1'000'000'000) {
      refuse(fmt::format("\"{}\" must be an integer", key));
    }
    return static_cast<int>(value.get_int64());
  }

  const Json& json_;
  std::string place_;
};

Origin read_origin(const Node& owner) {
  Origin out;
  if (owner.find("origin") == nullptr) return out;
  const Node node = owner.child("origin");
  out.kind = node.word("kind", kOriginKindNames);
  out.sentences = node.texts("sentences");
  out.span = node.range("span");
  out.pattern = node.text("pattern");
  out.confidence = node.number("confidence");
  return out;
}

Attribute read_attribute(const Node& node) {
  Attribute out;
  out.id = node.text("id", true);
  out.type = node.word("type", kTypeNames);
  out.required = node.flag("required");
  out.unique = node.flag("unique");
  out.unique_within = node.texts("unique_within");
  out.default_value = node.expr("default");
  out.min = node.expr("min");
  out.max = node.expr("max");
  out.exclusive_min = node.flag("exclusive_min");
  out.step = node.number("step");
  out.length = node.range("length");
  out.pattern = node.text("pattern");
  out.values = node.texts("values");
  out.unit = node.text("unit");
  out.scale = node.integer("scale");
  out.derived = node.expr("derived");
  out.stored = node.flag("stored", true);
  out.generated = node.text("generated");
  out.sensitive = node.flag("sensitive");
  out.origin = read_origin(node);
  return out;
}

Transition read_transition(const Node& node) {
  return {node.text("from", true), node.text("to", true), node.text("by", true), read_origin(node)};
}

Entity read_entity(const Node& node) {
  Entity out;
  out.id = node.text("id", true);
  out.name = node.text("name", true);
  out.plural = node.text("plural", true);
  out.kind = node.word("kind", kEntityKindNames, std::optional(EntityKind::kMaster));
  out.natural_key = node.texts("natural_key");
  out.attributes = node.all("attributes", read_attribute, true);
  if (node.find("lifecycle") != nullptr) {
    const Node cycle = node.child("lifecycle");
    out.lifecycle.emplace();
    out.lifecycle->attribute = cycle.text("attribute", true);
    out.lifecycle->states = cycle.texts("states");
    out.lifecycle->initial = cycle.text("initial", true);
    out.lifecycle->final_states = cycle.texts("final");
    out.lifecycle->transitions = cycle.all("transitions", read_transition, true);
  }
  out.on_delete = node.word("on_delete", kOnDeleteNames, std::optional(OnDelete::kRestrict));
  out.origin = read_origin(node);
  return out;
}

Relation read_relation(const Node& node) {
  Relation out;
  out.from = node.text("from", true);
  out.to = node.text("to", true);
  out.role = node.text("role", true);
  out.cardinality = node.word("cardinality", kCardinalityNames);
  out.required = node.flag("required");
  out.owned = node.flag("owned");
  out.via = node.text("via");
  out.min = node.integer("min");
  out.max = node.integer("max");
  out.on_delete = node.word("on_delete", kOnDeleteNames, std::optional(OnDelete::kRestrict));
  out.origin = read_origin(node);
  return out;
}

Input read_input(const Node& node) {
  Input out;
  out.id = node.text("id", true);
  out.ref = node.text("ref");
  out.type = node.word("type", kTypeNames, std::optional(Type::kString));
  if (!out.ref.empty()) out.type = Type::kString;
  out.required = node.flag("required");
  return out;
}

Guard read_guard(const Node& node) {
  Guard out;
  out.id = node.text("id", true);
  auto require = node.expr("require");
  if (!require) node.refuse("\"require\" is missing");
  out.require = std::move(*require);
  out.error = node.text("error", true);
  out.status = node.integer("status").value_or(422);
  if (out.status != 403 && out.status != 404 && out.status != 409 && out.status != 422) {
    node.refuse("\"status\" must be 403, 404, 409 or 422");
  }
  out.origin = read_origin(node);
  return out;
}

Effect read_effect(const Node& node) {
  Effect out;
  out.kind = node.word("do", kEffectKindNames);
  out.target = node.text("target");
  if (auto value = node.expr("value")) out.value = std::move(*value);
  out.where = node.expr("where");
  if (const Json* values = node.find("values")) {
    if (!values->is_object()) node.refuse("\"values\" must be an object");
    for (const auto& member : values->get_object()) {
      const std::string key(member.key().data(), member.key().size());
      auto expr = expr_from_json(member.value());
      if (!expr) node.refuse(fmt::format("\"values\", {}: {}", key, expr.error().describe()));
      out.values.emplace_back(key, std::move(*expr));
    }
  }
  out.origin = read_origin(node);
  return out;
}

Operation read_operation(const Node& node) {
  Operation out;
  out.id = node.text("id", true);
  out.verb = node.text("verb");
  out.kind = node.word("kind", kOperationKindNames);
  out.on = node.text("on", true);
  out.inputs = node.all("inputs", read_input);
  out.guards = node.all("guards", read_guard);
  out.effects = node.all("effects", read_effect);
  out.atomic = node.flag("atomic", true);
  if (node.find("schedule") != nullptr) {
    const Node schedule = node.child("schedule");
    out.schedule_every = schedule.text("every");
    out.schedule_due = schedule.expr("due");
  }
  out.origin = read_origin(node);
  return out;
}

Rule read_rule(const Node& node) {
  Rule out;
  out.id = node.text("id", true);
  out.kind = node.text("kind", true);
  out.text = node.text("text");
  out.canonical = node.text("canonical");
  if (const Json* params = node.find("params")) {
    if (!params->is_object()) node.refuse("\"params\" must be an object");
    out.params = *params;
  }
  out.expr = node.expr("expr");
  out.enforced_in = node.texts("enforced_in");
  out.tests = node.texts("tests");
  out.origin = read_origin(node);
  return out;
}

Permission read_permission(const Node& node) {
  Permission out;
  out.actor = node.text("actor", true);
  const std::string effect = node.text("effect", true);
  if (effect != "allow" && effect != "deny") node.refuse("\"effect\" must be allow or deny");
  out.allow = effect == "allow";
  out.operation = node.text("operation", true);
  out.rows = node.expr("rows");
  out.fields = node.texts("fields");
  out.origin = read_origin(node);
  return out;
}

Actor read_actor(const Node& node) {
  return {node.text("id", true), node.text("name", true), node.text("inherits"),
          node.text("entity"), read_origin(node)};
}

Query read_query(const Node& node) {
  Query out;
  out.id = node.text("id", true);
  out.kind = node.word("kind", kQueryKindNames);
  out.on = node.text("on", true);
  out.by = node.texts("by");
  out.where = node.expr("where");
  out.group_by = node.texts("group_by");
  out.measure = node.expr("measure");
  out.sort = node.texts("sort");
  out.limit = node.integer("limit");
  if (node.find("format") != nullptr) out.format = node.text("format");
  if (out.format != "json" && out.format != "csv") node.refuse("\"format\" must be json or csv");
  out.origin = read_origin(node);
  return out;
}

Nfr read_nfr(const Node& node) {
  return {node.text("kind", true), node.text("text", true), node.text("measure"),
          read_origin(node), node.text("how", true)};
}

Assumption read_assumption(const Node& node) {
  return {node.text("id", true), node.text("text", true), node.texts("affects"),
          node.text("alternative", true), node.text("reason")};
}

Question read_question(const Node& node) {
  return {node.text("id", true),  node.text("text", true),          node.text("sentence", true),
          node.texts("options"),  node.text("default_taken", true), node.text("risk")};
}

Unhandled read_unhandled(const Node& node) {
  return {node.text("sentence", true), node.text("text", true), node.text("why", true),
          node.text("closest_pattern")};
}

Sentence read_sentence(const Node& node) {
  Sentence out;
  out.id = node.text("id", true);
  out.begin = node.integer("begin").value_or(0);
  out.end = node.integer("end").value_or(0);
  out.status = node.word("status", kSentenceStatusNames);
  out.unused = node.texts("unused");
  return out;
}

void refuse_unknown_keys(const JsonObject& document) {
  static constexpr std::array<std::string_view, 14> kKnown{
      "im",          "product", "source", "actors",      "entities",  "relations", "operations",
      "rules",       "permissions", "queries", "nfr",    "assumptions", "questions", "unhandled"};
  for (const auto& member : document) {
    const std::string_view key(member.key().data(), member.key().size());
    if (std::find(kKnown.begin(), kKnown.end(), key) == kKnown.end()) {
      throw ReadFailure{fmt::format("unknown part \"{}\" in the model", key)};
    }
  }
}

// An input without a type has the type of the attribute of the same name.
void complete_input_types(const JsonArray& operations, Spec& spec) {
  for (std::size_t i = 0; i < spec.operations.size(); ++i) {
    Operation& operation = spec.operations[i];
    const Entity* entity = find_entity(spec, operation.on);
    const JsonArray& inputs = json::get_array(operations[i], "inputs");
    for (std::size_t k = 0; entity != nullptr && k < operation.inputs.size(); ++k) {
      const Attribute* attribute = find_attribute(*entity, operation.inputs[k].id);
      const bool typed = json::find(inputs[k], "type") != nullptr;
      if (attribute != nullptr && !typed && operation.inputs[k].ref.empty()) {
        operation.inputs[k].type = attribute->type;
      }
    }
  }
}

Spec read_spec(const Node& node) {
  Spec out;
  if (node.text("im", true) != "0.1") node.refuse("\"im\" must be \"0.1\"");
  const Node product = node.child("product");
  out.name = product.text("name", true);
  out.summary = product.text("summary", true);
  out.verdict = product.word("verdict", kVerdictNames);
  out.stack_requested = product.text("stack_requested");
  const Node source = node.child("source");
  out.text = source.text("text", true);
  out.sentences = source.all("sentences", read_sentence);
  out.actors = node.all("actors", read_actor);
  out.entities = node.all("entities", read_entity, true);
  out.relations = node.all("relations", read_relation);
  out.operations = node.all("operations", read_operation, true);
  out.rules = node.all("rules", read_rule, true);
  out.permissions = node.all("permissions", read_permission);
  out.queries = node.all("queries", read_query);
  out.nfr = node.all("nfr", read_nfr);
  out.assumptions = node.all("assumptions", read_assumption, true);
  out.questions = node.all("questions", read_question, true);
  out.unhandled = node.all("unhandled", read_unhandled, true);
  complete_input_types(node.array("operations"), out);
  return out;
}

}  // namespace

Result<Spec> spec_from_json(const Json& json) {
  try {
    const Node node(json, "");
    refuse_unknown_keys(json.get_object());
    return read_spec(node);
  } catch (const ReadFailure& failure) {
    return fail(ErrorCode::kInvalidInput, failure.message);
  }
}

}  // namespace cadre::spec
