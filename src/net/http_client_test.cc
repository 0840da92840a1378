#include "net/http_client.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>

#include "net/http_test_server.h"

namespace cadre::net {
namespace {

using namespace std::chrono_literals;
using testing::TestServer;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Answer {
  Result<HttpStatus> end = fail(ErrorCode::kInternal, "never ended");
  std::string body;
};

// Both ways to a plain server: our own, and libcurl's.
class HttpClientBy : public ::testing::TestWithParam<bool> {
 protected:
  static std::unique_ptr<HttpClient> client(HttpClientOptions options = {}) {
    options.plain_without_libcurl = GetParam();
    auto made = HttpClient::make(std::move(options));
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
};

INSTANTIATE_TEST_SUITE_P(Ways, HttpClientBy, ::testing::Bool(),
                         [](const auto& way) { return way.param ? "Itself" : "Libcurl"; });

HttpRequest post(std::string url, std::string body = "{}") {
  HttpRequest request;
  request.url = std::move(url);
  request.body = std::make_shared<const std::string>(std::move(body));
  return request;
}

std::future<Answer> begin(HttpClient& http, HttpRequest request, std::stop_token stop = {},
                          DataVerdict verdict = DataVerdict::kContent) {
  auto promise = std::make_shared<std::promise<Answer>>();
  auto answer = std::make_shared<Answer>();
  http.start(std::move(request),
             {.on_headers = {},
              .on_data =
                  [answer, verdict](std::string_view bytes) {
                    answer->body += bytes;
                    return verdict;
                  },
              .on_done =
                  [promise, answer](Result<HttpStatus> end) {
                    answer->end = std::move(end);
                    promise->set_value(std::move(*answer));
                  }},
             std::move(stop));
  return promise->get_future();
}

Answer send(HttpClient& http, HttpRequest request) {
  auto future = begin(http, std::move(request));
  if (future.wait_for(20s) != std::future_status::ready) return {};
  return future.get();
}

TEST_P(HttpClientBy, GivesStatusHeadersAndBodyAndSendsWhatItWasGiven) {
  std::string seen;
  TestServer server([&](const std::string& request, const auto& to) {
    seen = request;
    return to.reply(429, "slow down", "Retry-After: 3\r\nX-Twice: a\r\nX-Twice: b\r\n");
  });
  auto http = client();
  HttpRequest request = post(server.url("/v1/x?y=1"), R"({"a":1})");
  request.headers = {{"authorization", "Bearer k"}, {"x-empty", ""}};
  const Answer answer = send(*http, std::move(request));
  ASSERT_TRUE(answer.end) << answer.end.error().message;
  EXPECT_EQ(answer.end->code, 429);
  EXPECT_EQ(header(answer.end->headers, "retry-after"), "3");
  EXPECT_EQ(header(answer.end->headers, "x-twice"), "a");
  EXPECT_EQ(header(answer.end->headers, "none"), "");
  EXPECT_EQ(answer.end->bytes, 9U);
  EXPECT_EQ(answer.body, "slow down");
  EXPECT_TRUE(seen.starts_with("POST /v1/x?y=1 HTTP/1.1\r\n")) << seen;
  EXPECT_NE(seen.find("authorization: Bearer k\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("x-empty:\r\n"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("Expect:"), std::string::npos) << seen;
  EXPECT_TRUE(seen.ends_with(R"({"a":1})"));
}

// What a connection remembers of one request is never taken for another.
TEST_P(HttpClientBy, HeadersInCommonGoWithEachRequest) {
  std::string seen;
  TestServer server([&](const std::string& request, const auto& to) {
    seen = request;
    return to.reply(200, "ok");
  });
  auto http = client();
  const auto common = [](const char* value) {
    return std::make_shared<const HttpHeaders>(
        HttpHeaders{{"content-type", "application/json"}, {"accept", value}});
  };
  const auto one = common("one"), two = common("two");
  struct Step {
    const char *method, *path;
    std::shared_ptr<const HttpHeaders> common;
    HttpHeaders own;
    const char* body;
  };
  const HttpHeaders own = {{"x-own", "yes"}};
  const std::vector<Step> steps = {
      {"POST", "/a", one, {}, "1"},      {"POST", "/a", one, {}, "two words"},
      {"POST", "/a", two, {}, "3"},      {"POST", "/b", two, {}, "4"},
      {"PUT", "/b", two, {}, "5"},       {"PUT", "/b", two, own, "6"},
      {"PUT", "/b", two, own, "7"},      {"PUT", "/b", two, {}, "8"},
      {"POST", "/a", nullptr, own, "9"}, {"POST", "/a", nullptr, {}, "10"},
      {"POST", "/a", one, {}, "eleven"},
  };
  for (const Step& step : steps) {
    HttpRequest request = post(server.url(step.path), step.body);
    request.method = step.method;
    request.common = step.common;
    request.headers = step.own;
    ASSERT_TRUE(send(*http, std::move(request)).end) << step.body;
    const auto has = [&seen](std::string_view line) {
      return seen.find(std::string(line) + "\r\n") != std::string::npos;
    };
    EXPECT_TRUE(seen.starts_with(fmt::format("{} {} HTTP/1.1\r\n", step.method, step.path)));
    EXPECT_EQ(has("accept: one"), step.common == one) << seen;
    EXPECT_EQ(has("accept: two"), step.common == two) << seen;
    EXPECT_EQ(has("content-type: application/json"), step.common != nullptr) << seen;
    EXPECT_EQ(has("x-own: yes"), !step.own.empty()) << seen;
    EXPECT_TRUE(has(fmt::format("Content-Length: {}", std::string_view(step.body).size())));
    EXPECT_TRUE(seen.ends_with(fmt::format("\r\n\r\n{}", step.body))) << seen;
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_P(HttpClientBy, AHeaderInCommonThatIsNoneIsRefusedEachTime) {
  TestServer server([](const std::string&, const auto& to) { return to.reply(200, "ok"); });
  auto http = client();
  const auto bad = std::make_shared<const HttpHeaders>(HttpHeaders{{"x-key", "a\nb"}});
  for (int i = 0; i < 2; ++i) {
    HttpRequest request = post(server.url());
    request.common = bad;
    const Answer answer = send(*http, std::move(request));
    ASSERT_FALSE(answer.end);
    EXPECT_EQ(answer.end.error().code, ErrorCode::kInvalidInput);
  }
  EXPECT_EQ(server.requests(), 0);
}

TEST_P(HttpClientBy, OtherMethodsAfterEachOtherOnOneHandle) {
  std::vector<std::string> lines;
  TestServer server([&](const std::string& request, const auto& to) {
    lines.push_back(request.substr(0, request.find("\r\n")));
    return to.reply(200, request.starts_with("HEAD") ? "" : "ok");
  });
  auto http = client();
  for (const char* method : {"POST", "GET", "HEAD", "DELETE", "POST", "PUT", "GET"}) {
    HttpRequest request;
    request.url = server.url();
    request.method = method;
    if (method[0] == 'P') request.body = std::make_shared<const std::string>("b");
    ASSERT_TRUE(send(*http, std::move(request)).end) << method;
  }
  const std::vector<std::string> want{"POST / HTTP/1.1",   "GET / HTTP/1.1",  "HEAD / HTTP/1.1",
                                      "DELETE / HTTP/1.1", "POST / HTTP/1.1", "PUT / HTTP/1.1",
                                      "GET / HTTP/1.1"};
  EXPECT_EQ(lines, want);
  EXPECT_EQ(server.connections(), 1);
}

TEST_P(HttpClientBy, KeepsConnectionsAndLargeBodiesArriveWhole) {
  TestServer server([](const std::string& request, const auto& to) {
    return to.reply(200, request.substr(request.find("\r\n\r\n") + 4));
  });
  auto http = client();
  std::string big(3'000'000, 'x');
  for (std::size_t i = 0; i < big.size(); i += 7) big[i] = static_cast<char>('a' + i % 26);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(send(*http, post(server.url())).body, "{}");
  const Answer echo = send(*http, post(server.url(), big));
  ASSERT_TRUE(echo.end) << echo.end.error().message;
  EXPECT_EQ(echo.body.size(), big.size());
  EXPECT_TRUE(echo.body == big);  // too much to be shown
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(http->stats().connections, 1U);
  EXPECT_EQ(http->stats().exchanges, 21U);
}

TEST_P(HttpClientBy, ManyAtOnceOverACappedNumberOfConnections) {
  TestServer server([](const std::string&, const auto& to) { return to.reply(200, "ok"); });
  auto http = client({.max_connections_per_host = 8});
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 500; ++i) answers.push_back(begin(*http, post(server.url())));
  for (auto& answer : answers) {
    ASSERT_EQ(answer.wait_for(20s), std::future_status::ready);
    EXPECT_EQ(answer.get().body, "ok");
  }
  EXPECT_LE(server.connections(), 8);
  EXPECT_EQ(http->stats().in_flight, 0U);
  EXPECT_EQ(http->stats().waiting, 0U);
}

TEST_P(HttpClientBy, CallbacksMayStartAndCancelExchanges) {
  TestServer server([](const std::string&, const auto& to) { return to.reply(200, "ok"); });
  auto http = client();
  std::promise<int> chain;
  std::function<void(int)> next = [&](int left) {
    if (left == 0) return chain.set_value(7);
    http->start(post(server.url()),
                {.on_headers = {}, .on_data = {}, .on_done = [&, left](Result<HttpStatus> end) {
                   EXPECT_TRUE(end);
                   next(left - 1);
                 }});
  };
  next(50);
  EXPECT_EQ(chain.get_future().get(), 7);
}

TEST_P(HttpClientBy, CancellingIsQuickHoweverFarTheExchangeIs) {
  TestServer server([](const std::string& request, const auto& to) {
    if (request.find("/stream") != std::string::npos) {
      to.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
    }
    std::this_thread::sleep_for(300ms);
    return false;
  });
  auto http = client({.max_connections_per_host = 2});
  for (const char* path : {"/silent", "/stream"}) {
    std::stop_source source;
    auto answer = begin(*http, post(server.url(path)), source.get_token());
    std::this_thread::sleep_for(30ms);
    const auto start = Clock::now();
    source.request_stop();
    const Answer got = answer.get();
    EXPECT_LT(ms_since(start), 20) << path;  // 5 ms is the goal; the machine may be busy
    ASSERT_FALSE(got.end);
    EXPECT_EQ(got.end.error().code, ErrorCode::kCancelled);
  }
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_EQ(begin(*http, post(server.url()), stopped.get_token()).get().end.error().code,
            ErrorCode::kCancelled);
}

TEST_P(HttpClientBy, CancelsWaitingExchangesAndEndsAllWhenDestroyed) {
  TestServer server([](const std::string&, const auto&) {
    std::this_thread::sleep_for(100ms);
    return false;
  });
  auto http = client({.max_connections_per_host = 1});
  std::stop_source source;
  auto first = begin(*http, post(server.url()));
  auto waiting = begin(*http, post(server.url()), source.get_token());
  auto last = begin(*http, post(server.url()));
  source.request_stop();
  EXPECT_EQ(waiting.get().end.error().code, ErrorCode::kCancelled);
  http.reset();
  EXPECT_EQ(first.get().end.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(last.get().end.error().code, ErrorCode::kCancelled);
}

TEST_P(HttpClientBy, TooLongARepliesEnd) {
  TestServer server([](const std::string&, const auto& to) {
    to.write("HTTP/1.1 200 OK\r\n\r\n");
    const std::string block(1 << 20, 'x');
    for (int i = 0; i < 100; ++i) {
      if (!to.write(block)) return false;
    }
    return false;
  });
  auto http = client();
  HttpRequest request = post(server.url());
  request.max_response_bytes = 2'000'000;
  const Answer answer = send(*http, std::move(request));
  ASSERT_FALSE(answer.end);
  EXPECT_EQ(answer.end.error().code, ErrorCode::kExhausted);
  EXPECT_NE(answer.end.error().message.find("2000000 bytes"), std::string::npos);
  EXPECT_LE(answer.body.size(), 2'000'000U);
}

TEST_P(HttpClientBy, TimesRunOut) {
  TestServer server([](const std::string& request, const auto& to) {
    if (request.find("/pings") != std::string::npos) {
      to.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
      for (int i = 0; i < 100 && to.write(": ping\n\n"); ++i) std::this_thread::sleep_for(10ms);
    } else {
      std::this_thread::sleep_for(400ms);
    }
    return false;
  });
  auto http = client();
  HttpRequest idle = post(server.url());
  idle.timeouts.idle = 60ms;
  HttpRequest total = post(server.url());
  total.timeouts.total = 60ms;
  HttpRequest pings = post(server.url("/pings"));
  pings.timeouts.idle = 120ms;
  HttpRequest chatty = post(server.url("/pings"));
  chatty.timeouts.total = 120ms;
  const auto start = Clock::now();
  auto a = begin(*http, std::move(idle));
  auto b = begin(*http, std::move(total));
  auto c = begin(*http, std::move(pings), {}, DataVerdict::kNoise);
  auto d = begin(*http, std::move(chatty));
  const Answer idle_end = a.get(), total_end = b.get(), pings_end = c.get(), chatty_end = d.get();
  EXPECT_LT(ms_since(start), 390);
  EXPECT_EQ(idle_end.end.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(idle_end.end.error().message.find("no content for 0.06 s"), std::string::npos);
  EXPECT_EQ(total_end.end.error().code, ErrorCode::kExhausted);
  EXPECT_EQ(pings_end.end.error().code, ErrorCode::kUnavailable);
  EXPECT_GT(pings_end.body.size(), 8U);
  EXPECT_EQ(chatty_end.end.error().code, ErrorCode::kExhausted);
}

TEST_P(HttpClientBy, SaysWhatIsWrongWithoutSecrets) {
  auto http = client();
  const auto error = [&](HttpRequest request) {
    request.headers.emplace_back("authorization", "Bearer sk-secret");
    const Answer answer = send(*http, std::move(request));
    EXPECT_FALSE(answer.end);
    const Error& end = answer.end.error();
    EXPECT_EQ(end.describe().find("sk-secret"), std::string::npos);
    EXPECT_EQ(end.describe().find("hidden"), std::string::npos);
    return end;
  };
  Error refused = error(post("http://user:hidden@127.0.0.1:1/x"));
  EXPECT_EQ(refused.code, ErrorCode::kUnavailable);
  EXPECT_TRUE(refused.message.starts_with("cannot connect to http://127.0.0.1:1"))
      << refused.message;
  Error unknown = error(post("http://no-such-host.invalid/"));
  EXPECT_EQ(unknown.code, ErrorCode::kUnavailable);
  EXPECT_NE(unknown.message.find("no-such-host.invalid is not known"), std::string::npos);
  EXPECT_EQ(error(post("ftp://x/")).code, ErrorCode::kInvalidInput);
  EXPECT_EQ(error(post("")).code, ErrorCode::kInvalidInput);
  EXPECT_EQ(error(post("http://")).code, ErrorCode::kInvalidInput);
  HttpRequest broken = post("http://127.0.0.1:1/");
  broken.headers.emplace_back("x-key", "a\nb: hidden");
  Error line_break = error(std::move(broken));
  EXPECT_EQ(line_break.code, ErrorCode::kInvalidInput);
  EXPECT_NE(line_break.message.find("x-key"), std::string::npos);
}

TEST_P(HttpClientBy, CutConnectionsAndNoHttpAreErrors) {
  TestServer server([](const std::string& request, const auto& to) {
    if (request.find("/half") != std::string::npos) {
      to.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    } else if (request.find("/headers") != std::string::npos) {
      to.write("HTTP/1.1 200 OK\r\n");
      const std::string line = "x: " + std::string(60'000, 'y') + "\r\n";
      for (int i = 0; i < 10; ++i) to.write(line);
    } else if (request.find("/junk") != std::string::npos) {
      to.write("\x01\x02\x03 not http\r\n\r\n");
    }
    return false;
  });
  auto http = client();
  const Answer half = send(*http, post(server.url("/half")));
  ASSERT_FALSE(half.end);
  EXPECT_EQ(half.end.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(half.end.error().message.find("after 4 bytes"), std::string::npos)
      << half.end.error().message;
  const Answer none = send(*http, post(server.url("/none")));
  ASSERT_FALSE(none.end);
  EXPECT_EQ(none.end.error().code, ErrorCode::kUnavailable);
  const Answer headers = send(*http, post(server.url("/headers")));
  ASSERT_FALSE(headers.end);
  EXPECT_FALSE(send(*http, post(server.url("/junk"))).end);
}

TEST_P(HttpClientBy, RunsTasksLater) {
  auto http = client();
  std::promise<double> late;
  const auto start = Clock::now();
  http->after(40ms, [&] { late.set_value(ms_since(start)); });
  http->after(10s, [] { FAIL() << "not while the test runs"; });
  const double after = late.get_future().get();
  EXPECT_GE(after, 39);
  EXPECT_LT(after, 200);
}

TEST_P(HttpClientBy, UsesTheProxyItIsTold) {
  std::string seen;
  TestServer proxy([&](const std::string& request, const auto& to) {
    seen = request;
    return to.reply(200, "by proxy");
  });
  auto http = client({.proxy = proxy.url()});
  EXPECT_EQ(send(*http, post("http://model.example:81/v1/x")).body, "by proxy");
  EXPECT_TRUE(seen.starts_with("POST http://model.example:81/v1/x HTTP/1.1")) << seen;
}

TEST_P(HttpClientBy, ReadsBodiesOfEveryFraming) {
  const std::vector<std::string> replies{
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n"
      "X-Trailer: t\r\n\r\n",
      "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", "HTTP/1.0 200 OK\r\n\r\nhello",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"};
  for (const std::size_t piece : {1U, 3U, 1000U}) {
    for (std::size_t i = 0; i < replies.size(); ++i) {
      const bool to_the_end = i == 2 || i == 3;
      TestServer server([&](const std::string&, const auto& to) {
        for (std::size_t at = 0; at < replies[i].size(); at += piece) {
          to.write(replies[i].substr(at, piece));
          if (piece == 1) std::this_thread::sleep_for(100us);
        }
        return !to_the_end;
      });
      auto http = client();
      for (int again = 0; again < 2; ++again) {
        const Answer answer = send(*http, post(server.url()));
        ASSERT_TRUE(answer.end) << answer.end.error().message;
        EXPECT_EQ(answer.end->code, 200);
        EXPECT_EQ(answer.body, "hello") << replies[i] << piece;
        EXPECT_EQ(header(answer.end->headers, "link"), "");
      }
      EXPECT_EQ(server.connections(), to_the_end ? 2 : 1) << replies[i];
    }
  }
}

TEST_P(HttpClientBy, RepliesWithoutABodyEndAtTheirHead) {
  TestServer server([](const std::string& request, const auto& to) {
    to.write(request.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n"
                                         : "HTTP/1.1 204 No Content\r\n\r\n");
    return true;
  });
  auto http = client();
  for (const char* method : {"HEAD", "DELETE", "HEAD", "GET"}) {
    HttpRequest request;
    request.url = server.url();
    request.method = method;
    const Answer answer = send(*http, std::move(request));
    ASSERT_TRUE(answer.end) << method << answer.end.error().message;
    EXPECT_EQ(answer.body, "");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_P(HttpClientBy, ASilentlyClosedConnectionIsReplacedOnce) {
  std::atomic<int> seen{0};
  TestServer server([&](const std::string&, const auto& to) {
    ++seen;
    to.reply(200, "ok");
    return false;  // says keep-alive, and closes all the same
  });
  auto http = client();
  for (int i = 0; i < 20; ++i) {
    const Answer answer = send(*http, post(server.url()));
    ASSERT_TRUE(answer.end) << i << answer.end.error().describe();
    EXPECT_EQ(answer.body, "ok") << i;
  }
  EXPECT_EQ(seen, 20);
}

TEST_P(HttpClientBy, WhatFollowsAReplyIsNotTheNextReply) {
  TestServer server([](const std::string&, const auto& to) {
    to.write(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n"
        "Content-Length: 4\r\n\r\nevil");
    return true;
  });
  auto http = client();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(send(*http, post(server.url())).body, "ok");
}

TEST_P(HttpClientBy, FindsLocalhostByItsName) {
  TestServer server([](const std::string& request, const auto& to) {
    return to.reply(200, request.find("\r\nHost: localhost:") != std::string::npos ? "ok" : "no");
  });
  auto http = client();
  std::string url = server.url("/v1");
  url.replace(url.find("127.0.0.1"), 9, "localhost");
  EXPECT_EQ(send(*http, post(url)).body, "ok");
}

// A loop's thread may serve the client: callbacks come there, and no other thread is made.
TEST_P(HttpClientBy, IsServedByTheThreadThatAdoptsIt) {
  TestServer server([](const std::string&, const auto& to) { return to.reply(200, "ok"); });
  auto http = client();
  const auto events = http->events();
  ASSERT_TRUE(events->adopt());
  EXPECT_FALSE(events->adopt());
  int done = 0;
  std::function<void(int)> next = [&](int left) {
    http->start(post(server.url()),
                {.on_headers = {},
                 .on_data = {},
                 .on_done = [&, left, me = std::this_thread::get_id()](auto end) {
                   EXPECT_TRUE(end);
                   EXPECT_EQ(std::this_thread::get_id(), me);
                   ++done;
                   if (left > 1) next(left - 1);
                 }});
  };
  next(20);
  const auto until = Clock::now() + 20s;
  while (done < 20 && Clock::now() < until) ASSERT_TRUE(events->serve(true));
  EXPECT_EQ(done, 20);
  // Given back while something is under way: the client goes on by itself.
  auto last = begin(*http, post(server.url()));
  events->release();
  EXPECT_EQ(last.get().body, "ok");
  EXPECT_FALSE(events->adopt());  // it has a thread now
}

TEST_P(HttpClientBy, TakesAThreadOfItsOwnWhenOthersStartExchangesToo) {
  TestServer server([](const std::string&, const auto& to) { return to.reply(200, "ok"); });
  auto http = client();
  ASSERT_TRUE(http->events()->adopt());
  auto other = std::async(std::launch::async, [&] { return send(*http, post(server.url())); });
  const auto until = Clock::now() + 20s;
  while (http->events()->serve(true) && Clock::now() < until) {
  }
  EXPECT_EQ(other.get().body, "ok");
  EXPECT_EQ(send(*http, post(server.url())).body, "ok");
}

TEST_P(HttpClientBy, EndsWhileItIsAdopted) {
  TestServer server([](const std::string&, const auto&) {
    std::this_thread::sleep_for(100ms);
    return false;
  });
  for (const bool by_owner : {true, false}) {
    auto http = client();
    const auto events = http->events();
    ASSERT_TRUE(events->adopt());
    const HttpPort port = http->port();
    auto first = begin(*http, post(server.url()));
    ASSERT_TRUE(events->serve(true));
    if (by_owner) {
      http.reset();
      EXPECT_FALSE(events->serve(true));
    } else {
      auto ending = std::async(std::launch::async, [&] { http.reset(); });
      const auto until = Clock::now() + 20s;
      while (events->serve(true) && Clock::now() < until) {
      }
    }
    ASSERT_EQ(first.wait_for(20s), std::future_status::ready);
    EXPECT_EQ(first.get().end.error().code, ErrorCode::kCancelled);
    // Later ones hear it at once.
    std::optional<ErrorCode> late;
    port.start(post(server.url()), {.on_headers = {}, .on_data = {}, .on_done = [&](auto end) {
                                      if (!end) late = end.error().code;
                                    }});
    EXPECT_EQ(late, ErrorCode::kCancelled);
  }
}

}  // namespace
}  // namespace cadre::net
