// Random but effective operations on a model: what the differential test sends to a service.
//
// Looks ahead on a copy of the world, so that most requests succeed and refusals are spread over
// everything that can be refused. Deterministic for a seed and a sequence of worlds. Not
// thread-safe.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "spec/request_factory.h"

namespace cadre::spec {

// How often each thing went each way.
struct Tally {
  int passed = 0;
  int refused = 0;
};

struct Coverage {
  int requests = 0;
  int successes = 0;
  std::map<std::string, Tally> operations;   // by operation or report id
  std::map<std::string, Tally> guards;       // "borrow/R1"
  std::map<std::string, Tally>
      transitions;  // "approve_task: in_review"; refused: from a state without edge
  std::map<std::string, int> refusals;       // by code

  Json to_json() const;
};

class OperationGenerator {
 public:
  // The model and the contract must outlive the generator.
  OperationGenerator(const Spec& spec, const Contract& contract, std::uint64_t seed);

  // The next request, given the world as it is. The caller executes it.
  Request next(const Interpreter& world);

  // What the requests so far did, as predicted by the world they were made for.
  const Coverage& coverage() const { return coverage_; }

 private:
  const Endpoint& choose_endpoint(const Interpreter& world);
  const Endpoint& choose_hungry(const Interpreter& world, bool want_success);
  int weight_of(const Interpreter& world, const Endpoint& endpoint) const;
  int novelty(const Interpreter& world, const Request& request, const Response& response) const;
  void plan(const Interpreter& world);
  Request improvise(const Interpreter& world, Response& predicted);
  void record(const Interpreter& world, const Request& request, const Response& response);

  const Spec& spec_;
  const Contract& contract_;
  RequestFactory factory_;
  std::int64_t now_;
  Coverage coverage_;
  std::map<std::string, int> in_vain_;  // searches for something that found nothing
  std::deque<Request> planned_;  // on the way to something that chance alone did not reach
};

}  // namespace cadre::spec
