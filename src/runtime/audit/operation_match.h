// How well an operation of theirs fits one of ours, by method, path and name. Private to mapping.
#pragma once

#include <string>
#include <vector>

#include "runtime/audit/names.h"
#include "runtime/audit/their_contract.h"
#include "spec/contract.h"

namespace cadre::audit {

class Resources {
 public:
  explicit Resources(const spec::Spec& spec);
  // The entity that a segment of a path names, or "". A record that somebody makes by doing
  // something is named by the verb as well ("/borrowings").
  std::string owner(std::string_view segment) const;
  const Words& words(const std::string& entity) const;
  // What is left of the words when those are gone that name the record: its own, and the verbs by
  // which somebody makes one ("borrowing" of a loan).
  Words without_names(const Words& words, const std::string& entity) const;
  // The entity named by the last segment before `index` that is no parameter, or "".
  std::string owner_before(const std::vector<std::string>& segments, std::size_t index) const;

 private:
  struct Names {
    std::string id;
    Words words;
    std::vector<std::string> verbs;
  };
  std::vector<Names> names_;
};

// 0: not at all.
int operation_score(const Resources& resources, const spec::Endpoint& ours,
                    const TheirOperation& theirs);

}  // namespace cadre::audit
