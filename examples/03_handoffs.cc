// Three agents that hand a conversation over to each other; the target may refuse, and says why.
#include <cstdio>

#include <cadre/cadre.h>

int main() {
  using cadre::testing::calls;
  using cadre::testing::says;
  const auto model = std::make_shared<cadre::testing::ScriptedModel>(
      std::vector{calls("transfer_to_refunds", R"({"task": "refund order 7"})", "h1"),
                  calls("transfer_to_billing", R"({"task": "look at order 7"})", "h2"),
                  says("Order 7 was paid twice: 20 EUR are on their way back.")});

  cadre::Agent triage{.name = "triage", .instructions = "Find who can help."};
  cadre::Agent billing{.name = "billing", .description = "Knows what was paid."};
  cadre::Agent refunds{.name = "refunds", .description = "Pays back."};
  triage.handoffs = {{.target = "billing"}, {.target = "refunds"}};
  billing.handoffs = {{.target = "refunds"}, {.target = "triage"}};
  refunds.accept = [](const cadre::HandoffRequest& request, const cadre::RunContext&) {
    return request.source == "billing"
               ? cadre::HandoffAnswer::accept()
               : cadre::HandoffAnswer::refuse("billing has to look at it first");
  };

  const auto team = cadre::make_team({triage, billing, refunds});
  if (!team) return std::fprintf(stderr, "%s\n", team.error().describe().c_str()), 1;
  cadre::RunOptions options{.model = model};
  options.on_event = [](const cadre::RunEvent& event) {
    using Kind = cadre::RunEvent::Kind;
    if (event.kind == Kind::kHandoffAccepted)
      std::printf("%s: %s accepted\n", std::string(event.agent).c_str(),
                  std::string(event.tool).c_str());
    if (event.kind == Kind::kHandoffRefused)
      std::printf("%s: %s refused: %s\n", std::string(event.agent).c_str(),
                  std::string(event.tool).c_str(), std::string(event.text).c_str());
  };
  const cadre::RunResult result = cadre::run(*team, "I paid order 7 twice!", options);
  std::printf("%s: %s\n", result.agent.c_str(), result.output.c_str());
  return result.agent == "billing" && result.handoffs_refused == 1 ? 0 : 1;
}
