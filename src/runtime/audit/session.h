// One conversation with a fresh service: what to ask next, and what its answer says about the
// requirement. Requests come from searches for every stated rule's refusal and for every
// operation's success, from values at and beyond stated bounds, and from chance; the reference
// interpreter says what is due. Without a network; deterministic for a seed. One thread.
//
// Judged is only what the brief states or implies: refusals that the engine's own conventions
// would give are never provoked, and of an answer counts its class (2xx or 4xx), not its code.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/audit/dialect.h"
#include "runtime/audit/subject.h"
#include "spec/request_factory.h"
#include "spec/scenario.h"

namespace cadre::audit {

// What is to be seen once; kept over the sessions of an audit.
struct Target {
  spec::Goal goal;  // with no code: the operation's success
  std::string field;  // of a value at or beyond a bound: which
  Json value;
  std::string from;      // the state in which it is not allowed
  std::string stranger;  // their field in which a row that does not exist is named
  bool refused = false;  // a refusal is due
  Source source;
  int tries = 0;
  bool seen = false;
};
std::vector<Target> targets_of(const Subject& subject);

enum class Next { kGoOn, kStartAgain };

class Session {
 public:
  // All must outlive the session.
  Session(const Subject& subject, std::vector<Target>& targets, Ledger& ledger, std::uint64_t seed,
          std::int64_t now);

  // Nothing when there is nothing left to ask.
  std::optional<spec::HttpRequest> next();
  // The answer to the request that next() gave last. kStartAgain: service and model have come
  // apart, and only a fresh service can go on.
  Next answer(int status, const std::string& body);
  // No answer came: it ended, hung, or said too much.
  Next broken(const std::string& what);

 private:
  enum class Kind { kOperate, kReadBack, kGone, kList, kFilter };
  struct Ask {
    Kind kind = Kind::kOperate;
    spec::Request request;
    spec::Response expected;
    std::optional<Source> refusal;  // why a refusal is due
    std::string entity;
    std::int64_t row = 0;
    Encoded encoded;
    Target* target = nullptr;
    const ListFilter* filter = nullptr;
    std::vector<std::int64_t> others;  // kFilter: rows that the list must not show
  };
  struct Later {
    Kind kind;
    std::string entity;
    std::int64_t row;
    const ListFilter* filter = nullptr;
  };

  // session.cc: what to ask
  std::optional<Ask> pending();
  std::optional<Ask> operate();
  bool prepare(spec::Request request, Ask& ask);
  std::optional<Ask> look(const Later& later);
  void plan();
  std::vector<spec::Request> towards(const Target& target, std::uint64_t seed);
  std::optional<spec::Request> in_state(const Target& target);
  void plan_release();
  void plan_move();
  bool allows_again(const spec::Request& change) const;
  std::optional<spec::Request> at_bound(const Target& target);
  std::optional<spec::Request> accepted(const std::string& operation);
  spec::Request by_chance();
  void settle(spec::Request& request) const;
  std::optional<Source> refusal_source(const spec::Request& request,
                                       const spec::Response& expected) const;
  bool is_shaky(const spec::Expr& expr, const std::string& entity) const;
  const MappedOperation& mapped() const;
  const spec::Operation& operation() const;
  const spec::Operation* standard(const std::string& entity, spec::OperationKind kind) const;

  // session_lists.cc: lists, their filters and searches
  void want_filters(const std::string& entity, std::int64_t row);
  bool filter_by(const ListFilter& filter, std::int64_t row, Ask& ask) const;
  void judge_list(const Json& answer, int status, const std::string& body);
  void judge_filter(const Json& answer, int status, const std::string& body);
  bool in_pages(const Json& answer, std::size_t rows) const;

  // session_judge.cc: what the answer says
  Next judge(int status, const std::string& body);
  Next judge_refusal_due(int status, const std::string& body);
  Next judge_success_due(int status, const std::string& body);
  void judge_read(int status, const std::string& body);
  void judge_unexpected_refusal(int status, const std::string& body);
  void adopt(const std::string& body);
  void look_again();
  void compare(const std::string& entity, std::int64_t row, const Json& theirs,
               const std::string& when);
  std::string free_to_refuse(int status) const;
  void remember_beginnings(const spec::Entity& entity, std::int64_t id);
  void remember_writers(const spec::Response& done);
  Source writer_of(const std::string& entity, std::int64_t row, const std::string& field) const;
  Source operation_source() const;
  std::string asked_endpoint() const;
  void see_target();
  std::string story(int status, const std::string& body) const;
  std::string open_statement() const;
  bool their_contract_refuses(std::string& why) const;

  const Subject& subject_;
  std::vector<Target>& targets_;
  Ledger& ledger_;
  spec::Interpreter world_, other_;  // the two readings; both see what was accepted
  Dialect dialect_;
  spec::RequestFactory factory_;
  std::uint64_t seed_;
  std::int64_t now_;
  std::deque<spec::Request> story_;
  Target* aim_ = nullptr;  // whose story is told
  std::deque<Later> later_;
  std::optional<Ask> asked_;
  std::vector<std::string> told_;
  // Refusals after which the same by a change, and what allows it again, was looked for.
  std::set<std::string> moved_, released_;
  // What the last answer to a change said as it is due, to be seen when the row is read again.
  std::set<std::string> answered_;
  std::string answered_on_;
  Source answered_by_;
  std::map<std::tuple<std::string, std::int64_t, std::string>, Source> writers_;
  std::map<const ListFilter*, int> filtered_;
  std::set<std::pair<std::string, std::string>> shaky_;  // entity, field: they have come apart
};

}  // namespace cadre::audit
