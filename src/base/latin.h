// Latin letters with diacritics in ASCII, for ids: "café" becomes "cafe", "Straße" "strasse".
//
// Letters of other scripts have no such spelling; nobody guesses one. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace cadre::text {

// Latin letters outside of ASCII become lower-case ASCII letters, combining marks vanish, all
// other bytes stay as they are. The text is UTF-8.
std::string fold_latin(std::string_view text);

// Is there a letter that fold_latin() leaves: "日本", "имя"? Signs and emoji are no letters.
bool has_foreign_letters(std::string_view text);

}  // namespace cadre::text
