#include "offline/qa/templates.h"

#include "base/check.h"
#include "base/embedded.h"
#include "base/text.h"

namespace cadre::embedded::qa_python {
std::span<const EmbeddedFile> files();
}  // namespace cadre::embedded::qa_python

namespace cadre::offline::qa {

std::string template_text(std::string_view name, bool actors) {
  for (const EmbeddedFile& file : embedded::qa_python::files()) {
    if (file.path != name) continue;
    std::string out;
    bool keep = true;
    for (std::string_view line : text::lines(file.data)) {
      std::string_view mark = text::trim(line);
      if (mark == "# @if actors") {
        keep = actors;
      } else if (mark == "# @else") {
        keep = !keep;
      } else if (mark == "# @end") {
        keep = true;
      } else if (keep) {
        out.append(line);
        out += '\n';
      }
    }
    return out;
  }
  CADRE_CHECK(false, "a template that is not embedded");
  return {};
}

}  // namespace cadre::offline::qa
