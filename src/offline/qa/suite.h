// The test suite under construction: files, tests and what each test stands for.
//
// Writers add tests; finish() links them to the acceptance criteria and lays out the files. A test
// knows the operation, the rules and the field it is about, and the criteria are found from that.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/provider.h"
#include "offline/qa/recipes.h"

namespace cadre::offline::qa {

struct Criterion {
  std::string id = {}, story = {}, text = {}, requirement = {}, rule = {}, operation = {},
              kind = {};
};

std::vector<Criterion> criteria_of(const Json& stories);

struct Context {
  const spec::Spec& spec;
  const spec::Contract& contract;
  const Recipes& recipes;
  std::vector<Criterion> criteria = {};
};

struct Test {
  std::string id = {};    // TC-001, given by finish()
  std::string file = {};  // "tests/test_book_crud.py"
  std::string name = {};  // "test_create_book"
  std::string what = {};  // first line of the docstring, without the ids
  std::string kind = {};  // operation, validation, rule, transition, permission, query, contract, …
  std::vector<std::string> operations = {};
  std::vector<std::string> rules = {};
  std::string decorators = {};  // complete lines
  std::string arguments = "api, make";
  std::string body = {};                   // indented lines
  std::vector<std::string> criteria = {};  // filled by finish()
};

class Suite {
 public:
  explicit Suite(const Context& context) : context_(context) {}

  // `what` opens the file's docstring; `constants` are complete lines between imports and tests.
  void open_file(const std::string& path, std::string what);
  void add_constants(const std::string& path, std::string lines);
  void add(Test test);
  // Links criteria, numbers the tests, writes the files.
  void finish();

  const std::vector<Test>& tests() const { return tests_; }
  std::vector<File> files() const;
  // Criteria for which no test was found.
  std::vector<std::string> uncovered() const;
  // What could not be tested, for people.
  std::vector<std::string> gaps;
  const Context& context() const { return context_; }

 private:
  void link();
  std::string text_of(const std::string& path) const;
  std::string doc_of(const Test& test) const;

  const Context& context_;
  std::vector<Test> tests_;
  std::vector<std::string> order_;
  std::map<std::string, std::string> heads_, constants_;
};

// Rules that the model states about an operation, an attribute ("Book.isbn") or a lifecycle.
std::vector<std::string> rules_of_attribute(const spec::Spec& spec, const std::string& entity,
                                            const std::string& attribute);
std::vector<std::string> rules_of_effects(const spec::Spec& spec, const spec::Operation& operation);
std::vector<std::string> rules_of_lifecycle(const spec::Spec& spec, const std::string& entity);
std::vector<std::string> rules_of_permission(const spec::Spec& spec, const std::string& operation);
std::vector<std::string> rules_of_query(const spec::Spec& spec, const std::string& query);

// The writers, one for each kind of test.
std::string factories_text(const Context& context);
// The factories' method that performs an operation.
std::string action_method(const Context& context, const std::string& operation);
void write_crud(Suite& suite);
void write_validation(Suite& suite);
void write_rules(Suite& suite);
void write_effects(Suite& suite);
void write_states(Suite& suite);
void write_permissions(Suite& suite);
void write_lists(Suite& suite);
void write_reports(Suite& suite);
void write_invariants(Suite& suite);
void write_contract_tests(Suite& suite);
void write_concurrency(Suite& suite);
void write_errors(Suite& suite);

}  // namespace cadre::offline::qa
