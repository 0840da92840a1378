// Everything is in the journal: a run that stops in the middle goes on from there, and nothing
// that has ended runs again. The trace is a view of the same journal.
#include <cstdio>
#include <future>
#include <thread>

#include <cadre/cadre.h>
#include <cadre/trace.h>

namespace {

struct Step {
  int number = 0;
};
BOOST_DESCRIBE_STRUCT(Step, (), (number))

}  // namespace

int main() {
  using cadre::testing::calls;
  using cadre::testing::says;
  int done = 0;
  cadre::Agent worker{.name = "worker", .instructions = "Do all steps."};
  worker.tools = {cadre::make_tool<Step>("step", "Does a step.",
                                         [&done](const Step& step, const cadre::RunContext&) {
                                           ++done;
                                           return "step " + std::to_string(step.number) + " done";
                                         })};
  const auto team = cadre::make_team({worker}).value();
  const std::shared_ptr<cadre::Store> store = cadre::make_memory_store();

  // The runtime goes away after the first step, while the model thinks; a process could die so.
  const auto slow = std::make_shared<cadre::testing::ScriptedModel>(
      std::vector{calls("step", R"({"number": 1})", "call-1"), says("nobody hears this")});
  slow->set_delay(std::chrono::milliseconds(100));
  std::string run;
  {
    cadre::Runtime runtime;
    std::promise<void> stepped;
    cadre::RunOptions options{.model = slow, .store = store};
    options.on_event = [&](const cadre::RunEvent& event) {
      if (event.kind == cadre::RunEvent::Kind::kToolEnded) stepped.set_value();
    };
    run = runtime.start(team, "Go.", options).id();
    stepped.get_future().wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the journal has it by now
  }
  const auto model =
      std::make_shared<cadre::testing::ScriptedModel>(std::vector{says("All done.")});
  const cadre::RunResult result = cadre::resume(team, run, {.model = model, .store = store});
  std::printf("%s (%s)\n", result.output.c_str(),
              std::string(cadre::to_string(result.status)).c_str());
  const auto journal = store->read(run);
  if (!journal) return 1;
  std::fputs(cadre::render_trace(cadre::make_trace(journal->events)).c_str(), stdout);
  return result.done() && done == 1 ? 0 : 1;
}
