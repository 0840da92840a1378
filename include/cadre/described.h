// A plain struct as JSON Schema, from JSON, to JSON: what typed tools and typed outputs stand on.
//
//   struct Search { std::string query; int limit; std::optional<std::string> author; };
//   BOOST_DESCRIBE_STRUCT(Search, (), (query, limit, author))
//
//   cadre::Json schema = cadre::schema_of<Search>();
//   cadre::Result<Search> search = cadre::from_json<Search>(arguments);
//   cadre::Json back = cadre::to_json_of(*search);
//
// Fields may be bool, integers, double, float, std::string, enums with BOOST_DESCRIBE_ENUM (as
// strings), std::optional (null when empty), std::vector, std::array, std::map<std::string, T>,
// described structs (also ones that contain themselves), std::variant of described structs (told
// apart by a first field "type"), and Json. Anything else does not compile, and says so. Texts and
// rules for fields: <cadre/field_doc.h>.
//
// from_json takes what the loose schema allows and nothing else, but for numbers beyond 64-bit
// integers and beyond float, and nesting beyond json::kMaxDepth, which it alone refuses. The strict
// schema differs only in that optional fields must be there. from_json of to_json_of gives the
// value back, as long as it keeps its rules and its numbers are finite.
//
// Pure functions, safe in any thread; nothing throws but std::bad_alloc.
#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "base/json.h"
#include "base/result.h"
#include "cadre/detail/described_read.h"
#include "cadre/detail/described_schema.h"
#include "cadre/detail/described_type.h"
#include "cadre/detail/described_write.h"
#include "cadre/field_doc.h"

namespace cadre {

// A struct with BOOST_DESCRIBE_STRUCT: what a tool takes.
template <class T>
concept DescribedStruct = detail::Struct<T>;

// Whether T's schema keeps to what vendors' strict modes take: no std::map and no Json in it. Ask
// for strict calling only then.
template <class T>
inline constexpr bool kFitsStrictMode = detail::strict_can_hold<T>();

enum class SchemaStyle {
  kStrict,  // every field required, as vendors' strict modes want; an absent optional is null
  kLoose,   // optional fields need not be there
};

// JSON Schema (draft 2020-12) of T, with fields in the order of the description.
template <class T>
Json schema_of(SchemaStyle style = SchemaStyle::kStrict) {
  detail::SchemaShapes shapes(style == SchemaStyle::kStrict, detail::Struct<T>);
  return shapes.finish(detail::schema_for<T>(shapes, detail::kNoRules));
}

// Strict: a missing, unknown or wrong field, a number out of range, a word that is not of the enum,
// a broken rule is kInvalidInput and names the place: "/stops/2/city: expected string, got 5". The
// first fault only. Fields of type std::optional may be absent or null. A whole number may come as
// 5.0. Nesting beyond json::kMaxDepth is refused.
template <class T>
Result<T> from_json(const Json& json) {
  Result<T> value;
  detail::JsonReading reading;
  if (!detail::read(reading, json, detail::Place{}, detail::Limits{}, *value))
    return std::unexpected(reading.take_fault());
  return value;
}

// Every field is there, an empty optional as null. NaN and infinity have no JSON: they are printed
// as null, and read back as a fault. An enum value without a word becomes its number, likewise.
template <class T>
Json to_json_of(const T& value) {
  return detail::write(value);
}

// Vendors want an object as a model's structured output. A described struct is one; any other T
// (int, std::vector, std::variant, a map) is put under "response": {"response": [1, 2]}.
template <class T>
inline constexpr bool kIsWrappedOutput = !detail::Struct<T>;

template <class T>
Json output_schema_of(SchemaStyle style = SchemaStyle::kStrict) {
  if constexpr (kIsWrappedOutput<T>) {
    detail::SchemaShapes shapes(style == SchemaStyle::kStrict, false);
    JsonObject root =
        detail::SchemaShapes::wrapped(detail::schema_for<T>(shapes, detail::kNoRules));
    return shapes.finish(std::move(root));
  } else {
    return schema_of<T>(style);
  }
}

template <class T>
Result<T> output_from_json(const Json& json) {
  if constexpr (kIsWrappedOutput<T>) {
    Result<T> value;
    detail::JsonReading reading;
    const detail::Place root;
    const Json* inner = reading.wrapped(json, root);
    if (inner == nullptr ||
        !detail::read(reading, *inner, root.member("response"), detail::Limits{}, *value))
      return std::unexpected(reading.take_fault());
    return value;
  } else {
    return from_json<T>(json);
  }
}

template <class T>
Json output_to_json(const T& value) {
  if constexpr (kIsWrappedOutput<T>) {
    JsonObject root;
    root.emplace("response", to_json_of(value));
    return root;
  } else {
    return to_json_of(value);
  }
}

}  // namespace cadre
