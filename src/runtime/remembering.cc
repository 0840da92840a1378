#include "runtime/remembering.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/hash.h"
#include "base/text.h"
#include "core/provider_json.h"

namespace cadre {
namespace {

constexpr std::size_t kOutputBytes = 8 * 1024;
constexpr std::size_t kShown = 300;
constexpr std::size_t kMostLessons = 20;

// What a role's part of the work is called: by these words lessons are found.
std::string words_of(const Plan& plan, const std::string& role) {
  std::string words = role;
  for (const StageSpec& stage : plan.stages) {
    const bool its_own = stage.role == role;
    if (its_own) words += fmt::format(" {} {} {}", stage.id, stage.title,
                                      text::join(stage.makes, " "));
    for (const GateSpec& gate : stage.gates) {
      if (its_own) words += " " + gate.name;
    }
  }
  return words;
}

struct Made {
  std::string role, stage, blob;
  int round = 0;
  std::int64_t time_us = 0;
};

struct Failure {
  std::string stage, gate, problem, blame, role;
  int round = 0;
  std::string before;  // blob of what is to blame
};

class Fold {
 public:
  Fold(const LoadText& load, std::span<const std::string> secrets)
      : load_(load), secrets_(secrets) {}

  Result<void> take(const Event& event) {
    switch (event.kind) {
      case EventKind::kRunStarted: started(event); return {};
      case EventKind::kAgentStarted:
        acted_.insert(json::get_string(event.body, "role"));
        return {};
      case EventKind::kArtifactStored: stored(event); return {};
      case EventKind::kGateEnded:
        if (!json::get_bool(event.body, "passed")) return {};
        return mended(event, [&](const Failure& failure) {
          return failure.gate == json::get_string(event.body, "gate");
        });
      case EventKind::kStageEnded: return stage_ended(event);
      case EventKind::kHandoffRefused: refused(event); return {};
      case EventKind::kRunEnded: ended(event); return {};
      default: return {};
    }
  }

  Result<LeftMemory> finish() {
    for (const auto& [type, made] : made_) {
      auto bytes = load_(made.blob);
      if (!bytes) return propagate(bytes);
      auto parsed = json::parse(*bytes);
      if (!parsed) return propagate(parsed);
      auto artifact = artifact_from_json(*parsed);
      if (!artifact) return propagate(artifact);
      left_.notes.emplace_back(output(type, made, *artifact));
    }
    for (const auto& [role, lessons] : given_) {
      if (!acted_.contains(role)) continue;
      for (const std::int64_t id : lessons) {
        auto& all = left_.lessons.given;
        if (std::ranges::find(all, id) == all.end()) all.push_back(id);
      }
    }
    return std::move(left_);
  }

 private:
  std::string clean(std::string text) const { return without_secrets(std::move(text), secrets_); }

  void started(const Event& event) {
    left_.lessons.run = run_ = event.run;
    title_ = json::get_string(event.body, "title");
    for (const auto& member : json::get_object(event.body, kKnownMember)) {
      for (const Json& id : json::get_array(member.value(), "lessons")) {
        if (!id.is_number()) continue;
        given_[std::string(json::as_view(member.key()))].push_back(id.to_number<std::int64_t>());
      }
    }
  }

  void stored(const Event& event) {
    made_[json::get_string(event.body, "type")] = {
        json::get_string(event.body, "role"), json::get_string(event.body, "stage"),
        json::get_string(event.body, "blob"), static_cast<int>(json::get_int(event.body, "round")),
        event.time_us};
  }

  AgentOutput output(const std::string& type, const Made& made, const Artifact& artifact) const {
    AgentOutput output;
    output.agent = made.role;
    output.kind = type;
    std::vector<std::string> files;
    for (const File& file : artifact.files) files.push_back(file.path);
    std::string words = title_.empty() ? "" : "For: " + title_ + "\n";
    if (!files.empty()) words += "Files: " + text::join(files, ", ") + "\n";
    words += json::write(artifact.data);
    output.text = text::shorten(clean(std::move(words)), kOutputBytes);
    output.metadata = JsonObject{{"stage", made.stage}, {"round", made.round},
                                 {"blob", made.blob}, {"files", files.size()}};
    output.run = run_;
    output.time_us = made.time_us;
    output.key = fmt::format("{}/{}/{}", run_, type, made.blob.substr(0, 16));
    return output;
  }

  void note(const Event& event, std::string agent, std::string action, ExecutionOutcome outcome,
            std::string detail, const std::string& key) {
    Execution execution;
    execution.agent = std::move(agent);
    execution.task = json::get_string(event.body, "stage");
    execution.action = std::move(action);
    execution.outcome = outcome;
    execution.detail = text::shorten(clean(std::move(detail)), kShown);
    execution.started_us = event.time_us;
    execution.run = run_;
    execution.key = fmt::format("{}/{}/{}", run_, event.seq, key);
    left_.notes.emplace_back(std::move(execution));
  }

