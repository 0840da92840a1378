#include "net/http_model.h"

#include <gtest/gtest.h>

#include <future>

#include "net/http_test_server.h"

namespace cadre::net {
namespace {

using namespace std::chrono_literals;
using testing::TestServer;

constexpr const char* kText =
    R"({"id":"c1","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant",)"
    R"("content":"hello"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}})";
const std::string kStream =
    "data: {\"id\":\"c1\",\"choices\":[{\"delta\":{\"content\":\"hel\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n";
constexpr const char* kSseHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

struct Outcome {
  Result<ModelReply> reply = fail(ErrorCode::kInternal, "never ended");
  std::string deltas;
};

class HttpModelTest : public ::testing::Test {
 protected:
  std::shared_ptr<HttpClient> client_ = std::move(*HttpClient::make());
  HttpModelOptions options_{.retry = {.first_wait = 1ms, .longest_wait = 2ms}};

  std::shared_ptr<Model> model(const std::string& spec) {
    auto made = make_model(
        spec, client_, [](const model::Profile&) { return Secret("sk-secret-key"); }, options_);
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }

  std::future<Outcome> begin(Model& model, bool stream, std::stop_token stop = {}) {
    auto promise = std::make_shared<std::promise<Outcome>>();
    auto outcome = std::make_shared<Outcome>();
    const std::vector<ItemPtr> items{
        std::make_shared<const Item>(MessageItem{Speaker::kUser, "hi", "", false, Json()})};
    ModelRequest request;
    request.items = items;
    request.stream = stream;
    model.start(
        request, std::move(stop),
        [outcome](const ModelDelta& delta) { outcome->deltas += delta.text; },
        [promise, outcome](Result<ModelReply> reply) {
          outcome->reply = std::move(reply);
          promise->set_value(std::move(*outcome));
        });
    return promise->get_future();
  }

  Outcome ask(Model& model, bool stream = false) {
    auto future = begin(model, stream);
    if (future.wait_for(10s) != std::future_status::ready) return {};
    return future.get();
  }

  // Asks a server that answers its n-th request by what `answer` does.
  Outcome ask_server(
      const std::function<bool(int, const TestServer::Connection&)>& answer, bool stream = false) {
    int n = 0;
    TestServer server([&](const std::string& request, const auto& to) {
      seen_.push_back(request);
      return answer(n++, to);
    });
    auto outcome = ask(*model(server.url("/v1#m")), stream);
    requests_ = server.requests();
    return outcome;
  }

