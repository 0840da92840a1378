// tests/factories.py: the recipes as Python.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "offline/qa/suite.h"

namespace cadre::offline::qa {
namespace {

class Writer {
 public:
  explicit Writer(const Context& context) : context_(context) {}

  std::string text() {
    std::string methods;
    for (const spec::Endpoint& endpoint : context_.contract.endpoints) {
      auto found = context_.recipes.operations.find(endpoint.operation_id);
      if (found == context_.recipes.operations.end()) continue;
      if (makes_row(endpoint)) {
        methods += body_method(found->second) + create_method(found->second);
      } else {
        if (!endpoint.body.empty()) methods += body_method(found->second);
        if (has_row(endpoint)) methods += ready_method(found->second);
        if (is_action(endpoint)) methods += action_method(found->second);
      }
    }
    for (const auto& [entity, recipe] : context_.recipes.creates) {
      if (!recipe.via.empty()) methods += effect_method(entity, recipe);
    }
    for (const auto& [entity, ways] : context_.recipes.ways) methods += state_method(entity, ways);
    std::string imports = uses_nth_ ? "fill, nth" : "fill";
    return "\"\"\"Test data: for each kind of record a valid one, for each action a row that is "
           "ready "
           "for it.\n\nAll of it is made through the interface, so that it obeys every rule. A "
           "counter makes\nvalues that must be unique; fields that a test names replace the "
           "usual ones.\n\"\"\"\n\nfrom tests.support import " +
           imports +
           "\n\n\nclass Factory:\n    \"\"\"Makes rows; each method takes the fields that matter "
           "to "
           "a test.\"\"\"\n\n    def __init__(self, api, clock):\n        self.api = api\n        "
           "self.clock = clock\n        self.count = 0\n\n    def next_number(self):\n        "
           "\"\"\"A number that was not used before in this test.\"\"\"\n        self.count += 1\n"
           "        return self.count\n" +
           methods;
  }

 private:
  std::string entity_name(const std::string& id) const {
    const spec::Entity* entity = find_entity(context_.spec, id);
    return safe_text(entity && !entity->name.empty() ? entity->name : id);
  }
  static std::string method_of(const std::string& entity) { return method_name(entity); }
  static std::string article(const std::string& noun) {
    bool vowel =
        !noun.empty() && std::string_view("aeiouAEIOU").find(noun[0]) != std::string_view::npos;
    return (vowel ? "an " : "a ") + noun;
  }

  Py gen_python(const Gen& gen) {
    if (gen.kind != Gen::Kind::kRow) {
      uses_nth_ = uses_nth_ || gen.kind == Gen::Kind::kSamples;
      return python_of(gen);
    }
    std::vector<Py> arguments;
    std::string method = "self." + method_of(gen.entity);
    if (!gen.state.empty()) {
      method += "_in";
      arguments.push_back(leaf(py_string(gen.state)));
    }
    std::vector<std::pair<std::string, Py>> given;
    for (const auto& [name, value] : gen.given) given.emplace_back(name, literal(value));
    if (!given.empty()) {
      Py rest = dict(std::move(given));
      rest.prefix = "**";
      arguments.push_back(std::move(rest));
    }
    return leaf("lambda: " + flat(call(method, std::move(arguments))) + "[\"id\"]");
  }

  std::string body_method(const Recipe& recipe) {
    const std::string& id = recipe.endpoint->operation_id;
    std::vector<std::pair<std::string, Py>> members;
    bool numbered = false;
    for (const auto& [name, gen] : recipe.body) {
      numbered = numbered || (gen.kind != Gen::Kind::kRow && gen.kind != Gen::Kind::kLiteral);
      members.emplace_back(name, gen_python(gen));
    }
    bool creates = makes_row(*recipe.endpoint) && !recipe.links.empty();
    std::string ending;
    if (creates) {
      for (const Link& link : recipe.links) ending += link_lines(link, "body");
      ending += "        return body\n";
    }
    return fmt::format("\n    def {}_body(self, /, **given):\n", text::snake_case(id)) +
           docstring(8, fmt::format("What a request for {} says.", id)) +
           (numbered ? "        n = self.next_number()\n" : "        self.next_number()\n") +
           statement(8, creates ? "body = " : "return ",
                     call("fill", {leaf("given"), dict(std::move(members))})) +
           ending;
  }

