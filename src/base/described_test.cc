#include "cadre/described.h"

#include <gtest/gtest.h>

#include "base/json_schema.h"

namespace trips {

enum class Mode { kRail, kRoad };
BOOST_DESCRIBE_ENUM(Mode, kRail, kRoad)
constexpr std::string_view cadre_enum_word(Mode mode) {
  return mode == Mode::kRail ? "rail" : "road";
}

struct Stop {
  std::string city;
  int nights = 0;
};
BOOST_DESCRIBE_STRUCT(Stop, (), (city, nights))
constexpr auto cadre_describe_fields(const Stop*) {
  return cadre::field_docs({{"", "A place on the way."},
                            {"city", "Where to sleep", {.min_length = 1, .max_length = 5}},
                            {"nights", "How long", {.minimum = 1, .maximum = 30}}});
}

struct Trip {
  std::string title;
  std::vector<Stop> stops;
  Mode mode = Mode::kRail;
  std::optional<std::string> note;
  std::optional<Stop> last;
  std::optional<Mode> back;
};
BOOST_DESCRIBE_STRUCT(Trip, (), (title, stops, mode, note, last, back))

struct Numbers {
  std::int8_t tiny = 0;
  std::uint8_t byte = 0;
  std::int64_t wide = 0;
  std::uint64_t natural = 0;
  float real = 0;
  std::vector<int> many;
};
BOOST_DESCRIBE_STRUCT(Numbers, (), (tiny, byte, wide, natural, real, many))
constexpr auto cadre_describe_fields(const Numbers*) {
  return cadre::field_docs({{"wide", {}, {.minimum = 9223372036854775806}},
                            {"real", {}, {.minimum = -0.5, .maximum = 2}},
                            {"many", {}, {.minimum = 1, .min_items = 1, .max_items = 2}}});
}

struct Tree {
  std::string name;
  std::vector<Tree> children;
};
BOOST_DESCRIBE_STRUCT(Tree, (), (name, children))
constexpr auto cadre_describe_fields(const Tree*) {
  return cadre::field_docs({{"name", {}, {.pattern = "^[a-z]+$"}}, {"children", "Below"}});
}

struct Forest {
  Tree oldest;
  std::map<std::string, Tree> trees;
  cadre::Json extra;
};
BOOST_DESCRIBE_STRUCT(Forest, (), (oldest, trees, extra))

struct Number {
  double value = 0;
};
BOOST_DESCRIBE_STRUCT(Number, (), (value))
struct Sum;
using Term = std::variant<Number, Sum>;
struct Sum {
  std::vector<Term> terms;
};
BOOST_DESCRIBE_STRUCT(Sum, (), (terms))
constexpr std::string_view cadre_type_tag(const Sum*) { return "sum"; }

struct Base {
  int id = 0;
};
BOOST_DESCRIBE_STRUCT(Base, (), (id))
struct Derived : Base {
  std::array<bool, 2> flags{};
};
BOOST_DESCRIBE_STRUCT(Derived, (Base), (flags))

struct Empty {};
BOOST_DESCRIBE_STRUCT(Empty, (), ())

struct BadPattern {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(BadPattern, (), (text))
constexpr auto cadre_describe_fields(const BadPattern*) {
  return cadre::field_docs({{"text", {}, {.pattern = "("}}});
}

// Structs that must not compile when used; the checks behind the errors are tested below.
struct Forgetful {
  int seen = 0;
  std::optional<std::string> unseen;
};
BOOST_DESCRIBE_STRUCT(Forgetful, (), (seen))
struct ForgetfulBase : Base {
  int seen = 0;
};
BOOST_DESCRIBE_STRUCT(ForgetfulBase, (), (seen))
struct WrongName {
  int limit = 0;
};
BOOST_DESCRIBE_STRUCT(WrongName, (), (limit))
constexpr auto cadre_describe_fields(const WrongName*) {
  return cadre::field_docs({{"limits", "At most"}});
}
struct TwiceNamed {
  int limit = 0;
};
BOOST_DESCRIBE_STRUCT(TwiceNamed, (), (limit))
constexpr auto cadre_describe_fields(const TwiceNamed*) {
  return cadre::field_docs({{"limit", "At most"}, {"limit", "At least"}});
}

}  // namespace trips

namespace cadre {
namespace {

static_assert(DescribedStruct<trips::Stop> && !DescribedStruct<int> && !DescribedStruct<Json>);
static_assert(detail::forgets_fields<trips::Forgetful>());
static_assert(detail::forgets_fields<trips::ForgetfulBase>());
static_assert(!detail::forgets_fields<trips::Trip>() && !detail::forgets_fields<trips::Numbers>());
static_assert(!detail::forgets_fields<trips::Forest>() && !detail::forgets_fields<trips::Sum>());
static_assert(!detail::docs_name_fields<trips::WrongName>());
static_assert(!detail::docs_name_once<trips::TwiceNamed>());
static_assert(detail::rules_fit<std::vector<std::int8_t>>({.maximum = 127, .max_items = 3}));
static_assert(!detail::rules_fit<std::int8_t>({.maximum = 128}), "beyond the type");
static_assert(!detail::rules_fit<int>({.minimum = 0.5}), "not whole");
static_assert(!detail::rules_fit<int>({.minimum = 2, .maximum = 1}), "upside down");
static_assert(!detail::rules_fit<std::string>({.maximum = 1}), "a number's rule on text");
static_assert(!detail::rules_fit<bool>({.maximum = 1}));
static_assert(!detail::rules_fit<int>({.max_length = 1}) &&
              !detail::rules_fit<int>({.pattern = "a"}));
static_assert(!detail::rules_fit<int>({.max_items = 1}));
static_assert(!detail::rules_fit<std::array<int, 2>>({.max_items = 1}), "an array has its size");
static_assert(kFitsStrictMode<trips::Trip> && kFitsStrictMode<trips::Tree>);
static_assert(kFitsStrictMode<trips::Sum> && !kFitsStrictMode<trips::Forest>);
static_assert(!kFitsStrictMode<std::optional<std::vector<Json>>>);

Json parsed(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : Json();
}
std::string normal(std::string_view text) { return json::write(parsed(text)); }

template <class T>
std::string fault(std::string_view text) {
  const Result<T> value = from_json<T>(parsed(text));
  if (value) return "none";
  EXPECT_EQ(value.error().code, ErrorCode::kInvalidInput);
  return value.error().message;
}

template <class T>
std::string rewritten(std::string_view text) {
  const Result<T> value = from_json<T>(parsed(text));
  return value ? json::write(to_json_of(*value)) : value.error().message;
}

TEST(Described, SchemaSaysWhatTheStructSays) {
  EXPECT_EQ(json::write(schema_of<trips::Trip>()), normal(R"({"type":"object",
    "properties":{
      "title":{"type":"string"},
      "stops":{"type":"array","items":{"type":"object","description":"A place on the way.",
        "properties":{
          "city":{"type":"string","minLength":1,"maxLength":5,"description":"Where to sleep"},
          "nights":{"type":"integer","minimum":1,"maximum":30,"description":"How long"}},
        "required":["city","nights"],"additionalProperties":false}},
      "mode":{"type":"string","enum":["rail","road"]},
      "note":{"type":["string","null"]},
      "last":{"anyOf":[{"type":"object","description":"A place on the way.",
        "properties":{
          "city":{"type":"string","minLength":1,"maxLength":5,"description":"Where to sleep"},
          "nights":{"type":"integer","minimum":1,"maximum":30,"description":"How long"}},
        "required":["city","nights"],"additionalProperties":false},{"type":"null"}]},
      "back":{"type":["string","null"],"enum":["rail","road",null]}},
    "required":["title","stops","mode","note","last","back"],"additionalProperties":false})"));
  EXPECT_EQ(json::write(schema_of<trips::Trip>(SchemaStyle::kLoose).at("required")),
            R"(["title","stops","mode"])");
}

TEST(Described, SchemaBoundsAreTheTypesAndTheRules) {
  EXPECT_EQ(json::write(schema_of<trips::Numbers>().at("properties")), normal(R"({
    "tiny":{"type":"integer","minimum":-128,"maximum":127},
    "byte":{"type":"integer","minimum":0,"maximum":255},
    "wide":{"type":"integer","minimum":9223372036854775806},
    "natural":{"type":"integer","minimum":0},
    "real":{"type":"number","minimum":-0.5,"maximum":2},
    "many":{"type":"array","items":{"type":"integer","minimum":1,"maximum":2147483647},
      "minItems":1,"maxItems":2}})"));
}

TEST(Described, StructsThatContainThemselvesAreReferences) {
  EXPECT_EQ(json::write(schema_of<trips::Tree>()), normal(R"({"type":"object","properties":{
    "name":{"type":"string","pattern":"^[a-z]+$"},
    "children":{"type":"array","items":{"$ref":"#"},"description":"Below"}},
    "required":["name","children"],"additionalProperties":false})"));
  EXPECT_EQ(json::write(schema_of<trips::Forest>()), normal(R"({"type":"object","properties":{
    "oldest":{"$ref":"#/$defs/Tree"},
    "trees":{"type":"object","additionalProperties":{"$ref":"#/$defs/Tree"}},
    "extra":{}},
    "required":["oldest","trees","extra"],"additionalProperties":false,
    "$defs":{"Tree":{"type":"object","properties":{
      "name":{"type":"string","pattern":"^[a-z]+$"},
      "children":{"type":"array","items":{"$ref":"#/$defs/Tree"},"description":"Below"}},
      "required":["name","children"],"additionalProperties":false}}})"));
}

TEST(Described, VariantsAreToldApartByTheirType) {
  EXPECT_EQ(json::write(output_schema_of<trips::Term>()), normal(R"({"type":"object",
    "properties":{"response":{"anyOf":[
      {"type":"object","properties":{"type":{"type":"string","enum":["Number"]},
        "value":{"type":"number"}},"required":["type","value"],"additionalProperties":false},
      {"$ref":"#/$defs/Sum"}]}},
    "required":["response"],"additionalProperties":false,
    "$defs":{"Sum":{"type":"object","properties":{"type":{"type":"string","enum":["sum"]},
      "terms":{"type":"array","items":{"anyOf":[
        {"type":"object","properties":{"type":{"type":"string","enum":["Number"]},
          "value":{"type":"number"}},"required":["type","value"],"additionalProperties":false},
        {"$ref":"#/$defs/Sum"}]}}},
      "required":["type","terms"],"additionalProperties":false}}})"));
  const char* text = R"({"type":"sum","terms":[{"type":"Number","value":1.5},)"
                     R"({"type":"sum","terms":[]}]})";
  EXPECT_EQ(rewritten<trips::Term>(text), text);
  EXPECT_EQ(fault<trips::Term>(R"({"type":"sums"})"),
            "/type: expected one of Number, sum, got \"sums\"");
  EXPECT_EQ(fault<trips::Term>(R"({"value":1})"), "/type: is missing");
  EXPECT_EQ(fault<trips::Term>(R"({"type":"sum","terms":[{"type":"Number","terms":[]}]})"),
            "/terms/0/terms: unknown field; the fields are value");
  EXPECT_EQ(fault<trips::Number>(R"({"type":"Number","value":1})"),  // no variant, no tag
            "/type: unknown field; the fields are value");
}

TEST(Described, OutputsThatAreNoObjectsAreWrapped) {
  EXPECT_EQ(json::write(output_schema_of<std::vector<int>>().at("properties")),
            R"({"response":{"type":"array","items":)"
            R"({"type":"integer","minimum":-2147483648,"maximum":2147483647}}})");
  EXPECT_EQ(json::write(output_to_json(std::vector<int>{1, 2})), R"({"response":[1,2]})");
  EXPECT_EQ(output_from_json<int>(parsed(R"({"response":7})")).value_or(0), 7);
  EXPECT_EQ(output_from_json<int>(parsed(R"({"response":"7"})")).error().message,
            "/response: expected integer, got \"7\"");
  EXPECT_EQ(output_from_json<int>(parsed(R"({"answer":7})")).error().message,
            "/answer: unknown field; the fields are response");
  EXPECT_EQ(output_from_json<int>(parsed("{}")).error().message, "/response: is missing");
  EXPECT_EQ(output_from_json<int>(parsed("7")).error().message, "expected object, got 7");
  EXPECT_EQ(output_schema_of<trips::Stop>(), schema_of<trips::Stop>());
  EXPECT_EQ(output_from_json<trips::Stop>(parsed(R"({"city":"Rome","nights":2})"))->nights, 2);
}

TEST(Described, ReadsAndWritesBack) {
  for (const char* text :
       {R"({"title":"S","stops":[{"city":"Rome","nights":2}],"mode":"road","note":null,)"
        R"("last":null,"back":null})",
        R"({"title":"","stops":[],"mode":"rail","note":"n","last":{"city":"Bari","nights":1},)"
        R"("back":"road"})"}) {
    EXPECT_EQ(rewritten<trips::Trip>(text), text);
  }
  EXPECT_EQ(rewritten<trips::Derived>(R"({"flags":[true,false],"id":3})"),
            R"({"id":3,"flags":[true,false]})");
  EXPECT_EQ(rewritten<trips::Empty>("{}"), "{}");
  EXPECT_EQ(rewritten<std::vector<bool>>("[true,false]"), "[true,false]");
  EXPECT_EQ(rewritten<std::vector<std::optional<int>>>("[1,null]"), "[1,null]");
  EXPECT_EQ(rewritten<Json>(R"({"a":[null]})"), R"({"a":[null]})");
}

TEST(Described, FaultsNameThePlaceAndWhatWasExpected) {
  using trips::Trip;
  EXPECT_EQ(fault<Trip>(R"({"title":"","stops":[{"city":"a","nights":1},{"city":5,"nights":1}],)"
                        R"("mode":"rail"})"),
            "/stops/1/city: expected string, got 5");
  EXPECT_EQ(fault<Trip>(R"({"title":"","stops":[{"city":"a"}],"mode":"rail"})"),
            "/stops/0/nights: is missing");
  EXPECT_EQ(fault<Trip>(R"({"title":"","stops":[{"city":"a","days":1}],"mode":"rail"})"),
            "/stops/0/days: unknown field; the fields are city, nights");
  EXPECT_EQ(fault<Trip>(R"({"title":"","stops":[{"city":"a","nights":31}],"mode":"rail"})"),
            "/stops/0/nights: expected integer from 1 to 30, got 31");
  EXPECT_EQ(fault<Trip>(R"({"title":"","stops":[{"city":"","nights":3}],"mode":"rail"})"),
            "/stops/0/city: expected at least 1 character, got \"\"");
  EXPECT_EQ(fault<Trip>(R"({"title":"","stops":[],"mode":"kRail"})"),
            "/mode: expected one of rail, road, got \"kRail\"");
  EXPECT_EQ(fault<Trip>(R"({"title":"","stops":{},"mode":"rail"})"),
            "/stops: expected array, got {}");
  EXPECT_EQ(fault<Trip>(R"({"title":"","stops":[],"mode":"rail","note":1})"),
            "/note: expected string, got 1");
  EXPECT_EQ(fault<Trip>("[]"), "expected object, got []");
  EXPECT_EQ(fault<trips::Tree>(R"({"name":"a1","children":[]})"),
            "/name: expected text that matches ^[a-z]+$, got \"a1\"");
  EXPECT_EQ((fault<std::map<std::string, int>>(R"({"a/b":true})")),
            "/a~1b: expected integer, got true");
  EXPECT_EQ((fault<std::array<int, 2>>("[1]")), "expected at least 2 items, got 1");
  EXPECT_EQ((fault<std::array<int, 2>>("[1,2,3]")), "expected at most 2 items, got 3");
  EXPECT_EQ(fault<bool>("0"), "expected boolean, got 0");
  EXPECT_EQ(fault<trips::Stop>(R"({"city":"łódźłódź","nights":1})"),
            "/city: expected at most 5 characters, got \"łódźłódź\"");
  EXPECT_EQ(fault<trips::Stop>(R"({"city":"łódźł","nights":1})"), "none");  // five, in nine bytes
}

TEST(Described, FaultsStayShort) {
  std::string many = "[0";
  for (int i = 1; i < 5000; ++i) many += ",0";
  EXPECT_EQ(fault<std::string>(many + "]"), "expected string, got an array of 5000 items");
  const std::string text(1'000'000, 'x');
  EXPECT_LT(fault<int>("\"" + text + "\"").size(), 120U);
  EXPECT_LT(fault<trips::Empty>("{\"" + text + "\":1}").size(), 200U);
}

TEST(Described, NumbersKeepTheirTypesLimits) {
  EXPECT_EQ(fault<std::int8_t>("127"), "none");
  EXPECT_EQ(fault<std::int8_t>("128"), "expected integer from -128 to 127, got 128");
  EXPECT_EQ(fault<std::int8_t>("-129"), "expected integer from -128 to 127, got -129");
  EXPECT_EQ(fault<std::uint8_t>("-1"), "expected integer from 0 to 255, got -1");
  EXPECT_EQ(rewritten<std::int64_t>("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(rewritten<std::int64_t>("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(fault<std::int64_t>("9223372036854775808"),
            "expected integer from -9223372036854775808 to 9223372036854775807, "
            "got 9223372036854775808");
  EXPECT_EQ(rewritten<std::uint64_t>("18446744073709551615"), "18446744073709551615");
  EXPECT_NE(fault<std::uint64_t>("1e20"), "none");
  EXPECT_NE(fault<std::int64_t>("1e300"), "none");
  EXPECT_EQ(rewritten<int>("5.0"), "5");
  EXPECT_EQ(rewritten<std::uint64_t>("1e19"), "10000000000000000000");
  EXPECT_EQ(fault<int>("5.5"), "expected integer, got 5.5");
  EXPECT_EQ(fault<int>("\"5\""), "expected integer, got \"5\"");
  EXPECT_EQ(rewritten<double>("5"), "5.0");
  EXPECT_NE(fault<float>("1e39"), "none");
  EXPECT_EQ(fault<double>("true"), "expected number, got true");
  EXPECT_FALSE(from_json<double>(Json(std::numeric_limits<double>::quiet_NaN())).has_value());
  EXPECT_FALSE(from_json<int>(Json(std::numeric_limits<double>::infinity())).has_value());
  const auto wide = [](std::string_view number) {
    return fault<trips::Numbers>(R"({"tiny":0,"byte":0,"natural":0,"real":0,"many":[1],"wide":)" +
                                 std::string(number) + "}");
  };
  EXPECT_EQ(wide("9223372036854775806"), "none");  // exact where a double is not
  EXPECT_EQ(wide("9223372036854775805"),
            "/wide: expected integer from 9223372036854775806 to 9223372036854775807, "
            "got 9223372036854775805");
}

TEST(Described, ValuesBeyondTheDescriptionShow) {
  EXPECT_EQ(json::write(to_json_of(static_cast<trips::Mode>(7))), "7");
  EXPECT_EQ(json::write(to_json_of(std::numeric_limits<double>::infinity())), "null");
}

TEST(Described, NestingIsBounded) {
  Json tree = parsed(R"({"name":"a","children":[]})");
  int levels = 1;  // each is an object in an array
  for (; levels < 1000 && from_json<trips::Tree>(tree).has_value(); ++levels) {
    JsonObject parent;
    parent.emplace("name", "a");
    parent.emplace("children", JsonArray{std::move(tree)});
    tree = std::move(parent);
  }
  EXPECT_EQ(levels, json::kMaxDepth / 2 + 1);
  const auto error = from_json<trips::Tree>(tree).error();
  EXPECT_NE(error.message.find("nested deeper than 64 levels"), std::string::npos);
  EXPECT_EQ(error.message.find("/children/0/children/0"), 0U);
}

TEST(Described, APatternThatCannotRunIsTheProgramsFault) {
  const auto value = from_json<trips::BadPattern>(parsed(R"({"text":"a"})"));
  ASSERT_FALSE(value.has_value());
  EXPECT_EQ(value.error().code, ErrorCode::kInternal);
  EXPECT_FALSE(JsonSchema::compile(schema_of<trips::BadPattern>()).has_value());
}

}  // namespace
}  // namespace cadre
