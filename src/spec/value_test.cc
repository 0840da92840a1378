#include "spec/value.h"

#include <gtest/gtest.h>

#include "spec/evaluate.h"
#include "spec/pattern.h"

namespace cadre::spec {
namespace {

Value decimal(const char* digits) { return parse_decimal(digits).value(); }
std::string shown(const Value& value, int scale) { return format_decimal(value, scale); }

TEST(Value, DecimalsAreExact) {
  EXPECT_EQ(shown(add(decimal("0.1"), decimal("0.2")), 1), "0.3");
  EXPECT_EQ(shown(subtract(decimal("1"), decimal("1.005")), 3), "-0.005");
  EXPECT_EQ(shown(multiply(decimal("1.25"), Value::of_int(3)), 2), "3.75");
  EXPECT_EQ(shown(divide(Value::of_int(2), Value::of_int(3), 2), 2), "0.67");
  EXPECT_EQ(shown(divide(Value::of_int(-1), Value::of_int(8), 2), 2), "-0.13");
  EXPECT_TRUE(divide(Value::of_int(1), Value::of_int(0), 2).is_null());
  EXPECT_TRUE(equal(decimal("2.50"), decimal("2.5")));
  EXPECT_TRUE(equal(Value::of_int(2), decimal("2.000")));
}

TEST(Value, RoundsHalfAwayFromZero) {
  EXPECT_EQ(shown(decimal("2.345"), 2), "2.35");
  EXPECT_EQ(shown(decimal("-2.345"), 2), "-2.35");
  EXPECT_EQ(shown(decimal("2.344"), 2), "2.34");
  EXPECT_EQ(shown(decimal("-0.00"), 2), "0.00");
  EXPECT_EQ(fit(decimal("7.5"), Type::kInt, 0)->number, 8);
}

TEST(Value, OverflowGivesNull) {
  const Value huge = Value::of_int(std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(add(huge, Value::of_int(1)).is_null());
  EXPECT_TRUE(multiply(huge, huge).is_null());
  const Value wide = decimal("999999999999999999999999999999");
  EXPECT_TRUE(multiply(wide, wide).is_null());
  EXPECT_FALSE(fit(decimal("1000000000000"), Type::kMoney, 2).has_value());
  EXPECT_TRUE(fit(decimal("999999999999.99"), Type::kMoney, 2).has_value());
}

TEST(Value, AmountsHaveTheContractsForm) {
  for (const char* good : {"0", "-1", "12.5", "999999999999.99"}) {
    EXPECT_TRUE(parse_text(good, Type::kMoney, 2)) << good;
  }
  for (const char* bad : {"", "-", ".5", "5.", "1.234", "1e3", "+1", "1 ", "1234567890123", "0x1"}) {
    EXPECT_FALSE(parse_text(bad, Type::kMoney, 2)) << bad;
  }
  EXPECT_FALSE(parse_json(Json(5), Type::kMoney, 2));
  EXPECT_FALSE(parse_json(Json("5"), Type::kInt, 0));
  EXPECT_FALSE(parse_json(Json(5.0), Type::kInt, 0));
  EXPECT_FALSE(parse_json(Json(true), Type::kInt, 0));
  EXPECT_FALSE(parse_json(Json(std::int64_t{1} << 53), Type::kInt, 0));
}

TEST(Value, DatesAreOnTheCalendar) {
  EXPECT_EQ(parse_date("1970-01-01")->number, 0);
  EXPECT_EQ(parse_date("2000-02-29")->number, 11'016);
  for (const char* bad : {"1999-02-29", "2026-13-01", "2026-00-10", "1899-12-31", "3000-01-01",
                          "2026-1-1", "2026-01-01 "}) {
    EXPECT_FALSE(parse_date(bad)) << bad;
  }
  for (const std::int64_t days : {-25'567, -1, 0, 59, 20'000, 376'199}) {
    EXPECT_EQ(parse_date(format_date(days))->number, days);
  }
  EXPECT_EQ(format_datetime(-1), "1969-12-31T23:59:59Z");
  EXPECT_EQ(parse_datetime("2026-01-31T09:30:00Z")->number, 1'769'851'800);
  EXPECT_FALSE(parse_datetime("2026-01-31T09:30:00+00:00"));
  EXPECT_FALSE(parse_datetime("2026-01-31T24:00:00Z"));
}

TEST(Value, MonthsEndWhereTheMonthEnds) {
  const auto moved = [](const char* date, std::int64_t months, int sign) {
    Value duration = Value::of(Value::Kind::kDuration, 0);
    duration.months = months;
    const Value result = shift(*parse_date(date), duration, sign);
    return result.is_null() ? std::string("null") : format_date(result.number);
  };
  EXPECT_EQ(moved("2026-01-31", 1, 1), "2026-02-28");
  EXPECT_EQ(moved("2024-01-31", 1, 1), "2024-02-29");
  EXPECT_EQ(moved("2026-03-31", 1, -1), "2026-02-28");
  EXPECT_EQ(moved("2026-05-15", 20, 1), "2028-01-15");
  EXPECT_EQ(moved("2999-12-31", 1, 1), "null");
  EXPECT_EQ(moved("1900-01-01", 1, -1), "null");
}

TEST(Value, TextFormsFollowTheContract) {
  const auto accepts = [](const char* text, Type type) {
    return parse_json(Json(text), type, 0).has_value();
  };
  EXPECT_TRUE(accepts("a@b.c", Type::kEmail));
  for (const char* bad : {"a@b", "a b@c.d", "@b.c", "a@@b.c", "a@.c", "a@b."}) {
    EXPECT_FALSE(accepts(bad, Type::kEmail)) << bad;
  }
  EXPECT_TRUE(accepts("+49 (30) 12-34", Type::kPhone));
  EXPECT_FALSE(accepts("12", Type::kPhone));
  EXPECT_TRUE(accepts("https://x", Type::kUrl));
  EXPECT_FALSE(accepts("https://", Type::kUrl));
  EXPECT_FALSE(accepts("ftp://x", Type::kUrl));
  EXPECT_FALSE(accepts(" \xC2\xA0 ", Type::kString));
  EXPECT_TRUE(parse_json(Json(std::string(200, 'x')), Type::kString, 0));
  EXPECT_FALSE(parse_json(Json(std::string(201, 'x')), Type::kString, 0));
  std::string umlauts;
  for (int i = 0; i < 200; ++i) umlauts += "\xC3\xBC";
  EXPECT_TRUE(parse_json(Json(umlauts), Type::kString, 0));
}

TEST(Value, LimitsAreInclusiveUnlessSaidOtherwise) {
  Attribute attribute;
  attribute.type = Type::kDecimal;
  attribute.min = Expr::decimal("0.5");
  attribute.max = Expr::of(10);
  attribute.step = 0.25;
  EXPECT_TRUE(within_limits(decimal("0.5"), attribute));
  EXPECT_TRUE(within_limits(decimal("10"), attribute));
  EXPECT_TRUE(within_limits(decimal("0.75"), attribute));
  EXPECT_FALSE(within_limits(decimal("0.6"), attribute));
  EXPECT_FALSE(within_limits(decimal("10.25"), attribute));
  attribute.exclusive_min = true;
  EXPECT_FALSE(within_limits(decimal("0.5"), attribute));
}

TEST(Pattern, MatchesTheWholeValue) {
  const auto matches = [](const char* pattern, const char* value) {
    const auto compiled = Pattern::compile(pattern);
    EXPECT_TRUE(compiled.has_value()) << pattern;
    return compiled && compiled->matches(value);
  };
  EXPECT_TRUE(matches("[A-Z]{2,4}-[0-9]{1,3}", "AB-12"));
  EXPECT_FALSE(matches("[A-Z]{2,4}-[0-9]{1,3}", "AB-1234"));
  EXPECT_TRUE(matches("^(red|green)+$", "redgreenred"));
  EXPECT_TRUE(matches("\\d+(\\.\\d+)?", "3.14"));
  EXPECT_FALSE(matches("\\d+(\\.\\d+)?", "3."));
  EXPECT_TRUE(matches("[^a-z]*", "ABC 1"));
  EXPECT_TRUE(matches(".{2}", "\xC3\xBC\xC3\xA4"));
  EXPECT_FALSE(matches("(a*)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac"));
}

TEST(Pattern, RefusesWhatItDoesNotKnow) {
  for (const char* bad : {"(a", "a)", "[a", "a{", "a{2", "*a", "(?=a)", "\\1", "a**", "[z-a]", "a??"}) {
    EXPECT_FALSE(Pattern::compile(bad).has_value()) << bad;
  }
}

TEST(Pattern, SamplesMatch) {
  Rng rng(5);
  for (const char* text : {"[A-Z]{2}-\\d+", "(ab|c)*x?", "\\w{3,5}", "[^0-9]+"}) {
    const Pattern pattern = Pattern::compile(text).value();
    for (int i = 0; i < 20; ++i) {
      const std::string sample = pattern.sample(rng);
      EXPECT_TRUE(pattern.matches(sample)) << text << " " << sample;
    }
  }
}

// Evaluation without rows: literals, null and time.
TEST(Evaluate, FollowsTheMeaningInTheHeader) {
  Spec spec;
  const Schema schema(spec);
  const Database database(schema);
  Scope scope;
  scope.schema = &schema;
  scope.database = &database;
  scope.now = 1'767'258'000;  // 2026-01-01T09:00:00Z
  const auto run = [&](const char* text) {
    const Value value = evaluate(expr_from_json(json::parse(text).value()).value(), scope);
    return json::write(value_to_json(value, Type::kDecimal, 3));
  };
  EXPECT_EQ(run(R"(["=",null,null])"), "true");
  EXPECT_EQ(run(R"(["=",null,1])"), "false");
  EXPECT_EQ(run(R"(["!=",null,1])"), "true");
  EXPECT_EQ(run(R"(["<",null,1])"), "false");
  EXPECT_EQ(run(R"(["not",["<",null,1]])"), "true");
  EXPECT_EQ(run(R"(["+",1,null])"), "null");
  EXPECT_EQ(run(R"(["max",null,2,3])"), "\"3.000\"");
  EXPECT_EQ(run(R"(["/",1,3])"), "\"0.333\"");
  EXPECT_EQ(run(R"(["in",2,1,2])"), "true");
  EXPECT_EQ(run(R"(["add",["today"],["days",14]])"), "\"2026-01-15\"");
  EXPECT_EQ(run(R"(["sub",["now"],["hours",10]])"), "\"2025-12-31T23:00:00Z\"");
  EXPECT_EQ(run(R"(["days_between","2026-01-05",["today"]])"), "\"-4.000\"");
  EXPECT_EQ(run(R"(["hours_between","2026-01-01T08:00:01Z",["now"]])"), "\"0.000\"");
  EXPECT_EQ(run(R"(["=",["date_of",["now"]],"2026-01-01"])"), "true");
  EXPECT_EQ(run(R"(["overlaps","2026-01-01","2026-01-03","2026-01-03","2026-01-04"])"), "false");
  EXPECT_EQ(run(R"(["overlaps","2026-01-01","2026-01-03","2026-01-02","2026-01-04"])"), "true");
  EXPECT_EQ(run(R"(["if",["<",1,2],"yes","no"])"), "\"yes\"");
}

}  // namespace
}  // namespace cadre::spec
