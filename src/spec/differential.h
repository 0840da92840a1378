// The differential test, without the network: requests to send to a generated service, and the
// verdict on each answer by the reference interpreter.
//
// The caller sends each request to a service that runs with an empty database, in test mode: it
// takes its clock from the header X-Test-Now and the acting person from X-Test-Actor ("role" or
// "role:id"; absent: no token). Deterministic for a seed. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spec/generator.h"

namespace cadre::spec {

struct HttpRequest {
  std::string method;
  std::string target;  // path and query, percent-encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;    // empty: none
};

struct Mismatch {
  int step = 0;             // 1 is the first request
  HttpRequest request;
  std::string what;         // "status 201, expected 422 max_open_loans (R1)"
  std::string expected;     // the interpreter's answer, as JSON
  std::string actual;       // the service's
};

// As it stands in a path or a query.
std::string percent_encode(std::string_view text);

// The request as the service receives it.
HttpRequest to_http(const Contract& contract, const Request& request);

// Compares one answer: status; on success the JSON exactly (order of members aside; uuids by
// shape); on a refusal code and rule, and the field where it is fixed. Empty when they agree.
std::string compare_answer(const Interpreter& world, const Request& request,
                           const Response& expected, int status, std::string_view body);

class DifferentialSession {
 public:
  DifferentialSession(const Spec& spec, std::uint64_t seed);

  // After a mismatch the states may differ, so the session is over: do not call next() again.
  HttpRequest next();
  // Judges the answer to the request that next() gave last.
  std::optional<Mismatch> check(int status, std::string_view body);

  bool over() const { return over_; }
  const Coverage& coverage() const { return generator_.coverage(); }
  const Interpreter& world() const { return world_; }

 private:
  Interpreter world_;
  OperationGenerator generator_;
  Request request_;
  HttpRequest http_;
  Response expected_;
  int step_ = 0;
  bool over_ = false;
};

}  // namespace cadre::spec
