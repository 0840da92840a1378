#include "memory/entries.h"

#include <fmt/core.h>

#include "base/text.h"

namespace cadre::detail {
namespace {

// Where a session's entries of one kind are found in the index.
std::string scope_of(std::int64_t session, EntryKind kind) {
  return fmt::format("s{}k{}", session, static_cast<std::int64_t>(kind));
}

bool is_indexed(EntryKind kind) {
  return kind == EntryKind::kOutput || kind == EntryKind::kKnowledge;
}

// What of an entry is searched. The same for the same body, for ever: it is what is deleted by.
std::string words_of_body(const Json& body) {
  std::string out;
  for (const char* key : {"agent", "kind", "key", "text"}) {
    const std::string part = json::get_string(body, key);
    if (!part.empty()) out += part + '\n';
  }
  return out;
}

std::string context_of(const Entry& entry) {
  return fmt::format("entry {} {} {} {}", static_cast<std::int64_t>(entry.kind), entry.pinned,
                     entry.time_us, entry.run);
}

std::int64_t check_of(std::int64_t session, const Entry& entry, std::string_view body) {
  RowCheck check;
  check.mix(session).mix(static_cast<std::int64_t>(entry.kind)).mix(std::int64_t{entry.pinned});
  check.mix(entry.time_us).mix(std::string_view(entry.run));
  return check.mix(body).value();
}

Result<void> add_words(MemoryDb& index, std::int64_t session, const Entry& entry) {
  const std::string scope = scope_of(session, entry.kind), words = words_of_body(entry.body);
  return Query(index, "INSERT INTO entry_text (rowid, scope, text) VALUES (?1, ?2, ?3)")
      .bind(entry.id, scope, words)
      .run();
}

Result<void> delete_words(MemoryDb& index, std::int64_t session, const Entry& entry) {
  const std::string scope = scope_of(session, entry.kind), words = words_of_body(entry.body);
  return Query(index,
               "INSERT INTO entry_text (entry_text, rowid, scope, text)"
               " VALUES ('delete', ?1, ?2, ?3)")
      .bind(entry.id, scope, words)
      .run();
}

// The entry of the row that the query stands on; an error for one that does not read back.
Result<Entry> read_row(Query& query, std::int64_t session, const Sealer& sealer) {
  Entry entry;
  entry.id = query.integer(0);
  entry.kind = static_cast<EntryKind>(query.integer(1));
  entry.pinned = query.integer(2) != 0;
  entry.run = query.text(3);
  entry.time_us = query.integer(4);
  const std::string_view body = query.text(5);
  if (check_of(session, entry, body) != query.integer(6)) {
    return fail(ErrorCode::kCorrupt, "it does not read back as written");
  }
  auto plain = sealer.open(body, context_of(entry));
  if (!plain) return propagate(plain);
  auto json = json::parse(*plain);
  if (!json) return propagate(json);
  entry.body = std::move(*json);
  entry.name = json::get_string(entry.body, "name");
  return entry;
}

Result<void> delete_row(MemoryDb& db, std::int64_t session, const Entry& entry, bool in_index) {
  if (in_index && is_indexed(entry.kind)) {
    if (auto gone = delete_words(db, session, entry); !gone) return gone;
  }
  return Query(db, "DELETE FROM entries WHERE id = ?1").bind(entry.id).run();
}

}  // namespace

std::int64_t Entries::oldest_us() const {
  return session_.ttl_us == 0 ? 0 : db_->now_us() - session_.ttl_us;
}

Result<std::int64_t> Entries::put(const Entry& given) {
  Entry entry = given;
  entry.time_us = db_->now_us();
  JsonObject body = entry.body.as_object();
  if (!entry.name.empty()) body["name"] = entry.name;
  std::string plain = json::write(body);
  if (!text::is_valid_utf8(plain)) plain = text::clean_utf8(plain);
  auto parsed = json::parse(plain);
  if (!parsed) return propagate(parsed);
  entry.body = std::move(*parsed);  // as it will be read: what is indexed must be found to delete
  auto sealed = session_.sealer.seal(std::move(plain), context_of(entry));
  if (!sealed) return propagate(sealed);
  const std::int64_t check = check_of(session_.id, entry, *sealed);
  const std::string name = entry.name.empty() ? "" : session_.sealer.index_name(entry.name);
  const auto kind = static_cast<std::int64_t>(entry.kind);
  const bool in_file = !session_.sealer.encrypts();
  auto done = db_->write([&]() -> Result<void> {
    if (!name.empty()) {
      Query old(*db_,
                "SELECT id, kind, pinned, run, time_us, body, row_check FROM entries"
                " WHERE session = ?1 AND kind = ?2 AND name = ?3");
      auto found = old.bind(session_.id, kind, name).row();
      if (!found) return propagate(found);
      if (*found && entry.first_stays) {
        entry.id = old.integer(0);
        return {};
      }
      if (*found) {
        auto before = read_row(old, session_.id, session_.sealer);
        if (!before) {
          return fail(ErrorCode::kCorrupt,
                      fmt::format("what is kept as '{}' is damaged: {}", entry.name,
                                  before.error().message),
                      "use another name; the damaged row is left as it is");
        }
        if (auto gone = delete_row(*db_, session_.id, *before, in_file); !gone) return gone;
      }
    }
    Query add(*db_,
              "INSERT INTO entries (session, kind, name, pinned, run, time_us, body,"
              " row_check) SELECT ?1, ?2, nullif(?3, ''), ?4, ?5, ?6, ?7, ?8"
              " FROM sessions WHERE id = ?1");
    auto added = add.bind(session_.id, kind, name, std::int64_t{entry.pinned}, entry.run,
                          entry.time_us, Blob{*sealed}, check)
                     .run();
    if (!added) return added;
    if (db_->changes() == 0) return fail(ErrorCode::kNotFound, "the session was deleted");
    entry.id = db_->last_id();
    if (!in_file || !is_indexed(entry.kind)) return {};
    return add_words(*db_, session_.id, entry);
  });
  if (!done) return propagate(done);
  return entry.id;
}

Result<std::vector<Entry>> Entries::collect(Query& query, std::vector<std::string>& notes) {
  std::vector<Entry> entries;
  while (true) {
    auto more = query.row();
    if (!more) return propagate(more);
    if (!*more) return entries;
    auto entry = read_row(query, session_.id, session_.sealer);
    if (entry) {
      entries.push_back(std::move(*entry));
    } else {
      notes.push_back(
          fmt::format("left out entry {}: {}", query.integer(0), entry.error().message));
    }
  }
}

Result<std::vector<Entry>> Entries::list(EntryKind kind, std::size_t limit,
                                         std::vector<std::string>& notes) {
  Query query(*db_,
              "SELECT id, kind, pinned, run, time_us, body, row_check FROM entries"
              " WHERE session = ?1 AND kind = ?2 AND time_us >= ?3"
              " ORDER BY id DESC LIMIT ?4");
  query.bind(session_.id, static_cast<std::int64_t>(kind), oldest_us(),
             limit == 0 ? std::int64_t{-1} : static_cast<std::int64_t>(limit));
  return collect(query, notes);
}

Result<std::vector<Entry>> Entries::pinned(EntryKind kind, std::vector<std::string>& notes) {
  Query query(*db_,
              "SELECT id, kind, pinned, run, time_us, body, row_check FROM entries"
              " WHERE session = ?1 AND kind = ?2 AND pinned = 1 AND time_us >= ?3"
              " ORDER BY id DESC");
  query.bind(session_.id, static_cast<std::int64_t>(kind), oldest_us());
  return collect(query, notes);
}

Result<std::optional<Entry>> Entries::get(std::int64_t id, std::vector<std::string>& notes) {
  Query query(*db_,
              "SELECT id, kind, pinned, run, time_us, body, row_check FROM entries"
              " WHERE id = ?1 AND session = ?2 AND time_us >= ?3");
  query.bind(id, session_.id, oldest_us());
  auto found = collect(query, notes);
  if (!found) return propagate(found);
  if (found->empty()) return std::optional<Entry>();
  return std::move(found->front());
}

Result<MemoryDb*> Entries::index() {
  if (!session_.sealer.encrypts()) return db_.get();
  if (index_ == nullptr) {
    auto made = MemoryDb::make_index();
    if (!made) return propagate(made);
    index_ = std::move(*made);
  }
  Query fresh(*db_,
              "SELECT id, kind, pinned, run, time_us, body, row_check FROM entries"
              " WHERE session = ?1 AND id > ?2 ORDER BY id");
  fresh.bind(session_.id, indexed_);
  std::vector<std::string> notes;  // a damaged row is noted where it is read, not here
  auto entries = collect(fresh, notes);
  if (!entries) return propagate(entries);
  for (const Entry& entry : *entries) {
    indexed_ = entry.id;
    if (!is_indexed(entry.kind)) continue;
    if (auto added = add_words(*index_, session_.id, entry); !added) return propagate(added);
  }
  return index_.get();
}

Result<std::vector<Hit>> Entries::search(EntryKind kind, const std::vector<std::string>& words,
                                         std::size_t limit) {
  auto where = index();
  if (!where) return propagate(where);
  const std::string scope = scope_of(session_.id, kind);
  // An index in memory only grows, and what has expired stands in the file until it is opened anew:
  // what is gone must not take the place of what is there.
  const bool has_dead = session_.sealer.encrypts() || session_.ttl_us != 0;
  for (std::size_t asked = limit;; asked *= 4) {
    auto hits = search_entries(**where, scope, words, asked);
    if (!hits || !has_dead) return hits;
    const bool all = hits->size() < asked;
    std::vector<Hit> alive;
    for (const Hit& hit : *hits) {
      Query query(*db_, "SELECT 1 FROM entries WHERE id = ?1 AND session = ?2 AND time_us >= ?3");
      auto found = query.bind(hit.id, session_.id, oldest_us()).row();
      if (!found) return propagate(found);
      if (*found && alive.size() < limit) alive.push_back(hit);
    }
    if (all || alive.size() == limit) return alive;
  }
}

Result<std::vector<std::string>> Entries::words_of(std::int64_t id,
                                                   const std::vector<std::string>& words) {
  auto where = index();
  if (!where) return propagate(where);
  return words_in_entry(**where, id, words);
}

Result<std::optional<Entry>> Entries::named(EntryKind kind, const std::string& given,
                                            std::vector<std::string>& notes) {
  const std::string name = session_.sealer.index_name(given);
  Query query(*db_,
              "SELECT id, kind, pinned, run, time_us, body, row_check FROM entries"
              " WHERE session = ?1 AND kind = ?2 AND name = ?3 AND time_us >= ?4");
  query.bind(session_.id, static_cast<std::int64_t>(kind), name, oldest_us());
  auto found = collect(query, notes);
  if (!found) return propagate(found);
  if (found->empty()) return std::optional<Entry>();
  return std::move(found->front());
}

Result<std::vector<std::int64_t>> Entries::newest_ids(EntryKind kind, std::size_t limit) {
  Query query(*db_,
              "SELECT id FROM entries WHERE session = ?1 AND kind = ?2"
              " ORDER BY id DESC LIMIT ?3");
  query.bind(session_.id, static_cast<std::int64_t>(kind), static_cast<std::int64_t>(limit));
  std::vector<std::int64_t> ids;
  while (true) {
    auto more = query.row();
    if (!more) return propagate(more);
    if (!*more) return ids;
    ids.push_back(query.integer(0));
  }
}

Result<void> delete_entries(MemoryDb& db, std::int64_t session, std::int64_t before_us) {
  Query encrypted(db, "SELECT length(salt) FROM sessions WHERE id = ?1");
  if (auto found = encrypted.bind(session).row(); !found) return propagate(found);
  if (encrypted.integer(0) == 0) {
    Query query(db,
                "SELECT id, kind, pinned, run, time_us, body, row_check FROM entries"
                " WHERE session = ?1 AND time_us < ?2");
    query.bind(session, before_us);
    while (true) {
      auto more = query.row();
      if (!more) return propagate(more);
      if (!*more) break;
      // A damaged row's words are unknown; in the index they point to nothing then.
      const auto entry = read_row(query, session, Sealer());
      if (!entry || !is_indexed(entry->kind)) continue;
      if (auto gone = delete_words(db, session, *entry); !gone) return gone;
    }
  }
  auto gone = Query(db, "DELETE FROM entries WHERE session = ?1 AND time_us < ?2")
                  .bind(session, before_us)
                  .run();
  if (!gone || db.changes() == 0) return gone;
  // Merges the index's segments, so that deleted words leave the file.
  return Query(db, "INSERT INTO entry_text (entry_text) VALUES ('optimize')").run();
}

}  // namespace cadre::detail
