// Finds the shipped SOPs, and runs one as far as it goes without a model.
#include <cstdio>

#include "all_headers.h"

int main() {
  for (const std::string& name : cadre::Sop::shipped()) {
    const auto sop = cadre::Sop::load(name);
    if (!sop) return std::printf("%s\n", sop.error().describe().c_str()), 1;
    std::printf("%s: %zu stages\n", name.c_str(), sop->stages().size());
  }
  const auto sop = cadre::Sop::load("support_triage");
  const auto result = cadre::run_sop(
      *sop, "The kettle leaks.", {.documents = {{"orders", "order 7: a kettle, 20 euros"}}});
  if (!result) return std::printf("%s\n", result.error().describe().c_str()), 1;
  std::printf("%s: %s\n", std::string(cadre::to_string(result->status)).c_str(),
              result->reason.c_str());
  return result->status == cadre::SopStatus::kRefused ? 0 : 1;
}
