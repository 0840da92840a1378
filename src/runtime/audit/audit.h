// The audit of a service that a model designed and wrote, against the brief itself: what comes out
// of it, as figures, findings and words. The driver hands requests to a service and answers back;
// this side holds no network.
//
// Three verdicts: agrees, contradicts, not audited. Severity: a contradiction of what the brief
// states, and any 5xx, hang or crash, is high; of what it only implies, or of the service's own
// contract, medium. What cannot be mapped or observed is said with the reason and is no failure.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/audit/session.h"

namespace cadre::audit {

struct Limits {
  int operations = 1000;
  int sessions = 14;
};

class Audit {
 public:
  // `model` is the engine's own reading of the brief, `openapi` the service's contract.
  Audit(const spec::Spec& model, const Json& openapi, std::uint64_t seed, const Limits& limits);
  ~Audit();

  // Why nothing can be asked at all, or "".
  std::string obstacle() const;
  // A fresh service is there. False when no further session is wanted.
  bool begin(std::int64_t now);
  // Nothing: this session is over; a fresh service and begin() go on if wants_more().
  std::optional<spec::HttpRequest> next();
  void answer(int status, const std::string& body);
  void broken(const std::string& what);
  bool wants_more() const { return !done_ && sessions_ < limits_.sessions; }
  // The driver gave up: no further session; says so among what was not audited.
  void give_up(const std::string& why);

  int operations() const { return ledger_.operations(); }
  // Those that a round of repair is for.
  int contradictions() const;
  Json figures(double seconds) const;
  // As the quality report wants them, for the gate `differential_clean`.
  JsonArray findings() const;
  // One line on what was not audited, or "".
  std::string rest() const;

 private:
  std::vector<NotAudited> left_out() const;

  Subject subject_;
  Ledger ledger_;
  std::vector<Target> targets_;
  std::unique_ptr<Session> session_;
  std::uint64_t seed_;
  Limits limits_;
  int sessions_ = 0;
  bool done_ = false, over_ = false;
};

}  // namespace cadre::audit
