#include "memory/file_session.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "memory/call_names.h"
#include "memory/session_busy.h"
#include "memory/window.h"

namespace cadre::detail {
namespace {

// A conversation beyond this is read from the file by every run.
constexpr std::size_t kKnownBytesMax = 64 << 20;

enum ItemKind : std::int64_t { kUserMessage = 1, kOtherMessage, kReasoning, kCall, kResult };

struct KindAndCall {
  std::int64_t operator()(const MessageItem& item) const {
    return item.speaker == Speaker::kUser ? kUserMessage : kOtherMessage;
  }
  std::int64_t operator()(const ReasoningItem&) const { return kReasoning; }
  std::int64_t operator()(const ToolCallItem& item) {
    call = "c:" + item.id;
    return kCall;
  }
  std::int64_t operator()(const ToolResultItem& item) {
    call = "r:" + item.call_id;
    return kResult;
  }
  std::string call;
};

ItemRow row_of(const std::string& run, std::int64_t time_us, const ItemPtr& item) {
  ItemRow row;
  KindAndCall what;
  row.kind = std::visit(what, *item);
  row.call = std::move(what.call);
  row.run = run;
  row.time_us = time_us;
  row.item = item;
  return row;
}

// Text of tools may be any bytes; what is kept has to read back.
Result<std::string> body_of(const Item& item, bool& mended) {
  std::string body = json::write(to_json(item));
  if (!text::is_valid_utf8(body)) {
    body = text::clean_utf8(body);
    mended = true;
  }
  const bool has_vendor = std::visit(
      [](const auto& one) {
        if constexpr (requires { one.vendor; }) return !one.vendor.is_null();
        return false;
      },
      item);
  if (!has_vendor) return body;
  if (const auto back = json::parse(body); !back) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("an item's vendor fields cannot be kept: {}", back.error().message));
  }
  return body;
}

std::string context_of(std::int64_t seq, const ItemRow& row) {
  return fmt::format("item {} {} {} {}", seq, row.kind, row.time_us, row.run);
}

std::int64_t check_of(std::int64_t session, std::int64_t seq, const ItemRow& row,
                      std::string_view body) {
  RowCheck check;
  check.mix(session).mix(seq).mix(row.kind).mix(row.time_us).mix(std::string_view(row.run));
  return check.mix(body).value();
}

// Before the id in ItemRow::call.
constexpr std::size_t kCallMark = 2;

ItemRow renamed_row(ItemRow row, const std::string& id) {
  row.call.replace(kCallMark, std::string::npos, id);
  row.item = with_id(row.item, id);
  return row;
}

}  // namespace

FileSession::~FileSession() {
  if (!acquired_) return;
  (void)db_->read([&]() -> Result<void> {
    db_->leases().let_go(row_.id);
    return {};
  });
}

std::unexpected<Error> FileSession::busy() {
  return busy_session(name_, db_->leases().holder_anywhere(row_.id));
}

Result<void> FileSession::exists() {
  Query query(*db_, "SELECT 1 FROM sessions WHERE id = ?1");
  auto found = query.bind(row_.id).row();
  if (!found) return propagate(found);
  if (*found) return {};
  return fail(ErrorCode::kNotFound, fmt::format("session '{}' was deleted", name_));
}

std::int64_t FileSession::oldest_us() const {
  return row_.ttl_us == 0 ? 0 : db_->now_us() - row_.ttl_us;
}

Result<void> FileSession::change(const std::string& run, const std::function<Result<void>()>& work,
                                 const std::function<void()>& after) {
  const auto guarded = [&]() -> Result<void> {
    if (auto there = exists(); !there) return there;
    const std::string here = db_->leases().holder(row_.id);
    if (!here.empty() && !run.empty() && here != run) return busy();
    if (here.empty()) {
      // Nobody can take it between this look and the commit: taking it needs a transaction too.
      auto free = db_->leases().take(row_.id, "");
      if (!free) return propagate(free);
      if (!*free) return busy();
      db_->leases().let_go(row_.id);
    }
    return work();
  };
  return db_->write(guarded, after);
}

// In a transaction, so that a change under way is committed before; but nothing is written in it,
// and so nothing is synced.
Result<void> FileSession::acquire(const std::string& run) {
  if (run.empty())
    return fail(ErrorCode::kInvalidInput, "a run without an id cannot hold a session");
  return db_->write([&]() -> Result<void> {
    const std::string here = db_->leases().holder(row_.id);
    if (!here.empty()) return busy_session(name_, here, run);
    auto taken = db_->leases().take(row_.id, run);
    if (!taken) return propagate(taken);
    if (!*taken) return busy();
    auto there = exists();
    if (!there) db_->leases().let_go(row_.id);
    acquired_ = there.has_value();
    return there;
  });
}

