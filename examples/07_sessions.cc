// A conversation over several runs, and a team that remembers what it did. The second run reads
// what the first one said; with a memory it reads what is known, within a budget, however long the
// past.
#include <cstdio>
#include <filesystem>

#include <cadre/cadre.h>

namespace {

using cadre::testing::says;

// Says how much it was given to read, and the first words of what it remembers.
cadre::Result<cadre::ModelReply> reply(const cadre::testing::SeenRequest& request) {
  std::string known = "nothing";
  for (const cadre::ItemPtr& item : request.items) {
    const auto* message = std::get_if<cadre::MessageItem>(item.get());
    if (message == nullptr) continue;
    const auto at = message->text.find("user: ");
    if (at != std::string::npos)
      known = message->text.substr(at, message->text.find('\n', at) - at);
  }
  const std::string count = std::to_string(request.items.size());
  return says("I have read " + count + " items and know of " + known);
}

}  // namespace

int main() {
  const auto model = std::make_shared<cadre::testing::ScriptedModel>(reply);
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
  if (!items || items->size() != 4) return 1;

  // The same with a memory: a file that lasts, shared by all agents and processes.
  const auto folder = std::filesystem::temp_directory_path() / "cadre_example_07";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  {
    const auto memory = cadre::RunMemory::open(folder / "memory.db", "ada").value();
    const cadre::RunOptions options{.model = model, .memory = memory};
    (void)runtime.start(team, "My name is Ada.", options).wait();
    const cadre::AgentTask task{.id = "greet", .text = "Greet me by my name."};
    const cadre::RunResult result = runtime.process_task(team, "friend", task, options).wait();
    std::printf("%s -> %s\n", task.text.c_str(), result.output.c_str());
    if (result.output != "I have read 2 items and know of user: My name is Ada.") return 1;
    const cadre::ExecutionState workflow = memory->session()->workflow().value();
    if (workflow.find("greet")->state != cadre::TaskState::kDone) return 1;
  }
  std::filesystem::remove_all(folder);
  return 0;
}
