// Budgets are reserved before a call is made, and shared by all runs that draw on them: together
// they cannot go over. At the soft limit an agent gets one last turn to answer with what it has.
#include <cstdio>

#include <cadre/cadre.h>

namespace {

struct Nothing {};
BOOST_DESCRIBE_STRUCT(Nothing, (), ())

}  // namespace

int main() {
  using cadre::testing::calls;
  using cadre::testing::says;
  const auto model = std::make_shared<cadre::testing::ScriptedModel>(
      [n = std::make_shared<int>(0)](const cadre::testing::SeenRequest& request)
          -> cadre::Result<cadre::ModelReply> {
        if (request.tools.empty()) return says("What I found so far: nothing certain.");
        return calls("search", "{}", "call-" + std::to_string((*n)++));
      });
  cadre::Agent searcher{.name = "searcher", .instructions = "Search until you know."};
  searcher.tools = {cadre::make_tool<Nothing>(
      "search", "Searches.",
      [n = std::make_shared<std::atomic<int>>(0)](const Nothing&, const cadre::RunContext&) {
        return "page " + std::to_string((*n)++);
      },
      {.effect = cadre::ToolEffect::kPure})};
  const auto team = cadre::make_team({searcher}).value();

  const auto budget =
      std::make_shared<cadre::Budget>(cadre::BudgetLimits{.model_calls = 5, .soft_share = 0.8});
  const cadre::RunResult first =
      cadre::run(team, "Who was first?", {.model = model, .budget = budget});
  std::printf("%s (%lld of 5 model calls)\n", first.output.c_str(),
              static_cast<long long>(budget->used().model_calls));
  const cadre::RunResult second =
      cadre::run(team, "Who was second?", {.model = model, .budget = budget});
  std::printf("%s: %s\n", std::string(cadre::to_string(second.status)).c_str(),
              second.reason.c_str());
  return first.done() && second.status == cadre::RunStatus::kBudget ? 0 : 1;
}
