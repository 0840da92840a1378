// Claude Code's command line, played by a script that prints what its documentation shows.
#include "policy/claude_model.h"
#include "policy/claude_wire.h"
#include "policy/policy_test_kit.h"

namespace cadre::policy {
namespace {

using namespace testing;
using namespace std::chrono_literals;

constexpr const char* kInit = R"({"type":"system","subtype":"init","session_id":"s1","tools":[]})";
constexpr const char* kResult =
    R"({"type":"result","subtype":"success","is_error":false,"result":"hello","num_turns":1,
"duration_ms":9,"total_cost_usd":0.0125,"usage":{"input_tokens":10,"cache_read_input_tokens":80,
"cache_creation_input_tokens":10,"output_tokens":7},"session_id":"s1"})";

std::string one_line(std::string_view text) {
  std::string out(text);
  std::erase(out, '\n');
  return out;
}

class ClaudeTest : public ::testing::Test {
 protected:
  // A `claude` that notes its arguments and input, prints the lines, and does `then`.
  std::shared_ptr<Model> claude(const std::vector<std::string>& lines, std::string then = "") {
    write_file(dir_.path / "out", [&] {
      std::string out;
      for (const std::string& line : lines) out += one_line(line) + "\n";
      return out;
    }());
    write_file(program(), fmt::format("#!/bin/sh\nfor a in \"$@\"; do printf '%s\\n' \"$a\"; done "
                                      ">{0}/args\ncat >{0}/in\nenv >{0}/env\ncat {0}/out\n{1}\n",
                                      dir_.path.string(), then));
    std::filesystem::permissions(program(), std::filesystem::perms::owner_all);
    ClaudeOptions options;
    options.program = program();
    options.model = "sonnet";
    options.environment = {"PATH=/usr/bin:/bin", "HOME=/nowhere"};
    options.timeout = timeout_;
    auto made = make_claude_model(options);
    EXPECT_TRUE(made) << (made ? "" : made.error().describe());
    return *made;
  }
  std::filesystem::path program() const { return dir_.path / "claude"; }
  std::string kept(const char* name) const { return read_file(dir_.path / name); }

  Outcome ask_with_tools(Model& model, const std::vector<ItemPtr>& items) {
    std::promise<Outcome> promise;
    ToolSpec tool;
    tool.name = "get_weather";
    tool.description = "The weather.";
    tool.parameters = *json::parse(R"({"type":"object","properties":{"city":{"type":"string"}}})");
    const std::vector<std::shared_ptr<const ToolSpec>> tools{
        std::make_shared<const ToolSpec>(tool)};
    ModelRequest request;
    request.items = items;
    request.tools = tools;
    request.instructions = "Be brief.";
    model.start(request, {}, {},
                [&](Result<ModelReply> reply) { promise.set_value({std::move(reply), ""}); });
    return promise.get_future().get();
  }

  TempDir dir_;
  std::chrono::milliseconds timeout_ = 10s;
};

TEST_F(ClaudeTest, TextWithDeltasTokensAndCost) {
  const auto model =
      claude({kInit, R"({"type":"stream_event","event":{"type":"content_block_delta","index":0,
                  "delta":{"type":"thinking_delta","thinking":"Hm."}}})",
              R"({"type":"stream_event","event":{"type":"content_block_delta","index":1,
           "delta":{"type":"text_delta","text":"hello"}}})",
              R"({"type":"something_new"})", "a warning that is no JSON", kResult});
  EXPECT_EQ(model->name(), "claude-code:sonnet");
  Asked asked;
  asked.stream = true;
  const Outcome outcome = ask(*model, asked);
  EXPECT_EQ(text_of(outcome), "hello");
  EXPECT_EQ(outcome.deltas, "Hm.hello");
  EXPECT_EQ(outcome.reply->usage.input_tokens, 100);
  EXPECT_EQ(outcome.reply->usage.cached_tokens, 80);
  EXPECT_EQ(outcome.reply->usage.output_tokens, 7);
  EXPECT_EQ(outcome.reply->usage.cost_usd, 0.0125);
  EXPECT_EQ(outcome.reply->id, "s1");
  const std::string args = kept("args");
  EXPECT_TRUE(args.starts_with("-p\n--output-format\nstream-json\n--verbose\n")) << args;
  EXPECT_NE(args.find("--model\nsonnet\n"), std::string::npos);
  EXPECT_NE(args.find("--tools\n\n"), std::string::npos);  // none of its own
  EXPECT_EQ(kept("in"), "hi");
  EXPECT_EQ(kept("env").find("CADRE"), std::string::npos);  // nothing is inherited
}

