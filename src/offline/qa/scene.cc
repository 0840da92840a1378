#include "offline/qa/scene.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace cadre::offline::qa {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool mentions(const std::string& text, const std::string& name) {
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    // "/loan" and "make.loan" are not the variable.
    bool left = at == 0 || (!is_word(text[at - 1]) && text[at - 1] != '.' && text[at - 1] != '/' &&
                            text[at - 1] != '"');
    bool right = at + name.size() >= text.size() || !is_word(text[at + name.size()]);
    if (left && right) return true;
  }
  return false;
}

std::string index(const std::string& var, const std::string& field) {
  return var + "[" + py_string(field) + "]";
}

}  // namespace

std::string Scene::fresh(const std::string& base) {
  std::string name = py_name(base);
  std::string candidate = name;
  for (int i = 2; names_.contains(candidate); ++i) candidate = fmt::format("{}_{}", name, i);
  names_.insert(candidate);
  return candidate;
}

void Scene::push(std::string assigns, std::string before, Py expression, std::string after) {
  lines_.push_back({.assigns = std::move(assigns),
                    .before = std::move(before),
                    .expression = std::move(expression),
                    .after = std::move(after)});
}

Py Scene::python(const Value& value) const {
  if (value.var.empty()) return python_of_sample(value.literal);
  return leaf(index(value.var, value.field));
}

Py Scene::python_given(const std::string& function, const Given& given) {
  std::vector<Py> arguments;
  std::vector<std::pair<std::string, Py>> awkward;
  for (const auto& [name, value] : given) {
    if (!is_keyword(name)) {
      arguments.push_back(named(name, python(value)));
    } else {
      awkward.emplace_back(name, python(value));
    }
  }
  if (!awkward.empty()) {
    Py rest = dict(std::move(awkward));
    rest.prefix = "**";
    arguments.push_back(std::move(rest));
  }
  make_ = true;
  return qa::call(function, std::move(arguments));
}

std::string Scene::make(const std::string& entity, const Given& given, const std::string& state) {
  std::string base = text::snake_case(entity);
  std::string var = fresh(base);
  Answer answer = world_.run(make_step(var, entity, given, state));
  ok_ = ok_ && answer.ok();
  Py expression = python_given("make." + method_name(base) + (state.empty() ? "" : "_in"), given);
  if (!state.empty()) {
    if (expression.close.empty()) {
      expression = qa::call("make." + method_name(base) + "_in", {leaf(py_string(state))});
    } else {
      expression.items.insert(expression.items.begin(), leaf(py_string(state)));
    }
  }
  push(var, var + " = ", std::move(expression));
  return var;
}

void Scene::make_many(int times, const std::string& entity, const Given& given) {
  if (times <= 0) return;
  for (int i = 0; i < times; ++i) {
    ok_ = ok_ && world_.run(make_step("", entity, given)).ok();
  }
  Py expression = python_given("make." + method_name(entity), given);
  if (times > 1) push("", fmt::format("for _ in range({}):", times), leaf(""));
  push("", "", std::move(expression));
  if (times > 1) lines_.back().indent = 8;
}

std::string Scene::ready(const std::string& operation, const Given& given) {
  auto recipe = context_->recipes.operations.find(operation);
  if (recipe == context_->recipes.operations.end()) {
    ok_ = false;
    return "row";
  }
  std::string var = fresh(text::snake_case(recipe->second.endpoint->entity));
  Step step{.kind = Step::Kind::kReady};
  step.var = var;
  step.operation = operation;
  step.given = given;
  ok_ = ok_ && world_.run(step).ok();
  push(var, var + " = ", python_given("make.ready_for_" + text::snake_case(operation), given));
  return var;
}

std::string Scene::body(const std::string& operation, const Given& given) {
  auto recipe = context_->recipes.operations.find(operation);
  if (recipe == context_->recipes.operations.end()) {
    ok_ = false;
    return "body";
  }
  std::string var = "body";
  for (int i = 2; names_.contains(var); ++i) var = fmt::format("body_{}", i);
  names_.insert(var);
  Step step{.kind = Step::Kind::kBody};
  step.var = var;
  step.operation = operation;
  step.given = given;
  ok_ = ok_ && world_.run(step).ok();
  push(var, var + " = ", python_given("make." + text::snake_case(operation) + "_body", given));
  return var;
}

