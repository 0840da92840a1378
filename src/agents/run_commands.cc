// What the core asks for, carried out: model calls, tools, guardrails, handoffs, branches.
#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>

#include "agents/run_driver.h"
#include "agents/run_words.h"
#include "base/text.h"
#include "core/provider.h"

namespace cadre {

using Kind = Command::Kind;

namespace {

// What the model reads of an output: valid UTF-8, not longer than allowed.
std::string fit_output(std::string output, std::size_t most) {
  if (!text::is_valid_utf8(output)) output = text::clean_utf8(output);
  if (output.size() <= most) return output;
  const std::size_t bytes = output.size();
  return fmt::format("{}\n[cut: {} of {} bytes]", text::shorten(output, most), most, bytes);
}

void clean(std::string& text) {
  if (!text::is_valid_utf8(text)) text = text::clean_utf8(text);
}

// Words of user code may hold bytes that no journal and no vendor takes.
void clean(AgentOutcome& outcome) {
  if (auto* guard = std::get_if<GuardrailEnded>(&outcome)) {
    clean(guard->message);
  } else if (auto* handoff = std::get_if<HandoffEnded>(&outcome)) {
    clean(handoff->reason);
  } else if (auto* decided = std::get_if<ToolsDecided>(&outcome)) {
    if (decided->output) clean(*decided->output);
  } else if (auto* recovered = std::get_if<Recovered>(&outcome)) {
    if (recovered->output) clean(*recovered->output);
  }
}

// The last thing that the user said.
std::string_view last_input(std::span<const ItemPtr> items) {
  for (std::size_t i = items.size(); i > 0; --i) {
    const auto* message = std::get_if<MessageItem>(items[i - 1].get());
    if (message != nullptr && message->speaker == Speaker::kUser) return message->text;
  }
  return {};
}

}  // namespace

RunDriver::FrameRun& RunDriver::frame_run(int index) {
  const auto at = static_cast<std::size_t>(index);
  if (frames_.size() <= at) frames_.resize(at + 1);
  return frames_[at];
}

std::span<const OfferedTool> RunDriver::offered(int f) {
  return offers_always(f) ? std::span<const OfferedTool>(agent_of(f).offered)
                                    : std::span<const OfferedTool>(frame_run(f).offered);
}

const OfferedTool* RunDriver::find_offered(int f, std::string_view name) {
  const CompiledAgent& agent = agent_of(f);
  if (offers_always(f)) {
    const auto at = agent.by_name.find(name);
    return at == agent.by_name.end() ? nullptr
                                     : &agent.offered[static_cast<std::size_t>(at->second)];
  }
  for (const OfferedTool& tool : frame_run(f).offered) {
    if (tool.spec->name == name) return &tool;
  }
  return nullptr;
}

const OfferedTool* RunDriver::find_tool(int f, std::string_view name) {
  const CompiledAgent& agent = agent_of(f);
  const auto at = agent.by_name.find(name);
  return at == agent.by_name.end() ? nullptr
                                   : &agent.offered[static_cast<std::size_t>(at->second)];
}

RunContext RunDriver::context(int f, std::string_view call_id) {
  RunContext made;
  made.run = state_->id;
  made.agent = agent_of(f).agent.name;
  made.call_id = call_id;
  made.turn = frame(f).turn;
  made.data = &options_.data;
  return made;
}

void RunDriver::on_worker(int f, std::move_only_function<AgentOutcome()> work, JsonObject more) {
  ++in_flight_;
  loop_->work([self = shared_from_this(), work = std::move(work), more = std::move(more), f,
               turn = frame(f).turn]() mutable {
    AgentOutcome outcome = work();
    clean(outcome);
    work = nullptr;
    Runtime::Loop& loop = *self->loop_;
    loop.post([self = std::move(self), outcome = std::move(outcome), more = std::move(more), f,
               turn]() mutable {
      --self->in_flight_;
      const auto* guard = std::get_if<GuardrailEnded>(&outcome);
      const bool beside = guard != nullptr && guard->point == GuardPoint::kBeside;
      // What the turn gave up comes too late; guardrails beside the model may take longer.
      if (beside || self->frame(f).turn == turn) self->feed(std::move(outcome), std::move(more));
      self->publish_if_still();
    });
  });
}

void RunDriver::execute(const Command& command) {
  if (command.kind == Kind::kAbort) return abort(command.frame);
  if (frame(command.frame).phase == Frame::Phase::kOver) return;
  switch (command.kind) {
    case Kind::kModel: return call_model(command);
    case Kind::kGuardrail: return check_guardrail(command);
    case Kind::kTool: return call_tool(command);
    case Kind::kApproval: return ask_approval(command);
    case Kind::kHandoff: return hand_off(command);
    case Kind::kBranch: return open_branch(command);
    case Kind::kDecide: return decide_tools(command);
    case Kind::kRecover: return recover(command);
    case Kind::kAbort: return;
  }
}

void RunDriver::abort(int f) {
  if (static_cast<std::size_t>(f) >= frames_.size()) return;
  FrameRun& at = frames_[static_cast<std::size_t>(f)];
  if (at.stop.stop_possible()) at.stop.request_stop();
}

// ---- models ----------------------------------------------------------------------------------

// What user code has to say to a request; it may throw.
void RunDriver::prepare(int f, ModelRequest& request, std::vector<ItemPtr>& filtered) {
  FrameRun& shell = frame_run(f);
  const CompiledAgent& agent = agent_of(f);
  const RunContext who = context(f);
  if (agent.agent.dynamic_instructions != nullptr) {
    shell.instructions = agent.agent.dynamic_instructions(who);
    clean(shell.instructions);
    request.instructions = shell.instructions;
  }
  if (options_.input_filter != nullptr) {
    filtered = options_.input_filter(request.items, who);
    if (const auto valid = History::from(filtered); !valid)
      throw std::runtime_error("input_filter gave no valid history: " + valid.error().message);
    request.items = filtered;
    request.history = {};
  }
  if (!offers_always(f)) {
    shell.offered.clear();
    for (const OfferedTool& tool : agent.offered) {
      if (purpose_.alone && tool.handoff >= 0) continue;
      const auto& enabled =
          tool.tool >= 0
              ? agent.agent.tools[static_cast<std::size_t>(tool.tool)].options.enabled
              : agent.agent.handoffs[static_cast<std::size_t>(tool.handoff)].enabled;
      if (enabled == nullptr || enabled(who)) shell.offered.push_back(tool);
    }
  }
}

// The last calls are for the agents that wait for this one's answer: they have a turn to finish.
Result<void> RunDriver::reserve_call(int waiting, const BudgetUse& use) {
  const auto left = waiting == 0 ? std::nullopt : options_.budget->left().model_calls;
  if (left && *left <= waiting) {
    return fail(ErrorCode::kExhausted,
                fmt::format("the budget has {} model calls left, which are kept for the agents "
                            "that wait for this one",
                            *left));
  }
  return options_.budget->reserve(use);
}

void RunDriver::call_model(const Command& command) {
  const int f = command.frame;
  Frame& at = frame(f);
  FrameRun& shell = frame_run(f);
  const CompiledAgent& agent = agent_of(f);
  if (shell.turn != at.turn) {
    shell.turn = at.turn;
    shell.answered.clear();
  }
  if (!shell.stop.stop_possible() || shell.stop.stop_requested()) shell.stop = std::stop_source();
  BudgetUse reserved{.model_calls = 1, .tokens = options_.tokens_per_call};
  if (options_.budget != nullptr) {
    if (auto taken = reserve_call(at.depth, reserved); !taken) {
      return feed(ModelEnded{.frame = f, .items = {}, .calls = {}, .refusal = {},
                             .error = taken.error(), .failure = RunStatus::kBudget,
                             .made = false});
    }
  }
  std::vector<std::shared_ptr<const ToolSpec>> specs;
  std::vector<ItemPtr> filtered;
  ModelRequest request;
  request.items = at.history.items();
  request.history = at.history;
  request.instructions = agent.agent.instructions;
  try {
    prepare(f, request, filtered);
  } catch (...) {
    if (options_.budget != nullptr) options_.budget->settle(reserved, {});
    const Error error{ErrorCode::kInternal,
                      fmt::format("a function of the agent '{}' failed: {}", agent.agent.name,
                                  what_of(std::current_exception())),
                      {}};
    return feed(ModelEnded{.frame = f, .items = {}, .calls = {}, .refusal = {}, .error = error,
                           .failure = RunStatus::kInternal, .made = false});
  }
  if (!at.finishing) {
    if (offers_always(f)) {
      request.tools = agent.specs;
    } else {
      for (const OfferedTool& tool : shell.offered) specs.push_back(tool.spec);
      request.tools = specs;
    }
  }
  ModelSettings settings;
  request.settings = &agent.agent.settings;
  if (request.tools.empty() || tool_choice_is_reset(run_, f)) {
    settings = agent.agent.settings;
    settings.tool_choice = {};
    request.settings = &settings;
  }
  request.model = agent.agent.model_name;
  if (agent.agent.output) request.output = &*agent.agent.output;
  request.stream = options_.stream || watched();
  const std::string key = fmt::format("{}{}:{}", state_->id, at.path, at.turn);
  request.key = key;
  emit(RunEvent::Kind::kModelStarted, f, {});
  start_model(command, request, reserved);
}

void RunDriver::start_model(const Command& command, const ModelRequest& request,
                            BudgetUse reserved) {
  const int f = command.frame;
  const CompiledAgent& agent = agent_of(f);
  Model& model = agent.agent.model != nullptr ? *agent.agent.model : *options_.model;
  Model::OnDelta delta;
  if (watched()) {
    delta = [weak = weak_from_this(), loop = loop_, f](const ModelDelta& said) {
      const auto kind = said.kind == ModelDelta::Kind::kReasoning
                            ? RunEvent::Kind::kReasoningDelta
                            : RunEvent::Kind::kTextDelta;
      if (said.kind == ModelDelta::Kind::kArguments) return;
      loop->post([weak, f, kind, words = std::string(said.text)] {
        if (const Self self = weak.lock(); self != nullptr && !self->finished_)
          self->emit(kind, f, words);
      });
    };
  }
  ++in_flight_;
  // A model that throws has given its answer, too; the first one counts.
  auto answered = std::make_shared<std::atomic<bool>>(false);
  const auto done = [self = shared_from_this(), command, reserved, turn = frame(f).turn,
                     answered](Result<ModelReply> reply) {
    if (answered->exchange(true)) return;
    self->loop_->post([self, command, reserved, turn, reply = std::move(reply)]() mutable {
      --self->in_flight_;
      self->model_ended(command, reserved, std::move(reply), turn);
      self->publish_if_still();
    });
  };
  try {
    loop_->serve_too(model.events());
    model.start(request, frame_run(f).stop.get_token(), std::move(delta), done);
  } catch (...) {
    done(fail(ErrorCode::kInternal, fmt::format("the model '{}' failed: {}", model.name(),
                                                what_of(std::current_exception()))));
  }
}

void add_usage(Usage& sum, const Usage& usage, bool first) {
  const auto add = [first](auto& to, const auto& from) {
    if (first) {
      to = from;
    } else if (to && from) {
      *to += *from;
    } else {
      to.reset();  // a part is not known: neither is the sum
    }
  };
  add(sum.input_tokens, usage.input_tokens);
  add(sum.output_tokens, usage.output_tokens);
  add(sum.cached_tokens, usage.cached_tokens);
  add(sum.reasoning_tokens, usage.reasoning_tokens);
  add(sum.cache_write_tokens, usage.cache_write_tokens);
  add(sum.cost_usd, usage.cost_usd);
  sum.requests = (first ? 0 : sum.requests) + usage.requests;
  sum.uncounted = (first ? 0 : sum.uncounted) + usage.uncounted;
}

namespace {

void clean_reply(ModelReply& reply, const std::string& agent) {
  clean(reply.refusal);
  for (Item& item : reply.items) {
    if (auto* message = std::get_if<MessageItem>(&item)) {
      if (message->agent.empty()) message->agent = agent;
      if (message->speaker == Speaker::kUser) message->speaker = Speaker::kAssistant;
      clean(message->text);
    } else if (auto* reasoning = std::get_if<ReasoningItem>(&item)) {
      clean(reasoning->text);
    } else if (auto* call = std::get_if<ToolCallItem>(&item)) {
      clean(call->id);
      clean(call->tool);
      clean(call->arguments);
    }
  }
}

}  // namespace

void RunDriver::model_ended(const Command& command, BudgetUse reserved, Result<ModelReply> reply,
                            int turn) {
  ModelEnded ended;
  ended.frame = command.frame;
  JsonObject more;
  if (options_.budget != nullptr) {
    BudgetUse actual{.model_calls = 1};
    if (reply) {
      const Usage& usage = reply->usage;
      actual.tokens = usage.input_tokens.value_or(0) + usage.output_tokens.value_or(0);
      actual.money = usage.cost_usd.value_or(0);
      if (options_.price != nullptr) {
        try {
          actual.money = options_.price(usage);
        } catch (...) {  // what is not counted must not be spent either
          reply = fail(ErrorCode::kInternal, "RunOptions::price failed: " +
                                                 what_of(std::current_exception()));
        }
      }
    }
    options_.budget->settle(reserved, actual);
    const auto left = options_.budget->left().model_calls;
    ended.last_turn = options_.budget->soft_reached() ||
                      (left && *left <= frame(command.frame).depth + 1);
  }
  if (finished_ || frame(command.frame).phase == Frame::Phase::kOver ||
      frame(command.frame).turn != turn)
    return;
  if (!reply) {
    ended.error = reply.error();
    clean(ended.error->message);
    ended.failure = reply.error().code == ErrorCode::kExhausted ? RunStatus::kBudget
                                                                : RunStatus::kModelError;
  } else {
    add_usage(usage_, reply->usage, !has_usage_);
    has_usage_ = true;
    if (options_.store != nullptr) more["tokens"] = to_json(reply->usage);
    if (options_.store != nullptr && !reply->notes.empty())
      more["notes"] = json::to_array(reply->notes);
    clean_reply(*reply, agent_of(command.frame).agent.name);
    ended.calls = facts_of(reply->items, command.frame);
    ended.items = std::move(reply->items);
    ended.refusal = std::move(reply->refusal);
  }
  feed(std::move(ended), std::move(more));
}

std::vector<CallFacts> RunDriver::facts_of(const std::vector<Item>& items, int f) {
  std::vector<CallFacts> all;
  for (const Item& item : items) {
    const auto* call = std::get_if<ToolCallItem>(&item);
    if (call == nullptr) continue;
    CallFacts facts;
    const OfferedTool* found = find_offered(f, call->tool);
    if (found == nullptr) {
      facts.kind = CallFacts::Kind::kUnknown;
      std::string names;
      for (const OfferedTool& tool : offered(f))
        names += (names.empty() ? "" : ", ") + tool.spec->name;
      facts.problem = fmt::format("there is no tool '{}'; there {}", call->tool,
                                  names.empty() ? "are none" : "are: " + names);
      all.push_back(std::move(facts));
      continue;
    }
    facts.target = found->target;
    if (found->handoff >= 0) {
      const Handoff& handoff =
          agent_of(f).agent.handoffs[static_cast<std::size_t>(found->handoff)];
      facts.kind = CallFacts::Kind::kHandoff;
      facts.needs_approval = handoff.approval != Approval::kNever;
      facts.input_checks = static_cast<int>(handoff.guardrails.size());
      facts.on_failure = handoff.on_failure;
    } else {
      const ToolOptions& options =
          agent_of(f).agent.tools[static_cast<std::size_t>(found->tool)].options;
      facts.kind = found->target >= 0 ? CallFacts::Kind::kAgentTool : CallFacts::Kind::kTool;
      facts.effect = options.effect;
      facts.ends_run = options.ends_run;
      facts.fatal = options.fatal;
      facts.input_checks = static_cast<int>(options.input_guardrails.size());
      facts.output_checks = static_cast<int>(options.output_guardrails.size());
      facts.needs_approval = options.approval == Approval::kAlways;
      if (options.approval == Approval::kAsk) {
        facts.needs_approval = true;  // unless the function says no, of valid arguments
        if (const auto arguments = read_arguments(*call, *found->arguments)) {
          try {
            facts.needs_approval = options.needs_approval(*arguments, context(f, call->id));
          } catch (...) {  // fails closed: it needs one
          }
        }
      }
    }
    all.push_back(std::move(facts));
  }
  return all;
}

// ---- tools -----------------------------------------------------------------------------------

// A call on its way through a worker: who answers first, the tool or its timeout.
struct RunDriver::ToolFlight {
  std::atomic<int> stage{0};  // 0 queued, 1 running, 2 ended, 3 given up
  std::atomic<std::int64_t> begun_ns{0};
  std::optional<Runtime::Loop::TimerId> timer;  // of the loop's thread
};

namespace {

Result<std::string> invoke(const Tool& tool, const Json& arguments, const RunContext& who) {
  try {
    return tool.function(arguments, who);
  } catch (...) {
    return fail(ErrorCode::kInternal, what_of(std::current_exception()));
  }
}

std::string failure_text(const Error& error) {
  return fmt::format("An error occurred while running the tool. Try again or do without it. "
                     "Error: {}", error.describe());
}

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

// Of a call that is not made the function, its timer and the budget know nothing.
void RunDriver::tool_not_called(int f, int c, std::string why) {
  feed(ToolEnded{f, c, false, std::move(why), false});
}

void RunDriver::tool_ended(int f, int c, int turn, bool ok, std::string output) {
  if (finished_ || frame(f).turn != turn) return;
  FrameRun& shell = frame_run(f);
  const auto at = static_cast<std::size_t>(c);
  if (shell.answered.size() <= at) shell.answered.resize(at + 1);
  if (shell.answered[at]) return;
  shell.answered[at] = true;
  feed(ToolEnded{f, c, ok, std::move(output)});
}

void RunDriver::call_tool(const Command& command) {
  const int f = command.frame, c = command.call, turn = frame(f).turn;
  const ItemPtr item = call(f, c).item;
  const auto& asked = std::get<ToolCallItem>(*item);
  const OfferedTool* found = find_tool(f, asked.tool);
  emit(RunEvent::Kind::kToolStarted, f, asked.arguments, asked.tool, asked.id);
  if (notes_ != nullptr) notes_->tool_began(f, c, loop_->clock().now_us());
  // Of a resumed run: the team has changed.
  if (found == nullptr || found->tool < 0 || found->target >= 0) {
    return tool_not_called(f, c, fmt::format("there is no tool '{}' any more", asked.tool));
  }
  const Tool& tool = agent_of(f).agent.tools[static_cast<std::size_t>(found->tool)];
  auto arguments = read_arguments(asked, *found->arguments);
  if (!arguments) return tool_not_called(f, c, arguments.error().message);
  if (options_.budget != nullptr) {
    if (auto taken = options_.budget->reserve({.tool_calls = 1}); !taken)
      return tool_not_called(f, c, "Not run: " + taken.error().message);
  }
  FrameRun& shell = frame_run(f);
  if (!shell.stop.stop_possible()) shell.stop = std::stop_source();
  if (tool.options.quick) {
    RunContext who = context(f, asked.id);
    who.stop = shell.stop.get_token();
    auto output = invoke(tool, *arguments, who);
    return tool_ended(f, c, turn, output.has_value(),
                      output ? fit_output(std::move(*output), tool.options.output_max)
                             : fit_output(failure_text(output.error()),
                                          tool.options.output_max));
  }
  ++in_flight_;
  auto flight = std::make_shared<ToolFlight>();
  auto stop = std::make_shared<std::stop_source>();
  // The frame's stop is the call's stop, too.
  auto link = std::make_shared<std::stop_callback<std::function<void()>>>(
      shell.stop.get_token(), [stop] { stop->request_stop(); });
  loop_->work([self = shared_from_this(), flight, stop, link, item, &tool, f, c, turn,
               agent = std::string_view(agent_of(f).agent.name),
               arguments = std::move(*arguments)]() mutable {
    int queued = 0;
    flight->begun_ns = now_ns();
    if (!flight->stage.compare_exchange_strong(queued, 1)) return;
    RunContext who;
    who.run = self->state_->id;
    who.agent = agent;
    who.call_id = std::get<ToolCallItem>(*item).id;
    who.turn = turn;
    who.stop = stop->get_token();
    who.data = &self->options_.data;
    auto output = invoke(tool, arguments, who);
    int running = 1;
    link.reset();
    Runtime::Loop& loop = *self->loop_;
    if (!flight->stage.compare_exchange_strong(running, 2)) {
      loop.pool().lend(-1);
      return;
    }
    const bool ok = output.has_value();
    std::string text = ok ? fit_output(std::move(*output), tool.options.output_max)
                          : fit_output(failure_text(output.error()), tool.options.output_max);
    loop.post([self = std::move(self), flight, f, c, turn, ok, text = std::move(text)]() mutable {
      if (flight->timer) self->loop_->forget(*flight->timer);
      --self->in_flight_;
      self->tool_ended(f, c, turn, ok, std::move(text));
      self->publish_if_still();
    });
  });
  const auto limit = bounded(tool.options.timeout.value_or(kToolTimeout));
  if (limit.count() > 0) watch_tool(flight, stop, tool, f, c, turn, limit);
}

// Time in the queue does not count: the timer is set again until the call has run that long.
void RunDriver::watch_tool(std::shared_ptr<ToolFlight> flight,
                           std::shared_ptr<std::stop_source> stop, const Tool& tool, int f, int c,
                           int turn, std::chrono::nanoseconds wait) {
  auto& timer = flight->timer;
  timer = loop_->at(std::chrono::steady_clock::now() + wait, [weak = weak_from_this(), flight, stop,
                                                              &tool, f, c, turn] {
    const Self self = weak.lock();
    const int stage = flight->stage;
    if (self == nullptr || stage >= 2) return;
    const std::chrono::nanoseconds limit = bounded(tool.options.timeout.value_or(kToolTimeout));
    const std::chrono::nanoseconds ran(stage == 0 ? 0 : now_ns() - flight->begun_ns);
    if (ran < limit) return self->watch_tool(flight, stop, tool, f, c, turn, limit - ran);
    int running = 1;
    if (!flight->stage.compare_exchange_strong(running, 3)) return;
    stop->request_stop();
    self->loop_->pool().lend(1);
    --self->in_flight_;
    self->tool_ended(
        f, c, turn, false,
        fmt::format("Tool '{}' timed out after {} ms.", tool.name,
                    tool.options.timeout.value_or(kToolTimeout).count()));
  });
}

// ---- guardrails, approvals -------------------------------------------------------------------

const Guardrail* RunDriver::find_guardrail(const Command& command) {
  const int f = command.frame, c = command.call;
  const CompiledAgent& agent = agent_of(f);
  const auto index = static_cast<std::size_t>(command.index);
  const Guardrail* guardrail = nullptr;
  const OfferedTool* tool = c >= 0 ? find_tool(f, call(f, c).call().tool) : nullptr;
  switch (command.point) {
    case GuardPoint::kInput:
      guardrail = &agent.agent.input_guardrails[static_cast<std::size_t>(agent.blocking[index])];
      break;
    case GuardPoint::kBeside:
      guardrail = &agent.agent.input_guardrails[static_cast<std::size_t>(agent.beside[index])];
      break;
    case GuardPoint::kOutput: guardrail = &agent.agent.output_guardrails[index]; break;
    case GuardPoint::kToolInput:
    case GuardPoint::kToolOutput: {
      if (tool == nullptr || tool->tool < 0) break;
      const ToolOptions& options = agent.agent.tools[static_cast<std::size_t>(tool->tool)].options;
      const auto& list = command.point == GuardPoint::kToolInput ? options.input_guardrails
                                                                 : options.output_guardrails;
      if (index < list.size()) guardrail = &list[index];
      break;
    }
    case GuardPoint::kHandoff: {
      if (tool == nullptr || tool->handoff < 0) break;
      const auto& list =
          agent.agent.handoffs[static_cast<std::size_t>(tool->handoff)].guardrails;
      if (index < list.size()) guardrail = &list[index];
      break;
    }
  }
  return guardrail;
}

void RunDriver::check_guardrail(const Command& command) {
  const int f = command.frame, c = command.call;
  const Guardrail* guardrail = find_guardrail(command);
  GuardrailEnded ended{f, command.point, c, command.index, Verdict::kStop, {}};
  if (guardrail == nullptr) {  // fails closed
    ended.message = "the guardrail is not there any more";
    return feed(std::move(ended));
  }
  struct Scope {
    std::vector<ItemPtr> history;
    std::string text, tool, arguments, call_id;
  };
  auto scope = std::make_shared<Scope>();
  auto items = frame(f).history.items();
  // Of a run that was resumed the model may have said something since.
  if (command.point == GuardPoint::kBeside)
    items = items.first(std::min(items.size(), frame(f).asked_items));
  scope->history.assign(items.begin(), items.end());
  if (c >= 0) {
    const ToolCallItem& asked = call(f, c).call();
    scope->tool = asked.tool;
    scope->arguments = asked.arguments;
    scope->call_id = asked.id;
    scope->text = call(f, c).output;
  } else {
    scope->text = command.point == GuardPoint::kOutput ? frame(f).answer
                                                       : std::string(last_input(items));
  }
  RunContext who = context(f);
  on_worker(
      f,
      [self = shared_from_this(), scope, guardrail, who, ended]() mutable -> AgentOutcome {
        GuardrailSubject subject{ended.point, scope->text, scope->tool, scope->arguments,
                                 scope->history};
        who.call_id = scope->call_id;
        try {
          GuardrailVerdict verdict = guardrail->check(subject, who);
          ended.verdict = verdict.verdict;
          ended.message = std::move(verdict.message);
        } catch (...) {
          ended.verdict = Verdict::kStop;
          ended.message = fmt::format("the guardrail '{}' failed: {}", guardrail->name,
                                      what_of(std::current_exception()));
        }
        return std::move(ended);
      },
      JsonObject{{"name", guardrail->name}});
}

void RunDriver::ask_approval(const Command& command) {
  const ToolCallItem& asked = call(command.frame, command.call).call();
  if (options_.policy != nullptr && asked.tool != kAskUserTool) {
    const OfferedTool* found = find_tool(command.frame, asked.tool);
    std::string subject = "tool:" + asked.tool;
    if (found != nullptr && found->handoff >= 0) {
      subject = fmt::format(
          "handoff:{}->{}", agent_of(command.frame).agent.name,
          team_.compiled().agents[static_cast<std::size_t>(found->target)].agent.name);
    }
    const PolicyAnswer answer = options_.policy->decide(subject);
    if (answer.verdict != PolicyVerdict::kAsk) {
      const bool allowed = answer.verdict == PolicyVerdict::kAllow;
      return feed(ApprovalDecided{
          command.frame, command.call, allowed,
          allowed ? "" : fmt::format("The policy denies it ({}).", answer.rule), false},
                  JsonObject{{"by", "policy " + answer.rule}});
    }
  }
  const auto always = always_.find({agent_of(command.frame).agent.name, asked.tool});
  const bool left = left_to_wait_.contains(
      {command.frame, frame(command.frame).turn, command.call});
  // Else a person decides: RunHandle::approve, reject, answer.
  if (always == always_.end() || left) return;
  feed(ApprovalDecided{command.frame, command.call, always->second,
                       always->second ? "" : "Not approved, as before.", false},
       JsonObject{{"by", "user, as before"}});
}

// ---- the agent's and the run's own rules -----------------------------------------------------

void RunDriver::decide_tools(const Command& command) {
  struct Scope {
    std::vector<ItemPtr> items;
    std::vector<std::string> outputs;
    std::vector<ToolOutput> results;
  };
  auto scope = std::make_shared<Scope>();
  const std::size_t count = frame(command.frame).calls.size();
  scope->outputs.reserve(count);
  for (const CallState& call : frame(command.frame).calls) {
    scope->items.push_back(call.item);
    scope->outputs.push_back(call.output);
    scope->results.push_back({call.call().tool, scope->outputs.back(), call.ok});
  }
  const Agent& agent = agent_of(command.frame).agent;
  on_worker(command.frame, [self = shared_from_this(), scope, &agent, f = command.frame,
                            who = context(command.frame)]() -> AgentOutcome {
    try {
      return ToolsDecided{f, agent.decide(scope->results, who)};
    } catch (...) {
      const Error error{ErrorCode::kInternal,
                        fmt::format("`decide` of the agent '{}' failed: {}", agent.name,
                                    what_of(std::current_exception())),
                        {}};
      return Stopped{false, RunStatus::kInternal, error.message};
    }
  });
}

void RunDriver::recover(const Command& command) {
  if (options_.recover == nullptr) return feed(Recovered{command.frame, std::nullopt});
  on_worker(command.frame,
            [self = shared_from_this(), f = command.frame, status = frame(command.frame).status,
             reason = frame(command.frame).reason,
             who = context(command.frame)]() -> AgentOutcome {
              try {
                return Recovered{f, self->options_.recover(status, reason, who)};
              } catch (...) {
                return Recovered{f, std::nullopt};
              }
            });
}

}  // namespace cadre
