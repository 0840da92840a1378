#include "offline/language/lexicon.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "base/embedded.h"

namespace cadre::embedded::lexicon {
std::span<const EmbeddedFile> files();
}

namespace cadre::offline {
namespace {

std::string_view embedded_file(std::string_view name) {
  for (const EmbeddedFile& file : embedded::lexicon::files()) {
    if (file.path != name) continue;
    std::string_view data = file.data;
    while (data.starts_with('#'))
      data.remove_prefix(std::min(data.find('\n'), data.size() - 1) + 1);
    return data;
  }
  return {};
}

struct Lists {
  std::string_view wordnet = embedded_file("wordnet.txt");
  std::string_view business = embedded_file("business.txt");
  std::string_view events = embedded_file("events.txt");
  std::string_view irregular = embedded_file("irregular.txt");
  std::string_view rare = embedded_file("rare.txt");
};

const Lists& lists() {
  static const Lists kLists;
  return kLists;
}

// The rest of the line that starts with `key` and `separator`, or nothing.
std::string_view find_line(std::string_view data, std::string_view key, char separator) {
  std::size_t low = 0, high = data.size();
  while (low < high) {
    std::size_t middle = low + (high - low) / 2;
    while (middle > low && data[middle - 1] != '\n') --middle;
    const std::size_t end = std::min(data.find('\n', middle), data.size());
    const std::string_view line = data.substr(middle, end - middle);
    const std::string_view word = line.substr(0, line.find(separator));
    const int order = word.compare(key);
    if (order == 0) return line.substr(std::min(line.size(), word.size() + 1));
    if (order < 0) {
      low = end + 1;
    } else {
      high = middle;
    }
  }
  return {};
}

std::string_view entry_of(std::string_view word) {
  const std::string_view business = find_line(lists().business, word, '\t');
  return business.empty() ? find_line(lists().wordnet, word, '\t') : business;
}

// The fields of one line; weight 0 in the list means "exists", so weights move up by one.
struct Entry {
  int noun = 0, verb = 0, adjective = 0, adverb = 0;
  char file = 0;
  bool person = false, present = false;
  std::array<std::string_view, 3> irregular_of;  // verb, noun, adjective
};

int digit(std::string_view field, std::size_t at) {
  return at < field.size() ? field[at] - '0' + 1 : 1;
}

Entry read_entry(std::string_view word) {
  Entry entry;
  std::string_view line = entry_of(word);
  entry.present = !line.empty();
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view field = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    switch (field.empty() ? ' ' : field[0]) {
      case 'n':
        entry.noun = digit(field, 2);
        entry.file = field.size() > 1 ? field[1] : 0;
        entry.person |= entry.file == 'p';
        break;
      case 'v': entry.verb = digit(field, 1); break;
      case 'a': entry.adjective = digit(field, 1); break;
      case 'r': entry.adverb = digit(field, 1); break;
      case 'P': entry.person = true; break;
      case '=': {
        const std::string_view lemma = field.substr(1, field.size() - 3);
        const char kind = field.back();
        entry.irregular_of[kind == 'v' ? 0 : kind == 's' ? 1 : 2] = lemma;
        break;
      }
      default: break;
    }
  }
  return entry;
}

bool ends(std::string_view word, std::string_view suffix) {
  return word.size() > suffix.size() + 1 && word.ends_with(suffix);
}

std::string cut(std::string_view word, std::size_t count, std::string_view add = {}) {
  return std::string(word.substr(0, word.size() - count)).append(add);
}

bool vowel(char c) { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u'; }

// Calls `take` with each candidate stem until it says yes.
template <class Take>
bool try_stems(std::string_view word, std::size_t suffix, Take take) {
  const std::string stem = cut(word, suffix);
  const std::size_t n = stem.size();
  const bool doubled = n > 2 && stem[n - 1] == stem[n - 2] && !vowel(stem[n - 1]);
  if (doubled && stem[n - 1] != 's' && stem[n - 1] != 'l' && take(stem.substr(0, n - 1)))
    return true;
  if (stem.ends_with('i') && take(cut(stem, 1, "y"))) return true;
  // "use" before "us", "rate" before "rat": the silent e is by far the commoner.
  if (n > 1 && !vowel(stem[n - 1]) && vowel(stem[n - 2]) && take(stem + "e")) return true;
  if (take(stem) || take(stem + "e")) return true;
  return doubled && take(stem.substr(0, n - 1));
}

void read_plural(std::string_view word, WordInfo& info) {
  const auto noun = [&](const std::string& stem) {
    const Entry entry = read_entry(stem);
    if (entry.noun <= info.noun) return false;
    info.noun = entry.noun;
    info.noun_file = entry.file;
    info.person = entry.person;
    info.noun_lemma = stem;
    info.plural = true;
    return true;
  };
  if (ends(word, "ies") && noun(cut(word, 3, "y"))) return;
  if (ends(word, "ves") && (noun(cut(word, 3, "f")) || noun(cut(word, 3, "fe")))) return;
  if (ends(word, "es") && (ends(word, "ses") || ends(word, "xes") || ends(word, "zes") ||
                           ends(word, "ches") || ends(word, "shes") || ends(word, "oes"))) {
    if (noun(cut(word, 2))) return;
  }
  if (ends(word, "s") && !ends(word, "ss") && noun(cut(word, 1))) return;
}

void read_verb_forms(std::string_view word, WordInfo& info) {
  const auto verb = [&](VerbForm form) {
    return [&info, form](const std::string& stem) {
      const Entry entry = read_entry(stem);
      if (entry.verb == 0 || entry.verb <= info.verb) return false;
      info.verb = entry.verb;
      info.form = form;
      info.verb_lemma = stem;
      return true;
    };
  };
  if (ends(word, "ies") && verb(VerbForm::kThird)(cut(word, 3, "y"))) return;
  if (ends(word, "es") &&
      (ends(word, "ses") || ends(word, "xes") || ends(word, "zes") || ends(word, "ches") ||
       ends(word, "shes") || ends(word, "oes")) &&
      verb(VerbForm::kThird)(cut(word, 2)))
    return;
  if (ends(word, "s") && !ends(word, "ss") && verb(VerbForm::kThird)(cut(word, 1))) return;
  if (ends(word, "es") && verb(VerbForm::kThird)(cut(word, 2))) return;  // "goes"
  if (ends(word, "ed") && try_stems(word, 2, verb(VerbForm::kPastParticiple))) return;
  if (ends(word, "ing")) try_stems(word, 3, verb(VerbForm::kGerund));
}

// Which form an irregular word is: past, participle (also when both are spelled alike).
VerbForm irregular_form(std::string_view word, std::string_view lemma) {
  if (ends(word, "ing")) return VerbForm::kGerund;
  if (ends(word, "s") && !ends(word, "ss")) return VerbForm::kThird;
  const std::string_view rest = find_line(lists().irregular, lemma, ' ');
  const std::size_t blank = rest.find(' ');
  if (blank == std::string_view::npos) return VerbForm::kPastParticiple;
  if (rest.substr(blank + 1) == word) return VerbForm::kPastParticiple;
  return VerbForm::kPast;
}

void read_irregular(std::string_view word, const Entry& entry, WordInfo& info) {
  if (const std::string_view lemma = entry.irregular_of[0]; !lemma.empty()) {
    const Entry base = read_entry(lemma);
    if (base.verb > info.verb) {
      info.verb = base.verb;
      info.verb_lemma = std::string(lemma);
      info.form = irregular_form(word, lemma);
    }
  }
  if (const std::string_view lemma = entry.irregular_of[1]; !lemma.empty()) {
    const Entry base = read_entry(lemma);
    if (base.noun >= info.noun) {
      info.noun = base.noun;
      info.noun_file = base.file;
      info.person = base.person;
      info.noun_lemma = std::string(lemma);
      info.plural = true;
    }
  }
  if (const std::string_view lemma = entry.irregular_of[2]; !lemma.empty()) {
    info.adjective = std::max(info.adjective, 4);
    info.adjective_lemma = std::string(lemma);
  }
}

// "higher", "latest", "bigger": comparatives and superlatives of known adjectives.
void read_comparative(std::string_view word, WordInfo& info) {
  const auto adjective = [&](const std::string& stem) {
    const Entry entry = read_entry(stem);
    if (entry.adjective == 0) return false;
    info.adjective = entry.adjective;
    info.adjective_lemma = stem;
    info.known = true;
    return true;
  };
  if (ends(word, "est")) try_stems(word, 3, adjective);
  if (ends(word, "er")) try_stems(word, 2, adjective);
}

// "re-open", "pre-defined", "unpublish": a known word behind a prefix.
void read_prefixed(std::string_view word, WordInfo& info) {
  static constexpr std::array<std::string_view, 9> kPrefixes = {"re-", "pre-", "non-", "un",  "re",
                                                                "pre", "co-",  "sub-", "over"};
  for (const std::string_view prefix : kPrefixes) {
    if (!word.starts_with(prefix) || word.size() < prefix.size() + 4) continue;
    const WordInfo inner = look_up(word.substr(prefix.size()));
    // "recipe" is no second "cipe": the bare prefixes want a common verb or adjective behind them.
    const bool hyphen = prefix.ends_with('-');
    if (!inner.known || (!hyphen && inner.verb < 4 && inner.adjective < 4)) continue;
    info = inner;
    const std::string lead(prefix);
    if (inner.noun) info.noun_lemma = lead + inner.noun_lemma;
    if (inner.verb) info.verb_lemma = lead + inner.verb_lemma;
    if (prefix == "un" && inner.form == VerbForm::kPastParticiple) {
      info.adjective = std::max(info.adjective, inner.verb);
      info.verb = 0;
      info.adjective_lemma = std::string(word);
    } else if (inner.adjective) {
      info.adjective_lemma = lead + inner.adjective_lemma;
    }
    return;
  }
}

// Hyphenated compounds take the readings of their last part: "work-item", "drop-in".
void read_hyphenated(std::string_view word, WordInfo& info) {
  const std::size_t at = word.rfind('-');
  if (at == std::string_view::npos || at == 0 || at + 2 >= word.size()) return;
  const WordInfo last = look_up(word.substr(at + 1));
  if (!last.known) return;
  const std::string lead(word.substr(0, at + 1));
  info.known = true;
  if (last.noun) {
    info.noun = last.noun;
    info.noun_file = last.noun_file;
    info.person = last.person;
    info.plural = last.plural;
    info.noun_lemma = lead + last.noun_lemma;
  }
  if (last.adjective || last.form == VerbForm::kPastParticiple) {
    info.adjective = std::max(last.adjective, 4);
    info.adjective_lemma = std::string(word);
  }
  if (!info.noun && !info.adjective) {
    info.noun = 3;
    info.noun_lemma = std::string(word);
  }
}

// Without prefixes, hyphens and spelling variants.
WordInfo look_up_inflected(std::string_view word) {
  WordInfo info;
  read_plural(word, info);
  read_verb_forms(word, info);
  info.known = info.noun || info.verb;
  return info;
}

// "organise", "colour", "centre": the list has the American spelling of some words.
void read_british(std::string_view word, WordInfo& info) {
  static constexpr std::array<std::array<std::string_view, 2>, 9> kPairs = {{{"ise", "ize"},
                                                                             {"isi", "izi"},
                                                                             {"isa", "iza"},
                                                                             {"yse", "yze"},
                                                                             {"ysi", "yzi"},
                                                                             {"our", "or"},
                                                                             {"tre", "ter"},
                                                                             {"ogue", "og"},
                                                                             {"ence", "ense"}}};
  for (const auto& [british, american] : kPairs) {
    const std::size_t at = word.rfind(british);
    if (at == std::string_view::npos || at < 2) continue;
    std::string other(word);
    other.replace(at, british.size(), american);
    const Entry exact = read_entry(other);
    info = exact.present ? look_up(other) : look_up_inflected(other);
    if (!info.known) continue;
    for (std::string* lemma : {&info.noun_lemma, &info.verb_lemma, &info.adjective_lemma})
      if (lemma->size() >= at + american.size()) lemma->replace(at, american.size(), british);
    return;
  }
}

}  // namespace

bool is_rare_word(std::string_view lower) {
  if (!find_line(lists().rare, lower, '\t').empty()) return true;
  return lower.ends_with('s') &&
         !find_line(lists().rare, lower.substr(0, lower.size() - 1), '\t').empty();
}

WordInfo look_up(std::string_view word) {
  WordInfo info;
  if (word.empty() || word.size() > 40) return info;
  const Entry entry = read_entry(word);
  if (entry.noun) {
    info.noun = entry.noun;
    info.noun_file = entry.file;
    info.person = entry.person;
    info.noun_lemma = std::string(word);
  }
  if (entry.verb) {
    info.verb = entry.verb;
    info.form = VerbForm::kBase;
    info.verb_lemma = std::string(word);
  }
  info.adjective = entry.adjective;
  if (entry.adjective) info.adjective_lemma = std::string(word);
  info.adverb = entry.adverb;
  read_irregular(word, entry, info);
  const bool inflected = ends(word, "s") || ends(word, "ed") || ends(word, "ing");
  if (inflected) {
    read_plural(word, info);
    read_verb_forms(word, info);
  }
  info.known = entry.present || info.noun || info.verb || info.adjective || info.adverb;
  if (!info.known) read_comparative(word, info);
  if (!info.known) read_british(word, info);
  if (!info.known) read_prefixed(word, info);
  if (!info.known) read_hyphenated(word, info);
  return info;
}

std::vector<CommonWord> common_words(char first) {
  std::vector<CommonWord> out;
  for (std::string_view data : {lists().business, lists().wordnet}) {
    // The first line that starts with the letter.
    std::size_t low = 0, high = data.size();
    while (low < high) {
      std::size_t middle = low + (high - low) / 2;
      while (middle > low && data[middle - 1] != '\n') --middle;
      if (data[middle] < first) {
        low = std::min(data.find('\n', middle), data.size() - 1) + 1;
      } else {
        high = middle;
      }
    }
    while (low < data.size() && data[low] == first) {
      const std::size_t end = std::min(data.find('\n', low), data.size());
      const std::string_view line = data.substr(low, end - low);
      const std::size_t tab = std::min(line.find('\t'), line.size());
      int weight = 0;
      for (std::size_t i = tab + 1; i < line.size(); ++i) {
        const bool last = i + 1 == line.size() || line[i + 1] == ' ';
        if (last && line[i] >= '0' && line[i] <= '9') weight = std::max(weight, line[i] - '0' + 1);
      }
      if (weight >= 5) out.push_back({line.substr(0, tab), weight});
      low = end + 1;
    }
  }
  return out;
}

std::string regular_past(std::string_view verb) {
  if (verb.ends_with('e')) return std::string(verb) + "d";
  const std::size_t n = verb.size();
  if (n > 1 && verb[n - 1] == 'y' && !vowel(verb[n - 2])) return cut(verb, 1, "ied");
  if (n > 2 && !vowel(verb[n - 1]) && vowel(verb[n - 2]) && !vowel(verb[n - 3])) {
    const std::string doubled = std::string(verb) + verb[n - 1] + "ed";
    if (!entry_of(doubled).empty()) return doubled;
    const bool one_syllable = std::count_if(verb.begin(), verb.end(), vowel) == 1;
    if (one_syllable && std::strchr("wxy", verb[n - 1]) == nullptr) return doubled;
  }
  return std::string(verb) + "ed";
}

bool is_particle_verb(std::string_view verb, std::string_view particle) {
  static constexpr std::array<std::string_view, 93> kVerbs = {
      "add up",     "back up",    "book in",   "book out",  "break down", "bring back", "call off",
      "call up",    "carry out",  "check in",  "check off", "check out",  "clean up",   "clock in",
      "clock out",  "close down", "come back", "cross off", "cut off",    "drop off",   "end up",
      "fill in",    "fill out",   "fill up",   "find out",  "give back",  "give up",    "go back",
      "hand back",  "hand in",    "hand off",  "hand out",  "hand over",  "hire out",   "hold back",
      "keep track", "lay off",    "leave out", "lend out",  "log in",     "log off",    "log out",
      "look up",    "mark off",   "move down", "move up",   "opt in",     "opt out",    "pass on",
      "pay back",   "pay off",    "phase out", "pick up",   "print out",  "put aside",  "put back",
      "rent out",   "roll back",  "rule out",  "scan in",   "scan out",   "sell off",   "sell out",
      "send back",  "send off",   "send out",  "set aside", "set off",    "set up",     "ship out",
      "show up",    "shut down",  "sign in",   "sign off",  "sign out",   "sign over",  "sign up",
      "sort out",   "start over", "start up",  "swap out",  "switch off", "switch on",  "take back",
      "take off",   "take out",   "take over", "top up",    "try out",    "turn off",   "turn on",
      "write down", "write off"};
  const std::string key = std::string(verb) + " " + std::string(particle);
  return std::ranges::binary_search(kVerbs, std::string_view(key));
}

bool is_person_noun(std::string_view lemma) {
  const std::size_t at = lemma.rfind(' ');
  const WordInfo info = look_up(at == std::string_view::npos ? lemma : lemma.substr(at + 1));
  return info.noun > 0 && info.person;
}

bool is_event_noun(std::string_view lemma) {
  if (!verb_of_event_noun(lemma).empty()) return true;
  const WordInfo info = look_up(lemma);
  return info.noun > 0 && (info.noun_file == 'b' || info.noun_file == 'i');
}

bool is_time_noun(std::string_view lemma) {
  const WordInfo info = look_up(lemma);
  return info.noun > 0 && info.noun_file == 'z';
}

bool is_group_noun(std::string_view lemma) {
  const WordInfo info = look_up(lemma);
  return info.noun > 0 && info.noun_file == 'l';
}

bool is_quantity_noun(std::string_view lemma) {
  const WordInfo info = look_up(lemma);
  return info.noun > 0 && info.noun_file == 'u';
}

bool is_known_word(std::string_view lower) { return look_up(lower).known || is_rare_word(lower); }

std::string event_noun_of(std::string_view verb) {
  return std::string(find_line(lists().events, verb, ' '));
}

std::string verb_of_event_noun(std::string_view noun) {
  // About sixty lines, not sorted by this column.
  std::string_view rest = lists().events;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    const std::size_t blank = std::min(line.find(' '), line.size());
    if (line.substr(std::min(blank + 1, line.size())) == noun)
      return std::string(line.substr(0, blank));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

std::string lemma_of(std::string_view word, Tag tag) {
  const WordInfo info = look_up(word);
  const std::string* lemma = nullptr;
  if (tag == Tag::kNoun || tag == Tag::kProperNoun) lemma = &info.noun_lemma;
  if (tag == Tag::kVerb || tag == Tag::kAuxiliary) lemma = &info.verb_lemma;
  if (tag == Tag::kAdjective) lemma = &info.adjective_lemma;
  return lemma == nullptr || lemma->empty() ? std::string(word) : *lemma;
}

std::string past_participle(std::string_view verb) {
  const std::size_t joined = verb.find('_');
  const std::string_view head = verb.substr(0, joined);
  const std::string tail =
      joined == std::string_view::npos ? "" : " " + std::string(verb.substr(joined + 1));
  const std::string_view rest = find_line(lists().irregular, head, ' ');
  const std::size_t blank = rest.find(' ');
  if (blank != std::string_view::npos) return std::string(rest.substr(blank + 1)) + tail;
  return regular_past(head) + tail;
}

}  // namespace cadre::offline
