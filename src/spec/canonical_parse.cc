// The reader of canonical English. First the records' names are collected, so that every sentence
// can speak of any of them; then each sentence is read; last, what "all its fields" means and what
// inputs refer to is filled in.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.h"
#include "spec/canonical.h"
#include "spec/canonical_parser.h"

namespace cadre::spec {

void SentenceParser::collect_names() {
  Reader reader(tokens_, phrases_);
  while (!reader.at_end()) {
    if (starts_entity(reader)) {
      Entity entity = entity_head(reader);
      names_.entities.push_back(std::move(entity));
    }
    while (!reader.at_end() && !reader.take(".")) reader.next();
  }
  phrases_ = Phrases(names_);
}

// A (name) [Id] (...) has
bool SentenceParser::starts_entity(const Reader& reader) {
  if (!reader.sees("A") && !reader.sees("An")) return false;
  int depth = 0;
  for (std::size_t i = 1;; ++i) {
    const Token& token = reader.peek(i);
    if (token.kind == Token::Kind::kEnd) return false;
    if (reader.sees("(", i)) ++depth;
    if (reader.sees(")", i)) --depth;
    if (depth > 0) continue;
    if (reader.sees("has", i)) return true;
    for (const char* other : {"is", "refers", "may", "."}) {
      if (reader.sees(other, i)) return false;
    }
  }
}

Spec SentenceParser::run() {
  collect_names();
  Reader reader(tokens_, phrases_);
  while (!reader.at_end()) {
    sentence(reader);
    reader.expect(".");
  }
  complete();
  return std::move(spec_);
}

void SentenceParser::sentence(Reader& r) {
  if (r.take_all({"The", "product", "is"})) {
    spec_.name = r.word_or_string("the product's name");
    r.expect(":");
    spec_.summary = r.string("the summary");
    return;
  }
  if (r.take_all({"The", "verdict", "is"})) return read_verdict(r);
  if (r.take_all({"The", "stack", "asked", "for", "is"})) {
    spec_.stack_requested = r.string("the stack");
    return;
  }
  if (r.take("The")) return read_lifecycle(r);
  if (r.take("To")) return read_operation(r);
  if (r.take("Rule")) return read_rule(r);
  if (r.take("Only")) {
    if (!r.take("a")) r.expect("an");
    return read_permission(r);
  }
  for (const auto& [kind, phrase] : kQueryPhrases) {
    // "Report" may also be the id of a record: a query has an id and a colon.
    if (r.sees(phrase) && r.sees(":", 2)) {
      r.next();
      return read_query(r, kind);
    }
  }
  if (r.sees("A") || r.sees("An")) return declaration(r);
  if (stands_before_can_be(r)) return read_standard_operations(r);
  return about_operation(r);
}

bool SentenceParser::stands_before_can_be(const Reader& r) const {
  for (std::size_t i = 0; i < 8 && r.peek(i).kind == Token::Kind::kWord; ++i) {
    if (r.sees("can", i + 1) && r.sees("be", i + 2)) return true;
  }
  return false;
}

void SentenceParser::declaration(Reader& r) {
  if (starts_entity(r)) return read_entity(r);
  r.next();
  // "A task refers to ...", "A manager may ...", "A manager is an actor ..."
  for (std::size_t i = 0;; ++i) {
    if (r.sees("refers", i)) return read_relation(r);
    if (r.sees("may", i)) return read_permission(r);
    if (r.sees("is", i)) return read_actor(r);
    if (r.sees(".", i) || r.peek(i).kind == Token::Kind::kEnd) {
      r.refuse("has, refers to, may, or is an actor somewhere in this sentence");
    }
  }
}

std::vector<std::string> SentenceParser::choices(Reader& r) {
  std::vector<std::string> out;
  do {
    out.push_back(r.word_or_string("a value"));
  } while (r.take("|"));
  return out;
}

std::vector<std::string> SentenceParser::names_with_and(Reader& r, std::string_view what) {
  std::vector<std::string> out;
  do {
    out.push_back(r.word_or_string(what));
  } while (r.take("and"));
  return out;
}

bool SentenceParser::more(Reader& r) { return r.take(",") || r.take("and"); }

void SentenceParser::read_verdict(Reader& r) {
  const auto verdict = value_of(kVerdictNames, r.word("supported, partial or refuse"));
  if (!verdict) r.refuse("supported, partial or refuse before this");
  spec_.verdict = *verdict;
}

void SentenceParser::read_actor(Reader& r) {
  Actor actor;
  actor.name = r.phrase_until({"is"});
  actor.id = text::snake_case(actor.name);
  if (r.take("[")) {
    actor.id = r.word("the actor's id");
    r.expect("]");
  }
  r.expect("is");
  r.expect("an");
  r.expect("actor");
  if (r.take("with")) {
    if (!r.take("a")) r.expect("an");
    actor.entity = r.entity();
    r.expect("record");
  }
  if (r.take_all({"and", "has", "all", "rights", "of"})) actor.inherits = r.word("an actor's id");
  spec_.actors.push_back(std::move(actor));
}

Entity SentenceParser::entity_head(Reader& r) {
  Entity entity;
  r.next();  // A, An
  entity.name = r.phrase_until({"has"});
  entity.id = text::pascal_case(entity.name);
  entity.plural = text::plural(entity.name);
  if (r.take("[")) {
    entity.id = r.word("the record's id");
    r.expect("]");
  }
  if (r.take("(")) {
    do {
      if (r.take("plural")) {
        entity.plural = r.phrase_until({});
      } else if (r.take_all({"identified", "by"})) {
        entity.natural_key = names_with_and(r, "an attribute or reference");
      } else if (r.take_all({"on", "delete"})) {
        entity.on_delete = on_delete(r);
      } else {
        const auto kind = value_of(kEntityKindNames, r.word("a kind of record"));
        if (!kind) r.refuse("a kind of record before this (event, line, lookup, log, association)");
        entity.kind = *kind;
      }
    } while (r.take(","));
    r.expect(")");
  }
  return entity;
}

OnDelete SentenceParser::on_delete(Reader& r) {
  const auto value =
      value_of(kOnDeleteNames, r.word("restrict, cascade, set_null, archive or forbidden"));
  if (!value) r.refuse("restrict, cascade, set_null, archive or forbidden before this");
  return *value;
}

void SentenceParser::read_entity(Reader& r) {
  Entity entity = entity_head(r);
  r.expect("has");
  if (!r.take("nothing")) {
    do {
      entity.attributes.push_back(read_attribute(r));
    } while (more(r));
  }
  spec_.entities.push_back(std::move(entity));
}

Attribute SentenceParser::read_attribute(Reader& r) {
  Attribute out;
  if ((r.sees("a") || r.sees("an")) && !r.sees("(", 1)) r.next();
  out.id = r.word("an attribute");
  r.expect("(");
  out.required = r.take("required");
  out.unique = r.take("unique");
  out.sensitive = r.take("sensitive");
  if (r.take_all({"one", "of"})) {
    out.type = Type::kEnum;
    out.values = choices(r);
  } else {
    const auto type = value_of(kTypeNames, r.word("a type"));
    if (!type) r.refuse("a type before this (string, text, int, decimal, money, bool, date, ...)");
    out.type = *type;
  }
  while (r.take(",")) read_facet(r, out);
  r.expect(")");
  return out;
}

void SentenceParser::read_facet(Reader& r, Attribute& out) {
  if (r.take_all({"unique", "within"})) {
    out.unique_within = names_with_and(r, "an attribute or reference");
  } else if (r.take_all({"at", "least"})) {
    out.min = r.expr();
  } else if (r.take_all({"more", "than"})) {
    out.min = r.expr();
    out.exclusive_min = true;
  } else if (r.take_all({"at", "most"})) {
    out.max = r.expr();
  } else if (r.take_all({"in", "steps", "of"})) {
    const std::string digits = r.number("a number");
    double step = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), step);
    out.step = step;
  } else if (r.take("like")) {
    out.pattern = r.string("a pattern");
  } else if (r.take_all({"measured", "in"})) {
    out.unit = r.string("a unit");
  } else if (r.take("with")) {
    out.scale = r.integer("a number of decimals");
    r.expect("decimals");
  } else if (r.take_all({"by", "default"})) {
    out.default_value = r.expr();
  } else if (r.take_all({"computed", "as"})) {
    out.derived = r.expr();
  } else if (r.take_all({"not", "stored"})) {
    out.stored = false;
  } else if (r.take("generated")) {
    out.generated = r.word_or_string("sequence, uuid or timestamp");
  } else {
    const int least = r.integer("a facet such as \"at least 0\" or \"2 to 80 characters\"");
    r.expect("to");
    out.length = std::pair{least, r.integer("a length")};
    r.expect("characters");
  }
}