void Scene::act(const std::string& operation, const std::string& row) {
  Answer answer = world_.run(act_step(row, operation, row));
  ok_ = ok_ && answer.ok();
  make_ = true;
  push(row, row + " = ", qa::call("make." + action_method(*context_, operation), {leaf(row)}));
}

void Scene::act_many(int times, const std::string& operation, const Given& given) {
  if (times <= 0) return;
  for (int i = 0; i < times; ++i) {
    Step step = act_step("", operation, "");
    step.given = given;
    ok_ = ok_ && world_.run(step).ok();
  }
  Py expression = python_given("make." + action_method(*context_, operation), given);
  if (times > 1) push("", fmt::format("for _ in range({}):", times), leaf(""));
  push("", "", std::move(expression));
  if (times > 1) lines_.back().indent = 8;
}

void Scene::clock(std::int64_t seconds) {
  world_.advance(seconds);
  clock_ = true;
  std::vector<Py> parts;
  std::int64_t days = seconds / kDay;
  std::int64_t rest = seconds % kDay;
  if (days != 0) parts.push_back(named("days", leaf(fmt::format("{}", days))));
  if (rest != 0 && rest % 3600 == 0) {
    parts.push_back(named("hours", leaf(fmt::format("{}", rest / 3600))));
  } else if (rest != 0) {
    parts.push_back(named("seconds", leaf(fmt::format("{}", rest))));
  }
  push("", "", qa::call("clock.advance", std::move(parts)));
}

Py Scene::path_of(const spec::Endpoint& endpoint, const std::string& row) {
  std::string path = endpoint.path;
  std::string parameter = "{" + endpoint.id_parameter + "}";
  if (endpoint.id_parameter.empty()) return leaf(py_string(path));
  std::string inner = row.empty() ? "999999" : "{" + row + "['id']}";
  path = text::replace_all(path, parameter, inner);
  return leaf((row.empty() ? "\"" : "f\"") + path + "\"");
}

Py Scene::token_python(const Token& token) {
  if (token.subject.var.empty() && token.subject.literal.is_null()) {
    return leaf(py_string(token.role));
  }
  Py out{.prefix = "",
         .open = "(",
         .items = {leaf(py_string(token.role)), python(token.subject)},
         .close = ")"};
  return out;
}

Token Scene::token_for(const std::string& operation, const std::string& row,
                       const std::string& body_var) {
  Token token;
  auto found = context_->recipes.operations.find(operation);
  if (found == context_->recipes.operations.end()) {
    ok_ = ok_ && !context_->contract.has_actors;
    return token;
  }
  const Who& who = found->second.who;
  token.role = who.role;
  switch (who.kind) {
    case Who::Kind::kNobody:
    case Who::Kind::kPlain: break;
    case Who::Kind::kSelf: token.subject = Value::row(row); break;
    case Who::Kind::kField:
      token.subject =
          Value{.literal = nullptr, .var = row.empty() ? body_var : row, .field = who.field};
      break;
    case Who::Kind::kFresh: token.subject = Value::row(make(who.entity)); break;
  }
  return token;
}

const Answer& Scene::send(const Step& step, const spec::Endpoint& endpoint) {
  answer_ = world_.run(step);
  api_ = true;
  last_operation_ = endpoint.operation_id;
  last_body_ = step.body_var;
  last_row_ = step.row;
  last_fields_.clear();
  for (const auto& field : step.body) last_fields_.push_back(field.first);
  std::vector<Py> arguments = {path_of(endpoint, step.row)};
  if (step.has_body) {
    Py body = leaf(step.body_var);
    if (!step.body.empty() || step.body_var.empty()) {
      std::vector<std::pair<std::string, Py>> members;
      for (const auto& [name, value] : step.body) members.emplace_back(name, python(value));
      body = dict(std::move(members));
      if (!step.body_var.empty()) body.items.insert(body.items.begin(), leaf("**" + step.body_var));
    }
    arguments.push_back(std::move(body));
  }
  if (!step.query.empty()) {
    std::vector<std::pair<std::string, Py>> members;
    for (const auto& [name, value] : step.query) members.emplace_back(name, leaf(py_string(value)));
    arguments.push_back(named("params", dict(std::move(members))));
  }
  if (context_->contract.has_actors && !step.token.role.empty()) {
    arguments.push_back(named("actor", token_python(step.token)));
  }
  push("", "response = ", qa::call("api." + text::lower(endpoint.method), std::move(arguments)));
  return answer_;
}

