#include "core/agent_journal_json.h"

#include <fmt/core.h>

#include "base/hash.h"

namespace cadre::detail {
namespace {

constexpr std::string_view kKinds[] = {"tool", "agent", "handoff", "unknown"};
constexpr std::string_view kPoints[] = {"input", "beside", "output", "tool_input", "tool_output",
                                        "handoff"};
constexpr std::string_view kOnFailure[] = {"fail_join", "ignore", "cancel_others"};
constexpr std::string_view kVerdicts[] = {"allow", "reject", "retry", "stop"};

template <class Enum, std::size_t N>
Result<Enum> word_of(const std::string_view (&words)[N], const std::string& word) {
  for (std::size_t i = 0; i < N; ++i) {
    if (words[i] == word) return static_cast<Enum>(i);
  }
  return fail(ErrorCode::kCorrupt, fmt::format("unknown word '{}'", word));
}

Json facts_json(const CallFacts& facts, boost::json::storage_ptr memory) {
  JsonObject out({{"kind", kKinds[static_cast<int>(facts.kind)]},
                  {"effect", to_string(facts.effect)}},
                 std::move(memory));
  if (facts.needs_approval) out["needs_approval"] = true;
  if (facts.ends_run) out["ends_run"] = true;
  if (facts.fatal) out["fatal"] = true;
  if (facts.input_checks > 0) out["input_checks"] = facts.input_checks;
  if (facts.output_checks > 0) out["output_checks"] = facts.output_checks;
  if (facts.target >= 0) out["target"] = facts.target;
  if (!facts.problem.empty()) out["problem"] = facts.problem;
  if (facts.on_failure != BranchFailure::kFailJoin)
    out["on_failure"] = kOnFailure[static_cast<int>(facts.on_failure)];
  return out;
}

Result<CallFacts> facts_of(const Json& json) {
  CallFacts facts;
  auto kind = word_of<CallFacts::Kind>(kKinds, json::get_string(json, "kind"));
  if (!kind) return propagate(kind);
  facts.kind = *kind;
  const std::string effect = json::get_string(json, "effect");
  facts.effect = effect == "pure"         ? ToolEffect::kPure
                 : effect == "idempotent" ? ToolEffect::kIdempotent
                                          : ToolEffect::kExternal;
  facts.needs_approval = json::get_bool(json, "needs_approval");
  facts.ends_run = json::get_bool(json, "ends_run");
  facts.fatal = json::get_bool(json, "fatal");
  facts.input_checks = static_cast<int>(json::get_int(json, "input_checks"));
  facts.output_checks = static_cast<int>(json::get_int(json, "output_checks"));
  facts.target = static_cast<int>(json::get_int(json, "target", -1));
  facts.problem = json::get_string(json, "problem");
  auto on_failure =
      word_of<BranchFailure>(kOnFailure, json::get_string(json, "on_failure", "fail_join"));
  if (!on_failure) return propagate(on_failure);
  facts.on_failure = *on_failure;
  return facts;
}

Result<std::vector<ItemPtr>> read_items(const Json& array) {
  std::vector<ItemPtr> items;
  if (!array.is_array()) return fail(ErrorCode::kCorrupt, "items are not a list");
  for (const Json& json : array.as_array()) {
    auto item = item_from_json(json);
    if (!item) return propagate(item);
    items.push_back(std::make_shared<const Item>(std::move(*item)));
  }
  return items;
}

Result<std::vector<ItemPtr>> items_text(const Json& body, const std::string& key,
                                        const AgentJournal::LoadBlob& load) {
  auto text = get_text(body, key, load);
  if (!text) return propagate(text);
  auto json = json::parse(*text);
  if (!json) return propagate(json);
  return read_items(*json);
}

}  // namespace

void put_text(JsonObject& body, std::string_view key, const std::string& text,
              std::vector<std::string>& blobs) {
  if (text.size() <= AgentJournal::kInlineMax) {
    body[key] = text;
    return;
  }
  body[std::string(key) + "_blob"] = sha256_hex(text);
  blobs.push_back(text);
}

Result<std::string> get_text(const Json& body, const std::string& key,
                             const AgentJournal::LoadBlob& load) {
  const std::string address = json::get_string(body, key + "_blob");
  return address.empty() ? json::get_string(body, key) : load(address);
}

std::string write_items(std::span<const ItemPtr> items) {
  JsonArray array;
  for (const ItemPtr& item : items) array.push_back(to_json(*item));
  return json::write(array);
}

void put_model(JsonObject& body, const ModelEnded& outcome, std::vector<std::string>& blobs) {
  body["ok"] = !outcome.error.has_value();
  if (!outcome.made) body["made"] = false;
  if (outcome.error) {
    body["error"] = outcome.error->message;
    body["code"] = to_string(outcome.error->code);
    body["failure"] = to_string(outcome.failure);
    return;
  }
  JsonArray items(body.storage()), calls(body.storage());
  std::size_t bytes = 0;
  for (const Item& item : outcome.items) {
    items.push_back(item_json(item, body.storage()));
    if (const auto* message = std::get_if<MessageItem>(&item)) bytes += message->text.size();
    if (const auto* call = std::get_if<ToolCallItem>(&item)) bytes += call->arguments.size();
  }
  for (const CallFacts& facts : outcome.calls) calls.push_back(facts_json(facts, body.storage()));
  if (bytes > AgentJournal::kInlineMax) {
    put_text(body, "items", json::write(items), blobs);
  } else {
    body["items"] = std::move(items);
  }
  if (!calls.empty()) body["calls"] = std::move(calls);
  if (!outcome.refusal.empty()) body["refusal"] = outcome.refusal;
  if (outcome.last_turn) body["last_turn"] = true;
}

void put_guardrail(JsonObject& body, const GuardrailEnded& outcome) {
  body["point"] = kPoints[static_cast<int>(outcome.point)];
  body["index"] = outcome.index;
  body["verdict"] = kVerdicts[static_cast<int>(outcome.verdict)];
  body["reason"] = outcome.message;
}

void put_rest(JsonObject& body, const AgentOutcome& outcome, int& frame,
              std::vector<std::string>& blobs) {
  if (const auto* decided = std::get_if<ToolsDecided>(&outcome)) {
    frame = decided->frame;
    body["outcome"] = "tools_decided";
    if (decided->output) put_text(body, "output", *decided->output, blobs);
    body["answer"] = decided->output.has_value();
  } else if (const auto* recovered = std::get_if<Recovered>(&outcome)) {
    frame = recovered->frame;
    body["outcome"] = "recovered";
    if (recovered->output) put_text(body, "output", *recovered->output, blobs);
    body["answer"] = recovered->output.has_value();
  } else if (const auto* late = std::get_if<BranchStopped>(&outcome)) {
    frame = late->frame;
    body["outcome"] = "branch_stopped";
    body["call"] = late->call;
    body["reason"] = late->reason;
  } else if (const auto* stopped = std::get_if<Stopped>(&outcome)) {
    body["outcome"] = "stopped";
    body["after_turn"] = stopped->after_turn;
    body["status"] = to_string(stopped->status);
    body["reason"] = stopped->reason;
  }
}

void put_handoff(JsonObject& body, const AskedHandoff& handoff) {
  body["handoff"] = JsonObject{{"call", to_json(Item(handoff.call))},
                               {"facts", facts_json(handoff.facts, {})}};
}

namespace {

Result<AskedHandoff> read_handoff(const Json& json) {
  const Json* call = json::find(json, "call");
  const Json* facts = json::find(json, "facts");
  if (call == nullptr || facts == nullptr)
    return fail(ErrorCode::kCorrupt, "the handoff that the run was made for is not whole");
  auto item = item_from_json(*call);
  if (!item) return propagate(item);
  auto* asked = std::get_if<ToolCallItem>(&*item);
  if (asked == nullptr) return fail(ErrorCode::kCorrupt, "the run was made for what is no call");
  auto read = facts_of(*facts);
  if (!read) return propagate(read);
  return AskedHandoff{std::move(*asked), std::move(*read)};
}

}  // namespace

Result<std::optional<AgentOutcome>> read_opened(const Json& body, std::span<const ItemPtr> past,
                                                const AgentJournal::LoadBlob& load) {
  Opened opened;
  opened.agent = static_cast<int>(json::get_int(body, "agent_index"));
  const auto count = static_cast<std::size_t>(json::get_int(body, "past"));
  if (count > past.size()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("the run began with {} items of its session, {} are there", count,
                            past.size()),
                "give the session that it was started with");
  }
  auto history = History::from(past.first(count));
  if (!history) return propagate(history);
  opened.past = std::move(*history);
  const Json* input = json::find(body, "input");
  auto items = read_items(input == nullptr ? Json(JsonArray()) : *input);
  if (!items) return propagate(items);
  opened.input = std::move(*items);
  if (json::find(body, "context") != nullptr || json::find(body, "context_blob") != nullptr) {
    auto context = items_text(body, "context", load);
    if (!context) return propagate(context);
    opened.context = std::move(*context);
  }
  if (const Json* handoff = json::find(body, "handoff")) {
    auto read = read_handoff(*handoff);
    if (!read) return propagate(read);
    opened.handoff = std::move(*read);
  }
  return AgentOutcome(std::move(opened));
}

