// Reads described types from JSON. Private to <cadre/described.h>.
//
// The first fault ends the reading. Places are kept as a chain on the stack, so that a path costs
// nothing until there is a fault to report.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "cadre/detail/described_schema.h"
#include "cadre/detail/described_type.h"

namespace cadre::detail {

struct Place {
  const Place* parent = nullptr;
  std::string_view key = {};  // of an object's member
  std::size_t index = 0;      // of an array's element, when `in_array`
  bool in_array = false;
  int depth = 0;

  Place member(std::string_view name) const { return {this, name, 0, false, depth + 1}; }
  Place element(std::size_t at) const { return {this, {}, at, true, depth + 1}; }
};

// A pattern ready to match. Immutable.
class TextPattern {
 public:
  explicit TextPattern(std::string_view pattern);
  bool usable() const;  // false: RE2 cannot run it
  bool found_in(std::string_view text) const;
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
  std::shared_ptr<const void> compiled_;
};

struct Limits {
  const FieldRules* rules = &kNoRules;
  const TextPattern* pattern = nullptr;
};

// The part that knows no types (base/described_read.cc). Its functions are false after noting a
// fault.
class JsonReading {
 public:
  bool flag(const Json& in, const Place& at, bool& out);
  bool signed_integer(const Json& in, const Place& at, std::int64_t low, std::int64_t high,
                      const FieldRules& rules, std::int64_t& out);
  bool unsigned_integer(const Json& in, const Place& at, std::uint64_t high,
                        const FieldRules& rules, std::uint64_t& out);
  bool real(const Json& in, const Place& at, double highest, const FieldRules& rules, double& out);
  bool text(const Json& in, const Place& at, const Limits& limits, std::string& out);
  bool word(const Json& in, const Place& at, std::span<const std::string_view> words,
            std::size_t& out);
  const JsonArray* array(const Json& in, const Place& at, const FieldRules& rules);
  const JsonObject* object(const Json& in, const Place& at, const FieldRules& rules = kNoRules);
  // The members in the order of `names`, null where absent. A member "type" is passed over when
  // `tagged`.
  bool fields(const JsonObject& in, const Place& at, std::span<const std::string_view> names,
              bool tagged, std::span<const Json*> found);
  bool missing(const Place& at);
  // The member "response" of what is nothing else; null after noting a fault.
  const Json* wrapped(const Json& in, const Place& at);

  Error take_fault() { return std::move(fault_); }

