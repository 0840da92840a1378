#include "net/http_transfer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>

#include "base/text.h"

namespace cadre::net {
namespace {

// Small, so that ten thousand handles stay small; a reply is seldom longer than a few kilobytes.
constexpr long kBufferBytes = 2048;
constexpr long kUploadBufferBytes = 16 * 1024;
constexpr std::size_t kHeadersUsual = 8;

// "HTTP/1.1 200 OK" -> 200
int status_code(std::string_view line) {
  const std::size_t space = line.find(' ');
  int code = 0;
  if (space != std::string_view::npos) {
    std::from_chars(line.data() + space + 1, line.data() + line.size(), code);
  }
  return code;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<HttpTransfer*>(user);
  const std::size_t length = size * count;
  const std::string_view line = text::trim({data, length});
  if (!transfer.count_head(length)) return 0;
  if (line.starts_with("HTTP/")) {
    transfer.begin_head(status_code(line));
  } else if (line.empty()) {
    transfer.end_head();
  } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    transfer.add_header(line.substr(0, colon), line.substr(colon + 1));
  }
  return length;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  const std::size_t length = size * count;
  return static_cast<HttpTransfer*>(user)->take_body({data, length}) ? length : 0;
}

bool one_line(std::string_view value) {
  return value.find_first_of("\r\n") == std::string_view::npos &&
         value.find('\0') == std::string_view::npos;
}

std::string host_words(const HttpTransfer& transfer) { return origin_of(transfer.request.url); }

std::string seconds(std::chrono::milliseconds time) {
  return fmt::format("{:g} s", static_cast<double>(time.count()) / 1000);
}

Error not_reached(const HttpTransfer& transfer) {
  return {ErrorCode::kUnavailable,
          fmt::format("{} could not be reached within {}", host_words(transfer),
                      seconds(transfer.request.timeouts.connect)),
          "check the network, the proxy and the address"};
}

// libcurl's own words, without a line break at the end; the code's name when it has none.
std::string reason(const HttpTransfer& transfer, CURLcode code) {
  const std::string_view said = text::trim(transfer.detail.data());
  return said.empty() ? curl_easy_strerror(code) : text::clean_utf8(said);
}

}  // namespace

HttpTransfer::~HttpTransfer() {
  curl_slist_free_all(header_list);
  if (easy != nullptr) curl_easy_cleanup(easy);
}

bool HttpTransfer::count_head(std::size_t bytes) {
  header_bytes += bytes;
  if (header_bytes > kHeaderBytesMax) {
    fault =
        Error{ErrorCode::kExhausted,
              fmt::format("the server sent more than {} KiB of headers", kHeaderBytesMax / 1024),
              "is the address right?"};
    return false;
  }
  content_us = steady_us();
  return true;
}

void HttpTransfer::begin_head(int code) {
  status.code = code;
  status.headers.clear();
  status.headers.reserve(kHeadersUsual);
}

void HttpTransfer::add_header(std::string_view name, std::string_view value) {
  status.headers.emplace_back(text::lower(text::trim(name)), std::string(text::trim(value)));
}

void HttpTransfer::end_head() {
  if (status.code < 200 || std::exchange(headers_told, true)) return;
  if (callbacks.on_headers) callbacks.on_headers(status.code, status.headers);
}

bool HttpTransfer::take_body(std::string_view bytes) {
  if (cancelled.load(std::memory_order_relaxed)) {
    fault = Error{ErrorCode::kCancelled, "the request was cancelled", ""};
    return false;
  }
  status.bytes += bytes.size();
  if (status.bytes > request.max_response_bytes) {
    fault = Error{
        ErrorCode::kExhausted,
        fmt::format("the reply is longer than the limit of {} bytes", request.max_response_bytes),
        "it was cut off"};
    return false;
  }
  if (!callbacks.on_data) return true;
  switch (callbacks.on_data(bytes)) {
    case DataVerdict::kContent: content_us = steady_us(); break;
    case DataVerdict::kNoise: break;
    case DataVerdict::kStop:
      fault = Error{ErrorCode::kCancelled, "the reader had enough", ""};
      return false;
  }
  return true;
}

std::int64_t HttpTransfer::deadline_us() const {
  std::int64_t at = connect_by_us > 0 ? connect_by_us : std::numeric_limits<std::int64_t>::max();
  const HttpTimeouts& limits = request.timeouts;
  if (limits.total.count() > 0) at = std::min(at, started_us + limits.total.count() * 1000);
  if (limits.idle.count() > 0) at = std::min(at, content_us + limits.idle.count() * 1000);
  return at;
}

Error HttpTransfer::time_over(std::int64_t now_us) const {
  const HttpTimeouts& limits = request.timeouts;
  if (limits.total.count() > 0 && now_us >= started_us + limits.total.count() * 1000) {
    return {ErrorCode::kExhausted,
            fmt::format("{} did not finish within {}", host_words(*this), seconds(limits.total)),
            "raise the time limit or ask for less"};
  }
  if (connect_by_us > 0 && now_us >= connect_by_us) return not_reached(*this);
  return {ErrorCode::kUnavailable,
          fmt::format("{} sent no content for {}", host_words(*this), seconds(limits.idle)),
          "the server hangs or the network is cut"};
}

