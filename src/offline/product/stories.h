// User stories with testable criteria: one story for keeping each kind of record, one for each
// action, one for each report, one for each kind of user. Together they hold every rule, grant,
// transition, query and operation of the model that is built. Pure; thread-safe.
#pragma once

#include <vector>

#include "offline/product/work.h"
#include "spec/model.h"

namespace cadre::offline::product {

// `requirements` as write_requirements() gave them for the same model.
std::vector<Story> write_stories(const spec::Spec& spec,
                                 const std::vector<Requirement>& requirements);

}  // namespace cadre::offline::product
