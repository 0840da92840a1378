// Test kit: the schemas of the software SOP, and the checks that hold between its artifacts.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/json_schema.h"
#include "core/provider.h"
#include "offline/architect/architect.h"
#include "offline/product/product.h"

namespace cadre::offline {

inline Json read_json_file(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  auto json = json::parse(text.str());
  EXPECT_TRUE(json.has_value()) << path << ": " << (json ? "" : json.error().describe());
  return json ? *json : Json();
}

inline std::string issues_of(const JsonSchema& schema, const Json& data) {
  std::string out;
  for (const SchemaIssue& issue : schema.validate(data)) {
    out += issue.pointer + ": " + issue.message + "\n";
  }
  return out;
}

// What does not fit the artifact type's schema; "" when all does.
inline std::string schema_issues(const std::string& type, const Json& data) {
  static std::map<std::string, JsonSchema> compiled;  // the tests run on one thread
  auto at = compiled.find(type);
  if (at == compiled.end()) {
    const std::string path =
        std::string(CADRE_SOURCE_DIR) + "/sops/software/artifacts/" + type + ".schema.json";
    auto schema = JsonSchema::compile(read_json_file(path));
    if (!schema) return path + ": " + schema.error().describe();
    at = compiled.emplace(type, std::move(*schema)).first;
  }
  return issues_of(at->second, data);
}

// The artifacts of both stages.
struct Designed {
  std::map<std::string, Artifact> artifacts;
  std::map<std::string, std::string> files;
};

inline Designed run_product_and_architect(const spec::Spec& spec) {
  Designed out;
  const auto keep = [&](const Turn& turn) {
    for (const Artifact& artifact : turn.artifacts) {
      out.artifacts.emplace(artifact.type, artifact);
      for (const File& file : artifact.files) {
        EXPECT_TRUE(out.files.emplace(file.path, file.content).second) << file.path << " twice";
      }
    }
  };
  const Turn product = product::prepare(spec);
  EXPECT_FALSE(product.refusal.has_value());
  keep(product);
  Task task;
  for (const auto& [type, artifact] : out.artifacts) {
    task.inputs[type] = std::make_shared<const Artifact>(artifact);
  }
  const Result<Turn> design = architect::perform(task, {});
  EXPECT_TRUE(design.has_value()) << (design ? "" : design.error().describe());
  if (design) keep(*design);
  return out;
}

// Every link between artifacts leads somewhere; gives the dangling ones.
inline std::vector<std::string> dangling_links(const Designed& designed) {
  std::vector<std::string> out;
  const auto data = [&](const char* type) -> const Json& {
    return designed.artifacts.at(type).data;
  };
  std::set<std::string> requirements, stories, components, tasks, operations, rules, criteria;
  const Json& model = *json::find(data("requirements"), "spec");
  for (const char* list : {"operations", "queries"}) {
    for (const Json& item : json::get_array(model, list)) {
      operations.insert(json::get_string(item, "id"));
      for (const Json& guard : json::get_array(item, "guards")) {
        rules.insert(json::get_string(guard, "id"));
      }
    }
  }
  for (const Json& rule : json::get_array(model, "rules"))
    rules.insert(json::get_string(rule, "id"));
  const auto unique = [&](std::set<std::string>& ids, const std::string& id) {
    if (!ids.insert(id).second) out.push_back("twice: " + id);
  };
  const auto known = [&](const std::set<std::string>& ids, const std::string& id,
                         const std::string& from) {
    if (!ids.contains(id)) out.push_back(from + " -> " + id);
  };
  const auto all = [&](const std::set<std::string>& ids, const Json& item, const char* key) {
    for (const std::string& id : json::get_strings(item, key)) {
      known(ids, id, json::get_string(item, "id") + "/" + key);
    }
  };
  for (const Json& item : json::get_array(data("requirements"), "requirements")) {
    unique(requirements, json::get_string(item, "id"));
    all(operations, item, "operations");
    all(rules, item, "rules");
  }
  for (const Json& story : json::get_array(data("user_stories"), "stories")) {
    unique(stories, json::get_string(story, "id"));
    all(requirements, story, "requirements");
    for (const Json& criterion : json::get_array(story, "criteria")) {
      const std::string id = json::get_string(criterion, "id");
      unique(criteria, id);
      known(requirements, json::get_string(criterion, "requirement"), id);
      const std::string rule = json::get_string(criterion, "rule");
      const std::string operation = json::get_string(criterion, "operation");
      if (!rule.empty()) known(rules, rule, id);
      if (!operation.empty()) known(operations, operation, id);
    }
  }
  const Json& mvp = *json::find(data("roadmap"), "mvp");
  all(stories, mvp, "stories");
  all(requirements, mvp, "requirements");
  for (const Json& component : json::get_array(data("architecture"), "components")) {
    unique(components, json::get_string(component, "id"));
    all(stories, component, "stories");
    all(operations, component, "operations");
  }
  for (const Json& endpoint : json::get_array(data("apis"), "endpoints")) {
    known(operations, json::get_string(endpoint, "operation"), "endpoint");
    all(stories, endpoint, "stories");
  }
  for (const Json& task : json::get_array(data("tasks"), "tasks")) {
    // Dependencies lead backwards only, so the graph has no cycle.
    all(tasks, task, "depends_on");
    all(components, task, "components");
    all(stories, task, "stories");
    unique(tasks, json::get_string(task, "id"));
  }
  return out;
}

}  // namespace cadre::offline