void FileSession::release(const std::string& run) {
  (void)db_->read([&]() -> Result<void> {
    if (db_->leases().holder(row_.id) == run) db_->leases().let_go(row_.id);
    acquired_ = false;
    return {};
  });
}

Result<std::string> FileSession::run_of_call(const std::string& id) {
  const std::string call = row_.sealer.index_name("c:" + id);
  Query find(*db_, "SELECT run FROM items WHERE session = ?1 AND call = ?2");
  auto found = find.bind(row_.id, call).row();
  if (!found) return propagate(found);
  if (*found) return std::string(find.text(0));
  return fail(ErrorCode::kNotFound, "no such call");
}

// The id of the call that the result answers: the call may have been given another one.
Result<std::string> FileSession::answered_call(const ItemRow& row) {
  const std::string id = row.call.substr(kCallMark);
  auto asked_by = run_of_call(id);
  if (asked_by && *asked_by == row.run) return id;
  std::string other = id_beside(id, row.run);
  if (run_of_call(other)) return other;
  if (asked_by) return id;
  if (asked_by.error().code != ErrorCode::kNotFound) return propagate(asked_by);
  return fail(ErrorCode::kInvalidInput,
              fmt::format("session '{}' has no tool call '{}' that this result could answer", name_,
                          id),
              "add the call first");
}

Result<bool> FileSession::put_row(const ItemRow& row, std::int64_t seq) {
  auto plain = body_of(*row.item, put_mended_);
  if (!plain) return propagate(plain);
  auto body = row_.sealer.seal(std::move(*plain), context_of(seq, row));
  if (!body) return propagate(body);
  const std::int64_t check = check_of(row_.id, seq, row, *body);
  const std::string call = row.call.empty() ? "" : row_.sealer.index_name(row.call);
  Query query(*db_,
              "INSERT INTO items (session, seq, kind, call, run, time_us, body, row_check)"
              " VALUES (?1, ?2, ?3, nullif(?4, ''), ?5, ?6, ?7, ?8)"
              " ON CONFLICT DO NOTHING");
  auto added =
      query.bind(row_.id, seq, row.kind, call, row.run, row.time_us, Blob{*body}, check).run();
  if (!added) return propagate(added);
  if (db_->changes() == 0) return false;
  put_to_ = {seq, check};
  put_bytes_ += body->size();
  return true;
}

Result<void> FileSession::put(const std::vector<ItemRow>& rows, std::int64_t seq) {
  put_bytes_ = 0;
  put_mended_ = false;
  for (const ItemRow& row : rows) {
    const std::string id = row.call.empty() ? "" : row.call.substr(kCallMark);
    std::string other;
    if (row.kind == kResult) {
      auto asked = answered_call(row);
      if (!asked) return propagate(asked);
      if (*asked != id) other = std::move(*asked);
    }
    auto is_new = other.empty() ? put_row(row, seq) : put_row(renamed_row(row, other), seq);
    if (is_new && !*is_new && row.kind == kCall) {
      auto asked_by = run_of_call(id);
      if (!asked_by) return propagate(asked_by);
      if (*asked_by != row.run) {
        other = id_beside(id, row.run);
        is_new = put_row(renamed_row(row, other), seq);
      }
    }
    if (!is_new) return propagate(is_new);
    if (!*is_new) {
      return fail(ErrorCode::kConflict,
                  fmt::format("session '{}' has the {} '{}' already", name_,
                              row.kind == kCall ? "tool call" : "result of the call", id),
                  "add only what is new");
    }
    put_mended_ = put_mended_ || !other.empty();
    ++seq;
  }
  return {};
}

Result<void> FileSession::add(const std::string& run, std::span<const ItemPtr> items) {
  if (items.empty()) return {};
  std::vector<ItemRow> rows;
  const std::int64_t now = db_->now_us();
  for (const ItemPtr& item : items) rows.push_back(row_of(run, now, item));
  bool follows = false;
  const auto work = [&]() -> Result<void> {
    auto last = newest();
    if (!last) return propagate(last);
    follows = known_ && *last == known_to_;
    if (auto put_in = put(rows, last->seq + 1); !put_in) return put_in;
    const auto count = static_cast<std::int64_t>(rows.size());
    auto counted = Query(*db_,
                         "INSERT INTO session_runs (session, run, added) VALUES (?1, ?2, ?3)"
                         " ON CONFLICT DO UPDATE SET added = added + ?3")
                       .bind(row_.id, run, count)
                       .run();
    if (!counted) return counted;
    return Query(*db_, "UPDATE sessions SET updated_us = ?2 WHERE id = ?1")
        .bind(row_.id, now)
        .run();
  };
  return change(run, work, [&] {
    if (follows) know(items);
  });
}

