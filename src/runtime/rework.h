// When a fan-out is done again: which of its tasks the findings concern. Pure; private to runtime/.
//
// A task is left alone when its earlier part is there and no finding blames what it makes, names
// one of its files, or (where a finding names no planned file at all) one of its stories' criteria.
// From the third round on every task is done again: what was left alone may have been the cause.
#pragma once

#include "core/provider.h"

namespace cadre::detail {

bool is_not_concerned(const Task& task);

// The task's own part of what the stage made in its last round.
Artifact own_part_of(const Task& task, const Artifact& whole);

}  // namespace cadre::detail
