// Operations, permissions, queries and rules in canonical English; and what is filled in last.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "spec/canonical_parser.h"

namespace cadre::spec {

// Books can be created, listed and read
void SentenceParser::read_standard_operations(Reader& r) {
  std::string phrase;
  while (!r.sees("can")) phrase += (phrase.empty() ? "" : " ") + r.word("the plural of a record");
  std::string entity = phrases_.entity_of(phrase);
  if (entity.empty()) entity = phrases_.entity_of(text::lower_first(phrase));
  if (entity.empty())
    r.refuse(fmt::format("a record's plural, which \"{}\" is not, before this", phrase));
  const Entity* named = find_entity(names_, entity);
  r.expect("can");
  r.expect("be");
  do {
    const std::string participle = r.word("created, listed, read, updated or deleted");
    const auto it = std::find_if(
        kStandardOperations.begin(), kStandardOperations.end(),
        [&](const StandardOperation& standard) { return standard.participle == participle; });
    if (it == kStandardOperations.end()) {
      r.refuse(fmt::format(
          "created, listed, read, updated or deleted instead of \"{}\" before this", participle));
    }
    Operation operation;
    operation.kind = it->kind;
    operation.verb = it->verb;
    operation.on = entity;
    operation.id = default_operation_id(*named, it->kind, operation.verb);
    with_all_fields_.push_back(spec_.operations.size());
    spec_.operations.push_back(std::move(operation));
  } while (more(r));
}

// To borrow a loan [borrow_book] (new event), give book (required) and member (required)
void SentenceParser::read_operation(Reader& r) {
  Operation out;
  out.verb = r.peek().kind == Token::Kind::kString ? r.next().text : r.phrase_until({"a", "an"});
  if (!r.take("a")) r.expect("an");
  out.on = r.entity();
  std::string id;
  if (r.take("[")) {
    id = r.word("the operation's id");
    r.expect("]");
  }
  r.expect("(");
  do {
    read_operation_facet(r, out);
  } while (r.take(","));
  r.expect(")");
  out.id = id.empty() ? default_operation_id(*find_entity(names_, out.on), out.kind, out.verb) : id;
  r.expect(",");
  r.expect("give");
  const std::size_t index = spec_.operations.size();
  if (r.take_all({"all", "its", "fields"})) {
    with_all_fields_.push_back(index);
  } else if (!r.take("nothing")) {
    do {
      Input input = read_input(r);
      if (input.ref.empty() && input.type == Type::kEnum) {  // stands for "not said"
        untyped_[{index, out.inputs.size()}] = true;
      }
      out.inputs.push_back(std::move(input));
    } while (more(r));
  }
  spec_.operations.push_back(std::move(out));
}

void SentenceParser::read_operation_facet(Reader& r, Operation& out) {
  if (r.take_all({"not", "atomic"})) {
    out.atomic = false;
  } else if (r.take("every")) {
    out.schedule_every = r.string("a period");
  } else if (r.take_all({"due", "when"})) {
    out.schedule_due = r.expr();
  } else {
    const std::string first = r.word("a kind of operation");
    std::string phrase = first;
    if (first == "new" || first == "closing") phrase += " " + r.word("event");
    const auto it = std::find_if(kKindPhrases.begin(), kKindPhrases.end(),
                                 [&](const auto& known) { return known.second == phrase; });
    if (it == kKindPhrases.end()) {
      r.refuse("a kind of operation before this (create, update, transition, new event, ...)");
    }
    out.kind = it->first;
  }
}

Input SentenceParser::read_input(Reader& r) {
  Input out;
  out.type = Type::kEnum;  // not said; complete() finds out
  out.id = r.word("an input");
  if (!r.take("(")) return out;
  out.required = r.take("required");
  if (r.take_all({"reference", "to"})) {
    if (!r.take("a")) r.expect("an");
    out.ref = r.entity();
    out.type = Type::kString;
  } else if (!r.sees(")")) {
    const auto type = value_of(kTypeNames, r.word("a type"));
    if (!type) r.refuse("a type or \"reference to\" before this");
    out.type = *type;
  }
  r.expect(")");
  return out;
}

// Sentences that begin with an operation's id.
void SentenceParser::about_operation(Reader& r) {
  const std::string id = r.word("a sentence of canonical English");
  if (r.take_all({"requires", "that"})) return read_guard(r, id, false);
  if (r.take("lets")) return read_guard(r, id, true);
  if (r.take("takes")) {
    PendingEdge edge;
    if (!r.take("a")) r.expect("an");
    edge.entity = r.entity();
    r.expect("from");
    edge.transition.from = r.word_or_string("a state");
    r.expect("to");
    edge.transition.to = r.word_or_string("a state");
    edge.transition.by = id;
    edges_.push_back(std::move(edge));
    return;
  }
  if (!read_effect(r, id)) {
    r.refuse(fmt::format("requires, lets, takes, stores, makes, sets, raises, lowers, deletes or "
                         "announces after \"{}\"", id));
  }
}

void SentenceParser::read_guard(Reader& r, const std::string& operation, bool limit) {
  Guard out;
  if (limit) {
    CountLimit count;
    count.given = r.take_all({"the", "given"});
    if (!count.given) r.expect("its");
    count.role = r.word("a role");
    r.expect("have");
    r.expect("at");
    r.expect("most");
    count.most = r.integer("a number");
    count.entity = r.entity();
    read_where(r, count.filter);
    out.require = to_expr(count);
  } else {
    out.require = r.expr();
  }
  r.expect(";");
  r.expect("otherwise");
  out.status = r.integer("a status: 403, 404, 409 or 422");
  out.error = r.word_or_string("an error code");
  r.expect("[");
  out.id = r.word_or_string("the rule's id");
  r.expect("]");
  guards_.emplace_back(operation, std::move(out));
}

void SentenceParser::read_where(Reader& r, std::optional<Expr>& where) {
  if (r.take("where")) where = r.condition_in_parentheses();
}

// "its due_on", "own due_on", "priority of tasks"
void SentenceParser::read_target(Reader& r, const std::string& operation, Effect& effect) {
  PendingEffect pending;
  pending.operation = operation;
  if (r.sees("its") && !r.sees("of", 1)) {
    r.next();
    pending.own = true;
    effect.target = r.path("an attribute");
  } else if (r.sees("own") && !r.sees("of", 1)) {
    r.next();
    effect.target = "self." + r.path("an attribute");
  } else {
    const std::string path = r.path("an attribute");
    r.expect("of");
    effect.target = r.entity() + "." + path;
  }
  pending.effect = effect;
  effects_.push_back(std::move(pending));
}

bool SentenceParser::read_effect(Reader& r, const std::string& operation) {
  Effect effect;
  if (r.take("stores")) {
    effect.kind = EffectKind::kCreate;
    r.expect("its");
    effect.target = r.entity();
  } else if (r.take("makes")) {
    effect.kind = EffectKind::kCreate;
    if (!r.take("a")) r.expect("an");
    effect.target = r.entity();
    if (r.take("with")) {
      do {
        const std::string name = r.word("an attribute or reference");
        r.expect("=");
        effect.values.emplace_back(name, r.expr());
      } while (r.take(","));
    }
  } else if (r.take("deletes")) {
    effect.kind = EffectKind::kDelete;
    effect.target = r.entity();
    read_where(r, effect.where);
  } else if (r.take("announces")) {
    effect.kind = EffectKind::kEmit;
    effect.target = r.string("what is announced");
    if (r.take("with")) effect.value = r.expr();
  } else {
    const bool sets = r.take("sets");
    const bool raises = !sets && r.take("raises");
    if (!sets && !raises && !r.take("lowers")) return false;
    effect.kind = sets ? EffectKind::kSet : raises ? EffectKind::kInc : EffectKind::kDec;
    read_target(r, operation, effect);
    r.expect(sets ? "to" : "by");
    effects_.back().effect.value = r.expr();
    read_where(r, effects_.back().effect.where);
    return true;
  }
  effects_.push_back({operation, std::move(effect), false});
  return true;
}

// "create, list and read books", "borrow", "see overdue_loans": adds the ids they stand for.
std::vector<std::string> SentenceParser::deeds(Reader& r) {
  std::vector<std::string> out;
  std::vector<StandardOperation> verbs;  // still without their noun
  do {
    if (r.sees("see") && r.peek(1).kind == Token::Kind::kWord && !r.sees("where", 1) &&
        !r.sees("and", 1)) {
      r.next();
    }
    const std::string word = r.word("an operation or report");
    const auto it = std::find_if(
        kStandardOperations.begin(), kStandardOperations.end(),
        [&](const StandardOperation& standard) { return standard.verb == word; });
    if (it == kStandardOperations.end()) {
      for (const StandardOperation& verb : verbs) out.emplace_back(verb.verb);
      verbs.clear();
      out.push_back(word);
      continue;
    }
    verbs.push_back(*it);
    if (r.peek().kind != Token::Kind::kWord || r.sees("and") || r.sees("where")) continue;
    const Entity* entity = find_entity(names_, r.entity());
    for (const StandardOperation& verb : verbs) {
      out.push_back(default_operation_id(*entity, verb.kind, std::string(verb.verb)));
    }
    verbs.clear();
  } while (more(r));
  for (const StandardOperation& verb : verbs) out.emplace_back(verb.verb);
  return out;
}

// manager may approve_task and reject_task where (...)
void SentenceParser::read_permission(Reader& r) {
  // "A manager": declaration() has taken the article already.
  const std::string phrase = r.phrase_until({"may"});
  r.expect("may");
  Permission out;
  out.allow = !r.take("not");
  std::vector<std::string> operations = deeds(r);
  read_where(r, out.rows);
  for (std::string& operation : operations) {
    out.operation = std::move(operation);
    permission_actors_[spec_.permissions.size()] = phrase;
    spec_.permissions.push_back(out);
  }
}

// Report overdue_loans: loans where (...), sorted by due_on
void SentenceParser::read_query(Reader& r, QueryKind kind) {
  Query out;
  out.kind = kind;
  out.id = r.word("the query's id");
  r.expect(":");
  out.on = r.entity();
  if (r.take("by")) {
    do {
      out.by.push_back(r.path("an attribute"));
    } while (r.take("and"));
  }
  read_where(r, out.where);
  while (r.take(",")) read_query_part(r, out);
  spec_.queries.push_back(std::move(out));
}

void SentenceParser::read_query_part(Reader& r, Query& out) {
  if (r.take_all({"grouped", "by"})) {
    do {
      std::string unit;
      if (r.sees("of", 1)) {
        unit = r.word("month, day or year") + ":";
        r.next();
      }
      out.group_by.push_back(unit + r.path("an attribute"));
    } while (r.take("and"));
  } else if (r.take_all({"showing", "the", "count"})) {
    out.measure = Expr::call("count");
  } else if (r.take_all({"showing", "the"})) {
    const bool sum = r.take("sum");
    if (!sum) r.expect("average");
    r.expect("of");
    Expr value = r.expr();
    out.measure = Expr::call(sum ? "sum" : "avg", {std::move(value)});
  } else if (r.take_all({"sorted", "by"})) {
    do {
      const std::string key = r.word("a column");
      out.sort.push_back((r.take("descending") ? "-" : "") + key);
    } while (r.take("and"));
  } else if (r.take_all({"at", "most"})) {
    out.limit = r.integer("a number of rows");
    r.expect("rows");
  } else if (r.take("as")) {
    out.format = r.word("json or csv");
  } else {
    r.refuse("grouped by, showing, sorted by, at most or as");
  }
}

// Rule R1 (max_count, enforced in service): "...", in the words "..."
void SentenceParser::read_rule(Reader& r) {
  Rule out;
  out.id = r.word_or_string("the rule's id");
  r.expect("(");
  out.kind = r.word_or_string("the rule's kind");
  if (r.take_all({",", "enforced", "in"})) out.enforced_in = names_with_and(r, "a place");
  r.expect(")");
  r.expect(":");
  out.canonical = r.string("the rule");
  while (r.take(",")) {
    if (r.take_all({"in", "the", "words"})) {
      out.text = r.string("the user's words");
    } else if (r.take("with")) {
      do {
        const std::string key = r.word_or_string("a parameter");
        r.expect("=");
        Json value;
        if (r.take("json")) value = json::parse(r.string("JSON")).value_or(Json());
        else if (r.peek().kind == Token::Kind::kString) value = r.next().text;
        else if (r.take("true")) value = true;
        else if (r.take("false")) value = false;
        else value = json::parse(r.number("a value")).value_or(Json());
        out.params.get_object()[key] = std::move(value);
      } while (r.take("and"));
    } else if (r.take("meaning")) {
      out.expr = r.expr();
    } else if (r.take_all({"tested", "by"})) {
      out.tests = names_with_and(r, "a test");
    } else {
      r.refuse("in the words, with, meaning or tested by");
    }
  }
  spec_.rules.push_back(std::move(out));
}

std::string SentenceParser::actor_id(const std::string& phrase) const {
  for (const Actor& actor : spec_.actors) {
    if (actor.id == phrase) return actor.id;
  }
  for (const Actor& actor : spec_.actors) {
    if (actor.name == phrase) return actor.id;
  }
  throw Unreadable{fmt::format("\"{}\" may do something but is no actor", phrase)};
}

void SentenceParser::complete() {
  const auto operation = [&](const std::string& id) -> Operation& {
    for (Operation& known : spec_.operations) {
      if (known.id == id) return known;
    }
    throw Unreadable{fmt::format("there is no operation \"{}\"", id)};
  };
  for (auto& [id, cycle] : lifecycles_) {
    for (Entity& entity : spec_.entities) {
      if (entity.id == id) entity.lifecycle = std::move(cycle);
    }
  }
  for (PendingEdge& edge : edges_) {
    const auto it = std::find_if(spec_.entities.begin(), spec_.entities.end(),
                                 [&](const Entity& entity) { return entity.id == edge.entity; });
    if (it == spec_.entities.end() || !it->lifecycle) {
      throw Unreadable{fmt::format("{} takes {} from state to state, but nothing says which states "
                                   "there are", edge.transition.by, edge.entity)};
    }
    it->lifecycle->transitions.push_back(std::move(edge.transition));
  }
  for (auto& [id, guard] : guards_) operation(id).guards.push_back(std::move(guard));
  for (PendingEffect& pending : effects_) {
    Operation& owner = operation(pending.operation);
    if (pending.own) pending.effect.target.insert(0, owner.on + ".");
    owner.effects.push_back(std::move(pending.effect));
  }
  for (const auto& [index, phrase] : permission_actors_) {
    spec_.permissions[index].actor = actor_id(phrase);
  }
  for (const auto& [where, unsaid] : untyped_) {
    Operation& owner = spec_.operations[where.first];
    Input& input = owner.inputs[where.second];
    const Entity* entity = find_entity(spec_, owner.on);
    const Relation* relation = find_relation(spec_, owner.on, input.id);
    const Attribute* attribute = entity == nullptr ? nullptr : find_attribute(*entity, input.id);
    input.type = attribute != nullptr ? attribute->type : Type::kString;
    if (attribute == nullptr && relation != nullptr) input.ref = relation->to;
    if (attribute == nullptr && relation == nullptr) {
      throw Unreadable{fmt::format("the input {} of {} needs a type", input.id, owner.id)};
    }
  }
  for (const std::size_t index : with_all_fields_) {
    spec_.operations[index].inputs = default_inputs(spec_, spec_.operations[index]);
  }
}

}  // namespace cadre::spec