  Result<void> stage_ended(const Event& event) {
    const std::string status = json::get_string(event.body, "status");
    const std::string stage = json::get_string(event.body, "stage");
    if (status == "done") return mended(event, [](const Failure&) { return true; });
    if (status != "failed") return {};
    std::set<std::string> told;
    for (const Finding& finding : findings_from_json(json::get_array(event.body, "findings"))) {
      if (!told.insert(finding.gate + "\n" + finding.message).second) continue;
      Failure failure;
      failure.stage = stage;
      failure.gate = finding.gate;
      failure.blame = finding.blame;
      failure.round = static_cast<int>(json::get_int(event.body, "round"));
      const std::string message = clean(finding.message);
      failure.problem = fmt::format("In the stage {} the gate {} failed: {}", stage, finding.gate,
                                    text::shorten(message, kShown));
      if (const auto at = made_.find(finding.blame); at != made_.end()) {
        failure.before = at->second.blob;
        failure.role = at->second.role;
      }
      note(event, failure.role.empty() ? event.actor : failure.role, "gate " + finding.gate,
           ExecutionOutcome::kFailed, message, std::to_string(told.size()));
      auto& problems = left_.lessons.problems;
      if (std::ranges::find(problems, failure.problem) == problems.end())
        problems.push_back(failure.problem);
      const bool open = std::ranges::any_of(open_, [&](const Failure& other) {
        return other.problem == failure.problem;
      });
      if (!open) open_.push_back(std::move(failure));
    }
    return {};
  }

  // A gate that failed has passed: what was changed in between is what mended it.
  template <class Which>
  Result<void> mended(const Event& event, Which which) {
    const std::string stage = json::get_string(event.body, "stage");
    const int round = static_cast<int>(json::get_int(event.body, "round"));
    for (std::size_t i = 0; i < open_.size();) {
      if (open_[i].stage != stage || !which(open_[i])) {
        ++i;
        continue;
      }
      const Failure failure = std::move(open_[i]);
      open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i));
      auto change = change_since(failure);
      if (!change) return propagate(change);
      // Nothing of what was to blame has changed: nobody knows what helped.
      if (change->empty() || left_.lessons.learnt.size() >= kMostLessons) continue;
      left_.lessons.learnt.push_back(
          {failure.problem,
           clean(fmt::format("{} changed {}: {}", failure.role, failure.blame, *change)),
           fmt::format("gate {} of {} failed in round {} and passed in round {}", failure.gate,
                       stage, failure.round, round)});
    }
    return {};
  }

  Result<std::string> change_since(const Failure& failure) {
    const auto now = made_.find(failure.blame);
    if (failure.before.empty() || now == made_.end() || now->second.blob == failure.before)
      return std::string();
    const auto read = [&](const std::string& blob) -> Result<Artifact> {
      auto bytes = load_(blob);
      if (!bytes) return propagate(bytes);
      auto parsed = json::parse(*bytes);
      if (!parsed) return propagate(parsed);
      return artifact_from_json(*parsed);
    };
    auto before = read(failure.before), after = read(now->second.blob);
    if (!before) return propagate(before);
    if (!after) return propagate(after);
    return describe_change(*before, *after);
  }

  void refused(const Event& event) {
    note(event, json::get_string(event.body, "source"),
         "handoff to " + json::get_string(event.body, "target"), ExecutionOutcome::kRefused,
         json::get_string(event.body, "reason"), "handoff");
  }

  void ended(const Event& event) {
    const std::string status = json::get_string(event.body, "status");
    left_.ended = true;
    left_.lessons.done = status == "done" || status == "incomplete";
    if (!left_.lessons.done)
      note(event, event.actor, "run", ExecutionOutcome::kFailed,
           fmt::format("{}: {}", status, json::get_string(event.body, "reason")), "end");
  }

  const LoadText& load_;
  std::span<const std::string> secrets_;
  std::string run_, title_;
  std::map<std::string, std::vector<std::int64_t>> given_;
  std::set<std::string> acted_;
  std::map<std::string, Made> made_;  // by type: the newest
  std::vector<Failure> open_;
  LeftMemory left_;
};

}  // namespace

Result<OfferedMemory> offer_memory(RunMemory& memory, const Plan& plan,
                                   const std::string& brief) {
  OfferedMemory offered;
  for (const AgentConfig& agent : plan.agents) {
    ContextOptions options;
    options.conversation = false;
    auto given = memory.context_for(agent.role, words_of(plan, agent.role) + "\n" + brief,
                                    memory.options().token_budget, options);
    if (!given) return propagate(given);
    if (given->text.empty()) continue;
    offered.given[agent.role] =
        JsonObject{{"text", sha256_hex(given->text)},
                   {"tokens", given->tokens},
                   {"lessons", JsonArray(given->lessons.begin(), given->lessons.end())}};
    offered.blobs.push_back(given->text);
    offered.texts[agent.role] = std::move(given->text);
  }
  return offered;
}

Result<std::map<std::string, std::string>> offered_texts(const Json& start,
                                                         const LoadText& load) {
  std::map<std::string, std::string> texts;
  for (const auto& member : json::get_object(start, kKnownMember)) {
    auto text = load(json::get_string(member.value(), "text"));
    if (!text) return propagate(text);
    texts[std::string(json::as_view(member.key()))] = std::move(*text);
  }
  return texts;
}

Result<LeftMemory> left_memory(std::span<const Event> events, const LoadText& load,
                               std::span<const std::string> secrets) {
  Fold fold(load, secrets);
  for (const Event& event : events) {
    if (auto taken = fold.take(event); !taken) return propagate(taken);
  }
  return fold.finish();
}

}  // namespace cadre
