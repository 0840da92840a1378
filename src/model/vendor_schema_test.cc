#include "model/vendor_schema.h"

#include "base/clock.h"
#include "base/json_schema.h"
#include "model/adapter_test_kit.h"
#include "model/json_text.h"
#include "model/wire_common.h"

namespace cadre::model {
namespace {

using testing::parse;

TEST(VendorSchema, OpenAiSubset) {
  const VendorSchema out = vendor_schema(parse(R"({"type":"object","title":"T","properties":{
    "a":{"type":"string","format":"uri","pattern":"^x"},
    "b":{"oneOf":[{"type":"integer","minimum":1},{"type":"null"}]},
    "c":{"$ref":"#/$defs/n","description":"gone beside a reference"},
    "d":{"allOf":[{"type":"boolean"}],"description":"kept"},
    "e":{"type":"array","items":{"type":"number"},"uniqueItems":true,"minItems":2},
    "f":{"const":3}},
    "required":["a","e"],"$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}}}}})"),
                                         SchemaDialect::kOpenAi);
  ASSERT_TRUE(out.strict);
  EXPECT_TRUE(out.nullable);
  EXPECT_EQ(out.schema, parse(R"({"type":"object","title":"T","properties":{
    "a":{"type":"string","pattern":"^x"},
    "b":{"anyOf":[{"type":"integer","minimum":1},{"type":"null"}]},
    "c":{"anyOf":[{"$ref":"#/$defs/n"},{"type":"null"}]},
    "d":{"type":["boolean","null"],"description":"kept"},
    "e":{"type":"array","minItems":2,"items":{"type":"number"}},
    "f":{"anyOf":[{"const":3},{"type":"null"}]}},
    "required":["a","b","c","d","e","f"],"additionalProperties":false,
    "$defs":{"n":{"type":"object","properties":{"next":{"anyOf":[{"$ref":"#/$defs/n"},{"type":"null"}]}},
      "required":["next"],"additionalProperties":false}}})"));
}

TEST(VendorSchema, WhatCannotBeEnforcedStaysAsItIs) {
  for (const char* schema :
       {R"({"type":"array","items":{"type":"string"}})", R"(true)", R"({})",
        R"({"anyOf":[{"type":"object"}]})",
        R"({"type":"object","additionalProperties":true,"properties":{}})",
        R"({"type":"object","properties":{"a":{}}})",
        R"({"type":"object","properties":{"a":{"type":"array"}}})",
        R"({"type":"object","properties":{"a":{"type":"object"}}})",
        R"({"type":"object","properties":{"a":{"type":"array","prefixItems":[{"type":"string"}]}}})",
        R"({"type":"object","properties":{"a":{"allOf":[{"type":"string"},{"minLength":2}]}}})",
        R"({"type":"object","properties":{"a":{"$ref":"other.json"}}})"}) {
    const VendorSchema out = vendor_schema(parse(schema), SchemaDialect::kOpenAi);
    EXPECT_FALSE(out.strict) << schema;
    EXPECT_EQ(out.schema, parse(schema));
  }
  EXPECT_TRUE(vendor_schema(parse(R"({"type":"object"})"), SchemaDialect::kOpenAi).strict)
      << "a tool without arguments";
}

TEST(VendorSchema, AbsentMembersComeBack) {
  const Json schema = parse(R"({"type":"object","properties":{"a":{"type":"string"},
    "b":{"type":["string","null"]},"c":{"type":"array","items":{"$ref":"#/$defs/n"}},
    "d":{"type":"null"}},"required":["d"],
    "$defs":{"n":{"type":"object","properties":{"x":{"type":"integer"},"y":{"$ref":"#/$defs/n"}}}}})");
  Json value = parse(R"({"a":null,"b":null,"c":[{"x":null,"y":{"x":1,"y":null}}],"d":null})");
  drop_absent(schema, value);
  EXPECT_EQ(value, parse(R"({"b":null,"c":[{"y":{"x":1}}],"d":null})"));
  EXPECT_TRUE(JsonSchema::compile(schema)->validate(value).empty());
}

TEST(EventReader, LargeEventsWithoutEndCostNoMoreThanOne) {
  EventReader reader;
  const std::string event = "{\"x\":\"" + std::string(100'000, 'y') + "\"}";
  for (int i = 0; i < 200; ++i) {
    const Json* read = reader.read(event);
    ASSERT_NE(read, nullptr);
    EXPECT_EQ(read->at("x").get_string().size(), 100'000U);
  }
}

TEST(JsonText, StringsOfAnyBytes) {
  const auto written = [](std::string_view text) {
    std::string out;
    append_string(out, text);
    return out;
  };
  EXPECT_EQ(written("plain text, long enough for the quick path"),
            "\"plain text, long enough for the quick path\"");
  EXPECT_EQ(written("a\"b\\c\nd\te\x01\x1f\x7f"), "\"a\\\"b\\\\c\\nd\\te\\u0001\\u001f\x7f\"");
  EXPECT_EQ(written("äöü€😀"), "\"äöü€😀\"");
  EXPECT_EQ(written("\xff\xc3(\xe2\x82\xed\xa0\x80"),
            "\"\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  // Whatever the bytes, the text reads back as JSON; valid text unchanged.
  Rng rng(5);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes;
    const bool ascii = rng.below(2) == 0;
    for (std::uint64_t i = rng.below(40); i > 0; --i)
      bytes.push_back(static_cast<char>(rng.below(ascii ? 128 : 256)));
    const auto back = json::parse(written(bytes));
    ASSERT_TRUE(back) << back.error().message;
    if (ascii) {
      EXPECT_EQ(json::as_view(back->get_string()), bytes);
    }
  }
}

}  // namespace
}  // namespace cadre::model
