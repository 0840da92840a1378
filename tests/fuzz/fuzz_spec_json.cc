// A model from outside: read, and if it reads, written and read again to the same bytes.
#include <cstdint>
#include <cstdlib>

#include "spec/model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = cadre::json::parse({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  const auto spec = cadre::spec::spec_from_json(*value);
  if (!spec) return 0;
  const std::string once = cadre::json::write(to_json(*spec));
  const auto again = cadre::spec::spec_from_json(*cadre::json::parse(once));
  if (!again || cadre::json::write(to_json(*again)) != once) std::abort();
  return 0;
}
