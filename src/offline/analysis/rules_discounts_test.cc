// Totals from lines and discounts in percent, executed by the reference interpreter's rules.
#include <gtest/gtest.h>

#include "offline/analysis/analyse.h"
#include "spec/canonical.h"
#include "spec/validate.h"

namespace cadre::offline {
namespace {

spec::Spec read(std::string_view brief) {
  auto spec = analyse(brief);
  for (const auto& problem : spec::validate(spec)) {
    ADD_FAILURE() << problem.place << ": " << problem.message << "\nin: " << brief;
  }
  const auto again = spec::parse_canonical(spec::render(spec));
  EXPECT_TRUE(again.has_value()) << brief;
  return spec;
}

std::string derived(const spec::Spec& spec, std::string_view entity, std::string_view attribute) {
  const auto* e = find_entity(spec, entity);
  const auto* a = e == nullptr ? nullptr : find_attribute(*e, attribute);
  return a == nullptr || !a->derived ? "none" : json::write(to_json(*a->derived));
}

constexpr std::string_view kLines =
    "Orders have a date. Each order contains lines with a product, a quantity and a unit price. ";
constexpr std::string_view kSum =
    R"(["sum","Line",["*",["row","quantity"],["row","unit_price"]],["=",["row","order"],)"
    R"(["self","id"]]])";

TEST(Discounts, TotalsComeFromTheLines) {
  for (const char* sentence :
       {"The order total is calculated from its lines.", "Total gets worked out from the lines."}) {
    EXPECT_EQ(derived(read(std::string(kLines) + sentence), "Order", "total"), kSum) << sentence;
  }
  // Two amounts: nobody said which one.
  EXPECT_EQ(derived(read("Orders have a date. Each order contains lines with a price and a fee. "
                         "The order total is calculated from its lines."),
                    "Order", "total"),
            "none");
}

TEST(Discounts, InPercentAboveABound) {
  const auto spec = read(std::string(kLines) +
                         "The order total is calculated from its lines. Orders over 100 euros get "
                         "a 10 percent discount.");
  const std::string sum(kSum);
  const auto text = derived(spec, "Order", "total_after_discount");
  EXPECT_TRUE(text.starts_with(R"(["if",[">",)" + sum)) << text;
  EXPECT_NE(text.find(R"(["*",)" + sum), std::string::npos) << text;
  for (const auto& sentence : spec.sentences) {
    EXPECT_EQ(sentence.status, spec::SentenceStatus::kCovered) << sentence.id;
  }
}

TEST(Discounts, OfAPlainPrice) {
  for (const char* sentence : {"5% off if the price is at least 200.",
                               "A discount of 5 % is given when the price is at least 200."}) {
    const auto spec = read(std::string("A booking has a price and a date. ") + sentence);
    const auto text = derived(spec, "Booking", "price_after_discount");
    EXPECT_TRUE(text.starts_with(R"(["if",[">=",["self","price"])")) << sentence << text;
  }
  // Nothing says what it is a share of.
  EXPECT_EQ(derived(read("A booking has a name. 5% off if the weather is bad."), "Booking",
                    "price_after_discount"),
            "none");
}

}  // namespace
}  // namespace cadre::offline