  std::vector<std::string> seen_;
  int requests_ = 0;
};

std::string text_of_reply(const Outcome& outcome) {
  if (!outcome.reply) return "error: " + outcome.reply.error().describe();
  std::string text;
  for (const Item& item : outcome.reply->items) {
    if (const auto* message = std::get_if<MessageItem>(&item)) text += message->text;
  }
  return text;
}

TEST_F(HttpModelTest, SendsKeyAndBodyAndReadsTheReply) {
  const Outcome outcome = ask_server([](int, const auto& to) { return to.reply(200, kText); });
  EXPECT_EQ(text_of_reply(outcome), "hello");
  EXPECT_EQ(outcome.reply->usage.requests, 1);
  EXPECT_EQ(outcome.reply->usage.input_tokens, 3);
  ASSERT_EQ(seen_.size(), 1U);
  EXPECT_TRUE(seen_[0].starts_with("POST /v1/chat/completions HTTP/1.1\r\n")) << seen_[0];
  EXPECT_NE(seen_[0].find("authorization: Bearer sk-secret-key\r\n"), std::string::npos);
  EXPECT_NE(seen_[0].find(R"("model":"m")"), std::string::npos);
}

TEST_F(HttpModelTest, StreamsDeltasThenTheReply) {
  const Outcome outcome = ask_server(
      [](int, const auto& to) {
        to.write(kSseHead);
        for (const char c : kStream) to.write(std::string_view(&c, 1));
        return false;
      },
      true);
  EXPECT_EQ(text_of_reply(outcome), "hello");
  EXPECT_EQ(outcome.deltas, "hello");
}

TEST_F(HttpModelTest, AServerMayAnswerAStreamAsAWhole) {
  const Outcome outcome = ask_server(
      [](int, const auto& to) {
        return to.reply(200, kText, "Content-Type: application/json\r\n");
      },
      true);
  EXPECT_EQ(text_of_reply(outcome), "hello");
}

TEST_F(HttpModelTest, TriesAgainWhatMayPass) {
  const auto start = std::chrono::steady_clock::now();
  const Outcome limited = ask_server([](int n, const auto& to) {
    if (n == 0) return to.reply(429, R"({"error":{"message":"slow"}})", "Retry-After: 0.1\r\n");
    if (n == 1) {
      to.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
      return false;  // cut off
    }
    return to.reply(200, kText);
  });
  EXPECT_GE(std::chrono::steady_clock::now() - start, 100ms);
  EXPECT_EQ(text_of_reply(limited), "hello");
  EXPECT_EQ(limited.reply->usage.requests, 3);
  const Outcome overloaded =
      ask_server([](int, const auto& to) { return to.reply(529, R"({"error":{}})"); });
  ASSERT_FALSE(overloaded.reply);
  EXPECT_EQ(overloaded.reply.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(overloaded.reply.error().message.find("tried 3 times"), std::string::npos);
  EXPECT_EQ(requests_, 3);
  const Outcome nonsense = ask_server(
      [](int n, const auto& to) { return to.reply(200, n == 0 ? "{\"choices\":[" : kText); });
  EXPECT_EQ(text_of_reply(nonsense), "hello");
}

// Broken replies are paid for: what they say of their usage is part of the call's.
TEST_F(HttpModelTest, WhatBrokenRepliesTookIsCounted) {
  struct Case {
    const char* profile;
    const char* broken;  // of a stream
    const char* whole;   // the second answer
    int input, output, uncounted;
  };
  const char* const kMessage =
      R"({"content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn",
          "usage":{"input_tokens":3,"output_tokens":1}})";
  const char* const kResponse =
      R"({"status":"completed","output":[{"type":"message","content":[{"type":"output_text",
          "text":"hello"}]}],"usage":{"input_tokens":3,"output_tokens":1}})";
  const char* const kOllama =
      R"({"message":{"content":"hello"},"done":true,"prompt_eval_count":3,"eval_count":1})";
  const Case cases[] = {
      {"openai-chat",
       "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":50,\"completion_tokens\":20}}\n\n", kText,
       53, 21, 0},
      {"openai-chat", "data: {\"choices\":[]}\n\n", kText, 3, 1, 1},
      {"openai-chat", "data: no json\n\n", kText, 3, 1, 1},
      {"anthropic",
       "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":40,"
       "\"cache_read_input_tokens\":10,\"output_tokens\":2}}}\n\n",
       kMessage, 53, 3, 0},
      {"openai",
       "data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\"},"
       "\"usage\":{\"input_tokens\":50,\"output_tokens\":20}}}\n\n",
       kResponse, 53, 21, 0},
      {"ollama",
       "{\"done\":true,\"prompt_eval_count\":50,\"eval_count\":20}\n{\"broken\n", kOllama, 53, 21, 0},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.broken);
    int n = 0;
    TestServer server([&](const std::string&, const auto& to) {
      if (n++ > 0) return to.reply(200, one.whole, "Content-Type: application/json\r\n");
      to.write(kSseHead);
      to.write(one.broken);
      return false;
    });
    const Outcome outcome =
        ask(*model(std::string(one.profile) + "+" + server.url("/v1#m")), true);
    EXPECT_EQ(text_of_reply(outcome), "hello");
    if (!outcome.reply) continue;
    EXPECT_EQ(outcome.reply->usage.requests, 2);
    EXPECT_EQ(outcome.reply->usage.input_tokens, one.input);
    EXPECT_EQ(outcome.reply->usage.output_tokens, one.output);
    EXPECT_EQ(outcome.reply->usage.uncounted, one.uncounted);
  }
}

