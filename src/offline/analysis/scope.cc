// What this engine cannot build, and text that is no requirement at all.
//
// Two-sided: words from outside the class count only as much as there is nothing to record.
#include <algorithm>
#include <array>

#include "base/text.h"
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
    {"game", "a game", "records of players, matches and scores"},
    {"snake", "a game", "records of players and scores"},
    {"real-time", "real-time communication", "messages that are stored and listed"},
    {"realtime", "real-time communication", "messages that are stored and listed"},
    {"chat", "real-time chat", "messages that are stored and listed"},
    {"video", "video", "records that point to a video by its address"},
    {"streaming", "streaming", "records that point to a stream by its address"},
    {"live stream", "streaming", "records that point to a stream by its address"},
    {"encryption", "an encryption protocol", "records without end-to-end encryption"},
    {"encrypted", "an encryption protocol", "records without end-to-end encryption"},
    {"blockchain", "a blockchain", "a history of records that cannot be changed"},
    {"machine learning", "machine learning", "the records that such a model would learn from"},
    {"neural network", "machine learning", "the records that such a model would learn from"},
    {"deep learning", "machine learning", "the records that such a model would learn from"},
    {"ai", "artificial intelligence", "the records that it would work on"},
    {"artificial intelligence", "artificial intelligence", "the records that it would work on"},
    {"chatbot", "a chatbot", "questions and answers as records"},
    {"predicts", "prediction", "a report over the records"},
    {"predict", "prediction", "a report over the records"},
    {"recommendation engine", "recommendations", "a report over the records"},
    {"image recognition", "image recognition", "records that point to an image"},
    {"face recognition", "image recognition", "records that point to an image"},
    {"speech", "speech processing", "records of what was said, typed in"},
    {"compiler", "a compiler", "records of what is compiled"},
    {"interpreter", "an interpreter", "records of what is run"},
    {"operating system", "an operating system", "an inventory of what runs on it"},
    {"kernel", "an operating system", "an inventory of what runs on it"},
    {"device driver", "a driver", "an inventory of devices"},
    {"firmware", "firmware", "an inventory of devices"},
    {"push notification", "push messages", "a list of what is due, to be looked at"},
    {"push notifications", "push messages", "a list of what is due, to be looked at"},
    {"push message", "push messages", "a list of what is due, to be looked at"},
    {"credit card", "card payments", "payments that are entered as records"},
    {"online payment", "card payments", "payments that are entered as records"},
    {"pay online", "online payments", "payments that are entered as records"},
    {"paypal", "online payments", "payments that are entered as records"},
    {"stripe", "online payments", "payments that are entered as records"},
    {"3d", "3D graphics", "records of the objects"},
    {"renderer", "graphics", "records of the objects"},
    {"physics engine", "a simulation", "records of its results"},
    {"animation", "animation", "records of the objects"},
    {"web scraper", "reading other web sites", "records that are entered or imported"},
    {"scrape", "reading other web sites", "records that are entered or imported"},
    {"crawler", "reading other web sites", "records that are entered or imported"},
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
    {"trading bot", "automatic trading", "records of trades"},
    {"emulator", "an emulator", "an inventory"},
    {"text editor", "an editor", "documents as records"},
    {"code editor", "an editor", "documents as records"},
    {"browser", "a browser", "bookmarks as records"},
    {"antivirus", "system software", "an inventory"},
    {"calculator", "a calculator", "records of results"},
    {"puzzle", "a game", "records of players and scores"},
    {"multiplayer", "a game", "records of players and scores"},
    {"shooter", "a game", "records of players and scores"},
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

void refuse(Draft& draft, std::string why, std::string help) {
  draft.spec.verdict = spec::Verdict::kRefuse;
  for (auto& sentence : draft.spec.sentences) {
    sentence.status = spec::SentenceStatus::kOutOfScope;
  }
  const std::string id = draft.spec.sentences.empty() ? "S1" : draft.spec.sentences.front().id;
  draft.spec.unhandled.insert(draft.spec.unhandled.begin(),
                              {id, std::move(why), "capability_outside", std::move(help)});
}

constexpr const char* kOutsideWhole =
    "What the brief asks for lies outside of what can be built without a language model: "
    "applications that keep records.";

// Refuses the brief and drops what was read of it: a refusal promises nothing.
void refuse_all(Draft& draft, std::string why) {
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
  refuse(draft, std::move(why),
         "Say what is recorded and who does what, as in \"Each book has a title and an author. "
         "Members borrow books.\"");
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
void mark_outside(Draft& draft) {
  for (std::size_t i = 0; i < draft.brief.sentences.size(); ++i) {
    const auto& sentence = draft.brief.sentences[i];
    const auto lower = text::lower(sentence.text);
    auto& status = draft.spec.sentences[i].status;
    for (const auto words : kInjection) {
      if (lower.find(words) == std::string::npos) continue;
      status = spec::SentenceStatus::kOutOfScope;
      draft.leave(static_cast<int>(i), text::shorten(sentence.text, 300), "capability_outside",
                  "This reads like an instruction to the tool; it is not followed. Write what the "
                  "application is to record.");
      break;
    }
    if (status == spec::SentenceStatus::kOutOfScope) continue;
    const auto* outside = outside_of(lower);
    if (outside == nullptr) continue;
    // A word alone in a long list of fields is a field, not a wish.
    status = spec::SentenceStatus::kOutOfScope;
    draft.leave(static_cast<int>(i), text::shorten(sentence.text, 300), "capability_outside",
                "Not built: " + std::string(outside->what) + ". The closest that can be built: " +
                    std::string(outside->closest) + ".");
  }
}

// After the reading: is there anything left to record?
bool judge_scope(Draft& draft) {
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
