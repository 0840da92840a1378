#include "memory/memory_file.h"

#include <fmt/core.h>

#include "base/text.h"
#include "memory/entries.h"
#include "memory/file_session.h"
#include "memory/memory_db.h"

namespace cadre {
namespace detail {
namespace {

constexpr std::string_view kKeyCheck = "cadre memory";

Result<void> check_name(const std::string& name) {
  const bool control = name.find_first_of(std::string_view("\0\n\r\t", 4)) != std::string::npos;
  if (!name.empty() && name.size() <= 200 && !control && text::is_valid_utf8(name)) return {};
  return fail(ErrorCode::kInvalidInput, "a session's id has 1 to 200 bytes of UTF-8 in one line");
}

}  // namespace

Result<SessionRow> new_session_row(MemoryDb& db, const std::string& name, const std::string& origin,
                                   const SessionOptions& options) {
  if (auto good = check_name(name); !good) return propagate(good);
  SessionRow row;
  row.ttl_us = options.ttl_us;
  std::string salt, key_check;
  if (!options.secret.empty()) {
    auto fresh = Sealer::new_salt();
    if (!fresh) return propagate(fresh);
    salt = std::move(*fresh);
    auto sealer = Sealer::derive(options.secret, salt);
    if (!sealer) return propagate(sealer);
    row.sealer = std::move(*sealer);
    auto sealed = row.sealer.seal(std::string(kKeyCheck), "check");
    if (!sealed) return propagate(sealed);
    key_check = std::move(*sealed);
  }
  const std::int64_t now = db.now_us();
  Query query(db,
              "INSERT INTO sessions (name, origin, holder, salt, key_check, ttl_us, created_us,"
              " updated_us) VALUES (?1, ?2, '', ?3, ?4, ?5, ?6, ?6) ON CONFLICT DO NOTHING");
  auto added = query.bind(name, origin, Blob{salt}, Blob{key_check}, options.ttl_us, now).run();
  if (!added) return propagate(added);
  if (db.changes() == 0) {
    return fail(ErrorCode::kConflict, fmt::format("there is a session '{}' already", name));
  }
  row.id = db.last_id();
  return row;
}

Result<SessionRow> open_session_row(MemoryDb& db, const std::string& name,
                                    const SessionOptions& options) {
  Query query(db, "SELECT id, ttl_us, salt, key_check FROM sessions WHERE name = ?1");
  auto found = query.bind(name).row();
  if (!found) return propagate(found);
  if (!*found) {
    if (options.create) return new_session_row(db, name, "", options);
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no session '{}' in {}", name, db.file().string()));
  }
  SessionRow row;
  row.id = query.integer(0);
  row.ttl_us = query.integer(1);
  const std::string_view salt = query.text(2);
  if (salt.empty()) {
    if (options.secret.empty()) return row;
    return fail(ErrorCode::kInvalidInput, fmt::format("session '{}' is not encrypted", name),
                "open it without a secret, or begin another session");
  }
  if (options.secret.empty()) {
    return fail(ErrorCode::kDenied, fmt::format("session '{}' is encrypted", name),
                "give its secret");
  }
  auto sealer = Sealer::derive(options.secret, salt);
  if (!sealer) return propagate(sealer);
  if (sealer->open(query.text(3), "check").value_or("") != kKeyCheck) {
    return fail(ErrorCode::kDenied, fmt::format("the secret is not the one of session '{}'", name));
  }
  row.sealer = std::move(*sealer);
  return row;
}

}  // namespace detail

using detail::Query;

namespace {

// Sessions with a time to live, with the moment before which their rows are too old.
Result<std::vector<std::pair<std::int64_t, std::int64_t>>> sessions_with_ttl(detail::MemoryDb& db) {
  std::vector<std::pair<std::int64_t, std::int64_t>> found;
  auto done = db.read([&]() -> Result<void> {
    Query query(db, "SELECT id, ttl_us FROM sessions WHERE ttl_us > 0");
    while (true) {
      auto more = query.row();
      if (!more) return propagate(more);
      if (!*more) return {};
      found.emplace_back(query.integer(0), db.now_us() - query.integer(1));
    }
  });
  if (!done) return propagate(done);
  return found;
}

Result<void> delete_expired(detail::MemoryDb& db) {
  auto sessions = sessions_with_ttl(db);
  if (!sessions) return propagate(sessions);
  if (sessions->empty()) return {};
  return db.write([&]() -> Result<void> {
    for (const auto& [session, oldest] : *sessions) {
      auto gone = Query(db, "DELETE FROM items WHERE session = ?1 AND time_us < ?2")
                      .bind(session, oldest)
                      .run();
      if (gone) gone = detail::delete_entries(db, session, oldest);
      if (!gone) return gone;
    }
    return {};
  });
}

}  // namespace

Result<std::shared_ptr<MemoryFile>> MemoryFile::open(const std::filesystem::path& file,
                                                     const MemoryOptions& options) {
  auto db = detail::MemoryDb::open(file, options);
  if (!db) return propagate(db);
  if (!options.read_only) {
    if (auto gone = delete_expired(**db); !gone) return propagate(gone);
  }
  return std::shared_ptr<MemoryFile>(new MemoryFile(std::move(*db)));
}

Result<std::shared_ptr<Session>> MemoryFile::session(const std::string& id,
                                                     const SessionOptions& options) {
  Result<detail::SessionRow> row;
  SessionOptions existing = options;
  existing.create = false;
  auto done = db_->read([&]() -> Result<void> {
    row = detail::open_session_row(*db_, id, existing);
    return {};
  });
  if (!row && row.error().code == ErrorCode::kNotFound && options.create) {
    done = db_->write([&]() -> Result<void> {
      row = detail::open_session_row(*db_, id, options);
      if (!row) return propagate(row);
      return {};
    });
  }
  if (!done) return propagate(done);
  if (!row) return propagate(row);
  return std::make_shared<detail::FileSession>(db_, id, std::move(*row));
}

Result<std::shared_ptr<Session>> MemoryFile::branch(const std::string& from, std::size_t items,
                                                    const std::string& to,
                                                    const SessionOptions& options) {
  std::shared_ptr<detail::FileSession> made;
  auto done = db_->write([&]() -> Result<void> {
    SessionOptions existing = options;
    existing.create = false;
    auto source = detail::open_session_row(*db_, from, existing);
    if (!source) return propagate(source);
    std::vector<std::string> notes;
    detail::FileSession old(db_, from, std::move(*source));
    auto rows = old.rows(0, notes);
    if (!rows) return propagate(rows);
    if (items > rows->size()) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("session '{}' has {} items, not {}", from, rows->size(), items));
    }
    rows->resize(items);
    auto row = detail::new_session_row(*db_, to, fmt::format("{}@{}", from, items), options);
    if (!row) return propagate(row);
    made = std::make_shared<detail::FileSession>(db_, to, std::move(*row));
    return made->put(*rows, 1);
  });
  if (!done) return propagate(done);
  return made;
}

