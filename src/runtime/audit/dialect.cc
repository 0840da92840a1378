#include "runtime/audit/dialect.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/json_schema.h"
#include "base/text.h"

namespace cadre::audit {
namespace {

using spec::Type;

std::string key_text(const JsonObject::value_type& member) {
  return {member.key().data(), member.key().size()};
}

std::string scalar_text(const Json& value) {
  return value.is_string() ? std::string(json::as_view(value.get_string())) : json::write(value);
}

std::optional<double> number_of(const Json& value) {
  if (value.is_number()) return value.to_number<double>();
  if (!value.is_string()) return std::nullopt;
  const std::string_view text = json::as_view(value.get_string());
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

bool counts_small_units(std::string_view name) {
  const Words words = words_of(name);
  return std::ranges::any_of(words, [](const std::string& word) {
    return word == "cent" || word == "minor" || word == "pence";
  });
}

// Every form in which their contract may want the value, the likeliest first.
std::vector<Json> forms_of(Type type, const Json& value, const TheirField& theirs) {
  std::vector<Json> forms;
  const std::string wanted = type_of(theirs.schema);
  const auto number = number_of(value);
  const bool amount = type == Type::kMoney || type == Type::kDecimal;
  if (amount && number && counts_small_units(theirs.name)) {
    return {Json(static_cast<std::int64_t>(std::llround(*number * 100)))};
  }
  if (amount && number && (wanted == "number" || wanted == "integer")) {
    const double whole = std::round(*number);
    if (std::abs(whole - *number) < 1e-9) forms.emplace_back(static_cast<std::int64_t>(whole));
    if (wanted == "number") forms.insert(forms.begin(), Json(*number));
    return forms;
  }
  if (wanted == "string" && !value.is_string()) forms.emplace_back(scalar_text(value));
  forms.push_back(value);
  if (value.is_string() && type == Type::kDate) {
    forms.emplace_back(scalar_text(value) + "T00:00:00Z");
  }
  if (value.is_string() && type == Type::kTime) forms.emplace_back(scalar_text(value) + ":00");
  return forms;
}

bool accepts(const Json& schema, const Json& value) {
  if (!schema.is_object()) return true;
  const auto compiled = JsonSchema::compile(schema);
  return !compiled || compiled->validate(value).empty();
}

// A value of the same shape that names nothing.
Json nobody(const Json& known) {
  if (!known.is_string()) return 987'654'321;
  std::string text(json::as_view(known.get_string()));
  const bool uuid = text.size() == 36 && text[8] == '-' && text[23] == '-';
  for (char& c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c >= '0' && c <= '9') c = uuid ? '7' : '9';
    else if (letter && !uuid) c = 'z';
  }
  return Json(text.empty() ? "nobody" : text);
}

bool plain(const Json& value) { return !value.is_object() && !value.is_array(); }

std::string instant(std::string_view text) {
  std::string out(text.substr(0, 19));
  if (out.size() > 10 && out[10] == ' ') out[10] = 'T';
  if (out.size() == 16) out += ":00";
  return out + "Z";
}

bool same_instant(const Json& expected, const Json& theirs) {
  if (!expected.is_string() || !theirs.is_string()) return expected == theirs;
  const auto a = spec::parse_datetime(instant(json::as_view(expected.get_string())));
  const auto b = spec::parse_datetime(instant(json::as_view(theirs.get_string())));
  // The service takes the time from its own clock.
  return a && b && std::abs(a->number - b->number) <= 120;
}

bool same_amount(const Json& expected, const Json& theirs, int scale, const std::string& key) {
  const auto a = number_of(expected), b = number_of(theirs);
  if (!a || !b) return false;
  const double got = counts_small_units(key) ? *b / 100 : *b;
  return std::abs(*a - got) <= 0.5 * std::pow(10.0, -scale) + 1e-9;
}

}  // namespace

void add_parameter(const std::string& name, const Json& value, spec::HttpRequest& request) {
  const char joint = request.target.find('?') == std::string::npos ? '?' : '&';
  request.target += fmt::format("{}{}={}", joint, spec::percent_encode(name),
                                spec::percent_encode(scalar_text(value)));
}

const Words& Dialect::entity_words(const std::string& entity) const {
  const auto at = words_.find(entity);
  if (at != words_.end()) return at->second;
  const spec::Entity* found = spec::find_entity(spec_, entity);
  return words_.emplace(entity, words_of(found == nullptr ? entity : found->name)).first->second;
}

std::optional<Json> Dialect::value_of(const Slot& slot, const spec::Field* ours,
                                      const Json& value) const {
  if (ours == nullptr) return std::nullopt;
  if (value.is_null()) {
    return accepts(slot.field.schema, value) ? std::optional<Json>(value) : std::nullopt;
  }
  const bool ours_has_it = ours->attribute == nullptr ||
                           std::ranges::find(ours->attribute->values, scalar_text(value)) !=
                               ours->attribute->values.end();
  if (ours->type == Type::kEnum && value.is_string() && ours_has_it) {
    Json word = their_word(slot.field.schema, scalar_text(value));
    return word.is_null() ? std::nullopt : std::optional<Json>(std::move(word));
  }
  const auto forms = forms_of(ours->type, value, slot.field);
  for (const Json& form : forms) {
    if (accepts(slot.field.schema, form)) return form;
  }
  // What their contract forbids may still have to be said, to see that it is refused.
  return forms.empty() ? std::nullopt : std::optional<Json>(forms.front());
}

std::optional<Json> Dialect::key_value(const std::string& entity, std::int64_t id,
                                       const Slot& slot) const {
  const auto at = rows_.find({entity, id});
  if (at == rows_.end() || !at->second.is_object()) return std::nullopt;
  const Json& row = at->second;
  std::vector<std::string> names;
  if (slot.key.empty()) {
    names = {slot.field.name, "id", "_id", "uuid"};
  } else {
    names = {text::join(slot.key, "_"), slot.field.name};
  }
  for (const std::string& name : names) {
    const Json* found = json::find(row, name);
    if (found != nullptr && plain(*found) && !found->is_null()) return *found;
  }
  for (const auto& member : row.get_object()) {
    const Words words = without(words_of(key_text(member)), entity_words(entity));
    const bool fits = slot.key.empty() ? words == Words{"id"} : words == slot.key;
    if (fits && plain(member.value()) && !member.value().is_null()) return member.value();
  }
  return std::nullopt;
}

std::optional<Json> Dialect::slot_value(const Slot& slot, const spec::Endpoint& endpoint,
                                        const spec::Request& request, const Json& ours) const {
  if (slot.kind == SlotKind::kConstant || slot.kind == SlotKind::kFiller) return slot.value;
  if (slot.kind == SlotKind::kKey) {
    const auto known = key_value(slot.entity, std::strtoll(request.row.c_str(), nullptr, 10), slot);
    return known;
  }
  const Json* value = json::find(ours, slot.ours);
  if (value == nullptr) return std::nullopt;
  if (slot.kind == SlotKind::kReference) {
    if (value->is_null()) return *value;
    return value->is_int64() ? key_value(slot.entity, value->get_int64(), slot) : std::nullopt;
  }
  const auto field = std::ranges::find(endpoint.body, slot.ours, &spec::Field::name);
  return value_of(slot, field == endpoint.body.end() ? nullptr : &*field, *value);
}

Json Dialect::shown(const std::string& entity, std::int64_t id, const std::string& field) const {
  const auto at = rows_.find({entity, id});
  if (at == rows_.end()) return nullptr;
  const std::string key = key_of_field(entity, field, at->second);
  const Json* value = key.empty() ? nullptr : json::find(at->second, key);
  return value == nullptr || !plain(*value) ? Json() : *value;
}

Encoded Dialect::encode(const spec::Interpreter& world, const spec::Request& request,
                        const std::string& stranger) const {
  Encoded out;
  const auto at = mapping_.operations.find(request.operation);
  const spec::Endpoint* endpoint = spec::find_endpoint(world.contract(), request.operation);
  if (at == mapping_.operations.end() || endpoint == nullptr) {
    out.why_not = "the contract has no operation for it";
    return out;
  }
  const MappedOperation& mapped = at->second;
  const Json ours = values_of(world, request, *endpoint, mapped);
  out.request.method = mapped.theirs.method;
  out.request.target = mapped.theirs.path;
  const auto said = [&](const Slot& slot) {
    auto value = slot_value(slot, *endpoint, request, ours);
    if (value && !value->is_null() && slot.field.name == stranger) {
      value = nobody(*value);
      out.strange = true;
    }
    return value;
  };
  const auto lost = [&](const Slot& slot) {
    out.why_not = fmt::format("{} cannot be said as \"{}\"",
                              slot.ours.empty() ? "the row" : slot.ours, slot.field.name);
    return out;
  };
  for (const Slot& slot : mapped.path) {
    const auto value = said(slot);
    if (!value || value->is_null()) return lost(slot);
    out.request.target = text::replace_all(out.request.target, "{" + slot.field.name + "}",
                                           spec::percent_encode(scalar_text(*value)));
  }
  for (const Slot& slot : mapped.query) {
    const auto value = said(slot);
    if (!value) return lost(slot);
    add_parameter(slot.field.name, *value, out.request);
  }
  for (const Slot& slot : mapped.headers) {
    const auto value = said(slot);
    if (value) out.request.headers.emplace_back(slot.field.name, scalar_text(*value));
  }
  if (mapped.theirs.body_schema.is_null() && mapped.body.empty()) return out;
  JsonObject body;
  for (const Slot& slot : mapped.body) {
    const bool given = slot.kind != SlotKind::kInput && slot.kind != SlotKind::kReference;
    if (!given && json::find(ours, slot.ours) == nullptr) continue;
    const auto value = said(slot);
    if (!value) return lost(slot);
    if (value->is_null() && request.body && !mapped.whole_row && out.request.method == "POST") {
      continue;
    }
    body[slot.field.name] = *value;
  }
  out.body = std::move(body);
  out.request.body = json::write(out.body);
  out.request.headers.emplace_back("Content-Type", "application/json");
  return out;
}

// What is to be said: the request's own values, and of a row that is put as a whole all of them.
Json Dialect::values_of(const spec::Interpreter& world, const spec::Request& request,
                        const spec::Endpoint& endpoint, const MappedOperation& mapped) {
  Json ours = request.body ? *request.body : Json(JsonObject{});
  if (!mapped.whole_row) return ours;
  const auto id = std::strtoll(request.row.c_str(), nullptr, 10);
  Json row = world.row_json(endpoint.entity, id, request.now);
  if (!row.is_object()) return ours;
  for (const auto& member : ours.get_object()) row.get_object()[member.key()] = member.value();
  return row;
}

const Json* Dialect::row_of(const Json& body) {
  const Json* at = &body;
  for (int depth = 0; depth < 3; ++depth) {
    if (!at->is_object()) return nullptr;
    const JsonObject& object = at->get_object();
    const auto scalars =
        std::ranges::count_if(object, [](const auto& member) { return plain(member.value()); });
    const auto inner = std::ranges::find_if(
        object, [](const auto& member) { return member.value().is_object(); });
    // {"data": {...}}, {"loan": {...}, "message": "made"}: what is inside is the row.
    const bool wrapped = inner != object.end() && object.if_contains("id") == nullptr &&
                         scalars <= 2 &&
                         inner->value().get_object().size() > static_cast<std::size_t>(scalars);
    if (!wrapped) return object.empty() ? nullptr : at;
    at = &inner->value();
  }
  return at;
}

const JsonArray* Dialect::list_of(const Json& body) {
  if (body.is_array()) return &body.get_array();
  if (!body.is_object()) return nullptr;
  const JsonArray* found = nullptr;
  for (const auto& member : body.get_object()) {
    if (member.value().is_object() && found == nullptr) found = list_of(member.value());
    if (!member.value().is_array()) continue;
    if (found != nullptr) return nullptr;
    found = &member.value().get_array();
  }
  return found;
}

bool Dialect::looks_like(const std::string& entity, const Json& row) const {
  const spec::Entity* found = spec::find_entity(spec_, entity);
  if (found == nullptr || !row.is_object()) return false;
  std::size_t all = 0, there = 0;
  for (const spec::Attribute& attribute : found->attributes) {
    ++all;
    there += key_of_field(entity, attribute.id, row).empty() ? 0U : 1U;
  }
  for (const spec::Relation* relation : spec::relations_of(spec_, entity)) {
    ++all;
    there += key_of_field(entity, relation->role + "_id", row).empty() ? 0U : 1U;
  }
  return there > 0 && there * 3 >= all;
}

void Dialect::learn(const std::string& entity, std::int64_t id, const Json& row) {
  Json& known = rows_[{entity, id}];
  if (!known.is_object()) known = JsonObject{};
  if (!row.is_object()) return;
  for (const auto& member : row.get_object()) known.get_object()[member.key()] = member.value();
}

void Dialect::relearn(const std::string& entity, std::int64_t id, const MappedOperation& mapped,
                      const Json& sent) {
  const auto at = rows_.find({entity, id});
  if (at == rows_.end() || !at->second.is_object() || !sent.is_object()) return;
  for (const Slot& slot : mapped.body) {
    const Json* value = json::find(sent, slot.field.name);
    const bool given = slot.kind == SlotKind::kInput || slot.kind == SlotKind::kReference;
    if (!given || value == nullptr || value->is_null()) continue;
    const std::string key = key_of_field(entity, slot.ours, at->second);
    if (!key.empty()) at->second.get_object()[key] = *value;
  }
}

bool Dialect::is_row(const std::string& entity, std::int64_t id, const Json& row) const {
  return same_reference(entity, id, row);
}

bool Dialect::same_reference(const std::string& entity, std::int64_t id,
                             const Json& theirs) const {
  const auto at = rows_.find({entity, id});
  if (at == rows_.end()) return false;
  if (theirs.is_object()) {
    for (const auto& member : theirs.get_object()) {
      const Words words = without(words_of(key_text(member)), entity_words(entity));
      const Json* ours = json::find(at->second, key_text(member));
      const bool names = words == Words{"id"} || words == Words{"uuid"};
      if (names && ours != nullptr) return *ours == member.value();
    }
  }
  const spec::Entity* found = spec::find_entity(spec_, entity);
  for (const auto& member : at->second.get_object()) {
    const Words words = without(words_of(key_text(member)), entity_words(entity));
    bool key = words == Words{"id"} || words == Words{"uuid"};
    for (const spec::Attribute& attribute : found->attributes) {
      key = key || (attribute.unique && words_score(words_of(attribute.id), words) == 2);
    }
    if (!key) continue;
    if (theirs.is_object()) {
      const Json* shown = json::find(theirs, key_text(member));
      if (shown != nullptr && *shown == member.value()) return true;
    } else if (scalar_text(member.value()) == scalar_text(theirs)) {
      return true;
    }
  }
  return false;
}

std::string Dialect::key_of_field(const std::string& entity, const std::string& field,
                                  const Json& row) const {
  if (!row.is_object()) return {};
  const JsonObject& object = row.get_object();
  // As it was sent, so it is shown.
  for (const auto& [id, mapped] : mapping_.operations) {
    const spec::Operation* operation = spec::find_operation(spec_, id);
    if (operation == nullptr || operation->on != entity) continue;
    for (const Slot& slot : mapped.body) {
      const bool same = slot.ours == field && object.if_contains(slot.field.name) != nullptr;
      if (same) return slot.field.name;
    }
  }
  const spec::Entity* found = spec::find_entity(spec_, entity);
  const spec::Attribute* attribute =
      found == nullptr ? nullptr : spec::find_attribute(*found, field);
  const Words ours = words_of(field);
  std::string best;
  int best_score = 0, ties = 0;
  for (const auto& member : object) {
    const std::string key = key_text(member);
    const Words words = words_of(key);
    int score = field_score(ours, words, entity_words(entity));
    if (attribute == nullptr && score < 3) {
      const std::string role = field.substr(0, field.size() - 3);
      const spec::Relation* relation = spec::find_relation(spec_, entity, role);
      const Words rest = without(words, {"id"});
      if (relation == nullptr) continue;
      score = rest == words_of(role) || rest == entity_words(relation->to) ? 3 : 0;
    }
    if (attribute != nullptr && found != nullptr && score == 1) {
      // Another field of ours fits it better.
      for (const spec::Attribute& other : found->attributes) {
        if (other.id == field) continue;
        if (field_score(words_of(other.id), words, entity_words(entity)) > 1) score = 0;
      }
      if (!plain(member.value())) score = 0;
    }
    if (score == 0 || score < best_score) continue;
    ties = score == best_score ? ties + 1 : 0;
    best_score = score;
    best = key;
  }
  return ties > 0 && best_score == 1 ? "" : best;
}

bool Dialect::same(const std::string& entity, const std::string& field, const Json& expected,
                   const Json& theirs, const std::string& key) const {
  if (expected.is_null() || theirs.is_null()) {
    const bool empty = theirs.is_string() && theirs.get_string().empty();
    return expected.is_null() && (theirs.is_null() || empty);
  }
  const spec::Entity* found = spec::find_entity(spec_, entity);
  const spec::Attribute* attribute = spec::find_attribute(*found, field);
  if (attribute == nullptr) {
    const spec::Relation* relation =
        spec::find_relation(spec_, entity, field.substr(0, field.size() - 3));
    return relation == nullptr || !expected.is_int64() ||
           same_reference(relation->to, expected.get_int64(), theirs);
  }
  switch (attribute->type) {
    case Type::kBool:
      return theirs.is_bool() ? theirs == expected
                              : number_of(theirs) == (expected.get_bool() ? 1.0 : 0.0);
    case Type::kInt: case Type::kDuration: return number_of(theirs) == number_of(expected);
    case Type::kDecimal: case Type::kMoney:
      return same_amount(expected, theirs, spec::scale_of(*attribute), key);
    case Type::kDate: case Type::kTime:
      return scalar_text(theirs).starts_with(scalar_text(expected));
    case Type::kDatetime: return same_instant(expected, theirs);
    case Type::kEnum:
      return same_word(scalar_text(expected), scalar_text(theirs)) ||
             words_score(words_of(scalar_text(expected)), words_of(scalar_text(theirs))) > 0;
    default: return text::trim(scalar_text(theirs)) == text::trim(scalar_text(expected));
  }
}

// States that their designer calls otherwise cannot be compared.
bool Dialect::other_words(const std::string& entity, const std::string& field,
                          const Json& theirs) const {
  const spec::Attribute* attribute =
      spec::find_attribute(*spec::find_entity(spec_, entity), field);
  if (attribute == nullptr || attribute->type != Type::kEnum || theirs.is_null()) return false;
  return std::ranges::none_of(attribute->values, [&](const std::string& value) {
    return same_word(value, scalar_text(theirs)) ||
           words_score(words_of(value), words_of(scalar_text(theirs))) > 0;
  });
}

std::vector<Difference> Dialect::compare(const std::string& entity, const Json& expected,
                                         const Json& theirs,
                                         std::vector<std::string>& agreed) const {
  std::vector<Difference> out;
  if (!expected.is_object() || !theirs.is_object()) return out;
  for (const auto& member : expected.get_object()) {
    const std::string field = key_text(member);
    if (field == "id" || member.value().is_null()) continue;
    const std::string key = key_of_field(entity, field, theirs);
    if (key.empty()) continue;
    const Json& got = *json::find(theirs, key);
    if (other_words(entity, field, got)) continue;
    if (same(entity, field, member.value(), got, key)) {
      agreed.push_back(field);
      continue;
    }
    out.push_back({field, key, text::shorten(json::write(member.value()), 120),
                   text::shorten(json::write(got), 120)});
  }
  return out;
}

}  // namespace cadre::audit
