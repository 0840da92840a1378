#include "cli/model_options.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>

#include "base/text.h"
#include "net/http_model.h"
#include "offline/engine.h"
#include "runtime/model_provider.h"
#include "runtime/scripted_replies.h"
#include "sop/yaml_reader.h"

namespace cadre::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kInputBytesMax = 2 * 1024 * 1024;
constexpr std::size_t kInputsMax = 200;
constexpr std::string_view kScripted = "scripted:";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// The first of the names that is set.
std::string environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string value = environment(name); !value.empty()) return value;
  }
  return {};
}

Result<std::shared_ptr<Model>> http_model(const std::string& spec) {
  net::HttpClientOptions options;
  options.proxy = environment({"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"});
  options.no_proxy = environment({"NO_PROXY", "no_proxy"});
  options.ca_file = environment("SSL_CERT_FILE");
  auto client = net::HttpClient::make(std::move(options));
  if (!client) return propagate(client);
  return net::make_model(spec, std::move(*client), [](const model::Profile& profile) {
    return profile.key_variable.empty() ? net::Secret()
                                        : net::Secret(environment(profile.key_variable.c_str()));
  });
}

Result<std::string> read_bytes(const fs::path& file, std::uintmax_t bytes_max) {
  std::error_code error;
  if (!fs::exists(file, error)) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no file {}", file.string()));
  }
  if (!fs::is_regular_file(file, error)) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{} is not a file", file.string()));
  }
  if (fs::file_size(file, error) > bytes_max) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is larger than {} KiB", file.string(), bytes_max / 1024));
  }
  std::ifstream in(file, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof()) {
    return fail(ErrorCode::kIo, fmt::format("cannot read {}", file.string()));
  }
  if (bytes.find('\0') != std::string::npos || !text::is_valid_utf8(bytes)) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{} is not UTF-8 text", file.string()),
                "convert it to plain text first");
  }
  return bytes;
}

}  // namespace

std::string chosen_model(const std::string& spec) {
  return spec.empty() ? environment("CADRE_MODEL") : spec;
}

Result<Mind> open_mind(const std::string& given, std::shared_ptr<const ToolRegistry> tools) {
  Mind mind;
  mind.spec = chosen_model(given);
  if (mind.spec.empty()) mind.spec = "offline";
  if (mind.spec == "offline") {
    mind.provider = make_offline_provider();
    mind.line =
        "model offline: the embedded engine, no language model; it builds record-keeping services";
    return mind;
  }
  Result<std::shared_ptr<Model>> model;
  if (mind.spec.starts_with(kScripted)) {
    std::error_code error;
    const fs::path file = fs::absolute(mind.spec.substr(kScripted.size()), error);
    model = scripted_model_from(file);
    mind.spec = std::string(kScripted) + file.string();
    mind.line = fmt::format("model scripted: replies from {}, no language model", file.string());
  } else {
    model = http_model(mind.spec);
  }
  if (!model) return propagate(model);
  if (mind.line.empty()) {
    mind.line = fmt::format(
        "model {}: a language model; what it makes counts when the gates of the SOP pass",
        (*model)->name());
  }
  mind.provider = make_model_provider(std::move(*model), std::move(tools));
  return mind;
}

Result<std::shared_ptr<const ApprovalPolicy>> open_policy(const fs::path& file,
                                                          const fs::path& state) {
  fs::path path = file;
  std::error_code error;
  if (path.empty()) {
    path = state / "policy.yaml";
    if (!fs::exists(path, error)) return nullptr;
  }
  auto bytes = read_bytes(path, 256 * 1024);
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
  if (files.empty()) return std::nullopt;
  if (plan.input.empty()) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the SOP {} takes nothing beside the brief", plan.name),
                "leave --input away");
  }
  if (files.size() > kInputsMax) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} files are given, and {} are allowed", files.size(), kInputsMax));
  }
  JsonArray documents;
  for (const fs::path& file : files) {
    auto bytes = read_bytes(file, kInputBytesMax);
    if (!bytes) return propagate(bytes);
    if (text::trim(*bytes).empty()) {
      return fail(ErrorCode::kInvalidInput, fmt::format("{} is empty", file.string()));
    }
    documents.push_back(JsonObject{{"id", fmt::format("D{}", documents.size() + 1)},
                                   {"title", text::clean_utf8(file.filename().string())},
                                   {"text", *bytes}});
  }
  Artifact artifact;
  artifact.type = plan.input;
  artifact.data = JsonObject{{"documents", std::move(documents)}};
  return artifact;
}

}  // namespace cadre::cli
