// Ids of calls in sessions. Some models give none or the same ones in every conversation, and a run
// that does not read all of its session cannot know them: what is of another run gives way to what
// is there. Private to memory/. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/item.h"

namespace cadre::detail {

// The id of a run's call where another run's has the one that it came with. Of characters that all
// vendors take.
std::string id_beside(const std::string& id, std::string_view run);

// The same call, or result, under another id.
ItemPtr with_id(const ItemPtr& item, const std::string& id);

}  // namespace cadre::detail
