// cadre memory list, show, forget: what agents remember, at the command line.
#include <gtest/gtest.h>

#include "cadre/memory.h"
#include "program.h"

namespace cadre::testing {
namespace {

const std::string kSecret(32, 'k');

ItemPtr message(Speaker speaker, std::string text, std::string agent = {}) {
  MessageItem made;
  made.speaker = speaker;
  made.text = std::move(text);
  made.agent = std::move(agent);
  return std::make_shared<const Item>(std::move(made));
}

struct Remembered {
  TestFolder folder;

  Remembered() {
    std::filesystem::create_directories(folder.path() / ".cadre");
    auto file = MemoryFile::open(folder.path() / ".cadre" / "memory.db");
    EXPECT_TRUE(file) << (file ? "" : file.error().describe());
    auto memory = SessionMemory::open(**file, "support").value();
    const std::vector<ItemPtr> talk{message(Speaker::kUser, "My parcel is lost."),
                                    message(Speaker::kAssistant, "I am sorry.", "clerk")};
    EXPECT_TRUE(memory->conversation()->add("r1", talk));
    EXPECT_TRUE(memory->store_agent_output("qa", "review", "The refund lacks a limit."));
    EXPECT_TRUE(
        memory->learn({0, "clerk", "carrier", "Bring\x1b[2J", "the order", "r1", 0, false}));
    EXPECT_TRUE(memory->set_task({.id = "call", .owner = "clerk", .detail = "at noon"}, "r1"));
    EXPECT_TRUE(SessionMemory::open(**file, "3"));  // a session that looks like a lesson's number
    auto sealed = SessionMemory::open(**file, "secret", {.secret = kSecret}).value();
    EXPECT_TRUE(sealed->store_agent_output("qa", "note", "The vault's word is xyzzy."));
    Lessons lessons(**file);
    EXPECT_TRUE(lessons.learn("The port was taken.", "Bind to port 0.", {"r1", "gate tests"}));
    EXPECT_TRUE(lessons.used(1, true));
  }
  ProcessResult cadre(std::vector<std::string> arguments, std::vector<std::string> env = {}) {
    arguments.insert(arguments.begin(), "memory");
    return run_cadre(folder.path(), std::move(arguments), {.env = std::move(env)});
  }
};

TEST(Memory, ListShowsSessionsAndLessons) {
  Remembered here;
  const ProcessResult list = here.cadre({"list"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_TRUE(says(list, "session support  2 items, 3 entries")) << list.out;
  EXPECT_TRUE(says(list, "encrypted"));
  EXPECT_TRUE(says(list, "lesson 1  seen 1, used 1, helped 1  The port was taken. -> Bind to"));
  const Json body = parsed(here.cadre({"list", "--json"}));
  EXPECT_EQ(json::get_array(body, "sessions").size(), 3U);
  EXPECT_EQ(json::get_int(json::get_array(body, "lessons").at(0), "helped"), 1);
}

TEST(Memory, ShowTellsALessonWithItsEvidenceAndASessionWithAllOfIt) {
  Remembered here;
  const ProcessResult lesson = here.cadre({"show", "1"});
  EXPECT_EQ(lesson.exit_code, 0) << lesson.err;
  EXPECT_TRUE(says(lesson, "evidence: gate tests (r1)")) << lesson.out;
  const ProcessResult session = here.cadre({"show", "support"});
  EXPECT_EQ(session.exit_code, 0) << session.err;
  EXPECT_TRUE(says(session, "My parcel is lost."));
  EXPECT_TRUE(says(session, "output 1 of qa (review): The refund lacks a limit.")) << session.out;
  EXPECT_TRUE(says(session, "clerk knows carrier = Bring[2J (from the order)")) << "no control";
  EXPECT_TRUE(says(session, "task call of clerk is pending: at noon")) << session.out;
  const Json body = parsed(here.cadre({"show", "support", "--json"}));
  EXPECT_EQ(json::get_string(json::get_array(body, "workflow").at(0), "task"), "call");
  EXPECT_EQ(here.cadre({"show", "3"}).exit_code, 2) << "there is no lesson 3";
  EXPECT_EQ(here.cadre({"show", "session:3"}).exit_code, 0);
  EXPECT_EQ(json::get_string(parsed(here.cadre({"show", "lesson:1", "--json"})), "fix"),
            "Bind to port 0.");
}

TEST(Memory, AnEncryptedSessionNeedsItsSecret) {
  Remembered here;
  const ProcessResult locked = here.cadre({"show", "secret"});
  EXPECT_NE(locked.exit_code, 0);
  EXPECT_FALSE(says(locked, "xyzzy"));
  const ProcessResult wrong =
      here.cadre({"show", "secret"}, {"CADRE_MEMORY_SECRET=" + std::string(32, 'x')});
  EXPECT_NE(wrong.exit_code, 0);
  EXPECT_FALSE(says(wrong, "xyzzy"));
  EXPECT_TRUE(says(here.cadre({"show", "secret"}, {"CADRE_MEMORY_SECRET=" + kSecret}), "xyzzy"));
}

TEST(Memory, ForgetDeletesOneThingAndTheFileHasNoTraceOfIt) {
  Remembered here;
  EXPECT_EQ(here.cadre({"forget", "1"}).exit_code, 0);
  EXPECT_EQ(here.cadre({"forget", "1"}).exit_code, 2) << "it is gone";
  EXPECT_EQ(here.cadre({"show", "1"}).exit_code, 2);
  EXPECT_EQ(here.cadre({"forget", "support"}).exit_code, 0);
  EXPECT_EQ(here.cadre({"show", "support"}).exit_code, 2);
  const Json body = parsed(here.cadre({"list", "--json"}));
  EXPECT_EQ(json::get_array(body, "sessions").size(), 2U) << "the others stay";
  EXPECT_TRUE(json::get_array(body, "lessons").empty());
  for (const char* file : {"memory.db", "memory.db-wal"}) {
    const std::string bytes = read_file(here.folder.path() / ".cadre" / file);
    EXPECT_EQ(bytes.find("parcel is lost"), std::string::npos) << file;
    EXPECT_EQ(bytes.find("Bind to port"), std::string::npos) << file;
  }
}

TEST(Memory, WhatIsNotThereOrNoMemoryFileIsSaid) {
  TestFolder folder;
  const ProcessResult none = run_cadre(folder.path(), {"memory", "list"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_TRUE(says(none, "nothing is remembered here")) << none.err;
  EXPECT_FALSE(std::filesystem::exists(folder.path() / ".cadre")) << "asking makes nothing";
  write_file(folder.path() / ".cadre" / "memory.db", std::string(4096, 'x'));
  const ProcessResult junk = run_cadre(folder.path(), {"memory", "list"});
  EXPECT_NE(junk.exit_code, 0);
  EXPECT_EQ(read_file(folder.path() / ".cadre" / "memory.db"), std::string(4096, 'x'));
  EXPECT_EQ(run_cadre(folder.path(), {"memory"}).exit_code, 2);
  EXPECT_EQ(run_cadre(folder.path(), {"memory", "forget"}).exit_code, 2);
}

}  // namespace
}  // namespace cadre::testing
