// From sentence to test result: one row for each criterion and test, and no id that leads nowhere.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "offline/qa/evidence.h"
#include "offline/qa/review.h"
#include "offline/qa/suite.h"

namespace cadre::offline::qa {
namespace {

class Tracer {
 public:
  explicit Tracer(Evidence& evidence)
      : evidence_(evidence), contract_(derive_contract(evidence.spec)) {
    for (const spec::Sentence& sentence : evidence.spec.sentences) sentences_.insert(sentence.id);
    if (const Json* data = evidence.data("requirements")) {
      for (const Json& one : json::get_array(*data, "requirements")) {
        requirements_[json::get_string(one, "id")] = &one;
      }
    }
  }

  void run() {
    const Json* stories = evidence_.data("user_stories");
    const Json* suite = evidence_.data("test_suite");
    std::set<std::string> known;
    for (const Criterion& criterion : stories ? criteria_of(*stories) : std::vector<Criterion>{}) {
      known.insert(criterion.id);
      TraceRow row = row_of(criterion);
      bool tested = false;
      for (const Json& test : suite ? json::get_array(*suite, "tests") : JsonArray{}) {
        std::vector<std::string> criteria = json::get_strings(test, "criteria");
        if (std::find(criteria.begin(), criteria.end(), criterion.id) == criteria.end()) continue;
        tested = true;
        TraceRow one = row;
        one.test = json::get_string(test, "id");
        one.test_name = json::get_string(test, "file") + "::" + json::get_string(test, "name");
        one.result = result_of(json::get_string(test, "file"), json::get_string(test, "name"));
        if (one.operation.empty()) fill_operation(one, json::get_string(test, "operation"));
        evidence_.trace.push_back(std::move(one));
      }
      if (tested) continue;
      row.result = "not run";
      evidence_.trace.push_back(std::move(row));
      add("medium", fmt::format("{} has no test", criterion.id), criterion.text, "test_suite");
    }
    for (const Json& test : suite ? json::get_array(*suite, "tests") : JsonArray{}) {
      for (const std::string& id : json::get_strings(test, "criteria")) {
        if (!known.contains(id)) dangling(json::get_string(test, "id"), id, "test_suite");
      }
    }
  }

 private:
  void add(const std::string& severity, const std::string& title, const std::string& proof,
           const std::string& blame) {
    evidence_.findings.push_back({"traceability_complete", severity, title, proof, blame});
  }

  void dangling(const std::string& from, const std::string& to, const std::string& blame) {
    add("medium", fmt::format("{} refers to {}, which does not exist", from, to), "", blame);
  }

  TraceRow row_of(const Criterion& criterion) {
    TraceRow row;
    row.criterion = criterion.id;
    row.story = criterion.story;
    row.rule = criterion.rule;
    if (!criterion.rule.empty() && !rule_exists(criterion.rule)) {
      dangling(criterion.id, criterion.rule, "user_stories");
      row.rule.clear();
    }
    auto requirement = requirements_.find(criterion.requirement);
    if (requirement != requirements_.end()) {
      row.requirement = criterion.requirement;
      for (const std::string& id : json::get_strings(*requirement->second, "sentences")) {
        if (sentences_.contains(id))
          row.sentences.push_back(id);
        else
          dangling(criterion.requirement, id, "requirements");
      }
    } else if (!criterion.requirement.empty()) {
      dangling(criterion.id, criterion.requirement, "user_stories");
    }
    std::string operation = criterion.operation;
    if (operation.empty() && !row.rule.empty()) operation = operation_of_rule(row.rule);
    if (!operation.empty()) fill_operation(row, operation);
    return row;
  }

  bool rule_exists(const std::string& id) const {
    if (find_rule(evidence_.spec, id)) return true;
    return !operation_of_rule(id).empty();
  }

  std::string operation_of_rule(const std::string& id) const {
    for (const spec::Operation& operation : evidence_.spec.operations) {
      for (const spec::Guard& guard : operation.guards) {
        if (guard.id == id) return operation.id;
      }
    }
    return {};
  }

