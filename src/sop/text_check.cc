#include "sop/text_check.h"

#include <fmt/format.h>

#include "base/text.h"

namespace cadre {

bool check_text(const std::string& file, std::string_view content, std::size_t bytes_max,
                SopProblems& problems) {
  if (text::trim(content).empty()) {
    problems.error(file, 0, "it is empty");
    return false;
  }
  if (content.size() > bytes_max) {
    problems.error(file, 0,
                   fmt::format("it has {} bytes, and {} are allowed", content.size(), bytes_max));
    return false;
  }
  int line = 1;
  for (const std::string_view at : text::lines(content)) {
    if (!text::is_valid_utf8(at)) {
      problems.error(file, line, "it is not valid UTF-8", "save it as UTF-8");
      return false;
    }
    if (at.find('\0') != std::string_view::npos) {
      problems.error(file, line, "it holds a NUL byte; it is no text file");
      return false;
    }
    ++line;
  }
  return true;
}

}  // namespace cadre
