#include "runtime/audit/operation_match.h"

#include <algorithm>

namespace cadre::audit {
namespace {

using Kind = spec::OperationKind;

bool any_related(const Words& words, std::string_view verb) {
  return std::ranges::any_of(words,
                             [&](const std::string& word) { return word_score(verb, word) > 0; });
}

// "mark_in_progress" is said as "in progress" too.
Words verb_words(const spec::Operation& operation) {
  const Words words = words_of(operation.verb.empty() ? operation.id : operation.verb);
  return words.size() > 1 && words.front() == "mark" ? Words(words.begin() + 1, words.end())
                                                     : words;
}

bool says_verb(const spec::Operation& operation, const Words& words) {
  const Words verb = verb_words(operation);
  return !verb.empty() && std::ranges::all_of(verb, [&](const std::string& word) {
    return any_related(words, word);
  });
}

bool says_entity(const Resources& resources, const std::string& entity, const Words& words) {
  const Words& wanted = resources.words(entity);
  return std::ranges::all_of(wanted, [&](const std::string& word) {
    return std::ranges::find(words, word) != words.end();
  });
}

int parameters_in(const TheirOperation& theirs) {
  return static_cast<int>(std::ranges::count_if(theirs.segments, is_parameter));
}

int make_score(const Resources& resources, const spec::Endpoint& ours,
               const TheirOperation& theirs) {
  const std::string& last = theirs.segments.back();
  if (theirs.method != "POST" || is_parameter(last)) return 0;
  const Words named = words_of(theirs.id);
  const bool verb_named = says_verb(*ours.operation, named);
  int score = 0;
  if (resources.owner(last) == ours.entity) {
    score = 100;
  } else if (ours.operation->kind == Kind::kEventCreate &&
             says_verb(*ours.operation, words_of(last))) {
    score = 95;
  } else if (verb_named && says_entity(resources, ours.entity, named)) {
    score = 60;
  }
  return score == 0 ? 0 : score + (verb_named ? 5 : 0) - parameters_in(theirs);
}

int standard_score(const Resources& resources, const spec::Endpoint& ours,
                   const TheirOperation& theirs) {
  const std::size_t size = theirs.segments.size();
  const std::string& last = theirs.segments.back();
  if (ours.operation->kind == Kind::kList) {
    if (theirs.method != "GET" || is_parameter(last)) return 0;
    return resources.owner(last) == ours.entity ? 100 - 10 * parameters_in(theirs) : 0;
  }
  const bool names_row = is_parameter(last) && size >= 2 &&
                         resources.owner_before(theirs.segments, size - 1) == ours.entity;
  if (!names_row) return 0;
  int score = 100 - parameters_in(theirs);
  switch (ours.operation->kind) {
    case Kind::kRead: return theirs.method == "GET" ? score : 0;
    case Kind::kDelete: return theirs.method == "DELETE" ? score : 0;
    default: break;
  }
  if (theirs.method == "PATCH") return score;
  return theirs.method == "PUT" ? score - 10 : 0;
}

int action_score(const Resources& resources, const spec::Endpoint& ours,
                 const TheirOperation& theirs) {
  const std::string& last = theirs.segments.back();
  if (theirs.method == "GET" || theirs.method == "DELETE" || is_parameter(last)) return 0;
  const Words named = words_of(theirs.id);
  int score = 0;
  if (says_verb(*ours.operation, words_of(last))) score = 90;
  else if (says_verb(*ours.operation, named)) score = 60;
  if (score == 0) return 0;
  for (std::size_t i = 0; i < theirs.segments.size(); ++i) {
    if (!is_parameter(theirs.segments[i])) continue;
    if (resources.owner_before(theirs.segments, i) == ours.entity) return score + 10;
  }
  const bool in_body = std::ranges::any_of(theirs.body, [&](const TheirField& field) {
    return says_entity(resources, ours.entity, words_of(field.name));
  });
  if (in_body || says_entity(resources, ours.entity, named)) return score;
  return score - 40;  // it may act on another record; the fields decide
}

}  // namespace

Resources::Resources(const spec::Spec& spec) {
  for (const spec::Entity& entity : spec.entities) {
    Names names{entity.id, words_of(entity.name.empty() ? entity.id : entity.name), {}};
    for (const spec::Operation& operation : spec.operations) {
      if (operation.on == entity.id && operation.kind == Kind::kEventCreate &&
          !operation.verb.empty()) {
        names.verbs.push_back(words_of(operation.verb).back());
      }
    }
    names_.push_back(std::move(names));
  }
}

const Words& Resources::words(const std::string& entity) const {
  static const Words kNone;
  const auto at = std::ranges::find(names_, entity, &Names::id);
  return at == names_.end() ? kNone : at->words;
}

Words Resources::without_names(const Words& words, const std::string& entity) const {
  const auto at = std::ranges::find(names_, entity, &Names::id);
  if (at == names_.end()) return words;
  Words rest = without(words, at->words);
  std::erase_if(rest, [&](const std::string& word) { return any_related(at->verbs, word); });
  return rest;
}

std::string Resources::owner(std::string_view segment) const {
  if (is_parameter(segment)) return {};
  const Words words = words_of(segment);
  if (words.empty()) return {};
  std::string best;
  int best_score = 0;
  bool tied = false;
  for (const Names& names : names_) {
    int score = 0;
    if (words_score(names.words, words) == 2) {
      score = 4;
    } else if (words.size() > names.words.size() &&
               std::equal(names.words.rbegin(), names.words.rend(), words.rbegin())) {
      score = 2;  // "/repair-jobs"
    } else if (words.size() < names.words.size() &&
               std::equal(words.rbegin(), words.rend(), names.words.rbegin())) {
      score = 1;  // "/lines" of "order line"
    }
    if (score == 0 && words.size() == 1 && any_related(names.verbs, words[0])) score = 2;
    tied = score > 0 && score == best_score;
    if (score <= best_score) {
      if (tied) best.clear();
      continue;
    }
    best = names.id;
    best_score = score;
  }
  return best;
}

std::string Resources::owner_before(const std::vector<std::string>& segments,
                                    std::size_t index) const {
  return index == 0 ? std::string() : owner(segments[index - 1]);
}

int operation_score(const Resources& resources, const spec::Endpoint& ours,
                    const TheirOperation& theirs) {
  if (ours.operation == nullptr || theirs.segments.empty()) return 0;
  switch (ours.operation->kind) {
    case Kind::kCreate:
    case Kind::kEventCreate: return make_score(resources, ours, theirs);
    case Kind::kRead:
    case Kind::kDelete:
    case Kind::kList: return standard_score(resources, ours, theirs);
    case Kind::kUpdate:
      return spec::is_standard(*ours.operation) ? standard_score(resources, ours, theirs)
                                                : action_score(resources, ours, theirs);
    case Kind::kTransition:
    case Kind::kEventClose:
    case Kind::kMoveQuantity: return action_score(resources, ours, theirs);
    default: return 0;  // what a clock starts
  }
}

}  // namespace cadre::audit