  void fill_operation(TraceRow& row, const std::string& operation) {
    const spec::Endpoint* endpoint = find_endpoint(contract_, operation);
    if (!endpoint) {
      for (const spec::Query& query : evidence_.spec.queries) {
        if (query.id != operation) continue;
        for (const spec::Endpoint& list : contract_.endpoints) {
          bool lists = list.operation && list.operation->kind == spec::OperationKind::kList;
          if (lists && list.entity == query.on) endpoint = &list;
        }
      }
    }
    if (!endpoint) {
      if (!operation.empty()) dangling(row.criterion, operation, "user_stories");
      return;
    }
    row.operation = operation;
    row.entity = endpoint->entity;
    row.endpoint = endpoint->method + " " + endpoint->path;
    row.component = component_of(row.entity, row.story);
    row.code = code_of(*endpoint, row.rule);
  }

  std::string component_of(const std::string& entity, const std::string& story) const {
    const Json* architecture = evidence_.data("architecture");
    std::string by_entity, by_story;
    for (const Json& one :
         architecture ? json::get_array(*architecture, "components") : JsonArray{}) {
      std::vector<std::string> entities = json::get_strings(one, "entities");
      std::vector<std::string> stories = json::get_strings(one, "stories");
      bool has_entity = std::find(entities.begin(), entities.end(), entity) != entities.end();
      bool has_story = std::find(stories.begin(), stories.end(), story) != stories.end();
      std::string id = json::get_string(one, "id");
      if (has_entity && has_story) return id;
      if (has_entity && by_entity.empty()) by_entity = id;
      if (has_story && by_story.empty()) by_story = id;
    }
    return by_entity.empty() ? by_story : by_entity;
  }

  // Where the rule is enforced, else where the operation is written.
  std::string code_of(const spec::Endpoint& endpoint, const std::string& rule) const {
    std::string snake = text::snake_case(endpoint.entity);
    std::string first;
    for (const char* part : {"app/services/", "app/schemas", "app/models", "migrations/", "app/"}) {
      for (const File& file : evidence_.files("code")) {
        if (!file.path.starts_with(part)) continue;
        int line = rule.empty() ? 0 : line_of_word(file.content, rule);
        if (line > 0 && in_function(file, line, endpoint))
          return fmt::format("{}:{}", file.path, line);
        if (line > 0 && first.empty()) first = fmt::format("{}:{}", file.path, line);
      }
    }
    if (!first.empty()) return first;
    for (const char* part : {"app/services/", "app/"}) {
      for (const File& file : evidence_.files("code")) {
        if (!file.path.starts_with(part)) continue;
        int line = function_line(file, endpoint);
        if (line > 0) return fmt::format("{}:{}", file.path, line);
      }
    }
    return {};
  }

  static int function_line(const File& file, const spec::Endpoint& endpoint) {
    int number = 0;
    std::string plain = "def " + endpoint.operation_id + "(";
    std::string snake = "def " + text::snake_case(endpoint.operation_id) + "(";
    std::string guarded = "def " + text::snake_case(endpoint.operation_id) + "_(";
    for (std::string_view line : text::lines(file.content)) {
      ++number;
      std::string_view rest = text::trim(line);
      if (rest.starts_with("async ")) rest.remove_prefix(6);
      if (rest.starts_with(plain) || rest.starts_with(snake) || rest.starts_with(guarded))
        return number;
    }
    return 0;
  }

  // The mention stands below the operation's own function rather than another one's.
  static bool in_function(const File& file, int line, const spec::Endpoint& endpoint) {
    int begin = function_line(file, endpoint);
    return begin > 0 && line > begin;
  }

  std::string result_of(const std::string& file, const std::string& name) const {
    if (!evidence_.junit) return "not run";
    bool found = false, skipped = false;
    for (const CaseResult& one : evidence_.junit->cases) {
      if (one.file != file || one.name != name) continue;
      found = true;
      if (one.outcome == "failed" || one.outcome == "error") return "failed";
      skipped = skipped || one.outcome == "skipped";
    }
    return !found ? "not run" : skipped ? "skipped" : "passed";
  }

