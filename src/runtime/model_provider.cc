#include "runtime/model_provider.h"

#include <fmt/core.h>

#include <algorithm>
#include <any>
#include <future>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "core/item.h"
#include "core/plan.h"
#include "runtime/delivery.h"
#include "runtime/model_prompt.h"
#include "runtime/prefix_meter.h"
#include "runtime/reasoning.h"
#include "runtime/rework.h"
#include "runtime/task_files.h"

namespace cadre {
namespace {

using detail::kDeliverPrefix;

constexpr std::size_t kToolNameBytes = 64;
constexpr std::size_t kNoteBytes = 500;

bool is_delivery(const Task& task, std::string_view tool) {
  if (!tool.starts_with(kDeliverPrefix)) return false;
  const std::string_view type = tool.substr(kDeliverPrefix.size());
  const StageSpec* stage = task.plan == nullptr ? nullptr : find_stage(*task.plan, task.stage);
  const std::vector<std::string>& makes = stage == nullptr ? task.makes : stage->makes;
  return std::ranges::find(makes, type) != makes.end();
}

// A call of deliver_<type> as the arguments of deliver_artifact.
Json delivery_arguments(const ToolCallItem& call) {
  JsonObject out;
  out["type"] = call.tool.substr(kDeliverPrefix.size());
  auto arguments = json::parse(call.arguments);
  if (!arguments || !arguments->is_object()) {
    out["unreadable"] = arguments ? "they are not an object" : arguments.error().message;
    return out;
  }
  if (const Json* data = json::find(*arguments, "data")) {
    out["data"] = *data;
    // Some models write nested objects as text.
    if (data->is_string()) {
      if (auto inner = json::parse(json::as_view(data->get_string())); inner && inner->is_object())
        out["data"] = std::move(*inner);
    }
  }
  for (const char* key : {"files", "reasoning"}) {
    if (const Json* member = json::find(*arguments, key)) out[key] = *member;
  }
  return out;
}

// What the model reads of a result.
std::string output_of(const ToolResult& result) {
  if (!result.ok) {
    const std::string hint = json::get_string(result.value, "hint");
    return "error: " + json::get_string(result.value, "error", "the call failed") +
           (hint.empty() ? "" : " (" + hint + ")");
  }
  return result.value.is_string() ? std::string(json::as_view(result.value.get_string()))
                                  : json::write(result.value);
}

// The first JSON value in a text: the text itself, or what stands in its first fence.
Result<Json> json_in(const std::string& text) {
  const std::string_view whole = text::trim(text);
  auto direct = json::parse(whole);
  if (direct) return direct;
  const std::size_t fence = whole.find("```");
  if (fence == std::string_view::npos) return direct;
  const std::size_t begin = whole.find('\n', fence);
  const std::size_t end = whole.find("\n```", begin == std::string_view::npos ? fence : begin);
  if (begin == std::string_view::npos || end == std::string_view::npos) return direct;
  return json::parse(whole.substr(begin, end - begin));
}

// What of the conversation counts.
struct Progress {
  std::map<std::string, ToolCallItem> delivered;  // by type: the newest accepted call
  int failed_deliveries = 0;
  int reminders = 0;
  bool last_was_good = false;  // every call of the last turn succeeded
};

// The task's conversation as far as it was read from memos and results.
struct Conversation {
  History history;
  Progress progress;
  std::size_t turns = 0, results = 0;
};

class ModelProvider final : public Provider {
 public:
  ModelProvider(std::shared_ptr<Model> model, std::shared_ptr<const ToolRegistry> tools,
                ModelProviderOptions options)
      : model_(std::move(model)), tools_(std::move(tools)), options_(options) {}

  std::string name() const override { return model_->name(); }

  CapabilityAnswer can(const Task& task) const override {
    for (const std::string& type : task.makes) {
      const std::string tool = std::string(kDeliverPrefix) + type;
      const AgentConfig* agent = task.plan ? find_agent(*task.plan, task.role) : nullptr;
      const bool taken =
          agent != nullptr && std::ranges::find(agent->tools, tool) != agent->tools.end();
      if (tool.size() <= kToolNameBytes && !taken) continue;
      return {Capability::kNo,
              {fmt::format("the artifact type {} gives no tool name: {} {}", type, tool,
                           taken ? "is one of the role's own tools" : "is too long")}};
    }
    const AgentConfig* agent = task.plan ? find_agent(*task.plan, task.role) : nullptr;
    for (const std::string& name : agent ? agent->tools : std::vector<std::string>{}) {
      const TaskTool* tool = tools_->find(name);
      if (tool == nullptr) continue;
      if (auto ready = tool->ready(task); !ready) {
        const Error& why = ready.error();
        return {Capability::kNo, {why.hint.empty() ? why.message : why.message + "; " + why.hint}};
      }
    }
    return {Capability::kYes, {}};
  }

