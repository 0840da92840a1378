// Changing an existing repository, as a user does it: `cadre run --on DIR`, with a scripted model in
// place of a language model. The repository's own tests run in the sandbox, before and after.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/clock.h"
#include "base/text.h"
#include "program.h"

namespace cadre::testing {
namespace {

namespace fs = std::filesystem;

const char* const kStore = R"(class Tasks:
    """Tasks in memory."""

    def __init__(self):
        self._tasks = []

    def add(self, title):
        if not title.strip():
            raise ValueError("a task needs a title")
        task = {"id": len(self._tasks) + 1, "title": title, "done": False}
        self._tasks.append(task)
        return task

    def finish(self, task_id):
        for task in self._tasks:
            if task["id"] == task_id:
                task["done"] = True
                return task
        raise KeyError(task_id)

    def all(self):
        return list(self._tasks)
)";
const char* const kTests = R"(import pathlib

import pytest

from todo.store import Tasks


def test_add_gives_an_id():
    assert Tasks().add("Buy milk") == {"id": 1, "title": "Buy milk", "done": False}


def test_a_title_is_needed():
    with pytest.raises(ValueError):
        Tasks().add(" ")


def test_finish():
    tasks = Tasks()
    tasks.add("Buy milk")
    assert tasks.finish(1)["done"]


def test_the_logo_is_there():
    logo = pathlib.Path(__file__).parent / "alias.bin"
    assert logo.read_bytes().startswith(b"\x00LOGO")


def test_that_fails_since_long():
    assert Tasks().all() == [1]
)";
const char* const kNewTests = R"(from todo.store import Tasks


def test_due_is_kept():
    assert Tasks().add("Buy milk", due="2026-01-03")["due"] == "2026-01-03"


def test_due_before():
    tasks = Tasks()
    tasks.add("Buy milk", due="2026-01-03")
    tasks.add("Call mum", due="2026-01-09")
    tasks.add("Dream")
    assert [task["title"] for task in tasks.due_before("2026-01-04")] == ["Buy milk"]
)";
const std::string kSecret = "TOKEN=very-secret-4711\n";

std::string git(const fs::path& folder, std::vector<std::string> arguments) {
  ProcessOptions process;
  process.argv = {"/usr/bin/git",    "-c", "user.name=User", "-c", "user.email=user@example.org",
                  "-c", "init.defaultBranch=main"};
  process.argv.insert(process.argv.end(), arguments.begin(), arguments.end());
  process.env = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"};
  process.cwd = folder;
  process.output_bytes_max = 4 << 20;
  const auto ran = run_process(process);
  EXPECT_TRUE(ran && ran->success()) << text::join(arguments, " ") << ": "
                                     << (ran ? ran->err : ran.error().message);
  return ran ? ran->out : "";
}

// A small package with tests, one of which fails since long, a secret, a binary file, an ignored
// folder, a file that is not committed, and a symbolic link out of it.
void make_repository(const fs::path& root) {
  write_file(root / "todo" / "__init__.py", "");
  write_file(root / "todo" / "store.py", kStore);
  write_file(root / "todo" / "old.py", "UNUSED = 1\n");
  write_file(root / "tests" / "test_store.py", kTests);
  write_file(root / "README.md", "# Todo\n\nTasks in memory.\n");
  write_file(root / ".gitignore", "build/\n");
  write_file(root / ".env", kSecret);
  write_file(root / "logo.bin", std::string("\0LOGO\0\1", 7));
  write_file(root / "build" / "junk.txt", "junk\n");
  fs::create_symlink("/etc/passwd", root / "link");
  fs::create_symlink("../logo.bin", root / "tests" / "alias.bin");
  git(root, {"init", "--quiet"});
  git(root, {"add", "--all"});
  git(root, {"commit", "--quiet", "--message", "begin"});
  write_file(root / "notes.txt", "not committed\n");
}

