#include "offline/analysis/asked.h"

#include <algorithm>
#include <initializer_list>

#include "base/text.h"
#include "offline/analysis/asked_words.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {
namespace {

constexpr const char* kOtherWork = "a program that does something else than keeping records";
constexpr const char* kUnknownWork = "something whose name does not say that it keeps records";
constexpr const char* kSoftwareParts = "a library of program code";

bool build_verb(const Scan& s, int i) {
  return s.any(i, {"build", "make", "write", "create", "develop", "design", "implement", "code",
                   "program", "generate", "produce", "give", "craft", "provide", "draw",
                   "compose", "port"});
}

bool wish_verb(const Scan& s, int i) { return s.any(i, {"need", "want", "require", "like"}); }

// "the next token is a name of its own": an article, or "some", "my".
bool determined(const Scan& s, int i) {
  return s.at(i).tag == Tag::kDeterminer || s.at(i).tag == Tag::kNumber;
}

// Reads one sentence's request.
class Request {
 public:
  Request(const Sentence& sentence, bool opening)
      : sentence_(sentence), s_(sentence), opening_(opening) {}

  std::optional<Asked> read() {
    const bool item = sentence_.kind == LineKind::kBullet ||
                      sentence_.kind == LineKind::kTableRow ||
                      sentence_.kind == LineKind::kKeyValue;
    if (item && !opening_) return {};
    int at = skip_opening(0);
    if (auto found = begun_by_verb(at)) return found;
    if (requested_ || opening_) {
      if (auto found = named(at)) return found;
    }
    // "Our drone needs a flight controller", "I run a bakery and want a bot that ..."
    const bool ours = s_.any(0, {"our", "my", "i", "we", "for", "the"});
    for (int i = at; ours && i < s_.size() && i < at + 16; ++i) {
      if (!wish_verb(s_, i) && !(build_verb(s_, i) && s_.is(i - 1, "to"))) continue;
      requested_ = true;
      const int next = skip_opening(i + 1);
      if (auto found = begun_by_verb(next)) return found;
      return named(next);
    }
    return {};
  }

 private:
  // Greetings, politeness, "I need", "could you build me", "this is", "task:".
  int skip_opening(int i) {
    while (s_.inside(i)) {
      if (s_.any(i, {"goal", "task", "project", "assignment", "objective", "wanted", "request",
                     "title", "exercise", "homework"}) &&
          s_.any(i + 1, {":", "-"})) {
        i += 2;
      } else if (s_.any(i, {"this", "it", "that", "there", "project", "goal", "task", "idea",
                            "result", "program"}) &&
                 is_to_be(i + 1) > 0) {
        i += 1 + is_to_be(i + 1);
        requested_ = true;
      } else if (build_verb(s_, i) &&
                 (s_.at(i).tag != Tag::kNoun || determined(s_, i + 1) ||
                  s_.any(i + 1, {"me", "us"}))) {
        requested_ = true;
        coded_ = coded_ || s_.any(i, {"implement", "code", "program", "write"});
        ++i;
      } else if (wish_verb(s_, i)) {
        requested_ = true;
        ++i;
      } else if (s_.any(i, {"please", "hi", "hello", "hey", "dear", "all", "team", "everybody",
                            ",", "!", "i", "we", "us", "me", "would", "will", "could", "can",
                            "you", "should", "must", "to", "'d", "kindly", "a_bit", "let",
                            "someone", "somebody", "help", "looking", "look", "for", "am", "are",
                            "urgently", "just", "really"})) {
        ++i;
      } else if (s_.at(i).tag == Tag::kDeterminer || s_.at(i).tag == Tag::kNumber ||
                 s_.any(i, {"simple", "small", "little", "basic", "new", "tiny", "fast",
                            "good", "nice", "complete", "full", "modern"})) {
        ++i;
      } else {
        break;
      }
    }
    return i;
  }

