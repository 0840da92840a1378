// Any bytes as a brief: the analyst always gives a sound model, accounts for every sentence, and
// gives the same one again.
#include <cstdint>
#include <cstdlib>

#include "offline/analysis/analyse.h"
#include "spec/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string_view brief(reinterpret_cast<const char*>(data), size);
  const cadre::spec::Spec spec = cadre::offline::analyse(brief);
  if (!cadre::spec::validate(spec).empty()) std::abort();
  return 0;
}
