#include "offline/qa/suite.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace cadre::offline::qa {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool overlap(const spec::Origin& a, const spec::Origin& b) {
  return std::any_of(a.sentences.begin(), a.sentences.end(),
                     [&b](const std::string& id) { return contains(b.sentences, id); });
}

// Does a parameter of the rule name it: "Book.isbn", or the bare attribute with its entity?
bool names(const Json& params, const std::string& entity, const std::string& attribute) {
  std::string dotted = entity + "." + attribute;
  bool has_entity = false;
  bool has_attribute = false;
  bool other_entity = false;
  if (!params.is_object()) return false;
  for (const auto& member : params.get_object()) {
    if (!member.value().is_string()) continue;
    std::string text = std::string(json::as_view(member.value().get_string()));
    if (text == dotted) return true;
    if (text == entity) has_entity = true;
    if (text == attribute) has_attribute = true;
    std::string_view key = member.key();
    if ((key == "entity" || key == "on") && text != entity) other_entity = true;
  }
  return has_attribute && (has_entity || !other_entity);
}

bool is_kind(const spec::Rule& rule, std::initializer_list<const char*> kinds) {
  return std::any_of(kinds.begin(), kinds.end(),
                     [&rule](const char* kind) { return rule.kind == kind; });
}

bool is_guard(const spec::Spec& spec, const std::string& id) {
  return std::any_of(spec.operations.begin(), spec.operations.end(), [&id](const auto& operation) {
    return std::any_of(operation.guards.begin(), operation.guards.end(),
                       [&id](const auto& guard) { return guard.id == id; });
  });
}

}  // namespace

std::vector<Criterion> criteria_of(const Json& stories) {
  std::vector<Criterion> out;
  for (const Json& story : json::get_array(stories, "stories")) {
    for (const Json& criterion : json::get_array(story, "criteria")) {
      Criterion one;
      one.id = json::get_string(criterion, "id");
      one.story = json::get_string(story, "id");
      one.text = json::get_string(criterion, "text");
      one.requirement = json::get_string(criterion, "requirement");
      one.rule = json::get_string(criterion, "rule");
      one.operation = json::get_string(criterion, "operation");
      one.kind = json::get_string(criterion, "kind");
      out.push_back(std::move(one));
    }
  }
  return out;
}

std::vector<std::string> rules_of_attribute(const spec::Spec& spec, const std::string& entity,
                                            const std::string& attribute) {
  std::vector<std::string> out;
  for (const spec::Rule& rule : spec.rules) {
    if (is_guard(spec, rule.id)) continue;
    if (names(rule.params, entity, attribute)) out.push_back(rule.id);
  }
  return out;
}

std::vector<std::string> rules_of_effects(const spec::Spec& spec,
                                          const spec::Operation& operation) {
  std::vector<std::string> out;
  for (const spec::Rule& rule : spec.rules) {
    if (is_guard(spec, rule.id)) continue;
    bool named = json::get_string(rule.params, "operation") == operation.id ||
                 json::get_string(rule.params, "op") == operation.id;
    bool effect = is_kind(rule, {"deadline", "effect", "trigger", "fee", "derived", "flag",
                                 "tiered_price", "discount", "sequence", "default", "audit"});
    for (const spec::Effect& one : operation.effects) {
      named = named || (effect && overlap(one.origin, rule.origin));
      auto dot = one.target.rfind('.');
      if (dot == std::string::npos) continue;
      named = named || names(rule.params, operation.on, one.target.substr(dot + 1));
    }
    const spec::Entity* entity = find_entity(spec, operation.on);
    for (const auto& attribute : entity ? entity->attributes : std::vector<spec::Attribute>{}) {
      if (!attribute.derived) continue;
      named = named || names(rule.params, operation.on, attribute.id) ||
              (effect && overlap(attribute.origin, rule.origin));
    }
    if (named) out.push_back(rule.id);
  }
  return out;
}

std::vector<std::string> rules_of_lifecycle(const spec::Spec& spec, const std::string& entity) {
  std::vector<std::string> out;
  for (const spec::Rule& rule : spec.rules) {
    if (!is_kind(rule, {"transitions"})) continue;
    bool other = false;
    bool own = false;
    for (const auto& member : rule.params.is_object() ? rule.params.get_object() : JsonObject{}) {
      if (!member.value().is_string()) continue;
      std::string text(json::as_view(member.value().get_string()));
      std::string head = text.substr(0, text.find('.'));
      if (head == entity)
        own = true;
      else if (find_entity(spec, head))
        other = true;
    }
    if (own || !other) out.push_back(rule.id);
  }
  return out;
}

