#include "memory/lessons.h"

#include "memory/memory_test_kit.h"

namespace cadre {
namespace {

using namespace memory_test;  // NOLINT

const LessonEvidence kEvidence{"r1", "gate tests: 3 failed before, 0 after"};

TEST(Lessons, NeedEvidence) {
  TempFolder folder;
  auto file = open_file(folder.file());
  Lessons lessons(*file);
  EXPECT_EQ(lessons.learn("p", "f", {"r1", ""}).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(lessons.learn(" ", "f", kEvidence).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(lessons.learn(std::string(100'000, 'p'), "f", kEvidence).error().code,
            ErrorCode::kExhausted);
}

TEST(Lessons, TheSameLessonGathersEvidence) {
  TempFolder folder;
  std::int64_t id = 0;
  {
    auto file = open_file(folder.file());
    Lessons lessons(*file);
    id = lessons.learn("The port was taken.", "Bind to port 0.", kEvidence).value();
    EXPECT_EQ(lessons.learn(" the PORT was  taken. ", "Bind to port 0.", {"r2", "gate build"}), id);
    EXPECT_NE(lessons.learn("The port was taken.", "Kill the other.", kEvidence), id);
    for (int i = 0; i < 40; ++i) {
      ASSERT_TRUE(lessons
                      .learn("The port was taken.", "Bind to port 0.",
                             {fmt::format("s{}", i), "gate build"})
                      .has_value());
    }
    ASSERT_TRUE(lessons.used(id, true).has_value());
    ASSERT_TRUE(lessons.used(id, false).has_value());
    EXPECT_EQ(lessons.used(99, true).error().code, ErrorCode::kNotFound);
  }
  auto file = open_file(folder.file());
  const auto lesson = Lessons(*file).show(id);
  ASSERT_TRUE(lesson.has_value());
  EXPECT_EQ(lesson->seen, 42);
  EXPECT_EQ(lesson->uses, 2);
  EXPECT_EQ(lesson->helped, 1);
  EXPECT_GT(lesson->last_used_us, 0);
  EXPECT_EQ(lesson->evidence.size(), Lesson::kMostEvidence);
  EXPECT_EQ(lesson->evidence.back().run, "s39");
}

TEST(Lessons, AreOfferedByWordsAndByHowTheyHelped) {
  TempFolder folder;
  auto file = open_file(folder.file());
  Lessons lessons(*file);
  const auto bad = lessons.learn("Database locked again.", "Retry once.", kEvidence).value();
  const auto good = lessons.learn("Database locked often.", "Use WAL.", kEvidence).value();
  const auto other = lessons.learn("Wrong colour.", "Read the style guide.", kEvidence).value();
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(lessons.used(bad, false).has_value());
    ASSERT_TRUE(lessons.used(good, true).has_value());
  }
  const auto offered = lessons.relevant("why are databases locked?", 5).value();
  ASSERT_EQ(offered.size(), 2U) << "the one on colours has nothing to do with it";
  EXPECT_EQ(offered[0].lesson.id, good);
  EXPECT_EQ(offered[0].reason, "has databases, locked; helped 6 of 6 uses; seen 1 times");
  EXPECT_EQ(offered[1].lesson.id, bad);
  EXPECT_TRUE(lessons.relevant("\" OR *", 5)->empty());

  ASSERT_TRUE(lessons.forget(good).has_value());
  EXPECT_EQ(lessons.forget(good).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(lessons.relevant("databases", 5)->size(), 1U);
  std::vector<std::string> notes;
  const auto all = lessons.list(notes).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, other);
  EXPECT_TRUE(notes.empty());
}

TEST(Lessons, AForgottenOneIsNotInTheFile) {
  TempFolder folder;
  auto other = open_file(folder.file());  // of a process that goes on
  auto file = open_file(folder.file());
  Lessons lessons(*file);
  const auto id = lessons.learn("Xylophonically wrong.", "Zanzibarian fix.", kEvidence).value();
  ASSERT_TRUE(lessons.forget(id).has_value());
  const std::string bytes = slurp(folder.file()) + slurp(folder.file().string() + "-wal");
  for (const char* trace : {"ylophon", "anzibarian"})
    EXPECT_EQ(bytes.find(trace), std::string::npos) << trace;
}

TEST(Lessons, DamagedOnesAreNoted) {
  TempFolder folder;
  auto file = open_file(folder.file());
  Lessons lessons(*file);
  const auto id = lessons.learn("A problem.", "A fix.", kEvidence).value();
  ASSERT_TRUE(lessons.learn("Another problem.", "A fix.", kEvidence).has_value());
  sql(folder.file(), "UPDATE lessons SET body = CAST('x' AS BLOB) WHERE id = 1");
  std::vector<std::string> notes;
  EXPECT_EQ(lessons.list(notes)->size(), 1U);
  EXPECT_EQ(notes.size(), 1U);
  EXPECT_EQ(lessons.show(id).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(lessons.relevant("problem", 5)->size(), 1U);
  EXPECT_EQ(lessons.learn("A problem.", "A fix.", kEvidence).error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(lessons.forget(id).has_value());
}

}  // namespace
}  // namespace cadre
