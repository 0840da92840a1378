#include "policy/recording.h"

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <mutex>

#include "base/clock.h"
#include "base/text.h"
#include "policy/request_json.h"

namespace cadre::policy {
namespace {

constexpr const char* kSecretMark = "[secret]";
constexpr std::size_t kShownBytes = 80;
const char* const kDeltaKinds[] = {"text", "reasoning", "arguments"};

// The place in the run, without the run's own id: "plan#1/plan/turn:1".
std::string place_of(std::string_view key) { return std::string(key.substr(key.find('/') + 1)); }

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct Tape {
  std::mutex mutex;
  std::ofstream out;
  std::vector<std::string> secrets;

  void write(const Json& line) {
    std::string text = json::write(line);
    for (const std::string& secret : secrets) {
      text = text::replace_all(std::move(text), secret, kSecretMark);
      const std::string escaped = json::write(Json(secret));
      if (escaped.size() - 2 != secret.size())
        text =
            text::replace_all(std::move(text), escaped.substr(1, escaped.size() - 2), kSecretMark);
    }
    text += '\n';
    const std::lock_guard lock(mutex);
    out << text;
    out.flush();
  }
};

class RecordingModel final : public Model {
 public:
  RecordingModel(std::shared_ptr<Model> model, std::shared_ptr<Tape> tape)
      : model_(std::move(model)), tape_(std::move(tape)) {}

  std::string name() const override { return model_->name(); }
  std::shared_ptr<EventSource> events() const override { return model_->events(); }

  void start(const ModelRequest& request, std::stop_token stop, OnDelta delta,
             OnDone done) override {
    Json asked = request_json(request);
    const std::string hash = fingerprint(asked);
    auto line = std::make_shared<JsonObject>(JsonObject{
        {"key", place_of(request.key)}, {"request_sha256", hash}, {"request", std::move(asked)}});
    auto deltas = std::make_shared<JsonArray>();
    OnDelta show;
    if (delta) {
      show = [deltas, delta = std::move(delta)](const ModelDelta& piece) {
        JsonArray one{kDeltaKinds[static_cast<int>(piece.kind)], Json(piece.text)};
        if (piece.kind == ModelDelta::Kind::kArguments) one.push_back(piece.index);
        deltas->push_back(std::move(one));
        delta(piece);
      };
    }
    model_->start(request, std::move(stop), std::move(show),
                  [tape = tape_, line, deltas, began = now_ms(),
                   done = std::move(done)](Result<ModelReply> reply) mutable {
                    record(*tape, *line, *deltas, reply, now_ms() - began);
                    done(std::move(reply));
                  });
  }

 private:
  static void record(Tape& tape, JsonObject& line, JsonArray& deltas,
                     const Result<ModelReply>& reply, std::int64_t ms) {
    if (!deltas.empty()) line["deltas"] = std::move(deltas);
    if (reply) {
      line["reply"] = reply_json(*reply);
    } else if (reply.error().code == ErrorCode::kCancelled) {
      return;  // nobody heard an answer
    } else {
      line["error"] = JsonObject{{"code", to_string(reply.error().code)},
                                 {"message", reply.error().message},
                                 {"hint", reply.error().hint}};
    }
    line["ms"] = ms;
    tape.write(line);
  }

  const std::shared_ptr<Model> model_;
  const std::shared_ptr<Tape> tape_;
};

// Where two requests differ first, as a JSON Pointer with both values in short.
std::string difference(const Json& recorded, const Json& now, const std::string& at = "") {
  const auto brief = [](const Json& value) {
    return text::shorten(json::write(value), kShownBytes);
  };
  if (recorded == now) return {};
  if (recorded.is_object() && now.is_object()) {
    for (const auto& [key, value] : recorded.get_object()) {
      const std::string name(key.data(), key.size());
      const Json* other = json::find(now, name);
      if (other == nullptr) return fmt::format("{}/{} is missing now", at, name);
      if (auto deeper = difference(value, *other, at + "/" + name); !deeper.empty()) return deeper;
    }
    for (const auto& [key, value] : now.get_object()) {
      if (json::find(recorded, std::string(key.data(), key.size())) == nullptr)
        return fmt::format("{}/{} is new", at, std::string(key.data(), key.size()));
    }
  }
  if (recorded.is_array() && now.is_array()) {
    const JsonArray& a = recorded.get_array();
    const JsonArray& b = now.get_array();
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      if (auto deeper = difference(a[i], b[i], fmt::format("{}/{}", at, i)); !deeper.empty())
        return deeper;
    }
    return fmt::format("{} has {} entries, {} were recorded", at, b.size(), a.size());
  }
  if (recorded.is_string() && now.is_string()) {
    const std::string_view a = json::as_view(recorded.get_string());
    const std::string_view b = json::as_view(now.get_string());
    std::size_t same = 0;
    while (same < std::min(a.size(), b.size()) && a[same] == b[same]) ++same;
    const std::size_t from = same > 20 ? same - 20 : 0;
    return fmt::format("{} at character {}: \"{}\" was recorded, \"{}\" is asked", at, same,
                       text::clean_utf8(a.substr(from, kShownBytes)),
                       text::clean_utf8(b.substr(from, kShownBytes)));
  }
  return fmt::format("{}: {} was recorded, {} is asked", at, brief(recorded), brief(now));
}

struct Recorded {
  Json line;
  std::string place;
};

class ReplayModel final : public Model {
 public:
  ReplayModel(std::string name, std::vector<Recorded> lines, bool by_place)
      : name_(std::move(name)), lines_(std::move(lines)), by_place_(by_place) {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      by_hash_[json::get_string(lines_[i].line, "request_sha256")].lines.push_back(i);
      if (!lines_[i].place.empty()) places_[lines_[i].place].lines.push_back(i);
    }
  }

