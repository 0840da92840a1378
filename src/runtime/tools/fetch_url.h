// The tool fetch_url: reads a text page over HTTP(S). It looks at the world outside, so a role that
// lists it lists it under `approvals` as well: a person allows each call, or a policy does.
//
// Takes what is text and at most 256 KB, follows no redirect by itself (the answer names where it
// leads), sends no cookies and no keys. Proxy and certificates are the caller's choice, as for the
// models. Thread-safe.
#pragma once

#include <memory>
#include <mutex>

#include "net/http_client.h"
#include "runtime/tool.h"

namespace cadre {

class FetchUrl final : public TaskTool {
 public:
  explicit FetchUrl(net::HttpClientOptions http = {});
  ~FetchUrl() override;
  std::string name() const override { return "fetch_url"; }
  std::string description() const override;
  Json parameters() const override;
  // A page may be read again.
  ToolEffect effect() const override { return ToolEffect::kIdempotent; }
  // {"status", "content_type", "text"}, or "location" of a redirect.
  Result<Json> run(const Json& arguments, const TaskToolContext& context) override;

 private:
  const net::HttpClientOptions http_;
  std::mutex mutex_;
  std::shared_ptr<net::HttpClient> client_;  // made when it is first used
};

}  // namespace cadre
