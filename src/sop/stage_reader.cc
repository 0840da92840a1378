#include "sop/stage_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "sop/gate_catalogue.h"

namespace cadre {
namespace {

class GateReader {
 public:
  GateReader(const std::string& file, const YamlDocument& document, const StageSpec& stage,
             SopProblems& problems)
      : file_(file), document_(document), stage_(stage), problems_(problems) {}

  // "- tests_pass", or "- {gate: coverage, min_percent: 90}".
  void read(const Json& value, const std::string& pointer, std::vector<GateSpec>& gates) {
    if (value.is_string()) {
      const std::string name(json::as_view(value.get_string()));
      if (const GateInfo* info = known(name, document_.line_of(pointer))) {
        add(*info, GateSpec{name, "", JsonObject{}, ""}, gates);
      }
      return;
    }
    Fields fields(file_, document_, pointer, problems_);
    if (!fields.is_mapping()) {
      problems_.error(file_, document_.line_of(pointer),
                      fmt::format("a gate must be a name or a mapping, not {}", kind_of(value)),
                      "write \"- tests_pass\" or \"- {gate: coverage, min_percent: 90}\"");
      return;
    }
    GateSpec gate;
    gate.name = fields.word("gate", true);
    gate.artifact = fields.has("artifact") ? fields.word("artifact", true) : "";
    gate.blame = fields.has("blame") ? fields.word("blame", true) : "";
    if (gate.name.empty()) return;
    const GateInfo* info = known(gate.name, fields.line("gate"));
    if (info == nullptr) return;
    read_parameters(*info, fields, gate);
    fields.report_unknown(fmt::format("the gate {}", gate.name));
    add(*info, std::move(gate), gates);
  }

 private:
  const GateInfo* known(const std::string& name, int line) {
    const GateInfo* info = find_gate(name);
    if (info != nullptr) return info;
    const std::string meant = did_you_mean(name, gate_names());
    problems_.error(
        file_, line, fmt::format("there is no gate \"{}\"", name),
        meant.empty() ? "write " + one_of(gate_names()) : fmt::format("write \"{}\"", meant));
    return nullptr;
  }

  static bool in_percent(const Json& value) {
    return value.is_number() && value.to_number<double>() >= 0 && value.to_number<double>() <= 100;
  }

  static void read_parameters(const GateInfo& info, Fields& fields, GateSpec& gate) {
    for (const GateParameter& parameter : info.parameters) {
      const Json* value = fields.raw(parameter.name);
      if (value == nullptr) continue;
      const bool fits = parameter.text     ? value->is_string() && !value->get_string().empty()
                        : parameter.number ? in_percent(*value)
                                           : value->is_bool();
      if (fits) {
        gate.parameters.get_object()[parameter.name] = *value;
      } else {
        fields.error(parameter.name, fmt::format("\"{}\" must be {}", parameter.name,
                                                 parameter.text     ? "text"
                                                 : parameter.number ? "a number from 0 to 100"
                                                                    : "true or false"));
      }
    }
  }

  // Without an artifact, the gate's usual one; `schema` and `links_complete` then look at each
  // that the stage makes.
  void add(const GateInfo& info, GateSpec gate, std::vector<GateSpec>& gates) const {
    if (gate.artifact.empty()) gate.artifact = info.artifact;
    // A person looks at all that a stage made, once.
    if (gate.artifact.empty() && gate.name == kApprovalGate && !stage_.makes.empty()) {
      gate.artifact = stage_.makes.front();
    }
    if (!gate.artifact.empty()) {
      gates.push_back(std::move(gate));
      return;
    }
    for (const std::string& type : stage_.makes) {
      gate.artifact = type;
      gates.push_back(gate);
    }
  }

