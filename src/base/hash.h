// SHA-256, as lower-case hex. Content addresses of artifacts and blobs.
#pragma once

#include <string>
#include <string_view>

namespace cadre {

std::string sha256_hex(std::string_view bytes);

}  // namespace cadre
