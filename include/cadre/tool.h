// A tool: a function that a model may call, with its schema, its effect and its limits.
//
//   struct Args { std::string city; int days; };
//   BOOST_DESCRIBE_STRUCT(Args, (), (city, days))
//   auto weather = cadre::make_tool<Args>("weather", "Weather of a city.",
//       [](const Args& args, const cadre::RunContext&) { return "rain in " + args.city; });
//
// Functions run on worker threads under the run's cap, several at once, and may throw: a failure
// is told to the model, and the run goes on. After `timeout` the call is answered without it and
// its stop token is asked; what it returns later is dropped.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cadre/context.h"
#include "cadre/described.h"
#include "cadre/guardrail.h"
#include "core/tool_effect.h"

namespace cadre {

struct ToolOptions {
  // Decides what happens when a run is resumed and the call's end was not recorded, and whether
  // it may run before input guardrails have decided.
  ToolEffect effect = ToolEffect::kExternal;
  // 0: none. Unset: a minute, and none for an agent as a tool. The time in which an agent waits for
  // a person does not count. What an agent has running is cancelled.
  std::optional<std::chrono::milliseconds> timeout{};
  Approval approval = Approval::kNever;
  // Of kAsk: whether this call needs a person. Not asked for arguments that are not valid: those
  // need one. An exception means yes.
  std::function<bool(const Json& arguments, const RunContext&)> needs_approval{};
  // Whether the tool is offered on this turn; unset: always.
  std::function<bool(const RunContext&)> enabled{};
  bool ends_run = false;  // its output is the run's answer
  bool fatal = false;     // its failure ends the run
  bool strict = true;     // ask vendors to keep to the schema
  // Promises to take microseconds and never to block: runs on the loop's thread, without a
  // timeout.
  bool quick = false;
  std::size_t output_max = 256 * 1024;  // bytes; what is longer is cut, and says so
  std::vector<Guardrail> input_guardrails{}, output_guardrails{};
};

// ToolOptions::timeout of a function.
inline constexpr std::chrono::milliseconds kToolTimeout{60'000};

struct Tool {
  // Arguments are valid against `accepted`, or else `parameters`, when it is called.
  using Function = std::function<Result<std::string>(const Json& arguments, const RunContext&)>;

  std::string name{};  // ^[a-zA-Z0-9_-]{1,64}$
  std::string description{};
  Json parameters = JsonObject{};  // JSON Schema of an object
  Function function{};
  ToolOptions options{};
  std::string agent{};  // not empty: the tool is that agent of the team (agent_tool)
  // What is taken where that is more than the model is asked for: optional members left out.
  std::optional<Json> accepted{};
};

namespace detail {

template <class R>
Result<std::string> as_output(R&& value) {
  using T = std::remove_cvref_t<R>;
  if constexpr (std::is_convertible_v<T, std::string>) {
    return std::string(std::forward<R>(value));
  } else if constexpr (std::is_same_v<T, Result<std::string>>) {
    return std::forward<R>(value);
  } else if constexpr (requires {
                         value.error();
                         value.has_value();
                       }) {
    if (!value) return std::unexpected(value.error());
    return as_output(*std::forward<R>(value));
  } else {
    return json::write(to_json_of(value));
  }
}

}  // namespace detail

// A tool of a function Args, const RunContext& -> text, described struct, number, or a Result of
// one. The schema is that of Args; optional fields may be null or left out.
template <class Args, class F>
Tool make_tool(std::string name, std::string description, F function, ToolOptions options = {}) {
  Tool tool;
  tool.name = std::move(name);
  tool.description = std::move(description);
  tool.parameters = schema_of<Args>();
  tool.accepted = schema_of<Args>(SchemaStyle::kLoose);
  tool.options = std::move(options);
  tool.function = [function = std::move(function)](
                      const Json& arguments, const RunContext& context) -> Result<std::string> {
    auto args = from_json<Args>(arguments);
    if (!args) return std::unexpected(args.error());
    return detail::as_output(function(*args, context));
  };
  return tool;
}

// The agent `agent` of the team as a tool: it gets the call's "input" as its user's message, in a
// conversation of its own, and its answer is the tool's output.
Tool agent_tool(std::string agent, std::string description, ToolOptions options = {});

}  // namespace cadre