namespace {

Result<std::optional<AgentOutcome>> read_model(const Json& body, int frame,
                                               const AgentJournal::LoadBlob& load) {
  ModelEnded ended;
  ended.frame = frame;
  if (!json::get_bool(body, "ok")) {
    ended.error = Error{ErrorCode::kUnavailable, json::get_string(body, "error"), {}};
    auto failure = run_status_from(json::get_string(body, "failure", "model_error"));
    if (!failure) return propagate(failure);
    ended.failure = *failure;
    ended.made = json::get_bool(body, "made", true);
    return AgentOutcome(std::move(ended));
  }
  const Json* inlined = json::find(body, "items");
  auto items = inlined != nullptr ? read_items(*inlined) : items_text(body, "items", load);
  if (!items) return propagate(items);
  for (const ItemPtr& item : *items) ended.items.push_back(*item);
  for (const Json& call : json::get_array(body, "calls")) {
    auto facts = facts_of(call);
    if (!facts) return propagate(facts);
    ended.calls.push_back(std::move(*facts));
  }
  ended.refusal = json::get_string(body, "refusal");
  ended.last_turn = json::get_bool(body, "last_turn");
  return AgentOutcome(std::move(ended));
}

Result<std::optional<AgentOutcome>> read_rest(const Json& body, int frame, int call,
                                              const AgentJournal::LoadBlob& load) {
  const std::string outcome = json::get_string(body, "outcome");
  std::optional<std::string> output;
  if (json::get_bool(body, "answer")) {
    auto text = get_text(body, "output", load);
    if (!text) return propagate(text);
    output = std::move(*text);
  }
  if (outcome == "tools_decided") return AgentOutcome(ToolsDecided{frame, std::move(output)});
  if (outcome == "recovered") return AgentOutcome(Recovered{frame, std::move(output)});
  if (outcome == "branch_stopped")
    return AgentOutcome(BranchStopped{frame, call, json::get_string(body, "reason")});
  if (outcome == "stopped") {
    auto status = run_status_from(json::get_string(body, "status"));
    if (!status) return propagate(status);
    return AgentOutcome(Stopped{json::get_bool(body, "after_turn"), *status,
                                json::get_string(body, "reason")});
  }
  return std::optional<AgentOutcome>();
}

}  // namespace