  std::string name() const override { return name_; }

  void start(const ModelRequest& request, std::stop_token stop, OnDelta delta,
             OnDone done) override {
    if (stop.stop_requested())
      return done(fail(ErrorCode::kCancelled, "the model call was cancelled"));
    const Json asked = request_json(request);
    const std::string place = place_of(request.key);
    std::string note;
    const Json* line = find(fingerprint(asked), place, asked, note);
    if (line == nullptr) {
      return done(fail(ErrorCode::kNotFound,
                       fmt::format("{} has no recording of the request {}{}", name_,
                                   place.empty() ? "(unnamed)" : place, note),
                       "record the run again, or replay by place: replay-by-place:FILE"));
    }
    if (const Json* error = json::find(*line, "error")) return done(error_of(*error));
    show(*line, request.stream ? delta : nullptr);
    const Json* reply = json::find(*line, "reply");
    auto answer = reply == nullptr ? fail(ErrorCode::kCorrupt, "a recording has no reply")
                                   : reply_from_json(*reply);
    if (answer && !note.empty()) answer->notes.push_back("replayed by place" + note);
    done(std::move(answer));
  }

 private:
  struct Calls {
    std::vector<std::size_t> lines;
    std::size_t next = 0;
    std::size_t take() {
      const std::size_t at = std::min(next++, lines.size() - 1);
      return lines[at];
    }
  };

  const Json* find(const std::string& hash, const std::string& place, const Json& asked,
                   std::string& note) {
    const std::lock_guard lock(mutex_);
    if (const auto it = by_hash_.find(hash); it != by_hash_.end())
      return &lines_[it->second.take()].line;
    const auto it = places_.find(place);
    if (it == places_.end()) return nullptr;
    Calls& calls = it->second;
    const Json& line = lines_[by_place_ ? calls.take() : calls.lines.front()].line;
    const Json* recorded = json::find(line, "request");
    if (recorded != nullptr)
      note = "; it differs from the recording of that turn: " + difference(*recorded, asked);
    return by_place_ ? &line : nullptr;
  }

  static Result<ModelReply> error_of(const Json& error) {
    const std::string code = json::get_string(error, "code");
    for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
      if (code == to_string(static_cast<ErrorCode>(i)))
        return fail(static_cast<ErrorCode>(i), json::get_string(error, "message"),
                    json::get_string(error, "hint"));
    }
    return fail(ErrorCode::kUnavailable, json::get_string(error, "message"),
                json::get_string(error, "hint"));
  }

  static void show(const Json& line, const OnDelta& delta) {
    if (!delta) return;
    for (const Json& piece : json::get_array(line, "deltas")) {
      if (!piece.is_array() || piece.get_array().size() < 2) continue;
      const JsonArray& parts = piece.get_array();
      ModelDelta out;
      const std::string kind =
          parts[0].is_string() ? std::string(json::as_view(parts[0].get_string())) : "";
      for (int i = 0; i < 3; ++i) {
        if (kind == kDeltaKinds[i]) out.kind = static_cast<ModelDelta::Kind>(i);
      }
      if (parts[1].is_string()) out.text = json::as_view(parts[1].get_string());
      if (parts.size() > 2 && parts[2].is_int64())
        out.index = static_cast<int>(parts[2].as_int64());
      delta(out);
    }
  }

  const std::string name_;
  const std::vector<Recorded> lines_;
  const bool by_place_;
  std::mutex mutex_;
  std::map<std::string, Calls> by_hash_, places_;
};

}  // namespace

Result<std::shared_ptr<Model>> make_recording_model(std::shared_ptr<Model> model,
                                                    const std::filesystem::path& file,
                                                    std::vector<std::string> secrets) {
  auto tape = std::make_shared<Tape>();
  std::erase_if(secrets, [](const std::string& secret) { return secret.size() < 6; });
  tape->secrets = std::move(secrets);
  tape->out.open(file, std::ios::binary | std::ios::trunc);
  tape->write(JsonObject{{"cadre_recording", 1},
                         {"model", model->name()},
                         {"started", format_utc(SystemClock().now_us())}});
  if (!tape->out) {
    return fail(ErrorCode::kIo, fmt::format("cannot write the recording {}", file.string()),
                "give --record a file that can be written");
  }
  return std::make_shared<RecordingModel>(std::move(model), std::move(tape));
}

Result<std::shared_ptr<Model>> make_replay_model(const std::filesystem::path& file, bool by_place) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return fail(ErrorCode::kNotFound, fmt::format("there is no recording {}", file.string()));
  std::vector<Recorded> lines;
  std::string text;
  for (std::size_t number = 1; std::getline(in, text); ++number) {
    if (text::trim(text).empty()) continue;
    auto line = json::parse(text);
    const bool cut = in.eof();  // the last line of a run that was killed
    if (!line && cut && number > 1) break;
    if (!line) {
      return fail(ErrorCode::kInvalidInput, fmt::format("{}:{} is not JSON: {}", file.string(),
                                                        number, line.error().message));
    }
    if (number == 1) {
      if (json::get_int(*line, "cadre_recording") == 1) continue;
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{} is no recording of Cadre: its first line says no "
                              "\"cadre_recording\": 1",
                              file.string()));
    }
    std::string place = json::get_string(*line, "key");
    lines.push_back({std::move(*line), std::move(place)});
  }
  if (lines.empty())
    return fail(ErrorCode::kInvalidInput, fmt::format("{} holds no calls", file.string()));
  return std::make_shared<ReplayModel>(
      fmt::format("{}:{}", by_place ? "replay-by-place" : "replay", file.string()),
      std::move(lines), by_place);
}

}  // namespace cadre::policy
