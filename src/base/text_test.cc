#include "base/text.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/result.h"

namespace cadre {
namespace {

TEST(Text, NamesInEveryCase) {
  EXPECT_EQ(text::snake_case("dueDate"), "due_date");
  EXPECT_EQ(text::snake_case("Due date"), "due_date");
  EXPECT_EQ(text::snake_case("ISBN"), "isbn");
  EXPECT_EQ(text::snake_case("HTTPServer"), "http_server");
  EXPECT_EQ(text::snake_case("member's name"), "members_name");
  EXPECT_EQ(text::snake_case("../../etc/passwd"), "etc_passwd");
  EXPECT_EQ(text::snake_case("3d model"), "n3d_model");
  EXPECT_EQ(text::snake_case("'; DROP TABLE"), "drop_table");
  EXPECT_EQ(text::snake_case("日本"), "x");
  EXPECT_EQ(text::pascal_case("order line"), "OrderLine");
  EXPECT_EQ(text::kebab_case("OrderLine"), "order-line");
}

TEST(Text, PluralAndBack) {
  for (const char* noun : {"book", "category", "box", "person", "child", "status", "day", "class",
                           "company", "medium", "waitlist entry", "staff member", "address",
                           "salesperson", "shelf", "course", "house", "invoice", "expense",
                           "diagnosis", "thesis", "analysis", "synopsis", "crisis", "basis", "quiz",
                           "wife", "scarf", "phenomenon", "nose", "case", "prize"}) {
    EXPECT_EQ(text::singular(text::plural(noun)), noun) << text::plural(noun);
  }
  EXPECT_EQ(text::plural("diagnosis"), "diagnoses");
  EXPECT_EQ(text::plural("quiz"), "quizzes");
  EXPECT_EQ(text::plural("staff"), "staff");
  EXPECT_EQ(text::singular("bus"), "bus");
}

TEST(Text, Utf8) {
  EXPECT_TRUE(text::is_valid_utf8("naïve €𝄞"));
  EXPECT_FALSE(text::is_valid_utf8("\xC0\x80"));
  EXPECT_FALSE(text::is_valid_utf8("\xED\xA0\x80"));
  EXPECT_FALSE(text::is_valid_utf8("abc\xE2\x82"));
  EXPECT_EQ(text::clean_utf8("a\xFF\x01\nb"), "a\xEF\xBF\xBD\nb");
  EXPECT_EQ(text::shorten("€€€€", 7), "€…");
}

TEST(Text, WrapAndCells) {
  EXPECT_EQ(text::wrap("one two three", 8, "  "), "one two\n  three");
  EXPECT_EQ(text::markdown_cell("a|b\nc"), "a\\|b c");
  EXPECT_EQ(text::join(text::split("a,b,,c", ','), "-"), "a-b--c");
  EXPECT_TRUE(text::contains_word("the due date", "due"));
  EXPECT_FALSE(text::contains_word("overdue", "due"));
}

TEST(Base, HashClockAndErrors) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(format_utc(1'767'225'600'000'000), "2026-01-01T00:00:00Z");
  EXPECT_EQ(make_run_id(1'767'225'600'000'000, 0xABCDEF12), "20260101-000000-cdef12");
  FakeClock clock;
  const auto before = clock.now_us();
  clock.advance_us(5);
  EXPECT_EQ(clock.now_us(), before + 5);
  Rng a(7), b(7);
  EXPECT_EQ(a.next(), b.next());
  EXPECT_LT(a.below(10), 10U);
  EXPECT_EQ((Error{ErrorCode::kIo, "disk is full", "free some space"}).describe(),
            "disk is full (free some space)");
  EXPECT_STREQ(to_string(ErrorCode::kExhausted), "exhausted");
}

TEST(Text, KnowsLowerCaseWordsInAnyCase) {
  EXPECT_TRUE(text::is_lower("Content-TYPE", "content-type"));
  EXPECT_TRUE(text::is_lower("", ""));
  EXPECT_FALSE(text::is_lower("Content-Typ", "content-type"));
  EXPECT_FALSE(text::is_lower("content_type", "content-type"));
}

}  // namespace
}  // namespace cadre
