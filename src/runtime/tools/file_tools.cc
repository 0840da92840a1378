#include "runtime/tools/file_tools.h"

#include <fmt/core.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/text.h"
#include "core/approval_policy.h"
#include "runtime/task_files.h"
#include "runtime/tools/arguments.h"

namespace cadre {
namespace {

constexpr std::size_t kReadLinesMax = 800;
constexpr std::size_t kReadBytesMax = 48 * 1024;
constexpr std::size_t kLineBytesMax = 2000;
constexpr std::size_t kHitsMax = 100;
constexpr std::size_t kListMax = 1000;

using Run = Result<Json> (*)(const ToolCall& call, TaskFiles& files,
                             const TaskToolContext& context);

class FileTool final : public TaskTool {
 public:
  FileTool(std::string name, std::string description, std::string_view schema, Run work)
      : name_(std::move(name)),
        description_(std::move(description)),
        schema_(json::parse(schema).value()),
        work_(work) {}
  std::string name() const override { return name_; }
  std::string description() const override { return description_; }
  Json parameters() const override { return schema_; }
  ToolEffect effect() const override { return ToolEffect::kPure; }
  Result<Json> run(const Json& arguments, const TaskToolContext& context) override {
    if (auto good = check_arguments(name_, schema_, arguments); !good) return propagate(good);
    TaskFiles files = TaskFiles::of(*context.task, context.results, context.call);
    return work_({context.call_id, name_, arguments}, files, context);
  }

 private:
  std::string name_, description_;
  Json schema_;
  Run work_;
};

bool wanted(const Json& arguments, const std::string& path) {
  const std::string pattern = json::get_string(arguments, "paths", "*");
  return matches_pattern(pattern, path);
}

Result<Json> list_files(const ToolCall& call, TaskFiles& files, const TaskToolContext&) {
  const Json& arguments = call.arguments;
  JsonArray list;
  std::size_t count = 0;
  for (const auto& [path, file] : files.all()) {
    if (!wanted(arguments, path) || ++count > kListMax) continue;
    JsonObject entry{{"path", path}, {"bytes", file.content.size()}};
    if (!file.owner.empty()) entry["of"] = file.owner;
    list.push_back(std::move(entry));
  }
  for (const auto& [path, why] : files.unread()) {
    if (!wanted(arguments, path) || ++count > kListMax) continue;
    list.push_back(JsonObject{{"path", path}, {"not_read", why}});
  }
  JsonObject answer{{"files", std::move(list)}};
  if (count > kListMax) answer["left_out"] = count - kListMax;
  return answer;
}

Result<Json> read_file(const ToolCall& call, TaskFiles& files, const TaskToolContext&) {
  const Json& arguments = call.arguments;
  const std::string path = json::get_string(arguments, "path");
  const TaskFile* file = files.find(path);
  if (const auto unread = files.unread().find(path);
      file == nullptr && unread != files.unread().end()) {
    return fail(ErrorCode::kDenied, fmt::format("{} was not read: {}", path, unread->second));
  }
  if (file == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no file {}", path),
                "list_files shows what is there");
  }
  const auto lines = text::lines(file->content);
  const auto first = static_cast<std::size_t>(
      std::max<std::int64_t>(1, json::get_int(arguments, "first_line", 1)));
  const auto count = static_cast<std::size_t>(
      json::get_int(arguments, "lines", static_cast<std::int64_t>(kReadLinesMax)));
  std::string shown;
  std::size_t at = first;
  for (; at <= lines.size() && at - first < std::min(count, kReadLinesMax); ++at) {
    const std::string_view line = lines[at - 1];
    if (shown.size() + line.size() > kReadBytesMax) break;
    shown += line.size() > kLineBytesMax ? text::shorten(line, kLineBytesMax) : std::string(line);
    shown += '\n';
  }
  JsonObject answer{{"path", path}, {"lines", lines.size()}, {"first_line", first}};
  if (at <= lines.size()) answer["next_line"] = at;
  answer["text"] = std::move(shown);
  return answer;
}

Result<Json> search_files(const ToolCall& call, TaskFiles& files, const TaskToolContext&) {
  const Json& arguments = call.arguments;
  const std::string words = json::get_string(arguments, "text");
  RE2::Options options;
  options.set_literal(!json::get_bool(arguments, "regex"));
  options.set_case_sensitive(!json::get_bool(arguments, "ignore_case"));
  options.set_log_errors(false);
  options.set_max_mem(4 << 20);
  const RE2 pattern(words, options);
  if (!pattern.ok()) {
    return fail(ErrorCode::kInvalidInput, fmt::format("\"{}\" is no pattern: {}",
                                                      text::shorten(words, 100), pattern.error()));
  }
  JsonArray hits;
  std::size_t count = 0;
  for (const auto& [path, file] : files.all()) {
    if (!wanted(arguments, path)) continue;
    const auto lines = text::lines(file.content);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (!RE2::PartialMatch(lines[i], pattern) || ++count > kHitsMax) continue;
      hits.push_back(
          JsonObject{{"path", path}, {"line", i + 1}, {"text", text::shorten(lines[i], 200)}});
    }
  }
  JsonObject answer{{"hits", std::move(hits)}};
  if (count > kHitsMax) answer["left_out"] = count - kHitsMax;
  return answer;
}

