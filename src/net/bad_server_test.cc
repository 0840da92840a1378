// What servers send that they should not, how quickly a call is ended, and that a slow reader is
// not drowned.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "net/http_model.h"
#include "net/http_test_server.h"

namespace cadre::net {
namespace {

using namespace std::chrono_literals;
using testing::TestServer;
using Clock = std::chrono::steady_clock;

constexpr const char* kSseHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
constexpr const char* kLinesHead = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n";

class BadServer : public ::testing::Test {
 protected:
  std::shared_ptr<Model> model(const std::string& spec) {
    auto made = make_model(
        spec, client_, [](const model::Profile&) { return Secret("sk-secret-key"); }, options_);
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  std::future<Result<ModelReply>> begin(Model& model, bool stream, Model::OnDelta delta = {},
                                        std::stop_token stop = {}) {
    auto promise = std::make_shared<std::promise<Result<ModelReply>>>();
    const std::vector<ItemPtr> items{
        std::make_shared<const Item>(MessageItem{Speaker::kUser, "hi", "", false, Json()})};
    ModelRequest request;
    request.items = items;
    request.stream = stream;
    if (!delta) delta = [](const ModelDelta&) {};
    model.start(request, std::move(stop), std::move(delta),
                [promise](Result<ModelReply> reply) { promise->set_value(std::move(reply)); });
    return promise->get_future();
  }
  // What comes of a server that sends `bytes` to everybody.
  Result<ModelReply> told(const std::string& bytes, bool stream,
                          const char* profile = "openai-chat") {
    TestServer server([&](const std::string&, const auto& to) {
      to.write(bytes);
      return false;
    });
    auto future = begin(*model(fmt::format("{}+{}", profile, server.url("/v1#m"))), stream);
    if (future.wait_for(20s) != std::future_status::ready)
      return fail(ErrorCode::kInternal, "never ended");
    return future.get();
  }

  std::shared_ptr<HttpClient> client_ = std::move(*HttpClient::make());
  HttpModelOptions options_{.retry = {.attempts_max = 1}};
};

TEST_F(BadServer, AReplyOfAHundredMegabytesIsCutOff) {
  const std::string piece(1 << 20, 'x');
  for (const char* head : {"HTTP/1.1 200 OK\r\n\r\n", kSseHead}) {
    std::size_t sent = 0;
    TestServer server([&](const std::string&, const auto& to) {
      to.write(head);
      for (; sent < 100 && to.write(piece); ++sent) {
      }
      return false;
    });
    auto future = begin(*model(server.url("/v1#m")), head == kSseHead);
    const auto reply = future.get();
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::kExhausted) << reply.error().describe();
    EXPECT_LT(sent, 60U);  // 32 MiB is the limit; an event has one of its own
  }
}

TEST_F(BadServer, WhatIsNoUtf8IsNoReply) {
  const std::string broken =
      "{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{\"content\":\"\xC3(\"}}]}";
  const auto whole =
      told("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + broken, false);
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code, ErrorCode::kCorrupt);
  const auto stream = told(
      std::string(kSseHead) + "data: {\"choices\":[{\"delta\":{\"content\":\"\xFF\"}}]}\n\n", true);
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, ErrorCode::kCorrupt);
  const auto error = told("HTTP/1.1 400 Bad\r\n\r\n\xFF\xFE not good", false);
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(error.error().message.find('\xFF'), std::string::npos);
}

TEST_F(BadServer, AWrongAddressSaysSo) {
  const auto page =
      told("HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<html>nginx</html>", false);
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, ErrorCode::kNotFound);
  EXPECT_NE(page.error().describe().find("base URL"), std::string::npos);
  const auto html =
      told("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Welcome</html>", false);
  ASSERT_FALSE(html);
  EXPECT_EQ(html.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(html.error().describe().find("does the address speak this format?"), std::string::npos);
  const auto moved = told(
      "HTTP/1.1 301 Moved\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n",
      false);
  EXPECT_FALSE(moved);  // a key does not follow
  const auto nobody = begin(*model("http://127.0.0.1:1/v1#m"), false).get();
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(nobody.error().describe().find("is the server running, and the port right?"),
            std::string::npos);
  const auto unknown = begin(*model("http://no-such-host.invalid/v1#m"), false).get();
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("is not known"), std::string::npos);
}

