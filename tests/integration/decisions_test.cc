// A run of agents that waits, over processes: a program begins it and ends, the command line
// decides, the program goes on.
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "base/text.h"
#include "program.h"

namespace cadre::testing {
namespace {

struct Program {
  TestFolder folder;
  std::string run;

  std::vector<std::string> go(int exit_code, std::string id = {}) {
    ProcessOptions process;
    process.argv = {CADRE_WAITING_AGENT, ".cadre/journal.db", "paid.txt"};
    if (!id.empty()) process.argv.push_back(std::move(id));
    process.env = {"PATH=/usr/bin:/bin"};
    if (const char* profile = std::getenv("LLVM_PROFILE_FILE"))
      process.env.push_back(std::string("LLVM_PROFILE_FILE=") + profile);
    process.cwd = folder.path();
    process.timeout = Milliseconds(30'000);
    std::filesystem::create_directories(folder.path() / ".cadre");
    const auto result = run_process(process);
    EXPECT_TRUE(result) << (result ? "" : result.error().message);
    if (!result) return {};
    EXPECT_EQ(result->exit_code, exit_code) << result->out << result->err;
    std::vector<std::string> lines;
    for (const std::string_view line : text::lines(result->out)) lines.emplace_back(line);
    return lines;
  }
  ProcessResult cadre(std::vector<std::string> arguments) {
    return run_cadre(folder.path(), std::move(arguments));
  }
  std::string paid() const { return read_file(folder.path() / "paid.txt"); }
};

TEST(Decisions, OfAnAgentsRunAreMadeAtTheCommandLineOverRestarts) {
  Program program;
  const auto begun = program.go(8);
  ASSERT_EQ(begun.at(1), "running");
  const std::string run = begun.at(0);
  EXPECT_TRUE(says(program.cadre({"runs"}), run + "  waiting"));
  ProcessResult shown = program.cadre({"show", "last"});
  EXPECT_TRUE(says(shown, "How much may it be?")) << shown.out << shown.err;
  EXPECT_TRUE(says(shown, "cadre answer " + run + " a1 \"TEXT\"\n")) << shown.out;
  const ProcessResult answered = program.cadre({"answer", "last", "a1", "twenty"});
  EXPECT_EQ(answered.exit_code, 0) << answered.err;
  EXPECT_TRUE(says(answered, "a1 answered")) << answered.out;
  EXPECT_TRUE(says(answered, "its program goes on with it"));
  // The program goes on, wants to pay, and waits again.
  EXPECT_EQ(program.go(8, run).at(1), "running");
  EXPECT_EQ(program.paid(), "");
  shown = program.cadre({"show", run});
  EXPECT_TRUE(says(shown, R"(tool:pay)")) << shown.out;
  EXPECT_TRUE(says(shown, R"("euros":20)")) << shown.out;
  // A program that goes on without a decision still waits.
  EXPECT_EQ(program.go(8, run).at(1), "running");
  const ProcessResult approved = program.cadre({"approve", run, "--json"});
  EXPECT_EQ(approved.exit_code, 0) << approved.out << approved.err;
  const auto body = json::parse(approved.out);
  ASSERT_TRUE(body) << approved.out;
  EXPECT_EQ(json::get_int(*body, "still_waiting", -1), 0);
  EXPECT_EQ(program.paid(), "") << "who decides does nothing";
  EXPECT_EQ(program.go(0, run).at(2), "The user said twenty; the payment: paid");
  EXPECT_EQ(program.paid(), "Ada\n");
  EXPECT_EQ(program.go(0, run).at(1), "done") << "and again, without paying again";
  EXPECT_EQ(program.paid(), "Ada\n");
  EXPECT_TRUE(says(program.cadre({"runs"}), run + "  done"));
}

TEST(Decisions, ARejectionIsReadByTheAgent) {
  Program program;
  const std::string run = program.go(8).at(0);
  ASSERT_EQ(program.cadre({"answer", run, "q1", "ten"}).exit_code, 0) << "by the call's id";
  (void)program.go(8, run);
  ASSERT_EQ(program.cadre({"reject", run, "--message", "only ten"}).exit_code, 0);
  EXPECT_EQ(program.go(0, run).at(2), "The user said ten; the payment: only ten");
  EXPECT_EQ(program.paid(), "");
}

TEST(Decisions, AreTakenUpByAProgramThatIsStillThere) {
  Program program;
  std::future<std::vector<std::string>> lines =
      std::async(std::launch::async, [&] { return program.go(0, "stay"); });
  const auto decided = [&](std::vector<std::string> arguments) {
    for (int i = 0; i < 200; ++i) {  // until it waits for that
      if (program.cadre(arguments).exit_code == 0) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  };
  EXPECT_TRUE(decided({"answer", "last", "a1", "twenty"}));
  EXPECT_TRUE(decided({"approve", "last", "a2"}));
  const auto said = lines.get();
  ASSERT_EQ(said.size(), 3U);
  EXPECT_EQ(said[2], "The user said twenty; the payment: paid");
  EXPECT_EQ(program.paid(), "Ada\n");
  EXPECT_TRUE(says(program.cadre({"runs"}), said[0] + "  done"));
}

TEST(Decisions, WrongOnesAreSaidAndNothingIsWritten) {
  Program program;
  const std::string run = program.go(8).at(0);
  const std::string before = program.cadre({"show", run, "--events"}).out;
  const auto refused = [&](std::vector<std::string> arguments, std::string_view words) {
    const ProcessResult result = program.cadre(std::move(arguments));
    EXPECT_EQ(result.exit_code, 2) << result.out;
    EXPECT_TRUE(says(result, words)) << result.err;
  };
  refused({"approve", run, "a1"}, "a1 is a question");
  refused({"approve", run, "a7"}, "has asked for no \"a7\"");
  refused({"approve", "nobody"}, "there is no run \"nobody\"");
  refused({"answer", run, "a1", "x", "--resume"}, "only that program can go on");
  refused({"resume", run}, "agents");
  EXPECT_EQ(program.cadre({"show", run, "--events"}).out, before);
  ASSERT_EQ(program.cadre({"answer", run, "a1", "x"}).exit_code, 0);
  refused({"answer", run, "a1", "y"}, "a1 is decided already: approved by user");
  (void)program.go(8, run);
  ASSERT_EQ(program.cadre({"approve", run}).exit_code, 0);
  (void)program.go(0, run);
  refused({"approve", run}, "nothing of run " + run + " waits");
  refused({"approve", run, "a2"}, "a2 is decided already");
}

}  // namespace
}  // namespace cadre::testing
