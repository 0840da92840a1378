#include "model/model.h"

namespace cadre {
namespace {

struct Count {
  const char* name;
  std::optional<std::int64_t> Usage::* member;
};
constexpr Count kCounts[] = {{"input", &Usage::input_tokens},
                             {"output", &Usage::output_tokens},
                             {"cached", &Usage::cached_tokens},
                             {"reasoning", &Usage::reasoning_tokens},
                             {"cache_write", &Usage::cache_write_tokens}};

}  // namespace

Json to_json(const Usage& usage) {
  JsonObject out{{"requests", usage.requests}};
  for (const Count& count : kCounts) {
    if (usage.*count.member) out[count.name] = *(usage.*count.member);
  }
  if (usage.cost_usd) out["cost_usd"] = *usage.cost_usd;
  if (!usage.answered_by.empty()) out["answered_by"] = usage.answered_by;
  if (usage.from_cache) out["from_cache"] = true;
  if (usage.uncounted > 0) out["uncounted"] = usage.uncounted;
  return out;
}

Usage usage_from_json(const Json& json) {
  Usage usage;
  usage.requests = static_cast<int>(json::get_int(json, "requests", 1));
  for (const Count& count : kCounts) {
    if (const Json* value = json::find(json, count.name); value != nullptr && value->is_int64())
      usage.*count.member = value->as_int64();
  }
  if (const Json* cost = json::find(json, "cost_usd"); cost != nullptr && cost->is_number())
    usage.cost_usd = cost->to_number<double>();
  usage.answered_by = json::get_string(json, "answered_by");
  usage.from_cache = json::get_bool(json, "from_cache");
  usage.uncounted = static_cast<int>(json::get_int(json, "uncounted"));
  return usage;
}

}  // namespace cadre
