#include "sop/gates.h"

#include "base/json_schema.h"
#include "sop/gate_catalogue.h"
#include "sop/gate_verdict.h"
#include "sop/problem.h"

namespace cadre {
namespace {

std::vector<ArtifactIssue> issues_against(const Json& schema, const Json& data) {
  const Result<JsonSchema> compiled = JsonSchema::compile(schema);
  if (!compiled) return {{"", "its schema cannot be used: " + compiled.error().message}};
  std::vector<ArtifactIssue> issues;
  for (SchemaIssue& issue : compiled->validate(data)) {
    issues.push_back({std::move(issue.pointer), std::move(issue.message)});
  }
  return issues;
}

class Keeper final : public GateKeeper {
 public:
  explicit Keeper(GateParts parts) : parts_(std::move(parts)) {}

  GateVerdict evaluate(const GateSpec& spec, const Artifact& artifact,
                       const ArtifactMap& all) const override {
    using namespace gates;
    if (spec.name == "schema") return schema(spec, artifact);
    if (spec.name == "ddl_loads") return ddl_loads(spec, artifact);
    if (spec.name == "statements_accounted") {
      return statements_accounted(spec, artifact, all, parts_.audit);
    }
    if (spec.name == "stories_testable") return stories_testable(spec, artifact);
    if (spec.name == "links_complete") return links_complete(spec, artifact, all);
    if (spec.name == "components_serve_stories") {
      return components_serve_stories(spec, artifact, all);
    }
    if (spec.name == "openapi_sound") return openapi_sound(spec, artifact, all);
    if (spec.name == "criteria_have_tests") return criteria_have_tests(spec, artifact, all);
    if (spec.name == "tests_pass") return tests_pass(spec, artifact);
    if (spec.name == "coverage") return coverage(spec, artifact);
    if (spec.name == "rule_kill_rate") return rule_kill_rate(spec, artifact, all);
    if (spec.name == "differential_clean") return differential_clean(spec, artifact, all);
    if (spec.name == "traceability_complete") return traceability_complete(spec, artifact);
    if (spec.name == "no_high_findings") return no_high_findings(spec, artifact);
    if (spec.name == "plan_fits") return plan_fits(spec, artifact, all);
    if (spec.name == "only_planned") return only_planned(spec, artifact, all);
    if (spec.name == "no_regressions") return no_regressions(spec, artifact);
    if (spec.name == "quotes_exist") return quotes_exist(spec, artifact, all);
    Verdict verdict(spec);
    if (spec.name == kApprovalGate) {
      verdict.high("a person decides this gate, and nobody was asked");
      return verdict.take();
    }
    verdict.high(
        fmt::format("there is no gate \"{}\"; there are {}", spec.name, one_of(gate_names())));
    return verdict.take();
  }

  std::vector<ArtifactIssue> check_artifact(const Plan& plan, const std::string& type,
                                            const Json& data) const override {
    const auto at = plan.artifact_schemas.find(type);
    if (at == plan.artifact_schemas.end()) return {};
    return issues_against(at->second, data);
  }

 private:
  GateVerdict schema(const GateSpec& spec, const Artifact& artifact) const {
    gates::Verdict verdict(spec);
    const auto at = parts_.schemas.find(artifact.type);
    if (at == parts_.schemas.end()) {
      verdict.high(fmt::format("there is no schema for {}", artifact.type));
      return verdict.take();
    }
    const std::vector<ArtifactIssue> issues = issues_against(at->second, artifact.data);
    for (const ArtifactIssue& issue : issues) {
      verdict.high(fmt::format("{}: {}", issue.path.empty() ? "/" : issue.path, issue.message));
    }
    verdict.measured("issues", issues.size());
    return verdict.take();
  }

  GateVerdict ddl_loads(const GateSpec& spec, const Artifact& artifact) const {
    gates::Verdict verdict(spec);
    const std::string ddl = json::get_string(artifact.data, "ddl");
    bool tables = false;
    for (const Json& entity : json::get_array(artifact.data, "entities")) {
      tables = tables || !json::get_string(entity, "table").empty();
    }
    if (text::trim(ddl).empty() && !tables && json::find(artifact.data, "entities") != nullptr) {
      verdict.not_applicable("no entity has a table, so there is no database");
    } else if (text::trim(ddl).empty()) {
      verdict.high("there is no DDL");
    } else if (!parts_.check_ddl) {
      verdict.high("not measured: no database is there to load the DDL");
    } else if (const std::string problem = parts_.check_ddl(ddl); !problem.empty()) {
      verdict.high("the DDL does not load: " + problem);
    }
    verdict.measured("bytes", ddl.size());
    return verdict.take();
  }

  GateParts parts_;
};

}  // namespace

std::shared_ptr<const GateKeeper> make_gate_keeper(GateParts parts) {
  return std::make_shared<const Keeper>(std::move(parts));
}

}  // namespace cadre
