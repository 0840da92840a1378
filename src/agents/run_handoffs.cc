// Handoffs and branches: who is asked, what the target reads.
#include <fmt/core.h>

#include <algorithm>

#include "agents/run_driver.h"
#include "agents/run_words.h"
#include "base/text.h"

namespace cadre {

namespace {

struct HandoffScope {
  HandoffEnded ended;
  Json arguments;
  std::string source, target, task, call_id;
  std::vector<ItemPtr> context;
  std::optional<Priority> priority;  // of request_handoff; else the handoff's own
};

// Asks the target and the handoff's own function; the filter is applied on acceptance.
void ask_target(HandoffScope& scope, const Handoff& handoff, const Agent& target, RunContext who) {
  who.call_id = scope.call_id;
  HandoffRequest request;
  request.source = scope.source;
  request.target = scope.target;
  request.task = scope.task;
  request.arguments = &scope.arguments;
  request.priority = scope.priority.value_or(handoff.priority);
  request.context = scope.context;
  try {
    for (const auto* decide : {&target.accept, &handoff.on_handoff}) {
      if (*decide == nullptr) continue;
      HandoffAnswer answer = (*decide)(request, who);
      if (answer.accepted) continue;
      scope.ended.accepted = false;
      scope.ended.reason = std::move(answer.reason);
      return;
    }
    scope.ended.accepted = true;
    if (handoff.filter != nullptr) scope.ended.items = handoff.filter(scope.context);
  } catch (...) {
    scope.ended.accepted = false;
    scope.ended.items.reset();
    scope.ended.reason =
        fmt::format("a function of the handoff failed: {}", what_of(std::current_exception()));
    return;
  }
  if (!scope.ended.items) return;
  const bool dirty = std::ranges::any_of(*scope.ended.items, [](const ItemPtr& item) {
    const auto* message = std::get_if<MessageItem>(item.get());
    return message != nullptr && !text::is_valid_utf8(message->text);
  });
  if (dirty) {
    scope.ended.accepted = false;
    scope.ended.items.reset();
    scope.ended.reason = "the filter gives a message that is not valid UTF-8";
    return;
  }
  if (const auto valid = History::from(*scope.ended.items); !valid) {
    scope.ended.accepted = false;
    scope.ended.items.reset();
    scope.ended.reason = "the filter does not give a valid history: " + valid.error().message;
  }
}

}  // namespace

void RunDriver::hand_off(const Command& command) {
  const int f = command.frame, c = command.call;
  const ToolCallItem& asked = call(f, c).call();
  const OfferedTool* found = find_tool(f, asked.tool);
  auto scope = std::make_shared<HandoffScope>();
  scope->ended.frame = f;
  scope->ended.call = c;
  if (found == nullptr || found->handoff < 0) {
    scope->ended.reason = "this handoff is not there any more";
    return feed(std::move(scope->ended));
  }
  auto arguments = read_arguments(asked, *found->arguments);
  if (!arguments) {
    scope->ended.reason = arguments.error().message;
    return feed(std::move(scope->ended));
  }
  const Handoff& handoff = agent_of(f).agent.handoffs[static_cast<std::size_t>(found->handoff)];
  const Agent& target =
      team_.compiled().agents[static_cast<std::size_t>(found->target)].agent;
  if (target.accept == nullptr && handoff.on_handoff == nullptr && handoff.filter == nullptr) {
    scope->ended.accepted = true;
    return feed(std::move(scope->ended));
  }
  auto history = handoff_history(run_, f, c);
  if (!history) return end_early(RunStatus::kInternal, history.error().describe());
  scope->context.assign(history->items().begin(), history->items().end());
  scope->arguments = std::move(*arguments);
  scope->source = agent_of(f).agent.name;
  scope->target = target.name;
  scope->task = json::get_string(scope->arguments, "task");
  scope->call_id = asked.id;
  if (run_.asked_handoff && f == 0 && run_.frames[0].turn == 0)
    scope->priority = priority_from(purpose_.priority);
  on_worker(f, [self = shared_from_this(), scope, &handoff, &target,
                who = context(f)]() mutable -> AgentOutcome {
    ask_target(*scope, handoff, target, who);
    return std::move(scope->ended);
  });
}

void RunDriver::open_branch(const Command& command) {
  const int f = command.frame, c = command.call;
  const ToolCallItem& asked = call(f, c).call();
  const OfferedTool* found = find_tool(f, asked.tool);
  Result<Json> arguments = fail(ErrorCode::kNotFound, "this agent is not there any more");
  const bool handoff = call(f, c).facts.kind == CallFacts::Kind::kHandoff;
  if (found != nullptr && handoff == (found->handoff >= 0))
    arguments = read_arguments(asked, *found->arguments);
  if (!arguments) {
    if (handoff) return feed(HandoffEnded{f, c, false, arguments.error().message, std::nullopt});
    return feed(BranchOpened{f, c, {}, arguments.error().message});
  }
  if (!handoff) {
    const Json* input = json::find(*arguments, "input");
    return open_agent_tool(command, input != nullptr && input->is_string()
                                        ? json::get_string(*arguments, "input")
                                        : asked.arguments);
  }
  // A branch reads the conversation up to the reply that opened it, and its task.
  auto scope = std::make_shared<HandoffScope>();
  const auto items = frame(f).history.items();
  std::size_t end = items.size();
  while (end > 0) {
    if (!is_of_reply(*items[end - 1])) break;
    --end;
  }
  scope->context.assign(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(end));
  scope->ended.frame = f;
  scope->ended.call = c;
  scope->arguments = std::move(*arguments);
  scope->source = agent_of(f).agent.name;
  scope->task = json::get_string(scope->arguments, "task");
  scope->call_id = asked.id;
  const Handoff& by = agent_of(f).agent.handoffs[static_cast<std::size_t>(found->handoff)];
  const Agent& target = team_.compiled().agents[static_cast<std::size_t>(found->target)].agent;
  scope->target = target.name;
  on_worker(f, [self = shared_from_this(), scope, &by, &target,
                who = context(f)]() mutable -> AgentOutcome {
    ask_target(*scope, by, target, who);
    if (!scope->ended.accepted) return std::move(scope->ended);
    BranchOpened opened{scope->ended.frame, scope->ended.call,
                        scope->ended.items ? std::move(*scope->ended.items)
                                           : std::move(scope->context), {}};
    if (!scope->task.empty()) {
      MessageItem message;
      message.text = scope->task;
      opened.items.push_back(std::make_shared<const Item>(std::move(message)));
    }
    return opened;
  });
}

// An agent as a tool reads what is known to it, and its input.
void RunDriver::open_agent_tool(const Command& command, std::string input) {
  const int f = command.frame, c = command.call;
  const auto message = [](std::string text) {
    MessageItem made;
    made.text = std::move(text);
    return std::make_shared<const Item>(std::move(made));
  };
  if (options_.memory == nullptr) return feed(BranchOpened{f, c, {message(std::move(input))}, {}});
  on_worker(f, [self = shared_from_this(), f, c, message, input = std::move(input),
                target = call(f, c).facts.target]() mutable -> AgentOutcome {
    auto known = self->known_to(target, input, false);
    if (!known) return BranchOpened{f, c, {}, "memory: " + known.error().describe()};
    BranchOpened outcome{f, c, {}, {}};
    if (!known->text.empty()) outcome.items.push_back(message(std::move(known->text)));
    outcome.lessons = std::move(known->lessons);
    outcome.items.push_back(message(std::move(input)));
    return outcome;
  });
}

bool RunDriver::waits_for_person(int f) {
  for (const CallState& each : frame(f).calls) {
    if (each.phase == CallState::Phase::kApproval) return true;
    if (each.phase == CallState::Phase::kBranch && each.child >= 0 &&
        frame(each.child).phase != Frame::Phase::kOver && waits_for_person(each.child))
      return true;
  }
  return false;
}

// Sets the timer of an agent as a tool, if it has one. `waited`: zero when it begins.
void RunDriver::watch_branch(int f, int c, std::chrono::nanoseconds waited) {
  if (static_cast<std::size_t>(c) >= frame(f).calls.size()) return;
  const CallState& opened = call(f, c);
  const OfferedTool* found = find_tool(f, opened.call().tool);
  if (opened.phase != CallState::Phase::kBranch || opened.child < 0 || found == nullptr ||
      found->tool < 0)
    return;
  const Tool& tool = agent_of(f).agent.tools[static_cast<std::size_t>(found->tool)];
  const auto limit = bounded(tool.options.timeout.value_or(std::chrono::milliseconds(0)));
  if (limit.count() == 0) return;
  // In steps, so that the time in which a person is asked can be left out.
  const auto step = std::max<std::chrono::nanoseconds>(limit / 8, std::chrono::milliseconds(1));
  const auto next = std::min<std::chrono::nanoseconds>(step, limit - waited);
  loop_->at(std::chrono::steady_clock::now() + next,
            [weak = weak_from_this(), f, c, child = opened.child, waited, next, limit,
             name = tool.name] {
              const Self self = weak.lock();
              if (self == nullptr || self->finished_) return;
              if (self->frame(child).phase == Frame::Phase::kOver) return;
              const auto used = self->waits_for_person(child) ? waited : waited + next;
              if (used < limit) return self->watch_branch(f, c, used);
              self->feed(BranchStopped{
                  f, c, fmt::format("Tool '{}' timed out after {} ms.", name, limit.count())});
            });
}

// Of a run that is resumed: their time begins again.
void RunDriver::watch_open_branches() {
  for (std::size_t f = 0; f < run_.frames.size(); ++f) {
    if (run_.frames[f].phase == Frame::Phase::kOver) continue;
    for (std::size_t c = 0; c < run_.frames[f].calls.size(); ++c)
      watch_branch(static_cast<int>(f), static_cast<int>(c), {});
  }
}

}  // namespace cadre
