// What this engine cannot build, and text that is no requirement at all.
//
// A brief is judged by the head noun of what it asks for (asked.h); a sentence of it also by what
// the product or a device is to do, and by words that name such work.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "offline/analysis/asked.h"
#include "offline/analysis/passes.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

struct Outside {
  std::string_view words;   // lower case; matched at word borders
  std::string_view what;
  std::string_view closest;  // the nearest thing that can be built
};

constexpr Outside kOutside[] = {
    {"real-time", "real-time communication", "messages that are stored and listed"},
    {"realtime", "real-time communication", "messages that are stored and listed"},
    {"chat with", "real-time chat", "messages that are stored and listed"},
    {"chat app", "real-time chat", "messages that are stored and listed"},
    {"chat room", "real-time chat", "messages that are stored and listed"},
    {"chat rooms", "real-time chat", "messages that are stored and listed"},
    {"live chat", "real-time chat", "messages that are stored and listed"},
    {"group chat", "real-time chat", "messages that are stored and listed"},
    {"a chat", "real-time chat", "messages that are stored and listed"},
    {"can chat", "real-time chat", "messages that are stored and listed"},
    {"video call", "video calls", "records that point to a video by its address"},
    {"video calls", "video calls", "records that point to a video by its address"},
    {"video chat", "video calls", "records that point to a video by its address"},
    {"video conference", "video calls", "records that point to a video by its address"},
    {"streaming of", "streaming", "records that point to a stream by its address"},
    {"video streaming", "streaming", "records that point to a stream by its address"},
    {"live streaming", "streaming", "records that point to a stream by its address"},
    {"live stream", "streaming", "records that point to a stream by its address"},
    {"encryption", "an encryption protocol", "records without end-to-end encryption"},
    {"are encrypted", "an encryption protocol", "records without end-to-end encryption"},
    {"is encrypted", "an encryption protocol", "records without end-to-end encryption"},
    {"on a blockchain", "a blockchain", "a history of records that cannot be changed"},
    {"blockchain", "a blockchain", "a history of records that cannot be changed"},
    {"machine learning", "machine learning", "the records that such a model would learn from"},
    {"neural network", "machine learning", "the records that such a model would learn from"},
    {"deep learning", "machine learning", "the records that such a model would learn from"},
    {"ai", "artificial intelligence", "the records that it would work on"},
    {"artificial intelligence", "artificial intelligence", "the records that it would work on"},
    {"predicts", "prediction", "a report over the records"},
    {"predict", "prediction", "a report over the records"},
    {"image recognition", "image recognition", "records that point to an image"},
    {"face recognition", "image recognition", "records that point to an image"},
    {"speech recognition", "speech processing", "records of what was said, typed in"},
    {"speech to text", "speech processing", "records of what was said, typed in"},
    {"voice recognition", "speech processing", "records of what was said, typed in"},
    {"by voice", "speech processing", "records of what was said, typed in"},
    {"on a map", "a map", "places that are entered as records"},
    {"on the map", "a map", "places that are entered as records"},
    {"on an interactive map", "a map", "places that are entered as records"},
    {"in 3d", "3D graphics", "records of the objects"},
    {"3d view", "3D graphics", "records of the objects"},
    {"from photos", "image recognition", "records that point to an image"},
    {"in photos", "image recognition", "records that point to an image"},
    {"push notification", "push messages", "a list of what is due, to be looked at"},
    {"push notifications", "push messages", "a list of what is due, to be looked at"},
    {"push message", "push messages", "a list of what is due, to be looked at"},
    {"credit card", "card payments", "payments that are entered as records"},
    {"via paypal", "online payments", "payments that are entered as records"},
    {"through paypal", "online payments", "payments that are entered as records"},
    {"with paypal", "online payments", "payments that are entered as records"},
    {"via stripe", "online payments", "payments that are entered as records"},
    {"through stripe", "online payments", "payments that are entered as records"},
    {"with stripe", "online payments", "payments that are entered as records"},
    {"online payment", "card payments", "payments that are entered as records"},
    {"pay online", "online payments", "payments that are entered as records"},
    {"scrape", "reading other web sites", "records that are entered or imported"},
    {"gps", "positions from a device", "positions that are entered as records"},
    {"bluetooth", "hardware access", "records of the devices"},
    {"send an email", "sending e-mail", "a list of whom to write to"},
    {"send emails", "sending e-mail", "a list of whom to write to"},
    {"send e-mails", "sending e-mail", "a list of whom to write to"},
    {"gets an email", "sending e-mail", "a list of whom to write to"},
    {"get an email", "sending e-mail", "a list of whom to write to"},
    {"receive an email", "sending e-mail", "a list of whom to write to"},
    {"receives an email", "sending e-mail", "a list of whom to write to"},
    {"email notification", "sending e-mail", "a list of whom to write to"},
    {"email notifications", "sending e-mail", "a list of whom to write to"},
    {"by email", "sending e-mail", "a list of whom to write to"},
    {"email the", "sending e-mail", "a list of whom to write to"},
    {"e-mail the", "sending e-mail", "a list of whom to write to"},
    {"emails the", "sending e-mail", "a list of whom to write to"},
    {"by e-mail", "sending e-mail", "a list of whom to write to"},
    {"send a reminder", "reminders", "a list of what is due, to be looked at"},
    {"sends a reminder", "reminders", "a list of what is due, to be looked at"},
    {"sms", "text messages", "a list of whom to write to"},
    {"notified", "notifications", "a list of what is due, to be looked at"},
    {"notifies", "notifications", "a list of what is due, to be looked at"},
    {"notify", "notifications", "a list of what is due, to be looked at"},
    {"notification", "notifications", "a list of what is due, to be looked at"},
    {"notifications", "notifications", "a list of what is due, to be looked at"},
    {"reminder email", "sending e-mail", "a list of what is due, to be looked at"},
    {"reminded", "reminders", "a list of what is due, to be looked at"},
    {"augmented reality", "augmented reality", "records of the objects"},
    {"virtual reality", "virtual reality", "records of the objects"},
    {"dark mode", "a user interface", "the service behind it"},
    {"drag and drop", "a user interface", "the service behind it"},
    {"drag-and-drop", "a user interface", "the service behind it"},
};

