#include "cli/model_options.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "base/text.h"
#include "net/http_model.h"
#include "offline/engine.h"
#include "runtime/model_provider.h"
#include "runtime/scripted_replies.h"
#include "sop/yaml_reader.h"
#include "workshop/inputs.h"

namespace cadre::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMemoryTokens = 2000;  // of what a role is given of earlier runs
constexpr std::string_view kScripted = "scripted:";

// Kinds of model that are files; a resumed run may be called from another folder.
constexpr std::string_view kFileKinds[] = {kScripted, "replay:", "replay-by-place:"};

std::string full_paths(const std::string& spec) {
  std::vector<std::string> parts = policy::split_chain(spec);
  for (std::string& part : parts) {
    for (const std::string_view kind : kFileKinds) {
      if (!part.starts_with(kind)) continue;
      std::error_code error;
      const fs::path file = fs::absolute(part.substr(kind.size()), error);
      part = std::string(kind) + file.string();
      break;
    }
  }
  return text::join(parts, ",");
}

std::string line_for(const std::string& spec, const std::string& name) {
  if (spec.starts_with(kScripted)) {
    return fmt::format("model scripted: replies from {}, no language model",
                       spec.substr(kScripted.size()));
  }
  if (spec.starts_with("replay")) {
    return fmt::format("model {}: answers that were recorded, no language model", name);
  }
  return fmt::format(
      "model {}: a language model; what it makes counts when the gates of the SOP pass", name);
}

Result<policy::ChainOptions> chain_options(const ModelAround& around) {
  policy::ChainOptions options;
  auto prices = open_prices(around.prices);
  if (!prices) return propagate(prices);
  options.prices = std::move(*prices);
  options.spending = std::make_shared<policy::Spending>(workshop::spending_limits(around));
  options.client = []() -> Result<std::shared_ptr<net::HttpClient>> {
    auto client = net::HttpClient::make(http_options());
    if (!client) return propagate(client);
    return std::shared_ptr<net::HttpClient>(std::move(*client));
  };
  options.keys = key_of;
  options.claude = claude_options();
  options.cache = around.cache.empty() ? fs::path(environment("CADRE_CACHE")) : around.cache;
  options.record = around.record;
  options.secrets = known_secrets();
  options.other =
      [](const std::string& spec) -> std::optional<Result<std::shared_ptr<Model>>> {
    if (!spec.starts_with(kScripted)) return std::nullopt;
    return scripted_model_from(spec.substr(kScripted.size()));
  };
  return options;
}

}  // namespace

std::string chosen_model(const std::string& spec) {
  return spec.empty() ? environment("CADRE_MODEL") : spec;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string value = environment(name); !value.empty()) return value;
  }
  return {};
}

net::HttpClientOptions http_options() {
  net::HttpClientOptions options;
  options.proxy = environment({"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"});
  options.no_proxy = environment({"NO_PROXY", "no_proxy"});
  options.ca_file = environment("SSL_CERT_FILE");
  return options;
}

net::Secret key_of(const model::Profile& profile) {
  return profile.key_variable.empty() ? net::Secret()
                                      : net::Secret(environment(profile.key_variable.c_str()));
}

policy::ClaudeOptions claude_options() {
  policy::ClaudeOptions options;
  options.program = environment("CADRE_CLAUDE");
  std::string_view path;
  const std::string folders = environment("PATH");
  path = folders;
  while (options.program.empty() && !path.empty()) {
    const std::size_t colon = path.find(':');
    const fs::path candidate = fs::path(path.substr(0, colon)) / "claude";
    if (::access(candidate.c_str(), X_OK) == 0) options.program = candidate;
    path = colon == std::string_view::npos ? std::string_view() : path.substr(colon + 1);
  }
  // What it needs to find its login, its runtime and the network; and the mark by which a hook of
  // ours in it would know that it is our child.
  for (const char* name :
       {"HOME", "PATH", "USER", "LANG", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR",
        "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL",
        "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX",
        "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"}) {
    if (const std::string value = environment(name); !value.empty())
      options.environment.push_back(fmt::format("{}={}", name, value));
  }
  options.environment.emplace_back("CADRE_DEPTH=1");
  return options;
}

Result<std::shared_ptr<const policy::PriceTable>> open_prices(const fs::path& given) {
  const fs::path file = given.empty() ? fs::path(environment("CADRE_PRICES")) : given;
  const policy::PriceTable& shipped = policy::PriceTable::shipped();
  if (file.empty()) return std::make_shared<const policy::PriceTable>(shipped);
  auto own = policy::PriceTable::from_file(file);
  if (!own) return propagate(own);
  return std::make_shared<const policy::PriceTable>(shipped.with(*own));
}

