#include "faults/fault_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <chrono>

#include "base/clock.h"
#include "base/json.h"
#include "model/json_text.h"

namespace cadre::bench {
namespace {

using model::quoted;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::uint64_t hash_of(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// Closing then sends a reset instead of an end.
void will_reset(int fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

bool write_whole(int fd, int status, std::string_view body, std::string_view headers = {}) {
  return write_all(fd, fmt::format("HTTP/1.1 {} Word\r\nContent-Type: application/json\r\n{}"
                                   "Content-Length: {}\r\n\r\n{}",
                                   status, headers, body.size(), body));
}

std::string chunk(std::string_view bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

// Length of the request in `bytes`, or 0 while it is not whole.
struct Whole {
  std::size_t head = 0, all = 0;
};
Whole whole_request(const std::string& bytes) {
  const std::size_t head = bytes.find("\r\n\r\n");
  if (head == std::string::npos) return {};
  constexpr std::string_view kLength = "\r\ncontent-length: ";
  std::size_t length = 0;
  for (std::size_t at = 0; at + kLength.size() < head; ++at) {
    if (::strncasecmp(bytes.data() + at, kLength.data(), kLength.size()) != 0) continue;
    std::from_chars(bytes.data() + at + kLength.size(), bytes.data() + head, length);
  }
  const std::size_t all = head + 4 + length;
  return bytes.size() < all ? Whole{} : Whole{head, all};
}

// The mind's own faults, as what it says instead.
Said spoiled(Said said, FaultKind fault) {
  switch (fault) {
    case FaultKind::kBadArguments:
      if (said.tool.empty()) break;
      return {said.tool, said.arguments.substr(0, said.arguments.size() / 2) + "\"oops", ""};
    case FaultKind::kBadDelivery:
      if (!said.tool.starts_with("deliver_")) break;
      return {said.tool, R"({"data":{"wrong":[1,2,3]}})", ""};
    case FaultKind::kTextOnly: return {"", "", "I have thought about it and it looks fine."};
    case FaultKind::kUnknownTool: return {"summon_help", "{}", ""};
    default: break;
  }
  return said;
}

std::string error_body(bool anthropic, std::string_view type, std::string_view message) {
  return anthropic ? fmt::format(R"({{"type":"error","error":{{"type":"{}","message":"{}"}}}})",
                                 type, message)
                   : fmt::format(R"({{"error":{{"message":"{1}","type":"{0}","code":"{0}"}}}})",
                                 type, message);
}

}  // namespace

std::string_view to_string(FaultKind kind) {
  constexpr std::array<std::string_view, kFaultKinds + 1> kWords{
      "429 with Retry-After", "503", "529", "refused", "reset before headers",
      "cut off mid-stream", "truncated JSON", "malformed SSE", "stall", "error event in stream",
      "bad tool arguments", "delivery off schema", "text, no delivery", "unknown tool", "none"};
  return kWords[static_cast<std::size_t>(kind)];
}

// What goes over the wire: a reply as a whole, and as events.
struct FaultServer::Reply {
  Said said;
  std::int64_t serial = 0, input_tokens = 0, output_tokens = 0;

  std::string whole(bool anthropic) const { return anthropic ? messages() : chat(); }
  std::vector<std::string> events(bool anthropic) const {
    return anthropic ? messages_events() : chat_events();
  }

 private:
  std::string chat() const {
    const std::string message =
        said.tool.empty()
            ? fmt::format(R"("content":{})", quoted(said.text))
            : fmt::format(R"("content":null,"tool_calls":[{{"id":"call_{}","type":"function",)"
                          R"("function":{{"name":{},"arguments":{}}}}}])",
                          serial, quoted(said.tool), quoted(said.arguments));
    return fmt::format(
        R"({{"id":"chatcmpl-{}","object":"chat.completion","created":1,"model":"fault",)"
        R"("choices":[{{"index":0,"message":{{"role":"assistant",{}}},"finish_reason":"{}"}}],)"
        R"("usage":{}}})",
        serial, message, finish(), chat_usage());
  }
  std::string finish() const { return said.tool.empty() ? "stop" : "tool_calls"; }
  std::string chat_usage() const {
    return fmt::format(R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{}}})",
                       input_tokens, output_tokens, input_tokens + output_tokens);
  }
  std::vector<std::string> chat_events() const {
    std::vector<std::string> out;
    const auto event = [&](std::string_view delta, std::string_view finish_reason,
                           const std::string& more = {}) {
      out.push_back(fmt::format(
          R"(data: {{"id":"chatcmpl-{}","object":"chat.completion.chunk","created":1,)"
          R"("model":"fault","choices":[{{"index":0,"delta":{},"finish_reason":{}}}]{}}})"
          "\n\n",
          serial, delta, finish_reason, more));
    };
    event(R"({"role":"assistant","content":null})", "null");
    if (said.tool.empty()) {
      event(fmt::format(R"({{"content":{}}})", quoted(said.text)), "null");
    } else {
      event(fmt::format(R"({{"tool_calls":[{{"index":0,"id":"call_{}","type":"function",)"
                        R"("function":{{"name":{},"arguments":""}}}}]}})",
                        serial, quoted(said.tool)),
            "null");
      const std::string_view all = said.arguments;
      const std::size_t half = all.size() / 2;
      for (const std::string_view piece : {all.substr(0, half), all.substr(half)}) {
        event(fmt::format(R"({{"tool_calls":[{{"index":0,"function":{{"arguments":{}}}}}]}})",
                          quoted(piece)),
              "null");
      }
    }
    event("{}", quoted(finish()), fmt::format(R"(,"usage":{})", chat_usage()));
    out.emplace_back("data: [DONE]\n\n");
    return out;
  }