  // "is", "should be", "is to write": tokens, or 0.
  int is_to_be(int i) const {
    if (s_.be(i)) return s_.is(i + 1, "to") ? 2 : 1;
    return s_.modal(i) && s_.be(i + 1) ? 2 : 0;
  }

  // "Simulate the traffic", "I want to predict prices".
  std::optional<Asked> begun_by_verb(int i) {
    const auto& verb = s_.at(i).lemma;
    const bool alone = i == 0 && opening_ && begins_request(verb) &&
                       (determined(s_, i + 1) || is_outside_work(verb, rest(i + 1)));
    const bool wished = requested_ && s_.is(i - 1, "to") && is_outside_work(verb, rest(i + 1));
    if (!alone && !wished) return {};
    return Asked{kOtherWork, words(i, std::min(i + 8, s_.size() - 1)),
                 Asked::Strength::kTitle};
  }

  // The noun phrase from i on, its head, and what stands behind it.
  std::optional<Asked> named(int i) {
    first_ = i;
    int end = i;
    while (s_.inside(end) && part_of_name(end)) ++end;
    if (end == i) return {};
    last_ = end - 1;
    if (!requested_ && clause_follows(end)) return {};
    if (!requested_ && record_list_follows(end)) return {};
    const auto lemmas = name(first_, last_);
    const auto head = head_of(lemmas);
    const auto& noun = s_.at(last_);
    if (head.kind == HeadKind::kSoftware && (requested_ || !noun.plural)) return found(head.what);
    if (head.kind == HeadKind::kOrdinary && opening_ && !noun.plural) return found(head.what);
    if (head.kind == HeadKind::kUnlessKept) return found(head.what, Asked::Strength::kTitle);
    return by_surroundings(end);
  }

  std::optional<Asked> by_surroundings(int end) {
    const auto& lemma = s_.at(last_).lemma;
    if (is_two_sided(lemma)) {
      const bool before = last_ > first_ && before_says_software();
      if (before || consists_of_code(end) || language_behind(end) || for_files(end)) {
        return found(kSoftwareParts);
      }
      return works(end) ? found(kSoftwareParts) : std::nullopt;
    }
    if ((is_container(lemma) || lemma == "list") && consists_of_code(end)) {
      return found(kSoftwareParts);
    }
    if (lemma == "driver" && drives_hardware(end)) return found("a driver");
    if (is_any_software(lemma) && works(end)) {
      const bool any = s_.any(last_, {"app", "application", "system", "service", "website",
                                      "platform", "site", "solution", "backend", "webapp",
                                      "something", "thing", "server", "api"});
      return found(kOtherWork, any ? Asked::Strength::kTitle : Asked::Strength::kWhole);
    }
    return opening_ && doubtful() ? found(kUnknownWork, Asked::Strength::kDoubt) : std::nullopt;
  }

  // "Write a chess trainer", "a Lua script", "implement a tree index": nothing in the name says
  // that it keeps records.
  bool doubtful() const {
    const auto& noun = s_.at(last_);
    if (noun.plural) return false;
    const bool compound = last_ > first_;
    const bool code = s_.any(last_, {"script", "function", "class", "program", "method", "code",
                                     "macro", "procedure", "snippet"});
    if (code && compound && before_says_software()) return true;
    if (is_product_noun(noun.lemma) || keeps_records(noun.lemma)) return false;
    if (is_doer(noun.lemma) && compound) return true;
    return coded_;
  }

  // Not by tags alone: "filter", "go" and "tracer" are read as verbs or adjectives at times.
  bool part_of_name(int i) const {
    const auto& t = s_.at(i);
    if (s_.any(i, {"+", "#", "-", "/", "'s", "'"}) || is_language(t.lower)) return true;
    switch (t.tag) {
      case Tag::kNoun:
      case Tag::kProperNoun:
      case Tag::kAdjective:
      case Tag::kNumber:
        return true;
      case Tag::kPunctuation:  // "Node.js"
        return t.text == "." && is_language(s_.at(i + 1).lower) && i > first_;
      case Tag::kVerb:
        if (t.form == VerbForm::kGerund || t.form == VerbForm::kPastParticiple) return true;
        return head_of(t.lemma).kind != HeadKind::kNone || is_any_software(t.lemma);
      default:
        return false;
    }
  }

