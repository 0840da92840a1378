// Which operation of a service's own contract does what an operation of the requirement model
// asks for, and where each of its inputs goes: by names of records, verbs and fields. What has no
// counterpart is left out with the reason; nothing is guessed from one domain's words. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/audit/names.h"
#include "runtime/audit/their_contract.h"
#include "spec/contract.h"

namespace cadre::audit {

enum class SlotKind {
  kInput,      // a value of ours under their name
  kKey,        // the row that the operation works on
  kReference,  // another row
  kConstant,   // what makes their operation mean ours: {"status": "done"}
  kFiller      // what their contract wants and the requirement does not speak of
};

struct Slot {
  SlotKind kind = SlotKind::kInput;
  TheirField field;
  std::string ours;    // kInput, kReference: the JSON name of our field
  std::string entity;  // kKey, kReference: whose row
  Words key;           // kKey, kReference: by which property the row is named; empty: its id
  Json value;          // kConstant, kFiller
};

struct MappedOperation {
  std::string ours;  // operation id
  TheirOperation theirs;
  std::vector<Slot> path, query, headers, body;
  std::vector<std::string> unsent;  // fields of ours that theirs has no place for
  bool whole_row = false;           // PUT: the body is the whole row
};

struct NotAudited {
  std::string what, why;
};

struct Mapping {
  std::map<std::string, MappedOperation> operations;  // by our operation id
  std::vector<NotAudited> left_out;                   // operations without a counterpart
};

Mapping map_operations(const spec::Spec& spec, const spec::Contract& contract,
                       const std::vector<TheirOperation>& theirs);

// Their value of an enumeration for ours ("in progress" -> "IN_PROGRESS"); null when it has none.
Json their_word(const Json& schema, const std::string& ours);
bool same_word(std::string_view a, std::string_view b);

}  // namespace cadre::audit