  Result<Turn> next(const Task& task, std::span<const ToolResult> results,
                    std::stop_token stop) override {
    if (task.memos.empty() && detail::is_not_concerned(task)) return kept_work(task);
    auto told = conversation(task, results, *tools_);
    if (!told) return propagate(told);
    const Progress& progress = (*told)->progress;
    if (progress.last_was_good && missing(task, progress).empty()) {
      Turn turn;
      turn.notes.push_back("all artifacts were delivered: no further model call");
      const TaskFiles files = TaskFiles::of(task, results, task.calls.size());
      if (auto finished = finish(task, progress, files, results, turn); !finished) {
        return propagate(finished);
      }
      return turn;
    }
    Json request;
    auto reply = ask(task, **told, std::move(stop), request);
    if (!reply) return propagate(reply);
    Work work{task, results, TaskFiles::of(task, results, task.calls.size())};
    auto turn = read(work, (*told)->history, progress, std::move(*reply));
    if (turn) turn->request = std::move(request);
    return turn;
  }

 private:
  // What a reply is read against; `files` moves on with the calls of the reply.
  struct Work {
    const Task& task;
    std::span<const ToolResult> results;
    TaskFiles files;
  };

  // A task whose part the findings do not touch hands in what it made.
  static Result<Turn> kept_work(const Task& task) {
    Turn turn;
    for (const std::string& type : task.makes) {
      turn.artifacts.push_back(detail::own_part_of(task, *task.previous.at(type)));
    }
    turn.notes.push_back("no finding concerns this task: its work is kept, without a model call");
    return turn;
  }

  static std::vector<std::string> missing(const Task& task, const Progress& progress) {
    std::vector<std::string> types;
    for (const std::string& type : task.makes) {
      if (!progress.delivered.contains(type)) types.push_back(type);
    }
    return types;
  }

  // Kept between turns, so that a turn reads only what is new; read anew after a resume.
  static Result<std::shared_ptr<Conversation>> conversation(const Task& task,
                                                            std::span<const ToolResult> results,
                                                            const ToolRegistry& tools) {
    std::shared_ptr<Conversation> told;
    if (task.kept != nullptr) {
      if (const auto* kept = std::any_cast<std::shared_ptr<Conversation>>(task.kept.get())) {
        told = *kept;
        task.kept->reset();  // given back below, when it is whole
      }
    }
    if (told == nullptr) {
      told = std::make_shared<Conversation>();
      MessageItem first;
      first.text = detail::task_message(task, tools);
      first.pinned = true;
      if (auto added = told->history.add_message(std::move(first)); !added) {
        return propagate(added);
      }
    }
    for (; told->turns < task.memos.size(); ++told->turns) {
      const Json& memo = task.memos[told->turns];
      const auto count = static_cast<std::size_t>(json::get_int(memo, "calls"));
      if (told->results + count > results.size()) {
        return fail(ErrorCode::kCorrupt, "the journal holds fewer results than calls");
      }
      if (auto added = add_turn(task, memo, results.subspan(told->results, count), *told); !added) {
        return propagate(added);
      }
      told->results += count;
    }
    if (task.kept != nullptr) *task.kept = told;
    return told;
  }

  static Result<void> add_turn(const Task& task, const Json& memo,
                               std::span<const ToolResult> results, Conversation& told) {
    std::vector<Item> items;
    std::vector<ToolCallItem> calls;
    for (const Json& entry : json::get_array(memo, "items")) {
      auto item = item_from_json(entry);
      if (!item) return propagate(item);
      if (const auto* call = std::get_if<ToolCallItem>(&*item)) calls.push_back(*call);
      items.push_back(std::move(*item));
    }
    if (auto added = told.history.add_reply(std::move(items)); !added) return added;
    told.progress.last_was_good = !results.empty();
    if (json::get_bool(memo, "reminder")) {
      told.progress.reminders++;
      told.progress.last_was_good = false;
      MessageItem reminder;
      reminder.text = results.empty() ? "Deliver." : output_of(results.front());
      return told.history.add_message(std::move(reminder));
    }
    for (const ToolResult& result : results) {
      told.progress.last_was_good = told.progress.last_was_good && result.ok;
      if (auto added = told.history.add_result({result.call_id, output_of(result), result.ok});
          !added) {
        return added;
      }
      const auto call = std::ranges::find(calls, result.call_id, &ToolCallItem::id);
      if (call == calls.end() || !is_delivery(task, call->tool)) continue;
      if (result.ok) {
        told.progress.delivered[call->tool.substr(kDeliverPrefix.size())] = *call;
      } else {
        told.progress.failed_deliveries++;
      }
    }
    return {};
  }

