#include "net/sse.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/clock.h"

namespace cadre::net {
namespace {

struct Seen {
  std::vector<std::string> events;
  bool failed = false;
  std::optional<std::int64_t> retry;
  bool operator==(const Seen&) const = default;
};

Seen parse(const std::vector<std::string_view>& pieces, std::size_t limit = 1 << 20) {
  Seen seen;
  SseParser parser(
      [&](const SseEvent& event) {
        seen.events.push_back(std::string(event.name) + "|" + std::string(event.data) + "|" +
                              std::string(event.id));
      },
      limit);
  for (const std::string_view piece : pieces) {
    if (!parser.feed(piece)) {
      seen.failed = true;
      return seen;
    }
  }
  seen.failed = !parser.finish();
  seen.retry = parser.retry_ms();
  return seen;
}

std::vector<std::string> events(std::string_view text) { return parse({text}).events; }

using Events = std::vector<std::string>;

TEST(Sse, FieldsLinesAndComments) {
  EXPECT_EQ(events("data: a\n\n"), Events{"|a|"});
  EXPECT_EQ(events("event: x\nid: 7\ndata:a\ndata:  b\ndata\n\ndata: c\n\n"),
            (Events{"x|a\n b\n|7", "|c|7"}));
  EXPECT_EQ(events(": ping\n\n:\n\nretry: 12\n\nevent: lost\n\ndata: x\n\n"), Events{"|x|"});
  EXPECT_EQ(events("data: a\r\n\r\ndata: b\r\rdata: c\n\r\ndata: d\r\n\n"),
            (Events{"|a|", "|b|", "|c|", "|d|"}));
  EXPECT_EQ(events("\xEF\xBB\xBF" "data: bom\n\n\xEF\xBB\xBF" "data: not first\n\n"),
            Events{"|bom|"});
  EXPECT_EQ(events("data: {\"a\":\"b: c\"}\n\n"), Events{"|{\"a\":\"b: c\"}|"});
  EXPECT_EQ(events("nonsense\nnon: sense\ndata: ok\n\n"), Events{"|ok|"});
}

TEST(Sse, WhatStandsAtTheEndIsAnEventToo) {
  EXPECT_EQ(events("data: [DONE]"), Events{"|[DONE]|"});
  EXPECT_EQ(events("data: [DONE]\n"), Events{"|[DONE]|"});
  EXPECT_EQ(events(""), Events{});
  EXPECT_EQ(events("event: x"), Events{});
}

TEST(Sse, IdsAndRetry) {
  EXPECT_EQ(events(std::string_view("id: a\0b\ndata: x\n\n", 17)), Events{"|x|"});
  EXPECT_EQ(parse({"retry: 1500\n\n"}).retry, 1500);
  EXPECT_EQ(parse({"retry: 15x\nretry:\nretry: -3\n\n"}).retry, std::nullopt);
  EXPECT_EQ(parse({"retry: 99999999999999999999\n\n"}).retry, std::nullopt);
}

TEST(Sse, LargeEventsEndTheStream) {
  EXPECT_FALSE(parse({"data: 12345\n\n"}, 16).failed);
  EXPECT_TRUE(parse({std::string(40, 'x')}, 16).failed);
  EXPECT_TRUE(parse({"data: 1234567\ndata: 1234567\ndata: 1234567\n\n"}, 16).failed);
}

// Any way of cutting a stream gives the same events.
TEST(Sse, PiecesDoNotMatter) {
  Rng rng(20260101);
  const std::string_view words[] = {"data",  ":",  " ",  "\n", "\r", "\r\n", "event", "id",
                                    "retry", "12", "{}", "\n\n", "\xEF\xBB\xBF", "ä", "x"};
  for (int round = 0; round < 2000; ++round) {
    std::string stream;
    for (std::uint64_t i = rng.below(60); i > 0; --i) stream += words[rng.below(std::size(words))];
    const Seen whole = parse({stream});
    std::vector<std::string_view> bytes, random;
    for (std::size_t i = 0; i < stream.size(); ++i)
      bytes.push_back(std::string_view(stream).substr(i, 1));
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t step = 1 + rng.below(7);
      random.push_back(std::string_view(stream).substr(at, step));
      at += step;
    }
    EXPECT_EQ(parse(bytes), whole) << stream;
    EXPECT_EQ(parse(random), whole) << stream;
  }
}

}  // namespace
}  // namespace cadre::net
