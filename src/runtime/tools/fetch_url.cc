#include "runtime/tools/fetch_url.h"

#include <fmt/core.h>

#include <future>

#include "base/text.h"
#include "net/http_client.h"
#include "runtime/tools/arguments.h"

namespace cadre {
namespace {

constexpr std::size_t kBytesMax = 256 * 1024;

bool is_text(std::string_view type) {
  return type.starts_with("text/") || type.find("json") != std::string_view::npos ||
         type.find("xml") != std::string_view::npos || type.empty();
}

// Of http and https addresses without a user and without white space: "" when it may be asked.
std::string problem_of(std::string_view url) {
  const bool http = url.starts_with("http://") || url.starts_with("https://");
  if (!http) return "only http:// and https:// addresses are read";
  for (const char c : url) {
    if (static_cast<unsigned char>(c) <= ' ') return "an address has no white space";
  }
  const std::string_view rest = url.substr(url.find("://") + 3);
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  if (host.empty()) return "the address names no host";
  if (host.find('@') != std::string_view::npos) return "an address with a user or key is not sent";
  return {};
}

}  // namespace

FetchUrl::FetchUrl(net::HttpClientOptions http) : http_(std::move(http)) {}
FetchUrl::~FetchUrl() = default;

std::string FetchUrl::description() const {
  return "Reads a text page from the web. Each call needs a person's approval: use it only where "
         "the task cannot be done without.";
}

Json FetchUrl::parameters() const {
  return JsonObject{
      {"type", "object"},
      {"required", JsonArray{"url"}},
      {"additionalProperties", false},
      {"properties", JsonObject{{"url", JsonObject{{"type", "string"}, {"maxLength", 2000}}}}}};
}

Result<Json> FetchUrl::run(const Json& arguments, const TaskToolContext& context) {
  if (auto good = check_arguments(name(), parameters(), arguments); !good) return propagate(good);
  const std::string url = json::get_string(arguments, "url");
  if (std::string why = problem_of(url); !why.empty()) {
    return fail(ErrorCode::kInvalidInput, std::move(why));
  }
  std::shared_ptr<net::HttpClient> client;
  {
    const std::lock_guard lock(mutex_);
    if (client_ == nullptr) {
      auto made = net::HttpClient::make(http_);
      if (!made) return propagate(made);
      client_ = std::move(*made);
    }
    client = client_;
  }
  struct Page {
    std::string body;
    std::promise<Result<net::HttpStatus>> done;
  };
  auto page = std::make_shared<Page>();
  auto ended = page->done.get_future();
  net::HttpRequest request;
  request.method = "GET";
  request.url = url;
  request.timeouts.idle = std::chrono::seconds(15);
  request.timeouts.total = std::chrono::seconds(60);
  request.max_response_bytes = kBytesMax;
  net::HttpCallbacks callbacks;
  callbacks.on_data = [page](std::string_view bytes) {
    page->body += bytes;
    return net::DataVerdict::kContent;
  };
  callbacks.on_done = [page](Result<net::HttpStatus> status) {
    page->done.set_value(std::move(status));
  };
  client->start(std::move(request), std::move(callbacks), context.stop);
  auto status = ended.get();
  if (!status) return propagate(status);
  const std::string type(net::header(status->headers, "content-type"));
  JsonObject answer{{"status", status->code}, {"content_type", type}};
  if (status->code >= 300 && status->code < 400) {
    answer["location"] = text::clean_utf8(net::header(status->headers, "location"));
    return answer;
  }
  if (!is_text(type)) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is {}, and only text is read", url, type));
  }
  answer["text"] = text::clean_utf8(page->body);
  return answer;
}

}  // namespace cadre