  std::string block(bool with_input) const {
    if (said.tool.empty()) {
      return fmt::format(R"({{"type":"text","text":{}}})", with_input ? quoted(said.text) : "\"\"");
    }
    // Whole replies carry an object: what is no JSON is put as text.
    std::string input = "{}";
    if (with_input) input = json::parse(said.arguments) ? said.arguments : quoted(said.arguments);
    return fmt::format(R"({{"type":"tool_use","id":"toolu_{}","name":{},"input":{}}})", serial,
                       quoted(said.tool), input);
  }
  std::string stop() const { return said.tool.empty() ? "end_turn" : "tool_use"; }
  std::string messages() const {
    return fmt::format(
        R"({{"id":"msg_{}","type":"message","role":"assistant","model":"fault","content":[{}],)"
        R"("stop_reason":"{}","stop_sequence":null,"usage":{{"input_tokens":{},)"
        R"("output_tokens":{}}}}})",
        serial, block(true), stop(), input_tokens, output_tokens);
  }
  std::vector<std::string> messages_events() const {
    std::vector<std::string> out;
    const auto event = [&](std::string_view type, const std::string& rest) {
      out.push_back(
          fmt::format("event: {0}\ndata: {{\"type\":\"{0}\"{1}}}\n\n", type, rest));
    };
    event("message_start",
          fmt::format(R"(,"message":{{"id":"msg_{}","type":"message","role":"assistant",)"
                      R"("model":"fault","content":[],"stop_reason":null,"usage":)"
                      R"({{"input_tokens":{},"output_tokens":1}}}})",
                      serial, input_tokens));
    event("ping", "");
    event("content_block_start",
          fmt::format(R"(,"index":0,"content_block":{})", block(false)));
    const std::string_view all = said.tool.empty() ? said.text : said.arguments;
    const std::size_t half = all.size() / 2;
    for (const std::string_view piece : {all.substr(0, half), all.substr(half)}) {
      event("content_block_delta",
            said.tool.empty()
                ? fmt::format(R"(,"index":0,"delta":{{"type":"text_delta","text":{}}})",
                              quoted(piece))
                : fmt::format(
                      R"(,"index":0,"delta":{{"type":"input_json_delta","partial_json":{}}})",
                      quoted(piece)));
    }
    event("content_block_stop", R"(,"index":0)");
    event("message_delta",
          fmt::format(R"(,"delta":{{"stop_reason":"{}","stop_sequence":null}},"usage":)"
                      R"({{"output_tokens":{}}})",
                      stop(), output_tokens));
    event("message_stop", "");
    return out;
  }
};

FaultServer::FaultServer(FaultOptions options) : options_(std::move(options)) {
  listen_again();
  acceptor_ = std::thread([this] { accept_all(); });
}

FaultServer::~FaultServer() {
  stop_ = true;
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  if (listener_ >= 0) ::close(listener_);
}

// On the same port as before, from the second time on.
bool FaultServer::listen_again() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 512) != 0) {
    ::close(std::exchange(listener_, -1));
    return false;
  }
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  return true;
}