std::vector<std::string> rules_of_permission(const spec::Spec& spec, const std::string& operation) {
  std::vector<std::string> out;
  for (const spec::Rule& rule : spec.rules) {
    if (!is_kind(rule, {"permission", "ownership", "field_permission"}) ||
        is_guard(spec, rule.id)) {
      continue;
    }
    bool named = json::get_string(rule.params, "operation") == operation ||
                 json::get_string(rule.params, "op") == operation ||
                 contains(json::get_strings(rule.params, "operations"), operation);
    for (const spec::Permission& permission : spec.permissions) {
      named =
          named || (permission.operation == operation && overlap(permission.origin, rule.origin));
    }
    if (named) out.push_back(rule.id);
  }
  return out;
}

std::vector<std::string> rules_of_query(const spec::Spec& spec, const std::string& query) {
  std::vector<std::string> out;
  for (const spec::Query& one : spec.queries) {
    if (one.id != query) continue;
    for (const spec::Rule& rule : spec.rules) {
      if (is_kind(rule, {"flag", "schedule", "notify", "report", "search", "filter"}) &&
          overlap(one.origin, rule.origin)) {
        out.push_back(rule.id);
      }
    }
  }
  return out;
}

void Suite::open_file(const std::string& path, std::string what) {
  if (heads_.contains(path)) return;
  order_.push_back(path);
  heads_[path] = std::move(what);
}

void Suite::add_constants(const std::string& path, std::string lines) {
  constants_[path] += std::move(lines);
}

void Suite::add(Test test) {
  std::string base = test.name;
  auto taken = [this, &test] {
    return std::any_of(tests_.begin(), tests_.end(), [&test](const Test& other) {
      return other.file == test.file && other.name == test.name;
    });
  };
  for (int i = 2; taken(); ++i) test.name = fmt::format("{}_{}", base, i);
  tests_.push_back(std::move(test));
}

void Suite::link() {
  auto kind_fits = [](const Criterion& criterion, const Test& test) {
    if (criterion.kind == "permission") return test.kind == "permission";
    if (criterion.kind == "transition") return test.kind == "transition";
    if (criterion.kind == "query") return test.kind == "query";
    if (criterion.kind == "validation") return test.kind == "validation";
    return test.kind == "operation" || test.kind == "effect" || test.kind == "transition" ||
           test.kind == "query";
  };
  for (const Criterion& criterion : context_.criteria) {
    bool found = false;
    auto give = [&](auto&& fits) {
      if (found) return;
      for (Test& test : tests_) {
        if (!fits(test)) continue;
        test.criteria.push_back(criterion.id);
        found = true;
      }
    };
    bool has_operation = !criterion.operation.empty();
    if (!criterion.rule.empty()) {
      give([&](const Test& test) {
        return contains(test.rules, criterion.rule) &&
               (!has_operation || contains(test.operations, criterion.operation));
      });
      give([&](const Test& test) { return contains(test.rules, criterion.rule); });
    }
    if (has_operation) {
      give([&](const Test& test) {
        return contains(test.operations, criterion.operation) && kind_fits(criterion, test);
      });
      // The rule is part of what the operation does: whatever checks its whole answer checks it.
      give([&](const Test& test) {
        return contains(test.operations, criterion.operation) &&
               (test.kind == "operation" || test.kind == "effect" || test.kind == "query");
      });
      give([&](const Test& test) { return contains(test.operations, criterion.operation); });
    }
  }
}

void Suite::finish() {
  std::set<std::string> said;
  std::erase_if(gaps, [&said](const std::string& gap) { return !said.insert(gap).second; });
  std::stable_sort(tests_.begin(), tests_.end(), [this](const Test& a, const Test& b) {
    auto place = [this](const Test& test) {
      return std::find(order_.begin(), order_.end(), test.file) - order_.begin();
    };
    return place(a) < place(b);
  });
  int number = 0;
  for (Test& test : tests_) test.id = fmt::format("TC-{:03}", ++number);
  link();
}

