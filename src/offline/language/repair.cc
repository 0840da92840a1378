#include "offline/language/repair.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "offline/language/closed_class.h"
#include "offline/language/lexicon.h"

namespace cadre::offline {
namespace {

constexpr std::size_t kWordMin = 4, kWordMax = 20;
constexpr int kUnknownMax = 60;        // distinct unknown words looked at in one brief
constexpr std::size_t kOwnMax = 1500;  // words of the brief compared with each of them

// Slips in the small words, which are too short for the general rule.
std::string_view common_slip(std::string_view word) {
  struct Slip {
    std::string_view wrong, right;
  };
  static constexpr std::array<Slip, 12> kSlips = {{{"adn", "and"},
                                                   {"ahve", "have"},
                                                   {"fo", "of"},
                                                   {"hsa", "has"},
                                                   {"hte", "the"},
                                                   {"si", "is"},
                                                   {"taht", "that"},
                                                   {"teh", "the"},
                                                   {"thier", "their"},
                                                   {"wich", "which"},
                                                   {"wiht", "with"},
                                                   {"yuo", "you"}}};
  for (const Slip& slip : kSlips)
    if (slip.wrong == word) return slip.right;
  return {};
}

bool is_lower_word(std::string_view word) {
  return std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
}

bool looks_like_name(const Token& token, bool first) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (token.text.size() > 1 && std::ranges::any_of(token.text.substr(1), upper)) return true;
  return !first && upper(token.text[0]);
}

bool exists(std::string_view word) {
  return closed_class_tag(word) || number_word(word) || !unit_of(word).empty() ||
         is_known_word(word);
}

// "blick" and "blicks" are one word in two forms, not a slip.
bool same_word_inflected(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (!b.starts_with(a.substr(0, a.size() - 1))) return false;
  static constexpr std::array<std::string_view, 8> kTails = {"s", "es", "d",   "ed",
                                                             "r", "er", "ing", "y"};
  const auto tail_is = [&](std::string_view rest) {
    return std::ranges::find(kTails, rest) != kTails.end();
  };
  if (b.starts_with(a) && tail_is(b.substr(a.size()))) return true;
  return a.back() != b[a.size() - 1] && a.back() == 'y' && b.ends_with("ies");
}

struct Count {
  int times = 0;
  bool known = false;
};

struct Best {
  std::string word;
  int score = 0;
  bool tie = false;

  void offer(const std::string& candidate, int value) {
    if (candidate == word) return;
    if (value > score) {
      word = candidate;
      score = value;
      tie = false;
    } else if (value == score) {
      tie = true;
    }
  }
};

// What turns one word into another, if it is a single edit behind the first letter.
struct Edit {
  enum Kind { kNone, kSwap, kLost, kExtra, kReplaced } kind = kNone;
  bool doubled = false;  // the letter lost or extra is half of a pair
  bool vowels = false;   // a vowel in place of a vowel
};

bool vowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }

Edit single_edit(std::string_view wrong, std::string_view right) {
  Edit edit;
  const auto [x, y] = std::ranges::mismatch(wrong, right);
  const auto at = static_cast<std::size_t>(x - wrong.begin());
  const std::string_view a = wrong.substr(at), b = right.substr(at);
  const auto pair = [](std::string_view word, std::size_t i) {
    return (i > 0 && word[i] == word[i - 1]) || (i + 1 < word.size() && word[i] == word[i + 1]);
  };
  if (a.size() == b.size() && a.size() > 1 && a[0] == b[1] && a[1] == b[0] &&
      a.substr(2) == b.substr(2)) {
    edit.kind = Edit::kSwap;
  } else if (at == 0 || a.empty() + b.empty() == 2) {
    return edit;
  } else if (a.size() + 1 == b.size() && a == b.substr(1)) {
    edit.kind = Edit::kLost;
    edit.doubled = pair(right, at);
  } else if (a.size() == b.size() + 1 && a.substr(1) == b) {
    edit.kind = Edit::kExtra;
    edit.doubled = pair(wrong, at);
  } else if (a.size() == b.size() && a.substr(1) == b.substr(1)) {
    edit.kind = Edit::kReplaced;
    edit.vowels = vowel(a[0]) && vowel(b[0]);
  }
  return edit;
}

// How well a repair fits; 0 when it is too bold for so short or so rare a word.
int edit_score(const Edit& edit, std::size_t length, int weight) {
  const bool is_short = length < 6;
  switch (edit.kind) {
    case Edit::kNone: return 0;
    case Edit::kSwap: return weight >= 5 ? weight + 3 : 0;
    case Edit::kLost: return weight >= (is_short ? 7 : 5) ? weight + (edit.doubled ? 2 : 0) : 0;
    case Edit::kExtra:
      if (is_short && !edit.doubled) return 0;
      return weight >= 5 ? weight + (edit.doubled ? 2 : 0) : 0;
    case Edit::kReplaced: return length >= 7 && weight >= 6 ? weight + (edit.vowels ? 1 : -1) : 0;
  }
  return 0;
}

class Speller {
 public:
  explicit Speller(Brief& brief) : brief_(brief) {}

  void run() {
    count_words();
    // Another language: neither known words nor enough of the small ones.
    if (unknown_total_ * 2 > total_ && function_words_ * 5 < words_) return;
    collect_own();
    for (Sentence& sentence : brief_.sentences) {
      for (std::size_t i = 0; i < sentence.tokens.size(); ++i) look_at(sentence.tokens[i], i == 0);
    }
  }

 private:
  static bool candidate(const Token& token) {
    return token.tag == Tag::kOther && token.lower.size() >= kWordMin &&
           token.lower.size() <= kWordMax && is_lower_word(token.lower);
  }

