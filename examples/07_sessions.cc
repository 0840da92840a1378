// A conversation over several runs: the second run reads what the first one said.
#include <cstdio>

#include <cadre/cadre.h>

int main() {
  using cadre::testing::says;
  const auto model = std::make_shared<cadre::testing::ScriptedModel>(
      [](const cadre::testing::SeenRequest& request) -> cadre::Result<cadre::ModelReply> {
        return says("I have read " + std::to_string(request.items.size()) + " items.");
      });
  const auto team = cadre::make_team({{.name = "friend", .instructions = "Chat."}}).value();
  const auto session = cadre::make_memory_session("ada");
  cadre::Runtime runtime;
  for (const char* input : {"My name is Ada.", "What is my name?"}) {
    const cadre::RunResult result =
        runtime.start(team, input, {.model = model, .session = session}).wait();
    if (!result.done()) return 1;
    std::printf("%s -> %s\n", input, result.output.c_str());
  }
  std::vector<std::string> notes;
  const auto items = session->load(0, notes);
  return items && items->size() == 4 ? 0 : 1;
}