  Evidence& evidence_;
  spec::Contract contract_;
  std::set<std::string> sentences_;
  std::map<std::string, const Json*> requirements_;
};

std::string csv_field(const std::string& text) {
  std::string value = text;
  // A spreadsheet would run a cell that begins like this.
  if (!value.empty() && std::string_view("=+-@").find(value[0]) != std::string_view::npos)
    value.insert(0, "'");
  if (value.find_first_of(",\"\n\r") == std::string::npos) return value;
  return "\"" + text::replace_all(value, "\"", "\"\"") + "\"";
}

}  // namespace

void trace_everything(Evidence& evidence) { Tracer(evidence).run(); }

std::string trace_csv(const Evidence& evidence) {
  std::string out =
      "sentence,requirement,story,criterion,rule,component,entity,endpoint,operation,code,test,"
      "test_name,result\n";
  for (const TraceRow& row : evidence.trace) {
    std::vector<std::string> cells = {text::join(row.sentences, " "),
                                      row.requirement,
                                      row.story,
                                      row.criterion,
                                      row.rule,
                                      row.component,
                                      row.entity,
                                      row.endpoint,
                                      row.operation,
                                      row.code,
                                      row.test,
                                      row.test_name,
                                      row.result};
    for (std::string& cell : cells) cell = csv_field(cell);
    out += text::join(cells, ",") + "\n";
  }
  return out;
}

std::string trace_markdown(const Evidence& evidence) {
  std::string out =
      "# Traceability\n\nFrom each sentence of the brief to the test that checks it. "
      "`traceability.csv` has the same with one row for each test.\n\n";
  out +=
      "## By criterion\n\n| sentence | requirement | story | criterion | rule | endpoint | code | "
      "tests | "
      "result |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
  for (std::size_t i = 0; i < evidence.trace.size();) {
    const TraceRow& row = evidence.trace[i];
    std::vector<std::string> tests;
    std::string result = "passed";
    std::size_t k = i;
    for (; k < evidence.trace.size() && evidence.trace[k].criterion == row.criterion; ++k) {
      if (!evidence.trace[k].test.empty()) tests.push_back(evidence.trace[k].test);
      if (evidence.trace[k].result != "passed") result = evidence.trace[k].result;
    }
    std::string shown = tests.size() <= 4 ? text::join(tests, ", ")
                                          : fmt::format("{}, {}, … {} ({} tests)", tests[0],
                                                        tests[1], tests.back(), tests.size());
    std::vector<std::string> cells = {text::join(row.sentences, ", "),
                                      row.requirement,
                                      row.story,
                                      row.criterion,
                                      row.rule,
                                      row.endpoint,
                                      row.code,
                                      shown,
                                      result};
    for (std::string& cell : cells) cell = cell.empty() ? "–" : text::markdown_cell(cell);
    out += "| " + text::join(cells, " | ") + " |\n";
    i = k;
  }
  out += "\n## Sentences\n\n| sentence | status | text | criteria |\n| --- | --- | --- | --- |\n";
  for (const spec::Sentence& sentence : evidence.spec.sentences) {
    std::vector<std::string> criteria;
    for (const TraceRow& row : evidence.trace) {
      bool here =
          std::find(row.sentences.begin(), row.sentences.end(), sentence.id) != row.sentences.end();
      if (here && (criteria.empty() || criteria.back() != row.criterion))
        criteria.push_back(row.criterion);
    }
    std::size_t begin = static_cast<std::size_t>(std::max(sentence.begin, 0));
    std::size_t end =
        std::min(static_cast<std::size_t>(std::max(sentence.end, 0)), evidence.spec.text.size());
    std::string words = begin < end ? evidence.spec.text.substr(begin, end - begin) : "";
    out += fmt::format("| {} | {} | {} | {} |\n", sentence.id, to_string(sentence.status),
                       text::markdown_cell(text::shorten(text::clean_utf8(words), 300)),
                       criteria.empty() ? "–" : text::join(criteria, ", "));
  }
  return out;
}

}  // namespace cadre::offline::qa
