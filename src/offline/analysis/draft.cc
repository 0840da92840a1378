#include "offline/analysis/draft.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "base/latin.h"
#include "base/text.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/scan.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

std::string singular_name(std::string_view name) {
  const auto space = name.rfind(' ');
  if (space == std::string_view::npos) return text::singular(name);
  return std::string(name.substr(0, space + 1)) + text::singular(name.substr(space + 1));
}

// As people read it: "e-mail" is "e mail", "café" keeps its accent.
std::string shown_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c & '\x80') != 0 || c == ' ' || std::isalnum(static_cast<unsigned char>(c)) != 0;
  };
  const bool accents = text::fold_latin(name) != name && name.size() <= 50;
  if (accents && std::all_of(name.begin(), name.end(), plain)) return std::string(name);
  return text::replace_all(plain_snake(name), "_", " ");
}

// What "the stock" may be.
bool is_stock(std::string_view attribute) {
  return attribute == "quantity_on_hand" || attribute == "quantity_in_stock" ||
         attribute == "stock_quantity" || attribute == "in_stock" || attribute == "on_hand";
}

std::string plural_name(std::string_view name) {
  const auto space = name.rfind(' ');
  if (space == std::string_view::npos) return text::plural(name);
  return std::string(name.substr(0, space + 1)) + text::plural(name.substr(space + 1));
}

}  // namespace

Draft::Draft(const Brief& text) : brief(text) {
  spec.text = text.text;
  for (const auto& s : text.sentences) {
    claimed_.emplace_back(s.tokens.size(), false);
    spec::Sentence sentence;
    sentence.id = s.id;
    sentence.begin = s.begin;
    sentence.end = s.end;
    spec.sentences.push_back(std::move(sentence));
    // Words of other scripts are understood by nobody, whatever stands around them.
    const int index = static_cast<int>(spec.sentences.size()) - 1;
    for (int t = 0; t < static_cast<int>(s.tokens.size()); ++t) {
      if (text::has_foreign_letters(s.tokens[static_cast<std::size_t>(t)].text))
        poison({index, t, t});
    }
  }
}

spec::Origin Draft::stated(Range range, std::string pattern, double confidence) const {
  spec::Origin origin;
  origin.kind = spec::OriginKind::kStated;
  const auto& s = sentence(range.sentence);
  origin.sentences = {s.id};
  if (!s.tokens.empty()) {
    const int size = static_cast<int>(s.tokens.size());
    const int first = std::clamp(range.first, 0, size - 1);
    const int last = std::clamp(range.last, first, size - 1);
    origin.span = {s.tokens[static_cast<std::size_t>(first)].begin,
                   s.tokens[static_cast<std::size_t>(last)].end};
  }
  origin.pattern = std::move(pattern);
  origin.confidence = confidence;
  return origin;
}

spec::Origin Draft::implied(Range range, std::string pattern) const {
  auto origin = stated(range, std::move(pattern), 0.8);
  origin.kind = spec::OriginKind::kImplied;
  return origin;
}

spec::Origin Draft::assumed() {
  spec::Origin origin;
  origin.kind = spec::OriginKind::kAssumed;
  return origin;
}

spec::Origin Draft::convention() {
  spec::Origin origin;
  origin.kind = spec::OriginKind::kConvention;
  return origin;
}

