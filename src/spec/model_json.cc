// The writer of the model's JSON form (spec-model schema, im 0.1). Keys appear in the order of the
// schema; what is absent or has its usual value is left out.
#include <algorithm>

#include "spec/model.h"
#include "spec/names.h"

namespace cadre::spec {
namespace {

void put(JsonObject& object, const char* key, const std::string& text) {
  if (!text.empty()) object[key] = text;
}

void put(JsonObject& object, const char* key, const std::vector<std::string>& texts) {
  if (!texts.empty()) object[key] = json::to_array(texts);
}

void put(JsonObject& object, const char* key, const std::optional<Expr>& expr) {
  if (expr) object[key] = to_json(*expr);
}

void put_true(JsonObject& object, const char* key, bool flag) {
  if (flag) object[key] = true;
}

// Declared ahead because write_all looks names up where it stands.
JsonObject json_of(const Origin& value);
JsonObject json_of(const Attribute& value);
JsonObject json_of(const Transition& value);
JsonObject json_of(const Entity& value);
JsonObject json_of(const Relation& value);
JsonObject json_of(const Input& value);
JsonObject json_of(const Guard& value);
JsonObject json_of(const Effect& value);
JsonObject json_of(const Operation& value);
JsonObject json_of(const Rule& value);
JsonObject json_of(const Permission& value);
JsonObject json_of(const Actor& value);
JsonObject json_of(const Query& value);
JsonObject json_of(const Nfr& value);
JsonObject json_of(const Assumption& value);
JsonObject json_of(const Question& value);
JsonObject json_of(const Unhandled& value);
JsonObject json_of(const Sentence& value);

template <class T>
JsonArray write_all(const std::vector<T>& items) {
  JsonArray out;
  for (const T& item : items) out.emplace_back(json_of(item));
  return out;
}

JsonObject json_of(const Origin& origin) {
  JsonObject out;
  out["kind"] = to_string(origin.kind);
  put(out, "sentences", origin.sentences);
  if (origin.span) out["span"] = JsonArray{origin.span->first, origin.span->second};
  put(out, "pattern", origin.pattern);
  if (origin.confidence) out["confidence"] = *origin.confidence;
  return out;
}

JsonObject json_of(const Attribute& a) {
  JsonObject out;
  out["id"] = a.id;
  out["type"] = to_string(a.type);
  put_true(out, "required", a.required);
  put_true(out, "unique", a.unique);
  put(out, "unique_within", a.unique_within);
  put(out, "default", a.default_value);
  put(out, "min", a.min);
  put(out, "max", a.max);
  put_true(out, "exclusive_min", a.exclusive_min);
  if (a.step) out["step"] = *a.step;
  if (a.length) out["length"] = JsonArray{a.length->first, a.length->second};
  put(out, "pattern", a.pattern);
  put(out, "values", a.values);
  put(out, "unit", a.unit);
  if (a.scale) out["scale"] = *a.scale;
  put(out, "derived", a.derived);
  if (!a.stored) out["stored"] = false;
  put(out, "generated", a.generated);
  put_true(out, "sensitive", a.sensitive);
  out["origin"] = json_of(a.origin);
  return out;
}

JsonObject json_of(const Transition& transition) {
  JsonObject out;
  out["from"] = transition.from;
  out["to"] = transition.to;
  out["by"] = transition.by;
  out["origin"] = json_of(transition.origin);
  return out;
}

JsonObject json_of(const Entity& entity) {
  JsonObject out;
  out["id"] = entity.id;
  out["name"] = entity.name;
  out["plural"] = entity.plural;
  out["kind"] = to_string(entity.kind);
  put(out, "natural_key", entity.natural_key);
  out["attributes"] = write_all(entity.attributes);
  if (entity.lifecycle) {
    JsonObject cycle;
    cycle["attribute"] = entity.lifecycle->attribute;
    cycle["states"] = json::to_array(entity.lifecycle->states);
    cycle["initial"] = entity.lifecycle->initial;
    put(cycle, "final", entity.lifecycle->final_states);
    cycle["transitions"] = write_all(entity.lifecycle->transitions);
    out["lifecycle"] = std::move(cycle);
  }
  out["on_delete"] = to_string(entity.on_delete);
  out["origin"] = json_of(entity.origin);
  return out;
}

JsonObject json_of(const Relation& relation) {
  JsonObject out;
  out["from"] = relation.from;
  out["to"] = relation.to;
  out["role"] = relation.role;
  out["cardinality"] = to_string(relation.cardinality);
  put_true(out, "required", relation.required);
  put_true(out, "owned", relation.owned);
  put(out, "via", relation.via);
  if (relation.min) out["min"] = *relation.min;
  if (relation.max) out["max"] = *relation.max;
  out["on_delete"] = to_string(relation.on_delete);
  out["origin"] = json_of(relation.origin);
  return out;
}

JsonObject json_of(const Input& input) {
  JsonObject out;
  out["id"] = input.id;
  if (input.ref.empty()) out["type"] = to_string(input.type);
  put(out, "ref", input.ref);
  put_true(out, "required", input.required);
  return out;
}

JsonObject json_of(const Guard& guard) {
  JsonObject out;
  out["id"] = guard.id;
  out["require"] = to_json(guard.require);
  out["error"] = guard.error;
  out["status"] = guard.status;
  out["origin"] = json_of(guard.origin);
  return out;
}

JsonObject json_of(const Effect& effect) {
  JsonObject out;
  out["do"] = to_string(effect.kind);
  put(out, "target", effect.target);
  const bool takes_value = effect.kind == EffectKind::kSet || effect.kind == EffectKind::kInc ||
                           effect.kind == EffectKind::kDec;
  if (takes_value || !effect.value.is_null()) out["value"] = to_json(effect.value);
  put(out, "where", effect.where);
  if (!effect.values.empty()) {
    JsonObject values;
    for (const auto& [name, expr] : effect.values) values[name] = to_json(expr);
    out["values"] = std::move(values);
  }
  out["origin"] = json_of(effect.origin);
  return out;
}

JsonObject json_of(const Operation& operation) {
  JsonObject out;
  out["id"] = operation.id;
  put(out, "verb", operation.verb);
  out["kind"] = to_string(operation.kind);
  out["on"] = operation.on;
  if (!operation.inputs.empty()) out["inputs"] = write_all(operation.inputs);
  if (!operation.guards.empty()) out["guards"] = write_all(operation.guards);
  if (!operation.effects.empty()) out["effects"] = write_all(operation.effects);
  out["atomic"] = operation.atomic;
  if (!operation.schedule_every.empty() || operation.schedule_due) {
    JsonObject schedule;
    put(schedule, "every", operation.schedule_every);
    put(schedule, "due", operation.schedule_due);
    out["schedule"] = std::move(schedule);
  }
  out["origin"] = json_of(operation.origin);
  return out;
}

JsonObject json_of(const Rule& rule) {
  JsonObject out;
  out["id"] = rule.id;
  out["kind"] = rule.kind;
  put(out, "text", rule.text);
  put(out, "canonical", rule.canonical);
  if (rule.params.is_object() && !rule.params.get_object().empty()) out["params"] = rule.params;
  put(out, "expr", rule.expr);
  out["enforced_in"] = json::to_array(rule.enforced_in);
  put(out, "tests", rule.tests);
  out["origin"] = json_of(rule.origin);
  return out;
}

JsonObject json_of(const Permission& permission) {
  JsonObject out;
  out["actor"] = permission.actor;
  out["effect"] = permission.allow ? "allow" : "deny";
  out["operation"] = permission.operation;
  put(out, "rows", permission.rows);
  put(out, "fields", permission.fields);
  out["origin"] = json_of(permission.origin);
  return out;
}

JsonObject json_of(const Actor& actor) {
  JsonObject out;
  out["id"] = actor.id;
  out["name"] = actor.name;
  put(out, "inherits", actor.inherits);
  put(out, "entity", actor.entity);
  out["origin"] = json_of(actor.origin);
  return out;
}

JsonObject json_of(const Query& query) {
  JsonObject out;
  out["id"] = query.id;
  out["kind"] = to_string(query.kind);
  out["on"] = query.on;
  put(out, "by", query.by);
  put(out, "where", query.where);
  put(out, "group_by", query.group_by);
  put(out, "measure", query.measure);
  put(out, "sort", query.sort);
  if (query.limit) out["limit"] = *query.limit;
  if (query.format != "json") put(out, "format", query.format);
  out["origin"] = json_of(query.origin);
  return out;
}

JsonObject json_of(const Nfr& nfr) {
  JsonObject out;
  out["kind"] = nfr.kind;
  out["text"] = nfr.text;
  put(out, "measure", nfr.measure);
  out["origin"] = json_of(nfr.origin);
  out["how"] = nfr.how;
  return out;
}

JsonObject json_of(const Assumption& assumption) {
  JsonObject out;
  out["id"] = assumption.id;
  out["text"] = assumption.text;
  out["affects"] = json::to_array(assumption.affects);
  out["alternative"] = assumption.alternative;
  put(out, "reason", assumption.reason);
  return out;
}

JsonObject json_of(const Question& question) {
  JsonObject out;
  out["id"] = question.id;
  out["text"] = question.text;
  out["sentence"] = question.sentence;
  put(out, "options", question.options);
  out["default_taken"] = question.default_taken;
  put(out, "risk", question.risk);
  return out;
}

JsonObject json_of(const Unhandled& unhandled) {
  JsonObject out;
  out["sentence"] = unhandled.sentence;
  out["text"] = unhandled.text;
  out["why"] = unhandled.why;
  put(out, "closest_pattern", unhandled.closest_pattern);
  return out;
}

JsonObject json_of(const Sentence& sentence) {
  JsonObject out;
  out["id"] = sentence.id;
  out["begin"] = sentence.begin;
  out["end"] = sentence.end;
  out["status"] = to_string(sentence.status);
  put(out, "unused", sentence.unused);
  return out;
}

}  // namespace

Json to_json(const Spec& spec) {
  JsonObject product;
  product["name"] = spec.name;
  product["summary"] = spec.summary;
  product["verdict"] = to_string(spec.verdict);
  put(product, "stack_requested", spec.stack_requested);
  JsonObject source;
  source["text"] = spec.text;
  source["sentences"] = write_all(spec.sentences);
  JsonObject out;
  out["im"] = "0.1";
  out["product"] = std::move(product);
  out["source"] = std::move(source);
  out["actors"] = write_all(spec.actors);
  out["entities"] = write_all(spec.entities);
  out["relations"] = write_all(spec.relations);
  out["operations"] = write_all(spec.operations);
  out["rules"] = write_all(spec.rules);
  out["permissions"] = write_all(spec.permissions);
  out["queries"] = write_all(spec.queries);
  out["nfr"] = write_all(spec.nfr);
  out["assumptions"] = write_all(spec.assumptions);
  out["questions"] = write_all(spec.questions);
  out["unhandled"] = write_all(spec.unhandled);
  return out;
}

}  // namespace cadre::spec