TEST_F(HttpModelTest, WhatACallTookThatFailedInTheEndIsLeftForWhoeverCounts) {
  options_.lost = std::make_shared<LostUsage>();
  const Outcome failed = ask_server([](int n, const auto& to) {
    if (n == 0) return to.reply(503, "{}");  // nobody pays for that
    return to.reply(200, R"({"usage":{"prompt_tokens":50,"completion_tokens":20}})");
  });
  ASSERT_FALSE(failed.reply);
  EXPECT_NE(failed.reply.error().message.find("what broke took 140 tokens"), std::string::npos)
      << failed.reply.error().message;
  const auto took = options_.lost->take("");
  ASSERT_TRUE(took);
  EXPECT_EQ(took->requests, 2);
  EXPECT_EQ(took->input_tokens, 100);
  EXPECT_EQ(took->output_tokens, 40);
  EXPECT_EQ(took->uncounted, 0);
  EXPECT_FALSE(options_.lost->take(""));
}

TEST_F(HttpModelTest, DoesNotTryAgainWhatCannotPass) {
  struct Case {
    int status;
    const char* body;
    ErrorCode code;
    const char* headers = "";
  };
  const Case cases[] = {
      {401, R"({"error":{"message":"bad key sk-secret-key"}})", ErrorCode::kDenied},
      {404, R"({"error":{"message":"no model"}})", ErrorCode::kNotFound},
      {400, R"({"error":{"message":"bad"}})", ErrorCode::kInvalidInput},
      {400, R"({"error":{"code":"context_length_exceeded"}})", ErrorCode::kExhausted},
      {429, R"({"error":{"code":"insufficient_quota"}})", ErrorCode::kExhausted},
      {500, R"({"error":{}})", ErrorCode::kUnavailable, "x-should-retry: false\r\n"},
      {429, R"({"error":{}})", ErrorCode::kUnavailable, "Retry-After: 3600\r\n"},
  };
  for (const Case& c : cases) {
    const Outcome outcome = ask_server(
        [&](int, const auto& to) { return to.reply(c.status, c.body, c.headers); });
    ASSERT_FALSE(outcome.reply) << c.body;
    EXPECT_EQ(outcome.reply.error().code, c.code) << c.body;
    EXPECT_EQ(outcome.reply.error().describe().find("sk-secret"), std::string::npos);
    EXPECT_EQ(requests_, 1) << c.body;
  }
}

TEST_F(HttpModelTest, NeverAgainOnceSomethingWasShown) {
  const auto cut = [](int, const auto& to) {
    to.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
             "Content-Length: 100000\r\n\r\n" + kStream.substr(0, 70));
    return false;
  };
  const Outcome outcome = ask_server(cut, true);
  ASSERT_FALSE(outcome.reply);
  EXPECT_EQ(outcome.deltas, "hel");
  EXPECT_EQ(outcome.reply.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(outcome.reply.error().message.find("shown already"), std::string::npos);
  EXPECT_EQ(requests_, 1);
  // An error before the first delta is another matter.
  const Outcome early = ask_server(
      [](int n, const auto& to) {
        to.write(kSseHead);
        to.write(n == 0 ? "data: {\"error\":{\"type\":\"overloaded_error\"}}\n\n" : kStream);
        return false;
      },
      true);
  EXPECT_EQ(text_of_reply(early), "hello");
  EXPECT_EQ(early.reply->usage.requests, 2);
}

TEST_F(HttpModelTest, PingsForeverEnd) {
  options_.idle = 80ms;
  options_.retry.attempts_max = 1;
  std::atomic<bool> over = false;
  const Outcome outcome = ask_server(
      [&](int, const auto& to) {
        to.write(kSseHead);
        while (!over && to.write(": ping\n\n")) std::this_thread::sleep_for(5ms);
        return false;
      },
      true);
  over = true;
  ASSERT_FALSE(outcome.reply);
  EXPECT_EQ(outcome.reply.error().code, ErrorCode::kUnavailable);
}

TEST_F(HttpModelTest, ADeadlineCoversAllAttempts) {
  options_.deadline = 150ms;
  options_.retry = {.attempts_max = 100, .first_wait = 20ms, .longest_wait = 20ms};
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome =
      ask_server([](int, const auto& to) { return to.reply(503, "{}"); });
  EXPECT_FALSE(outcome.reply);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 400ms);
  EXPECT_GT(requests_, 2);
}