  void count_words() {
    for (const Sentence& sentence : brief_.sentences) {
      for (const Token& token : sentence.tokens) {
        if (token.tag == Tag::kOther) {
          ++words_;
          function_words_ += closed_class_tag(token.lower).has_value();
        }
        if (!candidate(token)) continue;
        Count& count = counts_[token.lower];
        if (count.times++ == 0) count.known = exists(token.lower);
        ++total_;
        unknown_total_ += !count.known;
      }
    }
  }

  void collect_own() {
    for (const auto& [word, count] : counts_) {
      if (own_.size() >= kOwnMax) break;
      if (count.known || count.times >= 3) own_.push_back(word);
    }
  }

  void look_at(Token& token, bool first) {
    if (const std::string_view right = common_slip(token.lower);
        !right.empty() && token.tag == Tag::kOther && !looks_like_name(token, first)) {
      brief_.repairs.push_back({token.text, std::string(right), token.begin});
      token.lower = token.lemma = right;
      return;
    }
    if (!candidate(token)) return;
    const Count& count = counts_[token.lower];
    if (count.known || count.times >= 3 || looks_like_name(token, first)) return;
    auto found = repaired_.find(token.lower);
    if (found == repaired_.end()) {
      if (static_cast<int>(repaired_.size()) >= kUnknownMax) return;
      found = repaired_.emplace(token.lower, correct(token.lower)).first;
    }
    if (found->second.empty()) return;
    brief_.repairs.push_back({token.text, found->second, token.begin});
    token.lower = token.lemma = found->second;
  }

  std::string correct(const std::string& word) {
    Best own = nearest_own(word, 1);
    if (own.score > 0 && !own.tie) return own.word;
    const Best common = nearest_common(word);
    if (common.score > 0 && !common.tie) return common.word;
    if (word.size() >= 8) {
      own = nearest_own(word, 2);
      if (own.score > 0 && !own.tie) return own.word;
    }
    return {};
  }

  Best nearest_own(const std::string& word, int limit) const {
    Best best;
    for (const std::string& other : own_) {
      if (other == word || other[0] != word[0] || same_word_inflected(word, other)) continue;
      const auto difference = static_cast<int>(other.size()) - static_cast<int>(word.size());
      if (std::abs(difference) > limit) continue;
      // A short word may be a different word: only swaps, or a letter lost.
      if (word.size() < 6 && difference == 0 && !swapped(word, other)) continue;
      if (edit_distance(word, other, limit) <= limit) {
        const auto found = counts_.find(other);
        best.offer(other, 1 + (found == counts_.end() ? 0 : std::min(found->second.times, 5)));
      }
    }
    return best;
  }

  static bool swapped(std::string_view a, std::string_view b) {
    return single_edit(a, b).kind == Edit::kSwap;
  }

  // A common word, or a common word with one of the usual endings.
  Best nearest_common(const std::string& word) {
    struct Ending {
      std::string_view written, lemma;
    };
    static constexpr std::array<Ending, 7> kEndings = {
        {{"", ""}, {"ies", "y"}, {"s", ""}, {"es", ""}, {"ed", ""}, {"d", ""}, {"ing", ""}}};
    Best best;
    for (const Ending& ending : kEndings) {
      if (!word.ends_with(ending.written) || word.size() < ending.written.size() + 3) continue;
      std::string stem = word.substr(0, word.size() - ending.written.size());
      stem += ending.lemma;
      offer_near(word, stem, ending.written, ending.lemma, best);
    }
    for_each_closed_word([&](std::string_view other) {
      if (other.size() < 3) return;
      const int score = edit_score(single_edit(word, other), word.size(), 8);
      if (score > 0) best.offer(std::string(other), score);
    });
    return best;
  }

  void offer_near(const std::string& word, const std::string& stem, std::string_view written,
                  std::string_view lemma, Best& best) {
    offer_letter(stem[0], word, stem, written, lemma, best);
    // Only the first two letters swapped leads to another letter.
    if (stem.size() > 1 && stem[1] != stem[0])
      offer_letter(stem[1], word, stem, written, lemma, best);
  }

  void offer_letter(char first, const std::string& word, const std::string& stem,
                    std::string_view written, std::string_view lemma, Best& best) {
    auto [found, fresh] = common_.try_emplace(first);
    if (fresh) found->second = common_words(first);
    for (const CommonWord& common : found->second) {
      const auto difference = static_cast<int>(common.word.size()) - static_cast<int>(stem.size());
      if (std::abs(difference) > 1) continue;
      const Edit edit = single_edit(stem, common.word);
      if (edit.kind == Edit::kNone) continue;
      const int score = edit_score(edit, word.size(), common.weight);
      if (score == 0 || !common.word.ends_with(lemma)) continue;
      std::string right(common.word.substr(0, common.word.size() - lemma.size()));
      right += written;
      if (!written.empty() && !is_known_word(right)) continue;
      if (!same_word_inflected(word, right)) best.offer(right, score);
    }
  }

  Brief& brief_;
  std::map<std::string, Count, std::less<>> counts_;
  std::map<std::string, std::string, std::less<>> repaired_;
  std::vector<std::string> own_;
  std::map<char, std::vector<CommonWord>> common_;
  int total_ = 0, unknown_total_ = 0, words_ = 0, function_words_ = 0;
};

}  // namespace

int edit_distance(std::string_view a, std::string_view b, int limit) {
  std::vector<int> before(b.size() + 1), row(b.size() + 1), last(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(i);
    int smallest = row[0];
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int same = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + same});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
      smallest = std::min(smallest, row[j]);
    }
    if (smallest > limit) return limit + 1;
    std::swap(before, last);
    std::swap(last, row);
  }
  return std::min(last[b.size()], limit + 1);
}

void repair_spelling(Brief& brief) { Speller(brief).run(); }

}  // namespace cadre::offline
