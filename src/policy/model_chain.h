// From a specification to a model with everything around it: price and budget for each vendor's
// model, a chain of them, cache, recording.
//
//   openai:gpt-5                    a vendor's model (net/http_model.h)
//   http://host:8000/v1#name        any server
//   claude-code, claude-code:opus   Claude Code's command line
//   replay:FILE                     a recording; replay-by-place:FILE tolerates other requests
//   a,b                             b answers when a cannot
//   route:a=strong|b=small          the cheapest that is strong enough (tiered_model.h)
//
// A request that names a model by a specification ("anthropic:claude-haiku-4-5", also a list) goes
// to that; any other name is for the first model of the chain. Thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/http_model.h"
#include "policy/claude_model.h"
#include "policy/prices.h"
#include "policy/spending.h"

namespace cadre::policy {

struct ChainOptions {
  // Called once, when the first model over HTTP is opened.
  std::function<Result<std::shared_ptr<net::HttpClient>>()> client{};
  net::KeySource keys{};
  net::HttpModelOptions http{};  // `traffic` is shared by all models of the chain
  ClaudeOptions claude{};
  std::shared_ptr<const PriceTable> prices{};  // null: the shipped one
  std::shared_ptr<Spending> spending{};        // null: no budget
  std::filesystem::path cache{};               // "": none
  std::filesystem::path record{};              // "": none
  std::vector<std::string> secrets{};          // replaced in the recording
  // Other kinds of specification; nothing when it is not one of those.
  std::function<std::optional<Result<std::shared_ptr<Model>>>(const std::string&)> other{};
};

// An error names what is missing: a key, a program, a file, a price when money is limited.
Result<std::shared_ptr<Model>> open_model(std::string_view specification, ChainOptions options);

// The specifications of a chain.
std::vector<std::string> split_chain(std::string_view specification);
// Whether a model's name is a specification of its own.
bool is_specification(std::string_view name);

// Under which name a model stands in the price table: the profile's, or the address of a server of
// one's own, whose prices nobody else can know.
struct PriceKey {
  std::string provider, model;
};
PriceKey price_key(const net::ModelSpec& spec);
// The same for any specification: of what is no vendor's model, its kind ("replay", "scripted").
PriceKey price_key(std::string_view specification);

}  // namespace cadre::policy
