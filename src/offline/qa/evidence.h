// Everything the quality report is written from: the inputs of the stage, and what the tools said.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/provider.h"
#include "offline/qa/measures.h"
#include "spec/contract.h"

namespace cadre::offline::qa {

struct QualityFinding {
  std::string gate = {};      // "tests_pass"; empty: of the review
  std::string severity = {};  // high, medium, low
  std::string title = {};
  std::string evidence = {};
  std::string blame = {};  // artifact type
};

struct ReviewCheck {
  std::string id = {};
  std::string what = {};
  bool passed = true;
  std::string detail = {};  // what was looked at, or what is wrong
};

// One row of the traceability matrix: a criterion with one of its tests.
struct TraceRow {
  std::vector<std::string> sentences = {};
  std::string requirement = {}, story = {}, criterion = {}, rule = {};
  std::string component = {}, entity = {}, endpoint = {}, operation = {};
  std::string code = {};                               // file:line
  std::string test = {}, test_name = {}, result = {};  // passed, failed, skipped, not run
};

struct ToolRun {
  std::string id = {};       // "tests"
  std::string what = {};     // the command, for people
  bool ran = false;          // it started and ended
  std::string problem = {};  // why not
  std::optional<int> exit_code = {};
  double seconds = 0;
  std::string output = {};  // stdout and stderr
  std::map<std::string, std::string> outputs = {};
  Json value = nullptr;
};

struct Evidence {
  const Task* task = nullptr;
  spec::Spec spec = {};
  std::map<std::string, ToolRun> runs = {};
  std::optional<bool> sandboxed = {};
  std::optional<JUnit> junit = {};
  std::optional<Coverage> coverage = {};
  Json mutation = nullptr;      // reports/mutation.json, checked
  Json differential = nullptr;  // the tool's result
  std::vector<ReviewCheck> review = {};
  std::vector<TraceRow> trace = {};
  std::vector<QualityFinding> findings = {};
  std::vector<std::string> not_verified = {};

  const Json* data(const char* artifact) const;
  const std::vector<File>& files(const char* artifact) const;
};

// review.cc: the stated checks of the code; adds findings.
void review_code(Evidence& evidence);
// traceability.cc: fills `trace`; ids that lead nowhere become findings.
void trace_everything(Evidence& evidence);
std::string trace_csv(const Evidence& evidence);
std::string trace_markdown(const Evidence& evidence);
// report.cc: the data of quality_report, and docs/quality-report.md.
Json report_data(const Evidence& evidence);
std::string report_markdown(const Evidence& evidence, const Json& data);

}  // namespace cadre::offline::qa
