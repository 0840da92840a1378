#include "runtime/tools/audit_requirements.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "runtime/measured.h"

namespace cadre {
namespace {

constexpr std::size_t kQuoteMin = 8;  // shorter ones stand everywhere
constexpr std::size_t kEvidenceBytes = 4000;

const JsonArray& list_in(const ArtifactMap& inputs, const std::string& type,
                         std::string_view name) {
  static const JsonArray kNone;
  const auto at = inputs.find(type);
  return at == inputs.end() || !at->second ? kNone : json::get_array(at->second->data, name);
}

std::string criteria_of(const ArtifactMap& inputs, const std::string& requirement) {
  std::vector<std::string> out;
  for (const Json& story : list_in(inputs, "user_stories", "stories")) {
    for (const Json& criterion : json::get_array(story, "criteria")) {
      if (json::get_string(criterion, "requirement") != requirement) continue;
      out.push_back(fmt::format("{}: {}", json::get_string(criterion, "id"),
                                json::get_string(criterion, "text")));
    }
  }
  return out.empty() ? std::string() : " (" + text::join(out, "; ") + ")";
}

}  // namespace

void name_requirements(const ArtifactMap& inputs, JsonArray& findings) {
  for (Json& finding : findings) {
    const std::string evidence = json::get_string(finding, "evidence");
    // It begins with the words on which the finding stands: The brief says: "…" (S4)
    if (!evidence.starts_with("The brief ")) continue;
    const std::string words =
        squeezed(std::string_view(evidence).substr(0, evidence.find(")\n")));
    std::string named;
    for (const Json& requirement : list_in(inputs, "requirements", "requirements")) {
      const std::string quote = squeezed(json::get_string(requirement, "quote"));
      if (quote.size() < kQuoteMin || words.find(quote) == std::string::npos) continue;
      const std::string id = json::get_string(requirement, "id");
      named += fmt::format("Requirement {}: {}{}\n", id, json::get_string(requirement, "text"),
                           criteria_of(inputs, id));
    }
    if (named.empty()) continue;
    finding.get_object()["evidence"] = text::shorten(named + evidence, kEvidenceBytes);
  }
}

}  // namespace cadre
