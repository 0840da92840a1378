// The Architect's design as plain data, and the documents written from it. All functions are pure
// and deterministic; the model must be valid and outlive what refers to it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "spec/contract.h"
#include "spec/model.h"

namespace cadre::offline::architect {

// What the stories say of the model: read from the user_stories artifact.
struct StoryLinks {
  std::vector<std::string> all;                                  // ids in order
  std::map<std::string, std::vector<std::string>> by_operation;  // operation or report -> ids
  std::map<std::string, std::string> titles;                     // id -> title
};
StoryLinks read_story_links(const Json& user_stories);

struct Component {
  std::string id, name, responsibility;
  std::vector<std::string> stories, entities, operations, files;
};

struct Decision {
  std::string id, title, context, decision, consequences;
};

struct WorkItem {
  std::string id, title, owner, kind, entity;
  std::vector<std::string> depends_on, components, stories, success;
};

struct Design {
  const spec::Spec* spec = nullptr;
  spec::Contract contract;
  StoryLinks links;
  std::vector<Component> components;
  std::vector<Decision> decisions;
  std::vector<WorkItem> tasks;
  std::string ddl, er_diagram;
  Json openapi;
};

Design make_design(const spec::Spec& spec, const Json& user_stories);

std::vector<Component> write_components(const Design& design);
std::vector<Decision> write_decisions(const spec::Spec& spec);
std::vector<WorkItem> write_tasks(const Design& design);

// Mermaid sources.
std::string er_diagram(const Design& design);
std::string context_diagram(const Design& design);
std::string container_diagram(const Design& design);
std::string component_diagram(const Design& design);
std::string task_diagram(const Design& design);
std::string sequence_diagram(const Design& design, const spec::Endpoint& endpoint);
// The operations worth a sequence diagram: at most four, those with rules first.
std::vector<const spec::Endpoint*> main_endpoints(const Design& design);

// Markdown.
std::string architecture_document(const Design& design);
std::string decision_document(const Decision& decision);
std::string data_model_document(const Design& design);
std::string api_document(const Design& design);
std::string tasks_document(const Design& design);
// "0001-sqlite-with-one-writer"
std::string decision_file(const Decision& decision);

// Artifact data.
Json architecture_json(const Design& design);
Json data_structures_json(const Design& design);
Json apis_json(const Design& design);
Json tasks_json(const Design& design);

// A field's limits in words: "required, unique, at least 0".
std::string constraint_words(const spec::Entity& entity, const spec::Attribute& attribute);

}  // namespace cadre::offline::architect