std::string Draft::words(Range range) const {
  const auto origin = stated(range, "");
  if (!origin.span) return {};
  const auto [begin, end] = *origin.span;
  return brief.text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

void Draft::claim(Range range) {
  for (int t = range.first; t <= range.last; ++t) claim(range.sentence, t);
}

void Draft::claim(int sentence, int token) {
  auto& row = claimed_[static_cast<std::size_t>(sentence)];
  if (token >= 0 && token < static_cast<int>(row.size())) {
    row[static_cast<std::size_t>(token)] = true;
  }
}

bool Draft::claimed(int sentence, int token) const {
  const auto& row = claimed_[static_cast<std::size_t>(sentence)];
  return token >= 0 && token < static_cast<int>(row.size()) && row[static_cast<std::size_t>(token)];
}

void Draft::poison(Range range) {
  for (int t = range.first; t <= range.last; ++t) poisoned_.insert({range.sentence, t});
}

bool Draft::any_claimed(Range range) const {
  for (int t = range.first; t <= range.last; ++t) {
    if (claimed(range.sentence, t)) return true;
  }
  return false;
}

const spec::Entity* Draft::find(std::string_view id) const {
  const auto it = positions_.find(id);
  return it == positions_.end() ? nullptr : &spec.entities[it->second];
}

std::string Draft::entity_named(std::string_view name) const {
  if (name.empty()) return {};
  const auto& words = forms_.of(name);
  if (const auto first = entity_names_.first(words)) return spec.entities[*first].id;
  for (const auto& [id, names] : aliases_) {
    for (const auto& alias : names) {
      if (same_words(forms_.of(alias), words)) return id;
    }
  }
  // "session" for the one "training session" there is.
  if (name.find(' ') != std::string_view::npos || is_product_noun(name) || !may_be_entity(name))
    return {};
  std::string found;
  for (const auto position : entity_heads_.all(words)) {
    const auto& entity = spec.entities[position];
    if (entity.kind == spec::EntityKind::kAssociation) continue;
    if (!found.empty()) return {};
    found = entity.id;
  }
  return found;
}

void Draft::index_entity(const spec::Entity& entity, std::size_t position) {
  positions_.emplace(entity.id, position);
  entity_names_.add(position, forms_.of(entity.name));
  const auto space = entity.name.rfind(' ');
  if (space != std::string::npos) {
    entity_heads_.add(position, forms_.of(std::string_view(entity.name).substr(space + 1)));
  }
  ++changes_;
}

void Draft::add_alias(std::string_view id, std::string_view name) {
  note(id).aliases.emplace_back(name);
  aliases_[std::string(id)].emplace_back(name);
  ++changes_;
}

std::string Draft::add_entity(std::string_view name, spec::Origin origin, spec::EntityKind kind) {
  const std::string clean = singular_name(text::lower(text::trim(name)));
  if (const auto id = entity_named(clean); !id.empty()) {
    auto& known = entity(id).origin;
    if (known.kind != spec::OriginKind::kStated && origin.kind == spec::OriginKind::kStated) {
      known = origin;
    } else if (origin.kind == spec::OriginKind::kStated) {
      for (const auto& s : origin.sentences) {
        if (std::find(known.sentences.begin(), known.sentences.end(), s) == known.sentences.end()) {
          known.sentences.push_back(s);
        }
      }
    }
    return id;
  }
  spec::Entity made;
  made.id = safe_pascal(clean);
  while (has_entity(made.id)) made.id += "2";
  made.name = shown_name(clean);
  made.plural = plural_name(made.name);
  made.kind = kind;
  made.origin = std::move(origin);
  notes[made.id].name = made.name;
  spec.entities.push_back(made);
  index_entity(made, spec.entities.size() - 1);
  return made.id;
}

spec::Entity& Draft::entity(std::string_view id) {
  return *const_cast<spec::Entity*>(find(id));
}

bool Draft::has_entity(std::string_view id) const { return find(id) != nullptr; }

spec::Attribute* Draft::attribute(std::string_view entity_id, std::string_view id) {
  const auto* owner = find(entity_id);
  return owner == nullptr ? nullptr : const_cast<spec::Attribute*>(find_attribute(*owner, id));
}

spec::Attribute& Draft::add_attribute(std::string_view entity_id, std::string_view name,
                                      spec::Origin origin, bool number_of) {
  const std::string id = safe_snake(name) == "id" ? "code" : safe_snake(name);
  if (auto* known = attribute(entity_id, id)) {
    if (known->origin.kind != spec::OriginKind::kStated &&
        origin.kind == spec::OriginKind::kStated) {
      known->origin = std::move(origin);
    }
    return *known;
  }
  spec::Attribute made;
  made.id = id;
  const auto guess = guess_type(name, number_of);
  made.type = guess.type;
  if (guess.count) made.min = Expr::of(0);
  made.required = origin.kind == spec::OriginKind::kStated && !guess.optional &&
                  guess.type != spec::Type::kBool;
  if (guess.type == spec::Type::kBool) {
    made.required = true;
    made.default_value = Expr::of(false);
  }
  made.origin = std::move(origin);
  const auto position = positions_.find(entity_id)->second;
  attribute_words_.add(position, id);
  attribute_words_.add(position, forms_.of(id).safe_singular);
  if (is_stock(id)) attribute_words_.add(position, "stock");
  ++changes_;
  auto& owner = spec.entities[position];
  owner.attributes.push_back(std::move(made));
  return owner.attributes.back();
}

void Draft::remove_attributes(std::string_view entity_id,
                              const std::function<bool(const spec::Attribute&)>& which) {
  if (std::erase_if(entity(entity_id).attributes, which) > 0) ++changes_;
}

std::string Draft::attribute_named(std::string_view entity_id, std::string_view name) const {
  const auto* owner = find(entity_id);
  return owner == nullptr || name.empty() ? std::string{} : attribute_of(*owner, forms_.of(name));
}

std::string Draft::attribute_of(const spec::Entity& owner, const NameForms& name) const {
  const auto& id = name.safe;
  if (id == "stock") {
    for (const auto& a : owner.attributes) {
      if (is_stock(a.id)) return a.id;
    }
  }
  for (const auto& a : owner.attributes) {
    if (a.id == id || a.id == name.safe_plural || a.id == name.safe_singular ||
        forms_.of(a.id).safe_singular == id) {
      return a.id;
    }
  }
  return {};
}

bool Draft::mention_attribute(std::string_view name, Mention* mention) const {
  const auto& words = forms_.of(name);
  std::vector<std::size_t> positions;
  for (const auto& word : {words.safe, words.safe_plural, words.safe_singular}) {
    attribute_words_.find(word, &positions);
  }
  sort_positions(&positions);
  for (const auto position : positions) {
    const auto& owner = spec.entities[position];
    auto attribute = attribute_of(owner, words);
    if (attribute.empty()) continue;
    mention->kind = Mention::Kind::kAttribute;
    mention->entity = owner.id;
    mention->attribute = std::move(attribute);
    return true;
  }
  return false;
}

spec::Relation* Draft::relation(std::string_view from, std::string_view role) {
  return const_cast<spec::Relation*>(find_relation(spec, from, role));
}

spec::Relation* Draft::relation_to(std::string_view from, std::string_view to) {
  for (auto& r : spec.relations) {
    if (r.from == from && r.to == to && r.cardinality != spec::Cardinality::kManyToMany) return &r;
  }
  return nullptr;
}

spec::Relation& Draft::relate(std::string_view from, std::string_view to, std::string role,
                              spec::Origin origin) {
  const std::string id = safe_role(role.empty() ? notes[std::string(to)].name : role);
  if (auto* known = relation(from, id)) return *known;
  spec::Relation made;
  made.from = from;
  made.to = to;
  made.role = id;
  made.required = true;
  made.origin = std::move(origin);
  // The words are the reference now, not a plain field of the same name.
  remove_attributes(from, [&](const auto& a) { return a.id == id; });
  spec.relations.push_back(std::move(made));
  return spec.relations.back();
}

std::string Draft::actor_named(std::string_view name) const {
  const auto first = actor_names_.first(forms_.of(name));
  return first ? spec.actors[*first].id : std::string{};
}

void Draft::remove_actor(std::string_view id) {
  if (std::erase_if(spec.actors, [&](const auto& a) { return a.id == id; }) == 0) return;
  actor_names_.clear();
  for (std::size_t i = 0; i < spec.actors.size(); ++i) {
    actor_names_.add(i, forms_.of(spec.actors[i].name));
  }
  ++changes_;
}

std::string Draft::add_actor(std::string_view name, spec::Origin origin) {
  const std::string clean = singular_name(text::lower(text::trim(name)));
  if (const auto id = actor_named(clean); !id.empty()) return id;
  spec::Actor actor;
  actor.id = safe_role(clean);
  actor.name = shown_name(clean);
  actor.origin = std::move(origin);
  spec.actors.push_back(actor);
  actor_names_.add(spec.actors.size() - 1, forms_.of(actor.name));
  ++changes_;
  return actor.id;
}

spec::Operation* Draft::operation(std::string_view id) {
  return const_cast<spec::Operation*>(find_operation(spec, id));
}

spec::Operation* Draft::operation_on(std::string_view entity_id, std::string_view verb) {
  for (auto& o : spec.operations) {
    if (o.on == entity_id && o.verb == verb) return &o;
  }
  return nullptr;
}

spec::Operation& Draft::add_operation(spec::OperationKind kind, std::string_view entity_id,
                                      std::string_view verb, spec::Origin origin) {
  if (auto* known = operation_on(entity_id, verb)) return *known;
  const auto& on = entity(entity_id);
  const auto verb_id = plain_snake(verb);
  std::string noun = plain_snake(on.name);
  const auto& about = notes[on.id];
  if (kind == spec::OperationKind::kEventCreate || kind == spec::OperationKind::kEventClose) {
    if (!about.object_role.empty()) noun = about.object_role;
    if (verb_id == "create" || verb_id == "end" || verb_id == "cancel") noun = plain_snake(on.name);
  }
  if (kind == spec::OperationKind::kList) noun = plain_snake(on.plural);
  std::string id = safe_role(verb_id + "_" + noun);
  if (operation(id) != nullptr) id = verb_id + "_" + plain_snake(on.name);
  while (operation(id) != nullptr) id += "_2";
  spec::Operation made;
  made.id = id;
  made.verb = verb_id;
  made.kind = kind;
  made.on = entity_id;
  made.origin = std::move(origin);
  spec.operations.push_back(std::move(made));
  return spec.operations.back();
}

spec::Operation* Draft::creator_of(std::string_view entity_id) {
  spec::Operation* standard = nullptr;
  for (auto& o : spec.operations) {
    if (o.on != entity_id) continue;
    if (o.kind == spec::OperationKind::kEventCreate) return &o;
    if (o.kind == spec::OperationKind::kCreate) standard = &o;
  }
  return standard;
}

spec::Rule& Draft::add_rule(std::string kind, Range range, std::string recogniser,
                            std::string canonical, JsonObject params, bool claims) {
  constexpr double confidence = 0.9;
  spec::Rule rule;
  rule.id = "R" + std::to_string(spec.rules.size() + 1);
  rule.kind = std::move(kind);
  rule.text = words(range);
  rule.canonical = std::move(canonical);
  rule.params = std::move(params);
  rule.enforced_in = {"service"};
  rule.origin = stated(range, std::move(recogniser), confidence);
  if (claims) claim(range);
  spec.rules.push_back(std::move(rule));
  return spec.rules.back();
}

void Draft::assume(std::string what, std::vector<std::string> affects, std::string alternative,
                   std::string reason) {
  for (const auto& a : spec.assumptions) {
    if (a.text == what) return;
  }
  spec.assumptions.push_back({"A" + std::to_string(spec.assumptions.size() + 1), std::move(what),
                              std::move(affects), std::move(alternative), std::move(reason)});
}

void Draft::ask(std::string what, int sentence_index, std::vector<std::string> options,
                std::string default_taken, std::string risk) {
  for (const auto& q : spec.questions) {
    if (q.text == what) return;
  }
  spec.questions.push_back({"", std::move(what), sentence(sentence_index).id, std::move(options),
                            std::move(default_taken), std::move(risk)});
}

void Draft::leave(int sentence_index, std::string what, std::string why, std::string closest) {
  const auto& id = sentence(sentence_index).id;
  for (const auto& u : spec.unhandled) {
    if (u.sentence == id && u.text == what) return;
  }
  spec.unhandled.push_back({id, std::move(what), std::move(why), std::move(closest)});
}

Expr self(std::string path) { return Expr::call("self", {Expr::string(std::move(path))}); }
Expr old(std::string path) { return Expr::call("old", {Expr::string(std::move(path))}); }
Expr row(std::string path) { return Expr::call("row", {Expr::string(std::move(path))}); }
Expr arg(std::string path) { return Expr::call("arg", {Expr::string(std::move(path))}); }
Expr eq(Expr a, Expr b) { return op("=", std::move(a), std::move(b)); }
Expr op(std::string name, Expr a, Expr b) {
  return Expr::call(std::move(name), {std::move(a), std::move(b)});
}
Expr negate(Expr a) { return Expr::call("not", {std::move(a)}); }
Expr count(std::string entity, std::optional<Expr> filter) {
  std::vector<Expr> args{Expr::string(std::move(entity))};
  if (filter) args.push_back(std::move(*filter));
  return Expr::call("count", std::move(args));
}
Expr both(std::optional<Expr> a, Expr b) {
  if (!a) return b;
  return Expr::call("and", {std::move(*a), std::move(b)});
}

Expr number(double value) {
  if (std::floor(value) == value && std::abs(value) < 9e15) {
    return Expr::of(static_cast<std::int64_t>(value));
  }
  return Expr::decimal(fmt::format("{}", value));
}

std::optional<Expr> open_filter(Draft& draft, const std::string& id) {
  const auto& entity = draft.entity(id);
  if (entity.lifecycle && !entity.lifecycle->final_states.empty()) {
    std::vector<Expr> args{row(entity.lifecycle->attribute)};
    for (const auto& state : entity.lifecycle->final_states) args.push_back(Expr::string(state));
    return negate(Expr::call("in", std::move(args)));
  }
  const auto& closed = draft.note(id).closed;
  if (!closed.empty()) return Expr::call("is_null", {row(closed)});
  return std::nullopt;
}

std::optional<Expr> live_filter(Draft& draft, const std::string& id) {
  const auto& cycle = draft.entity(id).lifecycle;
  if (!cycle) return open_filter(draft, id);
  static constexpr std::string_view kOver[] = {
      "cancelled", "canceled", "rejected", "declined", "refused", "withdrawn", "expired",
      "returned", "checked out", "closed", "finished", "completed", "done", "refunded", "no-show",
      "dropped", "denied", "ended", "archived", "deleted", "released", "over"};
  std::vector<Expr> args{row(cycle->attribute)};
  for (const auto& state : cycle->states) {
    for (const auto over : kOver) {
      if (state == over) args.push_back(Expr::string(state));
    }
  }
  if (args.size() == 1) return std::nullopt;
  return negate(Expr::call("in", std::move(args)));
}

std::string error_code(std::string_view words) { return plain_snake(words); }

std::string verb_words(std::string_view verb) {
  return text::replace_all(std::string(verb), "_", " ");
}

std::vector<Mention> Draft::mentions(int index) const {
  if (mentions_.empty()) mentions_.resize(brief.sentences.size());
  auto& seen = mentions_[static_cast<std::size_t>(index)];
  if (seen.changes != changes_) {
    const Scan scan(sentence(index));
    seen.mentions = mentions_between(scan, 0, scan.size() - 1);
    seen.changes = changes_;
  }
  return seen.mentions;
}

std::vector<Mention> Draft::mentions_between(const Scan& scan, int first, int last) const {
  std::vector<Mention> found;
  for (int i = first; i <= last; ++i) {
    Mention best;
    bool any = false;
    std::string lemmas;
    for (int j = i; j <= last && j < i + 4; ++j) {
      const auto& t = scan.at(j);
      if (t.tag == Tag::kPunctuation) break;
      if (!lemmas.empty()) lemmas += ' ';
      lemmas += t.lemma.empty() ? t.lower : t.lemma;
      Mention mention;
      mention.first = i;
      mention.last = j;
      mention.entity = entity_named(lemmas);
      mention.actor = actor_named(lemmas);
      if (!mention.entity.empty() || !mention.actor.empty()) {
        mention.kind = mention.entity.empty() ? Mention::Kind::kActor : Mention::Kind::kEntity;
        best = mention;
        any = true;
        continue;
      }
      if (!mention_attribute(lemmas, &mention)) continue;
      best = mention;
      any = true;
    }
    if (!any) continue;
    found.push_back(best);
    i = best.last;
  }
  return found;
}

}  // namespace cadre::offline::analysis
