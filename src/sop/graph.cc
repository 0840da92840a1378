#include "sop/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/text.h"

namespace cadre {
namespace {

bool has(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

class GraphCheck {
 public:
  GraphCheck(const SopParts& parts, SopProblems& problems) : parts_(parts), problems_(problems) {
    std::set<std::string> names(parts.unread_roles.begin(), parts.unread_roles.end());
    for (const RoleFile& role : parts.roles) {
      if (!role.agent.role.empty()) names.insert(role.agent.role);
    }
    role_names_.assign(names.begin(), names.end());
  }

  std::vector<StageSpec> run() {
    check_roles();
    collect_makers();
    for (const ReadStage& stage : parts_.stages) check_stage(stage);
    std::vector<StageSpec> ordered = order();
    if (!problems_.has_errors()) check_handoffs();
    return ordered;
  }

 private:
  int line(const ReadStage& stage, const std::string& key) const {
    return parts_.document->line_of(stage.pointer + "/" + key);
  }
  void error(int line, std::string message, std::string hint = {}) {
    problems_.error(parts_.file, line, std::move(message), std::move(hint));
  }
  std::string choose(const std::string& word, const std::vector<std::string>& from) const {
    const std::string meant = did_you_mean(word, from);
    if (!meant.empty()) return fmt::format("write \"{}\"", meant);
    return from.empty() ? "" : "write " + one_of(from);
  }
  const RoleFile* role(const std::string& name) const {
    const auto at = std::find_if(parts_.roles.begin(), parts_.roles.end(),
                                 [&](const RoleFile& r) { return r.agent.role == name; });
    return at == parts_.roles.end() ? nullptr : &*at;
  }

  void check_roles() {
    std::map<std::string, std::string> seen;
    for (const RoleFile& file : parts_.roles) {
      const std::string& name = file.agent.role;
      if (name.empty()) continue;
      const auto [at, fresh] = seen.emplace(name, file.file);
      if (!fresh) {
        problems_.error(file.file, file.lines.at("role"),
                        fmt::format("the role \"{}\" is already in {}", name, at->second),
                        "give this one another name, or remove the file");
      }
      for (std::size_t i = 0; i < file.agent.handoff_targets.size(); ++i) {
        const std::string& target = file.agent.handoff_targets[i];
        const int target_line = file.line_of("handoff_targets", i);
        if (target == name) {
          problems_.error(file.file, target_line,
                          fmt::format("the role \"{}\" hands work to itself", name),
                          "remove it from handoff_targets");
        } else if (!has(role_names_, target)) {
          problems_.error(file.file, target_line,
                          fmt::format("the handoff target \"{}\" is no role", target),
                          choose(target, role_names_));
        }
      }
    }
    check_shown_names();
    if (!parts_.lead.empty() && !has(role_names_, parts_.lead)) {
      error(parts_.document->line_of("/lead"),
            fmt::format("the lead \"{}\" is no role", parts_.lead),
            fmt::format("{}{}add roles/{}.md", choose(parts_.lead, role_names_),
                        role_names_.empty() ? "" : ", or ", parts_.lead));
    }
  }

  // Reports, dashboards and approvals call agents by the shown name.
  void check_shown_names() {
    std::map<std::string, std::string> seen;
    for (const RoleFile& file : parts_.roles) {
      if (file.agent.role.empty() || file.agent.name.empty()) continue;
      const auto [at, fresh] = seen.emplace(text::lower(file.agent.name), file.file);
      // A second role of the same word is reported as such.
      if (fresh || file.agent.role == role_in(at->second)) continue;
      problems_.error(file.file, file.lines.at("name"),
                      fmt::format("the name \"{}\" is already in {}", file.agent.name, at->second),
                      "give this one another \"name\"");
    }
  }
  std::string role_in(const std::string& file) const {
    const auto at = std::find_if(parts_.roles.begin(), parts_.roles.end(),
                                 [&](const RoleFile& r) { return r.file == file; });
    return at == parts_.roles.end() ? "" : at->agent.role;
  }

  void collect_makers() {
    std::set<std::string> ids;
    for (const ReadStage& stage : parts_.stages) {
      if (!stage.spec.id.empty() && !ids.insert(stage.spec.id).second) {
        error(line(stage, "id"), fmt::format("there are two stages \"{}\"", stage.spec.id),
              "give one of them another id");
      }
      for (const std::string& type : stage.spec.makes) {
        if (!is_word(type)) {
          error(line(stage, "makes"), fmt::format("\"{}\" is no name of an artifact type", type),
                fmt::format("write \"{}\"", text::snake_case(type)));
          continue;
        }
        if (given(type)) {
          error(line(stage, "makes"),
                fmt::format("\"{}\" is what the user gives; no stage makes it", type),
                "name what this stage makes otherwise");
          continue;
        }
        const auto [at, fresh] = makers_.emplace(type, &stage);
        if (!fresh && at->second != &stage) {
          error(
              line(stage, "makes"),
              fmt::format("\"{}\" is made by the stage \"{}\" already", type, at->second->spec.id),
              "let one stage make it, or give this one another type");
        }
      }
    }
    for (const auto& [type, stage] : makers_) types_.push_back(type);
  }

  bool given(const std::string& type) const {
    return type == "brief" || (!parts_.input.empty() && type == parts_.input);
  }

  void check_stage(const ReadStage& stage) {
    const StageSpec& spec = stage.spec;
    if (!spec.role.empty() && !has(role_names_, spec.role)) {
      error(line(stage, "role"), fmt::format("the role \"{}\" is not known", spec.role),
            fmt::format("{}{}add roles/{}.md", choose(spec.role, role_names_),
                        role_names_.empty() ? "" : ", or ", spec.role));
    } else if (!spec.role.empty() && spec.role == parts_.lead) {
      error(line(stage, "role"),
            fmt::format("\"{}\" leads the run and cannot do a stage of it", spec.role),
            "give the stage to another role");
    }
    for (const std::string& need : spec.needs) {
      if (given(need) || makers_.contains(need)) {
        if (!has(spec.makes, need)) continue;
        error(line(stage, "needs"),
              fmt::format("the stage \"{}\" needs \"{}\", which it makes itself", spec.id, need),
              "remove it from needs");
        continue;
      }
      error(line(stage, "needs"), fmt::format("\"{}\" is needed and no stage makes it", need),
            choose(need, with_brief()));
    }
    check_fan_out(stage);
    for (std::size_t i = 0; i < spec.gates.size(); ++i) check_gate(stage, spec.gates[i]);
  }

  std::vector<std::string> with_brief() const {
    std::vector<std::string> all = types_;
    if (!parts_.input.empty()) all.insert(all.begin(), parts_.input);
    all.insert(all.begin(), "brief");
    return all;
  }

  void check_fan_out(const ReadStage& stage) {
    if (!stage.spec.fan_out || has(stage.spec.needs, stage.spec.fan_out->artifact)) return;
    error(line(stage, "fan_out"),
          fmt::format("the stage \"{}\" fans out over \"{}\", which is not in its needs",
                      stage.spec.id, stage.spec.fan_out->artifact),
          fmt::format("add \"{}\" to needs, or write {}", stage.spec.fan_out->artifact,
                      one_of(stage.spec.needs)));
  }

  void check_gate(const ReadStage& stage, const GateSpec& gate) {
    const StageSpec& spec = stage.spec;
    if (!has(spec.makes, gate.artifact) && !has(spec.needs, gate.artifact)) {
      error(line(stage, "gates"),
            fmt::format("the gate {} looks at \"{}\", which the stage \"{}\" neither makes nor "
                        "needs",
                        gate.name, gate.artifact, spec.id),
            fmt::format("write \"{{gate: {}, artifact: {}}}\"", gate.name,
                        spec.makes.empty() ? "..." : spec.makes.front()));
    }
    if (!gate.blame.empty() && !makers_.contains(gate.blame)) {
      error(line(stage, "gates"),
            fmt::format("the gate {} blames \"{}\", which no stage makes", gate.name, gate.blame),
            choose(gate.blame, types_));
    }
  }

  // Kahn's algorithm, in the order of the file where the needs leave a choice.
  std::vector<StageSpec> order() {
    std::vector<StageSpec> ordered;
    std::set<const ReadStage*> done;
    bool moved = true;
    while (moved) {
      moved = false;
      for (const ReadStage& stage : parts_.stages) {
        if (done.contains(&stage)) continue;
        const bool ready = std::all_of(
            stage.spec.needs.begin(), stage.spec.needs.end(), [&](const std::string& need) {
              const auto at = makers_.find(need);
              return at == makers_.end() || at->second == &stage || done.contains(at->second);
            });
        if (!ready) continue;
        done.insert(&stage);
        ordered.push_back(stage.spec);
        moved = true;
        break;
      }
    }
    if (ordered.size() < parts_.stages.size()) report_cycle(done);
    return ordered;
  }

  void report_cycle(const std::set<const ReadStage*>& done) {
    const auto first = std::find_if(parts_.stages.begin(), parts_.stages.end(),
                                    [&](const ReadStage& s) { return !done.contains(&s); });
    // Every stage that is left waits for another one that is left; going back far enough is a
    // cycle, whichever stage one begins with.
    std::vector<const ReadStage*> path{&*first};
    while (true) {
      const ReadStage* next = nullptr;
      std::string what;
      for (const std::string& need : path.back()->spec.needs) {
        const auto at = makers_.find(need);
        if (at == makers_.end() || done.contains(at->second) || at->second == path.back()) continue;
        next = at->second;
        break;
      }
      if (next == nullptr) return;
      const auto seen = std::find(path.begin(), path.end(), next);
      const bool closed = seen != path.end();
      if (closed) path.erase(path.begin(), seen);
      path.push_back(next);
      if (closed) break;
    }
    std::vector<std::string> steps;
    for (std::size_t i = 0; i + 1 < path.size(); ++i) {
      steps.push_back(
          fmt::format("{} needs what {} makes", path[i]->spec.id, path[i + 1]->spec.id));
    }
    const std::string way = text::join(steps, ", ");
    error(line(*path.front(), "needs"), "the stages wait for each other: " + way,
          "remove one of these needs");
  }

  // The ways that the run will take must be allowed: forward from a maker, back through the lead.
  void check_handoffs() {
    const RoleFile* lead = role(parts_.lead);
    for (const ReadStage& stage : parts_.stages) {
      const std::string& target = stage.spec.role;
      if (lead != nullptr && !has(lead->agent.handoff_targets, target)) {
        problems_.error(lead->file, lead->lines.at("handoff_targets"),
                        fmt::format("the lead cannot hand work to \"{}\", who does the stage "
                                    "\"{}\"",
                                    target, stage.spec.id),
                        fmt::format("add \"{}\" to its handoff_targets", target));
      }
      check_way_into(stage, target);
    }
  }

  void check_way_into(const ReadStage& stage, const std::string& target) {
    const RoleFile* stuck = nullptr;
    for (const std::string& need : stage.spec.needs) {
      const auto at = makers_.find(need);
      if (at == makers_.end() || at->second->spec.role == target) continue;
      const RoleFile* maker = role(at->second->spec.role);
      if (maker == nullptr || has(maker->agent.handoff_targets, target)) return;
      stuck = maker;
    }
    if (stuck == nullptr) return;
    problems_.error(
        stuck->file, stuck->lines.at("handoff_targets"),
        fmt::format("nobody can hand the stage \"{}\" to \"{}\"", stage.spec.id, target),
        fmt::format("add \"{}\" to the handoff_targets of \"{}\"", target, stuck->agent.role));
  }

  const SopParts& parts_;
  SopProblems& problems_;
  std::vector<std::string> role_names_;
  std::map<std::string, const ReadStage*> makers_;
  std::vector<std::string> types_;
};

}  // namespace

std::vector<StageSpec> check_graph(const SopParts& parts, SopProblems& problems) {
  return GraphCheck(parts, problems).run();
}

}  // namespace cadre
