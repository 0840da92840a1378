// What an audit has found: per statement of the brief what agreed and what contradicted, the
// findings with their evidence, and what was not audited and why. One thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "runtime/audit/mapping.h"
#include "spec/model.h"

namespace cadre::audit {

// On whose word something is judged.
struct Source {
  std::string rule;                    // "R3", or ""
  std::string says;                    // the rule in canonical words, or what is implied
  std::vector<std::string> sentences;  // "S4"
  bool stated = false;                 // false: implied by the brief, said by no sentence
  bool guessed = false;                // by the engine, of the brief it has no word
};

Source source_of(const spec::Spec& spec, const spec::Origin& origin, const std::string& rule,
                 const std::string& says);

struct Contradiction {
  std::string id, severity, title, evidence;
  std::vector<std::string> sentences;
  int times = 1;
};

class Ledger {
 public:
  explicit Ledger(const spec::Spec& spec) : spec_(spec) {}

  void agree(const Source& source);
  // One finding for each key, however often it happens.
  void contradict(const std::string& key, const std::string& severity, const Source& source,
                  const std::string& title, const std::string& evidence);
  // A refusal that is not due, of an operation that has not worked yet: a finding once it has. One
  // that never works may want a shape of its values that nobody has stated.
  void suspect(const std::string& operation, const std::string& key, const std::string& severity,
               const Source& source, const std::string& title, const std::string& evidence);
  void works(const std::string& operation);
  std::vector<NotAudited> suspected() const;
  void leave_out(const std::string& what, const std::string& why);
  void judged() { ++operations_; }

  bool known(const std::string& key) const { return keys_.contains(key); }
  void block(const std::string& operation) { blocked_.insert(operation); }
  bool blocked(const std::string& operation) const { return blocked_.contains(operation); }
  int operations() const { return operations_; }
  const std::vector<Contradiction>& contradictions() const { return contradictions_; }
  const std::vector<NotAudited>& left_out() const { return left_out_; }
  int agreements() const { return agreements_; }
  // {"id", "text", "verdict", "agrees", "contradicts", "why"} for each sentence with content.
  JsonArray statements() const;
  std::string quote(const std::vector<std::string>& sentences) const;

 private:
  struct Tally {
    int agrees = 0, contradicts = 0;
  };

  const spec::Spec& spec_;
  std::map<std::string, Tally> tallies_;  // by sentence
  struct Suspicion {
    std::string operation, key, severity;
    Source source;
    std::string title, evidence;
  };

  std::vector<Contradiction> contradictions_;
  std::vector<Suspicion> suspicions_;
  std::set<std::string> working_;
  std::map<std::string, std::size_t> keys_;
  std::set<std::string> blocked_;
  std::vector<NotAudited> left_out_;
  int operations_ = 0, agreements_ = 0;
};

}  // namespace cadre::audit