Json tool(const std::string& name, Json arguments) {
  return JsonObject{{"tool", name}, {"arguments", std::move(arguments)}};
}

Json deliver(const std::string& type, const std::string& data) {
  return tool("deliver_" + type, JsonObject{{"data", json::parse(data).value()}});
}

Json edit(const std::string& path, const std::string& old_text, const std::string& new_text) {
  return tool("edit_file", JsonObject{{"path", path}, {"old", old_text}, {"new", new_text}});
}

Json reply(const std::string& at, JsonArray calls, int delay_ms = 0) {
  return JsonObject{{"at", at},
                    {"calls", std::move(calls)},
                    {"tokens", JsonObject{{"input", 100}, {"output", 10}}},
                    {"delay_ms", delay_ms}};
}

const std::string kPlan = R"x({"summary": "Tasks can have a due date.",
  "files": [
    {"path": "todo/store.py", "action": "edit", "owner": "developer", "why": "add() takes due"},
    {"path": "todo/old.py", "action": "delete", "owner": "developer", "why": "nobody uses it"},
    {"path": "tests/test_due.py", "action": "create", "owner": "qa_engineer", "why": "the new behaviour"}],
  "contract": [
    {"signature": "Tasks.add(title, due=None)", "file": "todo/store.py", "what": "keeps due under \"due\" when it is given"},
    {"signature": "Tasks.due_before(day)", "file": "todo/store.py", "what": "tasks whose due is before day"}],
  "criteria": [
    {"id": "AC-001", "text": "A task keeps the due date that it is given."},
    {"id": "AC-002", "text": "Tasks due before a day can be listed."}],
  "risks": ["stored tasks without due"]})x";
const std::string kSuite = R"({"summary": "Two tests.", "files": ["tests/test_due.py"], "tests": [
  {"id": "TC-001", "file": "tests/test_due.py", "name": "test_due_is_kept", "criteria": ["AC-001"], "kind": "unit"},
  {"id": "TC-002", "file": "tests/test_due.py", "name": "test_due_before", "criteria": ["AC-002"], "kind": "unit"}]})";
const std::string kMethod = R"(    def due_before(self, day):
        return [task for task in self._tasks if task.get("due") and task["due"] < day]

    def all(self):)";
const std::string kPlain = R"("title": title, "done": False})";
const std::string kAlways = R"("title": title, "done": False, "due": due})";
const std::string kWhenGiven = kPlain + "\n        if due is not None:\n            task[\"due\"] = due";

JsonArray change_calls(const std::string& task_line) {
  return {edit("todo/store.py", "def add(self, title):", "def add(self, title, due=None):"),
          edit("todo/store.py", kPlain, task_line),
          edit("todo/store.py", "    def all(self):", kMethod),
          tool("delete_file", JsonObject{{"path", "todo/old.py"}}),
          deliver("change", R"({"summary": "add() takes due.", "files": ["todo/store.py"],
            "deleted": ["todo/old.py"]})")};
}

JsonArray test_calls() {
  return {tool("write_file", JsonObject{{"path", "tests/test_due.py"}, {"content", kNewTests}}),
          deliver("change_tests", kSuite)};
}

// The first change writes "due" into every task, which breaks a test that was there.
Json script(int delay_ms = 0) {
  return JsonObject{
      {"replies",
       JsonArray{
           reply("plan#*/turn:1", {tool("measure_repository", JsonObject{})}, delay_ms),
           reply("plan#*/turn:2", {deliver("change_plan", kPlan)}, delay_ms),
           reply("change#1/*/turn:1", change_calls(kAlways), delay_ms),
           reply("change#2/*/turn:1",
                 {edit("todo/store.py", kAlways, kWhenGiven),
                  deliver("change", R"({"summary": "due is kept when it is given.",
                    "files": ["todo/store.py"], "deleted": ["todo/old.py"]})")},
                 delay_ms),
           reply("test_plan#*/turn:1", test_calls(), delay_ms),
           reply("verify#*/turn:1", {tool("measure_change", JsonObject{})}, delay_ms),
           reply("verify#*/turn:2", {deliver("change_report", R"({"summary": "It holds.",
             "findings": [], "not_verified": []})")},
                 delay_ms)}}};
}

