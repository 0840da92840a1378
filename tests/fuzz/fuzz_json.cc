// Whatever the reader accepts, the writer writes so that it reads back to the same bytes.
#include <cstdint>
#include <cstdlib>

#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = cadre::json::parse({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  const std::string once = cadre::json::write(*value);
  const auto again = cadre::json::parse(once);
  if (!again || cadre::json::write(*again) != once) std::abort();
  return 0;
}
