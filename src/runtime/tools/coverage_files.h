// Reads the coverage that a stack's steps left in the project's folder: one report, or the many
// that node leaves, a file for each process.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "runtime/tools/stack_table.h"
#include "runtime/tools/test_readers.h"

namespace cadre {

struct MeasuredFolder {
  std::filesystem::path folder;
  std::string seen_as;                         // as the programs of the steps saw it
  std::map<std::string, std::string> sources;  // the files whose lines count, by path
};

// kNotFound when there is no report (the step that was to write it says why), kInvalidInput when it
// cannot be read. Where a report is complete, sources that it does not name are in it without
// lines.
Result<CoverageData> read_coverage_files(const MeasuredFolder& measured, const FigureFile& figures);

}  // namespace cadre
