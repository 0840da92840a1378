// The inside of the reference interpreter: one request on its way through the checks. Private to
// this room's interpreter*.cc and execution*.cc.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "spec/evaluate.h"
#include "spec/interpreter.h"

namespace cadre::spec {

struct Interpreter::Program {
  explicit Program(const Spec& model)
      : spec(model), contract(derive_contract(spec)), schema(spec) {}
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  Spec spec;
  Contract contract;
  Schema schema;
};

// Thrown by the checks, caught in Interpreter::handle; never leaves the room.
struct Refused {
  Response response;
};

class Execution {
 public:
  Execution(const Interpreter::Program& program, Database& database, const Request& request);

  Response run();

 private:
  using Program = Interpreter::Program;

  // execution.cc: steps 1 to 6
  void authorize();
  void read_fields();
  void read_body();
  void read_field(const Field& field, const Json* value);
  void read_query();
  void find_row();
  void check_references();
  std::vector<const Permission*> entries(bool allow) const;
  bool rows_allow(const Row& row) const;
  bool is_named_by_permission(const std::string& operation) const;

  // execution_write.cc: steps 7 to 11
  Response create();
  Response update();
  Response remove();
  Response act();
  Response change_many();
  Row candidate() const;
  Value default_of(const Column& column) const;
  void check_guards(const Row* self, const Row* old) const;
  const Transition* check_transition() const;
  void check_unique(const Row& row, int entity) const;
  void erase(int entity, const std::vector<std::int64_t>& ids);
  void apply_effects();
  void apply(const Effect& effect);
  void create_other(const Effect& effect);
  void assign_matching(const Effect& effect, const std::string& entity, std::string_view attribute);
  void assign(const Effect& effect, int entity, std::int64_t id, std::string_view attribute);
  void check_ranges() const;
  std::vector<std::int64_t> matching(const Expr& where, int entity) const;

  // execution_list.cc
  Response list();
  Response report();
  bool matches_query(const Row& row) const;
  std::vector<const Row*> visible_rows(const Expr* where) const;
  void sort_rows(std::vector<const Row*>& rows, const std::vector<std::string>& keys) const;
  Value column_value(const Row& row, std::string_view json_name) const;
  Json grouped(const Query& query, const std::vector<const Row*>& rows) const;
  Value group_value(const std::string& group, const Row& row) const;
  Json group_json(const std::string& group, const Value& value) const;
  Json measure_json(const Query& query, const std::vector<const Row*>& rows) const;

  Scope scope() const;
  Json show(const Row& row, int entity) const;
  Response shown(int status) const;
  [[noreturn]] void refuse(int status, std::string code, std::string rule = {},
                           std::string field = {}) const;

  const Program& program_;
  Database& database_;
  const Request& request_;
  const Endpoint* endpoint_ = nullptr;
  const Operation* operation_ = nullptr;
  int entity_ = -1;

  std::vector<const Permission*> allowed_, denied_;  // this actor's entries for the operation
  std::vector<std::string> invalid_;             // fields refused by step 3
  std::map<std::string, Argument> arguments_;    // by input id
  std::map<std::string, Value> sent_;            // by input id: only what the body has
  std::int64_t row_id_ = 0;
  std::vector<std::pair<std::size_t, Value>> filters_;
  std::string search_;
  std::string sort_ = "id";
  std::int64_t limit_ = 50;
  std::int64_t offset_ = 0;
  std::int64_t changed_ = 0;
  std::set<std::tuple<int, std::int64_t, std::size_t>> assigned_;  // entity, row, column
};

}  // namespace cadre::spec
