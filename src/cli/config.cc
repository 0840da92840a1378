#include "cli/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <span>

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "base/text.h"
#include "cli/model_options.h"
#include "runtime/remembering.h"
#include "sop/problem.h"

namespace cadre::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kBytesMax = 64 * 1024;
constexpr std::int64_t kWeek = 7 * 24 * 3600;

enum class Kind { kText, kModel, kTeam, kPath, kBoolean, kMoney, kCount, kSeconds };

struct Known {
  const char* key;
  Kind kind;
  const char* standard;       // what counts when nobody sets it
  const char* variable = "";  // of the environment: goes before the files
};

constexpr std::array kKnown{
    Known{"model", Kind::kModel, "offline", "CADRE_MODEL"},
    Known{"team", Kind::kTeam, "auto"},
    Known{"policy", Kind::kPath, ".cadre/policy.yaml, where it is there"},
    Known{"memory", Kind::kBoolean, "true"},
    Known{"prices", Kind::kPath, "the shipped ones", "CADRE_PRICES"},
    Known{"cache", Kind::kPath, "none", "CADRE_CACHE"},
    Known{"budget.max_cost", Kind::kMoney, "none"},
    Known{"budget.max_tokens", Kind::kCount, "none"},
    Known{"budget.max_calls", Kind::kCount, "none"},
    Known{"budget.max_time", Kind::kSeconds, "none"},
};

// The words by which people name a secret.
bool names_a_secret(std::string_view key) {
  const std::string lower = text::lower(key);
  return std::ranges::any_of(
      std::array{"key", "secret", "token", "password", "passwd", "credential"},
      [&](std::string_view word) {
        return lower.find(word) != std::string::npos && lower != "max_tokens";
      });
}

class Reader {
 public:
  Reader(fs::path file, bool of_project, std::vector<std::string> secrets)
      : file_(std::move(file)),
        name_(file_.string()),
        of_project_(of_project),
        secrets_(std::move(secrets)) {}

