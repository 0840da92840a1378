// What is audited: the requirement model without what the audit has no way to judge, and the
// mapping of what is left to the service's own contract. Pure.
#pragma once

#include <string>
#include <vector>

#include "runtime/audit/ledger.h"
#include "runtime/audit/mapping.h"

namespace cadre::audit {

struct Subject {
  spec::Spec spec;  // without actors, permissions, reports and operations without a counterpart
  Mapping mapping;
  int operations_total = 0;          // of the model
  std::vector<NotAudited> left_out;  // rules and permissions
  // Statements that the offline engine does not fully understand: they may forbid what it allows.
  std::vector<spec::Sentence> open;
};

// `openapi` is the contract that the service's designer wrote.
Subject make_subject(const spec::Spec& model, const Json& openapi);

// The names of fields that an expression reads: "returned_on", "copies".
std::vector<std::string> fields_in(const spec::Expr& expr);

}  // namespace cadre::audit
