// Which names the words of a brief may mean, without looking at all names there are.
//
// Names are compared by their forms: singular and plural are the same words. Positions are those
// of the caller's own list; they are added in ascending order. One thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cadre::offline::analysis {

// Look-ups by string_view make no string.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
template <typename Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

// The forms in which a name is compared.
struct NameForms {
  std::string snake, singular;                    // "training_sessions", "training_session"
  std::string safe, safe_singular, safe_plural;  // as ids: "copy_", "copies"
};

bool same_words(const NameForms& a, const NameForms& b);

// Each name's forms, computed once. References stay valid.
class FormCache {
 public:
  const NameForms& of(std::string_view name) const;

 private:
  mutable TextMap<NameForms> known_;
};

// Positions by name.
class NameIndex {
 public:
  void add(std::size_t position, const NameForms& name);
  void clear();
  // The first name that is the same words.
  std::optional<std::size_t> first(const NameForms& name) const;
  // All of them, in order.
  std::vector<std::size_t> all(const NameForms& name) const;

 private:
  TextMap<std::vector<std::size_t>> snake_, singular_;
};

// Positions by any word: what may be there, in order; whoever asks has to look.
class WordIndex {
 public:
  void add(std::size_t position, std::string_view word);
  void clear() { positions_.clear(); }
  void find(std::string_view word, std::vector<std::size_t>* positions) const;  // appends

 private:
  TextMap<std::vector<std::size_t>> positions_;
};

// In order, each once.
void sort_positions(std::vector<std::size_t>* positions);

}  // namespace cadre::offline::analysis