void FileSession::know(std::span<const ItemPtr> items) {
  known_bytes_ += put_bytes_;
  known_to_ = put_to_;
  if (put_mended_ || known_bytes_ > kKnownBytesMax || !known_->extend(items)) known_.reset();
}

Result<FileSession::RowMark> FileSession::newest() {
  Query query(*db_,
              "SELECT seq, row_check FROM items WHERE session = ?1 ORDER BY seq DESC LIMIT 1");
  auto found = query.bind(row_.id).row();
  if (!found) return propagate(found);
  return *found ? RowMark{query.integer(0), query.integer(1)} : RowMark{};
}

Result<bool> FileSession::stands(const RowMark& mark) {
  if (mark.seq == 0) return true;
  Query query(*db_, "SELECT row_check FROM items WHERE session = ?1 AND seq = ?2");
  auto found = query.bind(row_.id, mark.seq).row();
  if (!found) return propagate(found);
  return *found && query.integer(0) == mark.check;
}

// Takes over what was added since, or reads all anew. Nothing is known after it when items need a
// repair, or are too many.
Result<void> FileSession::catch_up(const RowMark& now) {
  bool on = false;
  if (known_ && now.seq > known_to_.seq) {
    auto still = stands(known_to_);
    if (!still) return propagate(still);
    on = *still;
  }
  if (!on) {
    known_.reset();
    known_to_ = {};
    known_bytes_ = 0;
  }
  std::vector<std::string> notes;
  Query query(*db_,
              "SELECT seq, kind, run, time_us, body, row_check FROM items"
              " WHERE session = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq DESC");
  query.bind(row_.id, known_to_.seq, now.seq);
  auto fresh = collect(query, notes, &known_bytes_);
  if (!fresh) return propagate(fresh);
  std::vector<ItemPtr> items;
  items.reserve(fresh->size());
  for (ItemRow& row : *fresh) items.push_back(std::move(row.item));
  known_to_ = now;
  if (!known_) known_.emplace();
  if (!notes.empty() || known_bytes_ > kKnownBytesMax || !known_->extend(items)) known_.reset();
  return {};
}

Result<History> FileSession::history(std::size_t limit, std::vector<std::string>& notes) {
  std::optional<History> found;
  if (limit == 0 && row_.ttl_us == 0) {
    auto done = db_->read([&]() -> Result<void> {
      auto now = newest();
      if (!now) return propagate(now);
      if (!known_ || *now != known_to_) {
        if (auto caught_up = catch_up(*now); !caught_up) return caught_up;
      }
      found = known_;
      return {};
    });
    if (!done) return propagate(done);
  }
  return found ? std::move(*found) : Session::history(limit, notes);
}

Result<std::vector<ItemRow>> FileSession::collect(Query& query, std::vector<std::string>& notes,
                                                  std::size_t* bytes) {
  std::vector<ItemRow> rows;
  while (true) {
    auto more = query.row();
    if (!more) return propagate(more);
    if (!*more) break;
    ItemRow row;
    row.seq = query.integer(0);
    row.kind = query.integer(1);
    row.run = query.text(2);
    row.time_us = query.integer(3);
    const std::string_view body = query.text(4);
    if (bytes != nullptr) *bytes += body.size();
    const auto skip = [&](std::string_view why) {
      notes.push_back(fmt::format("left out item {} of session '{}': {}", row.seq, name_, why));
    };
    if (check_of(row_.id, row.seq, row, body) != query.integer(5)) {
      skip("it does not read back as written");
      continue;
    }
    const auto plain = row_.sealer.open(body, context_of(row.seq, row));
    const auto json = plain ? json::parse(*plain) : Result<Json>(std::unexpected(plain.error()));
    auto item = json ? item_from_json(*json) : Result<Item>(std::unexpected(json.error()));
    if (!item) {
      skip(item.error().message);
      continue;
    }
    row.item = std::make_shared<const Item>(std::move(*item));
    KindAndCall what;
    std::visit(what, *row.item);
    row.call = std::move(what.call);
    rows.push_back(std::move(row));
  }
  std::ranges::sort(rows, {}, &ItemRow::seq);
  return rows;
}

