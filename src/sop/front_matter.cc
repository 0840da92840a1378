#include "sop/front_matter.h"

#include <algorithm>

#include "base/text.h"

namespace cadre {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_border(std::string_view line) {
  return line.starts_with("---") && text::trim(line) == "---";
}

}  // namespace

bool has_front_matter(std::string_view content) {
  if (content.starts_with(kByteOrderMark)) content.remove_prefix(kByteOrderMark.size());
  const std::size_t end = content.find('\n');
  return end != std::string_view::npos && is_border(content.substr(0, end));
}

std::optional<FrontMatter> split_front_matter(const std::string& file, std::string_view content,
                                              std::string_view form, SopProblems& problems) {
  if (!has_front_matter(content)) {
    problems.error(file, 1, "it does not begin with front matter", std::string(form));
    return std::nullopt;
  }
  const std::size_t begin = content.find('\n') + 1;
  for (std::size_t at = begin; at < content.size();) {
    const std::size_t end = std::min(content.find('\n', at), content.size());
    if (is_border(content.substr(at, end - at))) {
      return FrontMatter{content.substr(begin, at - begin),
                         content.substr(std::min(end + 1, content.size()))};
    }
    at = end + 1;
  }
  problems.error(file, 1, "the front matter has no end", "close it with a line \"---\"");
  return std::nullopt;
}

}  // namespace cadre
