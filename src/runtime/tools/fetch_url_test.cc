#include "runtime/tools/fetch_url.h"

#include <gtest/gtest.h>

#include "net/http_test_server.h"

namespace cadre {
namespace {

using net::testing::TestServer;

Result<Json> fetch(const std::string& url, net::HttpClientOptions http = {}) {
  FetchUrl tool(std::move(http));
  const Task task;
  TaskToolContext context;
  context.task = &task;
  return tool.run(JsonObject{{"url", url}}, context);
}

TEST(FetchUrl, TextRedirectsAndWhatIsTooMuch) {
  TestServer server([](const std::string& request, const TestServer::Connection& connection) {
    if (request.starts_with("GET /moved")) {
      return connection.reply(302, "", "Location: http://192.0.2.1/x\r\n");
    }
    if (request.starts_with("GET /picture")) {
      return connection.reply(200, "\x89PNG", "Content-Type: image/png\r\n");
    }
    if (request.starts_with("GET /big")) {
      return connection.reply(200, std::string(300 * 1024, 'x'), "Content-Type: text/plain\r\n");
    }
    return connection.reply(200, "hello", "Content-Type: text/plain\r\n");
  });
  const std::string base = server.url("");
  const auto page = fetch(base + "/");
  ASSERT_TRUE(page.has_value()) << page.error().describe();
  EXPECT_EQ(json::get_string(*page, "text"), "hello");
  const auto moved = fetch(base + "/moved");
  ASSERT_TRUE(moved.has_value());
  EXPECT_EQ(json::get_string(*moved, "location"), "http://192.0.2.1/x");
  EXPECT_FALSE(fetch(base + "/picture").has_value());
  EXPECT_FALSE(fetch(base + "/big").has_value());
}

TEST(FetchUrl, GoesByTheProxyAndTheCertificatesThatAreGiven) {
  std::string asked;
  TestServer proxy([&](const std::string& request, const TestServer::Connection& connection) {
    asked = request.substr(0, request.find('\r'));
    return connection.reply(200, "by proxy", "Content-Type: text/plain\r\n");
  });
  const auto page = fetch("http://docs.example:81/x", {.proxy = proxy.url()});
  ASSERT_TRUE(page.has_value()) << page.error().describe();
  EXPECT_EQ(json::get_string(*page, "text"), "by proxy");
  EXPECT_EQ(asked, "GET http://docs.example:81/x HTTP/1.1");
  const std::string tls = "https" + proxy.url("/x").substr(4);
  const auto certificates = fetch(tls, {.ca_file = "/nowhere/ca.pem"});
  ASSERT_FALSE(certificates.has_value());
  EXPECT_NE(certificates.error().describe().find("/nowhere/ca.pem"), std::string::npos)
      << certificates.error().describe();
}

TEST(FetchUrl, AddressesThatAreNotAsked) {
  for (const char* url :
       {"file:///etc/passwd", "ftp://x/y", "http://", "https://key@host/", "http://host/a b", ""}) {
    const auto page = fetch(url);
    ASSERT_FALSE(page.has_value()) << url;
    EXPECT_EQ(page.error().code, ErrorCode::kInvalidInput) << url;
  }
}

}  // namespace
}  // namespace cadre
