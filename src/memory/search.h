// Full-text search over a memory file's indexes. Private to memory/.
//
// A query is anybody's text: it is cut into words, and only words, quoted, reach the index, so its
// syntax cannot be spoken from outside.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "memory/memory_db.h"

namespace cadre::detail {

// The words of a text that say something, lower case, each once, at most 32.
std::vector<std::string> query_words(std::string_view text);

struct Hit {
  std::int64_t id = 0;
  double score = 0;  // BM25, larger is better
};

// The best rows for any of the words, best first. Inside read() or write().
Result<std::vector<Hit>> search_entries(MemoryDb& index, const std::string& scope,
                                        const std::vector<std::string>& words, std::size_t limit);
Result<std::vector<Hit>> search_lessons(MemoryDb& index, const std::vector<std::string>& words,
                                        std::size_t limit);

// Which of the words the row has, by the index's own rules (stems, accents).
Result<std::vector<std::string>> words_in_entry(MemoryDb& index, std::int64_t id,
                                                const std::vector<std::string>& words);
Result<std::vector<std::string>> words_in_lesson(MemoryDb& index, std::int64_t id,
                                                 const std::vector<std::string>& words);

}  // namespace cadre::detail
