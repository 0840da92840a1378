// One reply hands work to three agents at once; a quorum of two answers is enough. Each branch has
// its own conversation, and results come back in the order of the calls.
#include <cstdio>

#include <cadre/cadre.h>

int main() {
  using cadre::ModelReply;
  using cadre::testing::calls;
  using cadre::testing::says;
  const auto model = std::make_shared<cadre::testing::ScriptedModel>(
      [](const cadre::testing::SeenRequest& request) -> cadre::Result<ModelReply> {
        if (request.instructions != "lead") {
          if (request.instructions == "pessimist")
            return cadre::fail(cadre::ErrorCode::kUnavailable, "is not reachable");
          return says("yes, says the " + request.instructions);
        }
        if (request.items.size() > 1) return says("Two of three agree: do it.");
        return calls({{"1", "transfer_to_optimist", R"({"task": "Shall we?"})", {}},
                      {"2", "transfer_to_pessimist", R"({"task": "Shall we?"})", {}},
                      {"3", "transfer_to_realist", R"({"task": "Shall we?"})", {}}});
      });

  cadre::Agent lead{.name = "lead", .instructions = "lead"};
  lead.join = {.kind = cadre::JoinRule::Kind::kQuorum, .quorum = 2};
  std::vector<cadre::Agent> agents{lead};
  for (const char* name : {"optimist", "pessimist", "realist"}) {
    agents[0].handoffs.push_back({.target = name});
    agents.push_back({.name = name, .instructions = name});
  }
  const auto team = cadre::make_team(agents);
  if (!team) return std::fprintf(stderr, "%s\n", team.error().describe().c_str()), 1;

  const cadre::RunResult result = cadre::run(*team, "Shall we ship today?", {.model = model});
  for (const cadre::ItemPtr& item : result.new_items) {
    if (const auto* answer = std::get_if<cadre::ToolResultItem>(item.get()))
      std::printf("%s: %s\n", answer->call_id.c_str(), answer->output.c_str());
  }
  std::printf("%s\n", result.output.c_str());
  return result.done() ? 0 : 1;
}