const Answer& Scene::call(const std::string& operation, const std::string& row,
                          const std::string& body_var,
                          const std::vector<std::pair<std::string, Value>>& fields) {
  Token token = token_for(operation, row, body_var);
  return call_as(token, operation, row, body_var, fields);
}

const Answer& Scene::call_as(const Token& token, const std::string& operation,
                             const std::string& row, const std::string& body_var,
                             const std::vector<std::pair<std::string, Value>>& fields) {
  const spec::Endpoint* endpoint = find_endpoint(context_->contract, operation);
  if (!endpoint) {
    ok_ = false;
    return answer_;
  }
  Step step{.kind = Step::Kind::kCall};
  step.operation = operation;
  step.row = row;
  step.token = token;
  step.body_var = body_var;
  step.body = fields;
  // A change of nothing is still a change: {}.
  step.has_body = !body_var.empty() || !fields.empty() || endpoint->method == "PATCH";
  if (!endpoint->id_parameter.empty() && row.empty()) step.row_id = 999'999;
  return send(step, *endpoint);
}

const Answer& Scene::get(const std::string& operation,
                         const std::vector<std::pair<std::string, std::string>>& query,
                         const Token* token, const std::string& row) {
  const spec::Endpoint* endpoint = find_endpoint(context_->contract, operation);
  if (!endpoint) {
    ok_ = false;
    return answer_;
  }
  Step step{.kind = Step::Kind::kCall};
  step.operation = operation;
  step.row = row;
  step.token = token ? *token : token_for(operation, row);
  step.query = query;
  if (!endpoint->id_parameter.empty() && row.empty()) step.row_id = 999'999;
  return send(step, *endpoint);
}

Py Scene::python_of_field(const std::string& entity, const std::string& field, const Json& value) {
  const spec::Resource* resource = find_resource(context_->contract, entity);
  std::string target;
  const spec::Attribute* attribute = nullptr;
  if (resource) {
    for (const spec::Field& output : resource->output) {
      if (output.name != field) continue;
      target = field == "id" ? entity : output.ref;
      attribute = output.attribute;
    }
  }
  if (attribute && (attribute->generated == "uuid" || attribute->generated == "sequence")) {
    return leaf("ANY");
  }
  if (target.empty() || !value.is_int64()) return python_of_sample(value);
  std::string var = world_.var_of(target, value.get_int64());
  if (!var.empty()) return leaf(index(var, "id"));
  for (const std::string& holder : {last_body_, last_row_}) {
    const Json* row = world_.row_of(holder);
    const Json* held = row ? json::find(*row, field) : nullptr;
    if (held && *held == value) return leaf(index(holder, field));
  }
  return leaf("ANY");
}

void Scene::expect_row() {
  const spec::Endpoint* endpoint = find_endpoint(context_->contract, last_operation_);
  if (!endpoint || !answer_.ok() || !answer_.body.is_object()) {
    ok_ = false;
    return;
  }
  const JsonObject& row = answer_.body.get_object();
  bool created = endpoint->success == 201;
  const std::string& base = created ? last_body_ : last_row_;
  const Json* known = world_.row_of(base);
  // An action's variable is bound to the answer only when the test assigns it, so it is the row
  // before.
  bool spread = known && known->is_object();
  if (spread) {
    for (const auto& member : known->get_object()) spread = spread && row.contains(member.key());
  }
  std::vector<std::pair<std::string, Py>> members;
  for (const auto& member : row) {
    std::string name(member.key());
    if (created && name == "id") continue;
    const Json* before = known ? json::find(*known, name) : nullptr;
    if (before && *before == member.value()) {
      if (!spread) members.emplace_back(name, leaf(index(base, name)));
      continue;
    }
    members.emplace_back(name, python_of_field(endpoint->entity, name, member.value()));
  }
  Py expected = dict(std::move(members));
  if (spread && expected.items.empty()) {
    expected = leaf(base);
  } else if (spread) {
    expected.items.insert(expected.items.begin(), leaf("**" + base));
  }
  push("", "",
       qa::call("expect_row",
                {leaf("response"), leaf(std::to_string(answer_.status)), std::move(expected)}));
}