constexpr std::string_view kInjection[] = {
    "ignore all", "ignore previous", "ignore the above", "ignore your", "disregard",
    "system prompt", "you are now", "rm -rf", "delete all files", "delete everything",
    "drop table", "your instructions", "previous instructions", "jailbreak", "act as",
    "pretend to be", "reveal your", "print your", "execute the following", "sudo "};

bool has_words(const std::string& lower, std::string_view words) {
  std::size_t at = 0;
  while ((at = lower.find(words, at)) != std::string::npos) {
    const bool left = at == 0 || std::isalnum(static_cast<unsigned char>(lower[at - 1])) == 0;
    const auto end = at + words.size();
    const bool right = end >= lower.size() ||
                       std::isalnum(static_cast<unsigned char>(lower[end])) == 0;
    if (left && right) return true;
    ++at;
  }
  return false;
}

const Outside* outside_of(const std::string& lower) {
  for (const auto& entry : kOutside) {
    if (has_words(lower, entry.words)) return &entry;
  }
  return nullptr;
}

void refuse(Draft& draft, std::string why, std::string help, int sentence = 0) {
  draft.spec.verdict = spec::Verdict::kRefuse;
  for (auto& read : draft.spec.sentences) read.status = spec::SentenceStatus::kOutOfScope;
  const auto index = static_cast<std::size_t>(sentence);
  const std::string id = draft.spec.sentences.empty() ? "S1" : draft.spec.sentences[index].id;
  draft.spec.unhandled.insert(draft.spec.unhandled.begin(),
                              {id, std::move(why), "capability_outside", std::move(help)});
}

