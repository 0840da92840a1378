// The document that people read of an artifact's data: the schema keyword `x-document` names its
// path, and the data is written as Markdown: lists of objects as tables or sections, Mermaid and
// code in fences. Pure.
#pragma once

#include <string>

#include "core/provider.h"

namespace cadre {

// Adds the document to the artifact's files, where its type has one and the artifact does not.
void add_document(const Task& task, Artifact& artifact);

std::string markdown_of(const std::string& title, const Json& data);

}  // namespace cadre
