// The Product Manager's documents, in Markdown and Gherkin. Pure; thread-safe.
#pragma once

#include <string>
#include <vector>

#include "core/provider.h"
#include "offline/product/competition.h"
#include "offline/product/roadmap.h"
#include "offline/product/work.h"

namespace cadre::offline::product {

std::string requirements_document(const spec::Spec& spec,
                                  const std::vector<Requirement>& requirements,
                                  const std::vector<NonFunctional>& nfrs);
// The whole model in canonical English.
std::string model_document(const spec::Spec& spec);
std::string assumptions_document(const spec::Spec& spec);
std::string stories_document(const spec::Spec& spec, const std::vector<Story>& stories);
// docs/features/us-001-keep-books.feature and so on.
std::vector<File> feature_files(const std::vector<Story>& stories);
std::string competition_document(const Competition& competition);
std::string roadmap_document(const Roadmap& roadmap, const std::vector<Story>& stories);

}  // namespace cadre::offline::product
