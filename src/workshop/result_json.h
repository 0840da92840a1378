// result.json: the contract that outside programs read (sops/software/result.schema.json).
#pragma once

#include "base/json.h"
#include "core/gate.h"
#include "core/plan.h"
#include "trace/report.h"

namespace cadre::workshop {

struct ResultInput {
  RunReport report;
  std::string sop;
  ArtifactMap artifacts;  // the newest of each type
  Json refusal;           // reason and help of a refused run, or null
  bool software = true;   // whether the ten keys are there, whatever was made
};

// Whether a plan makes anything that one of the ten keys holds.
bool makes_software(const Plan& plan);

// Figures that were not measured are null. Never fails: what a run did not get to make is null too.
Json assemble_result(const ResultInput& input);

}  // namespace cadre::workshop
