// Test scripts: what a test does, in the words of the factories, and a run of it on the oracle.
//
// The same script is executed here, to learn what the service must answer, and written as Python,
// so that the expected values in a test come from the model and never from the code.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "offline/qa/oracle.h"
#include "offline/qa/values.h"

namespace cadre::offline::qa {

// A value in a script: a literal, or a field of a row that an earlier step made.
struct Value {
  Json literal = nullptr;
  std::string var = {};
  std::string field = "id";

  static Value of(Json value) { return {.literal = std::move(value), .var = {}, .field = "id"}; }
  static Value row(std::string var) {
    return {.literal = nullptr, .var = std::move(var), .field = "id"};
  }
};

struct Who {
  // kNobody: the model has no actors. kPlain: a token without record. kField: the record that the
  // body (creates) or the row names under `field`. kSelf: the row itself. kFresh: a new record.
  enum class Kind { kNobody, kPlain, kField, kSelf, kFresh };
  Kind kind = Kind::kNobody;
  std::string role = {};
  std::string field = {};   // "member_id"
  std::string entity = {};  // of the record
};

// Something that must happen to a row before an operation on it can succeed.
struct Prep {
  enum class Kind { kChild, kAct, kClock };
  Kind kind = Kind::kChild;
  std::string name = {};                   // kChild: entity; kAct: operation
  std::string field = {};                  // kChild: the field that refers to the row
  std::map<std::string, Json> given = {};  // kChild
  std::int64_t seconds = 0;                // kClock
};

// A row that a guard asks for: its references are those of the row (actions) or body (creates).
struct Link {
  std::string entity = {}, state = {};
  std::map<std::string, std::string> fields = {};  // its field -> field of the row or body
  std::map<std::string, Json> given = {};
};

// How an operation is done so that the model accepts it.
struct Recipe {
  const spec::Endpoint* endpoint = nullptr;
  std::vector<std::pair<std::string, Gen>> body = {};
  Who who = {};
  // Rows that no request creates: the operation whose effect makes one. `endpoint` is then the
  // entity's list, where the new row is looked up.
  std::string via = {};
  std::string state = {};                        // actions: the state of the row before; "" as made
  std::map<std::string, Json> given = {};        // actions: fields of the row when it is made
  std::map<std::string, std::string> fill = {};  // actions: optional references -> their entity
  std::vector<Link> links = {};
  std::vector<Prep> prep = {};  // actions, in order
};

struct Recipes {
  std::map<std::string, Recipe> creates = {};     // by entity: the operation that makes its rows
  std::map<std::string, Recipe> operations = {};  // by operation id: creates and actions alike
  // By entity and state: the action that leads there ("" for the state a new row has).
  std::map<std::string, std::map<std::string, std::string>> ways = {};
  std::optional<Oracle> blank = {};       // the empty service, copied by every World
  std::vector<std::string> missing = {};  // operations for which no accepted request was found
};

struct Token {
  std::string role = {};  // empty: none
  Value subject = {};
};

struct Step {
  enum class Kind { kMake, kReady, kBody, kAct, kCall, kClock };
  Kind kind = Kind::kMake;
  std::string var = {};                     // the row that comes back; may be empty
  std::string entity = {}, state = {};      // kMake
  std::map<std::string, Value> given = {};  // kMake, kReady, kBody
  std::string operation = {};               // kReady, kBody, kAct (through its recipe), kCall
  std::string row = {};                     // kAct, kCall: variable of the row in the path
  std::optional<std::int64_t> row_id = {};  // kCall: instead of a variable
  Token token = {};                         // kCall
  bool has_body = false;                    // kCall
  std::string body_var = {};                // kCall: the body that a kBody step made, then `body`
  std::vector<std::pair<std::string, Value>> body = {};         // kCall
  std::vector<std::pair<std::string, std::string>> query = {};  // kCall
  std::int64_t seconds = 0;                                     // kClock
};

using Script = std::vector<Step>;

Step make_step(std::string var, std::string entity, std::map<std::string, Value> given = {},
               std::string state = {});
Step act_step(std::string var, std::string operation, std::string row);
Step clock_step(std::int64_t seconds);

// The oracle with the script's variables, its clock and the factories' counter.
class World {
 public:
  World(const spec::Spec& spec, const spec::Contract& contract, const Recipes& recipes);

  // Runs one step. A kMake or kAct that the model refuses answers with the refusal.
  Answer run(const Step& step);
  // All steps; the last answer, or the first of a setup step that failed (`failed` is set).
  Answer run(const Script& script, bool* failed = nullptr);

  // As the factories do it: an accepted row, with the fields of `given`.
  Answer make(const std::string& entity, const std::map<std::string, Json>& given,
              const std::string& state, std::int64_t* id);
  // Performs the recipe of an operation; `row` of actions (made when absent).
  Answer perform(const Recipe& recipe, const std::map<std::string, Json>& given,
                 std::optional<std::int64_t> row, std::int64_t* id);
  // The body of the recipe; makes the rows that it refers to. A refusal of those is the answer.
  Answer body_of(const Recipe& recipe, const std::map<std::string, Json>& given, bool creates);
  // A row that is ready for the action.
  Answer ready(const Recipe& recipe, const std::map<std::string, Json>& given, std::int64_t* id);

  // The row as the first actor who may read it sees it.
  Answer read(const std::string& entity, std::int64_t id);
  Answer ask(const Request& request) { return oracle_.ask(request); }
  std::optional<std::int64_t> subject_of(const Who& who, const JsonObject& body,
                                         std::optional<std::int64_t> row);
  Json value_of(const Value& value) const;
  const Json* row_of(const std::string& var) const;
  std::int64_t now() const { return now_; }
  void advance(std::int64_t seconds) { now_ += seconds; }
  // The variable that holds this row, or "".
  std::string var_of(const std::string& entity, std::int64_t id) const;
  void bind(const std::string& var, const std::string& entity, const Json& row);

 private:
  Answer link(const Recipe& recipe, const JsonObject& source);
  Answer make_by_effect(const Recipe& recipe, const std::map<std::string, Json>& given,
                        std::int64_t* id);

  const spec::Spec* spec_;
  const spec::Contract* contract_;
  const Recipes* recipes_;
  Oracle oracle_;
  std::int64_t now_ = kStartSeconds;
  std::int64_t count_ = 0;
  int depth_ = 0;
  std::map<std::string, std::pair<std::string, Json>> vars_;  // var -> entity, row
};

}  // namespace cadre::offline::qa
