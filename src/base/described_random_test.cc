// Properties of described structs over random values: what is written reads back as the same value
// and passes the schema; a damaged document is refused by reading and by the schema alike.
#include <gtest/gtest.h>

#include <random>

#include "base/json_schema.h"
#include "cadre/described.h"

namespace zoo {

enum class Diet { grass, meat, both };
BOOST_DESCRIBE_ENUM(Diet, grass, meat, both)

struct Animal {
  std::string name;
  std::optional<double> weight;
  std::int16_t age = 0;
  Diet diet = Diet::grass;
  std::vector<Animal> young;
  bool operator==(const Animal&) const = default;
};
BOOST_DESCRIBE_STRUCT(Animal, (), (name, weight, age, diet, young))
constexpr auto cadre_describe_fields(const Animal*) {
  return cadre::field_docs({{"", "One of ours."},
                            {"name", "As called", {.max_length = 6}},
                            {"weight", {}, {.minimum = -1.5, .maximum = 1e6}},
                            {"age", "In years", {.minimum = 0}},
                            {"young", {}, {.max_items = 3}}});
}

struct Fish {
  float depth = 0;
  std::uint64_t count = 0;
  bool operator==(const Fish&) const = default;
};
BOOST_DESCRIBE_STRUCT(Fish, (), (depth, count))

struct House {
  std::array<std::uint8_t, 3> colour{};
  std::map<std::string, std::variant<Animal, Fish>> cages;
  std::optional<std::vector<std::optional<std::int64_t>>> keys;
  std::vector<bool> doors;
  std::optional<Animal> guard;
  std::optional<Diet> feed;
  cadre::Json notes;
  bool operator==(const House&) const = default;
};
BOOST_DESCRIBE_STRUCT(House, (), (colour, cages, keys, doors, guard, feed, notes))

}  // namespace zoo

namespace cadre {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t end) {
  return std::uniform_int_distribution<std::size_t>(0, end - 1)(random);
}

Json some_json(Random& random) {
  switch (below(random, 10)) {
    case 0: return nullptr;
    case 1: return random() % 2 == 0;
    case 2: return static_cast<std::int64_t>(random() % 300) - 100;
    case 3: return static_cast<double>(random() % 100) / 8;
    case 4: return "grass";
    case 5: return "Fish";
    case 6: return "łódź i reszta";
    case 7: return JsonArray{1, 2, 3};
    case 8: return JsonArray{};
    default: return JsonObject{{"type", "Fish"}, {"depth", 1}, {"count", 2}};
  }
}

// A value that keeps `rules`, of every kind that described structs know.
template <class T>
T some(Random& random, const FieldRules& rules, int depth);

template <class T>
T some_struct(Random& random, int depth) {
  T value{};
  detail::each<detail::Members<T>>([&]<class D>() {
    using M = detail::FieldType<T, D>;
    value.*D::pointer = some<M>(random, detail::doc_of<T>(D::name).rules, depth);
    return true;
  });
  return value;
}

template <class T>
T some_number(Random& random, const FieldRules& rules) {
  using Range = std::numeric_limits<T>;
  if constexpr (detail::Integer<T>) {
    const T low = rules.minimum ? static_cast<T>(*rules.minimum) : Range::min();
    const T high = rules.maximum ? static_cast<T>(*rules.maximum) : Range::max();
    if (below(random, 8) == 0) return random() % 2 == 0 ? low : high;
    if constexpr (std::is_signed_v<T>)
      return static_cast<T>(std::uniform_int_distribution<std::int64_t>(low, high)(random));
    else
      return static_cast<T>(std::uniform_int_distribution<std::uint64_t>(low, high)(random));
  } else {
    const double low = static_cast<double>(rules.minimum.value_or(-1e30L));
    const double high = static_cast<double>(rules.maximum.value_or(1e30L));
    return static_cast<T>(std::uniform_real_distribution<double>(low, high)(random));
  }
}

std::string some_text(Random& random, const FieldRules& rules) {
  static const std::vector<std::string> kPieces{"a", "Z", "\"", "\\", "\n", "ł", "漢", "😀", " "};
  std::string text;
  for (std::size_t i = below(random, rules.max_length.value_or(12) + 1); i > 0; --i)
    text += kPieces[below(random, kPieces.size())];
  return text;
}

