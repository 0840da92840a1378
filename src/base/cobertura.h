// Walks a Cobertura report (what pytest-cov and others write): its root, its files, their lines.
//
// It comes out of a sandbox that ran generated code: nothing in it is trusted, and attributes are
// handed on as they stand. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/xml.h"

namespace cadre {

// Each is called in the order of the report; unset ones are passed over.
struct CoberturaHandlers {
  std::function<void(const XmlReader&)> root = {};
  std::function<void(std::string path)> file = {};  // lines that follow are this file's
  std::function<void(const XmlReader&)> line = {};  // never before the first file
};

// kInvalidInput for what is no XML or no coverage report.
Result<void> walk_cobertura(std::string_view xml, const CoberturaHandlers& handlers);

}  // namespace cadre
