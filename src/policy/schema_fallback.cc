#include "policy/schema_fallback.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/text.h"
#include "policy/owned_request.h"

namespace cadre::policy {
namespace {

constexpr std::array<std::string_view, 6> kWords{"response_format", "json_schema", "schema",
                                                 "output_config",   "text.format", "structured"};

bool speaks_of_the_schema(const Error& error) {
  if (error.code != ErrorCode::kInvalidInput) return false;
  const std::string said = text::lower(error.message);
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return said.find(word) != std::string::npos; });
}

// The answer without what models put around JSON.
void unfence(ModelReply& reply) {
  for (Item& item : reply.items) {
    auto* message = std::get_if<MessageItem>(&item);
    if (message == nullptr) continue;
    std::string_view said = text::trim(message->text);
    const std::size_t begin = said.find('\n');
    if (!said.starts_with("```") || !said.ends_with("```") || begin + 4 > said.size()) continue;
    said = said.substr(begin + 1, said.size() - begin - 4);
    message->text = std::string(text::trim(said));
  }
}

class SchemaFallback final : public Model {
 public:
  explicit SchemaFallback(std::shared_ptr<Model> model) : model_(std::move(model)) {}

  std::string name() const override { return model_->name(); }
  std::shared_ptr<EventSource> events() const override { return model_->events(); }

  void start(const ModelRequest& request, std::stop_token stop, OnDelta delta,
             OnDone done) override {
    if (request.output == nullptr)
      return model_->start(request, std::move(stop), std::move(delta), std::move(done));
    auto kept = std::make_shared<OwnedRequest>(request);
    if (*in_words_) return ask_in_words(model_, *kept, stop, delta, std::move(done), "");
    model_->start(request, stop, delta,
                  [model = model_, in_words = in_words_, kept, stop, delta,
                   done = std::move(done)](Result<ModelReply> reply) mutable {
                    if (reply || !speaks_of_the_schema(reply.error()))
                      return done(std::move(reply));
                    *in_words = true;
                    ask_in_words(model, *kept, stop, delta, std::move(done),
                                 "the server takes no schema: the answer's form was asked for in "
                                 "words");
                  });
  }

 private:
  static void ask_in_words(const std::shared_ptr<Model>& model, OwnedRequest& request,
                           const std::stop_token& stop, const OnDelta& delta, OnDone done,
                           std::string note) {
    request.instructions +=
        "\n\nAnswer with one JSON object and nothing else: no explanation, no code fence. It must "
        "satisfy this JSON Schema:\n" +
        json::write(request.output->schema);
    request.output.reset();
    model->start(
        request.view(), stop, delta,
        [note = std::move(note), done = std::move(done)](Result<ModelReply> reply) mutable {
          if (reply) unfence(*reply);
          if (reply && !note.empty()) reply->notes.push_back(std::move(note));
          done(std::move(reply));
        });
  }

  const std::shared_ptr<Model> model_;
  const std::shared_ptr<std::atomic<bool>> in_words_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace

std::shared_ptr<Model> make_schema_fallback(std::shared_ptr<Model> model) {
  return std::make_shared<SchemaFallback>(std::move(model));
}

}  // namespace cadre::policy
