// What this build delivers and what could come next, from what was not understood, left out,
// assumed or asked. No dates: nobody has stated any. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "offline/product/work.h"

namespace cadre::offline::product {

struct NextStep {
  std::string id, title, reason, sentence, priority, how;
};

struct Roadmap {
  std::vector<std::string> stories, requirements;  // ids that this build delivers
  std::vector<NextStep> next;
};

Roadmap write_roadmap(const spec::Spec& spec, const std::vector<Requirement>& requirements,
                      const std::vector<NonFunctional>& nfrs, const std::vector<Story>& stories);
Json roadmap_json(const Roadmap& roadmap);

}  // namespace cadre::offline::product
