// Cost of the pure parts of a model call. Goals: about 100 ns an item written, at most 2 us a
// streamed delta with its server-sent event.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "model/adapter.h"
#include "net/sse.h"

namespace {

using namespace cadre;

const char* const kNames[] = {"openai-chat", "openai", "anthropic"};

std::unique_ptr<model::Adapter> adapter(std::int64_t which) {
  const model::Profile* profile = model::find_profile(kNames[which]);
  return model::make_adapter(*profile, "m");
}

// Turns of a tool loop: a call and its result, and now and then a message.
std::vector<ItemPtr> history(std::int64_t size) {
  std::vector<ItemPtr> items;
  const auto add = [&](Item item) {
    if (static_cast<std::int64_t>(items.size()) < size)
      items.push_back(std::make_shared<const Item>(std::move(item)));
  };
  for (int turn = 0; static_cast<std::int64_t>(items.size()) < size; ++turn) {
    add(MessageItem{Speaker::kUser, "What is the weather in Paris today, please?", "", false, {}});
    add(ToolCallItem{fmt::format("call_{}", turn), "get_weather", R"({"city":"Paris"})", {}});
    add(ToolResultItem{fmt::format("call_{}", turn), "sunny, 22 C, wind from the west", true});
    add(MessageItem{Speaker::kAssistant, "It is sunny in Paris, 22 C.", "", false, {}});
  }
  return items;
}

void BM_WriteRequest(benchmark::State& state) {
  const auto vendor = adapter(state.range(0));
  const std::vector<ItemPtr> items = history(state.range(1));
  ToolSpec tool;
  tool.name = "get_weather";
  tool.description = "The weather of a city.";
  tool.parameters = *json::parse(
      R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"]})");
  const std::vector<std::shared_ptr<const ToolSpec>> tools{
      std::make_shared<const ToolSpec>(std::move(tool))};
  ModelRequest request;
  request.instructions = "You are a helpful assistant.";
  request.items = items;
  request.tools = tools;
  std::size_t bytes = 0;
  for (auto _ : state) {
    auto wire = vendor->build_request(request);
    CADRE_CHECK(wire.has_value(), "the request is sound");
    bytes += wire->body.size();
    benchmark::DoNotOptimize(wire->body.data());
  }
  state.SetLabel(kNames[state.range(0)]);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(state.iterations() * state.range(1));
}
BENCHMARK(BM_WriteRequest)->ArgsProduct({{0, 1, 2}, {10, 1000}});

constexpr const char* kReplies[] = {
    R"({"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"Paris\"}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":50,"completion_tokens":20,"total_tokens":70}})",
    R"({"id":"resp_1","object":"response","created_at":1,"model":"m","status":"completed","error":null,"incomplete_details":null,"output":[{"type":"function_call","id":"fc_1","call_id":"call_1","name":"get_weather","arguments":"{\"city\":\"Paris\"}","status":"completed"}],"usage":{"input_tokens":50,"input_tokens_details":{"cached_tokens":0},"output_tokens":20,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":70}})",
    R"({"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{"city":"Paris"}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":50,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":20}})"};

void BM_ParseReply(benchmark::State& state) {
  const auto vendor = adapter(state.range(0));
  const model::ReplyContext context;
  for (auto _ : state) {
    auto reply = vendor->parse_reply(200, kReplies[state.range(0)], context);
    CADRE_CHECK(reply.has_value() && reply->items.size() == 1, "the reply is sound");
    benchmark::DoNotOptimize(reply);
  }
  state.SetLabel(kNames[state.range(0)]);
}
BENCHMARK(BM_ParseReply)->DenseRange(0, 2);

constexpr const char* kDeltas[] = {
    R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":[{"index":0,"delta":{"content":"some more"},"finish_reason":null}]})",
    R"({"type":"response.output_text.delta","sequence_number":7,"item_id":"msg_1","output_index":0,"content_index":0,"delta":"some more"})",
    R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"some more"}})"};
constexpr const char* kBegin[] = {
    "", "",
    R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"};

void BM_StreamedDelta(benchmark::State& state) {
  const auto vendor = adapter(state.range(0));
  const auto which = static_cast<std::size_t>(state.range(0));
  const std::string bytes = fmt::format("data: {}\n\n", kDeltas[which]);
  std::size_t shown = 0, events = 0;
  const Model::OnDelta show = [&](const ModelDelta& delta) { shown += delta.text.size(); };
  for (auto _ : state) {
    auto parser = vendor->start_stream(std::make_shared<const model::ReplyContext>());
    net::SseParser sse([&](const net::SseEvent& event) {
      CADRE_CHECK(parser->feed(event.name, event.data, show).has_value(), "the event is sound");
    });
    if (*kBegin[which] != 0) (void)parser->feed("", kBegin[which], show);
    for (int i = 0; i < 1000; ++i) (void)sse.feed(bytes);
    events += 1000;
  }
  CADRE_CHECK(shown == events * 9, "every delta was shown");
  state.SetLabel(kNames[which]);
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
}
BENCHMARK(BM_StreamedDelta)->DenseRange(0, 2);

}  // namespace

BENCHMARK_MAIN();
