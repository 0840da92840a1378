// The layout of a journal file, and opening one with care. Private to store/.
#pragma once

#include <filesystem>
#include <string_view>

#include "core/event.h"
#include "sqlite/sqlite.h"
#include "store/sqlite_store.h"

namespace cadre::detail {

inline constexpr int kSchemaVersion = 1;
inline constexpr int kApplicationId = 0x43616472;  // "Cadr"

// Opens the file, refuses what is not ours or newer, makes the tables in a new one.
Result<Database> open_journal(const std::filesystem::path& file, const SqliteOptions& options);
// A second connection, for reading only.
Result<Database> open_reader(const std::filesystem::path& file, const SqliteOptions& options);

// FNV-1a over the row as it stands: finds a flipped bit in a page that is otherwise sound.
std::int64_t row_check(std::int64_t seq, std::int64_t parent, std::int64_t time_us,
                       std::string_view kind, std::string_view actor, std::string_view body);

}  // namespace cadre::detail
