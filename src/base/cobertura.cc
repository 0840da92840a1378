#include "base/cobertura.h"

#include "base/text.h"

namespace cadre {

Result<void> walk_cobertura(std::string_view xml, const CoberturaHandlers& handlers) {
  XmlReader reader(xml);
  bool root = true, in_file = false;
  while (true) {
    auto event = reader.next();
    if (!event) return propagate(event);
    if (*event == XmlReader::Event::kDone) return {};
    if (*event != XmlReader::Event::kStart) continue;
    const std::string& name = reader.name();
    if (root) {
      if (name != "coverage") {
        return fail(ErrorCode::kInvalidInput, "no coverage report: its root is <" + name + ">");
      }
      root = false;
      if (handlers.root) handlers.root(reader);
    } else if (name == "class") {
      in_file = true;
      if (handlers.file) handlers.file(text::clean_utf8(reader.attribute("filename")));
    } else if (name == "line" && in_file && handlers.line) {
      handlers.line(reader);
    }
  }
}

}  // namespace cadre