void FaultServer::accept_all() {
  while (!stop_) {
    if (now_ms() < closed_until_ms_) {
      if (listener_ >= 0) ::close(std::exchange(listener_, -1));
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      continue;
    }
    if (listener_ < 0 && !listen_again()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      continue;
    }
    pollfd waits{listener_, POLLIN, 0};
    if (::poll(&waits, 1, 5) <= 0) continue;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const std::lock_guard lock(mutex_);
    open_.insert(fd);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void FaultServer::serve(int fd) {
  std::string seen;
  std::array<char, 65536> buffer{};
  for (bool on = true; on;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n <= 0) break;
    seen.append(buffer.data(), static_cast<std::size_t>(n));
    for (Whole whole = whole_request(seen); on && whole.all > 0; whole = whole_request(seen)) {
      const std::string_view all = std::string_view(seen).substr(0, whole.all);
      on = handle(fd, all.substr(0, whole.head), all.substr(whole.head + 4));
      seen.erase(0, whole.all);
    }
  }
  const std::lock_guard lock(mutex_);
  open_.erase(fd);
  ::close(fd);
}

FaultKind FaultServer::draw(std::string_view body) {
  const std::uint64_t hash = hash_of(body);
  const std::lock_guard lock(mutex_);
  const auto nth = static_cast<std::uint64_t>(seen_[hash]++);
  Rng rng(options_.seed * 0x9E3779B97F4A7C15ULL ^ hash ^ (nth << 48U));
  FaultKind fault = FaultKind::kNone;
  if (static_cast<double>(rng.below(1'000'000)) < options_.rate * 1e6) {
    fault = static_cast<FaultKind>(rng.below(kFaultKinds));
  }
  faults_[static_cast<std::size_t>(fault)]++;
  return fault;
}

bool FaultServer::handle(int fd, std::string_view head, std::string_view body) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const std::string_view path = line.substr(0, line.rfind(' '));
  const Asked asked = read_request(path, body);
  if (asked.run < 0 || asked.makes.empty()) {
    ++strays_;
    return write_whole(fd, 400, error_body(asked.anthropic, "invalid_request", "what is this?"));
  }
  if (options_.on_request) options_.on_request(asked.run);
  const FaultKind fault = draw(body);
  const std::string_view type = "overloaded_error";
  switch (fault) {
    case FaultKind::kTooMany:
      note_answer(asked, body, {}, false);
      return write_whole(fd, 429, error_body(asked.anthropic, "rate_limit_error", "too many"),
                         fmt::format("Retry-After: {}\r\n", options_.retry_after));
    case FaultKind::kUnavailable:
      note_answer(asked, body, {}, false);
      return write_whole(fd, 503, error_body(asked.anthropic, type, "unavailable"));
    case FaultKind::kOverloaded:
      note_answer(asked, body, {}, false);
      return write_whole(fd, 529, error_body(asked.anthropic, type, "overloaded"));
    case FaultKind::kRefused: closed_until_ms_ = now_ms() + options_.closed_ms; [[fallthrough]];
    case FaultKind::kReset:
      note_answer(asked, body, {}, false);
      will_reset(fd);
      return false;
    default: break;
  }
  Reply reply;
  reply.said = spoiled(answer(asked), fault);
  reply.serial = ++serial_;
  reply.input_tokens = static_cast<std::int64_t>(body.size() / 4);
  reply.output_tokens =
      static_cast<std::int64_t>((reply.said.arguments.size() + reply.said.text.size()) / 4 + 8);
  const bool well = static_cast<std::size_t>(fault) >= kTransportFaults;
  note_answer(asked, body, reply, well);
  if (fault == FaultKind::kTruncated || (!asked.stream && !well)) {
    const std::string whole = reply.whole(asked.anthropic);
    return write_whole(fd, 200, std::string_view(whole).substr(0, whole.size() * 2 / 3));
  }
  if (asked.stream) return say_stream(asked, fault, reply, fd);
  return write_whole(fd, 200, reply.whole(asked.anthropic));
}

bool FaultServer::say_stream(const Asked& asked, FaultKind fault, const Reply& reply, int fd) {
  const auto events = reply.events(asked.anthropic);
  std::string out =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i == events.size() / 2) {
      if (!write_all(fd, out)) return false;
      out.clear();
      if (fault == FaultKind::kCutOff) return false;
      if (fault == FaultKind::kStall) {
        for (int waited = 0; waited < options_.stall_ms && !stop_; waited += 20) {
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return false;
      }
      if (fault == FaultKind::kMalformed) out += chunk("data: {\"id\": oops, not JSON\n\n");
      if (fault == FaultKind::kErrorEvent) {
        out += chunk(fmt::format("{}data: {}\n\n", asked.anthropic ? "event: error\n" : "",
                                 error_body(asked.anthropic, "overloaded_error", "Overloaded")));
        out += "0\r\n\r\n";
        return write_all(fd, out);
      }
    }
    out += chunk(events[i]);
  }
  return write_all(fd, out + "0\r\n\r\n");
}

void FaultServer::note_answer(const Asked& asked, std::string_view body, const Reply& reply,
                              bool well) {
  const std::lock_guard lock(mutex_);
  ServedRun& run = runs_[asked.run];
  run.requests++;
  if (!well) run.faults++;
  run.tokens += reply.input_tokens + (well ? reply.output_tokens : reply.output_tokens / 2);
  if (!well) return;
  run.answered++;
  if (!answered_.insert(hash_of(body)).second) run.repeated++;
}

std::array<std::int64_t, kFaultKinds + 1> FaultServer::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

std::map<int, ServedRun> FaultServer::runs() const {
  const std::lock_guard lock(mutex_);
  return runs_;
}

}  // namespace cadre::bench
