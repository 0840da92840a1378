// Data files compiled into the binary by cadre_embed (cmake/Embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace cadre {

struct EmbeddedFile {
  std::string_view path;  // relative to the root given to cadre_embed, '/'-separated
  std::string_view data;
};

}  // namespace cadre

// Each embedded set defines `std::span<const EmbeddedFile> files()` in its own namespace here.
namespace cadre::embedded {}
