// Values for the fields of a request: what the contract accepts and what it refuses.
//
// A Gen makes the value of one field in a factory: with a number for uniqueness, or a row that it
// refers to. Samples are the single values that validation tests send. Pure functions of the model.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "offline/qa/python_text.h"
#include "spec/contract.h"

namespace cadre::offline::qa {

// Where every test begins: Monday, 2 March 2026, 09:00 UTC.
inline constexpr std::int64_t kStartSeconds = 1'772'442'000;
inline constexpr std::int64_t kDay = 86'400;

struct Gen {
  enum class Kind { kLiteral, kNumbered, kOffset, kSamples, kRow };
  Kind kind = Kind::kLiteral;
  Json value = {};                         // kLiteral
  std::string before = {}, after = {};     // kNumbered: before + n + after
  int digits = 0;                          // kNumbered: n padded with zeros
  std::int64_t base = 0;                   // kOffset: base + n, an integer
  std::vector<std::string> samples = {};   // kSamples: by n, round robin
  std::string entity = {}, state = {};     // kRow
  std::map<std::string, Json> given = {};  // kRow: fields of the referenced row
  bool operator==(const Gen&) const = default;
};

struct Sample {
  std::string what = {};  // "too long"
  Json value = {};
  bool missing = false;  // the field is left out
};

// A value that the type and the bounds accept; unique by number where the model needs that.
// `order` spaces dates and times of one body, so that a start comes before an end.
Gen valid_gen(const spec::Spec& spec, const spec::Entity* entity, const spec::Field& field,
              int order);
// Other values worth a try when a rule refuses the first ones.
std::vector<Gen> other_gens(const spec::Spec& spec, const spec::Field& field);
// Must be answered with 422 `invalid`. `patch`: the body of an update, where nothing is required.
std::vector<Sample> refused_samples(const spec::Field& field, bool patch);
// Accepted by the type and bounds (a rule may still refuse them).
std::vector<Sample> accepted_samples(const spec::Field& field);

Json evaluate(const Gen& gen, std::int64_t n);  // not for kRow
Py python_of(const Gen& gen);                   // not for kRow; uses the variable n
Py python_of_sample(const Json& value);

std::string date_text(std::int64_t seconds);      // "2026-03-02"
std::string datetime_text(std::int64_t seconds);  // "2026-03-02T09:00:00Z"
// The integer of a literal bound in units of 10^-scale, if it is a number.
std::optional<std::int64_t> bound_of(const std::optional<spec::Expr>& bound, int scale);
std::string fixed_text(std::int64_t units, int scale);  // 150, 2 -> "1.50"
int scale_of(const spec::Field& field);
// A string that the pattern matches; empty when the pattern is beyond the small subset known here.
std::string match_pattern(std::string_view pattern, int variant);

}  // namespace cadre::offline::qa
