#include "base/json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

namespace cadre {
namespace {

TEST(Json, WritesShortestNumbersAndKeepsOrder) {
  const auto value =
      json::parse(R"({"b":1.5,"a":[1,1e3,-0.1,18446744073709551615],"c":"x\u0001\n"})");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(json::write(*value),
            "{\"b\":1.5,\"a\":[1,1000.0,-0.1,18446744073709551615],\"c\":\"x\\u0001\\n\"}");
  EXPECT_EQ(json::write(*json::parse(json::write(*value))), json::write(*value));
}

TEST(Json, DoublesReadBackExactly) {
  EXPECT_EQ(json::parse("-8.757142857142857e-08")->get_double(), -8.757142857142857e-08);
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const double number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    const auto read = json::parse(json::write(number));
    ASSERT_TRUE(read) << json::write(number);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(read->get_double()),
              std::bit_cast<std::uint64_t>(number))
        << json::write(number);
  }
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const char* text : {"", "{", "[1,]", "{\"a\":1,\"a\":2}", "1e400", "\"\xff\"", "nul", "1 2",
                           "{'a':1}", "[01]", "NaN", "\"\\ud800\""}) {
    EXPECT_FALSE(json::parse(text).has_value()) << text;
  }
}

TEST(Json, ErrorSaysLineAndColumn) {
  const auto value = json::parse("{\n  \"a\": tru\n}");
  ASSERT_FALSE(value.has_value());
  EXPECT_NE(value.error().message.find("line 2"), std::string::npos) << value.error().message;
}

TEST(Json, DepthIsLimited) {
  EXPECT_TRUE(json::parse(std::string(60, '[') + std::string(60, ']')).has_value());
  EXPECT_FALSE(json::parse(std::string(70, '[') + std::string(70, ']')).has_value());
  EXPECT_FALSE(json::parse(std::string(1'000'000, '[')).has_value());
}

TEST(Json, PrettyFormHasEmptyContainersOnOneLine) {
  EXPECT_EQ(json::write_pretty(*json::parse(R"({"a":[],"b":{},"c":[1,{"d":null}]})")),
            "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n      \"d\": null\n    }\n  "
            "]\n}\n");
}

TEST(Json, AccessorsFallBack) {
  const Json value = *json::parse(R"({"s":"x","i":3,"d":2.5,"b":true,"l":["a",1,"b"]})");
  EXPECT_EQ(json::get_string(value, "s"), "x");
  EXPECT_EQ(json::get_string(value, "i", "no"), "no");
  EXPECT_EQ(json::get_int(value, "i"), 3);
  EXPECT_EQ(json::get_int(value, "s", 7), 7);
  EXPECT_EQ(json::get_double(value, "i"), 3.0);
  EXPECT_TRUE(json::get_bool(value, "b"));
  EXPECT_EQ(json::get_strings(value, "l"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(json::get_array(value, "missing").empty());
  EXPECT_EQ(json::find(Json("text"), "key"), nullptr);
}

}  // namespace
}  // namespace cadre