void Scene::expect_problem() {
  if (answer_.ok() || answer_.status < 400 || answer_.code.empty()) {
    ok_ = false;
    return;
  }
  std::vector<Py> arguments = {leaf("response"), leaf(std::to_string(answer_.status)),
                               leaf(py_string(answer_.code))};
  if (!answer_.rule.empty()) arguments.push_back(named("rule", leaf(py_string(answer_.rule))));
  std::string field = answer_.field;
  std::string code = answer_.code;
  if (!field.empty() &&
      (code == "invalid" || code == "unknown_reference" || code == "not_unique")) {
    arguments.push_back(named("field", leaf(py_string(field))));
  }
  push("", "", qa::call("expect_problem", std::move(arguments)));
}

void Scene::expect_answer() {
  if (!answer_.ok()) {
    expect_problem();
  } else if (answer_.status == 204 || !answer_.body.is_object() ||
             !answer_.body.get_object().contains("id")) {
    push("", "",
         qa::call("expect_status", {leaf("response"), leaf(std::to_string(answer_.status))}));
  } else {
    expect_row();
  }
}

void Scene::expect_rows() {
  const spec::Endpoint* endpoint = find_endpoint(context_->contract, last_operation_);
  if (!endpoint || !answer_.ok()) {
    ok_ = false;
    return;
  }
  std::vector<Py> rows;
  for (const Json& row : json::get_array(answer_.body, "rows")) {
    if (!row.is_object()) continue;
    const Json* id = json::find(row, "id");
    std::string var = id && id->is_int64() ? world_.var_of(endpoint->entity, id->get_int64()) : "";
    const Json* known = world_.row_of(var);
    if (known && *known == row) {
      rows.push_back(leaf(var));
      continue;
    }
    std::vector<std::pair<std::string, Py>> members;
    for (const auto& member : row.get_object()) {
      std::string name(member.key());
      members.emplace_back(name, python_of_field(endpoint->entity, name, member.value()));
    }
    rows.push_back(dict(std::move(members)));
  }
  push("", "", qa::call("expect_rows", {leaf("response"), list(std::move(rows))}));
}

void Scene::expect_ids(const std::vector<std::string>& vars) {
  std::vector<Py> items;
  for (const std::string& var : vars) items.push_back(leaf(var));
  push("", "", qa::call("expect_items", {leaf("response"), list(std::move(items))}));
}

void Scene::line(std::string python) { push("", "", leaf(std::move(python))); }

void Scene::request_line(Py expression) {
  api_ = true;
  push("", "response = ", std::move(expression));
}

std::string Scene::text(const std::string& also) const {
  std::vector<std::string> flat_lines;
  for (const Line& line : lines_) {
    flat_lines.push_back((line.assigns.empty() ? line.before : "") + flat(line.expression) +
                         line.after);
  }
  flat_lines.push_back(also);
  std::string out;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const Line& line = lines_[i];
    std::string before = line.before;
    if (!line.assigns.empty()) {
      bool used = false;
      for (std::size_t k = i + 1; k < flat_lines.size() && !used; ++k) {
        used = mentions(flat_lines[k], line.assigns);
      }
      if (!used) before.clear();
    }
    out += statement(line.indent, before, line.expression, line.after);
  }
  return out;
}

std::string Scene::arguments() const {
  std::vector<std::string> names;
  if (api_) names.emplace_back("api");
  if (make_) names.emplace_back("make");
  if (clock_) names.emplace_back("clock");
  return text::join(names, ", ");
}

}  // namespace cadre::offline::qa