Result<void> check_around(const std::string& given, const ModelAround& around) {
  const std::string spec = chosen_model(given);
  if (!around.record.empty() && (spec.empty() || spec == "offline")) {
    return fail(ErrorCode::kInvalidInput,
                "the offline engine asks no model: there is nothing to record",
                "name a model: --model openai:NAME");
  }
  auto prices = open_prices(around.prices);
  if (!prices) return propagate(prices);
  if (!around.max_cost) return {};
  for (const std::string& one : policy::split_chain(spec)) {
    const policy::PriceKey key = policy::price_key(one);
    if ((*prices)->find(key.provider, key.model) != nullptr) continue;
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the price of {} is not known, so --max-cost cannot be kept", one),
                fmt::format("name it in a price table (--prices FILE; provider \"{}\", model "
                            "\"{}\"), or give --max-tokens instead",
                            key.provider, key.model));
  }
  return {};
}

Result<Mind> open_mind(const std::string& given, std::shared_ptr<const ToolRegistry> tools,
                       const ModelAround& around) {
  Mind mind;
  mind.spec = chosen_model(given);
  if (mind.spec.empty()) mind.spec = "offline";
  if (mind.spec == "offline") {
    mind.provider = make_offline_provider();
    mind.line =
        "model offline: the embedded engine, no language model; it builds record-keeping services";
    return mind;
  }
  mind.spec = full_paths(mind.spec);
  auto options = chain_options(around);
  if (!options) return propagate(options);
  mind.spending = options->spending;
  // In a chain the next one answers.
  if (policy::split_chain(mind.spec).size() == 1)
    options->http.retry.attempts_max = net::kUnattendedAttempts;
  auto model = policy::open_model(mind.spec, std::move(*options));
  if (!model) return propagate(model);
  mind.line = line_for(mind.spec, (*model)->name());
  mind.provider = make_model_provider(std::move(*model), std::move(tools));
  return mind;
}

std::vector<std::string> known_secrets() {
  std::vector<std::string> secrets;
  for (const model::Profile& profile : model::profiles()) {
    if (const net::Secret key = key_of(profile); !key.empty()) secrets.push_back(key.reveal());
  }
  return secrets;
}

Result<std::shared_ptr<RunMemory>> open_memory(const fs::path& state, const std::string& sop,
                                               const std::string& model,
                                               const ModelAround& around) {
  RunMemoryOptions options;
  options.token_budget = kMemoryTokens;
  const bool cached = !around.cache.empty() || !environment("CADRE_CACHE").empty();
  if (model.empty() || model == "offline" || model.starts_with("replay") ||
      model.starts_with(kScripted) || cached || !around.record.empty())
    options.token_budget = 0;
  auto memory = RunMemory::open(state / "memory.db", "sop:" + sop, {}, options);
  if (memory) return memory;
  Error error = std::move(memory.error());
  error.hint += std::string(error.hint.empty() ? "" : "; ") + "or give --no-memory";
  return std::unexpected(std::move(error));
}

Result<std::shared_ptr<const ApprovalPolicy>> open_policy(const fs::path& file,
                                                          const fs::path& state) {
  fs::path path = file;
  std::error_code error;
  if (path.empty()) {
    path = state / "policy.yaml";
    if (!fs::exists(path, error)) return nullptr;
  }
  auto bytes = workshop::read_text_file(path, 256 * 1024);
  if (!bytes) return propagate(bytes);
  const auto document = read_yaml(*bytes);
  if (!document) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the policy {}:{}: {}", path.string(), document.error().line,
                            document.error().message),
                "nothing is started with a policy that cannot be read");
  }
  auto policy = ApprovalPolicy::from_json(document->value);
  if (!policy) {
    return fail(policy.error().code,
                fmt::format("the policy {}: {}", path.string(), policy.error().message),
                policy.error().hint);
  }
  return std::make_shared<const ApprovalPolicy>(std::move(*policy));
}

Result<std::optional<Artifact>> read_inputs(const Plan& plan, const std::vector<fs::path>& files) {
  if (files.empty() && !plan.input.empty()) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the SOP {} works from {}, and none were given", plan.name, plan.input),
                "give them with --input FILE...");
  }
  std::vector<workshop::Document> documents;
  for (const fs::path& file : files) {
    if (documents.size() > workshop::kDocumentsMax) break;  // too many, as is said below
    auto document = workshop::read_document(file);
    if (!document) return propagate(document);
    documents.push_back(std::move(*document));
  }
  return workshop::documents_artifact(plan, documents);
}

}  // namespace cadre::cli