// The same for writing and editing: who works beside this task and wrote the file first has it.
Result<Json> change(const ToolCall& call, TaskFiles& files, const TaskToolContext& context) {
  auto changed = files.apply(call);
  if (!changed || context.claims == nullptr) return changed;
  const std::string path = written_path(call);
  const std::string holder =
      context.claims->claim(path, context.task->stage + "/" + context.task->id);
  if (holder.empty()) return changed;
  return fail(ErrorCode::kConflict,
              fmt::format("conflict: {} was written first by {}", path, holder),
              "leave the file to it and take another path, or do without");
}

constexpr std::string_view kList = R"({"type": "object", "additionalProperties": false,
  "properties": {"paths": {"type": "string",
    "description": "a pattern of paths with * and ?; all without it"}}})";
constexpr std::string_view kRead = R"({"type": "object", "required": ["path"],
  "additionalProperties": false, "properties": {"path": {"type": "string", "minLength": 1},
    "first_line": {"type": "integer", "minimum": 1},
    "lines": {"type": "integer", "minimum": 1, "maximum": 800}}})";
constexpr std::string_view kSearch = R"({"type": "object", "required": ["text"],
  "additionalProperties": false, "properties": {"text": {"type": "string", "minLength": 1},
    "regex": {"type": "boolean"}, "ignore_case": {"type": "boolean"},
    "paths": {"type": "string", "description": "a pattern of paths with * and ?"}}})";
constexpr std::string_view kWrite = R"({"type": "object", "required": ["path", "content"],
  "additionalProperties": false, "properties": {"path": {"type": "string", "minLength": 1},
    "content": {"type": "string"}, "executable": {"type": "boolean"}}})";
constexpr std::string_view kDelete = R"({"type": "object", "required": ["path"],
  "additionalProperties": false, "properties": {"path": {"type": "string", "minLength": 1}}})";
constexpr std::string_view kEdit = R"({"type": "object", "required": ["path", "old", "new"],
  "additionalProperties": false, "properties": {"path": {"type": "string", "minLength": 1},
    "old": {"type": "string", "minLength": 1,
      "description": "the text to be replaced, exactly as it stands in the file, once"},
    "new": {"type": "string"},
    "all": {"type": "boolean", "description": "replace it everywhere in the file"}}})";

}  // namespace

std::vector<std::shared_ptr<TaskTool>> make_file_tools() {
  const auto tool = [](std::string_view name, const char* description, std::string_view schema,
                       Run work) -> std::shared_ptr<TaskTool> {
    return std::make_shared<FileTool>(std::string(name), description, schema, work);
  };
  return {tool("list_files", "Lists the files of this task's project.", kList, &list_files),
          tool("read_file", "Reads a file of the project, or a part of it.", kRead, &read_file),
          tool("search_files", "Finds the lines of the project's files that hold a text.", kSearch,
               &search_files),
          tool(kWriteFileTool,
               "Writes a whole file into the project, in place of what was there. Only for files "
               "of your own task.",
               kWrite, &change),
          tool(kEditFileTool, "Replaces a text in one of your files by another, exactly.", kEdit,
               &change),
          tool(kDeleteFileTool, "Deletes a file that the plan says is to be deleted.", kDelete,
               &change)};
}

}  // namespace cadre