std::vector<std::string> Suite::uncovered() const {
  std::vector<std::string> out;
  for (const Criterion& criterion : context_.criteria) {
    bool found = std::any_of(tests_.begin(), tests_.end(), [&criterion](const Test& test) {
      return contains(test.criteria, criterion.id);
    });
    if (!found) out.push_back(criterion.id);
  }
  return out;
}

std::string Suite::doc_of(const Test& test) const {
  std::string out = docstring(4, test.id + ": " + test.what);
  std::string notes;
  auto note = [&notes](const std::string& label, const std::string& value) {
    std::string line = label + ": " + safe_text(value);
    notes += "\n    " + text::wrap(text::shorten(line, 400), kPythonColumns - 8, "        ");
  };
  if (!test.criteria.empty()) note("Criteria", text::join(test.criteria, ", "));
  for (const std::string& id : test.rules) {
    const spec::Rule* rule = find_rule(context_.spec, id);
    if (!rule) {
      note("Rule", id);
      continue;
    }
    note("Rule", id + ", " + (rule->text.empty() ? rule->canonical : "'" + rule->text + "'"));
  }
  if (notes.empty()) return out;
  // Reopened, so that the ids follow the first line as a paragraph of their own.
  std::string_view open = out;
  std::size_t end = open.rfind("\"\"\"");
  std::string head(text::trim(open.substr(4, end - 4)));
  return "    " + head + "\n" + notes + "\n    \"\"\"\n";
}

std::string Suite::text_of(const std::string& path) const {
  std::string body;
  for (const Test& test : tests_) {
    if (test.file != path) continue;
    body += "\n\n" + test.decorators + "def " + test.name + "(" + test.arguments + "):\n" +
            doc_of(test) + test.body;
  }
  if (body.empty()) return {};
  auto found = constants_.find(path);
  std::string constants = found == constants_.end() ? "" : found->second;
  // Docstrings hold the user's words, so only the code says which imports are needed.
  std::string code = constants;
  for (const Test& test : tests_) {
    if (test.file == path) code += test.decorators + test.body;
  }
  auto uses = [&code](std::string_view word) { return code.find(word) != std::string::npos; };
  std::string imports;
  if (uses("json.loads(")) imports += "import json\n";
  if (uses("random.Random(")) imports += "import random\n";
  if (uses("ThreadPoolExecutor(")) {
    imports += "from concurrent.futures import ThreadPoolExecutor\n";
  }
  if (uses("timedelta(")) imports += "from datetime import timedelta\n";
  if (uses("Path(")) imports += "from pathlib import Path\n";
  if (uses(": ANY")) imports += "from unittest.mock import ANY\n";
  std::string third = uses("pytest.") ? "import pytest\n" : "";
  std::vector<std::string> helpers;
  for (const char* name : {"SECRET", "START", "expect_items", "expect_problem", "expect_row",
                           "expect_rows", "expect_status", "without", "short"}) {
    bool bare = name[0] == 'S' || name == std::string_view("short");
    if (uses(name == std::string_view("short") ? "ids=short"
                                               : name + std::string(bare ? "" : "("))) {
      helpers.emplace_back(name);
    }
  }
  std::string own = uses("issue_token(") ? "from app.security import issue_token\n" : "";
  if (!helpers.empty()) {
    std::string line = "from tests.support import " + text::join(helpers, ", ");
    own += line.size() <= kPythonColumns
               ? line + "\n"
               : "from tests.support import (\n    " + text::join(helpers, ",\n    ") + ",\n)\n";
  }
  std::string out = docstring(0, heads_.at(path)) + "\n" + imports;
  for (const std::string* block : {&third, &own}) {
    if (block->empty()) continue;
    if (!out.ends_with("\n\n")) out += "\n";
    out += *block;
  }
  if (!constants.empty()) out += (out.ends_with("\n\n") ? "" : "\n") + constants;
  while (out.ends_with("\n\n")) out.pop_back();
  return out + body;
}

std::vector<File> Suite::files() const {
  std::vector<File> out;
  for (const std::string& path : order_) {
    std::string text = text_of(path);
    if (!text.empty()) out.push_back({.path = path, .content = std::move(text)});
  }
  return out;
}

}  // namespace cadre::offline::qa
