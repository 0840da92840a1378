// A tool that needs a person's word. The run waits, durably: another process could resume it from
// the journal days later and decide there.
#include <cstdio>

#include <cadre/cadre.h>

namespace {

struct Refund {
  int order = 0;
  double euros = 0;
};
BOOST_DESCRIBE_STRUCT(Refund, (), (order, euros))

}  // namespace

int main() {
  using cadre::testing::calls;
  using cadre::testing::says;
  const auto model = std::make_shared<cadre::testing::ScriptedModel>(
      std::vector{calls("refund", R"({"order": 7, "euros": 250})", "call-1"),
                  says("250 EUR are on their way.")});
  cadre::ToolOptions careful;
  careful.approval = cadre::Approval::kAsk;
  careful.needs_approval = [](const cadre::Json& arguments, const cadre::RunContext&) {
    return cadre::json::get_double(arguments, "euros") > 100;
  };
  cadre::Agent desk{.name = "desk", .instructions = "Help customers."};
  desk.tools = {cadre::make_tool<Refund>(
      "refund", "Pays money back.",
      [](const Refund& refund, const cadre::RunContext&) {
        return "refunded order " + std::to_string(refund.order);
      },
      careful)};
  const auto team = cadre::make_team({desk}).value();
  const std::shared_ptr<cadre::Store> store = cadre::make_memory_store();

  const cadre::RunResult waiting =
      cadre::run(team, "I want my money back.", {.model = model, .store = store});
  if (waiting.approvals.size() != 1) return 1;
  std::printf("waits for a person: %s %s\n", waiting.approvals[0].tool.c_str(),
              waiting.approvals[0].arguments.c_str());

  cadre::Runtime runtime;  // as another process would
  const cadre::RunHandle run =
      runtime.resume(team, waiting.run, {.model = model, .store = store});
  (void)run.wait();
  if (const auto approved = run.approve("call-1"); !approved) return 1;
  const cadre::RunResult result = run.wait();
  std::printf("%s\n", result.output.c_str());
  return result.done() && result.tool_calls == 1 ? 0 : 1;
}
