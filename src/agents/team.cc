#include "agents/team.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"

namespace cadre {
namespace {

std::unexpected<Error> bad(const std::string& agent, std::string what, std::string hint = {}) {
  return fail(ErrorCode::kInvalidInput, fmt::format("agent '{}': {}", agent, what),
              std::move(hint));
}

// What every vendor takes as the name of a tool.
bool is_tool_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-';
  });
}

std::string tool_name_of(std::string_view agent) {
  std::string name = "transfer_to_";
  for (const char c : agent) name += is_tool_name({&c, 1}) ? c : '_';
  return name;
}

Result<std::shared_ptr<const JsonSchema>> compile(const std::string& agent,
                                                  const std::string& what, const Json& schema) {
  if (!schema.is_object())
    return bad(agent, fmt::format("the schema of {} is not an object", what));
  const Json* type = json::find(schema, "type");
  if (type == nullptr || *type != "object") {
    return bad(agent,
               type != nullptr && type->is_string()
                   ? fmt::format("the schema of {} is of type '{}'", what,
                                 std::string_view(type->get_string()))
                   : fmt::format("the schema of {} does not say that it is of type 'object'", what),
               "vendors take objects only: wrap the value in one");
  }
  auto compiled = JsonSchema::compile(schema);
  if (!compiled)
    return bad(agent, fmt::format("the schema of {}: {}", what, compiled.error().message));
  return std::make_shared<const JsonSchema>(std::move(*compiled));
}

// The schema of a tool without one, or that says what its members are and no more.
Json as_object_schema(const Json& schema) {
  static constexpr const char* kOther[] = {"type", "$ref", "anyOf", "oneOf", "allOf", "enum"};
  const bool says_itself =
      !schema.is_object() || std::ranges::any_of(kOther, [&](const char* key) {
        return json::find(schema, key) != nullptr;
      });
  if (says_itself) return schema;
  JsonObject object{{"type", "object"}};
  if (json::find(schema, "properties") == nullptr) object["properties"] = JsonObject{};
  for (const auto& [key, value] : schema.get_object()) object[key] = value;
  return object;
}

class TeamMaker {
 public:
  explicit TeamMaker(std::vector<Agent> agents) : agents_(std::move(agents)) {}

  Result<AgentTeam> make() {
    if (agents_.empty()) {
      return fail(ErrorCode::kInvalidInput, "a team needs an agent",
                  "the first one is where a run starts");
    }
    for (std::size_t i = 0; i < agents_.size(); ++i) {
      const std::string& name = agents_[i].name;
      if (name.empty())
        return fail(ErrorCode::kInvalidInput, fmt::format("agent {} has no name", i + 1));
      for (const std::string_view words : {std::string_view(name),
                                           std::string_view(agents_[i].description),
                                           std::string_view(agents_[i].instructions),
                                           std::string_view(agents_[i].model_name)}) {
        if (!text::is_valid_utf8(words))
          return bad(text::clean_utf8(name), "a text of it is not valid UTF-8");
      }
      if (!index_.try_emplace(name, static_cast<int>(i)).second) {
        return fail(ErrorCode::kInvalidInput, fmt::format("there are two agents named '{}'", name),
                    "names tell handoffs where to go: give one of them another name");
      }
    }
    for (Agent& agent : agents_) {
      if (auto added = add(std::move(agent)); !added) return propagate(added);
    }
    compiled_->policy = std::make_shared<const TeamPolicy>(std::move(policy_));
    return AgentTeam(std::move(compiled_));
  }

 private:
  Result<void> add(Agent agent) {
    CompiledAgent made;
    const std::string name = agent.name;
    for (std::size_t i = 0; i < agent.tools.size(); ++i) {
      if (auto added = add_tool(made, name, agent.tools[i], static_cast<int>(i)); !added)
        return added;
    }
    for (std::size_t i = 0; i < agent.handoffs.size(); ++i) {
      if (auto added = add_handoff(made, name, agent.handoffs[i], static_cast<int>(i)); !added)
        return added;
    }
    for (const OfferedTool& offered : made.offered) made.specs.push_back(offered.spec);
    AgentPolicy policy;
    policy.name = name;
    for (std::size_t i = 0; i < agent.input_guardrails.size(); ++i) {
      (agent.input_guardrails[i].blocking ? made.blocking : made.beside)
          .push_back(static_cast<int>(i));
    }
    for (const auto* list : {&agent.input_guardrails, &agent.output_guardrails}) {
      if (auto checked = check_guardrails(name, *list); !checked) return checked;
    }
    policy.blocking_guardrails = static_cast<int>(made.blocking.size());
    policy.beside_guardrails = static_cast<int>(made.beside.size());
    policy.output_guardrails = static_cast<int>(agent.output_guardrails.size());
    if (agent.output) {
      auto schema = compile(name, "the output", agent.output->schema);
      if (schema && agent.output->accepted)
        schema = compile(name, "the output", *agent.output->accepted);
      if (!schema) return propagate(schema);
      policy.output = std::move(*schema);
    }
    if (agent.tool_use == ToolUse::kDecide && agent.decide == nullptr)
      return bad(name, "tool_use is kDecide and there is no `decide`");
    if (agent.join.kind == JoinRule::Kind::kQuorum && agent.join.quorum < 1)
      return bad(name, "a join by quorum needs a quorum of at least 1");
    const ToolChoice& choice = agent.settings.tool_choice;
    if (choice.kind == ToolChoice::Kind::kTool && !made.by_name.contains(choice.tool))
      return bad(name, fmt::format("the tool choice names '{}', which it does not have",
                                   choice.tool));
    policy.tool_use = agent.tool_use;
    policy.unknown_tool = agent.unknown_tool;
    policy.reset_tool_choice = agent.reset_tool_choice;
    policy.join = agent.join;
    policy.retries = agent.retries;
    made.agent = std::move(agent);
    compiled_->agents.push_back(std::move(made));
    policy_.agents.push_back(std::move(policy));
    return {};
  }

