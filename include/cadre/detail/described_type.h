// Which types take part in described structs, and their names, fields and texts as constants.
// Private to <cadre/described.h>. Everything here is decided when compiled.
#pragma once

#include <array>
#include <boost/describe/bases.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "cadre/field_doc.h"

namespace cadre::detail {

template <class T>
concept Struct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;
template <class T>
concept Enum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;
// Characters are no numbers: a char in a struct is nearly always text.
template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> &&
                  !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                  !std::same_as<T, char16_t> && !std::same_as<T, char32_t> && sizeof(T) <= 8;
template <class T>
concept Real = std::same_as<T, double> || std::same_as<T, float>;

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr std::size_t kArraySize = static_cast<std::size_t>(-1);
template <class T, std::size_t N>
inline constexpr std::size_t kArraySize<std::array<T, N>> = N;
template <class T>
inline constexpr bool kIsArray = kArraySize<T> != static_cast<std::size_t>(-1);
template <class T>
inline constexpr bool kIsMap = false;
template <class T>
inline constexpr bool kIsMap<std::map<std::string, T>> = true;
template <class T>
inline constexpr bool kIsVariant = false;
template <class... T>
inline constexpr bool kIsVariant<std::variant<T...>> = true;
template <class T>
inline constexpr bool kNever = false;

// The type that rules of numbers and text hold for.
template <class T>
struct ScalarOf {
  using Type = T;
};
template <class T>
struct ScalarOf<std::optional<T>> : ScalarOf<T> {};
template <class T>
struct ScalarOf<std::vector<T>> : ScalarOf<T> {};
template <class T, std::size_t N>
struct ScalarOf<std::array<T, N>> : ScalarOf<T> {};
template <class T>
struct ScalarOf<std::map<std::string, T>> : ScalarOf<T> {};
template <class T>
struct Unwrapped {
  using Type = T;
};
template <class T>
struct Unwrapped<std::optional<T>> {
  using Type = T;
};

// The type's own name without its namespaces: "Stop" for trips::Stop.
template <class T>
constexpr std::string_view type_name() {
  const std::string_view text = __PRETTY_FUNCTION__;
  const std::size_t start = text.find("T = ") + 4;
  std::string_view name = text.substr(start, text.find_first_of(";]", start) - start);
  const std::size_t arguments = name.find('<');
  const std::size_t colons = name.substr(0, arguments).rfind("::");
  return colons == std::string_view::npos ? name : name.substr(colons + 2);
}

// One address for each type.
template <class T>
inline constexpr char kTypeId = 0;

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public |
                                                         boost::describe::mod_inherited>;
template <class T>
using HiddenMembers = boost::describe::describe_members<T, boost::describe::mod_private |
                                                               boost::describe::mod_protected |
                                                               boost::describe::mod_inherited>;

template <class T, class D>
using FieldType = std::remove_cvref_t<decltype(std::declval<T&>().*D::pointer)>;

// Calls body.operator()<D>() for each descriptor of a Boost.Describe list until one says false.
template <template <class...> class L, class... D, class Body>
constexpr bool each_of(L<D...>*, Body&& body) {
  return (body.template operator()<D>() && ...);
}
template <class List, class Body>
constexpr bool each(Body&& body) {
  return each_of(static_cast<List*>(nullptr), body);
}

template <template <class...> class L, class... D>
constexpr std::array<std::string_view, sizeof...(D)> names_of(L<D...>*) {
  return {std::string_view(D::name)...};
}
template <class T>
inline constexpr auto kFieldNames = names_of(static_cast<Members<T>*>(nullptr));

template <class T>
concept Documented = requires { cadre_describe_fields(static_cast<const T*>(nullptr)); };

template <class T>
constexpr auto docs_of() {
  if constexpr (Documented<T>)
    return cadre_describe_fields(static_cast<const T*>(nullptr));
  else
    return std::array<FieldDoc, 0>{};
}
template <class T>
inline constexpr auto kDocs = docs_of<T>();

inline constexpr FieldDoc kNoDoc{};

template <class T>
constexpr const FieldDoc& doc_of(std::string_view name) {
  for (const FieldDoc& doc : kDocs<T>) {
    if (doc.name == name) return doc;
  }
  return kNoDoc;
}

template <class T>
constexpr bool docs_name_fields() {
  for (const FieldDoc& doc : kDocs<T>) {
    bool known = doc.name.empty();
    for (const std::string_view name : kFieldNames<T>) known = known || name == doc.name;
    if (!known) return false;
  }
  return true;
}

template <class T>
constexpr bool docs_name_once() {
  for (const FieldDoc& doc : kDocs<T>) {
    int count = 0;
    for (const FieldDoc& other : kDocs<T>) count += other.name == doc.name ? 1 : 0;
    if (count != 1) return false;
  }
  return true;
}

template <class S>
constexpr bool bound_fits(const std::optional<long double>& bound) {
  if (!bound) return true;
  if constexpr (Integer<S>) {
    constexpr auto kLow = static_cast<long double>(std::numeric_limits<S>::min());
    constexpr auto kHigh = static_cast<long double>(std::numeric_limits<S>::max());
    if (*bound < kLow || *bound > kHigh) return false;
    return static_cast<long double>(static_cast<S>(*bound)) == *bound;  // whole
  } else {
    return Real<S>;
  }
}

template <class T>
constexpr bool ordered(const std::optional<T>& low, const std::optional<T>& high) {
  return !low || !high || *low <= *high;
}

// Whether the rules can be kept by a field of type M.
template <class M>
constexpr bool rules_fit(const FieldRules& rules) {
  using S = typename ScalarOf<M>::Type;
  using C = typename Unwrapped<M>::Type;
  const bool of_text = rules.min_length || rules.max_length || !rules.pattern.empty();
  const bool of_items = rules.min_items || rules.max_items;
  return bound_fits<S>(rules.minimum) && bound_fits<S>(rules.maximum) &&
         (!of_text || std::same_as<S, std::string>) && (!of_items || kIsVector<C> || kIsMap<C>) &&
         ordered(rules.minimum, rules.maximum) && ordered(rules.min_length, rules.max_length) &&
         ordered(rules.min_items, rules.max_items);
}

template <class T>
constexpr bool all_rules_fit() {
  if (doc_of<T>("").rules.minimum || doc_of<T>("").rules.maximum) return false;
  return each<Members<T>>(
      []<class D>() { return rules_fit<FieldType<T, D>>(doc_of<T>(D::name).rules); });
}

// Stands for a value of any type where nothing is evaluated.
struct AnyValue {
  template <class T>
  operator T() const;
};
template <std::size_t>
using AnyValueAt = AnyValue;

template <class T, std::size_t... I>
constexpr bool takes_values(std::index_sequence<I...>) {
  return requires { T{AnyValueAt<I>{}...}; };
}

// Whether an aggregate has more fields than its description, as far as can be seen.
template <class T>
constexpr bool forgets_fields() {
  using Bases = boost::describe::describe_bases<T, boost::describe::mod_any_access>;
  constexpr std::size_t kCount = kFieldNames<T>.size();
  if constexpr (!std::is_aggregate_v<T> || kCount == 0 || !boost::mp11::mp_empty<Bases>::value)
    return false;
  else
    return takes_values<T>(std::make_index_sequence<kCount + 1>());
}

// Whether vendors' strict modes can take T as a field: no maps and no free-form JSON.
template <class T, class... Seen>
constexpr bool strict_can_hold();
template <class T, class... Seen>
struct StrictParts {
  static constexpr bool holds() {
    return each<Members<T>>(
        []<class D>() { return strict_can_hold<FieldType<T, D>, T, Seen...>(); });
  }
};
template <class... T, class... Seen>
struct StrictParts<std::variant<T...>, Seen...> {
  static constexpr bool holds() { return (strict_can_hold<T, Seen...>() && ...); }
};
template <class T, class... Seen>
constexpr bool strict_can_hold() {
  if constexpr (std::same_as<T, Json> || kIsMap<T>)
    return false;
  else if constexpr (kIsOptional<T> || kIsVector<T> || kIsArray<T>)
    return strict_can_hold<typename T::value_type, Seen...>();
  else if constexpr ((std::same_as<T, Seen> || ...) || !(Struct<T> || kIsVariant<T>))
    return true;
  else
    return StrictParts<T, Seen...>::holds();
}

// Instantiated once for each struct that is used: the errors a user of the library reads.
template <Struct T>
constexpr bool check_struct() {
  static_assert(std::is_default_constructible_v<T>,
                "a described struct must be default constructible");
  static_assert(each<HiddenMembers<T>>([]<class>() { return false; }),
                "a described struct may have public fields only");
  static_assert(!forgets_fields<T>(),
                "a field (or a base) is missing from BOOST_DESCRIBE_STRUCT: it would never be "
                "read, written or shown to a model");
  static_assert(docs_name_fields<T>(),
                "cadre_describe_fields names a field that the struct does not describe");
  static_assert(docs_name_once<T>(), "cadre_describe_fields names a field twice");
  static_assert(all_rules_fit<T>(),
                "a rule in cadre_describe_fields does not fit its field: minimum and maximum are "
                "for numbers and within the type, lengths and pattern for std::string, items for "
                "vector and map, and the lower bound may not exceed the upper");
  return true;
}

template <class T>
constexpr void refuse_type() {
  static_assert(kNever<T>,
                "this type cannot be in a described struct: use bool, integers, double, float, "
                "std::string, an enum with BOOST_DESCRIBE_ENUM, std::optional, std::vector, "
                "std::array, std::map<std::string, T>, a struct with BOOST_DESCRIBE_STRUCT, "
                "std::variant of such structs, or cadre::Json");
}

template <class T>
constexpr bool check_optional() {
  static_assert(!kIsOptional<T>, "std::optional of std::optional: null would mean two things");
  static_assert(!std::same_as<T, Json>, "a cadre::Json may be null by itself, without optional");
  return true;
}

// The word in "type" that says which struct a variant holds.
template <class T>
constexpr std::string_view tag_of() {
  if constexpr (requires { cadre_type_tag(static_cast<const T*>(nullptr)); })
    return cadre_type_tag(static_cast<const T*>(nullptr));
  else
    return type_name<T>();
}

template <std::size_t N>
constexpr bool all_differ(const std::array<std::string_view, N>& words) {
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (words[i] == words[j]) return false;
    }
  }
  return true;
}

// The word for an enum's value: its own function's, or the enumerator's name.
template <class E>
constexpr std::string_view word_of(E value, std::string_view name) {
  if constexpr (requires { cadre_enum_word(value); })
    return cadre_enum_word(value);
  else
    return name;
}

template <class T>
constexpr bool has_field(std::string_view wanted) {
  if constexpr (Struct<T>) {
    for (const std::string_view name : kFieldNames<T>) {
      if (name == wanted) return true;
    }
  }
  return false;
}

template <class V>
struct VariantCheck;
template <class... T>
struct VariantCheck<std::variant<T...>> {
  static_assert((Struct<T> && ...),
                "a std::variant may hold structs with BOOST_DESCRIBE_STRUCT only");
  static_assert(all_differ(std::array<std::string_view, sizeof...(T)>{tag_of<T>()...}),
                "two structs of a std::variant have the same tag: give one a "
                "constexpr std::string_view cadre_type_tag(const T*)");
  static_assert((!has_field<T>("type") && ...),
                "a struct in a std::variant may not have a field \"type\": that is the tag");
  static constexpr std::array<std::string_view, sizeof...(T)> kTags{tag_of<T>()...};
};

}  // namespace cadre::detail
