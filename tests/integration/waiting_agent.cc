// A program as users write it: an agent that needs a person's word before it pays. Started without
// a run's id it begins one, says its id and ends when it waits; with an id it goes on. With "stay" it
// says its id and stays, for people to decide at the command line, until the run has ended.
//   waiting_agent JOURNAL PAID [RUN | stay]
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "cadre/cadre.h"
#include "store/sqlite_store.h"

namespace {

struct Payment {
  std::string to;
  int euros = 0;
};
BOOST_DESCRIBE_STRUCT(Payment, (), (to, euros))

// What a model would say, from the conversation alone.
cadre::Result<cadre::ModelReply> reply(const cadre::testing::SeenRequest& seen) {
  std::vector<std::string> results;
  for (const cadre::ItemPtr& item : seen.items) {
    if (const auto* result = std::get_if<cadre::ToolResultItem>(item.get()))
      results.push_back(result->output);
  }
  if (results.empty())
    return cadre::testing::calls("ask_user", R"({"question": "How much may it be?"})", "q1");
  if (results.size() == 1)
    return cadre::testing::calls("pay", R"({"to": "Ada", "euros": 20})", "p1");
  return cadre::testing::says("The user said " + results[0] + "; the payment: " + results[1]);
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  auto journal = cadre::open_sqlite_store(arguments[1]);
  if (!journal) return std::fprintf(stderr, "%s\n", journal.error().describe().c_str()), 1;
  const std::shared_ptr<cadre::Store> store = std::move(*journal);
  const std::filesystem::path paid = arguments[2];
  cadre::Agent cashier{.name = "cashier", .instructions = "Pay what the user allows."};
  cashier.tools = {cadre::ask_user_tool(),
                   cadre::make_tool<Payment>(
                       "pay", "Pays.",
                       [paid](const Payment& payment, const cadre::RunContext&) {
                         std::ofstream(paid, std::ios::app) << payment.to << "\n";
                         return std::string("paid");
                       },
                       {.approval = cadre::Approval::kAlways})};
  const auto team = cadre::make_team({cashier});
  const cadre::RunOptions options{
      .model = std::make_shared<cadre::testing::ScriptedModel>(reply), .store = store};
  if (count > 3 && std::string_view(arguments[3]) == "stay") {
    cadre::Runtime runtime;
    const cadre::RunHandle handle = runtime.start(*team, "Pay Ada", options);
    std::printf("%s\n", handle.id().c_str());
    std::fflush(stdout);
    const cadre::RunResult result = handle.wait_end(std::chrono::seconds(20));
    std::printf("%s\n%s\n", std::string(cadre::to_string(result.status)).c_str(),
                result.output.c_str());
    return result.done() ? 0 : 1;
  }
  const cadre::RunResult result = count > 3 ? cadre::resume(*team, arguments[3], options)
                                            : cadre::run(*team, "Pay Ada", options);
  std::printf("%s\n%s\n%s\n", result.run.c_str(),
              std::string(cadre::to_string(result.status)).c_str(), result.output.c_str());
  return result.done() ? 0 : result.approvals.empty() ? 1 : 8;
}
