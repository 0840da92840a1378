// Agents and SOPs through the command line: import, export, check, new, graph.
#include <gtest/gtest.h>

#include "program.h"

namespace cadre::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kReviewer =
    "---\nname: code-reviewer\ndescription: Reviews code.\ntools: Read, Grep\nmodel: opus\n"
    "color: blue\n---\nYou review.\n";

// Out through each format and in again: the files are those that ship.
TEST(Agents, EveryFormatRoundTripsTheShippedRoles) {
  TestFolder folder;
  for (const std::string format : {"role", "claude", "phase1", "yaml", "json", "claude-json"}) {
    SCOPED_TRACE(format);
    const ProcessResult out =
        run_cadre(folder.path(), {"agents", "export", "--format", format, "--to", format});
    ASSERT_EQ(out.exit_code, 0) << out.out << out.err;
    ASSERT_EQ(run_cadre(folder.path(), {"agents", "check", format}).exit_code, 0);
    const std::string roles = "roles_of_" + format;
    const ProcessResult in = run_cadre(folder.path(), {"agents", "import", format, "--to", roles});
    ASSERT_EQ(in.exit_code, 0) << in.out << in.err;
    std::size_t files = 0;
    for (const auto& file : fs::directory_iterator(folder.path() / roles)) {
      EXPECT_EQ(read_file(file.path()), read_file(folder.path() / "role" / file.path().filename()));
      ++files;
    }
    EXPECT_EQ(files, 5U);
  }
  const ProcessResult list =
      run_cadre(folder.path(), {"agents", "list", "--dir", "claude", "--json"});
  EXPECT_EQ(parsed(list), parsed(run_cadre(folder.path(), {"agents", "list", "--json"})));
}

TEST(Agents, ImportReportsAndOverwritesNothing) {
  TestFolder folder;
  write_file(folder.path() / "reviewer.md", kReviewer);
  const ProcessResult first =
      run_cadre(folder.path(), {"agents", "import", "reviewer.md", "--to", "team"});
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_TRUE(says(first, "reviewer.md:4: warning: \"Read\" is a tool of Claude Code"))
      << first.out;
  EXPECT_TRUE(says(first, "reviewer.md:6: warning: \"color\" is for Claude Code"));
  EXPECT_TRUE(says(first, "wrote team/code_reviewer.md"));
  write_file(folder.path() / "team" / "code_reviewer.md", "mine");
  const ProcessResult second =
      run_cadre(folder.path(), {"agents", "import", "reviewer.md", "--to", "team", "--json"});
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_EQ(json::get_int(parsed(second), "exit_code"), 2);
  EXPECT_EQ(read_file(folder.path() / "team" / "code_reviewer.md"), "mine");
  const ProcessResult forced = run_cadre(
      folder.path(), {"agents", "import", "reviewer.md", "--to", "team", "--force", "--json"});
  EXPECT_EQ(forced.exit_code, 0);
  const Json result = parsed(forced);
  const Json& agent = json::get_array(result, "agents").at(0);
  EXPECT_EQ(json::get_string(agent, "role"), "code_reviewer");
  EXPECT_EQ(json::get_string(agent, "format"), "claude");
  EXPECT_EQ(json::get_array(result, "written").size(), 1U);
  EXPECT_EQ(json::get_array(result, "problems").size(), 3U);
  // What came from Claude Code goes back to it unchanged.
  const ProcessResult back = run_cadre(folder.path(), {"agents", "export", "code_reviewer", "--dir",
                                                       "team", "--format", "claude", "--to", "-"});
  EXPECT_EQ(back.out, kReviewer);
}

