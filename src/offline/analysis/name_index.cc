#include "offline/analysis/name_index.h"

#include <algorithm>

#include "base/text.h"
#include "offline/analysis/words.h"

namespace cadre::offline::analysis {

bool same_words(const NameForms& a, const NameForms& b) {
  return a.snake == b.snake || a.singular == b.snake || a.snake == b.singular;
}

const NameForms& FormCache::of(std::string_view name) const {
  if (const auto known = known_.find(name); known != known_.end()) return known->second;
  NameForms made;
  made.snake = plain_snake(name);
  made.singular = plain_snake(text::singular(name));
  made.safe = safe_snake(name);
  // Singular and plural of the word, then made safe: "copy" is reserved and becomes "copy_".
  made.safe_singular = safe_snake(text::singular(made.snake));
  made.safe_plural = safe_snake(text::plural(made.snake));
  return known_.emplace(std::string(name), std::move(made)).first->second;
}

void NameIndex::add(std::size_t position, const NameForms& name) {
  snake_[name.snake].push_back(position);
  singular_[name.singular].push_back(position);
}

void NameIndex::clear() {
  snake_.clear();
  singular_.clear();
}

std::optional<std::size_t> NameIndex::first(const NameForms& name) const {
  std::optional<std::size_t> best;
  const auto look = [&](const TextMap<std::vector<std::size_t>>& map, const std::string& word) {
    const auto it = map.find(word);
    if (it != map.end() && (!best || it->second.front() < *best)) best = it->second.front();
  };
  look(snake_, name.snake);
  look(singular_, name.snake);
  look(snake_, name.singular);
  return best;
}

std::vector<std::size_t> NameIndex::all(const NameForms& name) const {
  std::vector<std::size_t> found;
  const auto look = [&](const TextMap<std::vector<std::size_t>>& map, const std::string& word) {
    const auto it = map.find(word);
    if (it != map.end()) found.insert(found.end(), it->second.begin(), it->second.end());
  };
  look(snake_, name.snake);
  look(singular_, name.snake);
  look(snake_, name.singular);
  sort_positions(&found);
  return found;
}

void WordIndex::add(std::size_t position, std::string_view word) {
  auto it = positions_.find(word);
  if (it == positions_.end()) it = positions_.try_emplace(std::string(word)).first;
  if (it->second.empty() || it->second.back() != position) it->second.push_back(position);
}

void WordIndex::find(std::string_view word, std::vector<std::size_t>* positions) const {
  const auto it = positions_.find(word);
  if (it == positions_.end()) return;
  positions->insert(positions->end(), it->second.begin(), it->second.end());
}

void sort_positions(std::vector<std::size_t>* positions) {
  std::sort(positions->begin(), positions->end());
  positions->erase(std::unique(positions->begin(), positions->end()), positions->end());
}

}  // namespace cadre::offline::analysis
