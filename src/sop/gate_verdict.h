// How a gate's verdict is put together. Private to the gates.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/text.h"
#include "core/gate.h"
#include "sop/gates.h"

namespace cadre::gates {

inline constexpr std::size_t kFindingsMax = 30;

class Verdict {
 public:
  explicit Verdict(const GateSpec& spec) : spec_(spec) {}

  // `blame` of the evidence; empty: GateSpec::blame, else its artifact.
  void high(std::string message, std::string evidence = {}, const std::string& blame = {}) {
    failed_ = true;
    add("high", std::move(message), std::move(evidence), blame);
  }
  void low(std::string message, std::string evidence = {}) {
    add("low", std::move(message), std::move(evidence), {});
  }
  // The gate has nothing to judge here, and says why: it passes.
  void not_applicable(const std::string& why) {
    low("not applicable: " + why);
    measured("applicable", false);
  }
  void measured(std::string_view name, Json value) {
    verdict_.measured.get_object()[name] = std::move(value);
  }
  bool failed() const { return failed_; }
  GateVerdict take() {
    if (left_out_ > 0) {
      Finding more = verdict_.findings.front();
      more.message = fmt::format("and {} more of the kind", left_out_);
      more.evidence.clear();
      verdict_.findings.push_back(std::move(more));
    }
    verdict_.passed = !failed_;
    return std::move(verdict_);
  }

 private:
  void add(const char* severity, std::string message, std::string evidence,
           const std::string& blame) {
    if (verdict_.findings.size() >= kFindingsMax) {
      ++left_out_;
      return;
    }
    const std::string& at_fault = !blame.empty()         ? blame
                                  : !spec_.blame.empty() ? spec_.blame
                                                         : spec_.artifact;
    verdict_.findings.push_back({spec_.name, severity, text::shorten(message, 500),
                                 text::shorten(evidence, 4000), at_fault});
  }

  const GateSpec& spec_;
  GateVerdict verdict_;
  bool failed_ = false;
  std::size_t left_out_ = 0;
};

// The data of an artifact, or null when it is not there.
inline const Json* data_of(const ArtifactMap& all, const std::string& type) {
  const auto at = all.find(type);
  return at == all.end() || !at->second ? nullptr : &at->second->data;
}

// The machine-readable requirement model, or null; without one nothing can be compared with it.
inline const Json* requirement_model(const ArtifactMap& all) {
  const Json* requirements = data_of(all, "requirements");
  const Json* model = requirements == nullptr ? nullptr : json::find(*requirements, "spec");
  return model != nullptr && model->is_object() ? model : nullptr;
}

// The requirements' sentences: those of the model, or listed by themselves.
const JsonArray& sentences_of(const Json& requirements);

// gates_documents.cc
GateVerdict statements_accounted(const GateSpec& spec, const Artifact& artifact,
                                 const ArtifactMap& all, const StatementAudit& audit);
GateVerdict stories_testable(const GateSpec& spec, const Artifact& artifact);
GateVerdict components_serve_stories(const GateSpec& spec, const Artifact& artifact,
                                     const ArtifactMap& all);
GateVerdict criteria_have_tests(const GateSpec& spec, const Artifact& artifact,
                                const ArtifactMap& all);
// gates_links.cc
GateVerdict links_complete(const GateSpec& spec, const Artifact& artifact, const ArtifactMap& all);
// gates_change.cc
GateVerdict plan_fits(const GateSpec& spec, const Artifact& artifact, const ArtifactMap& all);
GateVerdict only_planned(const GateSpec& spec, const Artifact& artifact, const ArtifactMap& all);
GateVerdict no_regressions(const GateSpec& spec, const Artifact& artifact);
// gates_quotes.cc
GateVerdict quotes_exist(const GateSpec& spec, const Artifact& artifact, const ArtifactMap& all);
// gates_openapi.cc
GateVerdict openapi_sound(const GateSpec& spec, const Artifact& artifact, const ArtifactMap& all);
// gates_statements.cc
void check_sentences(const Json& requirements, const std::string& brief, Verdict& verdict);
void check_audit(const Json& requirements, const ArtifactMap& all,
                 const std::vector<AuditedStatement>& audited, Verdict& verdict);
// gates_quality.cc
GateVerdict tests_pass(const GateSpec& spec, const Artifact& artifact);
GateVerdict coverage(const GateSpec& spec, const Artifact& artifact);
GateVerdict rule_kill_rate(const GateSpec& spec, const Artifact& artifact, const ArtifactMap& all);
GateVerdict differential_clean(const GateSpec& spec, const Artifact& artifact,
                               const ArtifactMap& all);
GateVerdict traceability_complete(const GateSpec& spec, const Artifact& artifact);
GateVerdict no_high_findings(const GateSpec& spec, const Artifact& artifact);

}  // namespace cadre::gates
