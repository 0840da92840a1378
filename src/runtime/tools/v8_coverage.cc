#include "runtime/tools/v8_coverage.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "runtime/tools/source_map.h"

namespace cadre {
namespace {

struct Range {
  std::int64_t start = 0, end = 0, count = 0;
};

// How often each place of a script ran in one process: the innermost range around it says.
class Counts {
 public:
  // `ranges`: outer ones before those inside them, as sorting them makes it.
  explicit Counts(std::vector<Range> ranges) {
    std::ranges::stable_sort(ranges, [](const Range& a, const Range& b) {
      return a.start != b.start ? a.start < b.start : a.end > b.end;
    });
    std::vector<Range> open;
    const auto close_until = [&](std::int64_t at) {
      while (!open.empty() && open.back().end <= at) {
        const std::int64_t end = open.back().end;
        open.pop_back();
        marks_.emplace_back(end, open.empty() ? 0 : open.back().count);
      }
    };
    for (Range& range : ranges) {
      close_until(range.start);
      if (!open.empty()) range.end = std::min(range.end, open.back().end);
      marks_.emplace_back(range.start, range.count);
      open.push_back(range);
    }
    close_until(std::numeric_limits<std::int64_t>::max());
  }
  std::int64_t at(std::int64_t offset) const {
    const auto after = std::ranges::upper_bound(marks_, offset, {}, &Mark::first);
    return after == marks_.begin() ? 0 : std::prev(after)->second;
  }

 private:
  using Mark = std::pair<std::int64_t, std::int64_t>;  // from this offset on: how often
  std::vector<Mark> marks_;
};

// One script in one process.
struct Ran {
  Counts counts;
  std::vector<std::pair<std::int64_t, std::int64_t>> blocks;
};

Ran ran_of(const Json& script) {
  std::vector<Range> all;
  std::vector<std::pair<std::int64_t, std::int64_t>> blocks;
  for (const Json& function : json::get_array(script, "functions")) {
    const bool counted = json::get_bool(function, "isBlockCoverage");
    for (const Json& one : json::get_array(function, "ranges")) {
      const Range range{json::get_int(one, "startOffset", -1), json::get_int(one, "endOffset", -1),
                        json::get_int(one, "count", -1)};
      if (range.start < 0 || range.end < range.start || range.count < 0) continue;
      all.push_back(range);
      if (counted) blocks.emplace_back(range.start, range.end);
    }
  }
  return {Counts(std::move(all)), std::move(blocks)};
}

struct Line {
  std::string_view text;
  std::int64_t start = 0;  // in UTF-16 units
};

std::int64_t units(unsigned char lead) {
  return (lead & 0xC0) == 0x80 ? 0 : lead >= 0xF0 ? 2 : 1;  // continuation bytes belong to a lead
}

std::vector<Line> lines_of(std::string_view text) {
  std::vector<Line> lines;
  std::int64_t at = 0;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back({text.substr(begin, end - begin), at});
    for (const char c : lines.back().text) at += units(static_cast<unsigned char>(c));
    ++at;
    begin = end + 1;
  }
  return lines;
}

// "file:///work/a%20b.js" -> "/work/a b.js"; empty for what is no file.
std::string path_of(std::string_view url) {
  constexpr std::string_view kScheme = "file://";
  std::string path;
  if (!url.starts_with(kScheme)) return path;
  url.remove_prefix(kScheme.size());
  for (std::size_t i = 0; i < url.size(); ++i) {
    unsigned byte = 0;
    const char* hex = url.data() + i + 1;
    if (url[i] == '%' && i + 2 < url.size() &&
        std::from_chars(hex, hex + 2, byte, 16).ptr == hex + 2) {
      path += static_cast<char>(byte);
      i += 2;
    } else {
      path += url[i];
    }
  }
  return path;
}

// Whether something can run in each line: none in comments, and a lone bracket is no line.
std::vector<bool> code_lines(const std::vector<Line>& lines) {
  std::vector<bool> code;
  bool comment = false;
  for (const Line& line : lines) {
    std::string_view rest = text::trim(line.text);
    const bool begins = !comment && rest.starts_with("/*");
    if (comment || begins) {
      const std::size_t end = rest.find("*/", begins ? 2 : 0);
      comment = end == std::string_view::npos;
      rest = comment ? std::string_view() : text::trim(rest.substr(end + 2));
    }
    code.push_back(!rest.starts_with("//") &&
                   rest.find_first_not_of("{}()[];, \t") != std::string_view::npos);
  }
  return code;
}

void keep_most(LineCounts& lines, std::size_t number, std::int64_t count) {
  std::int64_t& known = lines[static_cast<int>(number)];
  known = std::max(known, count);
}

// The most that anything in the line ran.
std::int64_t count_of_line(const Line& line, const Counts& counts) {
  std::int64_t at = line.start, most = 0;
  for (const char c : line.text) {
    const std::int64_t wide = units(static_cast<unsigned char>(c));
    if (wide > 0 && c != ' ' && c != '\t' && c != '\r') most = std::max(most, counts.at(at));
    at += wide;
  }
  return most;
}

void add_branches(const std::vector<Ran>& runs, FileCounts& file) {
  std::set<std::pair<std::int64_t, std::int64_t>> blocks;
  for (const Ran& ran : runs) blocks.insert(ran.blocks.begin(), ran.blocks.end());
  for (const auto& [start, end] : blocks) {
    ++file.branches;
    if (std::ranges::any_of(runs, [&](const Ran& ran) { return ran.counts.at(start) > 0; })) {
      ++file.branches_taken;
    }
  }
}

void add_plain(const V8Script& script, const std::vector<Ran>& runs, CoverageData& data) {
  FileCounts& file = data.files[script.path];
  const auto lines = lines_of(script.text);
  const auto code = code_lines(lines);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!code[i]) continue;
    for (const Ran& ran : runs) keep_most(file.lines, i + 1, count_of_line(lines[i], ran.counts));
  }
  add_branches(runs, file);
}