  Result<ModelReply> ask(const Task& task, const Conversation& told, std::stop_token stop,
                         Json& measured) {
    const std::string instructions = detail::model_instructions(task);
    const std::string model = detail::model_of_role(task);
    const std::string key = fmt::format("{}/{}#{}/{}/turn:{}", task.run, task.stage, task.round,
                                        task.id, task.memos.size() + 1);
    const auto tools = detail::model_tools(task, *tools_);
    const ModelSettings settings = detail::model_settings(task);
    ModelRequest request;
    request.model = model;
    request.instructions = instructions;
    request.items = told.history.items();
    request.history = told.history;
    request.tools = tools;
    request.settings = &settings;
    // A stream says early that the model is at work: a long answer is no silence.
    request.stream = true;
    request.key = key;
    measured = prefixes_.measure(task.run + "/" + task.role, request);
    if (task.memos.empty()) measured.as_object()["selection"] = detail::selection_of(task);
    auto answered = std::make_shared<std::promise<Result<ModelReply>>>();
    auto answer = answered->get_future();
    model_->start(request, std::move(stop), {},
                  [answered](Result<ModelReply> reply) { answered->set_value(std::move(reply)); });
    auto reply = answer.get();
    if (reply) return reply;
    Error error = std::move(reply.error());
    const bool kept = error.code == ErrorCode::kCancelled || error.code == ErrorCode::kExhausted;
    if (!kept) error.code = ErrorCode::kUnavailable;
    if (error.code != ErrorCode::kCancelled) {
      error.message = fmt::format("the model {}: {}", model_->name(), error.message);
    }
    return std::unexpected(std::move(error));
  }

  Result<Turn> read(Work& work, const History& history, Progress progress, ModelReply reply) const {
    const Task& task = work.task;
    Turn turn;
    // What the vendor did not count is unknown, not 0.
    const Usage& used = reply.usage;
    if (used.input_tokens || used.output_tokens || used.cost_usd || !used.answered_by.empty())
      turn.tokens = to_json(used);
    for (std::string& note : reply.notes) turn.notes.push_back(std::move(note));
    name_calls(task, history, reply.items);
    JsonArray items;
    for (const Item& item : reply.items) items.push_back(to_json(item));
    JsonObject memo;
    memo["items"] = std::move(items);
    std::string said;
    std::vector<ToolCallItem> calls;
    for (Item& item : reply.items) {
      if (auto* message = std::get_if<MessageItem>(&item)) said += message->text;
      if (auto* call = std::get_if<ToolCallItem>(&item)) calls.push_back(std::move(*call));
    }
    if (!reply.refusal.empty()) {
      turn.refusal =
          Refusal{fmt::format("the model {} declines: {}", name(), reply.refusal),
                  "say the requirement in other words, or take another model", JsonObject{}};
    } else if (calls.empty()) {
      auto taken = read_text(work, progress, said, reply.finish, turn);
      if (!taken) return propagate(taken);
      if (!*taken) memo["reminder"] = true;
    } else {
      if (!text::trim(said).empty()) turn.notes.push_back(text::shorten(said, kNoteBytes));
      if (auto good = read_calls(work, progress, calls, turn); !good) return propagate(good);
    }
    memo["calls"] = turn.tool_calls.size();
    turn.memo = std::move(memo);
    return turn;
  }

  // Ids that are missing or were used before: not every server makes them unique.
  static void name_calls(const Task& task, const History& history, std::vector<Item>& items) {
    std::set<std::string> seen;
    int index = 0;
    for (Item& item : items) {
      auto* call = std::get_if<ToolCallItem>(&item);
      if (call == nullptr) continue;
      ++index;
      if (!call->id.empty() && !history.knows_call(call->id) && seen.insert(call->id).second)
        continue;
      call->id = fmt::format("call_{}_{}", task.memos.size() + 1, index);
      seen.insert(call->id);
    }
  }