Result<std::vector<SessionInfo>> MemoryFile::sessions() {
  std::vector<SessionInfo> infos;
  auto done = db_->read([&]() -> Result<void> {
    Query query(*db_,
                "SELECT name, origin, id, length(salt), ttl_us, created_us, updated_us,"
                " (SELECT count(*) FROM items WHERE session = sessions.id),"
                " (SELECT count(*) FROM entries WHERE session = sessions.id)"
                " FROM sessions ORDER BY updated_us DESC, id DESC");
    while (true) {
      auto more = query.row();
      if (!more) return propagate(more);
      if (!*more) return {};
      SessionInfo info;
      info.id = query.text(0);
      info.origin = query.text(1);
      info.holder = db_->leases().holder_anywhere(query.integer(2));
      info.encrypted = query.integer(3) > 0;
      info.ttl_us = query.integer(4);
      info.created_us = query.integer(5);
      info.updated_us = query.integer(6);
      info.items = query.integer(7);
      info.entries = query.integer(8);
      infos.push_back(std::move(info));
    }
  });
  if (!done) return propagate(done);
  return infos;
}

Result<void> MemoryFile::remove(const std::string& id) {
  auto removed = db_->write([&]() -> Result<void> {
    Query find(*db_, "SELECT id FROM sessions WHERE name = ?1");
    auto found = find.bind(id).row();
    if (!found) return propagate(found);
    if (!*found) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("there is no session '{}' in {}", id, db_->file().string()));
    }
    const std::int64_t session = find.integer(0);
    auto free = Result<bool>(false);
    if (db_->leases().holder(session).empty()) free = db_->leases().take(session, "");
    if (!free) return propagate(free);
    if (*free) {
      db_->leases().let_go(session);  // nobody can take it before the commit
    } else {
      const std::string holder = db_->leases().holder_anywhere(session);
      return fail(ErrorCode::kConflict,
                  fmt::format("session '{}' is in use by the run {}", id,
                              holder.empty() ? "of another process" : holder),
                  "wait for that run");
    }
    auto gone = detail::delete_entries(*db_, session, INT64_MAX);
    for (const char* sql :
         {"DELETE FROM items WHERE session = ?1", "DELETE FROM session_runs WHERE session = ?1",
          "DELETE FROM sessions WHERE id = ?1"}) {
      if (gone) gone = Query(*db_, sql).bind(session).run();
    }
    return gone;
  });
  if (removed) db_->empty_log();
  return removed;
}

}  // namespace cadre
