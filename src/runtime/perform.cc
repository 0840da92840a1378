#include "runtime/perform.h"

#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <map>
#include <system_error>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "core/provider_json.h"

namespace cadre {
namespace {

constexpr std::size_t kEvidenceBytes = 4096;

// Code of providers, tools and gates is not ours: what it throws becomes an error here.
template <class F>
auto guarded(const std::string& who, F&& f) -> decltype(f()) {
  try {
    return f();
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInternal, fmt::format("{} threw: {}", who, error.what()));
  } catch (...) {
    return fail(ErrorCode::kInternal, fmt::format("{} threw something", who));
  }
}

Json put_blob(std::string bytes, Performed& performed) {
  Json address(sha256_hex(bytes));
  performed.blobs.push_back(std::move(bytes));
  return address;
}

// Does the artifact say itself that something is left open?
bool is_incomplete(const Json& data) {
  if (json::get_string(data, "run_outcome") == "incomplete") return true;
  const Json* statements = json::find(data, "statements");
  if (statements == nullptr) return false;
  for (const char* key : {"not_understood", "partly", "out_of_scope"}) {
    const Json* count = json::find(*statements, key);
    if (count == nullptr) continue;
    if (count->is_array() && !count->get_array().empty()) return true;
    if (json::get_int(*statements, key) > 0) return true;
  }
  return false;
}

JsonObject add_artifact(Artifact artifact, Performed& performed) {
  JsonObject entry;
  entry["type"] = artifact.type;
  std::string bytes = json::write(to_json(artifact));
  entry["bytes"] = bytes.size();
  entry["files"] = artifact.files.size();
  if (is_incomplete(artifact.data)) entry["incomplete"] = true;
  const Json address = put_blob(std::move(bytes), performed);
  entry["blob"] = address;
  performed.artifacts.push_back(
      {std::string(json::as_view(address.get_string())),
       std::make_shared<const Artifact>(std::move(artifact))});
  return entry;
}

void check_data(const Artifact& artifact, const GateKeeper& gates, const Plan& plan,
                std::vector<Finding>& findings) {
  for (const ArtifactIssue& issue : gates.check_artifact(plan, artifact.type, artifact.data)) {
    findings.push_back({"schema", "high",
                        fmt::format("{} at {}: {}", artifact.type,
                                    issue.path.empty() ? "/" : issue.path, issue.message),
                        "", artifact.type});
  }
}

void check_files(const Artifact& artifact, std::vector<Finding>& findings) {
  for (const File& file : artifact.files) {
    if (is_safe_path(file.path)) continue;
    findings.push_back({"files", "high",
                        fmt::format("{} has a file \"{}\": paths are relative and stay inside the "
                                    "project", artifact.type, text::clean_utf8(file.path)),
                        "", artifact.type});
  }
}

Json reply_of(const Turn& turn, const JsonArray& artifacts) {
  JsonObject reply;
  JsonArray calls;
  for (const ToolCall& call : turn.tool_calls) {
    JsonObject entry;
    entry["id"] = call.id;
    entry["tool"] = call.tool;
    entry["arguments"] = call.arguments;
    calls.push_back(std::move(entry));
  }
  reply["calls"] = std::move(calls);
  reply["artifacts"] = artifacts;
  if (turn.refusal) reply["refusal"] = to_json(*turn.refusal);
  reply["notes"] = json::to_array(turn.notes);
  if (!turn.memo.is_null()) reply["memo"] = turn.memo;
  return reply;
}

// A call as the event names it. What a person will be asked about carries its arguments, too long
// ones as the beginning of their text.
JsonObject call_entry(const ToolCall& call, const Task& task, const Plan& plan) {
  JsonObject entry;
  entry["id"] = call.id;
  entry["tool"] = call.tool;
  const AgentConfig* agent = find_agent(plan, task.role);
  const bool asked = call.tool == kAskUserTool ||
                     (agent != nullptr && std::ranges::find(agent->approvals, call.tool) !=
                                              agent->approvals.end());
  if (!asked) return entry;
  const std::string written = json::write(call.arguments);
  entry["arguments"] = written.size() <= kInlineBytes
                           ? call.arguments
                           : Json(text::shorten(written, kInlineBytes));
  return entry;
}

}  // namespace

Performed perform_capability(const Provider& provider, const Task& task) {
  Performed performed;
  const auto answer = guarded(provider.name(), [&]() -> Result<CapabilityAnswer> {
    return provider.can(task);
  });
  if (answer) {
    performed.result["answer"] = to_string(answer->capability);
    performed.result["reasons"] = json::to_array(answer->reasons);
  } else {
    performed.result["answer"] = "no";
    performed.result["reasons"] = json::to_array({answer.error().message});
  }
  return performed;
}

