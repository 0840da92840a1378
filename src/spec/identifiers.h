// Which names generated code can use as they are. Data may be anything; ids may not: they become
// Python names, columns, JSON keys and URL parts without any escaping. Pure; thread-safe.
//
// Attributes, references, inputs, operations and actors: lower case, digits, underscores, starting
// with a letter, at most 60 long, and not reserved. Entities: letters and digits, starting with a
// capital. Tables are quoted in SQL, so an entity may be called Order.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cadre::spec {

enum class IdUse {
  kAttribute,  // a column and a member of a body: attributes and inputs
  kName        // reference roles ("copy" becomes copy_id), operations, actors, queries
};

bool is_safe_identifier(std::string_view id);
bool is_safe_entity_id(std::string_view id);

// The words that no id of that use may be: Python's keywords, the members that generated classes
// inherit, the contract's own query parameters, and for attributes SQL's keywords. Sorted.
std::span<const std::string_view> reserved_words(IdUse use = IdUse::kAttribute);
bool is_reserved(std::string_view id, IdUse use = IdUse::kAttribute);

// A safe id for any name: snake case, shortened, and with "_" appended when reserved
// ("class" -> "class_", "Due date" -> "due_date"). Not made unique.
std::string safe_id(std::string_view name, IdUse use = IdUse::kAttribute);

}  // namespace cadre::spec
