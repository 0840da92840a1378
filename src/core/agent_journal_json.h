// The bodies of an agent run's events. Private to core/.
#pragma once

#include <string>
#include <vector>

#include "core/agent_journal.h"

namespace cadre::detail {

// `text` under `key`, or, when it is long, its address under key + "_blob".
void put_text(JsonObject& body, std::string_view key, const std::string& text,
              std::vector<std::string>& blobs);
Result<std::string> get_text(const Json& body, const std::string& key,
                             const AgentJournal::LoadBlob& load);

// to_json, made in `memory`: a part of a bigger value is not copied when it is put there.
Json item_json(const Item& item, boost::json::storage_ptr memory);

std::string write_items(std::span<const ItemPtr> items);

void put_model(JsonObject& body, const ModelEnded& outcome, std::vector<std::string>& blobs);
void put_guardrail(JsonObject& body, const GuardrailEnded& outcome);
// ToolsDecided, Recovered, Stopped; gives the frame.
void put_rest(JsonObject& body, const AgentOutcome& outcome, int& frame,
              std::vector<std::string>& blobs);

void put_handoff(JsonObject& body, const AskedHandoff& handoff);
Result<std::optional<AgentOutcome>> read_opened(const Json& body, std::span<const ItemPtr> past,
                                                const AgentJournal::LoadBlob& load);
Result<std::optional<AgentOutcome>> read_outcome(const Event& event, int frame, int call,
                                                 const AgentJournal::LoadBlob& load);

}  // namespace cadre::detail
