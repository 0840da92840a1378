// Searching lessons inside MemoryDb::read(). Private to memory/.
#pragma once

#include <string>
#include <vector>

#include "memory/lessons.h"
#include "memory/memory_db.h"

namespace cadre::detail {

Result<std::vector<OfferedLesson>> relevant_lessons(MemoryDb& db,
                                                    const std::vector<std::string>& words,
                                                    std::size_t limit,
                                                    std::vector<std::string>& notes);

}  // namespace cadre::detail
