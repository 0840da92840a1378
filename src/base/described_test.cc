#include "cadre/described.h"

#include <gtest/gtest.h>

#include "base/json_schema.h"

namespace trips {

enum class Mode { rail, road };
BOOST_DESCRIBE_ENUM(Mode, rail, road)

struct Stop {
  std::string city;
  int nights = 0;
};
BOOST_DESCRIBE_STRUCT(Stop, (), (city, nights))
constexpr auto cadre_describe_fields(const Stop*) {
  return cadre::field_docs({{"city", "Where to sleep", {.min_length = 1, .max_length = 5}},
                            {"nights", "How long", {.minimum = 1, .maximum = 30}}});
}

struct Trip {
  std::string title;
  std::vector<Stop> stops;
  Mode mode = Mode::rail;
  std::optional<std::string> note;
};
BOOST_DESCRIBE_STRUCT(Trip, (), (title, stops, mode, note))

}  // namespace trips

namespace cadre {
namespace {

Json parsed(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : Json();
}

template <class T>
std::string fault(std::string_view text) {
  const Result<T> value = from_json<T>(parsed(text));
  return value ? "none" : value.error().message;
}

TEST(Described, SchemaSaysWhatTheStructSays) {
  EXPECT_EQ(json::write(schema_of<trips::Trip>()), json::write(parsed(R"({"type":"object",
    "properties":{
      "title":{"type":"string"},
      "stops":{"type":"array","items":{"type":"object","properties":{
        "city":{"type":"string","minLength":1,"maxLength":5,"description":"Where to sleep"},
        "nights":{"type":"integer","minimum":1,"maximum":30,"description":"How long"}},
        "required":["city","nights"],"additionalProperties":false}},
      "mode":{"type":"string","enum":["rail","road"]},
      "note":{"type":["string","null"]}},
    "required":["title","stops","mode","note"],"additionalProperties":false})")));
}

TEST(Described, ReadsAndWritesBack) {
  const Json json =
      parsed(R"({"title":"South","stops":[{"city":"Rome","nights":2}],"mode":"road","note":null})");
  const Result<trips::Trip> trip = from_json<trips::Trip>(json);
  ASSERT_TRUE(trip.has_value()) << trip.error().message;
  EXPECT_EQ(trip->stops.at(0).nights, 2);
  EXPECT_EQ(trip->mode, trips::Mode::road);
  EXPECT_EQ(json::write(to_json_of(*trip)), json::write(json));
}

TEST(Described, FaultsNameThePlace) {
  EXPECT_EQ(fault<trips::Trip>(R"({"title":"","stops":[{"city":5,"nights":2}],"mode":"rail"})"),
            "/stops/0/city: expected string, got 5");
}

}  // namespace
}  // namespace cadre
