#include "runtime/measured.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace cadre {
namespace {

// The newest answer of the tool in the task, or null.
const Json* answer_of(const Task& task, std::span<const ToolResult> results,
                      const std::string& tool) {
  for (std::size_t i = std::min(results.size(), task.calls.size()); i-- > 0;) {
    if (task.calls[i].tool == tool && results[i].ok) return &results[i].value;
  }
  return nullptr;
}

void add_text(const Json& value, std::string& out) {
  if (value.is_array()) {
    for (const Json& element : value.get_array()) add_text(element, out);
  } else if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      out += std::string_view(member.key().data(), member.key().size());
      out += ": ";
      add_text(member.value(), out);
    }
  } else if (value.is_string()) {
    out += json::as_view(value.get_string());
    out += '\n';
  } else {
    out += json::write(value) + "\n";
  }
}

Json* find_finding(Json& data, const std::string& id) {
  if (Json* list = data.get_object().if_contains("findings"); list != nullptr && list->is_array()) {
    for (Json& finding : list->get_array()) {
      if (json::get_string(finding, "id") == id) return &finding;
    }
  }
  return nullptr;
}

Result<void> reassign(const Json& keyword, const Task& task, Json& data) {
  const auto sources = json::get_strings(keyword, "quotes_from");
  const JsonArray list = json::get_array(data, "reassigned");
  for (const Json& entry : list) {
    const std::string id = json::get_string(entry, "finding");
    const std::string source = json::get_string(entry, "source");
    const std::string quote = json::get_string(entry, "quote");
    const std::string blame = json::get_string(entry, "blame");
    Json* finding = find_finding(data, id);
    if (finding == nullptr) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("reassigned names the finding {}, which was not measured", id));
    }
    const auto at = task.inputs.find(source);
    if (std::ranges::find(sources, source) == sources.end() || at == task.inputs.end() ||
        !at->second) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("reassigned quotes \"{}\"; the contract stands in {}", source,
                              text::join(sources, ", ")));
    }
    std::string all;
    add_text(at->second->data, all);
    const std::string wanted = squeezed(quote);
    if (wanted.size() < 8 || squeezed(all).find(wanted) == std::string::npos) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("the quote for {} does not stand in {}: \"{}\"", id, source,
                              text::shorten(quote, 200)),
                  "quote the contract word for word, or leave the blame as it was measured");
    }
    JsonObject& object = finding->get_object();
    object["blame"] = blame;
    object["evidence"] = fmt::format("{} says: \"{}\"\n{}", source, quote,
                                     json::get_string(*finding, "evidence"));
  }
  return {};
}

}  // namespace

std::string squeezed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0 || c == '"' || c == '\\' || c == '`') {
      continue;
    }
    out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

Result<void> merge_measured(const Json& schema, const Task& task,
                            std::span<const ToolResult> results, Json& data) {
  const Json* keyword = json::find(schema, "x-measured-by");
  if (keyword == nullptr || !data.is_object()) return {};
  const std::string tool = json::get_string(*keyword, "tool");
  const Json* answer = answer_of(task, results, tool);
  if (answer == nullptr) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the figures of this artifact are measured by {}, which has not run in "
                            "this task",
                            tool),
                fmt::format("call {}, read what it says, and deliver in a later turn", tool));
  }
  JsonObject& object = data.get_object();
  for (const std::string& name : json::get_strings(*keyword, "figures")) object.erase(name);
  for (const auto& member : json::get_object(*answer, "figures")) {
    object[member.key()] = member.value();
  }
  for (const auto& member : json::get_object(*answer, "append")) {
    if (!member.value().is_array()) continue;
    JsonArray list = member.value().get_array();
    if (const Json* said = object.if_contains(member.key()); said != nullptr && said->is_array()) {
      for (const Json& entry : said->get_array()) {
        // A finding that repeats a measured one, under its id, is the measured one.
        const std::string id = json::get_string(entry, "id");
        const bool known = std::ranges::any_of(list, [&](const Json& one) {
          return one == entry || (!id.empty() && json::get_string(one, "id") == id);
        });
        if (!known) list.push_back(entry);
      }
    }
    object[member.key()] = std::move(list);
  }
  object["measured_by"] = tool;
  return reassign(*keyword, task, data);
}

}  // namespace cadre
