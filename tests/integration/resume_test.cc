// kill -9 at any moment of a real run; resume ends with the same artifacts, and no finished command
// ran twice.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "base/clock.h"
#include "program.h"

namespace cadre::testing {
namespace {

constexpr const char* kBrief =
    "A library service. Members borrow books. Each book has a title, an author, an ISBN (unique) "
    "and a number of "
    "copies. A member can borrow at most 5 books at the same time. Loans last 14 days.";

// What the project says, without what differs between any two runs (times, ids).
std::map<std::string, std::string> project_files(const std::filesystem::path& out) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(out)) {
    const std::string path = std::filesystem::relative(entry.path(), out).string();
    const bool measured = path.starts_with(".git/") || path.starts_with("reports/") ||
                          path == "result.json" || path == "docs/quality-report.md" ||
                          path.starts_with(".cadre");
    if (entry.is_regular_file() && !measured) files[path] = read_file(entry.path());
  }
  return files;
}

ProcessOptions start_options(const std::filesystem::path& folder) {
  ProcessOptions options;
  options.argv = {CADRE_BINARY, "run", kBrief, "--out", "out", "--quiet"};
  options.env = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + folder.string()};
  options.cwd = folder;
  options.timeout = Milliseconds(120'000);
  return options;
}

// Each started command has at most one recorded end.
void expect_no_command_ended_twice(const std::filesystem::path& folder) {
  const ProcessResult shown = run_cadre(folder, {"show", "last", "--events", "--json"});
  const auto events = json::parse(shown.out);
  ASSERT_TRUE(events.has_value()) << shown.err;
  std::set<std::string> ended;
  std::int64_t seq = 0;
  for (const Json& event : events->as_array()) {
    EXPECT_EQ(json::get_int(event, "seq"), ++seq);
    const std::string kind = json::get_string(event, "kind");
    if (kind != "model_call_ended" && kind != "tool_call_ended" && kind != "gate_ended") continue;
    const std::string key = json::get_string(event.at("body"), "key");
    EXPECT_TRUE(ended.insert(kind + " " + key).second) << kind << " " << key << " ended twice";
  }
}

TEST(Resume, AfterKillAtAnyMomentTheResultIsTheSame) {
  TestFolder whole;
  const ProcessResult reference =
      run_cadre(whole.path(), {"run", kBrief, "--out", "out", "--quiet"});
  ASSERT_EQ(reference.exit_code, 0) << reference.out << reference.err;
  const auto expected = project_files(whole.path() / "out");
  ASSERT_GT(expected.size(), 20U);

  Rng rng(20260101);
  for (int round = 0; round < 6; ++round) {
    TestFolder folder;
    auto child = ChildProcess::start(start_options(folder.path()));
    ASSERT_TRUE(child.has_value());
    const auto wait = Milliseconds(10 + static_cast<int>(rng.below(5000)));
    child->wait(wait);
    child->finish(Milliseconds(0));  // TERM and at once KILL
    // A second crash while it is being resumed.
    ProcessOptions again = start_options(folder.path());
    again.argv = {CADRE_BINARY, "resume", "last", "--quiet"};
    if (auto second = ChildProcess::start(again)) {
      second->wait(Milliseconds(10 + static_cast<int>(rng.below(1500))));
      second->finish(Milliseconds(0));
    }
    const ProcessResult resumed = run_cadre(folder.path(), {"resume", "last"});
    if (resumed.exit_code == 2) {
      // Killed before the journal had a run: nothing was promised and nothing is there.
      EXPECT_LT(wait.count(), 300) << resumed.err;
      continue;
    }
    ASSERT_EQ(resumed.exit_code, 0) << "after " << wait.count() << " ms\n"
                                    << resumed.out << resumed.err;
    EXPECT_EQ(project_files(folder.path() / "out"), expected);
    expect_no_command_ended_twice(folder.path());
  }
}

TEST(Resume, AnEndedRunIsOnlyShownAgain) {
  TestFolder folder;
  ASSERT_EQ(run_cadre(folder.path(), {"run", "a todo app", "--out", "out", "--quiet"}).signal, 0);
  const std::string before = read_file(folder.path() / "out" / "result.json");
  const ProcessResult again = run_cadre(folder.path(), {"resume", "last"});
  EXPECT_TRUE(again.exit_code == 0 || again.exit_code == 3) << again.out << again.err;
  EXPECT_EQ(read_file(folder.path() / "out" / "result.json"), before);
}

}  // namespace
}  // namespace cadre::testing