// What `claude --agents` takes, in and out on standard output.
TEST(Agents, TheMapOfClaudesCommandLine) {
  TestFolder folder;
  const std::string given =
      R"({"code-reviewer":{"description":"Reviews.","prompt":"You review.","tools":["Read"],)"
      R"("model":"sonnet","maxTurns":3},"debugger":{"description":"Finds faults.",)"
      R"("prompt":"You debug.","tools":[]}})";
  write_file(folder.path() / "team.json", given);
  const ProcessResult in =
      run_cadre(folder.path(), {"agents", "import", "team.json", "--to", "team"});
  EXPECT_EQ(in.exit_code, 0) << in.err;
  EXPECT_TRUE(says(in, "wrote team/debugger.md")) << in.out;
  const ProcessResult out = run_cadre(folder.path(), {"agents", "export", "--dir", "team",
                                                      "--format", "claude-json", "--to", "-"});
  EXPECT_EQ(out.exit_code, 0) << out.err;
  EXPECT_EQ(parsed(out), json::parse(given).value()) << out.out;
}

TEST(Agents, BadFilesAreNamedAndNothingIsWritten) {
  TestFolder folder;
  write_file(folder.path() / "good.md", kReviewer);
  write_file(folder.path() / "bad.yaml", "role: ../x\ntools: 5\n");
  write_file(folder.path() / "same.json",
             R"({"role":"code_reviewer","description":"d","instructions":"i"})");
  write_file(folder.path() / "huge.md", std::string(10 << 20, 'x'));
  const ProcessResult bad =
      run_cadre(folder.path(), {"agents", "import", "good.md", "bad.yaml", "same.json", "huge.md",
                                "none.md", "--to", "team"});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_TRUE(says(bad, "bad.yaml:1: error: \"../x\" is no name for \"role\"")) << bad.out;
  EXPECT_TRUE(says(bad, "bad.yaml:2: error: \"tools\" must be a list"));
  EXPECT_TRUE(says(bad, "same.json:1: error: the role \"code_reviewer\" is already in good.md:2"));
  EXPECT_TRUE(says(bad, "huge.md: error: it has 10485760 bytes"));
  EXPECT_TRUE(says(bad, "none.md: error: there is no such file"));
  EXPECT_TRUE(says(bad, "nothing was written"));
  EXPECT_FALSE(fs::exists(folder.path() / "team"));
  const ProcessResult check = run_cadre(folder.path(), {"agents", "check", "bad.yaml", "--json"});
  EXPECT_EQ(check.exit_code, 2);
  EXPECT_FALSE(json::get_bool(parsed(check), "ok", true));
}

TEST(Agents, WrongUsageIsSaid) {
  TestFolder folder;
  const auto exit_code = [&](std::vector<std::string> arguments) {
    return run_cadre(folder.path(), std::move(arguments)).exit_code;
  };
  EXPECT_EQ(exit_code({"agents"}), 2);
  EXPECT_EQ(exit_code({"agents", "export", "--format", "toml", "--to", "-"}), 2);
  EXPECT_EQ(exit_code({"agents", "export", "--format", "claude", "--to", "-"}), 2);
  EXPECT_EQ(exit_code({"agents", "import", "x.md"}), 2);
  EXPECT_EQ(exit_code({"agents", "list", "--dir", "nowhere"}), 2);
  EXPECT_EQ(exit_code({"agents", "list", "--sop", "software", "--dir", "."}), 2);
  const ProcessResult role =
      run_cadre(folder.path(), {"agents", "export", "develper", "--format", "yaml", "--to", "-"});
  EXPECT_EQ(role.exit_code, 2);
  EXPECT_TRUE(says(role, "write \"developer\"")) << role.err;
}

