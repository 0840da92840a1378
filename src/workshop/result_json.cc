#include "workshop/result_json.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace cadre::workshop {
namespace {

// The ten keys of the result and the artifact types behind each.
const std::vector<std::pair<const char*, std::vector<const char*>>>& keys() {
  static const std::vector<std::pair<const char*, std::vector<const char*>>> kKeys{
      {"user_stories", {"user_stories"}},
      {"competitive_analysis", {"competitive_analysis"}},
      {"requirements", {"requirements", "roadmap"}},
      {"architecture", {"architecture", "tasks"}},
      {"data_structures", {"data_structures"}},
      {"apis", {"apis"}},
      {"implementation", {"code"}},
      {"documentation", {"documentation"}},
      {"tests", {"test_suite", "test_data"}},
      {"quality_report", {"quality_report"}}};
  return kKeys;
}

bool belongs_to_a_key(std::string_view type) {
  return std::ranges::any_of(keys(), [&](const auto& key) {
    return std::ranges::any_of(key.second, [&](const char* one) { return type == one; });
  });
}

// The first type's data is the key's data; further types add their data under their own name.
Json section(const ArtifactMap& artifacts, const std::vector<const char*>& types) {
  Json data = nullptr;
  JsonArray files;
  for (std::size_t i = 0; i < types.size(); ++i) {
    const auto it = artifacts.find(types[i]);
    if (it == artifacts.end()) continue;
    if (i == 0) {
      data = it->second->data;
    } else if (data.is_object()) {
      data.get_object()[types[i]] = it->second->data;
    }
    for (const File& file : it->second->files) files.emplace_back(file.path);
  }
  return JsonObject{{"data", std::move(data)}, {"files", std::move(files)}};
}

Json tokens_of(const RunReport& report) {
  std::int64_t in = 0, out = 0;
  bool any = false;
  for (const Activity& agent : report.agents) {
    any = any || agent.has_tokens;
    in += agent.tokens_in;
    out += agent.tokens_out;
  }
  return any ? Json(JsonObject{{"input", in}, {"output", out}}) : Json(nullptr);
}

// Known when the cost of every call is.
Json cost_of(const RunReport& report) {
  double sum = 0;
  int calls = 0, priced = 0;
  for (const Activity& agent : report.agents) {
    sum += agent.cost_usd;
    priced += agent.calls_priced;
    calls += agent.model_calls - agent.model_calls_failed;
  }
  return priced > 0 && priced >= calls ? Json(sum) : Json(nullptr);
}

Json statements_of(const ArtifactMap& artifacts) {
  const auto it = artifacts.find("requirements");
  if (it != artifacts.end()) {
    if (const Json* statements = json::find(it->second->data, "statements")) return *statements;
  }
  return nullptr;
}

}  // namespace

bool makes_software(const Plan& plan) {
  return std::ranges::any_of(plan.stages, [](const StageSpec& stage) {
    return std::ranges::any_of(stage.makes, belongs_to_a_key);
  });
}

Json assemble_result(const ResultInput& input) {
  const RunReport& report = input.report;
  JsonObject run{{"id", report.run},
                 {"status", report.status},
                 {"exit_code", report.exit_code},
                 {"seconds", static_cast<double>(report.working_us) / 1e6},
                 {"model", report.provider},
                 {"sop", input.sop},
                 {"handoffs", JsonObject{{"requested", report.handoffs.requested},
                                         {"accepted", report.handoffs.accepted},
                                         {"refused", report.handoffs.refused},
                                         {"completed", report.handoffs.completed}}},
                 {"tokens", tokens_of(report)},
                 {"cost_usd", cost_of(report)},
                 {"events", report.events},
                 {"spans", report.spans}};
  if (!input.refusal.is_null()) run["refusal"] = input.refusal;
  JsonObject result{
      {"cadre", 1}, {"run", std::move(run)}, {"statements", statements_of(input.artifacts)}};
  if (input.software) {
    for (const auto& [key, types] : keys()) result[key] = section(input.artifacts, types);
  }
  // What belongs to none of the ten keys stands under its own type.
  JsonObject others;
  for (const auto& [type, artifact] : input.artifacts) {
    if (!belongs_to_a_key(type)) others[type] = section(input.artifacts, {type.c_str()});
  }
  if (!others.empty()) result["artifacts"] = std::move(others);
  return result;
}

}  // namespace cadre::workshop