Performed perform_turn(Provider& provider, const Task& task,
                       const std::vector<ToolResult>& results, const GateKeeper& gates,
                       const Plan& plan, bool checked, std::stop_token stop) {
  Performed performed;
  auto turn = guarded(provider.name(), [&] { return provider.next(task, results, stop); });
  if (!turn) {
    performed.cancelled = turn.error().code == ErrorCode::kCancelled;
    performed.result["ok"] = false;
    performed.result["error"] = to_json(turn.error());
    return performed;
  }
  performed.result["ok"] = true;
  std::vector<Finding> findings;
  JsonArray calls, artifacts;
  for (const ToolCall& call : turn->tool_calls) {
    calls.push_back(call_entry(call, task, plan));
  }
  for (Artifact& artifact : turn->artifacts) {
    if (calls.empty() && checked) check_data(artifact, gates, plan, findings);
    check_files(artifact, findings);
    if (calls.empty()) artifacts.push_back(add_artifact(std::move(artifact), performed));
  }
  performed.result["reply"] = put_blob(json::write(reply_of(*turn, artifacts)), performed);
  if (!calls.empty()) performed.result["calls"] = std::move(calls);
  if (!artifacts.empty()) performed.result["artifacts"] = std::move(artifacts);
  if (!findings.empty()) performed.result["findings"] = to_json(findings);
  if (turn->refusal) performed.result["refusal"] = to_json(*turn->refusal);
  if (!turn->notes.empty()) performed.result["notes"] = json::to_array(turn->notes);
  if (!turn->tokens.is_null()) performed.result["tokens"] = std::move(turn->tokens);
  if (!turn->request.is_null()) performed.result["request"] = std::move(turn->request);
  performed.calls = std::move(turn->tool_calls);
  performed.memo = std::move(turn->memo);
  return performed;
}

Performed perform_tool(TaskTool* tool, const ToolCall& call, TaskToolContext context) {
  Performed performed;
  std::error_code ignored;
  auto value = guarded("tool " + call.tool, [&]() -> Result<Json> {
    if (tool == nullptr) {
      return fail(ErrorCode::kNotFound, fmt::format("there is no tool {}", call.tool));
    }
    // A model may have written anything; tools check the members themselves.
    if (call.arguments.is_string()) {
      return fail(ErrorCode::kInvalidInput,
                  "the arguments are not a JSON object: " +
                      text::shorten(json::as_view(call.arguments.get_string()), 200));
    }
    std::error_code error;
    std::filesystem::create_directories(context.scratch_dir, error);
    if (error) {
      return fail(ErrorCode::kIo, fmt::format("cannot make {}: {}", context.scratch_dir.string(),
                                              error.message()));
    }
    return tool->run(call.arguments, context);
  });
  std::filesystem::remove_all(context.scratch_dir, ignored);
  performed.cancelled = !value && value.error().code == ErrorCode::kCancelled;
  performed.result["ok"] = value.has_value();
  Json answer;
  if (value) {
    answer = std::move(*value);
  } else {
    JsonObject error;
    error["error"] = value.error().message;
    error["code"] = to_string(value.error().code);
    error["hint"] = value.error().hint;
    answer = std::move(error);
  }
  std::string written = json::write(answer);
  if (written.size() <= kInlineBytes) {
    performed.result["value"] = std::move(answer);
  } else {
    performed.result["blob"] = put_blob(std::move(written), performed);
  }
  return performed;
}

