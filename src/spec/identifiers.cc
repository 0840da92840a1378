#include "spec/identifiers.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace cadre::spec {
namespace {

constexpr std::size_t kMaxLength = 60;

constexpr std::array<std::string_view, 34> kPython{
    "and",    "as",   "assert", "async",  "await",    "break", "class",  "continue", "def",
    "del",    "elif", "else",   "except", "false",    "finally", "for",  "from",     "global",
    "if",     "import", "in",   "is",     "lambda",   "none",  "nonlocal", "not",    "or",
    "pass",   "raise", "return", "true",  "try",      "while", "with"};
// What generated classes and functions have of their own.
constexpr std::array<std::string_view, 6> kOwn{"yield", "self",     "cls",
                                               "id",    "metadata", "registry"};
// Members of pydantic's base class, and the query parameters of lists.
constexpr std::array<std::string_view, 26> kColumns{
    "config",       "construct",    "copy",          "dict",           "fields",
    "from_orm",     "json",         "parse_file",    "parse_obj",      "parse_raw",
    "schema",       "schema_json",  "update_forward_refs", "validate", "limit",
    "offset",       "sort",         "q",             "model_config",   "model_fields",
    "model_extra",  "model_copy",   "model_dump",    "model_construct", "model_validate",
    "model_fields_set"};
// The keywords that SQLite does not take as a column name without quotes.
constexpr std::array<std::string_view, 48> kSql{
    "add",     "all",      "alter",   "autoincrement", "between",  "case",      "check",
    "collate", "commit",   "constraint", "create",     "default",  "deferrable", "delete",
    "distinct", "drop",    "escape",  "exists",        "foreign",  "group",     "having",
    "index",   "insert",   "intersect", "into",        "isnull",   "join",      "nothing",
    "notnull", "null",     "on",      "order",         "primary",  "references", "returning",
    "rowid",   "select",   "set",     "table",         "then",     "to",        "transaction",
    "union",   "unique",   "update",  "using",         "values",   "where"};

template <std::size_t N>
void append(std::vector<std::string_view>& words, const std::array<std::string_view, N>& more) {
  words.insert(words.end(), more.begin(), more.end());
}

std::vector<std::string_view> sorted_words(bool columns) {
  std::vector<std::string_view> words;
  append(words, kPython);
  append(words, kOwn);
  if (columns) {
    append(words, kColumns);
    append(words, kSql);
    words.push_back("when");
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

bool is_word(std::string_view id, char first_from, char first_to, bool capitals) {
  if (id.empty() || id.size() > kMaxLength || id[0] < first_from || id[0] > first_to) return false;
  return std::all_of(id.begin(), id.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (capitals ? c >= 'A' && c <= 'Z' : c == '_');
  });
}

}  // namespace

bool is_safe_identifier(std::string_view id) { return is_word(id, 'a', 'z', false); }
bool is_safe_entity_id(std::string_view id) { return is_word(id, 'A', 'Z', true); }

std::span<const std::string_view> reserved_words(IdUse use) {
  static const std::vector<std::string_view> kNames = sorted_words(false);
  static const std::vector<std::string_view> kAttributes = sorted_words(true);
  return use == IdUse::kAttribute ? kAttributes : kNames;
}

bool is_reserved(std::string_view id, IdUse use) {
  const auto words = reserved_words(use);
  return std::binary_search(words.begin(), words.end(), id);
}

std::string safe_id(std::string_view name, IdUse use) {
  std::string id = text::snake_case(name);
  if (id.size() > kMaxLength - 2) id.resize(kMaxLength - 2);
  if (is_reserved(id, use)) id += '_';
  return id;
}

}  // namespace cadre::spec