void SentenceParser::read_relation(Reader& r) {
  Relation out;
  out.from = r.entity();
  r.expect("refers");
  r.expect("to");
  if (!r.take("a")) r.expect("an");
  out.to = r.entity();
  out.role = r.take("as") ? r.word("a role") : text::snake_case(out.to);
  if (r.take("(")) {
    do {
      if (r.take("required")) out.required = true;
      else if (r.take("owned")) out.owned = true;
      else if (r.take_all({"one", "to", "one"})) out.cardinality = Cardinality::kOneToOne;
      else if (r.take_all({"many", "to", "many"})) out.cardinality = Cardinality::kManyToMany;
      else if (r.take("through")) out.via = r.word("a record's id");
      else if (r.take_all({"at", "least"})) out.min = r.integer("a number");
      else if (r.take_all({"at", "most"})) out.max = r.integer("a number");
      else if (r.take_all({"on", "delete"})) out.on_delete = on_delete(r);
      else
        r.refuse(
            "required, owned, one to one, many to many, through, at least, at most or on delete");
    } while (r.take(","));
    r.expect(")");
  }
  spec_.relations.push_back(std::move(out));
}

// The status of a task goes through open | done, from open to done
void SentenceParser::read_lifecycle(Reader& r) {
  Lifecycle out;
  out.attribute = r.word("an attribute");
  r.expect("of");
  if (!r.take("a")) r.expect("an");
  const std::string entity = r.entity();
  r.expect("goes");
  r.expect("through");
  out.states = choices(r);
  r.expect(",");
  r.expect("from");
  out.initial = r.word_or_string("a state");
  if (r.take("to")) out.final_states = choices(r);
  lifecycles_[entity] = std::move(out);
}

Result<Spec> parse_canonical(std::string_view text) {
  auto tokens = tokenize(text);
  if (!tokens) return propagate(tokens);
  try {
    return SentenceParser(*tokens).run();
  } catch (const Unreadable& problem) {
    return fail(ErrorCode::kInvalidInput, problem.message);
  }
}

}  // namespace cadre::spec