  // Makes the row that a guard asks for, when its references are set.
  std::string link_lines(const Link& link, const std::string& source) const {
    std::vector<std::pair<std::string, Py>> members;
    std::string condition;
    for (const auto& [field, from] : link.fields) {
      std::string value = source + "[" + py_string(from) + "]";
      members.emplace_back(field, leaf(value));
      condition += (condition.empty() ? "" : " and ") + value;
    }
    for (const auto& [name, value] : link.given) members.emplace_back(name, literal(value));
    std::vector<Py> arguments;
    std::string method = "self." + method_of(link.entity);
    if (!link.state.empty()) {
      method += "_in";
      arguments.push_back(leaf(py_string(link.state)));
    }
    Py rest = dict(std::move(members));
    rest.prefix = "**";
    arguments.push_back(std::move(rest));
    Py made = call(method, std::move(arguments));
    if (condition.empty()) return statement(8, "", made);
    return "        if " + condition + ":\n" + statement(12, "", made);
  }

  // `, actor=...` for a request whose body is `body` or whose row is `row`.
  void add_actor(std::vector<Py>& arguments, const Who& who, const std::string& holder,
                 const std::string& row) {
    auto pair = [&who](const std::string& subject) {
      return leaf("(" + py_string(who.role) + ", " + subject + ")");
    };
    switch (who.kind) {
      case Who::Kind::kNobody: return;
      case Who::Kind::kPlain:
        arguments.push_back(named("actor", leaf(py_string(who.role))));
        return;
      case Who::Kind::kField:
        arguments.push_back(
            named("actor", pair(fmt::format("{}[{}]", holder, py_string(who.field)))));
        return;
      case Who::Kind::kSelf: arguments.push_back(named("actor", pair(row + "[\"id\"]"))); return;
      case Who::Kind::kFresh:
        arguments.push_back(named("actor", pair("self." + method_of(who.entity) + "()[\"id\"]")));
        return;
    }
  }

  std::string create_method(const Recipe& recipe) {
    const spec::Endpoint& endpoint = *recipe.endpoint;
    auto main = context_.recipes.creates.find(endpoint.entity);
    bool is_main = main != context_.recipes.creates.end() &&
                   main->second.endpoint->operation_id == endpoint.operation_id;
    std::string name =
        is_main ? method_of(endpoint.entity) : qa::action_method(context_, endpoint.operation_id);
    std::vector<Py> arguments = {leaf(py_string(endpoint.path)), leaf("body")};
    add_actor(arguments, recipe.who, "body", "body");
    return fmt::format("\n    def {}(self, /, **given):\n", name) +
           docstring(8, fmt::format("{} that breaks no rule.",
                                    text::upper_first(article(entity_name(endpoint.entity))))) +
           fmt::format("        body = self.{}_body(**given)\n",
                       text::snake_case(endpoint.operation_id)) +
           statement(8, "return ", call("self.api.made", std::move(arguments)));
  }

  std::string effect_method(const std::string& entity, const Recipe& recipe) {
    std::vector<Py> arguments = {leaf(py_string(recipe.endpoint->path))};
    add_actor(arguments, recipe.who, "row", "row");
    const spec::Endpoint& cause = *context_.recipes.operations.at(recipe.via).endpoint;
    auto main = context_.recipes.creates.find(cause.entity);
    bool is_main = makes_row(cause) && main != context_.recipes.creates.end() &&
                   main->second.endpoint->operation_id == recipe.via;
    std::string method =
        is_main ? method_of(cause.entity) : qa::action_method(context_, recipe.via);
    return fmt::format("\n    def {}(self):\n", method_of(entity)) +
           docstring(8, fmt::format("{} that {} has made.",
                                    text::upper_first(article(entity_name(entity))), recipe.via)) +
           fmt::format("        self.{}()\n", method) +
           statement(8, "return ", call("self.api.newest", std::move(arguments)));
  }

  std::string row_path(const spec::Endpoint& endpoint, const std::string& row) const {
    return "f\"" +
           text::replace_all(endpoint.path, "{" + endpoint.id_parameter + "}",
                             "{" + row + "['id']}") +
           "\"";
  }