  // Whether the text was the only artifact that is missing; else the turn asks for a delivery.
  Result<bool> read_text(const Work& work, Progress& progress, const std::string& said,
                         const std::string& finish_reason, Turn& turn) const {
    const Task& task = work.task;
    const std::vector<std::string> open = missing(task, progress);
    std::string problem = fmt::format(
        "That was text, and text delivers nothing. Call {}{} with the whole artifact.",
        kDeliverPrefix, open.empty() ? task.makes.front() : text::join(open, ", deliver_"));
    if (finish_reason == "length") problem += " Your reply was cut off: be shorter.";
    auto value = json_in(said);
    if (open.size() == 1 && value && value->is_object()) {
      ToolCallItem call;
      call.tool = std::string(kDeliverPrefix) + open.front();
      const bool wrapped = json::find(*value, "data") != nullptr;
      call.arguments = wrapped ? json::write(*value) : json::write(JsonObject{{"data", *value}});
      auto good = read_delivery(delivery_arguments(call), task, work.files, work.results);
      if (!good && wrapped) {  // "data" may be a member of the artifact itself
        call.arguments = json::write(JsonObject{{"data", *value}});
        good = read_delivery(delivery_arguments(call), task, work.files, work.results);
      }
      if (good) {
        progress.delivered[open.front()] = std::move(call);
        auto finished = finish(task, progress, work.files, work.results, turn);
        if (!finished) return propagate(finished);
        return true;
      }
      problem += " Its JSON was looked at: " + good.error().message;
    }
    if (progress.reminders >= options_.reminders_max) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("the model {} answered with text {} times and delivered no {}; it "
                              "said: {}",
                              name(), progress.reminders + 1, text::join(open, ", "),
                              said.empty() ? "nothing" : text::shorten(said, kNoteBytes)),
                  "take a model that calls tools");
    }
    ToolCall reminder;
    reminder.id = fmt::format("reminder_{}", task.memos.size() + 1);
    reminder.tool = kDeliverTool;
    reminder.arguments =
        JsonObject{{"said", text::shorten(said, kNoteBytes)}, {"problem", std::move(problem)}};
    turn.tool_calls.push_back(std::move(reminder));
    return false;
  }

  // The calls as the runtime's, or the finished work when they deliver all that is missing.
  Result<void> read_calls(Work& work, Progress& progress, const std::vector<ToolCallItem>& calls,
                          Turn& turn) const {
    const Task& task = work.task;
    bool only_good = true;
    std::string last_problem;
    for (const ToolCallItem& call : calls) {
      ToolCall out;
      out.id = call.id;
      if (is_delivery(task, call.tool)) {
        out.tool = kDeliverTool;
        out.arguments = delivery_arguments(call);
        auto good = read_delivery(out.arguments, task, work.files, work.results);
        if (good) {
          progress.delivered[good->type] = call;
        } else {
          only_good = false;
          progress.failed_deliveries++;
          last_problem = good.error().message;
        }
      } else {
        only_good = false;
        out.tool = call.tool;
        auto arguments = json::parse(call.arguments.empty() ? "{}" : call.arguments);
        out.arguments =
            arguments && arguments->is_object() ? std::move(*arguments) : Json(call.arguments);
        (void)work.files.apply(out);  // what stands before a delivery in the reply counts for it
      }
      turn.tool_calls.push_back(std::move(out));
    }
    if (progress.failed_deliveries > options_.repairs_max) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("the model {} delivered {} times what does not fit; last: {}", name(),
                              progress.failed_deliveries, text::shorten(last_problem, kNoteBytes)),
                  "take a stronger model, or make the artifact's schema simpler");
    }
    if (!only_good || !missing(task, progress).empty()) return {};
    turn.tool_calls.clear();
    return finish(task, progress, work.files, work.results, turn);
  }

  static Result<void> finish(const Task& task, const Progress& progress, const TaskFiles& files,
                             std::span<const ToolResult> results, Turn& turn) {
    for (const std::string& type : task.makes) {
      const Json arguments = delivery_arguments(progress.delivered.at(type));
      auto artifact = read_delivery(arguments, task, files, results);
      if (!artifact) return propagate(artifact);
      if (std::string note = detail::reasoning_note(arguments, task); !note.empty()) {
        turn.notes.push_back(std::move(note));
      }
      turn.artifacts.push_back(std::move(*artifact));
    }
    return {};
  }

  std::shared_ptr<Model> model_;
  std::shared_ptr<const ToolRegistry> tools_;
  ModelProviderOptions options_;
  detail::PrefixMeter prefixes_;
};

}  // namespace

std::shared_ptr<Provider> make_model_provider(std::shared_ptr<Model> model,
                                              std::shared_ptr<const ToolRegistry> tools,
                                              ModelProviderOptions options) {
  return std::make_shared<ModelProvider>(std::move(model), std::move(tools), options);
}

}  // namespace cadre
