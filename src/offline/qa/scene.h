// One test while it is being written: each step is run on the oracle and kept as Python.
//
// The expected answer of the last call is thus known when its assertion is written. A step that
// the model refuses although it should succeed makes the scene unusable (ok() is false), and the
// writer drops it rather than writing a test that asserts nothing.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "offline/qa/suite.h"

namespace cadre::offline::qa {

using Given = std::map<std::string, Value>;

class Scene {
 public:
  explicit Scene(const Context& context)
      : context_(&context), world_(context.spec, context.contract, context.recipes) {}

  // Setup steps; each gives the variable of the row.
  std::string make(const std::string& entity, const Given& given = {},
                   const std::string& state = {});
  std::string ready(const std::string& operation, const Given& given = {});
  std::string body(const std::string& operation, const Given& given = {});
  void act(const std::string& operation, const std::string& row);
  // The action on new rows, several times.
  void act_many(int times, const std::string& operation, const Given& given);
  void clock(std::int64_t seconds);
  // The same rows several times: for _ in range(times).
  void make_many(int times, const std::string& entity, const Given& given);

  // A request with its answer in the Python variable `response`. `row`: variable for the path.
  // `body_var`: from body(); `fields` come on top of it.
  const Answer& call(const std::string& operation, const std::string& row = {},
                     const std::string& body_var = {},
                     const std::vector<std::pair<std::string, Value>>& fields = {});
  // The same with a token of one's choice.
  const Answer& call_as(const Token& token, const std::string& operation, const std::string& row,
                        const std::string& body_var,
                        const std::vector<std::pair<std::string, Value>>& fields = {});
  const Answer& get(const std::string& operation,
                    const std::vector<std::pair<std::string, std::string>>& query,
                    const Token* token = nullptr, const std::string& row = {});
  // Who the recipe says may do it, for a body or row at hand.
  Token token_for(const std::string& operation, const std::string& row = {},
                  const std::string& body_var = {});

  // Assertions on the last answer, taken from the oracle.
  void expect_answer();                                   // whatever the oracle said
  void expect_row();                                      // status and every field
  void expect_problem();                                  // status, code, rule, field
  void expect_rows();                                     // {"rows": [...]} of a report
  void expect_ids(const std::vector<std::string>& vars);  // list: exactly these rows, in order
  void line(std::string python);
  // A request written by the caller; the oracle is not asked.
  void request_line(Py expression);

  bool ok() const { return ok_; }
  const Answer& answer() const { return answer_; }
  World& world() { return world_; }
  const World& world() const { return world_; }
  // `also`: further code of the test, whose variables must not be dropped as unused.
  std::string text(const std::string& also = {}) const;
  // "api, make" or "api, make, clock"
  std::string arguments() const;
  Py python(const Value& value) const;
  // A JSON value of the last answer as Python: ids of known rows become book["id"].
  Py python_of_field(const std::string& entity, const std::string& field, const Json& value);

 private:
  struct Line {
    std::string assigns = {};  // variable, if the line is an assignment that may be unused
    std::string before = {};
    Py expression = {};
    std::string after = {};
    int indent = 4;
  };
  std::string fresh(const std::string& base);
  void push(std::string assigns, std::string before, Py expression, std::string after = {});
  Py python_given(const std::string& function, const Given& given);
  Py path_of(const spec::Endpoint& endpoint, const std::string& row);
  Py token_python(const Token& token);
  const Answer& send(const Step& step, const spec::Endpoint& endpoint);

  const Context* context_;
  World world_;
  std::vector<Line> lines_;
  std::set<std::string> names_;
  Answer answer_;
  std::string last_operation_, last_body_, last_row_;
  std::vector<std::string> last_fields_;
  bool ok_ = true;
  bool api_ = false, make_ = false, clock_ = false;
};

}  // namespace cadre::offline::qa
