// What stands in journals reads back as it was.
#include <gtest/gtest.h>

#include "core/event.h"
#include "core/plan.h"
#include "core/provider_json.h"

namespace cadre {
namespace {

TEST(Event, EachKindHasAWordThatReadsBack) {
  for (int i = 0; i < kEventKinds; ++i) {
    const auto kind = static_cast<EventKind>(i);
    EXPECT_FALSE(to_string(kind).empty());
    EXPECT_EQ(event_kind_from(to_string(kind)).value(), kind);
  }
  EXPECT_FALSE(event_kind_from("run_exploded").has_value());
}

TEST(Event, ReadsBackAndRefusesHalfOnes) {
  Event event{"r", 7, 3, 99, EventKind::kGateEnded, "gate", JsonObject{{"passed", true}}};
  EXPECT_EQ(event_from_json(to_json(event)).value(), event);
  EXPECT_FALSE(event_from_json(json::parse(R"({"kind":"note","run":"r","seq":1})").value()));
  EXPECT_FALSE(event_from_json(json::parse(R"({"kind":"note","run":"","seq":1,"body":{}})").value()));
  EXPECT_FALSE(event_from_json(Json(3)));
}

TEST(ArtifactJson, KeepsBinaryFilesAndFlags) {
  Artifact artifact{"code", JsonObject{{"a", 1}}, {}};
  artifact.files.push_back({"run.sh", "#!/bin/sh\n", true});
  for (std::size_t size = 0; size < 8; ++size) {
    std::string bytes = "\xff\xfe";
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(i * 37);
    artifact.files.push_back({"b" + std::to_string(size), bytes, false});
  }
  const auto written = json::parse(json::write(to_json(artifact)));
  ASSERT_TRUE(written.has_value());
  const auto read = artifact_from_json(*written);
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->files.size(), artifact.files.size());
  for (std::size_t i = 0; i < read->files.size(); ++i) {
    EXPECT_EQ(read->files[i].path, artifact.files[i].path);
    EXPECT_EQ(read->files[i].content, artifact.files[i].content);
    EXPECT_EQ(read->files[i].executable, artifact.files[i].executable);
  }
  EXPECT_EQ(read->data, artifact.data);
  EXPECT_FALSE(artifact_from_json(JsonObject{}).has_value());
}

TEST(ArtifactJson, FindingsRefusalsAndErrorsReadBack) {
  const Finding finding{"g", "low", "m", "e", "b"};
  const Finding read = finding_from_json(to_json(finding));
  EXPECT_EQ(read.gate + read.severity + read.message + read.evidence + read.blame, "glowmeb");
  const Refusal refusal = refusal_from_json(to_json(Refusal{"r", "h", JsonObject{{"k", 1}}}));
  EXPECT_EQ(refusal.reason + refusal.help, "rh");
  EXPECT_EQ(json::write(refusal.details), R"({"k":1})");
  const Error error = error_from_json(to_json(Error{ErrorCode::kExhausted, "m", "h"}));
  EXPECT_EQ(error.code, ErrorCode::kExhausted);
  EXPECT_EQ(error.describe(), "m (h)");
  for (const Capability one : {Capability::kYes, Capability::kPartly, Capability::kNo}) {
    EXPECT_EQ(capability_from(to_string(one)), one);
  }
}

TEST(SafePath, StaysInsideTheProject) {
  for (const char* good : {"a", "a/b.txt", "src/.hidden", "a..b/c"}) EXPECT_TRUE(is_safe_path(good));
  for (const char* bad : {"", "/etc/passwd", "..", "a/../b", "./a", "a//b", "a/", "a\\b", "a\nb"}) {
    EXPECT_FALSE(is_safe_path(bad)) << bad;
  }
}

constexpr const char* kPlan = R"({"name":"p","lead":"lead",
  "agents":[{"role":"lead","handoff_targets":["dev"]},{"role":"dev","tools":["t"],"extra":{"x":1}}],
  "stages":[{"id":"a","role":"dev","needs":["brief"],"makes":["tasks"],"priority":"high",
             "gates":[{"name":"g","artifact":"tasks","parameters":{"min":3},"blame":"tasks"}]},
            {"id":"b","role":"dev","needs":["tasks"],"makes":["code"],
             "fan_out":{"artifact":"tasks","path":"tasks"}}],
  "limits":{"rounds_max":1,"parallel_tasks":5},"artifact_schemas":{"code":{"type":"object"}}})";

TEST(PlanJson, ReadsBack) {
  const auto plan = plan_from_json(json::parse(kPlan).value());
  ASSERT_TRUE(plan.has_value()) << plan.error().describe();
  EXPECT_EQ(plan->stages[0].gates[0].parameters, Json(JsonObject{{"min", 3}}));
  EXPECT_EQ(plan->stages[1].fan_out->path, "tasks");
  EXPECT_EQ(plan->limits.rounds_max, 1);
  EXPECT_EQ(plan->limits.turns_max, Limits().turns_max);
  const Json written = to_json(*plan);
  EXPECT_EQ(to_json(plan_from_json(written).value()), written);
  EXPECT_EQ(maker_of(*plan, "code")->id, "b");
  EXPECT_EQ(maker_of(*plan, "brief"), nullptr);
  EXPECT_EQ(find_agent(*plan, "nobody"), nullptr);
  EXPECT_EQ(find_stage(*plan, "a")->priority, "high");
}

TEST(PlanJson, RefusesGraphsThatCannotBeWalked) {
  const auto refused = [](const std::string& from, const std::string& to, const std::string& says) {
    std::string text = kPlan;
    text.replace(text.find(from), from.size(), to);
    const auto plan = plan_from_json(json::parse(text).value());
    ASSERT_FALSE(plan.has_value()) << to;
    EXPECT_NE(plan.error().message.find(says), std::string::npos) << plan.error().message;
  };
  refused(R"("lead":"lead")", R"("lead":"boss")", "boss");
  refused(R"("id":"b")", R"("id":"a")", "used twice");
  refused(R"("needs":["tasks"])", R"("needs":["code"])", "stage b needs code");
  refused(R"("makes":["code"])", R"("makes":["tasks"])", "made already");
  refused(R"("makes":["code"])", R"("makes":[])", "makes nothing");
  refused(R"("artifact":"tasks","parameters")", R"("artifact":"code","parameters")", "gate g");
  EXPECT_FALSE(plan_from_json(Json(1)).has_value());
  EXPECT_FALSE(plan_from_json(JsonObject{}).has_value());
}

}  // namespace
}  // namespace cadre
