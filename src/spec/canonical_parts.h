// What the writer and the reader of canonical English share. Private to canonical*.cc. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spec/model.h"

namespace cadre::spec {

// The words for kinds of operations in "To borrow a loan (new event), ...".
inline constexpr std::array<std::pair<OperationKind, std::string_view>, 11> kKindPhrases{{
    {OperationKind::kCreate, "create"},
    {OperationKind::kRead, "read"},
    {OperationKind::kUpdate, "update"},
    {OperationKind::kDelete, "delete"},
    {OperationKind::kList, "list"},
    {OperationKind::kTransition, "transition"},
    {OperationKind::kEventCreate, "new event"},
    {OperationKind::kEventClose, "closing event"},
    {OperationKind::kMoveQuantity, "movement"},
    {OperationKind::kBulk, "bulk"},
    {OperationKind::kScheduled, "scheduled"},
}};

// The standard operations in "Books can be created, listed, ...": kind, verb, participle.
struct StandardOperation {
  OperationKind kind;
  std::string_view verb;
  std::string_view participle;
};
inline constexpr std::array<StandardOperation, 5> kStandardOperations{{
    {OperationKind::kCreate, "create", "created"},
    {OperationKind::kRead, "read", "read"},
    {OperationKind::kUpdate, "update", "updated"},
    {OperationKind::kDelete, "delete", "deleted"},
    {OperationKind::kList, "list", "listed"},
}};

// The words that begin a query's sentence.
inline constexpr std::array<std::pair<QueryKind, std::string_view>, 5> kQueryPhrases{{
    {QueryKind::kSearch, "Search"},
    {QueryKind::kFilter, "Filter"},
    {QueryKind::kReport, "Report"},
    {QueryKind::kExport, "Export"},
    {QueryKind::kTopN, "Top"},
}};

// The id that an operation has when nothing else is said.
std::string default_operation_id(const Entity& entity, OperationKind kind, const std::string& verb);
// "all its fields": what a create or update takes when nothing else is said.
std::vector<Input> default_inputs(const Spec& spec, const Operation& operation);
bool same_inputs(const std::vector<Input>& a, const std::vector<Input>& b);

// A guard of the form "this member may have at most N of them".
struct CountLimit {
  bool given = false;          // the owner is an input, not a reference of the row
  std::string role;
  std::string entity;          // what is counted
  std::optional<Expr> filter;  // without the part that names the owner
  std::int64_t most = 0;
};
std::optional<CountLimit> as_count_limit(const Expr& require);
Expr to_expr(const CountLimit& limit);

}  // namespace cadre::spec
