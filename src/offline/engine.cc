#include "offline/engine.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "offline/analysis/analyse.h"
#include "offline/architect/architect.h"
#include "offline/developer/developer.h"
#include "offline/product/product.h"
#include "offline/qa/qa.h"

namespace cadre {
namespace {

using Perform = Result<Turn> (*)(const Task&, std::span<const ToolResult>);

// The first desk is the Product Manager's: it works from the brief, all others from the model that
// it makes.
struct Desk {
  std::string_view role;
  std::array<std::string_view, 4> makes;
  Perform perform;
};

const std::array<Desk, 4>& desks() {
  static const std::array<Desk, 4> kDesks{{
      {"product_manager",
       {"requirements", "user_stories", "competitive_analysis", "roadmap"},
       nullptr},
      {"architect",
       {"architecture", "data_structures", "apis", "tasks"},
       offline::architect::perform},
      {"developer", {"code", "documentation"}, offline::developer::perform},
      {"qa_engineer", {"test_suite", "test_data", "quality_report"}, offline::qa::perform},
  }};
  return kDesks;
}

bool makes(const Desk& desk, std::string_view type) {
  return !type.empty() && std::find(desk.makes.begin(), desk.makes.end(), type) != desk.makes.end();
}

// The desk that makes all that the task asks for; what is made decides, the role's name is free.
const Desk* desk_of(const Task& task) {
  for (const Desk& desk : desks()) {
    if (task.makes.empty()
            ? desk.role == task.role
            : std::all_of(task.makes.begin(), task.makes.end(),
                          [&](const std::string& type) { return makes(desk, type); })) {
      return &desk;
    }
  }
  return nullptr;
}

CapabilityAnswer no(std::string reason) { return {Capability::kNo, {std::move(reason)}}; }

// What was read last: a brief is asked about and then worked on, and reading it once is enough.
// Thread-safe; holds one model at most.
class LastAnalysis {
 public:
  std::shared_ptr<const spec::Spec> of(const std::string& brief) {
    if (const auto last = last_.load(); last != nullptr && last->brief == brief) return last->model;
    auto model = std::make_shared<const spec::Spec>(offline::analyse(brief));
    last_.store(std::make_shared<const Read>(Read{brief, model}));
    return model;
  }

 private:
  struct Read {
    std::string brief;
    std::shared_ptr<const spec::Spec> model;
  };
  std::atomic<std::shared_ptr<const Read>> last_;
};

CapabilityAnswer can_read(const spec::Spec& spec) {
  CapabilityAnswer answer{Capability::kYes, {}};
  if (spec.verdict == spec::Verdict::kRefuse) answer.capability = Capability::kNo;
  if (spec.verdict == spec::Verdict::kPartial) answer.capability = Capability::kPartly;
  for (const spec::Unhandled& item : spec.unhandled) {
    answer.reasons.push_back((item.sentence.empty() ? "" : item.sentence + ": ") + item.text +
                             " (" + text::replace_all(item.why, "_", " ") + ")");
  }
  if (answer.capability == Capability::kYes && !answer.reasons.empty()) {
    answer.capability = Capability::kPartly;
  }
  return answer;
}

// Everybody but the Product Manager works from the model in the requirements.
CapabilityAnswer can_work(const Task& task, const Desk& desk) {
  const auto at = task.inputs.find("requirements");
  const bool has_model = at != task.inputs.end() && at->second != nullptr &&
                         json::find(at->second->data, "spec") != nullptr;
  if (!has_model) {
    return no(
        "the offline engine works from the requirement model that its Product Manager writes, "
        "and the task has none");
  }
  const std::string stack = text::lower(json::get_string(task.parameters, "stack", "python"));
  if (desk.role != "architect" && stack != "python" && stack != "auto") {
    return no("the offline engine writes Python services only, not " + stack);
  }
  return {Capability::kYes, {}};
}

class OfflineProvider final : public Provider {
 public:
  std::string name() const override { return "offline"; }

  CapabilityAnswer can(const Task& task) const override {
    const Desk* desk = desk_of(task);
    if (desk == nullptr) {
      return no("the offline engine has no way to make " +
                (task.makes.empty() ? "anything as " + task.role : text::join(task.makes, ", ")));
    }
    return desk == &desks().front() ? can_read(*analysis_.of(task.brief)) : can_work(task, *desk);
  }

  Result<Turn> next(const Task& task, std::span<const ToolResult> results,
                    std::stop_token stop) override {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    const Desk* desk = desk_of(task);
    // The Product Manager reads the brief anyway and refuses with its own words.
    const bool reads_brief = desk == &desks().front();
    if (desk == nullptr || !reads_brief) {
      const CapabilityAnswer answer = can(task);
      if (answer.capability == Capability::kNo) return refuse(answer);
    }
    Result<Turn> turn = reads_brief ? offline::product::prepare(*analysis_.of(task.brief))
                                    : desk->perform(task, results);
    if (!turn) return turn;
    if (!task.makes.empty()) {
      std::erase_if(turn->artifacts, [&](const Artifact& artifact) {
        return std::find(task.makes.begin(), task.makes.end(), artifact.type) == task.makes.end();
      });
    }
    return turn;
  }

 private:
  mutable LastAnalysis analysis_;

  static Turn refuse(const CapabilityAnswer& answer) {
    Turn turn;
    turn.refusal =
        Refusal{text::join(answer.reasons, "; "),
                "run this task with a language model as provider (--model)", JsonObject{}};
    return turn;
  }
};

}  // namespace

std::unique_ptr<Provider> make_offline_provider() { return std::make_unique<OfflineProvider>(); }

}  // namespace cadre
