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
  // A message more, at the end.
  void say(MessageItem message);

  std::string model, instructions, key;
  std::vector<std::shared_ptr<const ToolSpec>> tools;
  std::optional<ModelSettings> settings;
  std::optional<OutputSchema> output;
  bool stream = false;

 private:
  // The conversation, shared with the caller at any length; else its items.
  History history_;
  std::vector<ItemPtr> items_;
};

// Tokens of what the model will read, on the cautious side: three bytes a token.
std::int64_t rough_input_tokens(const ModelRequest& request);

}  // namespace cadre::policy