TEST_F(ClaudeTest, ToolsAreCalledThroughAForm) {
  const auto model = claude({R"({"type":"result","subtype":"success","is_error":false,"result":"",
           "structured_output":{"text":"Both.","calls":[
            {"tool":"get_weather","arguments":{"city":"Paris"}},
            {"tool":"get_weather","arguments":{"city":"Rome"}}]},"session_id":"s"})"});
  std::vector<ItemPtr> items{
      std::make_shared<const Item>(MessageItem{Speaker::kUser, "weather?", "", false, Json()})};
  const Outcome outcome = ask_with_tools(*model, items);
  ASSERT_TRUE(outcome.reply) << outcome.reply.error().describe();
  ASSERT_EQ(outcome.reply->items.size(), 3U);
  const auto& call = std::get<ToolCallItem>(outcome.reply->items[1]);
  EXPECT_EQ(call.tool, "get_weather");
  EXPECT_EQ(call.arguments, R"({"city":"Paris"})");
  EXPECT_EQ(outcome.reply->finish, "tool_calls");
  const std::string args = kept("args");
  EXPECT_NE(args.find("--json-schema\n{"), std::string::npos);
  EXPECT_NE(args.find("### get_weather"), std::string::npos);
  // The next turn tells the calls and results; ids stay apart.
  for (const Item& item : outcome.reply->items) items.push_back(std::make_shared<const Item>(item));
  items.push_back(std::make_shared<const Item>(ToolResultItem{call.id, "18 C", true}));
  items.push_back(std::make_shared<const Item>(
      ToolResultItem{std::get<ToolCallItem>(outcome.reply->items[2]).id, "broken", false}));
  const Outcome next = ask_with_tools(*model, items);
  ASSERT_TRUE(next.reply);
  EXPECT_NE(std::get<ToolCallItem>(next.reply->items[1]).id, call.id);
  const std::string in = kept("in");
  EXPECT_NE(in.find("<result of=\"" + call.id + "\">\n18 C"), std::string::npos) << in;
  EXPECT_NE(in.find("failed=\"yes\">\nbroken"), std::string::npos);
}

TEST_F(ClaudeTest, FailuresSayWhatToDo) {
  struct Case {
    std::vector<std::string> lines;
    std::string then;
    ErrorCode code;
    const char* says;
  };
  const Case cases[] = {
      {{R"({"type":"result","subtype":"success","is_error":true,
            "result":"Invalid API key · Please run /login"})"},
       "exit 1",
       ErrorCode::kDenied,
       "sign in with /login"},
      {{R"({"type":"result","subtype":"success","is_error":true,
            "result":"Credit balance is too low"})"},
       "exit 1",
       ErrorCode::kExhausted,
       "credit"},
      {{R"({"type":"result","subtype":"error_during_execution","is_error":true,
            "errors":["API Error: 529 overloaded"]})"},
       "exit 1",
       ErrorCode::kUnavailable,
       "529"},
      {{kInit},
       "echo 'segmentation fault' >&2; exit 139",
       ErrorCode::kUnavailable,
       "segmentation fault"},
      {{"no json at all"}, "exit 0", ErrorCode::kUnavailable, "gave no result"},
  };
  for (const Case& c : cases) {
    const Outcome outcome = ask(*claude(c.lines, c.then));
    ASSERT_FALSE(outcome.reply) << c.says;
    EXPECT_EQ(outcome.reply.error().code, c.code) << outcome.reply.error().describe();
    EXPECT_NE(outcome.reply.error().describe().find(c.says), std::string::npos)
        << outcome.reply.error().describe();
  }
  std::vector<ItemPtr> items{
      std::make_shared<const Item>(MessageItem{Speaker::kUser, "x", "", false, Json()})};
  EXPECT_EQ(ask_with_tools(*claude({kResult}), items).reply.error().code, ErrorCode::kCorrupt);
}

TEST_F(ClaudeTest, AMissingProgramIsToldBeforeTheFirstCall) {
  const auto none = make_claude_model({.program = {}});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(none.error().message, "the program claude is not installed");
  EXPECT_NE(none.error().hint.find("npm install -g @anthropic-ai/claude-code"), std::string::npos);
  EXPECT_NE(make_claude_model({.program = "/no/claude"}).error().message.find("/no/claude"),
            std::string::npos);
}

TEST_F(ClaudeTest, StopsAtOnceAndInTime) {
  const auto model = claude({kInit}, "exec sleep 30");
  std::stop_source stop;
  auto future = begin(*model, {}, stop.get_token());
  while (kept("env").empty()) std::this_thread::sleep_for(1ms);
  const auto start = std::chrono::steady_clock::now();
  stop.request_stop();
  EXPECT_EQ(future.get().reply.error().code, ErrorCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 500ms);
  timeout_ = 100ms;
  const Outcome late = ask(*claude({kInit}, "exec sleep 30"));
  ASSERT_FALSE(late.reply);
  EXPECT_EQ(late.reply.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(late.reply.error().message.find("did not answer within"), std::string::npos);
}

TEST_F(ClaudeTest, EndsWithItsModel) {
  auto model = claude({kInit}, "exec sleep 30");
  auto future = begin(*model, {});
  while (kept("env").empty()) std::this_thread::sleep_for(1ms);
  model.reset();
  EXPECT_EQ(future.get().reply.error().code, ErrorCode::kCancelled);
}

TEST(ClaudeWire, LongInstructionsGoThroughStandardInput) {
  const std::string instructions(200'000, 'x');
  const std::vector<ItemPtr> items{
      std::make_shared<const Item>(MessageItem{Speaker::kUser, "hi", "", false, Json()})};
  ModelRequest request;
  request.items = items;
  request.instructions = instructions;
  const auto call = claude_call(request, "");
  ASSERT_TRUE(call);
  for (const std::string& argument : call->arguments) EXPECT_LT(argument.size(), 1000U);
  EXPECT_TRUE(call->input.starts_with("<instructions>\nxxx"));
  EXPECT_EQ(std::ranges::count(call->arguments, "--model"), 0);
  ModelRequest empty;
  EXPECT_FALSE(claude_call(empty, ""));
}

}  // namespace
}  // namespace cadre::policy
