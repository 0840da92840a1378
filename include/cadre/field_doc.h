// What a model is told about a field of a described struct, and what the field's value must keep.
//
// A struct gets its texts and rules from a function beside it, found by its argument:
//
//   constexpr auto cadre_describe_fields(const Search*) {
//     return cadre::field_docs({{"", "Looks for books."},  // the struct itself
//                               {"query", "Words to look for", {.min_length = 1}},
//                               {"limit", "At most so many", {.minimum = 1, .maximum = 50}}});
//   }
//
// A name that is no field, a rule that does not fit the field's type, a field named twice: errors
// when compiled. Plain data, safe in any thread.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>

namespace cadre {

// Rules of numbers and text hold for the value inside std::optional, and for each element of a
// vector, array or map; min_items and max_items hold for the outermost vector or map.
struct FieldRules {
  // Both included. Wide enough for every 64-bit integer and every double.
  std::optional<long double> minimum = {};
  std::optional<long double> maximum = {};
  // In characters (code points), not bytes.
  std::optional<std::size_t> min_length = {};
  std::optional<std::size_t> max_length = {};
  std::optional<std::size_t> min_items = {};
  std::optional<std::size_t> max_items = {};
  // RE2 syntax; found anywhere in the text unless anchored with ^ and $.
  std::string_view pattern = {};
};
static_assert(std::numeric_limits<long double>::digits >= 64, "bounds must hold 64-bit integers");

struct FieldDoc {
  std::string_view name;  // of the field; "" for the struct itself
  std::string_view description = {};
  FieldRules rules = {};
};

// The texts as one constant.
template <std::size_t N>
constexpr std::array<FieldDoc, N> field_docs(const FieldDoc (&docs)[N]) {
  return std::to_array(docs);
}

}  // namespace cadre
