// A reply over plain HTTP does not depend on how it is cut: the first byte says how long the pieces
// are, the second whether it answers a HEAD request.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "net/plain_parser.h"

namespace {

using namespace cadre::net;

std::string read(std::string_view bytes, std::size_t step, bool head) {
  HttpTransfer transfer;
  transfer.request.url = "http://127.0.0.1";
  std::string body, waiting;
  transfer.callbacks.on_data = [&](std::string_view part) {
    body += part;
    return DataVerdict::kContent;
  };
  PlainParser parser(transfer, head);
  for (std::size_t at = 0; at < bytes.size() && !parser.finished(); at += step) {
    waiting += bytes.substr(at, step);
    const auto taken = parser.feed(waiting);
    if (!taken) return "not HTTP";
    CADRE_CHECK(*taken <= waiting.size(), "it took more than there was");
    waiting.erase(0, *taken);
  }
  if (!parser.finished() && !parser.closed()) return "cut off";
  std::string seen = std::to_string(transfer.status.code) + (parser.keeps_alive() ? "+" : "-");
  for (const auto& [name, value] : transfer.status.headers) seen += name + ':' + value + '\n';
  return seen + body;
}

bool came_to_an_end(const std::string& seen) { return seen != "not HTTP" && seen != "cut off"; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const bool head = data[1] % 2 == 1;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 2), size - 2);
  const std::string whole = read(bytes, bytes.size() + 1, head);
  const std::string cut = read(bytes, 1 + data[0] % 16, head);
  CADRE_CHECK(came_to_an_end(whole) == came_to_an_end(cut), "pieces end otherwise");
  CADRE_CHECK(!came_to_an_end(whole) || whole == cut, "pieces give another reply");
  return 0;
}