 private:
  bool wrong(const Place& at, std::string_view expected, const Json& got);
  bool say(const Place& at, std::string message);
  bool deep_enough(const Place& at);
  bool keeps_bounds(const Json& in, const Place& at, long double number, const FieldRules& rules,
                    std::string_view kind);
  Error fault_;
};

template <class T>
bool read_struct(JsonReading& reading, const Json& in, const Place& at, bool tagged, T& out);
template <class V>
struct VariantRead;
template <class T>
bool read_number(JsonReading& reading, const Json& in, const Place& at, const FieldRules& rules,
                 T& out);

template <class T>
bool read(JsonReading& reading, const Json& in, const Place& at, const Limits& limits, T& out) {
  if constexpr (std::same_as<T, Json>) {
    out = in;
    return true;
  } else if constexpr (std::same_as<T, bool>) {
    return reading.flag(in, at, out);
  } else if constexpr (Integer<T> || Real<T>) {
    return read_number(reading, in, at, *limits.rules, out);
  } else if constexpr (std::same_as<T, std::string>) {
    return reading.text(in, at, limits, out);
  } else if constexpr (Enum<T>) {
    std::size_t index = 0;
    if (!reading.word(in, at, Words<T>::kWords, index)) return false;
    out = Words<T>::kValues[index];
    return true;
  } else if constexpr (kIsOptional<T>) {
    static_assert(check_optional<typename T::value_type>());
    if (in.is_null()) {
      out.reset();
      return true;
    }
    return read(reading, in, at, limits, out.emplace());
  } else if constexpr (kIsVector<T>) {
    const JsonArray* array = reading.array(in, at, *limits.rules);
    if (array == nullptr) return false;
    const FieldRules inner = without_items(*limits.rules);
    out.reserve(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
      typename T::value_type item{};
      if (!read(reading, (*array)[i], at.element(i), {&inner, limits.pattern}, item)) return false;
      out.push_back(std::move(item));
    }
    return true;
  } else if constexpr (kIsArray<T>) {
    FieldRules exactly = without_items(*limits.rules);
    exactly.min_items = exactly.max_items = kArraySize<T>;
    const JsonArray* array = reading.array(in, at, exactly);
    if (array == nullptr) return false;
    const FieldRules inner = without_items(*limits.rules);
    for (std::size_t i = 0; i < kArraySize<T>; ++i) {
      if (!read(reading, (*array)[i], at.element(i), {&inner, limits.pattern}, out[i]))
        return false;
    }
    return true;
  } else if constexpr (kIsMap<T>) {
    const JsonObject* object = reading.object(in, at, *limits.rules);
    if (object == nullptr) return false;
    const FieldRules inner = without_items(*limits.rules);
    for (const auto& member : *object) {
      const std::string_view key(member.key().data(), member.key().size());
      if (!read(reading, member.value(), at.member(key), {&inner, limits.pattern},
                out[std::string(key)]))
        return false;
    }
    return true;
  } else if constexpr (kIsVariant<T>) {
    return VariantRead<T>::read(reading, in, at, out);
  } else if constexpr (Struct<T>) {
    return read_struct(reading, in, at, false, out);
  } else {
    refuse_type<T>();
  }
}

template <class T>
bool read_number(JsonReading& reading, const Json& in, const Place& at, const FieldRules& rules,
                 T& out) {
  using Range = std::numeric_limits<T>;
  if constexpr (Real<T>) {
    double number = 0;
    if (!reading.real(in, at, static_cast<double>(Range::max()), rules, number)) return false;
    out = static_cast<T>(number);
  } else if constexpr (std::is_signed_v<T>) {
    std::int64_t number = 0;
    if (!reading.signed_integer(in, at, Range::min(), Range::max(), rules, number)) return false;
    out = static_cast<T>(number);
  } else {
    std::uint64_t number = 0;
    if (!reading.unsigned_integer(in, at, Range::max(), rules, number)) return false;
    out = static_cast<T>(number);
  }
  return true;
}

template <class T, class D>
bool read_field(JsonReading& reading, const Json* in, const Place& at, T& out) {
  using M = FieldType<T, D>;
  static constexpr const FieldDoc& kDoc = doc_of<T>(D::name);
  const Place here = at.member(D::name);
  if (in == nullptr) return kIsOptional<M> || reading.missing(here);
  if constexpr (kDoc.rules.pattern.empty()) {
    return read(reading, *in, here, {&kDoc.rules, nullptr}, out.*D::pointer);
  } else {
    static const TextPattern kPattern(kDoc.rules.pattern);
    return read(reading, *in, here, {&kDoc.rules, &kPattern}, out.*D::pointer);
  }
}

template <class T>
bool read_struct(JsonReading& reading, const Json& in, const Place& at, bool tagged, T& out) {
  static_assert(check_struct<T>());
  constexpr std::size_t kCount = kFieldNames<T>.size();
  const JsonObject* object = reading.object(in, at);
  if (object == nullptr) return false;
  std::array<const Json*, kCount> found{};
  if (!reading.fields(*object, at, kFieldNames<T>, tagged, found)) return false;
  std::size_t next = 0;
  return each<Members<T>>(
      [&]<class D>() { return read_field<T, D>(reading, found[next++], at, out); });
}

template <class... T>
struct VariantRead<std::variant<T...>> {
  static bool read(JsonReading& reading, const Json& in, const Place& at, std::variant<T...>& out) {
    using Check = VariantCheck<std::variant<T...>>;
    const JsonObject* object = reading.object(in, at);
    if (object == nullptr) return false;
    const Json* tag = object->if_contains("type");
    if (tag == nullptr) return reading.missing(at.member("type"));
    std::size_t index = 0;
    if (!reading.word(*tag, at.member("type"), Check::kTags, index)) return false;
    std::size_t next = 0;
    return (try_one<T>(reading, in, at, index == next++, out) && ...);
  }

 private:
  template <class One>
  static bool try_one(JsonReading& reading, const Json& in, const Place& at, bool chosen,
                      std::variant<T...>& out) {
    return !chosen || read_struct(reading, in, at, true, out.template emplace<One>());
  }
};

}  // namespace cadre::detail