namespace {

Result<void> check_headers(const HttpHeaders& headers) {
  for (const auto& [name, value] : headers) {
    if (name.empty() || !one_line(name) || name.find(':') != std::string::npos) {
      return fail(ErrorCode::kInvalidInput, "a header's name is empty or holds a colon");
    }
    if (!one_line(value)) {
      return fail(ErrorCode::kInvalidInput, fmt::format("the header {} holds a line break", name),
                  "does the key end in a newline?");
    }
  }
  return {};
}

}  // namespace

Result<void> check_request(const HttpRequest& request) {
  const auto scheme = std::string_view(request.url).substr(0, request.url.find(':'));
  if (!text::is_lower(scheme, "http") && !text::is_lower(scheme, "https")) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("not a web address: '{}'", text::shorten(request.url, 80)),
                "it must begin with http:// or https://");
  }
  if (!one_line(request.url)) {
    return fail(ErrorCode::kInvalidInput, "the web address holds a line break");
  }
  if (request.common != nullptr) {
    if (auto sound = check_headers(*request.common); !sound) return sound;
  }
  return check_headers(request.headers);
}

std::string origin_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::size_t end = url.find_first_of("/?#", scheme + 3);
  std::string_view authority = url.substr(scheme + 3, end - scheme - 3);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    authority.remove_prefix(at + 1);  // user and password are nobody's business
  }
  return text::lower(url.substr(0, scheme)) + "://" + text::lower(authority);
}

void prepare_handle(CURL* easy, const HttpClientOptions& options, CURLSH* share) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_SHARE, share);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);  // a key must not follow a redirect
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kBufferBytes);
  curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  // An empty string, not null: null would make libcurl read the environment.
  curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, options.no_proxy.c_str());
  if (!options.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
}

void load_handle(HttpTransfer& transfer) {
  CURL* easy = transfer.easy;
  const HttpRequest& request = transfer.request;
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 0L);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.detail.data());
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  const long connect_ms = request.timeouts.connect.count();
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  const bool tls = text::lower(request.url.substr(0, 6)) == "https:";
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                   static_cast<long>(tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  // Over TLS the first burst waits to learn whether it can share one connection.
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, tls ? 1L : 0L);
  const auto add = [&transfer](const HttpHeaders& headers) {
    for (const auto& [name, value] : headers) {
      const std::string line = value.empty() ? name + ";" : name + ": " + value;
      transfer.header_list = curl_slist_append(transfer.header_list, line.c_str());
    }
  };
  if (request.common != nullptr) add(*request.common);
  add(request.headers);
  transfer.header_list = curl_slist_append(transfer.header_list, "Expect:");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.header_list);
  if (request.body != nullptr) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body->size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body->data());
  } else {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, nullptr);
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    if (request.method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  }
  const char* plain = request.body != nullptr ? "POST" : "GET";
  const bool custom = request.method != plain && request.method != "HEAD";
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, custom ? request.method.c_str() : nullptr);
}

bool closed_when_reused(const HttpTransfer& transfer, CURLcode code) {
  const bool broken_off =
      code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_GOT_NOTHING;
  if (!broken_off || transfer.fault || transfer.sent_again || transfer.header_bytes > 0)
    return false;
  long connections_made = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_NUM_CONNECTS, &connections_made);
  return connections_made == 0;
}

Error curl_failure(const HttpTransfer& transfer, CURLcode code) {
  if (transfer.fault) return *transfer.fault;
  const std::string host = host_words(transfer);
  const std::string why = reason(transfer, code);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {ErrorCode::kInvalidInput, fmt::format("not a usable web address: '{}'", host),
              "http://host:port/path or https://host/path"};
    case CURLE_COULDNT_RESOLVE_HOST:
      return {ErrorCode::kUnavailable, fmt::format("the host of {} is not known", host),
              "check the address and the network's name service"};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {ErrorCode::kUnavailable, "the proxy's host is not known", "check the proxy setting"};
    case CURLE_COULDNT_CONNECT: return cannot_connect(transfer, why);
    case CURLE_OPERATION_TIMEDOUT: return not_reached(transfer);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
      return {ErrorCode::kDenied, fmt::format("no trusted TLS connection to {}: {}", host, why),
              "check the address, the clock and the CA file"};
    default: break;
  }
  return broken(transfer, why);
}

Error cannot_connect(const HttpTransfer& transfer, std::string_view why) {
  return {ErrorCode::kUnavailable,
          fmt::format("cannot connect to {}: {}", host_words(transfer), why),
          "is the server running, and the port right?"};
}

Error broken(const HttpTransfer& transfer, std::string_view why) {
  return {ErrorCode::kUnavailable,
          fmt::format("the connection to {} broke{}: {}", host_words(transfer),
                      transfer.status.bytes > 0
                          ? fmt::format(" after {} bytes of the reply", transfer.status.bytes)
                          : std::string(" before a reply came"),
                      why),
          "try again"};
}

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace cadre::net
