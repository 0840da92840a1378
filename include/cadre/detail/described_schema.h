// Makes JSON Schema from described types. Private to <cadre/described.h>.
//
// A struct that contains itself becomes a $ref: "#" for the root, "#/$defs/Name" for others.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cadre/detail/described_type.h"

namespace cadre::detail {

// The part that knows no types (base/described_schema.cc).
class SchemaShapes {
 public:
  // `root_is_struct`: the first struct opened is the whole document, "#" for those within.
  SchemaShapes(bool all_required, bool root_is_struct)
      : all_required_(all_required), root_taken_(!root_is_struct) {}

  static JsonObject typed(std::string_view type);
  static Json bound(long double number);  // as an integer where it is one
  // Bounds of 64-bit types themselves are left out, but for the 0 of the unsigned.
  static JsonObject integer(std::int64_t low, std::uint64_t high, const FieldRules& rules);
  static JsonObject real(const FieldRules& rules);
  static JsonObject text(const FieldRules& rules);
  static JsonObject words(const std::string_view* words, std::size_t count);
  static JsonObject array(JsonObject items, const FieldRules& rules);
  static JsonObject map(JsonObject values, const FieldRules& rules);
  static JsonObject any_of(JsonArray choices);
  static JsonObject nullable(JsonObject schema);
  static JsonObject wrapped(JsonObject schema);  // {"response": schema}

  // Opens a struct: true when its fields are to be added to `object`; false when `object` already
  // is all there is to say, a reference. A tag goes into a first field "type".
  bool open(const void* type, std::string_view name, std::string_view description,
            std::string_view tag, JsonObject& object);
  void add(JsonObject& object, std::string_view field, JsonObject schema,
           std::string_view description, bool optional) const;
  // Closes what was opened last: the object, or the reference to where it was put.
  JsonObject close(JsonObject object);
  // Puts $defs, if any, into the finished root.
  JsonObject finish(JsonObject root);

 private:
  struct Open {
    const void* type;
    std::string reference;
    bool used = false;
  };
  std::string free_reference(std::string_view wanted) const;

  bool all_required_;
  bool root_taken_;
  std::vector<Open> open_;
  std::vector<std::pair<const void*, std::string>> defined_;  // type, reference
  JsonObject defs_;
};

template <class E, class L>
struct EnumWords;
template <class E, template <class...> class L, class... D>
struct EnumWords<E, L<D...>> {
  static constexpr std::array<std::string_view, sizeof...(D)> kWords{
      word_of(D::value, std::string_view(D::name))...};
  static constexpr std::array<E, sizeof...(D)> kValues{D::value...};
  static_assert(sizeof...(D) > 0, "an enum without described values has no words");
  static_assert(all_differ(kWords), "cadre_enum_word gives two values of an enum the same word");
};
template <class E>
using Words = EnumWords<E, boost::describe::describe_enumerators<E>>;

inline constexpr FieldRules kNoRules{};

template <class T>
JsonObject struct_schema(SchemaShapes& shapes, std::string_view tag = {});
template <class T>
JsonObject variant_schema(SchemaShapes& shapes);

constexpr FieldRules without_items(FieldRules rules) {
  rules.min_items.reset();
  rules.max_items.reset();
  return rules;
}

template <class T>
JsonObject schema_for(SchemaShapes& shapes, const FieldRules& rules) {
  if constexpr (std::same_as<T, Json>) {
    return {};
  } else if constexpr (std::same_as<T, bool>) {
    return SchemaShapes::typed("boolean");
  } else if constexpr (Integer<T>) {
    return SchemaShapes::integer(static_cast<std::int64_t>(std::numeric_limits<T>::min()),
                                 static_cast<std::uint64_t>(std::numeric_limits<T>::max()), rules);
  } else if constexpr (Real<T>) {
    return SchemaShapes::real(rules);
  } else if constexpr (std::same_as<T, std::string>) {
    return SchemaShapes::text(rules);
  } else if constexpr (Enum<T>) {
    return SchemaShapes::words(Words<T>::kWords.data(), Words<T>::kWords.size());
  } else if constexpr (kIsOptional<T>) {
    static_assert(check_optional<typename T::value_type>());
    return SchemaShapes::nullable(schema_for<typename T::value_type>(shapes, rules));
  } else if constexpr (kIsVector<T>) {
    return SchemaShapes::array(schema_for<typename T::value_type>(shapes, without_items(rules)),
                               rules);
  } else if constexpr (kIsArray<T>) {
    FieldRules exactly = rules;
    exactly.min_items = exactly.max_items = kArraySize<T>;
    return SchemaShapes::array(schema_for<typename T::value_type>(shapes, without_items(rules)),
                               exactly);
  } else if constexpr (kIsMap<T>) {
    return SchemaShapes::map(schema_for<typename T::mapped_type>(shapes, without_items(rules)),
                             rules);
  } else if constexpr (kIsVariant<T>) {
    return variant_schema<T>(shapes);
  } else if constexpr (Struct<T>) {
    return struct_schema<T>(shapes);
  } else {
    refuse_type<T>();
  }
}

template <class T>
JsonObject struct_schema(SchemaShapes& shapes, std::string_view tag) {
  static_assert(check_struct<T>());
  JsonObject object;
  const void* id = tag.empty() ? &kTypeId<T> : &kTypeId<std::variant<T>>;
  if (!shapes.open(id, type_name<T>(), doc_of<T>("").description, tag, object)) return object;
  each<Members<T>>([&]<class D>() {
    using M = FieldType<T, D>;
    constexpr const FieldDoc& kDoc = doc_of<T>(D::name);
    shapes.add(object, D::name, schema_for<M>(shapes, kDoc.rules), kDoc.description,
               kIsOptional<M>);
    return true;
  });
  return shapes.close(std::move(object));
}

template <class V>
struct VariantSchema;
template <class... T>
struct VariantSchema<std::variant<T...>> {
  static JsonObject make(SchemaShapes& shapes) {
    static_assert(sizeof(VariantCheck<std::variant<T...>>) > 0);
    JsonArray choices;
    (choices.push_back(struct_schema<T>(shapes, tag_of<T>())), ...);
    return SchemaShapes::any_of(std::move(choices));
  }
};
template <class T>
JsonObject variant_schema(SchemaShapes& shapes) {
  return VariantSchema<T>::make(shapes);
}

}  // namespace cadre::detail
