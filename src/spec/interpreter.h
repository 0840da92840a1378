// The reference interpreter: executes a requirement model the way docs/service-contract.md says,
// with tables in memory. QA's expected answers and the differential test come from here; the
// generated service is the second, independent implementation of the same rules.
//
// Copyable: a copy is an independent world (tables are shared until written, so copies are cheap).
// An interpreter and its copies belong to one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spec/contract.h"
#include "spec/world.h"

namespace cadre::spec {

struct Request {
  std::string operation;         // operation id or report id
  bool authenticated = true;     // false: no token, or a bad one
  std::string role;              // acting actor, when the model has actors
  std::optional<std::int64_t> record;  // id of the actor's record
  std::string row;               // the id in the path as text ("7"); may be nonsense ("abc")
  std::vector<std::pair<std::string, std::string>> query;  // decoded
  std::optional<Json> body;
  std::string malformed_body;    // when not empty: sent in place of `body`, and no JSON
  std::int64_t now = 0;          // UTC seconds
};

struct Response {
  int status = 200;
  std::string code;   // of an error: "not_found"; else empty
  std::string rule;   // guard id, or empty
  std::string field;  // errors[0].field, or empty
  Json body;          // what the service shows; problem+json without title and detail on errors

  bool ok() const { return status < 400; }
};

class Interpreter {
 public:
  // Copies the model, which must be sound (validate.h).
  explicit Interpreter(const Spec& spec);

  // Executes one request. A refused request changes nothing.
  Response handle(const Request& request);

  const Spec& spec() const;
  const Contract& contract() const;
  const Schema& schema() const;
  const Database& database() const { return database_; }
  // The ids of an entity's rows, ascending.
  std::vector<std::int64_t> ids(std::string_view entity) const;
  // A stored row as a response shows it, or null. `now` matters to derived attributes.
  Json row_json(std::string_view entity, std::int64_t id, std::int64_t now) const;

  struct Program;  // the compiled model, shared by copies

 private:
  std::shared_ptr<const Program> program_;
  Database database_;
};

}  // namespace cadre::spec
