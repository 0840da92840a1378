#include "core/tool_effect.h"

namespace cadre {

const char* to_string(ToolEffect effect) {
  switch (effect) {
    case ToolEffect::kPure: return "pure";
    case ToolEffect::kIdempotent: return "idempotent";
    case ToolEffect::kExternal: return "external";
  }
  return "external";
}

}  // namespace cadre
