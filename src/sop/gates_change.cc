// Gates over a change to given files: the plan fits what is there, only what was planned is
// touched, and nothing that worked before is broken.
#include <map>
#include <set>

#include "sop/gate_verdict.h"

namespace cadre::gates {
namespace {

struct Listed {
  bool read = false, tracked = false;
  std::string why_not;
};

std::map<std::string, Listed> listed_files(const Json& repository) {
  std::map<std::string, Listed> files;
  for (const Json& file : json::get_array(repository, "files")) {
    const bool read = json::get_bool(file, "read");
    files[json::get_string(file, "path")] = {read, read || json::get_bool(file, "tracked"),
                                             json::get_string(file, "why_not")};
  }
  return files;
}

// A path that no project may hold, whatever it plans.
std::string unfit(const std::string& path) {
  if (path.empty() || path.front() == '/') return "it is not relative";
  for (const std::string& part : text::split(path, '/')) {
    if (part.empty() || part == "." || part == "..") return "it does not stay in the repository";
    if (text::lower(part) == ".git") return "it leads into .git";
  }
  for (const char c : path) {
    if (static_cast<unsigned char>(c) < 0x20 || c == '\\') return "it holds a character that is "
                                                                  "refused";
  }
  return {};
}

void check_planned(const std::string& path, const std::string& action,
                   const std::map<std::string, Listed>& files, Verdict& verdict) {
  if (const std::string why = unfit(path); !why.empty()) {
    verdict.high(fmt::format("the planned path \"{}\" is refused: {}", path, why));
    return;
  }
  const auto at = files.find(path);
  if (action == "create") {
    if (at != files.end()) {
      verdict.high(fmt::format("{} is planned to be created, and it is there already{}", path,
                               at->second.why_not.empty() ? "" : ": " + at->second.why_not));
    }
    for (std::size_t slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1)) {
      if (files.contains(path.substr(0, slash))) {
        verdict.high(
            fmt::format("{} cannot be created: {} is a file", path, path.substr(0, slash)));
      }
    }
    const auto below = files.lower_bound(path + "/");
    if (below != files.end() && below->first.starts_with(path + "/")) {
      verdict.high(fmt::format("{} cannot be created: it is a folder", path));
    }
    return;
  }
  if (at == files.end()) {
    verdict.high(fmt::format("{} is planned to be {}, and is not in the repository", path,
                             action == "delete" ? "deleted" : "edited"));
  } else if (action == "edit" && !at->second.read) {
    verdict.high(fmt::format("{} is planned to be edited, and was not read: {}", path,
                             at->second.why_not));
  } else if (action == "delete" && !at->second.tracked) {
    verdict.high(fmt::format("{} is planned to be deleted, and is not committed", path));
  }
}

}  // namespace

GateVerdict plan_fits(const GateSpec& spec, const Artifact& artifact, const ArtifactMap& all) {
  Verdict verdict(spec);
  const Json* repository = data_of(all, "repository");
  if (repository == nullptr) {
    verdict.high("there is no repository that the plan could fit");
    return verdict.take();
  }
  const auto files = listed_files(*repository);
  std::set<std::string> seen, criteria;
  const JsonArray& planned = json::get_array(artifact.data, "files");
  for (const Json& entry : planned) {
    const std::string path = json::get_string(entry, "path");
    if (!seen.insert(path).second) {
      verdict.high(fmt::format("{} is planned twice", path));
      continue;
    }
    check_planned(path, json::get_string(entry, "action"), files, verdict);
  }
  for (const Json& criterion : json::get_array(artifact.data, "criteria")) {
    const std::string id = json::get_string(criterion, "id");
    if (criteria.insert(id).second) continue;
    verdict.high(fmt::format("the criterion {} is there twice", id));
  }
  verdict.measured("files", planned.size());
  verdict.measured("criteria", criteria.size());
  return verdict.take();
}

GateVerdict only_planned(const GateSpec& spec, const Artifact& artifact, const ArtifactMap& all) {
  Verdict verdict(spec);
  const std::string name = json::get_string(spec.parameters, "plan", "change_plan");
  const std::string owner = json::get_string(spec.parameters, "owner");
  const Json* plan = data_of(all, name);
  if (plan == nullptr) {
    verdict.high(fmt::format("there is no {} that says what may be touched", name));
    return verdict.take();
  }
  std::map<std::string, std::string> planned;
  for (const Json& entry : json::get_array(*plan, "files")) {
    if (!owner.empty() && json::get_string(entry, "owner") != owner) continue;
    planned[json::get_string(entry, "path")] = json::get_string(entry, "action");
  }
  std::set<std::string> done;
  for (const File& file : artifact.files) {
    done.insert(file.path);
    const auto at = planned.find(file.path);
    if (at == planned.end()) {
      verdict.high(fmt::format("{} is touched, and is not planned", file.path));
    } else if (at->second == "delete") {
      verdict.high(fmt::format("{} is written, and is planned to be deleted", file.path));
    }
  }
  for (const std::string& path : json::get_strings(artifact.data, "deleted")) {
    done.insert(path);
    const auto at = planned.find(path);
    if (at == planned.end() || at->second != "delete") {
      verdict.high(fmt::format("{} is deleted, and that is not planned", path));
    }
  }
  for (const Json& left : json::get_array(artifact.data, "left_out")) {
    const std::string path = json::get_string(left, "path");
    if (planned.contains(path)) {
      verdict.low(fmt::format("{} is left as it is: {}", path, json::get_string(left, "why")));
    }
    done.insert(path);
  }
  for (const auto& [path, action] : planned) {
    if (done.contains(path)) continue;
    verdict.high(fmt::format("{} was planned to be {}, and nothing was done to it", path,
                             action == "create"   ? "created"
                             : action == "delete" ? "deleted"
                                                  : "edited"),
                 "do it, or say under left_out why it is not needed");
  }
  verdict.measured("planned", planned.size());
  verdict.measured("touched", artifact.files.size());
  return verdict.take();
}

GateVerdict no_regressions(const GateSpec& spec, const Artifact& artifact) {
  Verdict verdict(spec);
  const Json* list = json::find(artifact.data, "regressions");
  if (list == nullptr || !list->is_array()) {
    verdict.high("not measured: the report does not say which tests passed before and fail now", {},
                 spec.artifact);
    return verdict.take();
  }
  const auto count = list->get_array().size();
  verdict.measured("regressions", count);
  if (const Json* before = json::find(artifact.data, "before"); before != nullptr) {
    verdict.measured("before", *before);
  }
  for (const Json& finding : json::get_array(artifact.data, "findings")) {
    if (json::get_string(finding, "gate") != spec.name) continue;
    verdict.high(json::get_string(finding, "title"), json::get_string(finding, "evidence"),
                 json::get_string(finding, "blame"));
  }
  if (count > 0 && !verdict.failed()) {
    verdict.high(fmt::format("{} tests passed before and do not now", count));
  }
  return verdict.take();
}

}  // namespace cadre::gates