Result<std::vector<ItemRow>> FileSession::rows(std::size_t limit, std::vector<std::string>& notes) {
  Query query(*db_,
              "SELECT seq, kind, run, time_us, body, row_check FROM items"
              " WHERE session = ?1 AND time_us >= ?2 ORDER BY seq DESC LIMIT ?3");
  const std::int64_t most = limit == 0 ? -1 : static_cast<std::int64_t>(limit);
  query.bind(row_.id, oldest_us(), most);
  return collect(query, notes);
}

Result<std::vector<ItemRow>> FileSession::recent(std::size_t exchanges, std::size_t limit,
                                                 std::vector<std::string>& notes) {
  Query first(*db_,
              "SELECT min(seq) FROM (SELECT seq FROM items WHERE session = ?1 AND kind = 1"
              " AND time_us >= ?2 ORDER BY seq DESC LIMIT ?3)");
  first.bind(row_.id, oldest_us(), static_cast<std::int64_t>(exchanges));
  if (auto found = first.row(); !found) return propagate(found);
  Query query(*db_,
              "SELECT seq, kind, run, time_us, body, row_check FROM items"
              " WHERE session = ?1 AND seq >= ?2 AND kind <= 2 AND time_us >= ?3"
              " ORDER BY seq DESC LIMIT ?4");
  query.bind(row_.id, first.integer(0), oldest_us(), static_cast<std::int64_t>(limit));
  return collect(query, notes);
}

Result<std::vector<ItemPtr>> FileSession::load(std::size_t limit, std::vector<std::string>& notes) {
  std::vector<ItemPtr> items;
  auto done = db_->read([&]() -> Result<void> {
    auto found = rows(limit == 0 ? 0 : limit + 1, notes);
    if (!found) return propagate(found);
    for (ItemRow& row : *found) items.push_back(std::move(row.item));
    return {};
  });
  if (!done) return propagate(done);
  const std::size_t start = window_start(items, limit);
  const History history = History::repaired(std::span(items).subspan(start), notes);
  return std::vector<ItemPtr>(history.items().begin(), history.items().end());
}

Result<ItemPtr> FileSession::pop() {
  ItemPtr last;
  auto done = change("", [&]() -> Result<void> {
    std::vector<std::string> notes;
    auto found = rows(1, notes);
    if (!found) return propagate(found);
    if (found->empty() && !notes.empty()) return fail(ErrorCode::kCorrupt, notes.front());
    if (found->empty()) {
      return fail(ErrorCode::kNotFound, fmt::format("session '{}' is empty", name_));
    }
    last = found->back().item;
    return Query(*db_, "DELETE FROM items WHERE session = ?1 AND seq = ?2")
        .bind(row_.id, found->back().seq)
        .run();
  });
  if (!done) return propagate(done);
  return last;
}

Result<void> FileSession::clear() {
  return change(
      "", [&] { return Query(*db_, "DELETE FROM items WHERE session = ?1").bind(row_.id).run(); });
}

Result<std::size_t> FileSession::added_by(const std::string& run) {
  std::size_t count = 0;
  auto done = db_->read([&]() -> Result<void> {
    Query query(*db_, "SELECT added FROM session_runs WHERE session = ?1 AND run = ?2");
    auto found = query.bind(row_.id, run).row();
    if (!found) return propagate(found);
    if (*found) count = static_cast<std::size_t>(query.integer(0));
    return {};
  });
  if (!done) return propagate(done);
  return count;
}

Result<void> FileSession::replace(const std::string& run, std::span<const ItemPtr> items) {
  if (auto valid = History::from(items); !valid) return propagate(valid);
  std::vector<ItemRow> fresh;
  const std::int64_t now = db_->now_us();
  for (const ItemPtr& item : items) fresh.push_back(row_of(run, now, item));
  return change(run, [&]() -> Result<void> {
    std::vector<std::string> notes;
    auto old = rows(0, notes);
    if (!old) return propagate(old);
    for (const ItemRow& row : *old) {
      auto gone = Query(*db_, "DELETE FROM items WHERE session = ?1 AND seq = ?2")
                      .bind(row_.id, row.seq)
                      .run();
      if (!gone) return gone;
    }
    Query last(*db_, "SELECT max(seq) FROM items WHERE session = ?1");
    if (auto found = last.bind(row_.id).row(); !found) return propagate(found);
    return put(fresh, last.integer(0) + 1);
  });
}

}  // namespace cadre::detail
