#include "policy/cached_model.h"

#include <fmt/format.h>

#include <atomic>
#include <fstream>
#include <random>

#include "base/text.h"
#include "policy/request_json.h"

namespace cadre::policy {
namespace {

namespace fs = std::filesystem;

std::string read_whole(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void show(const ModelReply& reply, const Model::OnDelta& delta) {
  if (!delta) return;
  for (const Item& item : reply.items) {
    if (const auto* message = std::get_if<MessageItem>(&item))
      delta({ModelDelta::Kind::kText, message->text, 0});
  }
}

class CachedModel final : public Model {
 public:
  CachedModel(std::shared_ptr<Model> model, fs::path folder)
      : model_(std::move(model)), store_(std::make_shared<Store>()) {
    store_->folder = std::move(folder);
    store_->mark = std::random_device{}();
  }

  std::string name() const override { return model_->name(); }
  std::shared_ptr<EventSource> events() const override { return model_->events(); }

  void start(const ModelRequest& request, std::stop_token stop, OnDelta delta,
             OnDone done) override {
    const std::string key =
        fingerprint(JsonObject{{"by", model_->name()}, {"request", request_json(request)}});
    if (auto kept = store_->load(key)) {
      show(*kept, delta);
      return done(std::move(*kept));
    }
    model_->start(request, std::move(stop), std::move(delta),
                  [store = store_, key, done = std::move(done)](Result<ModelReply> reply) mutable {
                    if (reply) store->save(key, *reply);
                    done(std::move(reply));
                  });
  }

 private:
  struct Store {
    fs::path folder;
    unsigned mark = 0;  // tells processes apart
    std::atomic<unsigned> count = 0;

    fs::path file(const std::string& key) const {
      return folder / key.substr(0, 2) / (key + ".json");
    }

    std::optional<ModelReply> load(const std::string& key) const {
      const std::string bytes = read_whole(file(key));
      if (bytes.empty()) return std::nullopt;
      const auto json = json::parse(bytes);
      if (!json || json::get_string(*json, "request") != key) return std::nullopt;
      const Json* kept = json::find(*json, "reply");
      auto reply = kept == nullptr ? fail(ErrorCode::kCorrupt, "") : reply_from_json(*kept);
      if (!reply) return std::nullopt;
      Usage& usage = reply->usage;
      reply->notes.push_back(
          fmt::format("from the cache: {} saved",
                      !usage.input_tokens || !usage.output_tokens
                          ? std::string("a call")
                          : fmt::format("{} tokens", *usage.input_tokens + *usage.output_tokens)));
      usage = Usage{};
      usage.requests = 0;
      usage.input_tokens = usage.output_tokens = 0;
      usage.cost_usd = 0;
      usage.from_cache = true;
      return std::move(*reply);
    }

    void save(const std::string& key, const ModelReply& reply) {
      const bool whole = reply.finish != "length" && reply.finish != "content_filter";
      if (!whole || !reply.refusal.empty()) return;
      std::error_code error;
      const fs::path to = file(key);
      fs::create_directories(to.parent_path(), error);
      const fs::path fresh = fmt::format("{}.{:x}-{}", to.string(), mark, ++count);
      {
        std::ofstream out(fresh, std::ios::binary);
        out << json::write(JsonObject{{"request", key}, {"reply", reply_json(reply)}}) << '\n';
        if (!out.flush()) error = std::make_error_code(std::errc::io_error);
      }
      if (!error) fs::rename(fresh, to, error);  // whole or not at all
      if (error) fs::remove(fresh, error);
    }
  };

  const std::shared_ptr<Model> model_;
  const std::shared_ptr<Store> store_;
};

}  // namespace

Result<std::shared_ptr<Model>> make_cached_model(std::shared_ptr<Model> model, fs::path folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  const fs::path probe = folder / ".probe";
  std::ofstream out(probe, std::ios::binary);
  if (error || !(out << "x").flush()) {
    return fail(ErrorCode::kIo, fmt::format("cannot write into the cache {}", folder.string()),
                "give --cache a folder that can be written");
  }
  out.close();
  fs::remove(probe, error);
  return std::make_shared<CachedModel>(std::move(model), std::move(folder));
}

}  // namespace cadre::policy
