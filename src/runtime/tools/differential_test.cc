#include "runtime/tools/differential.h"

#include <gtest/gtest.h>

#include "runtime/tools/tools.h"
#include "spec/test_models.h"

namespace cadre {
namespace {

// A service that answers 200 {} to everything, wherever its socket is.
constexpr const char* kYesMan = R"py(
import os, socketserver, sys
from http.server import BaseHTTPRequestHandler

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = answer
    def address_string(self):
        return "client"

class Server(socketserver.ThreadingUnixStreamServer):
    pass

server = Server(sys.argv[1] + ".new", Handler)
os.chmod(sys.argv[1] + ".new", 0o666)
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
)py";

class DifferentialTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const SandboxSupport kSupport = probe_sandbox();
    if (!kSupport.works) GTEST_SKIP() << kSupport.reason;
    scratch_ = std::make_unique<ScratchFolder>(ScratchFolder::make("/tmp").value());
    context_.scratch_dir = scratch_->path();
    tool_ = make_software_tools()[1];
    add("requirements",
        JsonObject{{"spec", spec::to_json(spec::load_test_model(CADRE_SOURCE_DIR, "library"))}},
        {});
  }
  void add(const std::string& type, Json data, std::vector<File> files) {
    context_.inputs[type] =
        std::make_shared<const Artifact>(Artifact{type, std::move(data), std::move(files)});
  }
  Result<Json> run(const std::string& arguments) {
    return tool_->run(json::parse(arguments).value(), context_);
  }
  std::unique_ptr<ScratchFolder> scratch_;
  TaskToolContext context_;
  std::shared_ptr<TaskTool> tool_;
};

constexpr const char* kLaunch =
    R"({"seed": 7, "operations": 20, "launch": ["python3", "server.py", "{socket}"]})";

TEST_F(DifferentialTest, WrongAnswersAreMismatches) {
  add("code", JsonObject{}, {{"server.py", kYesMan, false}});
  const auto result = run(kLaunch);
  ASSERT_TRUE(result) << result.error().describe();
  EXPECT_EQ(json::get_int(*result, "seed"), 7);
  EXPECT_GE(json::get_int(*result, "operations"), 1);
  const JsonArray& mismatches = json::get_array(*result, "mismatches");
  ASSERT_FALSE(mismatches.empty());
  EXPECT_FALSE(json::get_string(mismatches[0], "what").empty());
  EXPECT_TRUE(json::get_bool(*result, "sandboxed"));
}

TEST_F(DifferentialTest, ServerThatDiesIsReportedWithWhatItSaid) {
  add("code", JsonObject{}, {{"server.py", "raise SystemExit('no such table: books')\n", false}});
  const auto result = run(kLaunch);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(result.error().message.find("no such table: books"), std::string::npos)
      << result.error().message;
}

TEST_F(DifferentialTest, WithoutAModelThereIsNothingToCompare) {
  context_.inputs.clear();
  EXPECT_EQ(run(kLaunch).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(run(R"({"seed": 7})").error().code, ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace cadre