// The script with one of its replies replaced.
Json with(Json script, const std::string& at, JsonArray calls) {
  JsonArray& replies = script.as_object()["replies"].as_array();
  replies.insert(replies.begin(), reply(at, std::move(calls)));
  return script;
}

std::vector<std::string> arguments(const std::string& on) {
  return {"run", "add due dates to tasks", "--on", on, "--model", "scripted:script.json"};
}

struct Case {
  TestFolder folder;
  fs::path repository = folder.path() / "repo";

  explicit Case(const Json& script) {
    fs::create_directories(repository);
    make_repository(repository);
    write_file(folder.path() / "script.json", json::write(script));
  }
  ProcessResult run() { return run_cadre(folder.path(), arguments("repo")); }
  std::string branch() {
    return std::string(text::trim(git(repository, {"branch", "--list", "cadre/*", "--format=%(refname:short)"})));
  }
};

std::vector<Json> events_of(const fs::path& folder) {
  const ProcessResult shown = run_cadre(folder, {"show", "last", "--events", "--json"});
  const auto events = json::parse(shown.out);
  EXPECT_TRUE(events.has_value()) << shown.out << shown.err;
  if (!events) return {};
  return {events->as_array().begin(), events->as_array().end()};
}

// Nothing in the user's checkout has changed.
void expect_untouched(const fs::path& repository, const std::string& head) {
  EXPECT_EQ(git(repository, {"rev-parse", "HEAD"}), head);
  EXPECT_EQ(git(repository, {"status", "--porcelain"}), "?? notes.txt\n");
  EXPECT_EQ(read_file(repository / "todo" / "store.py"), kStore);
}