TEST_F(BadServer, StreamsThatSayNothingEnd) {
  options_.idle = 80ms;
  struct Case {
    const char* profile;
    const char* head;
    const char* ping;
  };
  for (const Case& c : {Case{"openai-chat", kSseHead, ": ping\n\n"},
                        Case{"anthropic", kSseHead, "event: ping\ndata: {\"type\":\"ping\"}\n\n"},
                        Case{"ollama", kLinesHead, "\n"}}) {
    std::atomic<bool> over = false;
    TestServer server([&](const std::string&, const auto& to) {
      to.write(c.head);
      while (!over && to.write(c.ping)) std::this_thread::sleep_for(5ms);
      return false;
    });
    const auto reply =
        begin(*model(fmt::format("{}+{}", c.profile, server.url("/v1#m"))), true).get();
    over = true;
    ASSERT_FALSE(reply) << c.profile;
    EXPECT_EQ(reply.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(reply.error().message.find("sent no content"), std::string::npos);
  }
}

TEST_F(BadServer, ALineWithoutEndIsCutOff) {
  const auto reply = told(kLinesHead + std::string(18U << 20U, 'x'), true, "ollama");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::kExhausted);
}

// From the wish to stop to the answer, in the middle of a stream.
TEST_F(BadServer, ACallEndsWithinMilliseconds) {
  TestServer server([](const std::string&, const auto& to) {
    to.write(kSseHead);
    while (to.write("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n"))
      std::this_thread::sleep_for(1ms);
    return false;
  });
  const auto llm = model(server.url("/v1#m"));
  std::vector<double> ms;
  for (int i = 0; i < 31; ++i) {
    std::stop_source stop;
    std::promise<void> heard;
    std::atomic<bool> first = true;
    auto future = begin(
        *llm, true,
        [&](const ModelDelta&) {
          if (first.exchange(false)) heard.set_value();
        },
        stop.get_token());
    heard.get_future().wait();
    const auto start = Clock::now();
    stop.request_stop();
    EXPECT_EQ(future.get().error().code, ErrorCode::kCancelled);
    ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::ranges::sort(ms);
  fmt::print("cancelled in {:.3f} ms (median of {}), {:.3f} ms at most\n", ms[ms.size() / 2],
             ms.size(), ms.back());
  EXPECT_LT(ms[ms.size() / 2], 5.0);
}

// While a reader is busy nothing is read from the network: the server waits, memory does not grow.
TEST_F(BadServer, ASlowReaderHoldsTheServerBack) {
  std::atomic<std::size_t> sent = 0;
  std::string event = "data: {\"choices\":[{\"delta\":{\"content\":\"";
  event += std::string(64 * 1024, 'x') + "\"}}]}\n\n";
  TestServer server([&](const std::string&, const auto& to) {
    to.write(kSseHead);
    for (int i = 0; i < 256 && to.write(event); ++i) sent += event.size();  // 16 MiB
    to.write("data: [DONE]\n\n");
    return false;
  });
  std::atomic<bool> go_on = false;
  std::promise<void> heard;
  std::atomic<bool> first = true;
  auto future = begin(*model(server.url("/v1#m")), true, [&](const ModelDelta&) {
    if (!first.exchange(false)) return;
    heard.set_value();
    while (!go_on) std::this_thread::sleep_for(1ms);
  });
  heard.get_future().wait();
  std::this_thread::sleep_for(150ms);
  const std::size_t held = sent;
  go_on = true;
  const auto reply = future.get();
  ASSERT_TRUE(reply) << reply.error().describe();
  EXPECT_EQ(std::get<MessageItem>(reply->items[0]).text.size(), 256U * 64 * 1024);
  fmt::print("{} KiB were sent while the reader was busy\n", held / 1024);
  EXPECT_LT(held, 12U << 20U);  // the kernel's buffers, not all of it
}

}  // namespace
}  // namespace cadre::net
