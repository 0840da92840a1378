#include "runtime/audit/names.h"

#include <gtest/gtest.h>

namespace cadre::audit {
namespace {

TEST(AuditNames, AreComparedWithoutTheirForm) {
  EXPECT_EQ(words_of("bookLoans"), words_of("book_loan"));
  EXPECT_EQ(words_of("Movies"), words_of("movie"));
  EXPECT_EQ(words_of("  "), Words{});
  EXPECT_EQ(word_score("borrow", "borrowing"), 1);
  EXPECT_EQ(word_score("cancel", "cancelled"), 1);
  EXPECT_EQ(word_score("return", "renew"), 0);
}

TEST(AuditNames, OfFieldsFitByMeaning) {
  const auto score = [](const char* ours, const char* theirs) {
    return field_score(words_of(ours), words_of(theirs), words_of("book"));
  };
  EXPECT_EQ(score("unit_price", "unitPrice"), 4);
  EXPECT_EQ(score("title", "bookTitle"), 3);
  EXPECT_EQ(score("due_on", "dueDate"), 2);
  EXPECT_EQ(score("rating", "minRating"), 1);
  EXPECT_EQ(score("quantity", "qty"), 1);
  EXPECT_EQ(score("title", "author"), 0);
  EXPECT_EQ(score("title", ""), 0);
}

}  // namespace
}  // namespace cadre::audit
