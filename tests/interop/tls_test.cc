// The HTTP client over TLS. Run by tls_test.sh, which starts the servers.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "net/http_client.h"

namespace cadre::net {
namespace {

std::string http1, http2, certificate;

struct Answer {
  Result<HttpStatus> end = fail(ErrorCode::kInternal, "never ended");
  std::string body;
};

std::vector<Answer> ask(HttpClient& http, const std::string& url, std::size_t times) {
  std::vector<Answer> answers(times);
  std::vector<std::promise<void>> over(times);
  for (std::size_t i = 0; i < times; ++i) {
    HttpRequest request;
    request.url = url;
    request.body = std::make_shared<const std::string>("{}");
    http.start(std::move(request), {.on_headers = {},
                                    .on_data =
                                        [&, i](std::string_view bytes) {
                                          answers[i].body += bytes;
                                          return DataVerdict::kContent;
                                        },
                                    .on_done =
                                        [&, i](Result<HttpStatus> end) {
                                          answers[i].end = std::move(end);
                                          over[i].set_value();
                                        }});
  }
  for (auto& one : over) one.get_future().wait();
  return answers;
}

TEST(Tls, RefusesAServerThatNobodyVouchesFor) {
  auto http = std::move(*HttpClient::make());
  const Answer answer = ask(*http, http1, 1)[0];
  ASSERT_FALSE(answer.end);
  EXPECT_EQ(answer.end.error().code, ErrorCode::kDenied);
  EXPECT_NE(answer.end.error().message.find("self-signed certificate"), std::string::npos)
      << answer.end.error().message;
  auto missing = std::move(*HttpClient::make({.ca_file = "/no/such/file.pem"}));
  EXPECT_EQ(ask(*missing, http1, 1)[0].end.error().code, ErrorCode::kDenied);
}

TEST(Tls, KeepsHttp1Connections) {
  auto http = std::move(*HttpClient::make({.ca_file = certificate}));
  for (int i = 0; i < 5; ++i) {
    const Answer answer = ask(*http, http1, 1)[0];
    ASSERT_TRUE(answer.end) << answer.end.error().message;
    EXPECT_TRUE(answer.body.starts_with("1.1 ")) << answer.body;
  }
  EXPECT_EQ(http->stats().connections, 1U);
}

TEST(Tls, ABurstOverHttp2SharesFewConnections) {
  auto http = std::move(*HttpClient::make({.ca_file = certificate}));
  for (int round = 0; round < 2; ++round) {
    for (const Answer& answer : ask(*http, http2, 1000)) {
      ASSERT_TRUE(answer.end) << answer.end.error().message;
      EXPECT_TRUE(answer.body.starts_with("2.0 ")) << answer.body;
    }
  }
  fmt::print("2,000 exchanges over {} connections\n", http->stats().connections);
  EXPECT_LE(http->stats().connections, 16U);
}

}  // namespace
}  // namespace cadre::net

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (argc != 4) {
    fmt::print(stderr, "usage: {} HTTP1_URL HTTP2_URL CERTIFICATE\n", argv[0]);
    return 2;
  }
  cadre::net::http1 = argv[1];
  cadre::net::http2 = argv[2];
  cadre::net::certificate = argv[3];
  return RUN_ALL_TESTS();
}
