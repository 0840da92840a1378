// The files of a task: a fold over calls, with its refusals.
#include "runtime/task_files.h"

#include <gtest/gtest.h>

#include "core/plan.h"

namespace cadre {
namespace {

std::shared_ptr<const Artifact> artifact(std::string type, Json data, std::vector<File> files) {
  Artifact made{std::move(type), std::move(data), std::move(files)};
  return std::make_shared<const Artifact>(std::move(made));
}

ToolCall write(const std::string& path, const std::string& content) {
  return {"w", std::string(kWriteFileTool), JsonObject{{"path", path}, {"content", content}}};
}

ToolCall edit(const std::string& path, const std::string& old, const std::string& fresh) {
  return {"e", std::string(kEditFileTool),
          JsonObject{{"path", path}, {"old", old}, {"new", fresh}}};
}

Task task_of_two() {
  Task task;
  task.role = "developer";
  task.id = "T-a";
  task.parameters =
      JsonObject{{"item", JsonObject{{"id", "T-a"}, {"files", JsonArray{"src/a.cc", "src/a.h"}}}}};
  task.inputs["tasks"] = artifact(
      "tasks",
      JsonObject{{"tasks", JsonArray{JsonObject{{"id", "T-a"}, {"files", JsonArray{"src/a.cc"}}},
                                     JsonObject{{"id", "T-b"}, {"files", JsonArray{"src/b.cc"}}}}}},
      {});
  task.inputs["spec"] = artifact("spec", JsonObject{}, {{"docs/spec.md", "the spec\n", false}});
  return task;
}

std::string why(TaskFiles& files, const ToolCall& call) {
  const auto done = files.apply(call);
  return done ? "" : done.error().message;
}

TEST(TaskFiles, CallsAreFoldedInOrder) {
  Task task = task_of_two();
  task.calls = {write("src/a.cc", "int a = 1;\n"), edit("src/a.cc", "1", "2"),
                write("src/a.h", "broken"), edit("src/a.cc", "a", "b")};
  // The third failed in the journal, whatever it would do now; the fourth has no result yet.
  const std::vector<ToolResult> results{{"w", true, {}}, {"e", true, {}}, {"w", false, {}}};
  const TaskFiles files = TaskFiles::of(task, results, 4);
  EXPECT_EQ(files.own(), (std::vector<std::string>{"src/a.cc"}));
  EXPECT_EQ(files.find("src/a.cc")->content, "int b = 2;\n");
  EXPECT_EQ(TaskFiles::of(task, results, 1).find("src/a.cc")->content, "int a = 1;\n");
  EXPECT_EQ(files.find("docs/spec.md")->owner, "the artifact spec");
}

TEST(TaskFiles, PathsThatLeaveTheProjectAreRefused) {
  Task task;
  TaskFiles files = TaskFiles::of(task, {}, 0);
  for (const char* path : {"../x", "/etc/passwd", "a/../../x", "a//b", ".git/hooks/pre-commit",
                           "a\\..\\b\n", "", ".cadre/journal.db", "./x"}) {
    EXPECT_NE(why(files, write(path, "x")), "") << path;
  }
  EXPECT_EQ(why(files, write("src/deep/er/x.py", "x")), "");
}

TEST(TaskFiles, OthersFilesAreConflicts) {
  TaskFiles files = TaskFiles::of(task_of_two(), {}, 0);
  EXPECT_EQ(why(files, write("src/b.cc", "x")), "conflict: src/b.cc belongs to the task T-b");
  EXPECT_EQ(why(files, write("docs/spec.md", "x")),
            "conflict: docs/spec.md belongs to the artifact spec");
  EXPECT_NE(why(files, write("src/c.cc", "x")).find("not among this task's planned files"),
            std::string::npos);
}

TEST(TaskFiles, AnEditHasToFitExactlyOnce) {
  TaskFiles files = TaskFiles::of(task_of_two(), {}, 0);
  EXPECT_NE(why(files, edit("src/a.cc", "x", "y")).find("there is no file"), std::string::npos);
  ASSERT_EQ(why(files, write("src/a.cc", "one two two\n")), "");
  EXPECT_NE(why(files, edit("src/a.cc", "three", "y")).find("does not stand"), std::string::npos);
  EXPECT_NE(why(files, edit("src/a.cc", "two", "y")).find("stands 2 times"), std::string::npos);
  EXPECT_EQ(why(files, edit("src/a.cc", "one", "0")), "");
  ToolCall all = edit("src/a.cc", "two", "2");
  all.arguments.get_object()["all"] = true;
  EXPECT_EQ(why(files, all), "");
  EXPECT_EQ(files.find("src/a.cc")->content, "0 2 2\n");
}

TEST(TaskFiles, SizesAreBounded) {
  Task task;
  TaskFiles files = TaskFiles::of(task, {}, 0);
  const std::string big(TaskFiles::kFileBytesMax + 1, 'x');
  EXPECT_NE(why(files, write("big.txt", big)).find("are allowed"), std::string::npos);
  const std::string half(TaskFiles::kFileBytesMax, 'x');
  std::string last;
  for (int i = 0; i < 20 && last.empty(); ++i) {
    last = why(files, write("f" + std::to_string(i), half));
  }
  EXPECT_NE(last.find("are allowed"), std::string::npos);
  EXPECT_NE(why(files, write("nul", std::string("a\0b", 3))), "");
}

TEST(FileClaims, TheSecondWriterIsTold) {
  FileClaims claims;
  EXPECT_EQ(claims.claim("a.txt", "build/T-1"), "");
  EXPECT_EQ(claims.claim("a.txt", "build/T-1"), "");
  EXPECT_EQ(claims.claim("a.txt", "build/T-2"), "build/T-1");
}

}  // namespace
}  // namespace cadre