TEST(Change, ABrokenTestSendsItBackAndTheMendedChangeIsOnItsBranch) {
  Case one(script());
  const std::string head = git(one.repository, {"rev-parse", "HEAD"});
  const ProcessResult ran = one.run();
  ASSERT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  expect_untouched(one.repository, head);
  // What the user reads.
  EXPECT_NE(ran.out.find("before      4 tests passed, 1 failed"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("after       6 tests passed, 1 failed, 0 passed before"),
            std::string::npos)
      << ran.out;
  EXPECT_NE(ran.out.find("edited   todo/store.py"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("main...cadre/"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("worktree remove"), std::string::npos) << ran.out;
  // What is on the branch: planned files, one commit a stage and round by the role that made it.
  const std::string branch = one.branch();
  EXPECT_EQ(git(one.repository, {"diff", "--name-status", "main..." + branch}),
            "A\ttests/test_due.py\nD\ttodo/old.py\nM\ttodo/store.py\n");
  const std::string log = git(one.repository, {"log", "--format=%an|%s", "main.." + branch});
  EXPECT_NE(log.find("Architect|plan: "), std::string::npos) << log;
  EXPECT_NE(log.find("QA Engineer|test_plan: "), std::string::npos) << log;
  EXPECT_NE(log.find("QA Engineer|verify: "), std::string::npos) << log;
  int developer = 0;
  for (const auto line : text::lines(log)) developer += line.starts_with("Developer|change") ? 1 : 0;
  EXPECT_EQ(developer, 2) << log;
  // It came back by blame, with the test that broke.
  bool blamed = false;
  for (const Json& event : events_of(one.folder.path())) {
    if (json::get_string(event, "kind") != "gate_ended") continue;
    if (json::get_bool(event.at("body"), "passed")) continue;
    blamed = true;
    EXPECT_NE(json::write(event).find("test_add_gives_an_id passed before and is failed now"),
              std::string::npos)
        << json::write(event);
    EXPECT_NE(json::write(event).find("\"blame\":\"change\""), std::string::npos);
  }
  EXPECT_TRUE(blamed);
  // It can be taken as it was said.
  git(one.repository, {"merge", "--quiet", "--no-edit", branch});
  EXPECT_NE(read_file(one.repository / "todo" / "store.py").find("due_before"), std::string::npos);
}

TEST(Change, JsonSaysBranchWorktreeAndFiles) {
  Case one(with(script(), "change#1/*", change_calls(kWhenGiven)));
  auto asked = arguments("repo");
  asked.emplace_back("--json");
  const ProcessResult ran = run_cadre(one.folder.path(), asked);
  ASSERT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  const Json body = json::parse(ran.out).value();
  EXPECT_EQ(json::get_string(body, "branch"), one.branch());
  EXPECT_TRUE(fs::exists(fs::path(json::get_string(body, "worktree")) / "todo" / "store.py"));
  EXPECT_EQ(json::get_string(body, "base_branch"), "main");
  ASSERT_EQ(json::get_array(body, "files_changed").size(), 3U);
  EXPECT_EQ(json::get_string(json::get_array(body, "files_changed")[0], "path"),
            "tests/test_due.py");
  const Json result = read_json(json::get_string(body, "result"));
  const Json& report = result.at("artifacts").at("change_report").at("data");
  EXPECT_EQ(json::get_int(report.at("tests"), "failed_before_too"), 1);
  EXPECT_EQ(json::get_int(report.at("traceability"), "with_passing_test"), 2);
  // The state folder is beside the repository here; the secret is in none of what is kept.
  for (const auto& entry : fs::recursive_directory_iterator(one.folder.path() / ".cadre")) {
    if (!entry.is_regular_file() || entry.path().filename() == ".env") continue;
    EXPECT_EQ(read_file(entry.path()).find("very-secret-4711"), std::string::npos) << entry.path();
  }
}

// What the journal says that the repository is.
TEST(Change, TheRepositoryIsReadWithItsLimits) {
  Case one(script());
  ASSERT_EQ(one.run().exit_code, 0);
  const ProcessResult shown = run_cadre(one.folder.path(), {"show", "last", "--json"});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  const fs::path results = one.folder.path() / ".cadre" / "results";
  Json data;
  for (const auto& entry : fs::directory_iterator(results)) {
    data = read_json(entry.path()).at("artifacts").at("repository").at("data");
  }
  std::map<std::string, std::string> reasons;
  for (const Json& file : json::get_array(data, "files")) {
    reasons[json::get_string(file, "path")] = json::get_string(file, "why_not");
  }
  EXPECT_EQ(reasons["todo/store.py"], "");
  EXPECT_NE(reasons[".env"].find("secret"), std::string::npos);
  EXPECT_EQ(reasons["logo.bin"], "not text");
  EXPECT_EQ(reasons["link"], "a symbolic link");
  EXPECT_NE(reasons["notes.txt"].find("not committed"), std::string::npos);
  EXPECT_FALSE(reasons.contains("build/junk.txt"));
  EXPECT_EQ(json::get_string(data.at("stack"), "language"), "python");
  EXPECT_EQ(json::get_strings(data, "instructions"), std::vector<std::string>{"README.md"});
}

TEST(Change, WhatIsNotPlannedIsRefused) {
  JsonArray calls = change_calls(kWhenGiven);
  calls.insert(calls.begin(), tool("write_file", JsonObject{{"path", "README.md"}, {"content", "mine\n"}}));
  calls.insert(calls.begin(), tool("write_file", JsonObject{{"path", "../outside.txt"}, {"content", "x"}}));
  calls.insert(calls.begin(), tool("write_file", JsonObject{{"path", ".git/hooks/pre-commit"}, {"content", "x"}}));
  calls.insert(calls.begin(), tool("edit_file", JsonObject{{"path", ".env"}, {"old", "TOKEN"}, {"new", "X"}}));
  calls.insert(calls.begin(), tool("delete_file", JsonObject{{"path", "todo/store.py"}}));
  calls.insert(calls.begin(), tool("write_file", JsonObject{{"path", "tests/test_due.py"}, {"content", "x"}}));
  Json told = with(script(), "change#1/*/turn:1", calls);
  told = with(told, "change#1/*/turn:2",
              {deliver("change", R"({"summary": "add() takes due.", "files": ["todo/store.py"],
                "deleted": ["todo/old.py"]})")});
  Case one(told);
  const std::string head = git(one.repository, {"rev-parse", "HEAD"});
  const ProcessResult ran = one.run();
  // The refused calls do not spoil the rest: the model delivers again in its next turn.
  ASSERT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  int refused = 0;
  for (const Json& event : events_of(one.folder.path())) {
    if (json::get_string(event, "kind") != "tool_call_ended") continue;
    refused += json::get_bool(event.at("body"), "ok") ? 0 : 1;
  }
  EXPECT_EQ(refused, 6);
  EXPECT_FALSE(fs::exists(one.folder.path() / ".cadre" / "worktrees" / "outside.txt"));
  expect_untouched(one.repository, head);
  EXPECT_EQ(git(one.repository, {"diff", "--name-only", "main..." + one.branch(), "--", "README.md", ".env"}), "");
}

TEST(Change, AFileInADeliveryThatIsNotPlannedIsRefused) {
  Json sneaky = JsonObject{
      {"tool", "deliver_change"},
      {"arguments", JsonObject{{"data", JsonObject{{"summary", "s"}, {"files", JsonArray{}}}},
                               {"files", JsonArray{JsonObject{{"path", "setup.py"},
                                                              {"content", "evil()\n"}}}}}}};
  Case one(with(script(), "change#1/*/turn:1", {sneaky}));
  EXPECT_EQ(one.run().exit_code, 7);
  bool said = false;
  for (const Json& event : events_of(one.folder.path())) {
    said = said || json::write(event).find("setup.py is not planned to be changed") !=
                       std::string::npos;
  }
  EXPECT_TRUE(said);
}

TEST(Change, APlanThatDoesNotFitComesBack) {
  const std::string bad = text::replace_all(
      text::replace_all(kPlan, "\"todo/old.py\"", "\"../../etc/passwd\""), "todo/store.py\", \"action\": \"edit\"",
      "logo.bin\", \"action\": \"edit\"");
  Case one(with(script(), "plan#1/*/turn:2", {deliver("change_plan", bad)}));
  ASSERT_EQ(one.run().exit_code, 0);
  bool said = false;
  for (const Json& event : events_of(one.folder.path())) {
    if (json::get_string(event, "kind") != "gate_ended") continue;
    const std::string text = json::write(event);
    said = said || (text.find("does not stay in the repository") != std::string::npos &&
                    text.find("logo.bin is planned to be edited, and was not read") !=
                        std::string::npos);
  }
  EXPECT_TRUE(said);
}

TEST(Change, AChangeThatStaysBrokenIsSaidToBeSo) {
  Case one(with(script(), "change#2/*", change_calls(kAlways)));
  // Its second round finds its own edits already made: it delivers them as they are.
  Json same = script();
  JsonArray& replies = same.as_object()["replies"].as_array();
  replies.insert(replies.begin(),
                 reply("change#2/*", {deliver("change", R"({"summary": "As before.",
                   "files": ["todo/store.py"], "deleted": ["todo/old.py"]})")}));
  write_file(one.folder.path() / "script.json", json::write(same));
  const ProcessResult ran = one.run();
  EXPECT_EQ(ran.exit_code, 5) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("NOT verified"), std::string::npos) << ran.out;
  EXPECT_EQ(ran.out.find("take  "), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("drop  "), std::string::npos) << ran.out;
  EXPECT_NE(git(one.repository, {"log", "--format=%s", one.branch()}).find("(gates not passed)"),
            std::string::npos);
}

TEST(Change, NewTestsThatBreakOldOnesAreTheTestsFault) {
  // QA is given the old tests, and spoils one of them.
  const std::string plan = text::replace_all(
      kPlan, "\"files\": [", "\"files\": [{\"path\": \"tests/test_store.py\", \"action\": \"edit\", "
                            "\"owner\": \"qa_engineer\", \"why\": \"more\"},");
  const std::string suite = text::replace_all(kSuite, "\"files\": [\"tests/test_due.py\"]",
                                              "\"files\": [\"tests/test_due.py\", \"tests/test_store.py\"]");
  Json change = with(script(), "change#*", change_calls(kWhenGiven));
  change = with(change, "plan#*/turn:2", {deliver("change_plan", plan)});
  change = with(change, "test_plan#2/*",
                {edit("tests/test_store.py", "\"done\": 0}", "\"done\": False}"),
                 deliver("change_tests", suite)});
  change = with(change, "test_plan#1/*",
                {edit("tests/test_store.py", "\"done\": False}", "\"done\": 0}"),
                 edit("tests/test_store.py", "tasks.finish(1)[\"done\"]", "not tasks.finish(1)[\"done\"]"),
                 tool("write_file", JsonObject{{"path", "tests/test_due.py"}, {"content", kNewTests}}),
                 deliver("change_tests", suite)});
  Case one(change);
  const ProcessResult ran = one.run();
  // The second round mends only half of it, so the run ends; what counts is who was blamed.
  EXPECT_NE(ran.exit_code, 0);
  bool blamed = false;
  for (const Json& event : events_of(one.folder.path())) {
    if (json::get_string(event, "kind") != "gate_ended") continue;
    const std::string text = json::write(event);
    if (text.find("test_finish passed before") == std::string::npos) continue;
    blamed = true;
    EXPECT_NE(text.find("\"blame\":\"change_tests\""), std::string::npos) << text;
  }
  EXPECT_TRUE(blamed) << ran.out << ran.err;
}

TEST(Change, AfterKillItGoesOnAndRepeatsNothing) {
  Rng rng(11);
  int resumed_runs = 0;
  for (int round = 0; round < 4; ++round) {
    Case one(script(80));
    ProcessOptions options;
    options.argv = arguments("repo");
    options.argv.insert(options.argv.begin(), CADRE_BINARY);
    options.argv.push_back("--quiet");
    options.env = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + one.folder.path().string()};
    options.cwd = one.folder.path();
    options.timeout = Milliseconds(120'000);
    auto child = ChildProcess::start(options);
    ASSERT_TRUE(child.has_value());
    child->wait(Milliseconds(400 + 700 * round + static_cast<int>(rng.below(300))));
    child->finish(Milliseconds(0));
    if (round == 3) {  // somebody tidied up in between
      for (const auto& tree : fs::directory_iterator(one.folder.path() / ".cadre" / "worktrees")) {
        fs::remove_all(tree.path());
      }
    }
    const ProcessResult resumed = run_cadre(one.folder.path(), {"resume", "last"});
    if (resumed.exit_code == 2) continue;  // killed before the journal had a run
    ++resumed_runs;
    ASSERT_EQ(resumed.exit_code, 0) << resumed.out << resumed.err;
    std::set<std::string> ended;
    for (const Json& event : events_of(one.folder.path())) {
      if (json::get_string(event, "kind") != "model_call_ended") continue;
      EXPECT_TRUE(ended.insert(json::get_string(event.at("body"), "key")).second);
    }
    const std::string log = git(one.repository, {"log", "--format=%s", "main.." + one.branch()});
    std::vector<std::string> lines = text::split(std::string(text::trim(log)), '\n');
    EXPECT_EQ(lines.size(), 5U) << log;  // plan, two of change, test_plan, verify
    EXPECT_EQ(git(one.repository, {"diff", "--name-only", "main..." + one.branch()}),
              "tests/test_due.py\ntodo/old.py\ntodo/store.py\n");
  }
  EXPECT_GT(resumed_runs, 0);
}

TEST(Change, TheStateMayStandInTheRepository) {
  Case one(with(script(), "change#1/*", change_calls(kWhenGiven)));
  fs::rename(one.folder.path() / "script.json", one.repository / "build" / "script.json");
  const ProcessResult ran = run_cadre(
      one.repository, {"run", "add due dates to tasks", "--on", "todo", "--model",
                       "scripted:build/script.json"});
  ASSERT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_EQ(git(one.repository, {"status", "--porcelain"}), "?? notes.txt\n");
}

TEST(Change, ADetachedHeadWorksAndSaysSo) {
  Case one(with(script(), "change#1/*", change_calls(kWhenGiven)));
  git(one.repository, {"checkout", "--quiet", "--detach"});
  const ProcessResult ran = one.run();
  ASSERT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("HEAD was detached"), std::string::npos) << ran.out;
}

void expect_refused(const fs::path& folder, std::vector<std::string> asked, int code,
                    const std::string& words) {
  const ProcessResult ran = run_cadre(folder, std::move(asked));
  EXPECT_EQ(ran.exit_code, code) << ran.out << ran.err;
  EXPECT_NE(ran.err.find(words), std::string::npos) << words << "\n" << ran.out << ran.err;
  EXPECT_FALSE(fs::exists(folder / ".cadre" / "worktrees"));
}

TEST(Change, WhatCannotBeWorkedOnIsRefusedWithWhatHelps) {
  Case one(script());
  const fs::path& folder = one.folder.path();
  // No language model.
  expect_refused(folder, {"run", "add due dates", "--on", "repo"}, 4, "--model");
  // Arguments that do not go together.
  auto asked = arguments("repo");
  asked.insert(asked.end(), {"--out", "x"});
  expect_refused(folder, asked, 2, "--out and --on");
  asked = arguments("repo");
  asked.insert(asked.end(), {"--sop", "software"});
  expect_refused(folder, asked, 2, "does not work on a repository");
  expect_refused(folder, {"run", "x", "--sop", "change", "--model", "scripted:script.json"}, 2, "--on DIR");
  // No folder, no repository, no commit, a bare repository.
  expect_refused(folder, arguments("nowhere"), 2, "there is no folder nowhere");
  fs::create_directories(folder / "plain");
  expect_refused(folder, arguments("plain"), 2, "is not in a git repository");
  fs::create_directories(folder / "empty");
  git(folder / "empty", {"init", "--quiet"});
  expect_refused(folder, arguments("empty"), 2, "has no commit yet");
  git(folder, {"clone", "--quiet", "--bare", "repo", "bare"});
  expect_refused(folder, arguments("bare"), 2, "bare repository");
  // Changes that are not committed, by name.
  write_file(one.repository / "README.md", "changed\n");
  write_file(one.repository / "staged.py", "x = 1\n");
  git(one.repository, {"add", "staged.py"});
  expect_refused(folder, arguments("repo"), 2, "README.md, staged.py");
  EXPECT_EQ(one.branch(), "");
}

TEST(Change, HostileNamesAreLeftOutWithAWord) {
  Case one(with(script(), "change#1/*", change_calls(kWhenGiven)));
  write_file(one.repository / "two\nlines.txt", "x\n");
  write_file(one.repository / "back\\slash.txt", "x\n");
  write_file(one.repository / ":(top)*.py", "x\n");
  git(one.repository, {"add", "--all"});
  git(one.repository, {"commit", "--quiet", "--message", "odd names"});
  write_file(one.repository / "notes.txt", "again\n");
  git(one.repository, {"commit", "--quiet", "--all", "--message", "notes"});
  const ProcessResult ran = one.run();
  ASSERT_EQ(ran.exit_code, 0) << ran.out << ran.err;
  for (const auto& entry : fs::directory_iterator(one.folder.path() / ".cadre" / "results")) {
    const Json data = read_json(entry.path()).at("artifacts").at("repository").at("data");
    EXPECT_EQ(json::get_array(data, "skipped").size(), 2U) << json::write(data.at("skipped"));
  }
}

// Reads a repository and measures its tests; what the tool says to the planner.
std::string measured(const std::map<std::string, std::string>& files) {
  TestFolder folder;
  const fs::path repository = folder.path() / "repo";
  for (const auto& [path, content] : files) write_file(repository / path, content);
  git(repository, {"init", "--quiet"});
  git(repository, {"add", "--all"});
  git(repository, {"commit", "--quiet", "--message", "begin"});
  const Json asked{{"replies", JsonArray{reply("plan#*/turn:1", {tool("measure_repository",
                                                                     JsonObject{})}),
                                         JsonObject{{"at", "*"}, {"refusal", "enough"}}}}};
  write_file(folder.path() / "script.json", json::write(asked));
  EXPECT_EQ(run_cadre(folder.path(), arguments("repo")).exit_code, 4);
  std::string said;
  for (const Json& event : events_of(folder.path())) said += json::write(event) + "\n";
  return said;
}

TEST(Change, JavaIsBuiltByJavacAndItsJUnitTestsAreCounted) {
  if (!fs::exists("/usr/bin/javac") || !fs::exists("/usr/share/java/junit4.jar"))
    GTEST_SKIP() << "not installed: apt-get install default-jdk-headless junit4";
  const std::string said = measured(
      {{"pom.xml", "<project/>\n"},
       {"src/main/java/shop/Cart.java",
        "package shop;\npublic class Cart {\n  public int total(int price, int count) { return "
        "price * count; }\n}\n"},
       {"src/test/java/shop/CartTest.java",
        "package shop;\nimport static org.junit.Assert.assertEquals;\nimport org.junit.Test;\n"
        "public class CartTest {\n"
        "  @Test public void multiplies() { assertEquals(6, new Cart().total(2, 3)); }\n"
        "  @Test public void isWrongSinceLong() { assertEquals(7, new Cart().total(2, 3)); }\n"
        "}\n"}});
  EXPECT_NE(said.find("\"passed\":1,"), std::string::npos) << said.substr(0, 3000);
  EXPECT_NE(said.find("shop.CartTest.isWrongSinceLong"), std::string::npos);
}

TEST(Change, TypeScriptIsCompiledAndItsTestsAreCounted) {
  if (!fs::exists("/usr/bin/tsc") || !fs::exists("/usr/bin/node"))
    GTEST_SKIP() << "not installed: apt-get install node-typescript nodejs";
  const std::string said = measured(
      {{"package.json", R"({"name": "shop", "type": "module"})"},
       {"tsconfig.json",
        R"({"compilerOptions": {"strict": true, "module": "nodenext", "target": "es2022"}})"},
       {"src/cart.ts",
        "export function total(price: number, count: number): number { return price * count; }\n"},
       {"tests/cart.test.ts",
        "import test from 'node:test';\nimport assert from 'node:assert/strict';\n"
        "import { total } from '../src/cart.js';\n"
        "test('multiplies', () => { assert.equal(total(2, 3), 6); });\n"
        "test('is wrong since long', () => { assert.equal(total(2, 3), 7); });\n"}});
  EXPECT_NE(said.find("\"passed\":1,"), std::string::npos) << said.substr(0, 3000);
  EXPECT_NE(said.find("is wrong since long"), std::string::npos);
}

}  // namespace
}  // namespace cadre::testing
