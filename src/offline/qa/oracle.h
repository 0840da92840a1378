// What the service must answer, asked of the reference interpreter of the model.
//
// An Oracle is an empty, running service as the contract describes it. Copying one copies its
// rows, so that a search can try a step and go back. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "spec/interpreter.h"

namespace cadre::offline::qa {

struct Request {
  std::string operation = {};                // operation or report id
  std::string role = {};                     // actor; empty: no token
  std::optional<std::int64_t> subject = {};  // id of the actor's record
  std::int64_t now = 0;                      // seconds since 1970
  std::optional<std::int64_t> row = {};      // id in the path
  Json body = nullptr;                       // an object, or null for none
  std::vector<std::pair<std::string, std::string>> query = {};
};

struct Answer {
  int status = 0;
  Json body = nullptr;
  std::string code = {}, rule = {}, field = {};  // of a refusal; `field` of its first error
  bool ok() const { return status >= 200 && status < 300; }
};

class Oracle {
 public:
  explicit Oracle(const spec::Spec& spec) : interpreter_(spec) {}

  Answer ask(const Request& request);
  // The row with the highest id, as a response shows it; null when there is none.
  Json newest(const std::string& entity, std::int64_t now) const;

 private:
  spec::Interpreter interpreter_;
};

}  // namespace cadre::offline::qa
