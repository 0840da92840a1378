#include "base/latin.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace cadre {
namespace {

TEST(Latin, LettersWithDiacriticsHaveAnAsciiSpelling) {
  EXPECT_EQ(text::fold_latin("café"), "cafe");
  EXPECT_EQ(text::fold_latin("cafe\u0301"), "cafe");
  EXPECT_EQ(text::fold_latin("Straße"), "Strasse");
  EXPECT_EQ(text::fold_latin("Łódź, smørrebrød, œuvre, điện"), "lodz, smorrebrod, oeuvre, dien");
  EXPECT_EQ(text::fold_latin("plain"), "plain");
  EXPECT_EQ(text::fold_latin("5 € – 日本"), "5 € – 日本");
  EXPECT_EQ(text::fold_latin("cut \xC3"), "cut \xC3");
  EXPECT_EQ(text::snake_case("Date d'échéance"), "date_decheance");
  EXPECT_EQ(text::pascal_case("crème brûlée"), "CremeBrulee");
  EXPECT_EQ(text::kebab_case("cafés"), "cafes");
}

TEST(Latin, LettersOfOtherScriptsHaveNone) {
  for (const char* word : {"日本", "имя", "όνομα", "שם", "이름", "ｎａｍｅ", "𠀋", "caféя"})
    EXPECT_TRUE(text::has_foreign_letters(word)) << word;
  for (const char* word : {"café", "Łódź", "5 €", "“quoted” – …", "🙂", "→", "3 × 4", "。", ""})
    EXPECT_FALSE(text::has_foreign_letters(word)) << word;
}

}  // namespace
}  // namespace cadre
