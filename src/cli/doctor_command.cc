#include <fmt/format.h>

#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/model_options.h"
#include "cli/provider_state.h"
#include "process/process.h"
#include "process/sandbox.h"
#include "workshop/toolchain.h"

namespace cadre::cli {
namespace {

struct Finding {
  std::string name;
  bool good = false;
  std::string detail;       // version, or what is missing
  std::string consequence;  // what does not work without it
  std::string remedy;
  bool required = true;
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

Finding program(const std::string& name, const std::string& package, const std::string& consequence,
                bool required) {
  Finding finding{name, false, "not found", consequence, "apt-get install " + package, required};
  const std::filesystem::path path = find_program(name);
  if (path.empty()) return finding;
  ProcessOptions options;
  options.argv = {path.string(), "--version"};
  options.timeout = Milliseconds(5000);
  const auto result = run_process(options);
  finding.good = result.has_value() && result->success();
  finding.detail =
      result ? first_line(result->out.empty() ? result->err : result->out) : result.error().message;
  return finding;
}

Finding sandbox() {
  const SandboxSupport support = probe_sandbox();
  return {"sandbox",
          support.works,
          support.works ? "works (" + support.bwrap + ")" : support.reason,
          "generated code is not run, so nothing is tested (or give --no-sandbox)",
          support.hint,
          true};
}

std::vector<Finding> examine() {
  std::vector<Finding> findings{sandbox()};
  for (const workshop::ToolchainPart& part : workshop::examine_toolchain()) {
    findings.push_back({part.name, part.found, part.detail, part.consequence,
                        "apt-get install " + part.package, part.required});
  }
  findings.push_back(program("git", "git", "the project folder gets no history", false));
  return findings;
}

// One line a provider: none is required, the offline engine needs none of them.
std::vector<Finding> examine_models() {
  std::vector<Finding> findings;
  for (const ProviderState& state : examine_providers(Ask::kLocal, policy::PriceTable::shipped())) {
    std::string detail = state.missing + "; " + state.remedy;
    if (state.missing.empty()) {
      detail = state.key_variable.empty() ? state.address : state.key_variable + " is set";
    }
    findings.push_back(
        {"model " + state.name, state.missing.empty(), std::move(detail), "", state.remedy, false});
  }
  return findings;
}

Finding examine_config(const Result<Config>& config) {
  if (!config) {
    return {"cadre.toml", false, config.error().message,
            "no run begins with a configuration that cannot be read", "mend it", true};
  }
  std::vector<std::string> files;
  for (const std::filesystem::path& file : config->files) files.push_back(file.string());
  if (!files.empty()) return {"cadre.toml", true, text::join(files, ", before "), "", "", false};
  for (const std::filesystem::path& place : config_places()) files.push_back(place.string());
  return {"cadre.toml", true, "none: looked for " + text::join(files, " and "), "", "", false};
}

std::string settings_lines(const std::vector<EffectiveSetting>& settings) {
  std::string out;
  for (const EffectiveSetting& one : settings)
    out += fmt::format("        {:<18} {:<24} {}\n", one.key, one.value, one.origin);
  return out;
}

}  // namespace

int doctor_command(const Console& console) {
  const auto config = read_config();
  const auto settings = config ? effective_settings(*config) : std::vector<EffectiveSetting>{};
  std::vector<Finding> findings = examine();
  findings.push_back(examine_config(config));
  for (Finding& finding : examine_models()) findings.push_back(std::move(finding));
  bool all_required = true;
  JsonArray rows;
  std::string out;
  for (const Finding& f : findings) {
    all_required = all_required && (f.good || !f.required);
    rows.push_back(JsonObject{{"name", f.name},
                              {"ok", f.good},
                              {"required", f.required},
                              {"detail", f.detail},
                              {"consequence", f.good ? "" : f.consequence},
                              {"remedy", f.good ? "" : f.remedy}});
    out += fmt::format("{} {:<26} {}\n",
                       f.good       ? "ok     "
                       : f.required ? "MISSING"
                                    : "missing",
                       f.name, f.detail);
    if (!f.good && !f.consequence.empty())
      out += fmt::format("        without it: {}\n        remedy: {}\n", f.consequence, f.remedy);
    if (f.name == "cadre.toml") out += settings_lines(settings);
  }
  if (console.json) {
    JsonArray set;
    for (const EffectiveSetting& one : settings)
      set.push_back(JsonObject{{"key", one.key}, {"value", one.value}, {"origin", one.origin}});
    console.print(json::write_pretty(JsonObject{
        {"ok", all_required}, {"checks", std::move(rows)}, {"settings", std::move(set)}}));
  } else {
    out += "ok      model offline               embedded, needs no network and no key\n";
    out += all_required ? "everything that a run needs is there\n"
                        : "cadre run does not begin before what is MISSING is there; cadre spec, "
                          "show and report work without\n";
    console.print(out);
  }
  return all_required ? kDone : kInternalError;
}

}  // namespace cadre::cli