  // "A compiler of books wants a list" says something about people; a request has its verbs
  // behind "that", "where", "I".
  bool clause_follows(int i) const {
    if (s_.modal(i) || s_.at(i).tag == Tag::kAuxiliary || s_.finite_verb(i)) return true;
    for (; s_.inside(i) && !s_.punctuation(i); ++i) {
      const auto& t = s_.at(i);
      if (t.tag == Tag::kWh || t.tag == Tag::kPronoun || t.tag == Tag::kSubordinator ||
          t.tag == Tag::kTo || t.lower == "that") {
        return false;
      }
      if (s_.finite_verb(i) && t.form != VerbForm::kBase) return true;
    }
    return false;
  }

  // "Game: title, platform, year", "games (title, platform)", "a puzzle with title and price".
  bool record_list_follows(int i) const {
    const bool marked = s_.any(i, {":", "(", "-"});
    if (marked && (s_.at(last_).plural || last_ == first_)) return true;
    const auto kind = head_of(name(first_, last_)).kind;
    if (kind == HeadKind::kSoftware) return false;
    const auto commas = std::ranges::count(sentence_.tokens, std::string(","), &Token::text);
    if (commas > 1 && s_.find_any(i, s_.size() - 1, {":", "("}) >= 0) return true;
    if (marked || !s_.is(i, "with")) return false;
    int next = i + 1;
    while (determined(s_, next)) ++next;
    return guess_type(s_.at(next).lemma, false).known || s_.any(next, {"title", "name"});
  }

  bool before_says_software() const {
    for (int i = first_; i < last_; ++i) {
      const auto& word = s_.at(i);
      // "c", "r", "go" and animals and coffee only right before the noun.
      const bool next = i + 1 == last_ || s_.any(i + 1, {"+", "#"});
      if (is_language(word.lower) && (next || word.lower.size() > 4)) return true;
      if (next && (is_technical(word.lower) || is_technical(word.lemma))) return true;
    }
    return false;
  }

  // "of sorting algorithms"
  bool consists_of_code(int i) const {
    if (!s_.any(i, {"of", "with"})) return false;
    int first = i + 1;
    while (determined(s_, first)) ++first;
    int last = first;
    while (s_.inside(last) && part_of_name(last)) ++last;
    if (last == first || s_.at(last - 1).lemma.empty()) return false;
    const auto text = name(first, last - 1);
    return is_software_part(text) && (s_.at(last - 1).plural || s_.is(i, "of"));
  }

  // "in C++", "written in Rust", "for Node.js"
  bool language_behind(int i) const {
    for (; s_.inside(i) && i < last_ + 8; ++i) {
      if (s_.any(i, {"in", "for"}) && is_language(s_.at(i + 1).lower)) return true;
      if (s_.at(i).tag == Tag::kWh) return false;
    }
    return false;
  }

  // "for reading and writing CSV", "to read PDF files"
  bool for_files(int i) const {
    if (!s_.any(i, {"for", "to"})) return false;
    bool reads = false;
    for (int at = i + 1; s_.inside(at) && !s_.any(at, {".", ";"}); ++at) {
      reads = reads || s_.any(at, {"read", "write", "load", "save", "handle", "access", "process",
                                   "manipulate", "unpack", "stream"});
      if (reads && is_file_word(s_.at(at).lemma)) return true;
    }
    return false;
  }

  bool drives_hardware(int end) const {
    for (int i = first_; i < last_; ++i) {
      if (is_hardware(s_.at(i).lower)) return true;
    }
    if (!s_.is(end, "for")) return false;
    for (int i = end + 1; s_.inside(i) && i < end + 7; ++i) {
      if (is_hardware(s_.at(i).lemma)) return true;
    }
    return false;
  }

