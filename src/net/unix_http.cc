#include "net/unix_http.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "base/text.h"

namespace cadre {
namespace {

constexpr std::size_t kSocketPathMax = 107;  // sockaddr_un::sun_path without its NUL

// Where a response is gathered while curl calls back.
struct Gathering {
  HttpResponse response;
  std::size_t bytes_max = 0;
  std::size_t header_bytes = 0;
  bool too_large = false;
  std::stop_token stop;
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& gathering = *static_cast<Gathering*>(user);
  const std::size_t bytes = size * count;
  if (gathering.response.body.size() + bytes > gathering.bytes_max) {
    gathering.too_large = true;
    return 0;
  }
  gathering.response.body.append(data, bytes);
  return bytes;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& gathering = *static_cast<Gathering*>(user);
  const std::size_t bytes = size * count;
  gathering.header_bytes += bytes;
  if (gathering.header_bytes > 256 * 1024) {
    gathering.too_large = true;
    return 0;
  }
  const std::string_view line(data, bytes);
  if (line.starts_with("HTTP/")) {
    gathering.response.headers.clear();  // those before were of a 1xx answer
    return bytes;
  }
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    gathering.response.headers.emplace_back(text::lower(text::trim(line.substr(0, colon))),
                                            text::trim(line.substr(colon + 1)));
  }
  return bytes;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Gathering*>(user)->stop.stop_requested() ? 1 : 0;
}

bool is_clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

Result<void> check(const HttpRequest& request) {
  if (!is_token(request.method)) {
    return fail(ErrorCode::kInvalidInput, "the request's method is no HTTP method");
  }
  if (!request.path.starts_with('/') || !is_clean(request.path) ||
      request.path.find_first_of(" #") != std::string::npos) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("\"{}\" is no request path", text::shorten(request.path, 120)));
  }
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || !is_clean(value)) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("\"{}\" is no header", text::shorten(name, 60)));
    }
  }
  return {};
}

}  // namespace

std::string_view HttpResponse::header(std::string_view name) const {
  const auto at = std::find_if(headers.begin(), headers.end(),
                               [&](const auto& entry) { return entry.first == name; });
  return at == headers.end() ? std::string_view{} : std::string_view(at->second);
}

struct UnixHttpClient::State {
  UnixHttpOptions options;
  CURL* easy = nullptr;
  char error[CURL_ERROR_SIZE] = {};

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { curl_easy_cleanup(easy); }
  void prepare(const HttpRequest& request, const std::string& url, curl_slist* headers,
               Gathering& gathering);
};

UnixHttpClient::UnixHttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
UnixHttpClient::UnixHttpClient(UnixHttpClient&&) noexcept = default;
UnixHttpClient& UnixHttpClient::operator=(UnixHttpClient&&) noexcept = default;
UnixHttpClient::~UnixHttpClient() = default;

Result<UnixHttpClient> UnixHttpClient::make(const UnixHttpOptions& options) {
  if (options.socket.native().size() > kSocketPathMax) {
    return fail(ErrorCode::kInvalidInput, fmt::format("the socket's path has over {} bytes: {}",
                                                      kSocketPathMax, options.socket.string()));
  }
  // Thread-safe in this libcurl only from 7.84 on and where atomics are; once is once.
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  auto state = std::make_unique<State>();
  state->options = options;
  state->easy = curl_easy_init();
  if (state->easy == nullptr) return fail(ErrorCode::kInternal, "no HTTP client could be made");
  return UnixHttpClient(std::move(state));
}

void UnixHttpClient::State::prepare(const HttpRequest& request, const std::string& url,
                                    curl_slist* headers, Gathering& gathering) {
  curl_easy_reset(easy);  // keeps the connection
  curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, options.socket.c_str());
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  const bool has_body = !request.body.empty() || request.method == "POST" ||
                        request.method == "PUT" || request.method == "PATCH";
  if (has_body) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
  }
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, long{options.timeout.count()});
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &gathering);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &gathering);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &gathering);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
}

Result<HttpResponse> UnixHttpClient::send(const HttpRequest& request) {
  if (Result<void> fine = check(request); !fine) return propagate(fine);
  curl_slist* list = nullptr;
  // curl would wait for "100 Continue" with larger bodies, and add a form's content type.
  list = curl_slist_append(list, "Expect:");
  bool has_type = false;
  for (const auto& [name, value] : request.headers) {
    has_type = has_type || text::lower(name) == "content-type";
    list = curl_slist_append(list, (value.empty() ? name + ";" : name + ": " + value).c_str());
  }
  if (!has_type) list = curl_slist_append(list, "Content-Type:");
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(list, curl_slist_free_all);
  Gathering gathering;
  gathering.bytes_max = state_->options.response_bytes_max;
  gathering.stop = state_->options.stop;
  state_->error[0] = '\0';
  state_->prepare(request, "http://localhost" + request.path, headers.get(), gathering);
  const CURLcode code = curl_easy_perform(state_->easy);
  const auto problem = [&](ErrorCode error, std::string_view what) {
    return fail(error,
                fmt::format("{} {}: {}", request.method, text::shorten(request.path, 200), what));
  };
  if (gathering.too_large) {
    return problem(ErrorCode::kExhausted,
                   fmt::format("the answer has more than {} bytes", gathering.bytes_max));
  }
  if (code == CURLE_ABORTED_BY_CALLBACK) return problem(ErrorCode::kCancelled, "stopped");
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return problem(ErrorCode::kExhausted,
                   fmt::format("no answer within {} ms", state_->options.timeout.count()));
  }
  if (code != CURLE_OK) {
    return problem(ErrorCode::kUnavailable,
                   state_->error[0] != '\0' ? state_->error : curl_easy_strerror(code));
  }
  long status = 0;
  curl_easy_getinfo(state_->easy, CURLINFO_RESPONSE_CODE, &status);
  gathering.response.status = static_cast<int>(status);
  return std::move(gathering.response);
}

}  // namespace cadre
