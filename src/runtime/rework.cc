#include "runtime/rework.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/plan.h"

namespace cadre::detail {
namespace {

const Json* item_of(const Task& task) { return json::find(task.parameters, "item"); }

const Json* part_of(const Task& task, const Artifact& whole) {
  const Json* item = item_of(task);
  if (item == nullptr) return nullptr;
  const std::string id = json::get_string(*item, "id");
  const auto planned = json::get_strings(*item, "files");
  for (const Json& part : json::get_array(whole.data, "parts")) {
    if (json::get_string(part, "task") == id) return &part;
    for (const std::string& path : json::get_strings(part, "files")) {
      if (std::ranges::find(planned, path) != planned.end()) return &part;
    }
  }
  return nullptr;
}

// "AC-001.2" in a text, but not as the beginning of "AC-001.21".
bool mentions(const std::string& text, const std::string& what) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) {
    const std::size_t end = at + what.size();
    const char next = end < text.size() ? text[end] : ' ';
    const bool longer = (next >= '0' && next <= '9') || (next >= 'a' && next <= 'z') ||
                        (next >= 'A' && next <= 'Z') || next == '_';
    if (!longer) return true;
  }
  return false;
}

bool mentions_any(const std::string& text, const std::vector<std::string>& list) {
  return std::ranges::any_of(list, [&](const std::string& one) { return mentions(text, one); });
}

// Every file that some task of the fan-out plans.
std::vector<std::string> all_planned(const Task& task) {
  std::vector<std::string> files;
  const StageSpec* stage = task.plan == nullptr ? nullptr : find_stage(*task.plan, task.stage);
  if (stage == nullptr || !stage->fan_out) return files;
  const auto at = task.inputs.find(stage->fan_out->artifact);
  if (at == task.inputs.end() || !at->second) return files;
  for (const Json& item : json::get_array(at->second->data, stage->fan_out->path)) {
    for (std::string& path : json::get_strings(item, "files")) files.push_back(std::move(path));
  }
  return files;
}

// The criteria of the stories that the task serves.
std::vector<std::string> own_criteria(const Task& task) {
  std::vector<std::string> criteria;
  const auto stories = json::get_strings(*item_of(task), "stories");
  for (const auto& [type, artifact] : task.inputs) {
    if (!artifact) continue;
    for (const Json& story : json::get_array(artifact->data, "stories")) {
      if (std::ranges::find(stories, json::get_string(story, "id")) == stories.end()) continue;
      for (const Json& criterion : json::get_array(story, "criteria")) {
        criteria.push_back(json::get_string(criterion, "id"));
      }
    }
  }
  return criteria;
}

}  // namespace

bool is_not_concerned(const Task& task) {
  if (task.round != 2 || item_of(task) == nullptr || task.feedback.empty()) return false;
  for (const std::string& type : task.makes) {
    const auto at = task.previous.find(type);
    if (at == task.previous.end() || !at->second || part_of(task, *at->second) == nullptr) {
      return false;
    }
  }
  const auto own = json::get_strings(*item_of(task), "files");
  if (own.empty()) return false;
  const auto planned = all_planned(task);
  const auto criteria = own_criteria(task);
  for (const Finding& finding : task.feedback) {
    if (std::ranges::find(task.makes, finding.blame) == task.makes.end()) continue;
    const std::string said = finding.message + "\n" + finding.evidence;
    if (mentions_any(said, planned)) {
      if (mentions_any(said, own)) return false;
    } else if (said.find("AC-") == std::string::npos || mentions_any(said, criteria)) {
      return false;
    }
  }
  return true;
}

Artifact own_part_of(const Task& task, const Artifact& whole) {
  Artifact part;
  part.type = whole.type;
  const Json* data = part_of(task, whole);
  part.data = data == nullptr ? whole.data : *data;
  const auto listed = json::get_strings(part.data, "files");
  const auto planned = json::get_strings(*item_of(task), "files");
  for (const File& file : whole.files) {
    const bool own = std::ranges::find(listed, file.path) != listed.end() ||
                     std::ranges::find(planned, file.path) != planned.end();
    if (own) part.files.push_back(file);
  }
  return part;
}

}  // namespace cadre::detail
