// Lessons: what failed and what fixed it, with evidence, kept over runs and shared by all agents.
//
// A lesson is taken only with evidence that the fix worked (a gate that failed and then passed, a
// test, a run); the same lesson learnt again is the same lesson with more evidence, and the same
// evidence told twice is one piece. Later runs are offered those whose words fit, best first: full
// text weighted by how often using it helped. They are not encrypted: nothing secret belongs in a
// lesson. Thread-safe; calls block on the disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "memory/memory_file.h"

namespace cadre {

struct LessonEvidence {
  std::string run{};   // where it was seen
  std::string what{};  // "gate tests: 3 failed before, 0 after"
  bool operator==(const LessonEvidence&) const = default;
};

struct Lesson {
  std::int64_t id = 0;
  std::string problem;
  std::string fix;
  std::vector<LessonEvidence> evidence;  // the newest last, at most kMostEvidence
  std::int64_t seen = 0;                 // how often it was learnt
  std::int64_t uses = 0, helped = 0;
  std::int64_t created_us = 0;
  std::int64_t last_used_us = 0;  // 0: never

  static constexpr std::size_t kMostEvidence = 20;
};

Json to_json(const Lesson& lesson);

struct OfferedLesson {
  Lesson lesson;
  double score = 0;    // larger is better
  std::string reason;  // "has port, bind; helped 2 of 3 uses"
};

class Lessons {
 public:
  explicit Lessons(const MemoryFile& file) : db_(file.database()) {}

  // Gives the lesson's id. kInvalidInput when problem, fix or evidence is missing, kExhausted
  // beyond 64 KiB.
  Result<std::int64_t> learn(const std::string& problem, const std::string& fix,
                             const LessonEvidence& evidence);
  // Those that have a word of the query, which may be any text.
  Result<std::vector<OfferedLesson>> relevant(std::string_view query, std::size_t limit);
  // A run was given the lesson, and it helped or did not. Of a run that is named, the first word
  // counts.
  Result<void> used(std::int64_t id, bool helped, const std::string& run = {});

  // The newest first; damaged ones are left out and noted.
  Result<std::vector<Lesson>> list(std::vector<std::string>& notes);
  Result<Lesson> show(std::int64_t id);
  Result<void> forget(std::int64_t id);

 private:
  std::shared_ptr<detail::MemoryDb> db_;
};

}  // namespace cadre