Performed perform_plan_tasks(const Artifact& artifact, const StageSpec::FanOut& fan_out,
                             const std::string& role, const std::vector<std::string>& makes) {
  Performed performed;
  const Json* list = &artifact.data;
  for (const std::string& step : text::split(fan_out.path, '/')) {
    if (list != nullptr && !step.empty()) list = json::find(*list, step);
  }
  JsonArray tasks;
  std::vector<Finding> findings;
  const auto wrong = [&](std::string message) {
    findings.push_back({"tasks", "high", std::move(message), "", fan_out.artifact});
  };
  if (list == nullptr || !list->is_array()) {
    wrong(fmt::format("{} has no list of tasks at \"{}\"", fan_out.artifact, fan_out.path));
    performed.result["findings"] = to_json(findings);
    performed.result["tasks"] = std::move(tasks);
    return performed;
  }
  std::vector<std::string> open = makes;
  for (const Json& item : list->get_array()) {
    // Who has no owner named is everybody's who fans out over the list.
    if (json::get_string(item, "owner", role) != role) continue;
    JsonObject task;
    task["id"] = json::get_string(item, "id");
    task["title"] = json::get_string(item, "title", json::get_string(item, "id"));
    task["depends_on"] = json::to_array(json::get_strings(item, "depends_on"));
    task["parameters"] = item;
    tasks.push_back(std::move(task));
    const auto made = json::get_strings(item, "makes");
    if (made.empty()) open.clear();
    for (const std::string& type : made) {
      if (!makes.empty() && std::ranges::find(makes, type) == makes.end()) {
        wrong(fmt::format("the task {} is to make {}; its stage makes {}",
                          json::get_string(item, "id"), type, text::join(makes, ", ")));
      }
      std::erase(open, type);
    }
  }
  if (!tasks.empty() && !open.empty()) {
    wrong(fmt::format("no task of {} makes {}", role, text::join(open, ", ")));
  }
  performed.result["tasks"] = std::move(tasks);
  if (!findings.empty()) performed.result["findings"] = to_json(findings);
  return performed;
}

Performed perform_join(const std::vector<std::shared_ptr<const Artifact>>& parts,
                       const GateKeeper& gates, const Plan& plan) {
  Performed performed;
  std::vector<std::string> order;
  std::map<std::string, Artifact> joined;
  std::map<std::string, JsonArray> data;
  std::map<std::string, std::pair<std::string, const File*>> by_path;  // path -> type, file
  std::vector<Finding> findings;
  for (const auto& part : parts) {
    Artifact& whole = joined[part->type];
    if (whole.type.empty()) order.push_back(part->type);
    whole.type = part->type;
    data[part->type].push_back(part->data);
    for (const File& file : part->files) {
      const auto [at, fresh] = by_path.try_emplace(file.path, part->type, &file);
      if (fresh) {
        whole.files.push_back(file);
      } else if (at->second.second->content != file.content) {
        findings.push_back({"join", "high", fmt::format("two tasks wrote different contents to {}",
                                                        file.path), "", part->type});
      }
    }
  }
  JsonArray artifacts;
  for (const std::string& type : order) {
    JsonObject object;
    object["parts"] = std::move(data[type]);
    joined[type].data = std::move(object);
    check_data(joined[type], gates, plan, findings);
    artifacts.push_back(add_artifact(std::move(joined[type]), performed));
  }
  performed.result["artifacts"] = std::move(artifacts);
  if (!findings.empty()) performed.result["findings"] = to_json(findings);
  return performed;
}

Performed perform_gate(const GateKeeper& gates, const GateSpec& spec, const ArtifactMap& all) {
  Performed performed;
  const auto verdict = guarded("gate " + spec.name, [&]() -> Result<GateVerdict> {
    const auto at = all.find(spec.artifact);
    if (at == all.end()) {
      return fail(ErrorCode::kNotFound, fmt::format("{} does not exist", spec.artifact));
    }
    return gates.evaluate(spec, *at->second, all);
  });
  GateVerdict given;
  if (verdict) {
    given = *verdict;
  } else {
    given.findings.push_back({spec.name, "high", verdict.error().describe(), "", ""});
  }
  for (Finding& finding : given.findings) {
    finding.evidence = text::shorten(text::clean_utf8(finding.evidence), kEvidenceBytes);
    if (finding.gate.empty()) finding.gate = spec.name;
  }
  performed.result["passed"] = given.passed;
  if (!given.findings.empty()) performed.result["findings"] = to_json(given.findings);
  performed.result["measured"] = std::move(given.measured);
  return performed;
}

Performed perform_approval(const GateSpec& spec, const Decision& decision) {
  Performed performed;
  performed.result["passed"] = decision.approved;
  if (!decision.approved) {
    performed.result["findings"] = to_json(std::vector<Finding>{
        {spec.name, "high",
         "not approved: " + (decision.message.empty() ? "no reason was given" : decision.message),
         "", ""}});
  }
  JsonObject measured;
  measured["by"] = decision.by;
  if (!decision.message.empty()) measured["message"] = decision.message;
  performed.result["measured"] = std::move(measured);
  return performed;
}

Performed perform_project(ProjectWriter& writer, const StageDone& done) {
  Performed performed;
  const auto written = guarded("the project writer", [&] { return writer.stage_done(done); });
  if (!written && written.error().code == ErrorCode::kIo) performed.blocked = written.error();
  performed.result["ok"] = written.has_value();
  if (!written) performed.result["error"] = to_json(written.error());
  return performed;
}

}  // namespace cadre