  const std::string& file_;
  const YamlDocument& document_;
  const StageSpec& stage_;
  SopProblems& problems_;
};

// "fan_out: tasks", or "fan_out: {artifact: tasks, path: tasks}".
std::optional<StageSpec::FanOut> read_fan_out(const std::string& file, const YamlDocument& document,
                                              Fields& stage, SopProblems& problems) {
  const Json* value = stage.raw("fan_out");
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (value->is_string()) {
    const std::string type = stage.word("fan_out", true);
    return StageSpec::FanOut{type, type};
  }
  Fields fields(file, document, stage.pointer("fan_out"), problems);
  if (!fields.is_mapping()) {
    stage.error("fan_out", fmt::format("\"fan_out\" must be a mapping, not {}", kind_of(*value)),
                "write \"fan_out: {artifact: tasks, path: tasks}\"");
    return std::nullopt;
  }
  StageSpec::FanOut fan_out{fields.word("artifact", true), fields.text("path", true)};
  fields.report_unknown("a fan-out");
  return fan_out;
}

}  // namespace

namespace {

// "context: {architecture: [stack, components], roadmap: []}".
void read_context(const std::string& file, const YamlDocument& document, Fields& stage,
                  StageSpec& spec, SopProblems& problems) {
  const Json* value = stage.raw("context");
  if (value == nullptr || value->is_null()) return;
  Fields fields(file, document, stage.pointer("context"), problems);
  if (!fields.is_mapping()) {
    stage.error("context", fmt::format("\"context\" must be a mapping, not {}", kind_of(*value)),
                "write \"context: {architecture: [stack, components]}\"");
    return;
  }
  for (const auto& member : value->get_object()) {
    const std::string type(member.key().data(), member.key().size());
    if (std::find(spec.needs.begin(), spec.needs.end(), type) == spec.needs.end()) {
      fields.error(type,
                   fmt::format("\"context\" names \"{}\", which the stage does not need", type),
                   "write " + one_of(spec.needs));
      continue;
    }
    spec.context[type] = fields.list(type, false);
  }
}

}  // namespace

ReadStage read_stage(const std::string& file, const YamlDocument& document,
                     const std::string& pointer, SopProblems& problems) {
  ReadStage read;
  read.pointer = pointer;
  StageSpec& stage = read.spec;
  Fields fields(file, document, pointer, problems);
  if (!fields.is_mapping()) {
    problems.error(file, document.line_of(pointer), "a stage must be a mapping",
                   "write \"- id: ...\" and below it role, needs, makes and gates");
    return read;
  }
  stage.id = fields.word("id", true);
  stage.title = fields.text("title", false, stage.id);
  stage.role = fields.word("role", true);
  stage.needs = fields.list("needs", true);
  stage.makes = fields.list("makes", true);
  stage.fan_out = read_fan_out(file, document, fields, problems);
  read_context(file, document, fields, stage, problems);
  stage.priority = fields.text("priority", false, "normal");
  if (const Json* asked = fields.raw("approve_handoff"); asked != nullptr) {
    if (asked->is_bool()) {
      stage.approve_handoff = asked->get_bool();
    } else {
      fields.error("approve_handoff", "\"approve_handoff\" must be true or false");
    }
  }
  const std::vector<std::string> priorities{"low", "normal", "high"};
  if (std::find(priorities.begin(), priorities.end(), stage.priority) == priorities.end()) {
    fields.error("priority", fmt::format("there is no priority \"{}\"", stage.priority),
                 "write " + one_of(priorities));
  }
  if (const Json* gates = fields.raw("gates"); gates != nullptr && !gates->is_null()) {
    if (gates->is_array()) {
      GateReader reader(file, document, stage, problems);
      for (std::size_t i = 0; i < gates->get_array().size(); ++i) {
        reader.read(gates->get_array()[i], fmt::format("{}/{}", fields.pointer("gates"), i),
                    stage.gates);
      }
    } else {
      fields.error("gates", fmt::format("\"gates\" must be a list, not {}", kind_of(*gates)),
                   "write \"gates: [schema]\"");
    }
  }
  fields.report_unknown(stage.id.empty() ? "a stage" : fmt::format("the stage {}", stage.id));
  return read;
}

}  // namespace cadre