constexpr const char* kOutsideWhole =
    "What the brief asks for lies outside of what can be built without a language model: "
    "applications that keep records.";

constexpr const char* kWhatHelps =
    "Give the work to a language model (--model openai:NAME, anthropic:NAME or ollama:NAME), or "
    "say what is recorded and who does what, as in \"Each book has a title and an author. Members "
    "borrow books.\"";

// Refuses the brief and drops what was read of it: a refusal promises nothing.
void refuse_all(Draft& draft, std::string why, int sentence = 0) {
  while (!draft.spec.actors.empty()) {
    const std::string actor = draft.spec.actors.back().id;
    draft.remove_actor(actor);
  }
  draft.spec.entities.clear();
  draft.spec.relations.clear();
  draft.spec.operations.clear();
  draft.spec.permissions.clear();
  draft.spec.rules.clear();
  draft.spec.queries.clear();
  draft.spec.assumptions.clear();
  draft.spec.questions.clear();
  refuse(draft, std::move(why), kWhatHelps, sentence);
}

// A sentence that is not built; what it asks for is listed.
void mark(Draft& draft, int sentence, const std::string& advice) {
  const auto index = static_cast<std::size_t>(sentence);
  draft.spec.sentences[index].status = spec::SentenceStatus::kOutOfScope;
  draft.leave(sentence, text::shorten(draft.brief.sentences[index].text, 300),
              "capability_outside", advice);
}

// "a wine finder: name, year, rating"
bool has_list(const Draft& draft, int sentence) {
  const Scan s(draft.sentence(sentence));
  return s.find_any(0, s.size() - 1, {":", "("}) >= 0;
}

// True when somebody keeps records, too: fields are stated; where another kind of work is asked for
// by its head noun, before that, or with a key that only makes sense among stored records.
bool describes_records(const Draft& draft) {
  const int at = draft.outside_sentence;
  const auto strength = draft.outside->strength;
  const bool fields = std::ranges::any_of(draft.notes, [&](const auto& entry) {
    if (!entry.second.listed) return false;
    const int where = entry.second.where.sentence;
    if (strength == Asked::Strength::kDoubt) return where != at || has_list(draft, at);
    return strength == Asked::Strength::kTitle || where < at;
  });
  const bool keys = std::ranges::any_of(draft.spec.rules,
                                        [](const auto& rule) { return rule.kind == "unique"; });
  return fields || keys;
}

// Nothing up to this sentence has said what the product is: greetings and a few words on who asks.
bool is_opening(const Brief& brief, std::size_t index) {
  if (index > 3) return false;
  for (std::size_t i = 0; i < index; ++i) {
    const Scan s(brief.sentences[i]);
    if (s.size() > 4 && is_fragment(s, 0, s.size() - 1)) return false;
    if (s.find_any(0, s.size() - 1, {"has", ":", "(", "each", "every"}) >= 0) return false;
  }
  return true;
}

// What the sentence asks for by its head noun or as work of the product; true when outside.
bool ask(Draft& draft, const Reading& reading, std::size_t index) {
  const auto& sentence = draft.brief.sentences[index];
  const auto number = static_cast<int>(index);
  const bool opening = !draft.outside && is_opening(draft.brief, index);
  auto asked = asked_outside(sentence, opening);
  if (asked && !draft.outside) {
    draft.outside = asked;
    draft.outside_sentence = number;
  }
  if (asked && asked->strength == Asked::Strength::kDoubt) return false;
  const bool title = asked && opening && asked->strength == Asked::Strength::kTitle;
  if (!asked) asked = work_outside(sentence, reading.actions[index]);
  if (!asked) return false;
  const auto before = draft.spec.sentences[index].status;
  mark(draft, number, "Not built: " + asked->what + " (\"" + asked->words +
                          "\"). What is recorded about it can be.");
  // Records may stand in the same sentence: "A mobile app for bird lists: species, place, date".
  if (title) draft.spec.sentences[index].status = before;
  return !title;
}

}  // namespace