  std::string ready_method(const Recipe& recipe) {
    const spec::Endpoint& endpoint = *recipe.endpoint;
    std::string row = py_name(text::snake_case(endpoint.entity));
    std::string maker = "self." + method_of(endpoint.entity);
    std::vector<Py> arguments;
    if (!recipe.state.empty()) {
      maker += "_in";
      arguments.push_back(leaf(py_string(recipe.state)));
    }
    std::string rest = "**given";
    std::string before;
    if (!recipe.given.empty() || !recipe.fill.empty()) {
      std::vector<std::pair<std::string, Py>> members;
      for (const auto& [name, value] : recipe.given) members.emplace_back(name, literal(value));
      for (const auto& [name, entity] : recipe.fill) {
        members.emplace_back(name, leaf("lambda: self." + method_of(entity) + "()[\"id\"]"));
      }
      before = statement(8, "fields = ", call("fill", {leaf("given"), dict(std::move(members))}));
      rest = "**fields";
    }
    arguments.push_back(leaf(rest));
    std::string out =
        fmt::format("\n    def ready_for_{}(self, /, **given):\n",
                    text::snake_case(endpoint.operation_id)) +
        docstring(8, fmt::format("{} on which {} is accepted.",
                                 text::upper_first(article(entity_name(endpoint.entity))),
                                 endpoint.operation_id)) +
        before;
    Py made = call(maker, std::move(arguments));
    if (recipe.prep.empty() && recipe.links.empty()) return out + statement(8, "return ", made);
    out += statement(8, row + " = ", made);
    for (const Link& link : recipe.links) out += link_lines(link, row);
    if (recipe.prep.empty()) return out + "        return " + row + "\n";
    for (const Prep& prep : recipe.prep) out += prep_line(prep, row);
    const spec::Endpoint* read = nullptr;
    for (const spec::Endpoint& other : context_.contract.endpoints) {
      if (other.operation && other.operation->kind == spec::OperationKind::kRead &&
          other.entity == endpoint.entity &&
          context_.recipes.operations.contains(other.operation_id)) {
        read = &other;
      }
    }
    if (!read) return out + "        return " + row + "\n";
    std::vector<Py> reading = {leaf(row_path(*read, row))};
    add_actor(reading, context_.recipes.operations.at(read->operation_id).who, row, row);
    return out + statement(8, "return ", call("self.api.row", std::move(reading)));
  }

  std::string prep_line(const Prep& prep, const std::string& row) const {
    switch (prep.kind) {
      case Prep::Kind::kClock:
        return prep.seconds % kDay == 0
                   ? fmt::format("        self.clock.advance(days={})\n", prep.seconds / kDay)
                   : fmt::format("        self.clock.advance(seconds={})\n", prep.seconds);
      case Prep::Kind::kAct:
        return fmt::format("        {} = self.{}({})\n", row,
                           qa::action_method(context_, prep.name), row);
      case Prep::Kind::kChild: {
        std::vector<std::pair<std::string, Py>> members;
        members.emplace_back(prep.field, leaf(row + "[\"id\"]"));
        for (const auto& [name, value] : prep.given) members.emplace_back(name, literal(value));
        Py rest = dict(std::move(members));
        rest.prefix = "**";
        return statement(8, "", call("self." + method_of(prep.name), {std::move(rest)}));
      }
    }
    return {};
  }

  std::string action_method(const Recipe& recipe) {
    const spec::Endpoint& endpoint = *recipe.endpoint;
    std::string id = text::snake_case(endpoint.operation_id);
    std::string method = qa::action_method(context_, endpoint.operation_id);
    std::string row = py_name(text::snake_case(endpoint.entity));
    std::vector<Py> arguments = {leaf(row_path(endpoint, row))};
    std::string out =
        fmt::format("\n    def {}(self, {}=None, /, **given):\n", method, row) +
        docstring(8, fmt::format("Performs {} on the row, or on a new one, and returns it.",
                                 endpoint.operation_id)) +
        fmt::format("        if {} is None:\n            {} = self.ready_for_{}(**given)\n", row,
                    row, id);
    if (!endpoint.body.empty()) {
      out += fmt::format("        body = self.{}_body()\n", id);
      arguments.push_back(leaf("body"));
    }
    add_actor(arguments, recipe.who, row, row);
    return out + statement(8, "return ", call("self.api.done", std::move(arguments)));
  }

  std::string state_method(const std::string& entity,
                           const std::map<std::string, std::string>& ways) {
    std::vector<std::pair<std::string, Py>> members;
    for (const auto& [state, operation] : ways) {
      members.emplace_back(
          state, leaf("self." + (operation.empty() ? method_of(entity)
                                                   : qa::action_method(context_, operation))));
    }
    std::string noun = text::upper_first(article(entity_name(entity)));
    return fmt::format("\n    def {}_in(self, state, /, **given):\n", method_of(entity)) +
           docstring(8, noun + ", brought to a state by the actions that lead there.") +
           statement(8, "ways = ", dict(std::move(members))) +
           "        return ways[state](**given)\n";
  }

  const Context& context_;
  bool uses_nth_ = false;
};

}  // namespace

std::string action_method(const Context& context, const std::string& operation) {
  std::string name = method_name(operation);
  for (const spec::Entity& entity : context.spec.entities) {
    std::string taken = method_name(entity.id);
    if (name == taken || name == taken + "_in") return "do_" + name;
  }
  return name;
}

std::string factories_text(const Context& context) { return Writer(context).text(); }

}  // namespace cadre::offline::qa