TEST(Sops, NewIsSoundAndTakesImportedAgents) {
  TestFolder folder;
  const ProcessResult made = run_cadre(folder.path(), {"sop", "new", "report"});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  const ProcessResult check = run_cadre(folder.path(), {"sop", "check", "report"});
  EXPECT_EQ(check.exit_code, 0) << check.out;
  EXPECT_TRUE(says(check, "report: 2 stages, 3 agents: good"));
  EXPECT_EQ(run_cadre(folder.path(), {"sop", "new", "report"}).exit_code, 2);
  EXPECT_EQ(run_cadre(folder.path(), {"sop", "new", "../up"}).exit_code, 2);
  // --sop research would mean the shipped one.
  EXPECT_TRUE(says(run_cadre(folder.path(), {"sop", "new", "research"}), "is shipped"));
  EXPECT_FALSE(fs::exists(folder.path() / "research"));
  // Imported into the SOP's folder, an agent becomes one of its roles.
  write_file(folder.path() / "reviewer.md", kReviewer);
  EXPECT_EQ(
      run_cadre(folder.path(), {"agents", "import", "reviewer.md", "--to", "report"}).exit_code, 0);
  EXPECT_TRUE(fs::exists(folder.path() / "report" / "roles" / "code_reviewer.md"));
  const ProcessResult again = run_cadre(folder.path(), {"sop", "check", "report"});
  EXPECT_EQ(again.out, "report: 2 stages, 4 agents: good\n");
}

TEST(Sops, CyclesAndWrongHandoffsAreRefusedWithTheirLine) {
  TestFolder folder;
  ASSERT_EQ(run_cadre(folder.path(), {"sop", "new", "report"}).exit_code, 0);
  const fs::path sop = folder.path() / "report" / "sop.yaml";
  const std::string good = read_file(sop);
  std::string cyclic = good;
  const std::string needs = "needs: [brief]  ";
  ASSERT_NE(cyclic.find(needs), std::string::npos);
  cyclic.replace(cyclic.find(needs), needs.size(), "needs: [answer] ");
  write_file(sop, cyclic);
  for (const char* command : {"check", "graph"}) {
    const ProcessResult result = run_cadre(folder.path(), {"sop", command, "report"});
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_TRUE(says(result,
                     "sop.yaml:29: error: the stages wait for each other: research needs "
                     "what write makes, write needs what research makes"))
        << result.out << result.err;
  }
  write_file(sop, good);
  const fs::path writer = folder.path() / "report" / "roles" / "writer.md";
  std::string role = read_file(writer);
  role.replace(role.find("[researcher, lead]"), 18, "[writer, resercher]");
  role.replace(role.find("name: Writer"), 12, "name: Lead");
  write_file(writer, role);
  const ProcessResult check = run_cadre(folder.path(), {"sop", "check", "report"});
  EXPECT_EQ(check.exit_code, 2);
  EXPECT_TRUE(
      says(check, "roles/writer.md:3: error: the name \"Lead\" is already in roles/lead.md"));
  EXPECT_TRUE(says(check, "roles/writer.md:6: error: the role \"writer\" hands work to itself"));
  EXPECT_TRUE(says(check, "the handoff target \"resercher\" is no role; write \"researcher\""))
      << check.out;
}

TEST(Sops, GraphComesAsMermaidAndSvg) {
  TestFolder folder;
  const ProcessResult mermaid = run_cadre(folder.path(), {"sop", "graph", "software"});
  EXPECT_EQ(mermaid.exit_code, 0);
  EXPECT_TRUE(mermaid.out.starts_with("flowchart TD\n"));
  EXPECT_TRUE(says(mermaid, "-->|\"test_suite<br/>test_data\"| stage_verify"));
  const ProcessResult svg = run_cadre(folder.path(), {"sop", "graph", "--format", "svg"});
  EXPECT_EQ(svg.exit_code, 0);
  EXPECT_TRUE(svg.out.starts_with("<?xml"));
  EXPECT_TRUE(svg.out.ends_with("</svg>\n"));
  EXPECT_EQ(run_cadre(folder.path(), {"sop", "graph", "--format", "png"}).exit_code, 2);
  EXPECT_EQ(run_cadre(folder.path(), {"sop", "graph", "nothing"}).exit_code, 2);
  const ProcessResult as_json = run_cadre(folder.path(), {"sop", "graph", "--json"});
  EXPECT_EQ(json::get_string(parsed(as_json), "content"), mermaid.out);
}

}  // namespace
}  // namespace cadre::testing
