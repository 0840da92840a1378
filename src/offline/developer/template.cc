#include "offline/developer/template.h"

#include <span>
#include <vector>

#include "base/check.h"
#include "base/embedded.h"
#include "base/text.h"
#include "offline/developer/py.h"

namespace cadre::embedded::developer_python {
std::span<const EmbeddedFile> files();
}  // namespace cadre::embedded::developer_python

namespace cadre::offline::developer {
namespace {

std::string_view embedded(std::string_view path) {
  for (const EmbeddedFile& file : embedded::developer_python::files()) {
    if (file.path == path) return file.data;
  }
  CADRE_CHECK(false, "an embedded file of the Developer is missing");
  return {};
}

}  // namespace

std::string fill(std::string_view path, const Features& features) {
  std::string out;
  std::vector<bool> keep;  // one a nested condition
  const auto kept = [&] {
    for (const bool one : keep) {
      if (!one) return false;
    }
    return true;
  };
  for (const std::string_view line : text::lines(embedded(path))) {
    const std::string_view word = text::trim(line);
    if (word.starts_with("# @if ")) {
      const bool negated = word.starts_with("# @if !");
      keep.push_back(features.has(std::string(word.substr(negated ? 7 : 6))) != negated);
    } else if (word == "# @else") {
      keep.back() = !keep.back();
    } else if (word == "# @end") {
      keep.pop_back();
    } else if (kept()) {
      out += line;
      out += '\n';
    }
  }
  CADRE_CHECK(keep.empty(), "a condition of an embedded file is not closed");
  for (const auto& [name, value] : features.values) {
    out = text::replace_all(std::move(out), "{{" + name + "}}", value);
  }
  return path.ends_with(".py") ? tidy(out) : out;
}

}  // namespace cadre::offline::developer
