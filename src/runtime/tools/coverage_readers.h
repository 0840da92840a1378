// One reader for each coverage format; see test_readers.h. Pure.
#pragma once

#include "runtime/tools/test_readers.h"

namespace cadre {

Result<CoverageData> read_cobertura_lines(std::string_view xml);
// JaCoCo's XML; a line ran when one of its instructions did.
Result<CoverageData> read_jacoco(std::string_view xml);
Result<CoverageData> read_lcov(std::string_view text);
Result<CoverageData> read_gcov(std::string_view lines_of_json);
Result<CoverageData> read_go_cover(std::string_view text);

}  // namespace cadre
