// Gates and artifact checks as the core and the runtime see them; sop/ implements them.
//
// A gate decides by evidence in the artifacts (counts, results, links), never by opinion, and has
// no effects: the same artifacts give the same verdict. Implementations are thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "core/plan.h"
#include "core/provider.h"

namespace cadre {

// Artifacts by type.
using ArtifactMap = std::map<std::string, std::shared_ptr<const Artifact>>;

struct GateVerdict {
  bool passed = false;
  // What failed, worst first; each with `gate` and `blame` filled (Finding::blame, else
  // GateSpec::blame, else GateSpec::artifact). May hold low findings when passed.
  std::vector<Finding> findings;
  Json measured = JsonObject{};  // the figures it decided by: {"percent": 93.5, "min_percent": 90}
};

// Something wrong in an artifact's data, by JSON pointer.
struct ArtifactIssue {
  std::string path;     // "/user_stories/3/criteria"
  std::string message;  // "must have at least 1 element"
};

class GateKeeper {
 public:
  virtual ~GateKeeper() = default;
  // `artifact` is that of spec.artifact; `all` everything that exists now, `artifact` included.
  // An unknown gate name is a verdict that fails and says so.
  virtual GateVerdict evaluate(const GateSpec& spec, const Artifact& artifact,
                               const ArtifactMap& all) const = 0;
  // Issues of `data` against the schema of `type`; empty when valid or when the plan has none.
  virtual std::vector<ArtifactIssue> check_artifact(const Plan& plan, const std::string& type,
                                                    const Json& data) const = 0;
};

}  // namespace cadre
