// Concrete cases for criteria: values just inside and just outside a rule. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "spec/model.h"

namespace cadre::offline::product {

// A situation and a request: "a member with 5 open loans", "a member borrows a book".
struct Case {
  std::string given, when;
};

struct GuardCases {
  Case refused;
  std::optional<Case> accepted;  // just inside, where the rule has a number to be inside of
};

GuardCases guard_cases(const spec::Spec& spec, const spec::Operation& operation,
                       const spec::Guard& guard);

// A wrong (or just right) value of an attribute, as an input: "with copies -1".
struct ValueCase {
  std::string kind;  // rule kind that it tests: "required", "range", "enum", "length", "pattern"
  std::string with;  // "without a title", "with copies \"-1\""
  bool accepted = false;
};

std::vector<ValueCase> value_cases(const spec::Attribute& attribute, bool input_required);

}  // namespace cadre::offline::product
