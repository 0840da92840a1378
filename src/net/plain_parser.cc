#include "net/plain_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace cadre::net {

namespace http = boost::beast::http;
namespace beast = boost::beast;

constexpr std::string_view kProtocol = "HTTP/";

class PlainParser::Response : public http::basic_parser<false> {
 public:
  Response(HttpTransfer& transfer, bool head_request) : transfer_(transfer) {
    eager(true);
    skip(head_request);
    header_limit(kHeaderBytesMax);
    body_limit(boost::none);
  }

 private:
  static std::string_view of(beast::string_view text) { return {text.data(), text.size()}; }
  static void stop(beast::error_code& code) {
    code = http::make_error_code(http::error::body_limit);
  }

  void on_request_impl(http::verb, beast::string_view, beast::string_view, int,
                       beast::error_code&) override {}
  void on_response_impl(int code, beast::string_view, int, beast::error_code&) override {
    transfer_.begin_head(code);
  }
  void on_field_impl(http::field, beast::string_view name, beast::string_view value,
                     beast::error_code& code) override {
    if (transfer_.headers_told) return;  // trailers
    constexpr std::size_t kColonAndBreak = 4;
    if (!transfer_.count_head(name.size() + value.size() + kColonAndBreak)) return stop(code);
    transfer_.add_header(of(name), of(value));
  }
  void on_header_impl(beast::error_code&) override { transfer_.end_head(); }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, beast::error_code& code) override {
    if (!transfer_.take_body(of(body))) stop(code);
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body,
                                 beast::error_code& code) override {
    return on_body_impl(body, code);
  }
  void on_finish_impl(beast::error_code&) override {}

  HttpTransfer& transfer_;
};

PlainParser::PlainParser(HttpTransfer& transfer, bool head_request)
    : transfer_(transfer),
      head_request_(head_request),
      response_(std::make_unique<Response>(transfer, head_request)) {}

PlainParser::~PlainParser() = default;

Result<std::size_t> PlainParser::feed(std::string_view bytes) {
  const std::size_t shown = std::min(bytes.size(), kProtocol.size());
  if (!response_->got_some() && bytes.substr(0, shown) != kProtocol.substr(0, shown))
    return std::unexpected(broken(transfer_, "what came is not HTTP"));
  std::size_t taken = 0;
  while (taken < bytes.size() && !finished()) {
    beast::error_code code;
    const std::size_t count =
        response_->put(boost::asio::const_buffer(bytes.data() + taken, bytes.size() - taken), code);
    taken += count;
    if (code == http::error::need_more) break;
    if (code == http::error::header_limit) (void)transfer_.count_head(kHeaderBytesMax + 1);
    if (code) return std::unexpected(broken(transfer_, "what came is not HTTP: " + code.message()));
    if (response_->is_done() && transfer_.status.code < 200)
      response_ = std::make_unique<Response>(transfer_, head_request_);  // the real one follows
  }
  return taken;
}

Result<void> PlainParser::closed() {
  beast::error_code code;
  if (response_->got_some()) response_->put_eof(code);
  if (finished()) return {};
  return std::unexpected(broken(transfer_, "the server closed the connection"));
}

bool PlainParser::finished() const { return response_->is_done() && transfer_.status.code >= 200; }

bool PlainParser::keeps_alive() const { return response_->keep_alive(); }

}  // namespace cadre::net