// What the script was compiled from.
void add_mapped(const V8Script& script, const std::vector<Ran>& runs, const V8Project& project,
                CoverageData& data) {
  const auto map = read_source_map(script.map);
  if (!map) return;
  const std::filesystem::path folder = std::filesystem::path(script.path).parent_path();
  std::vector<std::string> paths;
  std::vector<std::vector<bool>> code;
  for (const std::string& source : map->sources) {
    const std::string path = (folder / source).lexically_normal().generic_string();
    const auto known = project.sources.find(path);
    paths.push_back(known == project.sources.end() ? std::string() : path);
    code.push_back(known == project.sources.end() ? std::vector<bool>()
                                                  : code_lines(lines_of(known->second)));
  }
  std::map<std::size_t, LineCounts> found;
  const auto lines = lines_of(script.text);
  for (const MapSegment& segment : map->segments) {
    if (segment.source >= code.size() || segment.source_line >= code[segment.source].size() ||
        !code[segment.source][segment.source_line] || segment.line >= lines.size()) {
      continue;
    }
    const std::int64_t offset =
        lines[segment.line].start + static_cast<std::int64_t>(segment.column);
    LineCounts& counts = found[segment.source];
    keep_most(counts, segment.source_line + 1, 0);
    for (const Ran& ran : runs) {
      keep_most(counts, segment.source_line + 1, ran.counts.at(offset));
    }
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (paths[i].empty() || (runs.empty() && !found[i].empty())) continue;
    FileCounts& file = data.files[paths[i]];
    for (const auto& [line, count] : found[i]) {
      keep_most(file.lines, static_cast<std::size_t>(line), count);
    }
    if (i == 0) add_branches(runs, file);
  }
}

}  // namespace

struct V8Coverage::Run {
  Ran ran;
};

V8Coverage::V8Coverage(V8Project project) : project_(std::move(project)) {
  for (const V8Script& script : project_.scripts) runs_[project_.root + "/" + script.path];
}

V8Coverage::~V8Coverage() = default;

Result<void> V8Coverage::add(std::string_view report) {
  const auto parsed = json::parse(report);
  const Json* result = parsed ? json::find(*parsed, "result") : nullptr;
  if (result == nullptr || !result->is_array()) {
    return fail(ErrorCode::kInvalidInput, "a file of NODE_V8_COVERAGE holds no coverage of V8");
  }
  for (const Json& script : result->get_array()) {
    const auto at = runs_.find(path_of(json::get_string(script, "url")));
    if (at != runs_.end()) at->second.push_back({ran_of(script)});
  }
  return {};
}

CoverageData V8Coverage::take() {
  CoverageData data;
  for (const V8Script& script : project_.scripts) {
    std::vector<Ran> its;
    for (Run& run : runs_[project_.root + "/" + script.path]) its.push_back(std::move(run.ran));
    if (!script.map.empty()) {
      add_mapped(script, its, project_, data);
    } else if (!its.empty() && project_.sources.contains(script.path)) {
      add_plain(script, its, data);
    }
  }
  // Declarations alone: nothing in them runs.
  for (const auto& [path, content] : project_.sources) {
    if (path.ends_with(".d.ts")) data.files[path];
  }
  return data;
}

}  // namespace cadre
