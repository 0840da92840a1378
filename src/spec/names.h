// Tables of the words that the model's enumerations have in JSON and in canonical English, used
// by the reader, the writer and the parsers. Constant data; thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "spec/model.h"

namespace cadre::spec {

template <class Enum>
struct Named {
  Enum value;
  const char* word;
};

inline constexpr std::array<Named<Type>, 15> kTypeNames{{
    {Type::kString, "string"},     {Type::kText, "text"},         {Type::kInt, "int"},
    {Type::kDecimal, "decimal"},   {Type::kMoney, "money"},       {Type::kBool, "bool"},
    {Type::kDate, "date"},         {Type::kTime, "time"},         {Type::kDatetime, "datetime"},
    {Type::kDuration, "duration"}, {Type::kEmail, "email"},       {Type::kPhone, "phone"},
    {Type::kUrl, "url"},           {Type::kEnum, "enum"},         {Type::kFileRef, "file_ref"},
}};
inline constexpr std::array<Named<SentenceStatus>, 5> kSentenceStatusNames{{
    {SentenceStatus::kCovered, "covered"},
    {SentenceStatus::kPartly, "partly"},
    {SentenceStatus::kNotUnderstood, "not_understood"},
    {SentenceStatus::kOutOfScope, "out_of_scope"},
    {SentenceStatus::kNoContent, "no_content"},
}};
inline constexpr std::array<Named<EntityKind>, 6> kEntityKindNames{{
    {EntityKind::kMaster, "master"}, {EntityKind::kEvent, "event"},
    {EntityKind::kLine, "line"},     {EntityKind::kLookup, "lookup"},
    {EntityKind::kLog, "log"},       {EntityKind::kAssociation, "association"},
}};
inline constexpr std::array<Named<OperationKind>, 11> kOperationKindNames{{
    {OperationKind::kCreate, "create"},
    {OperationKind::kRead, "read"},
    {OperationKind::kUpdate, "update"},
    {OperationKind::kDelete, "delete"},
    {OperationKind::kList, "list"},
    {OperationKind::kTransition, "transition"},
    {OperationKind::kEventCreate, "event_create"},
    {OperationKind::kEventClose, "event_close"},
    {OperationKind::kMoveQuantity, "move_quantity"},
    {OperationKind::kBulk, "bulk"},
    {OperationKind::kScheduled, "scheduled"},
}};
inline constexpr std::array<Named<QueryKind>, 5> kQueryKindNames{{
    {QueryKind::kSearch, "search"}, {QueryKind::kFilter, "filter"}, {QueryKind::kReport, "report"},
    {QueryKind::kExport, "export"}, {QueryKind::kTopN, "top_n"},
}};
inline constexpr std::array<Named<OriginKind>, 4> kOriginKindNames{{
    {OriginKind::kStated, "stated"},
    {OriginKind::kImplied, "implied"},
    {OriginKind::kAssumed, "assumed"},
    {OriginKind::kConvention, "convention"},
}};
inline constexpr std::array<Named<Verdict>, 3> kVerdictNames{{
    {Verdict::kSupported, "supported"},
    {Verdict::kPartial, "partial"},
    {Verdict::kRefuse, "refuse"},
}};
inline constexpr std::array<Named<OnDelete>, 5> kOnDeleteNames{{
    {OnDelete::kRestrict, "restrict"},   {OnDelete::kCascade, "cascade"},
    {OnDelete::kArchive, "archive"},     {OnDelete::kForbidden, "forbidden"},
    {OnDelete::kSetNull, "set_null"},
}};
inline constexpr std::array<Named<Cardinality>, 3> kCardinalityNames{{
    {Cardinality::kManyToOne, "n-1"}, {Cardinality::kOneToOne, "1-1"},
    {Cardinality::kManyToMany, "n-n"},
}};
inline constexpr std::array<Named<EffectKind>, 6> kEffectKindNames{{
    {EffectKind::kCreate, "create"}, {EffectKind::kSet, "set"},       {EffectKind::kInc, "inc"},
    {EffectKind::kDec, "dec"},       {EffectKind::kDelete, "delete"}, {EffectKind::kEmit, "emit"},
}};

template <class Enum, std::size_t N>
const char* word_of(const std::array<Named<Enum>, N>& names, Enum value) {
  for (const auto& name : names) {
    if (name.value == value) return name.word;
  }
  return "";
}

template <class Enum, std::size_t N>
std::optional<Enum> value_of(const std::array<Named<Enum>, N>& names, std::string_view word) {
  for (const auto& name : names) {
    if (word == name.word) return name.value;
  }
  return std::nullopt;
}

const char* to_string(Cardinality value);
const char* to_string(EffectKind value);

}  // namespace cadre::spec
