#include "sop/agent_fields.h"

#include <fmt/format.h>

#include "base/text.h"

namespace cadre {

std::string default_agent_name(std::string_view role) {
  return text::upper_first(text::replace_all(std::string(role), "_", " "));
}

void read_model_config(Fields& fields, AgentConfig& agent) {
  const Json* config = fields.raw("model_config");
  if (config == nullptr || config->is_null()) return;
  if (!config->is_object()) {
    fields.error("model_config",
                 fmt::format("\"model_config\" must be a mapping, not {}", kind_of(*config)),
                 "write for example \"model_config: {temperature: 0.2}\"");
    return;
  }
  agent.model_config = *config;
  const auto check = [&](const char* key, double min, double max) {
    const Json* value = json::find(*config, key);
    if (value == nullptr) return;
    const double number = value->is_number() ? json::get_double(*config, key) : min - 1;
    if (number >= min && number <= max) return;
    fields.error("model_config",
                 fmt::format("model_config: \"{}\" must be a number from {} to {}", key, min, max));
  };
  check("temperature", 0, 2);
  check("top_p", 0, 1);
  check("max_tokens", 1, 10'000'000);
  const std::string needs = json::get_string(*config, "needs");
  if (json::find(*config, "needs") != nullptr && needs != "small" && needs != "standard" &&
      needs != "strong") {
    fields.error("model_config", "model_config: \"needs\" must be small, standard or strong");
  }
}

void read_extra(Fields& fields, AgentConfig& agent) {
  const Json* value = fields.raw("extra");
  if (value == nullptr) return;
  if (!value->is_object()) {
    agent.extra.get_object()["extra"] = *value;
    return;
  }
  for (const auto& [key, member] : value->get_object()) {
    if (!agent.extra.get_object().emplace(key, member).second) {
      fields.error("extra",
                   fmt::format("\"{}\" is in \"extra\" and beside it", std::string_view(key)),
                   "keep one");
    }
  }
}

void keep_unknown(const std::string& file, Fields& fields, const std::vector<std::string>& known,
                  AgentConfig& agent, SopProblems& problems) {
  for (const std::string& key : fields.unknown_keys()) {
    const std::string meant = did_you_mean(key, known);
    agent.extra.get_object()[key] = *fields.raw(key);
    problems.warning(file, fields.line(key),
                     fmt::format("a role has no \"{}\"; it is kept and not used", key),
                     meant.empty() ? "" : fmt::format("did you mean \"{}\"?", meant));
  }
}

}  // namespace cadre
