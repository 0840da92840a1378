#include "net/http_client.h"

#include "base/check.h"
#include "net/http_engine.h"

namespace cadre::net {

std::string_view header(const HttpHeaders& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

void HttpCall::cancel() const {
  if (const auto engine = engine_.lock()) engine->post_cancel(id_);
}

HttpClient::HttpClient(const std::shared_ptr<HttpEngine>& engine)
    : port_(engine), events_(engine) {}

HttpClient::~HttpClient() { port_.engine_->stop(); }

Result<std::unique_ptr<HttpClient>> HttpClient::make(HttpClientOptions options) {
  auto engine = std::make_shared<HttpEngine>(std::move(options));
  if (auto opened = engine->open(); !opened) return propagate(opened);
  return std::unique_ptr<HttpClient>(new HttpClient(engine));
}

HttpCall HttpPort::start(HttpRequest request, HttpCallbacks callbacks, std::stop_token stop) const {
  CADRE_CHECK(callbacks.on_done != nullptr, "an HTTP request needs an on_done");
  auto transfer = std::make_unique<HttpTransfer>();
  transfer->request = std::move(request);
  transfer->callbacks = std::move(callbacks);
  transfer->stop = std::move(stop);
  return {engine_, engine_->post_start(std::move(transfer))};
}

void HttpPort::after(std::chrono::milliseconds delay, std::move_only_function<void()> task) const {
  engine_->post_task(steady_us() + delay.count() * 1000, std::move(task));
}

HttpStats HttpClient::stats() const { return port_.engine_->stats(); }

}  // namespace cadre::net
