#include "cli/provider_state.h"

#include <fmt/format.h>

#include <future>

#include "base/text.h"
#include "cli/model_options.h"
#include "net/http_client.h"
#include "net/rate_limits.h"
#include "process/process.h"

namespace cadre::cli {
namespace {

constexpr int kConnectMs = 4000;
constexpr int kLocalConnectMs = 500;
constexpr int kTotalMs = 10'000;
constexpr std::string_view kClaude = "claude-code";

bool is_local(const model::Profile& profile) { return profile.base_url.starts_with("http://"); }

std::string start_hint(const model::Profile& profile) {
  if (profile.name.starts_with("ollama"))
    return "install Ollama and start it: ollama serve; then: ollama pull MODEL";
  if (profile.name == "llamacpp") return "start it: llama-server -m MODEL.gguf --jinja --port 8080";
  return "start it: vllm serve MODEL --enable-auto-tool-choice --tool-call-parser PARSER";
}

// How many models the server names in its list.
int count_models(const std::string& body) {
  const auto json = json::parse(body);
  if (!json) return -1;
  for (const char* member : {"data", "models"}) {
    if (const Json* list = json::find(*json, member); list != nullptr && list->is_array())
      return static_cast<int>(list->get_array().size());
  }
  return json->is_array() ? static_cast<int>(json->get_array().size()) : -1;
}

struct Question {
  std::string body;
  std::promise<Reached> answer;
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
};

Reached read_answer(const model::Profile& profile, const Question& question,
                    const Result<net::HttpStatus>& ended) {
  Reached reached;
  reached.milliseconds = static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                              std::chrono::steady_clock::now() - question.begun)
                                              .count());
  if (!ended) {
    reached.problem = ended.error().message;
    return reached;
  }
  net::RateLimits limits;
  limits.learn(ended->headers, {}, 0, SystemClock().now_us());
  reached.limits = limits.describe(0);
  reached.good = ended->code >= 200 && ended->code < 300;
  if (reached.good) {
    reached.models = count_models(question.body);
  } else if (ended->code == 401 || ended->code == 403) {
    reached.problem = fmt::format("it does not accept the key in {} (status {})",
                                  profile.key_variable, ended->code);
  } else {
    reached.problem = fmt::format("status {}", ended->code);
  }
  return reached;
}

std::future<Reached> ask_server(net::HttpClient& client, const model::Profile& profile) {
  net::HttpRequest request;
  request.method = "GET";
  const bool ollama = profile.wire == model::Wire::kOllama;
  request.url = profile.base_url + (ollama ? "/api/tags" : "/models");
  if (const net::Secret key = key_of(profile); !key.empty()) {
    const bool anthropic = profile.wire == model::Wire::kMessages;
    request.headers.emplace_back(anthropic ? "x-api-key" : "authorization",
                                 (anthropic ? "" : "Bearer ") + key.reveal());
    if (anthropic) request.headers.emplace_back("anthropic-version", "2023-06-01");
  }
  request.timeouts.connect =
      std::chrono::milliseconds(is_local(profile) ? kLocalConnectMs : kConnectMs);
  request.timeouts.total = std::chrono::milliseconds(kTotalMs);
  auto question = std::make_shared<Question>();
  auto answer = question->answer.get_future();
  client.start(std::move(request),
               {.on_headers = {},
                .on_data =
                    [question](std::string_view bytes) {
                      question->body += bytes;
                      return net::DataVerdict::kContent;
                    },
                .on_done =
                    [question, &profile](Result<net::HttpStatus> ended) {
                      question->answer.set_value(read_answer(profile, *question, ended));
                    }});
  return answer;
}

ProviderState state_of(const model::Profile& profile, const policy::PriceTable& prices) {
  ProviderState state;
  state.name = profile.name;
  state.title = profile.title;
  state.address = profile.base_url;
  state.key_variable = profile.key_variable;
  state.key_set = !key_of(profile).empty();
  state.local = is_local(profile);
  for (const policy::Price& price : prices.prices()) {
    if (price.provider == profile.name) state.prices.push_back(price);
  }
  if (!state.key_variable.empty() && !state.key_set) {
    state.missing = "there is no key";
    state.remedy = fmt::format("set {}", state.key_variable);
  }
  return state;
}

ProviderState claude_state() {
  ProviderState state;
  state.name = kClaude;
  state.title = "Claude Code";
  state.local = true;
  const policy::ClaudeOptions options = claude_options();
  state.address = options.program.string();
  if (!options.program.empty()) {
    ProcessOptions process;
    process.argv = {options.program.string(), "--version"};
    process.env = options.environment;
    process.timeout = Milliseconds(5000);
    const auto ended = run_process(process);
    if (ended && ended->success()) {
      state.address += " " + std::string(text::trim(ended->out.substr(0, ended->out.find('\n'))));
      return state;
    }
    state.missing = fmt::format("{} does not run", options.program.string());
  } else {
    state.missing = "the program claude is not in PATH";
  }
  state.remedy = "npm install -g @anthropic-ai/claude-code, then run claude and sign in";
  return state;
}

}  // namespace

std::vector<ProviderState> examine_providers(Ask ask, const policy::PriceTable& prices) {
  std::vector<ProviderState> states;
  std::vector<std::pair<std::size_t, std::future<Reached>>> asked;
  auto client = net::HttpClient::make(http_options());
  for (const model::Profile& profile : model::profiles()) {
    if (profile.base_url.empty()) continue;
    states.push_back(state_of(profile, prices));
    const bool wanted = ask == Ask::kEverybody || (ask == Ask::kLocal && states.back().local);
    if (client && wanted && states.back().missing.empty())
      asked.emplace_back(states.size() - 1, ask_server(**client, profile));
  }
  for (auto& [index, answer] : asked) {
    ProviderState& state = states[index];
    state.reached = answer.get();
    if (state.reached->good) continue;
    // Of a server of one's own it is enough that nothing is there.
    const bool nothing = state.local && state.reached->problem.starts_with("cannot connect");
    state.missing = nothing ? "nothing answers at " + state.address : state.reached->problem;
    const model::Profile& profile = *model::find_profile(state.name);
    state.remedy = state.local ? start_hint(profile) : "check key, network and proxy";
  }
  states.push_back(claude_state());
  return states;
}

}  // namespace cadre::cli
