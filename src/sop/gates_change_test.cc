#include <gtest/gtest.h>

#include "sop/gates.h"

namespace cadre {
namespace {

std::shared_ptr<const Artifact> made(const std::string& type, const char* data,
                                     std::vector<std::string> files = {}) {
  auto artifact = std::make_shared<Artifact>();
  artifact->type = type;
  artifact->data = json::parse(data).value();
  for (std::string& path : files) artifact->files.push_back({std::move(path), "x", false});
  return artifact;
}

GateVerdict judge(const std::string& gate, const std::string& type, const ArtifactMap& all,
                  Json parameters = JsonObject{}) {
  return make_gate_keeper({})->evaluate({gate, type, std::move(parameters), ""}, *all.at(type),
                                        all);
}

constexpr const char* kRepository = R"({"files": [
  {"path": "a.py", "read": true}, {"path": "dir/b.py", "read": true},
  {"path": "logo.png", "read": false, "tracked": true, "why_not": "not text"},
  {"path": "new.txt", "read": false, "tracked": false, "why_not": "not committed"}]})";

GateVerdict fits(const std::string& files) {
  const std::string data = "{\"files\": [" + files + "], \"criteria\": [{\"id\": \"AC-001\"}]}";
  return judge("plan_fits", "change_plan",
               {{"repository", made("repository", kRepository)},
                {"change_plan", made("change_plan", data.c_str())}});
}

TEST(ChangeGates, APlanFitsWhatIsThere) {
  EXPECT_TRUE(fits(R"({"path": "a.py", "action": "edit"},
    {"path": "dir/c.py", "action": "create"}, {"path": "logo.png", "action": "delete"})")
                  .passed);
  for (const char* bad :
       {R"({"path": "b.py", "action": "edit"})", R"({"path": "a.py", "action": "create"})",
        R"({"path": "logo.png", "action": "edit"})", R"({"path": "new.txt", "action": "create"})",
        R"({"path": "new.txt", "action": "delete"})", R"({"path": "a.py/x", "action": "create"})",
        R"({"path": "dir", "action": "create"})", R"({"path": "../x", "action": "create"})",
        R"({"path": "/etc/x", "action": "create"})", R"({"path": ".git/x", "action": "create"})",
        R"({"path": "a\nb", "action": "create"})",
        R"({"path": "a.py", "action": "edit"}, {"path": "a.py", "action": "delete"})"}) {
    EXPECT_FALSE(fits(bad).passed) << bad;
  }
}

GateVerdict planned(const char* change, std::vector<std::string> files) {
  return judge("only_planned", "change",
               {{"change_plan", made("change_plan", R"({"files": [
                  {"path": "a.py", "action": "edit", "owner": "developer"},
                  {"path": "old.py", "action": "delete", "owner": "developer"},
                  {"path": "t.py", "action": "create", "owner": "qa_engineer"}]})")},
                {"change", made("change", change, std::move(files))}},
               JsonObject{{"owner", "developer"}});
}

TEST(ChangeGates, OnlyWhatIsPlannedIsTouchedAndAllOfIt) {
  EXPECT_TRUE(planned(R"({"deleted": ["old.py"]})", {"a.py"}).passed);
  EXPECT_TRUE(planned(R"({"deleted": ["old.py"],
    "left_out": [{"path": "a.py", "why": "it does so already"}]})", {}).passed);
  EXPECT_FALSE(planned(R"({"deleted": ["old.py"]})", {}).passed);
  EXPECT_FALSE(planned(R"({})", {"a.py"}).passed);
  EXPECT_FALSE(planned(R"({"deleted": ["old.py", "a.py"]})", {"a.py"}).passed);
  EXPECT_FALSE(planned(R"({"deleted": ["old.py"]})", {"a.py", "b.py"}).passed);
  // What is another role's is not planned for this one.
  EXPECT_FALSE(planned(R"({"deleted": ["old.py"]})", {"a.py", "t.py"}).passed);
}

TEST(ChangeGates, NoRegressionsByWhatWasMeasured) {
  const auto verdict = [](const char* report) {
    return judge("no_regressions", "change_report", {{"change_report", made("change_report", report)}});
  };
  EXPECT_TRUE(verdict(R"({"regressions": [], "findings": []})").passed);
  EXPECT_FALSE(verdict(R"({"findings": []})").passed);
  EXPECT_FALSE(verdict(R"({"regressions": [{"test": "a"}], "findings": []})").passed);
  const GateVerdict routed = verdict(R"({"regressions": [{"test": "a"}], "findings": [
    {"gate": "no_regressions", "title": "a fails", "blame": "change_tests"}]})");
  EXPECT_FALSE(routed.passed);
  ASSERT_EQ(routed.findings.size(), 1U);
  EXPECT_EQ(routed.findings[0].blame, "change_tests");
}

TEST(ChangeGates, CriteriaMayStandInAnyArtifact) {
  const ArtifactMap all{{"change_plan", made("change_plan", R"({"criteria": [
                          {"id": "AC-001", "text": "x"}, {"id": "AC-002", "text": "y"}]})")},
                        {"change_tests", made("change_tests", R"({"tests": [
                          {"name": "t", "criteria": ["AC-001"]}]})")}};
  const GateVerdict verdict =
      judge("criteria_have_tests", "change_tests", all, JsonObject{{"criteria", "change_plan"}});
  EXPECT_FALSE(verdict.passed);
  ASSERT_EQ(verdict.findings.size(), 1U);
  EXPECT_NE(verdict.findings[0].message.find("AC-002"), std::string::npos);
}

}  // namespace
}  // namespace cadre
