#include "runtime/document.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "core/plan.h"

namespace cadre {
namespace {

constexpr std::size_t kTableColumnsMax = 6;
constexpr std::size_t kCellMax = 160;
constexpr int kDepthMax = 5;

std::string words_of(std::string_view key) {
  return text::upper_first(text::replace_all(std::string(key), "_", " "));
}

bool is_plain(const Json& value) { return !value.is_array() && !value.is_object(); }

bool is_plain_list(const Json& value) {
  return value.is_array() && std::ranges::all_of(value.get_array(), is_plain);
}

std::string plain(const Json& value) {
  if (value.is_null()) return "–";
  if (value.is_string()) return std::string(json::as_view(value.get_string()));
  return json::write(value);
}

std::string cell(const Json& value) {
  std::string out;
  if (value.is_array()) {
    for (const Json& element : value.get_array()) out += (out.empty() ? "" : ", ") + plain(element);
  } else {
    out = plain(value);
  }
  return text::markdown_cell(out);
}

// Objects whose members all fit into cells.
bool is_table(const JsonArray& rows) {
  for (const Json& row : rows) {
    if (!row.is_object() || row.get_object().size() > kTableColumnsMax) return false;
    for (const auto& member : row.get_object()) {
      const bool fits = is_plain(member.value()) || is_plain_list(member.value());
      if (!fits || cell(member.value()).size() > kCellMax) return false;
    }
  }
  return !rows.empty();
}

std::string fence_of(std::string_view key, const std::string& content) {
  const std::string label = key.find("mermaid") != std::string_view::npos ? "mermaid"
                            : key == "ddl"                                ? "sql"
                                                                          : "text";
  std::string ticks = "```";
  while (content.find(ticks) != std::string::npos) ticks += '`';
  return fmt::format("{}{}\n{}\n{}\n\n", ticks, label, text::trim(content), ticks);
}

class Writer {
 public:
  std::string out;

  void members(const JsonObject& object, int depth) {
    for (const auto& member : object) {
      const std::string key(member.key().data(), member.key().size());
      if (!is_plain(member.value()) || long_text(key, member.value())) continue;
      out += fmt::format("- **{}**: {}\n", words_of(key), plain(member.value()));
    }
    if (!out.ends_with("\n\n")) out += '\n';
    for (const auto& member : object) {
      const std::string key(member.key().data(), member.key().size());
      if (is_plain(member.value()) && !long_text(key, member.value())) continue;
      section(key, member.value(), depth);
    }
  }

 private:
  static bool long_text(const std::string& key, const Json& value) {
    if (!value.is_string()) return false;
    const std::string_view text = json::as_view(value.get_string());
    return text.find('\n') != std::string_view::npos || key.find("mermaid") != std::string::npos;
  }

  void heading(std::string_view title, int depth) {
    out += fmt::format("{} {}\n\n", std::string(static_cast<std::size_t>(std::min(depth, 6)), '#'),
                       title);
  }

  void section(const std::string& key, const Json& value, int depth) {
    if ((value.is_array() && value.get_array().empty()) ||
        (value.is_object() && value.get_object().empty())) {
      return;
    }
    heading(words_of(key), depth);
    if (value.is_string()) {
      out += fence_of(key, plain(value));
    } else if (depth > kDepthMax) {
      out += fence_of("json", json::write_pretty(value));
    } else if (value.is_object()) {
      members(value.get_object(), depth + 1);
    } else {
      list(value.get_array(), depth + 1);
    }
  }

  void list(const JsonArray& rows, int depth) {
    if (is_table(rows)) return table(rows);
    for (const Json& row : rows) {
      if (is_plain(row)) {
        out += fmt::format("- {}\n", plain(row));
        continue;
      }
      if (!row.is_object()) {
        out += fence_of("json", json::write(row));
        continue;
      }
      std::string title = json::get_string(row, "id");
      const std::string name = json::get_string(row, "title", json::get_string(row, "name"));
      if (!name.empty()) title += (title.empty() ? "" : ": ") + name;
      heading(title.empty() ? "–" : title, depth);
      JsonObject rest = row.get_object();
      for (const char* shown : {"id", "title", "name"}) rest.erase(shown);
      members(rest, depth + 1);
    }
    out += '\n';
  }

  void table(const JsonArray& rows) {
    std::vector<std::string> columns;
    for (const Json& row : rows) {
      for (const auto& member : row.get_object()) {
        const std::string key(member.key().data(), member.key().size());
        if (std::ranges::find(columns, key) == columns.end()) columns.push_back(key);
      }
    }
    out += '|';
    for (const std::string& column : columns) out += fmt::format(" {} |", words_of(column));
    out += "\n|";
    for (std::size_t i = 0; i < columns.size(); ++i) out += " --- |";
    for (const Json& row : rows) {
      out += "\n|";
      for (const std::string& column : columns) {
        const Json* value = json::find(row, column);
        out += fmt::format(" {} |", value == nullptr ? "" : cell(*value));
      }
    }
    out += "\n\n";
  }
};

}  // namespace

std::string markdown_of(const std::string& title, const Json& data) {
  Writer writer;
  writer.out = fmt::format("# {}\n\n", title);
  if (data.is_object()) writer.members(data.get_object(), 2);
  while (writer.out.ends_with("\n\n")) writer.out.pop_back();
  return std::move(writer.out);
}

void add_document(const Task& task, Artifact& artifact) {
  if (task.plan == nullptr) return;
  const auto at = task.plan->artifact_schemas.find(artifact.type);
  if (at == task.plan->artifact_schemas.end()) return;
  const std::string path = json::get_string(at->second, "x-document");
  if (path.empty() ||
      std::ranges::find(artifact.files, path, &File::path) != artifact.files.end()) {
    return;
  }
  artifact.files.push_back(
      {path, markdown_of(json::get_string(at->second, "title", artifact.type), artifact.data),
       false});
}

}  // namespace cadre
