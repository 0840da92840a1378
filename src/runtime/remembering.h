// What runs of an SOP take from the memory, and what they leave there (docs/memory.md).
//
// When a run begins, each role is given what is known that has to do with its part of the work: as
// data, within the memory's token budget, and journalled, so that a resumed run reads the same
// bytes. When it stops, what it left follows from its journal alone: what each role made, what
// failed, and, as lessons, what a round of rework changed where a gate failed and then passed.
// Telling it again changes nothing. Secrets are taken out before anything is kept. Thread-safe;
// calls block on the disk.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "core/event.h"
#include "core/plan.h"
#include "core/provider.h"
#include "memory/run_memory.h"

namespace cadre {

// The member of run_started that says what the roles were given.
inline constexpr const char* kKnownMember = "known";

struct OfferedMemory {
  JsonObject given;  // role -> {"text": blob, "tokens", "lessons"}; those who were given something
  std::vector<std::string> blobs;
  std::map<std::string, std::string> texts;  // role -> what it reads
};

Result<OfferedMemory> offer_memory(RunMemory& memory, const Plan& plan, const std::string& brief);

using LoadText = std::function<Result<std::string>(const std::string& sha256)>;

// What `given` of a run's first event says, with its texts.
Result<std::map<std::string, std::string>> offered_texts(const Json& start, const LoadText& load);

struct LeftMemory {
  std::vector<MemoryNote> notes;
  RunLessons lessons;
  bool ended = false;  // else there is more to come: nothing is learnt yet
};

// `secrets`: values that are taken out beside what looks like one.
Result<LeftMemory> left_memory(std::span<const Event> events, const LoadText& load,
                               std::span<const std::string> secrets);

// Of two states of an artifact: which files and members differ, and how, in a few lines. Empty when
// nothing does.
std::string describe_change(const Artifact& before, const Artifact& after);

// `text` without `secrets` and without what has the form of a key, a token or a password.
std::string without_secrets(std::string text, std::span<const std::string> secrets);

}  // namespace cadre
