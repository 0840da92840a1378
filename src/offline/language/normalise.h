// From raw bytes to sentence spans: line kinds, headings, bullets, abbreviations.
//
// Pure and linear. All offsets are bytes in the text as given.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "offline/language/language.h"

namespace cadre::offline {

struct SentenceSpan {
  int begin = 0, end = 0;  // without the bullet, number or label in front
  LineKind kind = LineKind::kProse;
  std::string heading;
};

// The same number of bytes: invalid UTF-8 becomes '_' or a blank, control characters and odd white
// space (no-break space, byte order mark) become blanks.
std::string same_length_utf8(std::string_view bytes);
int count_bad_bytes(std::string_view bytes);
// Many control characters or broken sequences: no text at all.
bool looks_binary(std::string_view bytes);

std::vector<SentenceSpan> split_sentences(std::string_view text);

}  // namespace cadre::offline