TEST_F(HttpModelTest, CancelsWhileItWaitsAndWhileItReads) {
  options_.retry = {.attempts_max = 3, .first_wait = 10s, .longest_wait = 10s};
  for (const bool waiting : {true, false}) {
    TestServer server([&](const std::string&, const auto& to) {
      if (waiting) return to.reply(503, "{}");
      std::this_thread::sleep_for(200ms);
      return false;
    });
    const auto llm = model(server.url("/v1#m"));
    std::stop_source source;
    auto future = begin(*llm, false, source.get_token());
    std::this_thread::sleep_for(50ms);
    const auto start = std::chrono::steady_clock::now();
    source.request_stop();
    EXPECT_EQ(future.get().reply.error().code, ErrorCode::kCancelled);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 20ms);
  }
}

// Two requests a second are told by the first reply; the next calls wait instead of being refused.
TEST_F(HttpModelTest, WaitsForLimitsInsteadOfProvokingThem) {
  std::atomic<int> refused = 0;
  std::atomic<std::int64_t> last_us = 0;
  TestServer server([&](const std::string&, const auto& to) {
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
                         std::chrono::steady_clock::now().time_since_epoch())
                         .count();
    const bool early = last_us != 0 && now - last_us < 80'000;
    last_us = now;
    if (early) {
      ++refused;
      return to.reply(429, "{}");
    }
    return to.reply(200, kText,
                    "x-ratelimit-limit-requests: 10\r\nx-ratelimit-remaining-requests: 0\r\n"
                    "x-ratelimit-reset-requests: 1s\r\n");
  });
  options_.traffic = std::make_shared<Traffic>();
  const auto one = model(server.url("/v1#m")), other = model(server.url("/v1#m"));
  EXPECT_EQ(text_of_reply(ask(*one)), "hello");
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::future<Outcome>> asked;
  for (int i = 0; i < 4; ++i) asked.push_back(begin(i % 2 == 0 ? *one : *other, false));
  for (auto& each : asked) EXPECT_EQ(text_of_reply(each.get()), "hello");
  EXPECT_GE(std::chrono::steady_clock::now() - start, 350ms);
  EXPECT_EQ(refused, 0);
}

TEST_F(HttpModelTest, OverloadNarrowsWhatIsSentAtOnce) {
  std::atomic<int> now = 0, most = 0, n = 0;
  TestServer server([&](const std::string&, const auto& to) {
    const int here = ++now;
    if (n++ < 8) {
      std::this_thread::sleep_for(20ms);
      --now;
      return to.reply(529, "{}");
    }
    most = std::max<int>(most, here);
    std::this_thread::sleep_for(5ms);
    --now;
    return to.reply(200, kText);
  });
  options_.retry.attempts_max = 10;
  const auto llm = model(server.url("/v1#m"));
  std::vector<std::future<Outcome>> asked;
  for (int i = 0; i < 8; ++i) asked.push_back(begin(*llm, false));
  for (auto& each : asked) EXPECT_EQ(text_of_reply(each.get()), "hello");
  EXPECT_LE(most, 5);  // half of eight, and what grew back since
}