Result<std::optional<AgentOutcome>> read_outcome(const Event& event, int frame, int call,
                                                 const AgentJournal::LoadBlob& load) {
  const Json& body = event.body;
  switch (event.kind) {
    case EventKind::kModelCallEnded: return read_model(body, frame, load);
    case EventKind::kToolCallEnded: {
      auto output = get_text(body, "output", load);
      if (!output) return propagate(output);
      return AgentOutcome(
          ToolEnded{frame, call, json::get_bool(body, "ok"), std::move(*output),
                    json::get_bool(body, "made", true)});
    }
    case EventKind::kGuardrail: {
      auto point = word_of<GuardPoint>(kPoints, json::get_string(body, "point"));
      auto verdict = word_of<Verdict>(kVerdicts, json::get_string(body, "verdict"));
      if (!point) return propagate(point);
      if (!verdict) return propagate(verdict);
      return AgentOutcome(GuardrailEnded{frame, *point, call,
                                         static_cast<int>(json::get_int(body, "index")), *verdict,
                                         json::get_string(body, "reason")});
    }
    case EventKind::kApprovalDecided:
      return AgentOutcome(ApprovalDecided{frame, call, json::get_bool(body, "approved"),
                                          json::get_string(body, "message"),
                                          json::get_bool(body, "answered")});
    case EventKind::kHandoffAccepted:
    case EventKind::kHandoffRefused: {
      HandoffEnded ended{frame, call, event.kind == EventKind::kHandoffAccepted,
                         json::get_string(body, "reason"), std::nullopt};
      if (body.as_object().contains("items") || body.as_object().contains("items_blob")) {
        auto items = items_text(body, "items", load);
        if (!items) return propagate(items);
        ended.items = std::move(*items);
      }
      return AgentOutcome(std::move(ended));
    }
    case EventKind::kBranchOpened: {
      auto items = items_text(body, "items", load);
      if (!items) return propagate(items);
      BranchOpened opened{frame, call, std::move(*items), json::get_string(body, "problem")};
      for (const Json& lesson : json::get_array(body, "lessons")) {
        if (lesson.is_number()) opened.lessons.push_back(lesson.to_number<std::int64_t>());
      }
      return AgentOutcome(std::move(opened));
    }
    case EventKind::kMessage: {
      const Json* item = json::find(body, "item");
      auto message = item_from_json(item == nullptr ? Json() : *item);
      if (!message) return propagate(message);
      if (auto* text = std::get_if<MessageItem>(&*message))
        return AgentOutcome(InputAdded{std::move(*text)});
      return fail(ErrorCode::kCorrupt, "what the user said is not a message");
    }
    case EventKind::kNote: return read_rest(body, frame, call, load);
    default: return std::optional<AgentOutcome>();
  }
}

}  // namespace cadre::detail