  Result<void> check_guardrails(const std::string& agent, const std::vector<Guardrail>& list) {
    for (const Guardrail& guardrail : list) {
      if (guardrail.check == nullptr)
        return bad(agent, fmt::format("the guardrail '{}' has no function", guardrail.name));
    }
    return {};
  }

  Result<void> offer(CompiledAgent& made, const std::string& agent, OfferedTool offered) {
    const std::string& name = offered.spec->name;
    if (!is_tool_name(name)) {
      return bad(agent, fmt::format("no vendor takes the tool name '{}'", text::clean_utf8(name)),
                 "letters, digits, '_' and '-', at most 64");
    }
    if (!text::is_valid_utf8(offered.spec->description))
      return bad(agent, fmt::format("the description of the tool '{}' is not valid UTF-8", name));
    if (!made.by_name.try_emplace(name, static_cast<int>(made.offered.size())).second)
      return bad(agent, fmt::format("there are two tools named '{}'", name));
    made.offered.push_back(std::move(offered));
    return {};
  }

  Result<void> add_tool(CompiledAgent& made, const std::string& agent, const Tool& tool,
                        int index) {
    const std::string what = fmt::format("the tool '{}'", text::clean_utf8(tool.name));
    const Json parameters = as_object_schema(tool.parameters);
    auto schema = compile(agent, what, parameters);
    if (schema && tool.accepted) schema = compile(agent, what, as_object_schema(*tool.accepted));
    if (!schema) return propagate(schema);
    if (tool.options.timeout && tool.options.timeout->count() < 0)
      return bad(agent, what + " has a timeout below zero", "0 is none");
    OfferedTool offered;
    offered.tool = index;
    offered.arguments = std::move(*schema);
    if (!tool.agent.empty()) {
      const auto target = index_.find(tool.agent);
      if (target == index_.end())
        return bad(agent, fmt::format("the tool '{}' is the agent '{}', which the team does not "
                                      "have", tool.name, tool.agent));
      offered.target = target->second;
    } else if (tool.function == nullptr) {
      return bad(agent, fmt::format("the tool '{}' has no function", tool.name));
    }
    if (tool.options.approval == Approval::kAsk && tool.options.needs_approval == nullptr)
      return bad(agent, fmt::format("the tool '{}' asks for approvals and has no function that "
                                    "says when", tool.name));
    for (const auto* list : {&tool.options.input_guardrails, &tool.options.output_guardrails}) {
      if (auto checked = check_guardrails(agent, *list); !checked) return checked;
    }
    if (tool.options.enabled != nullptr) made.always_offered = false;
    offered.spec = std::make_shared<const ToolSpec>(
        ToolSpec{tool.name, tool.description, parameters, tool.options.strict});
    return offer(made, agent, std::move(offered));
  }

  Result<void> add_handoff(CompiledAgent& made, const std::string& agent, const Handoff& handoff,
                           int index) {
    const auto target = index_.find(handoff.target);
    if (target == index_.end()) {
      return bad(agent, fmt::format("a handoff goes to '{}', which the team does not have",
                                    handoff.target));
    }
    if (handoff.target == agent) return bad(agent, "a handoff goes to the agent itself");
    if (auto checked = check_guardrails(agent, handoff.guardrails); !checked) return checked;
    const Json input =
        handoff.input ? as_object_schema(*handoff.input)
                      : Json{{"type", "object"},
                             {"properties",
                              {{"task",
                                {{"type", "string"},
                                 {"description", "What is to be done, in one sentence."}}}}},
                             {"required", JsonArray{"task"}},
                             {"additionalProperties", false}};
    auto schema = compile(agent, fmt::format("the handoff to '{}'", handoff.target), input);
    if (!schema) return propagate(schema);
    const Agent& to = agents_[static_cast<std::size_t>(target->second)];
    // Agents before this one are moved out already; theirs is in the compiled team.
    const std::string& purpose =
        static_cast<std::size_t>(target->second) < compiled_->agents.size()
            ? compiled_->agents[static_cast<std::size_t>(target->second)].agent.description
            : to.description;
    OfferedTool offered;
    offered.handoff = index;
    offered.target = target->second;
    offered.arguments = std::move(*schema);
    ToolSpec spec;
    spec.name = handoff.tool_name.empty() ? tool_name_of(handoff.target) : handoff.tool_name;
    const std::string& about = handoff.description.empty() ? purpose : handoff.description;
    spec.description = fmt::format("Hand the conversation over to the agent '{}'.{}{}",
                                   handoff.target, about.empty() ? "" : " ", about);
    spec.parameters = input;
    offered.spec = std::make_shared<const ToolSpec>(std::move(spec));
    if (handoff.enabled != nullptr) made.always_offered = false;
    return offer(made, agent, std::move(offered));
  }

  std::vector<Agent> agents_;
  std::map<std::string, int> index_;
  TeamPolicy policy_;
  std::shared_ptr<AgentTeam::Compiled> compiled_ = std::make_shared<AgentTeam::Compiled>();
};

}  // namespace

int AgentTeam::Compiled::find(std::string_view name) const {
  for (std::size_t i = 0; i < agents.size(); ++i) {
    if (agents[i].agent.name == name) return static_cast<int>(i);
  }
  return -1;
}

Result<AgentTeam> make_team(std::vector<Agent> agents) {
  return TeamMaker(std::move(agents)).make();
}

}  // namespace cadre
