// Claude Code's `claude -p` as a wire format: a request as arguments and standard input, its
// stream-json as a reply. Pure.
//
// The program is used as a mind alone: its own tools, settings and MCP servers are off. Our tools
// are described in the system prompt, and the answer has a schema: {"text", "calls": [{"tool",
// "arguments"}]}; so a call of ours is a call like any other model's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"

namespace cadre::policy {

struct ClaudeCall {
  std::vector<std::string> arguments;  // after the program's name
  std::string input;                   // for standard input
  bool structured = false;             // the answer is the form with calls
  bool answers_by_schema = false;      // the answer is the output that was asked for
  std::vector<std::string> used_ids;   // of calls in the history: new ones must differ
};

// kInvalidInput when the request cannot be said so.
Result<ClaudeCall> claude_call(const ModelRequest& request, std::string_view model);

// Reads the lines that the program prints.
class ClaudeStream {
 public:
  explicit ClaudeStream(const ClaudeCall& call)
      : structured_(call.structured),
        by_schema_(call.answers_by_schema),
        used_ids_(call.used_ids) {}
  void line(std::string_view text, const Model::OnDelta& on_delta);
  // The program has ended; `complaint` is what it said on standard error.
  Result<ModelReply> finish(int exit_code, std::string_view complaint);

 private:
  void take_event(const Json& event, const Model::OnDelta& on_delta) const;
  Result<ModelReply> reply() const;
  Result<void> add_answer(ModelReply& out) const;
  void add_calls(const Json& answer, ModelReply& out) const;

  bool structured_, by_schema_;
  std::vector<std::string> used_ids_;
  int retries_ = 0;
  Json result_;
};

}  // namespace cadre::policy
