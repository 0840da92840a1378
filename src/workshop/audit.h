// The offline engine as a second reader: what it understands of a brief, for the gate that judges
// requirements which a language model wrote. Pure and thread-safe.
#pragma once

#include <string>
#include <vector>

#include "sop/gates.h"

namespace cadre::workshop {

// The sentences that the offline engine covers; none when it would refuse the brief.
std::vector<AuditedStatement> audit_brief(const std::string& brief);

}  // namespace cadre::workshop