  Result<std::map<std::string, Setting>> read() {
    auto bytes = read_bytes();
    if (!bytes) return propagate(bytes);
    const toml::parse_result parsed = toml::parse(*bytes, name_);
    if (!parsed) {
      const toml::parse_error& error = parsed.error();
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{}:{}: {}", name_, error.source().begin.line,
                              text::clean_utf8(error.description())),
                  "the file is TOML: key = value, texts in quotes");
    }
    take(parsed.table(), "");
    if (!problems_.has_errors()) return std::move(settings_);
    std::string lines;
    for (const SopProblem& problem : problems_.take_sorted())
      lines += (lines.empty() ? "" : "\n") + problem.describe();
    return fail(ErrorCode::kInvalidInput, lines);
  }

 private:
  Result<std::string> read_bytes() const {
    std::error_code error;
    if (!fs::is_regular_file(file_, error))
      return fail(ErrorCode::kInvalidInput, fmt::format("{} is not a file", name_));
    if (fs::file_size(file_, error) > kBytesMax) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{} is larger than {} KiB", name_, kBytesMax / 1024));
    }
    std::ifstream in(file_, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    if (!in.good() && !in.eof()) return fail(ErrorCode::kIo, fmt::format("cannot read {}", name_));
    return bytes;
  }

  void take(const toml::table& table, const std::string& prefix) {
    for (const auto& [key, node] : table) {
      const std::string name = prefix + std::string(key.str());
      const int line = static_cast<int>(key.source().begin.line);
      const auto* inner = node.as_table();
      if (inner != nullptr && prefix.empty() && name == "budget") {
        take(*inner, "budget.");
        continue;
      }
      const auto known =
          std::ranges::find_if(kKnown, [&](const Known& one) { return name == one.key; });
      if (known == kKnown.end()) {
        unknown(name, line);
      } else if (auto value = value_of(*known, node, line)) {
        settings_[name] = {std::move(*value), fmt::format("{}:{}", name_, line)};
      }
    }
  }

  void unknown(const std::string& name, int line) {
    if (names_a_secret(name)) {
      return wrong(line, fmt::format("\"{}\": keys and secrets do not belong into this file", name),
                   "set the vendor's variable in the environment (cadre models names it)");
    }
    std::vector<std::string> keys{"budget"};
    for (const Known& known : kKnown) keys.emplace_back(known.key);
    const std::string meant = did_you_mean(name, keys);
    const bool listed = meant.empty();
    if (listed) keys.erase(keys.begin());
    wrong(line, fmt::format("there is no setting \"{}\"", name),
          listed ? "there are " + text::join(keys, ", ") : fmt::format("write \"{}\"", meant));
  }

  void wrong(int line, std::string message, std::string hint = {}) {
    problems_.error(name_, line, std::move(message), std::move(hint));
  }

  std::optional<Json> value_of(const Known& known, const toml::node& node, int line) {
    switch (known.kind) {
      case Kind::kBoolean:
        if (const auto value = node.value_exact<bool>()) return Json(*value);
        wrong(line, fmt::format("\"{}\" has to be true or false", known.key));
        return std::nullopt;
      case Kind::kMoney:
        if (const auto value = node.value<double>(); value && *value > 0 && node.is_number())
          return Json(*value);
        wrong(line, fmt::format("\"{}\" has to be a number above 0: dollars", known.key));
        return std::nullopt;
      case Kind::kCount:
      case Kind::kSeconds: {
        const std::int64_t most = known.kind == Kind::kSeconds ? kWeek : INT64_MAX;
        if (const auto value = node.value_exact<std::int64_t>();
            value && *value > 0 && *value <= most)
          return Json(*value);
        wrong(line, known.kind == Kind::kSeconds
                        ? fmt::format("\"{}\" has to be a whole number of seconds, 1 to {}",
                                      known.key, kWeek)
                        : fmt::format("\"{}\" has to be a whole number above 0", known.key));
        return std::nullopt;
      }
      default: return text_of(known, node, line);
    }
  }

  std::optional<Json> text_of(const Known& known, const toml::node& node, int line) {
    std::vector<std::string> words;
    if (const auto* list = node.as_array(); list != nullptr && known.kind == Kind::kModel) {
      for (const toml::node& one : *list)
        words.push_back(one.value_exact<std::string>().value_or(""));
    } else {
      words.push_back(node.value_exact<std::string>().value_or(""));
    }
    if (words.empty() || std::ranges::any_of(words, [](const auto& w) { return w.empty(); })) {
      wrong(line, fmt::format("\"{}\" has to be a text{}", known.key,
                              known.kind == Kind::kModel ? " or a list of texts, a chain" : ""));
      return std::nullopt;
    }
    const std::string text = text::join(words, ",");
    if (without_secrets(text, secrets_) != text) {
      wrong(line, fmt::format("\"{}\" holds something that looks like a key or a password",
                              known.key),
            "set the vendor's variable in the environment (cadre models names it)");
      return std::nullopt;
    }
    if (known.kind == Kind::kTeam && text != "auto" && text != "solo" && text != "full") {
      wrong(line, fmt::format("there is no team \"{}\"", text), "write auto, solo or full");
      return std::nullopt;
    }
    if (known.kind == Kind::kModel && of_project_ && !check_address(words, line))
      return std::nullopt;
    if (known.kind != Kind::kPath) return Json(text);
    std::error_code error;
    return Json(fs::absolute(file_.parent_path() / text, error).lexically_normal().string());
  }

  // Whoever made the project must not get the user's key sent to an address of his.
  bool check_address(const std::vector<std::string>& specs, int line) {
    for (const std::string& spec : specs) {
      if (spec.find("+http") == std::string::npos) continue;
      wrong(line, fmt::format("a project may not say where a vendor's key is sent: {}", spec),
            "set it in your own configuration, or with --model");
      return false;
    }
    return true;
  }

  const fs::path file_;
  const std::string name_;
  const bool of_project_;
  const std::vector<std::string> secrets_;
  SopProblems problems_;
  std::map<std::string, Setting> settings_;
};

const Json* value(const Config& config, const char* key) {
  const auto at = config.settings.find(key);
  return at == config.settings.end() ? nullptr : &at->second.value;
}

