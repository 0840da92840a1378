// The gate links_complete: every id that is referred to is defined somewhere, once.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/json_schema.h"
#include "sop/gate_verdict.h"

namespace cadre::gates {
namespace {

constexpr std::array<std::string_view, 9> kPrefixes{"FR", "NFR", "US", "AC", "ADR",
                                                    "TC", "C",   "T",  "N"};
// Members whose text names ids of other things; elsewhere "T-shirt" is just a word.
constexpr std::array<std::string_view, 14> kReferenceKeys{
    "requirement", "requirements", "story", "stories", "criterion",  "criteria",  "sentence",
    "sentences",   "rule",         "rules", "task",    "depends_on", "component", "components"};

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "FR-001", "AC-001.2", "T-loans", "S3", "R12".
bool looks_like_id(std::string_view text) {
  if (text.size() > 100) return false;
  if ((text.starts_with('S') || text.starts_with('R')) && all_digits(text.substr(1))) return true;
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || dash + 1 == text.size()) return false;
  if (std::find(kPrefixes.begin(), kPrefixes.end(), text.substr(0, dash)) == kPrefixes.end()) {
    return false;
  }
  return text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_") ==
         std::string_view::npos;
}

bool is_reference_key(std::string_view key) {
  return std::find(kReferenceKeys.begin(), kReferenceKeys.end(), key) != kReferenceKeys.end();
}

void collect_ids(const Json& value, std::set<std::string>& ids) {
  if (value.is_array()) {
    for (const Json& element : value.get_array()) collect_ids(element, ids);
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.get_object()) {
      if (key == "id" && member.is_string()) ids.emplace(json::as_view(member.get_string()));
      if (key != "openapi") collect_ids(member, ids);
    }
  }
}

struct Walk {
  const std::set<std::string>& ids;
  Verdict& verdict;
  std::int64_t references = 0;
  std::set<std::string> reported;

  void check(const Json& value, const std::string& pointer, std::string_view key) {
    if (value.is_array()) {
      check_doubles(value.get_array(), pointer);
      for (std::size_t i = 0; i < value.get_array().size(); ++i) {
        check(value.get_array()[i], fmt::format("{}/{}", pointer, i), key);
      }
    } else if (value.is_object()) {
      for (const auto& [name, member] : value.get_object()) {
        if (name == "openapi" || name == "spec") continue;
        check(member, pointer + "/" + escape_pointer_token(std::string_view(name)), name);
      }
    } else if (value.is_string() && is_reference_key(key)) {
      refer(std::string(json::as_view(value.get_string())), pointer);
    }
  }

  void refer(const std::string& id, const std::string& pointer) {
    if (!looks_like_id(id)) return;
    ++references;
    if (ids.contains(id) || !reported.insert(id).second) return;
    verdict.high(fmt::format("{} refers to {}, which is not there", pointer, id));
  }

  void check_doubles(const JsonArray& array, const std::string& pointer) {
    std::set<std::string> seen;
    for (const Json& element : array) {
      const std::string id = json::get_string(element, "id");
      if (id.empty() || seen.insert(id).second) continue;
      verdict.high(fmt::format("{} holds the id {} twice", pointer, id));
    }
  }
};

// A file that two tasks plan would be written by two agents at once.
void check_planned_files(const Json& data, Verdict& verdict) {
  std::map<std::string, std::string> planned;
  for (const Json& task : json::get_array(data, "tasks")) {
    const std::string id = json::get_string(task, "id", "(without id)");
    for (const std::string& path : json::get_strings(task, "files")) {
      const auto [at, fresh] = planned.try_emplace(path, id);
      if (!fresh && at->second != id) {
        verdict.high(fmt::format("the file {} is planned by {} and by {}: one task writes a file",
                                 path, at->second, id));
      }
    }
  }
}

}  // namespace

GateVerdict links_complete(const GateSpec& spec, const Artifact& artifact, const ArtifactMap& all) {
  Verdict verdict(spec);
  std::set<std::string> ids;
  for (const auto& [type, other] : all) {
    if (other) collect_ids(other->data, ids);
  }
  collect_ids(artifact.data, ids);
  Walk walk{ids, verdict, 0, {}};
  walk.check(artifact.data, "", "");
  check_planned_files(artifact.data, verdict);
  verdict.measured("references", walk.references);
  verdict.measured("ids", ids.size());
  return verdict.take();
}

}  // namespace cadre::gates
