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
                             {"reasoning", &Usage::reasoning_tokens}};

}  // namespace

Json to_json(const Usage& usage) {
  JsonObject out{{"requests", usage.requests}};
  for (const Count& count : kCounts) {
    if (usage.*count.member) out[count.name] = *(usage.*count.member);
  }
  return out;
}

Usage usage_from_json(const Json& json) {
  Usage usage;
  usage.requests = static_cast<int>(json::get_int(json, "requests", 1));
  for (const Count& count : kCounts) {
    if (const Json* value = json::find(json, count.name); value != nullptr && value->is_int64())
      usage.*count.member = value->as_int64();
  }
  return usage;
}

}  // namespace cadre
