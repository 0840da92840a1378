// A picture of an SOP: stages as boxes with role and gates, edges labelled with the artifacts that
// go from the maker to who needs them. Pure; thread-safe.
#pragma once

#include <string>

#include "base/result.h"
#include "core/plan.h"

namespace cadre {

// Mermaid flowchart text.
std::string sop_graph_mermaid(const Plan& plan);

// A whole SVG document: valid XML, no scripts, nothing loaded from elsewhere. kExhausted when there
// are too many edges for a picture.
Result<std::string> sop_graph_svg(const Plan& plan);

}  // namespace cadre
