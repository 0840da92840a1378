// Whether a file's bytes are text that is fit to be parsed: not empty, not too large, valid UTF-8,
// no NUL byte. Pure; thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sop/problem.h"

namespace cadre {

// True when it is; otherwise a problem with the line says what is wrong.
bool check_text(const std::string& file, std::string_view content, std::size_t bytes_max,
                SopProblems& problems);

}  // namespace cadre
