#include "offline/qa/story.h"

#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "offline/qa/recipes.h"

namespace cadre::offline::qa {
namespace {

class StoryWriter {
 public:
  explicit StoryWriter(const Context& context) : context_(context) {}

  std::optional<std::string> write(const std::vector<spec::Step>& steps) {
    std::int64_t now = kStartSeconds;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const spec::Request& request = steps[i].request;
      const spec::Endpoint* endpoint = find_endpoint(context_.contract, request.operation);
      if (!endpoint || !request.malformed_body.empty()) return std::nullopt;
      if (request.now != now) {
        out_ += fmt::format("    clock.advance(seconds={})\n", request.now - now);
        now = request.now;
      }
      bool last = i + 1 == steps.size();
      if (!one(*endpoint, request, steps[i].expected, last, used_later(steps, i)))
        return std::nullopt;
    }
    return out_;
  }

 private:
  // Does a later step name the row that this one makes?
  bool used_later(const std::vector<spec::Step>& steps, std::size_t index) const {
    const spec::Step& made = steps[index];
    const spec::Endpoint* endpoint = find_endpoint(context_.contract, made.request.operation);
    if (!endpoint || endpoint->success != 201) return false;
    std::int64_t id = json::get_int(made.expected.body, "id");
    for (std::size_t i = index + 1; i < steps.size(); ++i) {
      const spec::Request& request = steps[i].request;
      const spec::Endpoint* other = find_endpoint(context_.contract, request.operation);
      if (!other) continue;
      if (other->entity == endpoint->entity && request.row == std::to_string(id)) return true;
      if (request.record == id && actor_entity(request.role) == endpoint->entity) return true;
      if (!request.body) continue;
      for (const spec::Field& field : other->body) {
        const Json* value = json::find(*request.body, field.name);
        if (field.ref == endpoint->entity && value && value->is_int64() && value->get_int64() == id)
          return true;
      }
    }
    return false;
  }

  std::string actor_entity(const std::string& role) const {
    const spec::Actor* actor = find_actor(context_.spec, role);
    return actor ? actor->entity : "";
  }

  // The variable's id, or the number itself for rows that no step of the story made.
  std::string id_python(const std::string& entity, std::int64_t id) const {
    auto found = vars_.find({entity, id});
    return found == vars_.end() ? std::to_string(id) : found->second + "[\"id\"]";
  }

  std::optional<std::string> path_of(const spec::Endpoint& endpoint, const std::string& row) const {
    if (endpoint.id_parameter.empty()) return py_string(endpoint.path);
    std::string parameter = "{" + endpoint.id_parameter + "}";
    if (row.empty() || row.size() > 15 ||
        row.find_first_not_of("0123456789") != std::string::npos) {
      return std::nullopt;
    }
    auto found = vars_.find({endpoint.entity, std::stoll(row)});
    if (found == vars_.end()) return py_string(text::replace_all(endpoint.path, parameter, row));
    return "f\"" + text::replace_all(endpoint.path, parameter, "{" + found->second + "['id']}") +
           "\"";
  }

  Py body_of(const spec::Endpoint& endpoint, const JsonObject& body) const {
    std::vector<std::pair<std::string, Py>> members;
    for (const auto& member : body) {
      std::string name(member.key());
      Py value = python_of_sample(member.value());
      for (const spec::Field& field : endpoint.body) {
        if (field.name == name && !field.ref.empty() && member.value().is_int64()) {
          value = leaf(id_python(field.ref, member.value().get_int64()));
        }
      }
      members.emplace_back(std::move(name), std::move(value));
    }
    return dict(std::move(members));
  }

  bool one(const spec::Endpoint& endpoint, const spec::Request& request,
           const spec::Response& expected, bool last, bool used) {
    auto path = path_of(endpoint, request.row);
    if (!path) return false;
    std::vector<Py> arguments = {leaf(*path)};
    if (request.body && request.body->is_object()) {
      arguments.push_back(body_of(endpoint, request.body->get_object()));
    }
    if (!request.query.empty()) {
      std::vector<std::pair<std::string, Py>> members;
      for (const auto& [name, value] : request.query)
        members.emplace_back(name, leaf(py_string(value)));
      arguments.push_back(named("params", dict(std::move(members))));
    }
    if (context_.contract.has_actors && request.authenticated) {
      std::string actor = py_string(request.role);
      if (request.record) {
        actor = "(" + actor + ", " + id_python(actor_entity(request.role), *request.record) + ")";
      }
      arguments.push_back(named("actor", leaf(actor)));
    }
    Py sent = call("api." + text::lower(endpoint.method), std::move(arguments));
    out_ += statement(4, "response = ", sent);
    if (!expected.ok()) {
      std::vector<Py> problem = {leaf("response"), leaf(std::to_string(expected.status)),
                                 leaf(py_string(expected.code))};
      if (!expected.rule.empty()) problem.push_back(named("rule", leaf(py_string(expected.rule))));
      out_ += statement(4, "", call("expect_problem", std::move(problem)));
      return last;
    }
    std::string before;
    if (used) {
      std::string var = py_name(text::snake_case(endpoint.entity));
      int& count = counts_[var];
      if (++count > 1) var = fmt::format("{}_{}", var, count);
      vars_[{endpoint.entity, json::get_int(expected.body, "id")}] = var;
      before = var + " = ";
    }
    out_ +=
        statement(4, before,
                  call("expect_status", {leaf("response"), leaf(std::to_string(expected.status))}));
    return true;
  }

  const Context& context_;
  std::string out_;
  std::map<std::pair<std::string, std::int64_t>, std::string> vars_;
  std::map<std::string, int> counts_;
};

}  // namespace

std::optional<std::string> python_of_steps(const Context& context,
                                           const std::vector<spec::Step>& steps) {
  if (steps.empty()) return std::nullopt;
  return StoryWriter(context).write(steps);
}

std::string arguments_of_steps(const std::string& body) {
  return body.find("clock.") == std::string::npos ? "api" : "api, clock";
}

}  // namespace cadre::offline::qa