bool outside_sentence(const Draft& draft, int sentence) {
  return draft.spec.sentences[static_cast<std::size_t>(sentence)].status ==
         spec::SentenceStatus::kOutOfScope;
}

// What is no requirement text at all.
bool judge_input(Draft& draft) {
  const auto& brief = draft.brief;
  constexpr std::string_view kHelp =
      "Describe in English what is to be recorded, as in \"Each book has a title and an author. "
      "Members borrow books.\"";
  if (brief.problem == "empty" || brief.sentences.empty()) {
    refuse(draft, "The brief is empty.", std::string(kHelp));
  } else if (brief.problem == "binary") {
    refuse(draft, "The brief is no text (it has control characters or broken UTF-8).",
           std::string(kHelp));
  } else if (!brief.problem.empty()) {
    refuse(draft, "The brief can't be read: it is " + brief.problem + ".",
           "Shorten it to what is to be recorded and the rules; at most 256 kB are read.");
  } else if (!brief.english) {
    refuse(draft, "The brief is not in English, as far as it can be told.", std::string(kHelp));
  } else {
    return true;
  }
  return false;
}

// Sentences that ask for something outside, before anything else is read.
void mark_outside(Draft& draft, const Reading& reading) {
  for (std::size_t i = 0; i < draft.brief.sentences.size(); ++i) {
    const auto& sentence = draft.brief.sentences[i];
    const auto lower = text::lower(sentence.text);
    auto& status = draft.spec.sentences[i].status;
    for (const auto words : kInjection) {
      if (lower.find(words) == std::string::npos) continue;
      mark(draft, static_cast<int>(i),
           "This reads like an instruction to the tool; it is not followed. Write what the "
           "application is to record.");
      break;
    }
    if (status == spec::SentenceStatus::kOutOfScope || ask(draft, reading, i)) continue;
    const auto* outside = outside_of(lower);
    if (outside == nullptr) continue;
    mark(draft, static_cast<int>(i),
         "Not built: " + std::string(outside->what) + ". The closest that can be built: " +
             std::string(outside->closest) + ".");
  }
}

// After the reading: is there anything left to record?
bool judge_scope(Draft& draft) {
  if (draft.outside && !describes_records(draft)) {
    // Said once, with what was understood.
    const auto& id = draft.brief.sentences[static_cast<std::size_t>(draft.outside_sentence)].id;
    std::erase_if(draft.spec.unhandled, [&](const auto& item) { return item.sentence == id; });
    refuse_all(draft, fmt::format("The brief asks for {} (\"{}\"). Without a language model only "
                                  "services that keep records can be built.",
                                  draft.outside->what, draft.outside->words),
               draft.outside_sentence);
    return false;
  }
  const bool outside = std::any_of(draft.spec.sentences.begin(), draft.spec.sentences.end(),
                                   [](const auto& s) {
                                     return s.status == spec::SentenceStatus::kOutOfScope;
                                   });
  if (!draft.spec.entities.empty()) return true;
  refuse_all(draft, outside ? kOutsideWhole
                            : "No records were found in the brief: nothing that is to be stored.");
  return false;
}

// After the accounting: a brief that asks for something outside and of which not one sentence is
// covered is not a records application with a few wishes left over.
void judge_coverage(Draft& draft) {
  const auto any = [&draft](spec::SentenceStatus status) {
    return std::ranges::any_of(draft.spec.sentences,
                               [status](const auto& s) { return s.status == status; });
  };
  if (draft.spec.verdict == spec::Verdict::kPartial && any(spec::SentenceStatus::kOutOfScope) &&
      !any(spec::SentenceStatus::kCovered)) {
    refuse_all(draft, kOutsideWhole);
  }
}

}  // namespace cadre::offline::analysis
