#include "runtime/delivery.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/json_schema.h"
#include "base/text.h"
#include "core/provider_json.h"
#include "runtime/document.h"
#include "runtime/measured.h"
#include "runtime/reasoning.h"

namespace cadre {
namespace {

constexpr std::size_t kIssuesShown = 10;

// Where a schema says what an element of "parts" is: at the top, or in one of its alternatives.
const Json* parts_schema(const Json& schema) {
  if (const Json* properties = json::find(schema, "properties")) {
    if (const Json* parts = json::find(*properties, "parts")) return json::find(*parts, "items");
  }
  for (const char* key : {"anyOf", "oneOf"}) {
    for (const Json& branch : json::get_array(schema, key)) {
      if (const Json* found = parts_schema(branch)) return found;
    }
  }
  return nullptr;
}

Result<void> check_data(const Json& schema, const std::string& type, const Json& data) {
  const auto compiled = JsonSchema::compile(schema);
  if (!compiled) {
    return fail(ErrorCode::kInternal,
                fmt::format("the schema of {} cannot be used: {}", type, compiled.error().message));
  }
  const auto issues = compiled->validate(data);
  if (issues.empty()) return {};
  std::string said = fmt::format("the data of {} does not fit its schema:", type);
  for (std::size_t i = 0; i < issues.size() && i < kIssuesShown; ++i) {
    said += fmt::format("\n- at {}: {}", issues[i].pointer.empty() ? "/" : issues[i].pointer,
                        issues[i].message);
  }
  if (issues.size() > kIssuesShown) {
    said += fmt::format("\n- and {} more", issues.size() - kIssuesShown);
  }
  return fail(ErrorCode::kInvalidInput, std::move(said));
}

Result<File> read_file(const Json& entry, const TaskFiles& known) {
  File file;
  file.path = entry.is_string() ? std::string(json::as_view(entry.get_string()))
                                : json::get_string(entry, "path");
  if (!is_safe_path(file.path)) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the path \"{}\" is not relative or leaves the project", file.path));
  }
  const Json* content = json::find(entry, "content");
  if (content == nullptr || content->is_null()) {
    const TaskFile* there = known.find(file.path);
    if (there == nullptr || !there->owner.empty()) {
      return fail(ErrorCode::kInvalidInput,
                  there == nullptr
                      ? fmt::format("the file \"{}\" has no text as \"content\", and you have not "
                                    "written it",
                                    file.path)
                      : fmt::format("the file {} belongs to {}", file.path, there->owner),
                  "write it with write_file first, or give its content");
    }
    file.content = there->content;
    file.executable = there->executable;
    return file;
  }
  if (!content->is_string()) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the file \"{}\" has no text as \"content\"", file.path));
  }
  if (std::string why = known.why_not(file.path); !why.empty()) {
    return fail(ErrorCode::kInvalidInput, std::move(why));
  }
  file.content = json::get_string(entry, "content");
  file.executable = json::get_bool(entry, "executable");
  if (file.content.size() > TaskFiles::kFileBytesMax) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} has {} KB, and {} are allowed", file.path,
                            file.content.size() / 1024, TaskFiles::kFileBytesMax / 1024));
  }
  return file;
}

Result<std::vector<File>> read_files(const Json& list, const Json& data, const TaskFiles& known) {
  std::vector<File> files;
  if (!list.is_null() && !list.is_array()) {
    return fail(ErrorCode::kInvalidInput, "\"files\" must be a list");
  }
  const auto add = [&](const Json& entry) -> Result<void> {
    auto file = read_file(entry, known);
    if (!file) return propagate(file);
    if (std::ranges::find(files, file->path, &File::path) != files.end()) {
      return fail(ErrorCode::kInvalidInput, fmt::format("the file {} is there twice", file->path));
    }
    files.push_back(std::move(*file));
    return {};
  };
  for (const Json& entry : list.is_array() ? list.get_array() : JsonArray{}) {
    if (auto added = add(entry); !added) return propagate(added);
  }
  // What the data lists as its files is handed in with it.
  for (const Json& path : json::get_array(data, "files")) {
    if (!path.is_string()) continue;
    const std::string name(json::as_view(path.get_string()));
    if (std::ranges::find(files, name, &File::path) != files.end()) continue;
    if (auto added = add(path); !added) return propagate(added);
  }
  return files;
}