template <class T>
T some(Random& random, const FieldRules& rules, int depth) {
  if constexpr (std::same_as<T, Json>) {
    return some_json(random);
  } else if constexpr (std::same_as<T, bool>) {
    return random() % 2 == 0;
  } else if constexpr (detail::Integer<T> || detail::Real<T>) {
    return some_number<T>(random, rules);
  } else if constexpr (std::same_as<T, std::string>) {
    return some_text(random, rules);
  } else if constexpr (detail::Enum<T>) {
    return detail::Words<T>::kValues[below(random, detail::Words<T>::kValues.size())];
  } else if constexpr (detail::kIsOptional<T>) {
    if (depth > 3 || random() % 2 == 0) return std::nullopt;
    return some<typename T::value_type>(random, rules, depth + 1);
  } else if constexpr (detail::kIsVector<T>) {
    T value;
    for (std::size_t i = depth > 3 ? 0 : below(random, rules.max_items.value_or(4) + 1); i > 0; --i)
      value.push_back(some<typename T::value_type>(random, rules, depth + 1));
    return value;
  } else if constexpr (detail::kIsArray<T>) {
    T value{};
    for (auto& item : value) item = some<typename T::value_type>(random, rules, depth + 1);
    return value;
  } else if constexpr (detail::kIsMap<T>) {
    T value;
    for (std::size_t i = below(random, 4); i > 0; --i)
      value[some_text(random, {})] = some<typename T::mapped_type>(random, rules, depth + 1);
    return value;
  } else if constexpr (detail::kIsVariant<T>) {
    if (random() % 2 == 0) return some_struct<std::variant_alternative_t<0, T>>(random, depth + 1);
    return some_struct<std::variant_alternative_t<1, T>>(random, depth + 1);
  } else {
    return some_struct<T>(random, depth + 1);
  }
}

JsonSchema compiled(SchemaStyle style) {
  auto schema = JsonSchema::compile(schema_of<zoo::House>(style));
  EXPECT_TRUE(schema.has_value()) << (schema ? "" : schema.error().message);
  EXPECT_TRUE(schema->unknown_keywords().empty());
  return *schema;
}

TEST(DescribedRandom, WhatIsWrittenReadsBackAndPassesTheSchema) {
  const JsonSchema strict = compiled(SchemaStyle::kStrict);
  Random random(20260101);
  for (int i = 0; i < 400; ++i) {
    const auto house = some<zoo::House>(random, {}, 0);
    const std::string text = json::write(to_json_of(house));
    const auto json = json::parse(text);
    ASSERT_TRUE(json.has_value()) << text;
    const auto issues = strict.validate(*json);
    ASSERT_TRUE(issues.empty()) << issues[0].pointer << ": " << issues[0].message << "\n" << text;
    const auto back = from_json<zoo::House>(*json);
    ASSERT_TRUE(back.has_value()) << back.error().message << "\n" << text;
    ASSERT_EQ(*back, house) << text;
    ASSERT_EQ(json::write(to_json_of(*back)), text);
  }
}

// Changes one place: another value there, a member or element more, or one less.
void damage(Json& json, Random& random) {
  if (json.is_object() && !json.get_object().empty() && below(random, 4) != 0) {
    JsonObject& object = json.get_object();
    auto member = object.begin() + static_cast<std::ptrdiff_t>(below(random, object.size()));
    if (below(random, 12) == 0) {
      object.erase(member);
    } else if (below(random, 12) == 0) {
      object.emplace("surplus", 1);
    } else {
      damage(member->value(), random);
    }
  } else if (json.is_array() && !json.get_array().empty() && below(random, 4) != 0) {
    JsonArray& array = json.get_array();
    const std::size_t at = below(random, array.size());
    if (below(random, 12) == 0) {
      array.erase(array.begin() + static_cast<std::ptrdiff_t>(at));
    } else if (below(random, 12) == 0) {
      Json again = array[at];
      array.push_back(std::move(again));
    } else {
      damage(array[at], random);
    }
  } else {
    json = some_json(random);
  }
}

TEST(DescribedRandom, ReadingAndSchemaRefuseTheSame) {
  const JsonSchema loose = compiled(SchemaStyle::kLoose);
  Random random(20260202);
  int taken = 0, refused = 0;
  for (int i = 0; i < 4000; ++i) {
    Json json = to_json_of(some<zoo::House>(random, {}, 0));
    damage(json, random);
    const auto issues = loose.validate(json);
    const auto house = from_json<zoo::House>(json);
    ASSERT_EQ(house.has_value(), issues.empty())
        << (house ? issues[0].pointer + ": " + issues[0].message : house.error().message) << "\n"
        << json::write(json);
    (house ? taken : refused)++;
  }
  EXPECT_GT(taken, 200);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace cadre
