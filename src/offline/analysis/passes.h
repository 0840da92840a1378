// The passes of the analysis, in the order in which analyse() runs them.
//
// Each pass reads the brief and the draft, adds what it recognises and claims the words it used.
// What a pass recognises but cannot express exactly it leaves unclaimed: precision before recall.
#pragma once

#include <string>
#include <vector>

#include "offline/analysis/actions.h"
#include "offline/analysis/draft.h"
#include "offline/analysis/scan.h"

namespace cadre::offline::analysis {

// The actions of every sentence, read once.
struct Reading {
  std::vector<std::vector<Action>> actions;  // by sentence
};

// scope.cc: sentences that ask for what this engine cannot build; true when the brief is refused.
bool judge_input(Draft& draft);
void mark_outside(Draft& draft, const Reading& reading);
bool judge_scope(Draft& draft);
// After account(): refuses a brief that asks for something outside and is covered nowhere.
void judge_coverage(Draft& draft);
bool outside_sentence(const Draft& draft, int sentence);

// product.cc: the product's name; title sentences; words that only introduce.
void read_product(Draft& draft);
// "a todo app": the record is in the product's name.
void name_records(Draft& draft);

// records.cc: records that no list of fields introduces; only when there are none yet.
void introduce_records(Draft& draft, const Reading& reading);

// vocabulary.cc
void read_lists(Draft& draft, const Reading& reading);

// relations.cc: belongs to, assigned to, consists of, "who is one of".
void read_relations(Draft& draft, const Reading& reading);

// described.cc: what a record does to others makes references: "a stay puts a boat on a berth".
void read_descriptions(Draft& draft, const Reading& reading);

// roles.cc: actors, events, grants from actions.
void find_entities_in_actions(Draft& draft, const Reading& reading);
void read_roles(Draft& draft, const Reading& reading);

// grants_wide.cc: "may see everything", "may change nothing".
void read_wide_grants(Draft& draft, const Reading& reading);

// lifecycle.cc: states and moves between them.
void read_lifecycles(Draft& draft, const Reading& reading);

// rules_values.cc, rules_counts.cc, rules_guards.cc, rules_money.cc
void read_value_rules(Draft& draft);
void read_count_rules(Draft& draft, const Reading& reading);
void read_guard_rules(Draft& draft, const Reading& reading);
// rules_roles.cc: one part of a sentence; true when it was such a rule.
bool read_role_rule(Draft& draft, const Reading& reading, Range part);
void read_derived_rules(Draft& draft);
void read_stock_rules(Draft& draft, const Reading& reading);

// rules_sums.cc: limits by a field of the owner, and over sums.
void read_sum_rules(Draft& draft);

// rules_discounts.cc: totals from lines, discounts in percent; after the derived values.
void read_price_rules(Draft& draft);

// queries.cc
void read_queries(Draft& draft, const Reading& reading);

// completion.cc: attributes, operations, permissions that nobody states.
void complete_entities(Draft& draft);
void complete_operations(Draft& draft);
void break_reference_cycles(Draft& draft);
void complete_inputs(Draft& draft);
void complete_permissions(Draft& draft);
// The operation by which a row of the event ends; made (and assumed) when there is none.
void ensure_closing(Draft& draft, const std::string& entity);

// accounting.cc
void account(Draft& draft);

// Helpers shared by the passes.

// Unique, range, values, default and required marks of a list item, as attribute and rules.
void apply_marks(Draft& draft, const std::string& entity, const std::string& attribute,
                 const Item& item, int sentence);
// The entity that a noun phrase names, also behind adjectives ("overdue library loan"); "".
std::string resolve(const Draft& draft, std::string_view name);
// A noun that may name a record: neither generic nor product nor anybody.
bool can_be_entity(const Draft& draft, std::string_view name);
// The same with strong evidence ("each tool has ..."): also a word that often means the product.
bool may_be_entity(std::string_view name);
// Without adjectives that only describe ("available animal" -> "animal").
std::string bare_name(const Scan& scan, const Name& name);
std::string a_noun(std::string_view noun);  // "an author"
bool is_people(std::string_view name);  // "member", "sales staff"
// An event of the entity pair, or the entity itself when people bring it into being.
std::string event_for(const Draft& draft, std::string_view verb);
// Splits at ";" and before a coordinated clause with its own subject.
std::vector<Range> segments(const Draft& draft, int sentence);
// Makes sure that the entity has this lifecycle state; makes the lifecycle when there is none.
spec::Lifecycle& lifecycle_with(Draft& draft, const std::string& entity, const std::string& state,
                                spec::Origin origin);
// The state as the lifecycle spells it; "" when it has none like it.
std::string known_state(const spec::Lifecycle& cycle, std::string_view state);
// A move between states by a verb; makes the operation.
void add_transition(Draft& draft, const std::string& entity, const std::string& from,
                    const std::string& to, std::string_view verb, spec::Origin origin);
std::string state_verb(std::string_view state);      // "confirmed" -> "confirm"
std::string state_of_verb(std::string_view verb);    // "confirm" -> "confirmed"
bool same_state(std::string_view a, std::string_view b);

}  // namespace cadre::offline::analysis
