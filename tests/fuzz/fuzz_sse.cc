// The events of a stream do not depend on how it is cut: the first byte says how long the pieces are.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "net/sse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0] % 16;
  const std::string_view stream(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto parse = [&](std::size_t step) {
    std::string seen;
    cadre::net::SseParser parser(
        [&](const cadre::net::SseEvent& event) {
          seen.append(event.name).push_back('\x1f');
          seen.append(event.data).push_back('\x1f');
          seen.append(event.id).push_back('\x1e');
        },
        256);
    for (std::size_t at = 0; at < stream.size(); at += step) {
      if (!parser.feed(stream.substr(at, step))) return std::string("too large");
    }
    return parser.finish() ? seen : std::string("too large");
  };
  CADRE_CHECK(parse(piece) == parse(stream.size() + 1), "pieces give other events");
  return 0;
}
