// The offline summarizer: sentences are scored by how often their words occur in all that is
// summarized (Luhn's method), with a bonus for what users ask, for first sentences, for failures.
#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "memory/compaction.h"
#include "memory/search.h"
#include "memory/tokens.h"

namespace cadre {
namespace {

constexpr std::size_t kLongestSentence = 240;

struct Sentence {
  std::size_t order = 0;
  std::string text;  // "user: …"
  std::vector<std::string> words;
  double score = 0;
};

std::vector<std::string> sentences_of(std::string_view text) {
  std::vector<std::string> out;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const bool at_end = i == text.size() || text[i] == '\n';
    const bool stop = !at_end && (text[i] == '.' || text[i] == '!' || text[i] == '?') &&
                      i + 1 < text.size() && text[i + 1] == ' ';
    if (!at_end && !stop) continue;
    const std::string_view one = text::trim(text.substr(begin, i + (stop ? 1 : 0) - begin));
    if (!one.empty()) out.push_back(text::shorten(one, kLongestSentence));
    begin = i + 1;
  }
  return out;
}

class Extract {
 public:
  explicit Extract(std::span<const ItemPtr> items) {
    for (const ItemPtr& item : items) read(*item);
    for (const Sentence& sentence : sentences_) {
      for (const std::string& word : sentence.words) ++frequency_[word];
    }
    for (Sentence& sentence : sentences_) {
      double sum = 0;
      for (const std::string& word : sentence.words) sum += frequency_[word];
      if (!sentence.words.empty())
        sentence.score += sum / static_cast<double>(sentence.words.size() + 4);
    }
  }

  std::string best(std::size_t max_tokens) {
    std::ranges::stable_sort(sentences_, std::greater<>(), &Sentence::score);
    std::vector<const Sentence*> chosen;
    std::size_t used = 0;
    for (const Sentence& sentence : sentences_) {
      const std::size_t cost = estimate_tokens(sentence.text + "\n");
      const bool twice = std::ranges::any_of(
          chosen, [&](const Sentence* other) { return other->text == sentence.text; });
      if (twice || used + cost > max_tokens) continue;
      used += cost;
      chosen.push_back(&sentence);
    }
    std::ranges::sort(chosen, {}, &Sentence::order);
    std::string out;
    for (const Sentence* sentence : chosen) out += sentence->text + "\n";
    if (!out.empty()) return out;
    return sentences_.empty() ? "(nothing was said)"
                              : shorten_to_tokens(sentences_.front().text, max_tokens);
  }

 private:
  void read(const Item& item) {
    if (const auto* message = std::get_if<MessageItem>(&item)) {
      if (message->agent == kSummaryAuthor) return read_summary(message->text);
      std::string who = message->agent.empty() ? "assistant" : message->agent;
      if (message->speaker != Speaker::kAssistant)
        who = message->speaker == Speaker::kUser ? "user" : "system";
      const double weight = message->speaker == Speaker::kUser ? 2 : 0;
      bool first = true;
      for (const std::string& sentence : sentences_of(message->text)) {
        put(who + ": " + sentence, sentence, weight + (first ? 1 : 0));
        first = false;
      }
    } else if (const auto* call = std::get_if<ToolCallItem>(&item)) {
      const std::string text =
          fmt::format("called {} {}", call->tool, text::shorten(call->arguments, 100));
      put(text, text, 0);
    } else if (const auto* result = std::get_if<ToolResultItem>(&item); result && !result->ok) {
      const std::string text = "failed: " + text::shorten(result->output, 160);
      put(text, text, 2);
    }
  }

  // An earlier summary's sentences have been chosen once already.
  void read_summary(std::string_view text) {
    const auto body = text.find('\n');
    if (body == std::string_view::npos) return;
    for (const std::string_view line : text::lines(text.substr(body + 1)))
      if (!line.empty()) put(std::string(line), line, 1.5);
  }

  void put(std::string text, std::string_view words, double score) {
    sentences_.push_back({sentences_.size(), std::move(text), detail::query_words(words), score});
  }

  std::vector<Sentence> sentences_;
  std::map<std::string, int> frequency_;
};

}  // namespace

Summarizer extractive_summarizer() {
  return {"extraction without a language model",
          [](std::span<const ItemPtr> items, std::size_t max_tokens) -> Result<std::string> {
            return Extract(items).best(max_tokens);
          }};
}

}  // namespace cadre
