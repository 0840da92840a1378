// A model request that may be kept: for calls that wait, or go to one model after another.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/model.h"

namespace cadre::policy {

class OwnedRequest {
 public:
  explicit OwnedRequest(const ModelRequest& request);
  // Valid as long as this and unchanged.
  ModelRequest view() const;

  std::string model, instructions, key;
  std::vector<ItemPtr> items;
  std::vector<std::shared_ptr<const ToolSpec>> tools;
  std::optional<ModelSettings> settings;
  std::optional<OutputSchema> output;
  bool stream = false;
};

// Tokens of what the model will read, on the cautious side: three bytes a token.
std::int64_t rough_input_tokens(const ModelRequest& request);

}  // namespace cadre::policy
