// What is audited: the requirement model without what the audit has no way to judge, and the
// mapping of what is left to the service's own contract. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "runtime/audit/ledger.h"
#include "runtime/audit/mapping.h"

namespace cadre::audit {

// A parameter of a list by which the brief wants it filtered or searched.
struct ListFilter {
  std::string query, operation, entity;
  std::string field;  // ours: "priority", "project_id"
  TheirField parameter;
  bool search = false;
  Source source;
};

struct Subject {
  spec::Spec spec;  // without actors, permissions, reports and operations without a counterpart
  // The other reading of what can be read in two ways. Only where both say the same, something is
  // judged; operations and rules have the same ids in both.
  spec::Spec other;
  Mapping mapping;
  std::vector<ListFilter> filters;
  // Operations that the brief gives somebody on some rows only: a caller may not see the others.
  std::set<std::string> by_rows;
  int operations_total = 0;          // of the model
  std::vector<NotAudited> left_out;  // rules and permissions
  // Statements that the offline engine does not fully understand: they may forbid what it allows.
  std::vector<spec::Sentence> open;
};

// `openapi` is the contract that the service's designer wrote.
Subject make_subject(const spec::Spec& model, const Json& openapi);

// The sentences that something was read from, one after another.
std::string text_of(const spec::Spec& spec, const spec::Origin& origin);
// Whether the text has every word of the other, or one of its stem.
bool mentions(const std::string& text, const std::string& state);

// Whether a rule that counts rows of an entity with states (the filter of its count) may count one
// in the state. False: it surely does not.
bool may_count(const spec::Expr& filter, const std::string& attribute, const std::string& state);
// The filter of the first count of the entity in a guard, or nullptr.
const spec::Expr* count_filter(const spec::Expr& require, const std::string& entity);

// The names of fields that an expression reads: "returned_on", "copies".
std::vector<std::string> fields_in(const spec::Expr& expr);

}  // namespace cadre::audit
