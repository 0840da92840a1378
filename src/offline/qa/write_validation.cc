// test_validation_<entity>.py: each field with what the contract refuses, and the limits it
// accepts.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/qa/scene.h"

namespace cadre::offline::qa {
namespace {

using spec::Endpoint;
using spec::Field;

// The actor of the recipe, with a record that need not exist: validation comes before rows.
Token any_token(const Context& context, const std::string& operation) {
  Token token;
  auto found = context.recipes.operations.find(operation);
  if (found == context.recipes.operations.end()) return token;
  token.role = found->second.who.role;
  if (found->second.who.kind != Who::Kind::kNobody && found->second.who.kind != Who::Kind::kPlain) {
    token.subject = Value::of(Json(1));
  }
  return token;
}

Py token_python(const Token& token) {
  if (token.subject.literal.is_null()) return leaf(py_string(token.role));
  return leaf("(" + py_string(token.role) + ", 1)");
}

class Validation {
 public:
  Validation(Suite& suite, const spec::Entity& entity)
      : suite_(suite),
        context_(suite.context()),
        entity_(entity),
        file_("tests/test_validation_" + text::snake_case(entity.id) + ".py") {
    suite_.open_file(file_, fmt::format("What the fields of {} accept and refuse.",
                                        safe_text(entity.name.empty() ? entity.id : entity.name)));
  }

  void write() {
    for (const Endpoint& endpoint : context_.contract.endpoints) {
      if (endpoint.entity != entity_.id || endpoint.body.empty() ||
          !context_.recipes.operations.contains(endpoint.operation_id)) {
        continue;
      }
      refused(endpoint);
      if (makes_row(endpoint) || is_action(endpoint)) accepted(endpoint);
      if (endpoint.method == "PATCH") changed(endpoint);
    }
  }

 private:
  // Values that pass the checks of form, so that only the field under test is wrong.
  JsonObject plain_body(const Endpoint& endpoint) const {
    JsonObject body;
    int order = 0;
    for (const Field& field : endpoint.body) {
      if (!field.required) continue;
      Gen gen = valid_gen(context_.spec, &entity_, field, order++);
      body[field.name] = gen.kind == Gen::Kind::kRow ? Json(1) : evaluate(gen, 1);
    }
    return body;
  }

  std::vector<std::string> rules_of(const Endpoint& endpoint) const {
    std::vector<std::string> out;
    for (const Field& field : endpoint.body) {
      for (auto& rule : rules_of_attribute(context_.spec, entity_.id, field.name)) {
        const spec::Rule* found = find_rule(context_.spec, rule);
        bool other = found && (found->kind == "unique" || found->kind == "default");
        if (!other && std::find(out.begin(), out.end(), rule) == out.end()) out.push_back(rule);
      }
    }
    return out;
  }

  void refused(const Endpoint& endpoint) {
    bool patch = endpoint.method == "PATCH";
    JsonObject body = patch ? JsonObject{} : plain_body(endpoint);
    Token token = any_token(context_, endpoint.operation_id);
    std::vector<Py> cases;
    for (const Field& field : endpoint.body) {
      for (const Sample& sample : refused_samples(field, patch)) {
        JsonObject trial = body;
        trial.erase(field.name);
        if (!sample.missing) trial[field.name] = sample.value;
        World world(context_.spec, context_.contract, context_.recipes);
        Request request{.operation = endpoint.operation_id, .role = token.role};
        if (token.subject.literal.is_int64()) request.subject = 1;
        request.now = kStartSeconds;
        if (has_row(endpoint)) request.row = 1;
        request.body = trial;
        Answer answer = world.ask(request);
        if (answer.status != 422 || answer.code != "invalid") continue;
        Py value = sample.missing ? leaf("MISSING") : python_of_sample(sample.value);
        cases.push_back(
            {.prefix = "",
             .open = "(",
             .items = {leaf(py_string(field.name)), leaf(py_string(sample.what)), value},
             .close = ")"});
      }
    }
    if (cases.empty()) return;
    write_refused(endpoint, token, body, std::move(cases));
  }

