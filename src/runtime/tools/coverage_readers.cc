#include "runtime/tools/coverage_readers.h"

#include <algorithm>
#include <charconv>

#include "base/cobertura.h"
#include "base/json.h"
#include "base/text.h"
#include "base/xml.h"

namespace cadre {
namespace {

constexpr int kLineMax = 10'000'000;

std::int64_t whole(std::string_view text, std::int64_t fallback = -1) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : fallback;
}

// A line that several objects hold counts as run when one of them ran it.
void add_line(LineCounts& lines, std::int64_t line, std::int64_t count) {
  if (line < 1 || line > kLineMax || count < 0) return;
  std::int64_t& known = lines[static_cast<int>(line)];
  known = std::max(known, count);
}

// "50% (1/2)".
void add_conditions(std::string_view said, FileCounts& data) {
  const std::size_t open = said.find('('), slash = said.find('/'), close = said.find(')');
  if (open == std::string_view::npos || slash == std::string_view::npos ||
      close == std::string_view::npos || slash < open || close < slash) {
    return;
  }
  const std::int64_t taken = whole(said.substr(open + 1, slash - open - 1));
  const std::int64_t all = whole(said.substr(slash + 1, close - slash - 1));
  if (taken < 0 || all < taken) return;
  data.branches += all;
  data.branches_taken += taken;
}

}  // namespace

Result<CoverageData> read_cobertura_lines(std::string_view xml) {
  CoverageData data;
  FileCounts* file = nullptr;
  CoberturaHandlers handlers;
  handlers.file = [&](const std::string& path) {
    file = path.empty() ? nullptr : &data.files[path];
  };
  handlers.line = [&](const XmlReader& at) {
    if (file == nullptr) return;
    add_line(file->lines, whole(at.attribute("number")), whole(at.attribute("hits")));
    add_conditions(at.attribute("condition-coverage"), *file);
  };
  if (auto walked = walk_cobertura(xml, handlers); !walked) return propagate(walked);
  return data;
}

Result<CoverageData> read_jacoco(std::string_view xml) {
  // Its document type names a DTD, which nobody reads; one that defines something is refused.
  std::string rest(xml);
  if (const std::size_t begin = rest.find("<!DOCTYPE"); begin != std::string::npos) {
    const std::size_t end = rest.find_first_of("[>", begin);
    if (end != std::string::npos && rest[end] == '>') rest.erase(begin, end + 1 - begin);
  }
  XmlReader reader(rest);
  CoverageData data;
  FileCounts* file = nullptr;
  std::string package;
  bool root = true;
  while (true) {
    auto event = reader.next();
    if (!event) return propagate(event);
    if (*event == XmlReader::Event::kDone) return data;
    const std::string& name = reader.name();
    if (*event == XmlReader::Event::kEnd && name == "sourcefile") file = nullptr;
    if (*event != XmlReader::Event::kStart) continue;
    if (root && name != "report") {
      return fail(ErrorCode::kInvalidInput, "no report of JaCoCo: its root is <" + name + ">");
    }
    root = false;
    if (name == "package") {
      package = text::clean_utf8(reader.attribute("name"));
    } else if (name == "sourcefile") {
      const std::string in_package = text::clean_utf8(reader.attribute("name"));
      file = &data.files[package.empty() ? in_package : package + "/" + in_package];
    } else if (name == "line" && file != nullptr) {
      add_line(file->lines, whole(reader.attribute("nr")), whole(reader.attribute("ci")));
      const auto branches = [&](const char* key) {
        return std::clamp<std::int64_t>(whole(reader.attribute(key)), 0, 10'000);
      };
      const std::int64_t taken = branches("cb");
      file->branches += branches("mb") + taken;
      file->branches_taken += taken;
    }
  }
}

Result<CoverageData> read_lcov(std::string_view all) {
  CoverageData data;
  std::string file;
  for (const std::string_view line : text::lines(all)) {
    if (line.starts_with("SF:")) {
      file = text::clean_utf8(line.substr(3));
      data.files[file];
    } else if (line.starts_with("DA:") && !file.empty()) {
      const auto parts = text::split(std::string(line.substr(3)), ',');
      if (parts.size() >= 2) add_line(data.files[file].lines, whole(parts[0]), whole(parts[1]));
    } else if (line.starts_with("BRDA:") && !file.empty()) {
      const auto parts = text::split(std::string(line.substr(5)), ',');
      if (parts.size() < 4) continue;
      ++data.files[file].branches;
      if (whole(parts[3], 0) > 0) ++data.files[file].branches_taken;
    }
  }
  if (data.files.empty()) return fail(ErrorCode::kInvalidInput, "no LCOV report: it names no file");
  return data;
}

Result<CoverageData> read_gcov(std::string_view lines_of_json) {
  CoverageData data;
  // Several objects may hold one line's branches; each is taken when one of them took it.
  std::map<std::string, std::map<int, std::vector<bool>>> branches;
  for (const std::string_view line : text::lines(lines_of_json)) {
    if (text::trim(line).empty()) continue;
    auto unit = json::parse(line);
    if (!unit) return propagate(unit);
    for (const Json& entry : json::get_array(*unit, "files")) {
      const std::string path = json::get_string(entry, "file");
      LineCounts& lines = data.files[path].lines;
      for (const Json& one : json::get_array(entry, "lines")) {
        const std::int64_t number = json::get_int(one, "line_number");
        add_line(lines, number, json::get_int(one, "count"));
        std::vector<bool>& taken = branches[path][static_cast<int>(number)];
        std::size_t index = 0;
        for (const Json& branch : json::get_array(one, "branches")) {
          if (json::get_bool(branch, "throw")) continue;  // the compiler's own
          if (index >= taken.size()) taken.push_back(false);
          if (json::get_int(branch, "count") > 0) taken[index] = true;
          ++index;
        }
      }
    }
  }
  for (const auto& [path, lines] : branches) {
    for (const auto& [line, taken] : lines) {
      data.files[path].branches += static_cast<std::int64_t>(taken.size());
      data.files[path].branches_taken += std::count(taken.begin(), taken.end(), true);
    }
  }
  if (data.files.empty()) return fail(ErrorCode::kInvalidInput, "gcov reported on no file");
  return data;
}

// "module/pkg/file.go:3.14,5.2 2 1": from line 3 to line 5, two statements, run once.
Result<CoverageData> read_go_cover(std::string_view all) {
  CoverageData data;
  for (const std::string_view line : text::lines(all)) {
    const std::size_t colon = line.rfind(':');
    if (line.starts_with("mode:") || colon == std::string_view::npos) continue;
    const auto words = text::split(std::string(line.substr(colon + 1)), ' ');
    if (words.size() != 3) continue;
    const auto range = text::split(words[0], ',');
    if (range.size() != 2) continue;
    const std::int64_t first = whole(range[0].substr(0, range[0].find('.')));
    const std::int64_t last = whole(range[1].substr(0, range[1].find('.')));
    const std::int64_t count = whole(words[2]);
    if (first < 1 || last < first || last > kLineMax || last - first > 100'000) continue;
    LineCounts& lines = data.files[text::clean_utf8(line.substr(0, colon))].lines;
    for (std::int64_t at = first; at <= last; ++at) add_line(lines, at, count);
  }
  if (data.files.empty()) {
    return fail(ErrorCode::kInvalidInput, "no cover profile: it names no file");
  }
  return data;
}

}  // namespace cadre