namespace cadre {

Json to_json(const LoopLimits& limits) {
  JsonArray recover;
  for (const RunStatus status : limits.recover) recover.push_back(Json(to_string(status)));
  return JsonObject{{"turns_max", limits.turns_max},
                    {"depth_max", limits.depth_max},
                    {"parallel_tools", limits.parallel_tools},
                    {"finish_on_limit", limits.finish_on_limit},
                    {"repeat_calls", limits.repeat_calls},
                    {"repeat_handoffs", limits.repeat_handoffs},
                    {"recover", std::move(recover)}};
}

LoopLimits limits_from_json(const Json& json, LoopLimits fallback) {
  LoopLimits limits = std::move(fallback);
  const auto read = [&](int& limit, std::string_view key) {
    limit = static_cast<int>(json::get_int(json, key, limit));
  };
  read(limits.turns_max, "turns_max");
  read(limits.depth_max, "depth_max");
  read(limits.parallel_tools, "parallel_tools");
  read(limits.repeat_calls, "repeat_calls");
  read(limits.repeat_handoffs, "repeat_handoffs");
  limits.finish_on_limit = json::get_bool(json, "finish_on_limit", limits.finish_on_limit);
  if (json::find(json, "recover") == nullptr) return limits;
  limits.recover.clear();
  for (const std::string& word : json::get_strings(json, "recover")) {
    if (const auto status = run_status_from(word)) limits.recover.insert(*status);
  }
  return limits;
}

}  // namespace cadre
