// What a tool does to the world, which says what a resumed run may do with an unfinished call.
#pragma once

#include <cstdint>
#include <string_view>

namespace cadre {

enum class ToolEffect : std::uint8_t {
  kPure,        // reads only; may run again at will, and before a guardrail has decided
  kIdempotent,  // running it twice leaves the same as once; may run again
  kExternal,    // touches the world: after a crash the outcome is unknown, and said so
};

const char* to_string(ToolEffect effect);

}  // namespace cadre