TEST_F(HttpModelTest, ACallThatWaitsForTheLimitCanBeCancelledAndHasItsDeadline) {
  TestServer server([&](const std::string&, const auto& to) {
    return to.reply(200, kText,
                    "x-ratelimit-limit-requests: 1\r\nx-ratelimit-remaining-requests: 0\r\n"
                    "x-ratelimit-reset-requests: 20s\r\n");
  });
  const auto llm = model(server.url("/v1#m"));
  EXPECT_EQ(text_of_reply(ask(*llm)), "hello");
  std::stop_source source;
  auto future = begin(*llm, false, source.get_token());
  EXPECT_EQ(future.wait_for(30ms), std::future_status::timeout);
  source.request_stop();
  EXPECT_EQ(future.get().reply.error().code, ErrorCode::kCancelled);
  options_.deadline = 100ms;
  options_.traffic = std::make_shared<Traffic>();
  const auto hasty = model(server.url("/v1#m"));
  EXPECT_EQ(text_of_reply(ask(*hasty)), "hello");
  const Outcome late = ask(*hasty);
  ASSERT_FALSE(late.reply);
  EXPECT_EQ(late.reply.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(late.reply.error().describe().find("in 20 s"), std::string::npos)
      << late.reply.error().describe();
  EXPECT_EQ(server.requests(), 2);
}

TEST_F(HttpModelTest, WhatWaitsForALimitEndsWithTheClient) {
  TestServer server([&](const std::string&, const auto& to) {
    return to.reply(200, kText,
                    "x-ratelimit-limit-requests: 1\r\nx-ratelimit-remaining-requests: 0\r\n"
                    "x-ratelimit-reset-requests: 20s\r\n");
  });
  auto llm = model(server.url("/v1#m"));
  EXPECT_EQ(text_of_reply(ask(*llm)), "hello");
  auto waiting = begin(*llm, false);
  std::this_thread::sleep_for(20ms);
  client_.reset();
  llm.reset();
  EXPECT_EQ(waiting.get().reply.error().code, ErrorCode::kCancelled);
}

TEST_F(HttpModelTest, EndsWithItsClient) {
  options_.retry = {.attempts_max = 3, .first_wait = 10s, .longest_wait = 10s};
  TestServer server([](const std::string&, const auto& to) { return to.reply(503, "{}"); });
  auto llm = model(server.url("/v1#m"));
  auto future = begin(*llm, false);
  std::this_thread::sleep_for(50ms);
  client_.reset();
  llm.reset();
  EXPECT_EQ(future.get().reply.error().code, ErrorCode::kCancelled);
}

TEST(ModelSpecs, NamesAndAddresses) {
  const auto spec = [](std::string_view text) {
    const auto parsed = parse_model_spec(text);
    if (!parsed) return "error: " + parsed.error().describe();
    return parsed->profile->name + "|" + parsed->base_url + "|" + parsed->model;
  };
  EXPECT_EQ(spec("openai:gpt-5"), "openai|https://api.openai.com/v1|gpt-5");
  EXPECT_EQ(spec("ollama:qwen3:8b"), "ollama|http://localhost:11434|qwen3:8b");
  EXPECT_EQ(spec("ollama+http://h:11434/v1/#m"), "ollama|http://h:11434|m");
  EXPECT_EQ(spec("ollama-chat:m"), "ollama-chat|http://localhost:11434/v1|m");
  EXPECT_EQ(spec("http://h:1/v1/#a/b"), "compatible|http://h:1/v1|a/b");
  EXPECT_EQ(spec("anthropic+https://h/v1#c"), "anthropic|https://h/v1|c");
  for (const char* bad : {"", "gpt-5", "openai", "openai:", "what:x", "http://h/v1", "http://h/v1#",
                          "http://#x", "compatible:x", "what+http://h#x"}) {
    EXPECT_TRUE(spec(bad).starts_with("error: ")) << bad;
  }
  const std::shared_ptr<HttpClient> client = std::move(*HttpClient::make());
  const auto no_key = make_model("openai:x", client, nullptr);
  ASSERT_FALSE(no_key);
  EXPECT_EQ(no_key.error().code, ErrorCode::kDenied);
  EXPECT_NE(no_key.error().hint.find("OPENAI_API_KEY"), std::string::npos);
  EXPECT_EQ((*make_model("http://u:p@h/v1#x", client, nullptr))->name(), "http://h/v1#x");
}

TEST(Retry, WaitsAsVendorsSay) {
  const auto wait = [](HttpHeaders headers) {
    const auto asked = asked_wait(headers, 1'767'225'600'000'000);
    return asked ? asked->count() : -1;
  };
  EXPECT_EQ(wait({{"retry-after", "2"}}), 2000);
  EXPECT_EQ(wait({{"retry-after", "0.5"}}), 500);
  EXPECT_EQ(wait({{"retry-after", "2"}, {"retry-after-ms", "7"}}), 7);
  EXPECT_EQ(wait({{"retry-after", "Thu, 01 Jan 2026 00:00:05 GMT"}}), 5000);
  EXPECT_EQ(wait({{"retry-after", "Thu, 01 Jan 2020 00:00:05 GMT"}}), 0);
  EXPECT_EQ(wait({{"retry-after", "soon"}}), -1);
  EXPECT_EQ(wait({}), -1);
  Rng rng(7);
  for (const auto& [failed, most] : std::vector<std::pair<int, int>>{{1, 500}, {2, 1000}, {3, 2000},
                                                                     {5, 8000}, {60, 8000}}) {
    for (int i = 0; i < 100; ++i) {
      const auto ms = backoff({}, failed, rng).count();
      EXPECT_LE(ms, most);
      EXPECT_GE(ms, most * 3 / 4);
    }
  }
}

}  // namespace
}  // namespace cadre::net
