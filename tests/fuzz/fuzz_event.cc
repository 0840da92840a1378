// Journal rows and plans come from a file that anybody may have touched.
#include <cstdint>
#include <cstdlib>

#include "core/event.h"
#include "core/plan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto value = cadre::json::parse({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  if (const auto event = cadre::event_from_json(*value)) {
    const auto again = cadre::event_from_json(cadre::to_json(*event));
    if (!again || !(*again == *event)) std::abort();
  }
  (void)cadre::plan_from_json(*value);
  return 0;
}