  void write_refused(const Endpoint& endpoint, const Token& token, const JsonObject& body,
                     std::vector<Py> cases) {
    std::string name = text::snake_case(endpoint.operation_id);
    std::string constant = name;
    std::transform(constant.begin(), constant.end(), constant.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    suite_.add_constants(file_, std::string(constants_ ? "" : "MISSING = object()\n") +
                                    statement(0, constant + " = ", literal(Json(body))));
    constants_ = true;
    std::string path = text::replace_all(endpoint.path, "{" + endpoint.id_parameter + "}", "1");
    std::vector<Py> arguments = {leaf(py_string(path)), leaf("body")};
    if (context_.contract.has_actors) arguments.push_back(named("actor", token_python(token)));
    std::string text =
        fmt::format("    body = without({}, field)\n", constant) +
        "    if value is not MISSING:\n        body[field] = value\n" +
        statement(
            4, "response = ", call("api." + text::lower(endpoint.method), std::move(arguments))) +
        "    expect_problem(response, 422, \"invalid\", field=field)\n";
    std::vector<Py> parameters = {leaf("(\"field\", \"what\", \"value\")"), list(std::move(cases))};
    suite_.add(
        {.id = {},
         .file = file_,
         .name = "test_" + name + "_refuses",
         .what = fmt::format("{} refuses what the contract does not allow.", endpoint.operation_id),
         .kind = "validation",
         .operations = {endpoint.operation_id},
         .rules = rules_of(endpoint),
         .decorators = "@pytest.mark.parametrize(\n    (\"field\", \"what\", \"value\"),\n" +
                       statement(4, "", parameters[1], ",") + "    ids=short,\n)\n",
         .arguments = "api, field, what, value",
         .body = text,
         .criteria = {}});
  }

  void accepted(const Endpoint& endpoint) {
    std::vector<Py> cases;
    const std::string& id = endpoint.operation_id;
    for (const Field& field : endpoint.body) {
      for (const Sample& sample : accepted_samples(field)) {
        Scene trial(context_);
        std::string row = has_row(endpoint) ? trial.ready(id) : "";
        std::string body = trial.body(id, {{field.name, Value::of(sample.value)}});
        if (!trial.call(id, row, body).ok() || !trial.ok()) continue;
        const Json* shown = json::find(trial.answer().body, field.name);
        if (!has_row(endpoint) && (!shown || *shown != sample.value)) continue;
        cases.push_back({.prefix = "",
                         .open = "(",
                         .items = {leaf(py_string(field.name)), leaf(py_string(sample.what)),
                                   python_of_sample(sample.value)},
                         .close = ")"});
      }
    }
    if (cases.empty()) return;
    std::string text;
    auto recipe = context_.recipes.operations.at(id);
    std::string name = text::snake_case(id);
    // Written with the values as parameters, so the scene only shows how the request is made.
    Scene shape(context_);
    std::string row = has_row(endpoint) ? shape.ready(id) : "";
    std::string body = shape.body(id);
    shape.call(id, row, body);
    text = shape.text();
    text = text::replace_all(std::move(text), "make." + name + "_body()",
                             "make." + name + "_body(**{field: value})");
    text += has_row(endpoint) ? "    expect_status(response, 200)\n"
                              : "    assert expect_status(response, 201)[field] == value\n";
    suite_.add({.id = {},
                .file = file_,
                .name = "test_" + name + "_accepts",
                .what = fmt::format("{} accepts the limits themselves.", id),
                .kind = "validation",
                .operations = {id},
                .rules = rules_of(endpoint),
                .decorators = "@pytest.mark.parametrize(\n    (\"field\", \"what\", \"value\"),\n" +
                              statement(4, "", list(std::move(cases)), ",") + "    ids=short,\n)\n",
                .arguments = "api, make, field, what, value",
                .body = text,
                .criteria = {}});
  }

  // The limits themselves, as changes of a row that is there.
  void changed(const Endpoint& endpoint) {
    const std::string& id = endpoint.operation_id;
    Scene base(context_);
    std::string row = base.ready(id);
    if (!base.ok()) return;
    std::vector<Py> cases;
    for (const Field& field : endpoint.body) {
      if (field.type == spec::Type::kEnum || field.type == spec::Type::kBool) continue;
      for (const Sample& sample : accepted_samples(field)) {
        Scene trial = base;
        if (!trial.call(id, row, {}, {{field.name, Value::of(sample.value)}}).ok()) continue;
        const Json* shown = json::find(trial.answer().body, field.name);
        if (!shown || *shown != sample.value) continue;
        cases.push_back({.prefix = "",
                         .open = "(",
                         .items = {leaf(py_string(field.name)), leaf(py_string(sample.what)),
                                   python_of_sample(sample.value)},
                         .close = ")"});
      }
    }
    if (cases.empty()) return;
    base.call(id, row, {}, {{"FIELD", Value::of(Json("VALUE"))}});
    std::string body = text::replace_all(base.text(), "{\"FIELD\": \"VALUE\"}", "{field: value}") +
                       "    assert expect_status(response, 200)[field] == value\n";
    suite_.add({.id = {},
                .file = file_,
                .name = "test_" + text::snake_case(id) + "_accepts",
                .what = fmt::format("{} accepts the limits themselves.", id),
                .kind = "validation",
                .operations = {id},
                .rules = rules_of(endpoint),
                .decorators = "@pytest.mark.parametrize(\n    (\"field\", \"what\", \"value\"),\n" +
                              statement(4, "", list(std::move(cases)), ",") + "    ids=short,\n)\n",
                .arguments = "api, make, field, what, value",
                .body = body,
                .criteria = {}});
  }

  Suite& suite_;
  const Context& context_;
  const spec::Entity& entity_;
  std::string file_;
  bool constants_ = false;
};

}  // namespace

void write_validation(Suite& suite) {
  for (const spec::Entity& entity : suite.context().spec.entities)
    Validation(suite, entity).write();
}

}  // namespace cadre::offline::qa
