#include "runtime/tools/coverage_files.h"

#include <algorithm>

#include "process/tree.h"
#include "runtime/tools/stack_step.h"
#include "runtime/tools/v8_coverage.h"

namespace cadre {
namespace {

namespace fs = std::filesystem;

// The source map stands beside its script.
V8Project scripts_of(const MeasuredFolder& measured, const FigureFile& figures) {
  V8Project project{measured.seen_as, {}, measured.sources};
  if (figures.compiled.empty()) {
    for (const auto& [path, content] : measured.sources) {
      project.scripts.push_back({path, content, ""});
    }
    return project;
  }
  for (const std::string& name : files_ending(measured.folder / figures.compiled, ".map")) {
    const std::string map_path = figures.compiled + "/" + name;
    const std::string path = map_path.substr(0, map_path.size() - 4);
    auto script = read_beneath(measured.folder, path, kFigureBytesMax);
    auto map = read_beneath(measured.folder, map_path, kFigureBytesMax);
    if (script && map) project.scripts.push_back({path, std::move(*script), std::move(*map)});
  }
  return project;
}

Result<CoverageData> read_v8(const MeasuredFolder& measured, const FigureFile& figures) {
  const auto reports = files_ending(measured.folder / figures.file, ".json");
  if (reports.empty()) {
    return fail(ErrorCode::kNotFound, "node left no report of coverage in " + figures.file);
  }
  V8Coverage coverage(scripts_of(measured, figures));
  for (const std::string& name : reports) {
    auto report = read_beneath(measured.folder, figures.file + "/" + name, kFigureBytesMax);
    if (!report) return propagate(report);
    if (auto added = coverage.add(*report); !added) return propagate(added);
  }
  return coverage.take();
}

// JaCoCo names a file by its package: "lib/Core.java" for src/lib/Core.java.
void name_by_sources(const MeasuredFolder& measured, CoverageData& data) {
  CoverageData named;
  for (auto& [reported, counts] : data.files) {
    const std::string* best = nullptr;
    for (const auto& [path, content] : measured.sources) {
      if ((path == reported || path.ends_with("/" + reported)) &&
          (best == nullptr || path.size() < best->size())) {
        best = &path;
      }
    }
    named.files[best == nullptr ? reported : *best] = std::move(counts);
  }
  data = std::move(named);
}

}  // namespace

Result<CoverageData> read_coverage_files(const MeasuredFolder& measured,
                                         const FigureFile& figures) {
  if (figures.format == "v8") return read_v8(measured, figures);
  auto report = read_beneath(measured.folder, figures.file, kFigureBytesMax);
  if (!report) return propagate(report);
  auto data = read_coverage(figures.format, *report);
  if (data && figures.format == "jacoco") name_by_sources(measured, *data);
  if (!data || !figures.complete) return data;
  for (const auto& [path, content] : measured.sources) {
    const bool named = std::ranges::any_of(
        data->files, [&](const auto& file) { return is_same_file(file.first, path); });
    if (!named) data->files[path];
  }
  return data;
}

}  // namespace cadre