  // "that translates", "which can predict", "to sort", "for converting": what it is to do.
  bool works(int end) const {
    bool behind = false;
    for (int i = end; s_.inside(i) && !s_.any(i, {".", ";", ":"}); ++i) {
      if (s_.any(i, {"that", "which", "to", "for", "and", "or", ","})) {
        behind = behind || !s_.any(i, {"and", "or", ","});
        continue;
      }
      if (!behind) continue;
      const auto& t = s_.at(i);
      const bool before = s_.any(i - 1, {"that", "which", "to", "for", "and", "or", ",",
                                         "automatically", "me", "us", "user", "can", "should",
                                         "must", "will"});
      if (before && (t.tag == Tag::kVerb || t.tag == Tag::kNoun || t.tag == Tag::kAdjective) &&
          is_outside_work(lemma_of(t.lower, Tag::kVerb), rest(i + 1))) {
        return true;
      }
    }
    return false;
  }

  // The lemmas of the clause from i on, a blank around each.
  std::string rest(int i) const {
    std::string text = " ";
    for (; s_.inside(i) && !s_.any(i, {".", ";", ":", "that", "which", "when", "while"}); ++i) {
      text += s_.at(i).lemma + " ";
    }
    return text;
  }

  std::string name(int first, int last) const {
    std::string text;
    for (int i = first; i <= last; ++i) {
      if (s_.at(i).lemma.empty()) continue;
      if (!text.empty()) text += ' ';
      text += i == last ? s_.at(i).lemma : s_.at(i).lower;
    }
    return text;
  }

  std::string words(int first, int last) const {
    const auto base = static_cast<std::size_t>(sentence_.begin);
    const auto from = static_cast<std::size_t>(s_.at(first).begin) - base;
    const auto to = static_cast<std::size_t>(s_.at(last).end) - base;
    if (to <= from || to > sentence_.text.size()) return text::shorten(sentence_.text, 80);
    return text::shorten(sentence_.text.substr(from, to - from), 80);
  }

  std::optional<Asked> found(std::string_view what, Asked::Strength strength =
                                                         Asked::Strength::kWhole) const {
    int last = last_;
    while (s_.inside(last + 1) && last < last_ + 6 && !s_.punctuation(last + 1) &&
           s_.at(last + 1).tag != Tag::kWh) {
      ++last;
    }
    return Asked{std::string(what), words(first_, last), strength};
  }

  const Sentence& sentence_;
  Scan s_;
  bool opening_;
  bool requested_ = false;
  bool coded_ = false;  // by a verb that is said of programs: "implement", "code"
  int first_ = 0, last_ = 0;
};

}  // namespace

std::optional<Asked> asked_outside(const Sentence& sentence, bool opening) {
  return Request(sentence, opening).read();
}

std::optional<Asked> work_outside(const Sentence& sentence, const std::vector<Action>& actions) {
  const Scan s(sentence);
  for (const auto& action : actions) {
    if (action.passive || action.negated || action.dependent || action.verb.empty()) continue;
    const auto& subjects = action.subjects;
    const bool device = !subjects.empty() && !subjects.front().name.empty() &&
                        is_device(s.at(subjects.front().name.last).lemma);
    const bool it = !subjects.empty() && subjects.front().pronoun == "it";
    const bool order = subjects.empty() && action.verb_first == 0;
    if (!action.system && !it && !order && !device) continue;
    std::string objects = " ";
    for (int i = action.verb_last + 1; s.inside(i) && !s.any(i, {".", ";"}); ++i) {
      objects += s.at(i).lemma + " ";
    }
    if (!is_outside_work(action.verb, objects)) continue;
    return Asked{device ? "the control of devices" : "work that is no keeping of records",
                 text::shorten(sentence.text, 80), Asked::Strength::kTitle};
  }
  return {};
}

}  // namespace cadre::offline::analysis
