// One agent with one tool. The model is scripted, so that this runs anywhere; any other Model
// (a vendor's, a local server's) takes its place without a change elsewhere.
#include <cstdio>

#include <cadre/cadre.h>

namespace {

struct WeatherQuestion {
  std::string city;
  int days = 1;
};
BOOST_DESCRIBE_STRUCT(WeatherQuestion, (), (city, days))

std::string forecast(const WeatherQuestion& question, const cadre::RunContext&) {
  return "rain in " + question.city + " for " + std::to_string(question.days) + " days";
}

}  // namespace

int main() {
  using cadre::testing::calls;
  using cadre::testing::says;
  const auto model = std::make_shared<cadre::testing::ScriptedModel>(
      std::vector{calls("forecast", R"({"city": "Oslo", "days": 2})", "call-1"),
                  says("Take an umbrella: it rains in Oslo for two days.")});

  cadre::Agent agent{.name = "weather", .instructions = "Answer questions about the weather."};
  agent.tools = {cadre::make_tool<WeatherQuestion>("forecast", "The weather of the next days.",
                                                   forecast,
                                                   {.effect = cadre::ToolEffect::kPure})};
  const auto team = cadre::make_team({agent});
  if (!team) return std::fprintf(stderr, "%s\n", team.error().describe().c_str()), 1;

  const cadre::RunResult result = cadre::run(*team, "Do I need an umbrella?", {.model = model});
  std::printf("%s (%d model calls, %d tool calls, model: scripted)\n", result.output.c_str(),
              result.model_calls, result.tool_calls);
  return result.done() && result.tool_calls == 1 ? 0 : 1;
}