std::string text_value(const Config& config, const char* key, const char* variable = "") {
  if (*variable != '\0' && !environment(variable).empty()) return {};
  const Json* found = value(config, key);
  return found == nullptr ? std::string() : std::string(json::as_view(found->get_string()));
}

// What stands around the model whether a run begins or goes on.
void apply_around(const Config& config, ModelAround& around, fs::path& policy,
                  std::optional<bool>& memory) {
  if (around.prices.empty()) around.prices = text_value(config, "prices", "CADRE_PRICES");
  if (around.cache.empty()) around.cache = text_value(config, "cache", "CADRE_CACHE");
  if (policy.empty()) policy = text_value(config, "policy");
  if (const Json* found = value(config, "memory"); found != nullptr && !memory)
    memory = found->get_bool();
}

}  // namespace

std::vector<fs::path> config_places() {
  std::vector<fs::path> places{fs::path(".") / "cadre.toml"};
  fs::path folder = environment("XDG_CONFIG_HOME");
  if (folder.empty() && !environment("HOME").empty())
    folder = fs::path(environment("HOME")) / ".config";
  if (!folder.empty()) places.push_back(folder / "cadre" / "cadre.toml");
  return places;
}

Result<Config> read_config(const std::vector<fs::path>& places) {
  Config config;
  for (std::size_t i = 0; i < places.size(); ++i) {
    std::error_code error;
    if (!fs::exists(places[i], error)) continue;
    const bool same = std::ranges::any_of(
        config.files, [&](const fs::path& file) { return fs::equivalent(file, places[i], error); });
    if (same) continue;
    auto settings = Reader(places[i], i == 0 && places.size() > 1, known_secrets()).read();
    if (!settings) return propagate(settings);
    config.files.push_back(places[i]);
    config.settings.merge(std::move(*settings));  // the first one stays
  }
  return config;
}

void apply_config(const Config& config, RunArguments& arguments) {
  if (arguments.model.empty()) arguments.model = text_value(config, "model", "CADRE_MODEL");
  // An SOP that is named chooses the team.
  if (arguments.team.empty() && arguments.sop.empty())
    arguments.team = text_value(config, "team");
  ModelAround& around = arguments.around;
  apply_around(config, around, arguments.policy, arguments.memory);
  if (const Json* limit = value(config, "budget.max_cost"); limit != nullptr && !around.max_cost)
    around.max_cost = limit->to_number<double>();
  if (const Json* limit = value(config, "budget.max_tokens"); limit && !around.max_tokens)
    around.max_tokens = limit->to_number<std::int64_t>();
  if (const Json* limit = value(config, "budget.max_calls"); limit && !around.max_calls)
    around.max_calls = limit->to_number<std::int64_t>();
  if (const Json* limit = value(config, "budget.max_time"); limit && around.max_time_s == 0)
    around.max_time_s = limit->to_number<int>();
}

void apply_config(const Config& config, ResumeArguments& arguments) {
  apply_around(config, arguments.around, arguments.policy, arguments.memory);
}

void apply_config(const Config& config, ModelsArguments& arguments) {
  if (arguments.model.empty()) arguments.model = text_value(config, "model", "CADRE_MODEL");
  if (arguments.prices.empty()) arguments.prices = text_value(config, "prices", "CADRE_PRICES");
}

std::vector<EffectiveSetting> effective_settings(const Config& config) {
  std::vector<EffectiveSetting> settings;
  for (const Known& known : kKnown) {
    EffectiveSetting one{known.key, known.standard, "default"};
    const std::string said = *known.variable == '\0' ? "" : environment(known.variable);
    const auto set = config.settings.find(known.key);
    if (!said.empty()) {
      one.value = said;
      one.origin = known.variable;
    } else if (set != config.settings.end()) {
      const Json& value = set->second.value;
      one.value = value.is_string() ? std::string(json::as_view(value.get_string()))
                                    : json::write(value);
      one.origin = set->second.origin;
    }
    settings.push_back(std::move(one));
  }
  return settings;
}

}  // namespace cadre::cli
