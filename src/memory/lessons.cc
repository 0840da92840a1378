#include "memory/lessons.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "memory/lesson_rows.h"
#include "memory/search.h"

namespace cadre {
namespace detail {
namespace {

constexpr std::size_t kLongest = 64 << 10;
constexpr std::size_t kMostHits = 40;

// Two tellings that differ in case and spaces are one lesson.
std::string digest_of(std::string_view problem, std::string_view fix) {
  std::string plain;
  for (const std::string_view part : {problem, fix}) {
    bool space = false;
    for (const char c : text::lower(text::trim(part))) {
      const bool is_space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
      if (is_space && !space) plain += ' ';
      if (!is_space) plain += c;
      space = is_space;
    }
    plain += '\n';
  }
  return sha256_hex(plain);
}

std::string body_of(const Lesson& lesson) {
  JsonArray evidence;
  for (const LessonEvidence& one : lesson.evidence)
    evidence.push_back(JsonObject{{"run", one.run}, {"what", one.what}});
  return json::write(JsonObject{{"problem", lesson.problem},
                                {"fix", lesson.fix},
                                {"seen", lesson.seen},
                                {"evidence", std::move(evidence)}});
}

std::int64_t check_of(std::string_view body, std::int64_t created_us) {
  return RowCheck().mix(created_us).mix(body).value();
}

// Of a row: id, body, uses, helped, created_us, last_used_us, row_check.
Result<Lesson> lesson_of(Query& row) {
  const std::int64_t id = row.integer(0);
  const auto damaged = [&] {
    return fail(ErrorCode::kCorrupt, fmt::format("lesson {} does not read back as written", id),
                "the row is left as it is; forget it to be rid of it");
  };
  if (check_of(row.text(1), row.integer(4)) != row.integer(6)) return damaged();
  const auto body = json::parse(row.text(1));
  if (!body) return damaged();
  Lesson lesson;
  lesson.id = id;
  lesson.problem = json::get_string(*body, "problem");
  lesson.fix = json::get_string(*body, "fix");
  lesson.seen = json::get_int(*body, "seen");
  for (const Json& one : json::get_array(*body, "evidence"))
    lesson.evidence.push_back({json::get_string(one, "run"), json::get_string(one, "what")});
  lesson.uses = row.integer(2);
  lesson.helped = row.integer(3);
  lesson.created_us = row.integer(4);
  lesson.last_used_us = row.integer(5);
  return lesson;
}

Result<Lesson> read_lesson(MemoryDb& db, std::int64_t id) {
  Query query(db,
              "SELECT id, body, uses, helped, created_us, last_used_us, row_check"
              " FROM lessons WHERE id = ?1");
  auto found = query.bind(id).row();
  if (!found) return propagate(found);
  if (!*found) return fail(ErrorCode::kNotFound, fmt::format("there is no lesson {}", id));
  return lesson_of(query);
}

std::string words_of(const Lesson& lesson) { return lesson.problem + "\n" + lesson.fix; }

Result<std::int64_t> add_lesson(MemoryDb& db, Lesson lesson, const std::string& digest) {
  lesson.created_us = db.now_us();
  const std::string body = body_of(lesson), words = words_of(lesson);
  auto added = Query(db,
                     "INSERT INTO lessons (digest, body, uses, helped, created_us,"
                     " last_used_us, row_check) VALUES (?1, ?2, 0, 0, ?3, 0, ?4)")
                   .bind(digest, Blob{body}, lesson.created_us, check_of(body, lesson.created_us))
                   .run();
  if (!added) return propagate(added);
  const std::int64_t id = db.last_id();
  added = Query(db, "INSERT INTO lesson_text (rowid, text) VALUES (?1, ?2)").bind(id, words).run();
  if (!added) return propagate(added);
  return id;
}

Result<void> put_evidence(MemoryDb& db, Lesson lesson, const LessonEvidence& evidence) {
  if (std::ranges::find(lesson.evidence, evidence) != lesson.evidence.end()) return {};
  ++lesson.seen;
  lesson.evidence.push_back(evidence);
  if (lesson.evidence.size() > Lesson::kMostEvidence)
    lesson.evidence.erase(lesson.evidence.begin());
  const std::string body = body_of(lesson);
  return Query(db, "UPDATE lessons SET body = ?2, row_check = ?3 WHERE id = ?1")
      .bind(lesson.id, Blob{body}, check_of(body, lesson.created_us))
      .run();
}

}  // namespace

Result<std::vector<OfferedLesson>> relevant_lessons(MemoryDb& db,
                                                    const std::vector<std::string>& words,
                                                    std::size_t limit,
                                                    std::vector<std::string>& notes) {
  auto hits = search_lessons(db, words, kMostHits);
  if (!hits) return propagate(hits);
  std::vector<OfferedLesson> offered;
  for (const Hit& hit : *hits) {
    auto lesson = read_lesson(db, hit.id);
    if (!lesson) {
      if (lesson.error().code == ErrorCode::kCorrupt) notes.push_back(lesson.error().message);
      if (lesson.error().code == ErrorCode::kCorrupt || lesson.error().code == ErrorCode::kNotFound)
        continue;
      return propagate(lesson);
    }
    auto has = words_in_lesson(db, hit.id, words);
    if (!has) return propagate(has);
    if (has->size() > 5) has->resize(5);
    OfferedLesson one;
    // Unproven ones stand in the middle between what helps and what does not (Laplace).
    const double trust =
        static_cast<double>(lesson->helped + 1) / static_cast<double>(lesson->uses + 2);
    one.score = std::max(hit.score, 1e-12) * (0.5 + trust);
    one.reason = fmt::format("has {}; helped {} of {} uses; seen {} times", text::join(*has, ", "),
                             lesson->helped, lesson->uses, lesson->seen);
    one.lesson = std::move(*lesson);
    offered.push_back(std::move(one));
  }
  std::ranges::stable_sort(offered, std::greater<>(), &OfferedLesson::score);
  if (offered.size() > limit) offered.resize(limit);
  return offered;
}

}  // namespace detail

using detail::Query;

Json to_json(const Lesson& lesson) {
  JsonArray evidence;
  for (const LessonEvidence& one : lesson.evidence)
    evidence.push_back(JsonObject{{"run", one.run}, {"what", one.what}});
  return JsonObject{
      {"id", lesson.id},
      {"problem", lesson.problem},
      {"fix", lesson.fix},
      {"evidence", std::move(evidence)},
      {"seen", lesson.seen},
      {"uses", lesson.uses},
      {"helped", lesson.helped},
      {"created", format_utc(lesson.created_us)},
      {"last_used", lesson.last_used_us == 0 ? Json() : Json(format_utc(lesson.last_used_us))}};
}

Result<std::int64_t> Lessons::learn(const std::string& problem, const std::string& fix,
                                    const LessonEvidence& evidence) {
  if (text::trim(problem).empty() || text::trim(fix).empty() || text::trim(evidence.what).empty()) {
    return fail(ErrorCode::kInvalidInput,
                "a lesson needs the problem, the fix, and evidence that the fix worked");
  }
  if (problem.size() + fix.size() + evidence.what.size() > detail::kLongest) {
    return fail(ErrorCode::kExhausted,
                fmt::format("a lesson has at most {} bytes", detail::kLongest),
                "keep what others can use, and refer to the run for the rest");
  }
  Lesson lesson;
  lesson.problem = text::clean_utf8(text::trim(problem));
  lesson.fix = text::clean_utf8(text::trim(fix));
  const LessonEvidence clean{text::clean_utf8(evidence.run), text::clean_utf8(evidence.what)};
  lesson.evidence = {clean};
  lesson.seen = 1;
  const std::string digest = detail::digest_of(lesson.problem, lesson.fix);
  std::int64_t id = 0;
  auto done = db_->write([&]() -> Result<void> {
    Query find(*db_, "SELECT id FROM lessons WHERE digest = ?1");
    auto found = find.bind(digest).row();
    if (!found) return propagate(found);
    if (*found) {
      id = find.integer(0);
      auto known = detail::read_lesson(*db_, id);
      if (!known) return propagate(known);
      return detail::put_evidence(*db_, std::move(*known), clean);
    }
    auto added = detail::add_lesson(*db_, lesson, digest);
    if (!added) return propagate(added);
    id = *added;
    return {};
  });
  if (!done) return propagate(done);
  return id;
}

Result<std::vector<OfferedLesson>> Lessons::relevant(std::string_view query, std::size_t limit) {
  Result<std::vector<OfferedLesson>> offered;
  std::vector<std::string> notes;
  auto done = db_->read([&]() -> Result<void> {
    offered = detail::relevant_lessons(*db_, detail::query_words(query), limit, notes);
    return {};
  });
  if (!done) return propagate(done);
  return offered;
}

Result<void> Lessons::used(std::int64_t id, bool helped, const std::string& run) {
  return db_->write([&]() -> Result<void> {
    if (!run.empty()) {
      auto told = Query(*db_, "INSERT INTO lesson_uses (lesson, run) VALUES (?1, ?2)"
                              " ON CONFLICT DO NOTHING")
                      .bind(id, run)
                      .run();
      if (!told) return told;
      if (db_->changes() == 0) return {};
    }
    auto counted = Query(*db_,
                         "UPDATE lessons SET uses = uses + 1, helped = helped + ?2,"
                         " last_used_us = ?3 WHERE id = ?1")
                       .bind(id, std::int64_t{helped}, db_->now_us())
                       .run();
    if (counted && db_->changes() == 0)
      return fail(ErrorCode::kNotFound, fmt::format("there is no lesson {}", id));
    return counted;
  });
}

Result<std::vector<Lesson>> Lessons::list(std::vector<std::string>& notes) {
  std::vector<Lesson> lessons;
  auto done = db_->read([&]() -> Result<void> {
    Query query(*db_,
                "SELECT id, body, uses, helped, created_us, last_used_us, row_check"
                " FROM lessons ORDER BY id DESC");
    while (true) {
      auto more = query.row();
      if (!more) return propagate(more);
      if (!*more) return {};
      auto lesson = detail::lesson_of(query);
      if (lesson) {
        lessons.push_back(std::move(*lesson));
      } else {
        notes.push_back(lesson.error().message);
      }
    }
  });
  if (!done) return propagate(done);
  return lessons;
}

Result<Lesson> Lessons::show(std::int64_t id) {
  Result<Lesson> lesson;
  auto done = db_->read([&]() -> Result<void> {
    lesson = detail::read_lesson(*db_, id);
    return {};
  });
  if (!done) return propagate(done);
  return lesson;
}

Result<void> Lessons::forget(std::int64_t id) {
  auto forgotten = db_->write([&]() -> Result<void> {
    auto lesson = detail::read_lesson(*db_, id);
    if (!lesson && lesson.error().code != ErrorCode::kCorrupt) return propagate(lesson);
    Result<void> gone;
    if (lesson) {  // a damaged one's words are unknown; in the index they point to nothing then
      const std::string words = detail::words_of(*lesson);
      gone = Query(*db_,
                   "INSERT INTO lesson_text (lesson_text, rowid, text)"
                   " VALUES ('delete', ?1, ?2)")
                 .bind(id, words)
                 .run();
    }
    if (gone) gone = Query(*db_, "DELETE FROM lesson_uses WHERE lesson = ?1").bind(id).run();
    if (gone) gone = Query(*db_, "DELETE FROM lessons WHERE id = ?1").bind(id).run();
    if (gone) gone = Query(*db_, "INSERT INTO lesson_text (lesson_text) VALUES ('optimize')").run();
    return gone;
  });
  if (forgotten) db_->empty_log();
  return forgotten;
}

}  // namespace cadre
