// What the tests of the rules share: short ways to make agents, tools and scripts, and to read what
// came of a run. Not thread-safe but for Count.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "cadre/cadre.h"

namespace cadre::rules {

using testing::calls;
using testing::refuses;
using testing::says;
using testing::ScriptedModel;
using testing::SeenRequest;
using std::chrono::milliseconds;

struct NoArgs {};
BOOST_DESCRIBE_STRUCT(NoArgs, (), ())

struct Verdictual {
  int score = 0;
};
BOOST_DESCRIBE_STRUCT(Verdictual, (), (score))

inline Agent agent(std::string name) {
  Agent made;
  made.instructions = name;
  made.name = std::move(name);
  return made;
}

inline AgentTeam team(std::vector<Agent> agents) {
  auto made = make_team(std::move(agents));
  EXPECT_TRUE(made) << (made ? "" : made.error().describe());
  return std::move(made.value());
}

inline std::shared_ptr<ScriptedModel> script(std::vector<ModelReply> replies) {
  return std::make_shared<ScriptedModel>(std::move(replies));
}

inline ToolCallItem call(std::string id, std::string tool, std::string arguments = "{}") {
  ToolCallItem made;
  made.id = std::move(id);
  made.tool = std::move(tool);
  made.arguments = std::move(arguments);
  return made;
}

inline ModelReply says_and_calls(std::string text, std::vector<ToolCallItem> asked) {
  ModelReply reply = says(std::move(text));
  for (ToolCallItem& item : asked) reply.items.push_back(std::move(item));
  return reply;
}

// How often something was done; shared with what may outlive the test.
using Count = std::shared_ptr<std::atomic<int>>;
inline Count count() { return std::make_shared<std::atomic<int>>(0); }

// A tool that counts its calls and answers `output`.
inline Tool counting(std::string name, Count calls_made, ToolOptions options = {},
                     std::string output = "done") {
  return make_tool<NoArgs>(
      std::move(name), "Does it.",
      [calls_made, output](const NoArgs&, const RunContext&) {
        ++*calls_made;
        return output;
      },
      std::move(options));
}

inline Tool failing(std::string name, std::string message, ToolOptions options = {},
                    milliseconds after = {}) {
  return make_tool<NoArgs>(
      std::move(name), "Fails.",
      [message, after](const NoArgs&, const RunContext&) -> Result<std::string> {
        std::this_thread::sleep_for(after);
        return fail(ErrorCode::kUnavailable, message);
      },
      std::move(options));
}

inline Guardrail guard(std::string name, GuardrailVerdict verdict, bool blocking = false,
                       Count asked = count(), milliseconds after = {}) {
  return {.name = std::move(name),
          .check =
              [verdict, asked, after](const GuardrailSubject&, const RunContext&) {
                std::this_thread::sleep_for(after);
                ++*asked;
                return verdict;
              },
          .blocking = blocking};
}

// The outputs of the tool calls, in order.
inline std::vector<std::string> outputs(std::span<const ItemPtr> items) {
  std::vector<std::string> found;
  for (const ItemPtr& item : items) {
    if (const auto* result = std::get_if<ToolResultItem>(item.get()))
      found.push_back(result->output);
  }
  return found;
}

// "user:hi", "assistant:hello", "call:weather", "result:rain".
inline std::vector<std::string> lines(std::span<const ItemPtr> items) {
  std::vector<std::string> found;
  for (const ItemPtr& item : items) {
    if (const auto* message = std::get_if<MessageItem>(item.get())) {
      static constexpr const char* kWho[] = {"system:", "user:", "assistant:"};
      found.push_back(kWho[static_cast<int>(message->speaker)] + message->text);
    } else if (const auto* asked = std::get_if<ToolCallItem>(item.get())) {
      found.push_back("call:" + asked->tool);
    } else if (const auto* result = std::get_if<ToolResultItem>(item.get())) {
      found.push_back("result:" + result->output);
    }
  }
  return found;
}

inline std::vector<std::string> lines(Session& session) {
  std::vector<std::string> notes;
  return lines(session.load(0, notes).value());
}

using Lines = std::vector<std::string>;

inline std::vector<Event> events_of(Store& store, const std::string& run,
                                    std::optional<EventKind> kind = std::nullopt) {
  std::vector<Event> found;
  Journal journal = store.read(run).value();
  for (Event& event : journal.events) {
    if (!kind || event.kind == *kind) found.push_back(std::move(event));
  }
  return found;
}

// Until `done` says so; false after five seconds.
template <class Done>
bool eventually(Done done) {
  for (int i = 0; i < 5000; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return done();
}

}  // namespace cadre::rules
