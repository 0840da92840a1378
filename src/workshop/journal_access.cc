#include "workshop/journal_access.h"

#include <fmt/format.h>

#include <system_error>

#include "store/sqlite_store.h"

namespace cadre::workshop {

std::filesystem::path journal_file(const std::filesystem::path& state) {
  return state / "journal.db";
}

Result<std::shared_ptr<Store>> open_journal(const std::filesystem::path& state, bool read_only) {
  const std::filesystem::path file = journal_file(state);
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no journal at {}", file.string()),
                "go to the folder where the run was started, or give --state DIR");
  }
  SqliteOptions options;
  options.create = false;
  options.read_only = read_only;
  auto store = open_sqlite_store(file, options);
  if (!store) return propagate(store);
  return std::shared_ptr<Store>(std::move(*store));
}

Result<std::shared_ptr<Store>> create_journal(const std::filesystem::path& state) {
  std::error_code error;
  std::filesystem::create_directories(state, error);
  if (error) {
    return fail(ErrorCode::kIo,
                fmt::format("cannot make the folder {}: {}", state.string(), error.message()),
                "give --state DIR, a folder that can be written");
  }
  auto store = open_sqlite_store(journal_file(state));
  if (!store) return propagate(store);
  return std::shared_ptr<Store>(std::move(*store));
}

Result<RunInfo> find_run(Store& store, const std::string& reference) {
  auto runs = store.list_runs();
  if (!runs) return propagate(runs);
  if (runs->empty()) {
    return fail(ErrorCode::kNotFound, "there are no runs in this journal yet",
                "start one: cadre run \"...\"");
  }
  if (reference == "last") return runs->front();
  std::vector<RunInfo> found;
  for (const RunInfo& info : *runs) {
    if (info.run == reference) return info;
    if (info.run.starts_with(reference)) found.push_back(info);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no run \"{}\"", reference),
                "cadre runs lists them");
  }
  return fail(ErrorCode::kInvalidInput,
              fmt::format("\"{}\" is the beginning of {} runs", reference, found.size()),
              "give more of the id");
}

}  // namespace cadre::workshop
