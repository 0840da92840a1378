// What an audit wants to see once, and on whose word: derived from the model alone. Pure.
#pragma once

#include <optional>
#include <string>

#include "runtime/audit/ledger.h"
#include "spec/interpreter.h"

namespace cadre::audit {

// Names a refusal, so that one that did not come is reported and provoked once.
std::string refusal_key(const std::string& operation, const spec::Response& expected);

// Nothing when the brief does not state it.
std::optional<Source> transition_source(const spec::Spec& spec, const spec::Entity& entity,
                                        const spec::Operation& operation);
std::optional<Source> unique_source(const spec::Spec& spec, const std::string& entity,
                                    const std::string& field);
std::optional<Source> rule_source(const spec::Spec& spec, std::string_view kind,
                                  const std::string& attribute);
// That the operation exists at all: its own origin, or, of a standard one, that of its record.
Source source_of_operation(const spec::Spec& spec, const spec::Operation& operation);

}  // namespace cadre::audit
