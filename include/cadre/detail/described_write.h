// Writes described types as JSON. Private to <cadre/described.h>.
#pragma once

#include <utility>

#include "cadre/detail/described_schema.h"
#include "cadre/detail/described_type.h"

namespace cadre::detail {

template <class T>
JsonObject write_struct(const T& in, std::string_view tag);

template <class E>
Json write_enum(E value) {
  for (std::size_t i = 0; i < Words<E>::kValues.size(); ++i) {
    if (Words<E>::kValues[i] == value)
      return Json(boost::json::string(Words<E>::kWords[i].data(), Words<E>::kWords[i].size()));
  }
  return Json(static_cast<std::int64_t>(value));  // not one of its words: visible, and refused
}

template <class T>
Json write(const T& in) {
  if constexpr (std::same_as<T, Json>) {
    return in;
  } else if constexpr (std::same_as<T, bool>) {
    return Json(in);
  } else if constexpr (Integer<T>) {
    if constexpr (std::is_signed_v<T>)
      return Json(static_cast<std::int64_t>(in));
    else
      return Json(static_cast<std::uint64_t>(in));
  } else if constexpr (Real<T>) {
    return Json(static_cast<double>(in));
  } else if constexpr (std::same_as<T, std::string>) {
    return Json(boost::json::string(in.data(), in.size()));
  } else if constexpr (Enum<T>) {
    return write_enum(in);
  } else if constexpr (kIsOptional<T>) {
    static_assert(check_optional<typename T::value_type>());
    return in.has_value() ? write(*in) : Json();
  } else if constexpr (kIsVector<T> || kIsArray<T>) {
    JsonArray array;
    array.reserve(in.size());
    for (const typename T::value_type& item : in) array.push_back(write(item));
    return array;
  } else if constexpr (kIsMap<T>) {
    JsonObject object;
    object.reserve(in.size());
    for (const auto& [key, value] : in) object.emplace(key, write(value));
    return object;
  } else if constexpr (kIsVariant<T>) {
    static_assert(sizeof(VariantCheck<T>) > 0);
    return std::visit(
        []<class One>(const One& one) { return Json(write_struct(one, tag_of<One>())); }, in);
  } else if constexpr (Struct<T>) {
    return write_struct(in, {});
  } else {
    refuse_type<T>();
  }
}

template <class T>
JsonObject write_struct(const T& in, std::string_view tag) {
  static_assert(check_struct<T>());
  JsonObject object;
  object.reserve(kFieldNames<T>.size() + (tag.empty() ? 0 : 1));
  if (!tag.empty()) object.emplace("type", boost::json::string(tag.data(), tag.size()));
  each<Members<T>>([&]<class D>() {
    object.emplace(D::name, write(in.*D::pointer));
    return true;
  });
  return object;
}

}  // namespace cadre::detail
