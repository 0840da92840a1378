#include "net/unix_http.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <thread>

namespace cadre {
namespace {

using namespace std::chrono_literals;

// A server that reads whole requests and answers each with what `answer` gives for its bytes.
class Server {
 public:
  explicit Server(std::function<std::string(const std::string&)> answer)
      : answer_(std::move(answer)) {
    char name[] = "/tmp/cadre-http-XXXXXX";
    folder_ = ::mkdtemp(name);
    path_ = folder_ + "/s";
    listener_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 4);
    thread_ = std::jthread([this] { serve(); });
  }
  ~Server() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
  }
  const std::string& path() const { return path_; }
  int connections() const { return connections_; }

 private:
  void serve() {
    for (int fd = 0; (fd = ::accept(listener_, nullptr, nullptr)) >= 0; ::close(fd)) {
      ++connections_;
      std::string seen;
      char buffer[65536];
      for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof buffer)) > 0;) {
        seen.append(buffer, static_cast<std::size_t>(n));
        const std::size_t head = seen.find("\r\n\r\n");
        if (head == std::string::npos) continue;
        const std::size_t at = seen.find("Content-Length: ");
        const std::size_t length = at < head ? std::stoul(seen.substr(at + 16)) : 0;
        if (seen.size() < head + 4 + length) continue;
        const std::string reply = answer_(seen);
        seen.clear();
        if (reply.empty()) break;
        (void)!::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL);
      }
    }
  }
  std::function<std::string(const std::string&)> answer_;
  std::string folder_, path_;
  int listener_ = -1;
  std::atomic<int> connections_ = 0;
  std::jthread thread_;
};

std::string reply(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\n" +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

UnixHttpClient client(const Server& server, std::size_t bytes_max = 1 << 20) {
  return UnixHttpClient::make({server.path(), 5000ms, bytes_max, {}}).value();
}

TEST(UnixHttp, SendsWhatIsGivenAndReadsTheAnswer) {
  std::string seen;
  Server server([&](const std::string& request) {
    seen = request;
    return reply(201, "{\"id\":1}");
  });
  auto http = client(server);
  auto response = http.send({"POST",
                             "/books?a=%20b&x=../y",
                             {{"Authorization", "Bearer t"}, {"Content-Type", "application/json"}},
                             "{}"});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "{\"id\":1}");
  EXPECT_EQ(response->header("content-type"), "application/json");
  EXPECT_EQ(response->header("missing"), "");
  EXPECT_TRUE(seen.starts_with("POST /books?a=%20b&x=../y HTTP/1.1\r\n")) << seen;
  EXPECT_NE(seen.find("Authorization: Bearer t\r\n"), std::string::npos);
  EXPECT_TRUE(seen.ends_with("\r\n\r\n{}"));
}

TEST(UnixHttp, KeepsItsConnection) {
  Server server([](const std::string&) { return reply(200, "x"); });
  auto http = client(server);
  for (const char* method : {"GET", "POST", "PATCH", "GET", "DELETE"}) {
    auto response = http.send({method, "/", {}, ""});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "x");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(UnixHttp, StatusAboveFourHundredIsAnAnswer) {
  Server server([](const std::string&) { return reply(422, "{}"); });
  EXPECT_EQ(client(server).send({})->status, 422);
}

TEST(UnixHttp, NoBodyNoContentType) {
  std::string seen;
  Server server([&](const std::string& request) {
    seen = request;
    return reply(200, "");
  });
  auto http = client(server);
  ASSERT_TRUE(http.send({"POST", "/x", {}, ""}));
  EXPECT_EQ(seen.find("Content-Type"), std::string::npos);
  EXPECT_NE(seen.find("Content-Length: 0"), std::string::npos);
  EXPECT_EQ(seen.find("Expect"), std::string::npos);
}

TEST(UnixHttp, TooLargeAnAnswerIsRefused) {
  Server server([](const std::string&) { return reply(200, std::string(5000, 'x')); });
  EXPECT_EQ(client(server, 1000).send({}).error().code, ErrorCode::kExhausted);
}

TEST(UnixHttp, ConnectionThatBreaksIsAnError) {
  Server server([](const std::string&) { return std::string(); });
  auto response = client(server).send({});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kUnavailable);
}

TEST(UnixHttp, NobodyListening) {
  auto http = UnixHttpClient::make({"/tmp/cadre-no-such-socket", 1000ms, 1000, {}});
  EXPECT_EQ(http->send({}).error().code, ErrorCode::kUnavailable);
}

TEST(UnixHttp, SlowServerTimesOut) {
  Server server([](const std::string&) {
    std::this_thread::sleep_for(300ms);
    return std::string();
  });
  auto http = UnixHttpClient::make({server.path(), 50ms, 1000, {}});
  EXPECT_EQ(http->send({}).error().message, "GET /: no answer within 50 ms");
}

TEST(UnixHttp, RequestsThatWouldBreakTheProtocolAreRefused) {
  auto http = UnixHttpClient::make({"/tmp/x", 50ms, 1000, {}});
  EXPECT_EQ(http->send({"GET", "/a b", {}, ""}).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(http->send({"GET", "/a\r\nX: y", {}, ""}).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(http->send({"GE T", "/", {}, ""}).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(http->send({"GET", "/", {{"A", "b\r\nC: d"}}, ""}).error().code,
            ErrorCode::kInvalidInput);
  EXPECT_FALSE(UnixHttpClient::make({std::string(108, 'x'), 50ms, 1000, {}}));
}

}  // namespace
}  // namespace cadre
