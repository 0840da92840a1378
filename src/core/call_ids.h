// The ids of a conversation's calls. A copy costs a few pointers however many there are, and goes
// on by itself: what many share is never changed.
//
// Holds views: the texts have to live as long as any copy. Not thread-safe; copies may be used on
// other threads.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

namespace cadre {

class CallIds {
 public:
  bool contains(std::string_view id) const;
  // False when it is there already.
  bool insert(std::string_view id);
  void clear() { layers_.clear(), fresh_.clear(); }

 private:
  using Layer = std::vector<std::string_view>;  // sorted
  void settle();

  // Each at most half as large as the one before it, so there are few.
  std::vector<std::shared_ptr<const Layer>> layers_;
  std::vector<std::string_view> fresh_;  // not sorted; few
};

}  // namespace cadre
