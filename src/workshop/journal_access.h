// Finding the journal and a run in it, for every command that looks back.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace cadre::workshop {

std::filesystem::path journal_file(const std::filesystem::path& state);

// Opens the journal that exists; kNotFound says how to get one.
Result<std::shared_ptr<Store>> open_journal(const std::filesystem::path& state, bool read_only);
// Makes the folder and the journal where there is none.
Result<std::shared_ptr<Store>> create_journal(const std::filesystem::path& state);

// The run meant by an id, a unique beginning of one, or "last".
Result<RunInfo> find_run(Store& store, const std::string& reference);

}  // namespace cadre::workshop