class DeliverTool final : public TaskTool {
 public:
  std::string name() const override { return std::string(kDeliverTool); }
  std::string description() const override { return "hands in one artifact of the task"; }
  ToolEffect effect() const override { return ToolEffect::kPure; }
  Result<Json> run(const Json& arguments, const TaskToolContext& context) override {
    const TaskFiles files = TaskFiles::of(*context.task, context.results, context.call);
    auto delivered = read_delivery(arguments, *context.task, files, context.results);
    if (!delivered) return propagate(delivered);
    return Json(JsonObject{{"accepted", delivered->type}});
  }
};

class AskUserTool final : public TaskTool {
 public:
  std::string name() const override { return std::string(kAskUserTool); }
  std::string description() const override {
    return "Ask the user a question and wait for the answer. Only for what you cannot find out or "
           "decide yourself.";
  }
  Json parameters() const override {
    return JsonObject{{"type", "object"},
                      {"properties", JsonObject{{"question", JsonObject{{"type", "string"}}}}},
                      {"required", JsonArray{"question"}},
                      {"additionalProperties", false}};
  }
  ToolEffect effect() const override { return ToolEffect::kPure; }
  Result<Json> run(const Json& arguments, const TaskToolContext& context) override {
    if (json::get_string(arguments, "question").empty()) {
      return fail(ErrorCode::kInvalidInput, "the call has no \"question\"");
    }
    return Json(JsonObject{{"answer", context.answer}});
  }
};

}  // namespace

Json delivery_schema(const Plan& plan, std::string_view stage, std::string_view type) {
  Json anything = JsonObject{{"type", "object"}};
  const auto at = plan.artifact_schemas.find(std::string(type));
  if (at == plan.artifact_schemas.end()) return anything;
  const StageSpec* spec = find_stage(plan, stage);
  if (spec == nullptr || !spec->fan_out) return at->second;
  const Json* part = parts_schema(at->second);
  if (part == nullptr || !part->is_object()) return anything;
  JsonObject schema = part->get_object();
  // What it refers to stands at the top of the whole.
  if (const Json* definitions = json::find(at->second, "$defs")) schema["$defs"] = *definitions;
  return schema;
}

Result<Artifact> read_delivery(const Json& arguments, const Task& task, const TaskFiles& known,
                               std::span<const ToolResult> results) {
  if (const Json* said = json::find(arguments, "said")) {
    (void)said;
    const Json* problem = json::find(arguments, "problem");
    return fail(ErrorCode::kInvalidInput, problem != nullptr && problem->is_string()
                                              ? json::get_string(arguments, "problem")
                                              : "that was text, and nothing was delivered");
  }
  if (const Json* unreadable = json::find(arguments, "unreadable")) {
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("the arguments of {} are not valid JSON: {}",
                    json::get_string(arguments, "type"),
                    unreadable->is_string() ? json::get_string(arguments, "unreadable") : ""));
  }
  Artifact artifact;
  artifact.type = json::get_string(arguments, "type");
  if (std::ranges::find(task.makes, artifact.type) == task.makes.end()) {
    return fail(ErrorCode::kInvalidInput, fmt::format("this task does not make \"{}\"; it makes {}",
                                                      artifact.type, text::join(task.makes, ", ")));
  }
  const Json* data = json::find(arguments, "data");
  if (data == nullptr) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{} came without \"data\"", artifact.type));
  }
  artifact.data = *data;
  if (task.plan != nullptr) {
    const Json schema = delivery_schema(*task.plan, task.stage, artifact.type);
    if (auto merged = merge_measured(schema, task, results, artifact.data); !merged) {
      return propagate(merged);
    }
    if (auto good = check_data(schema, artifact.type, artifact.data); !good) {
      return propagate(good);
    }
  }
  const Json* list = json::find(arguments, "files");
  auto files = read_files(list != nullptr ? *list : Json(), artifact.data, known);
  if (!files) return propagate(files);
  artifact.files = std::move(*files);
  add_document(task, artifact);
  if (auto thought = detail::check_reasoning(arguments, task, results); !thought) {
    return propagate(thought);
  }
  return artifact;
}

std::shared_ptr<TaskTool> make_deliver_tool() { return std::make_shared<DeliverTool>(); }
std::shared_ptr<TaskTool> make_ask_user_tool() { return std::make_shared<AskUserTool>(); }

}  // namespace cadre
