#include "runtime/tools/stack_table.h"

#include <fmt/core.h>
#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/text.h"
#include "process/process.h"

namespace cadre {
namespace {

std::map<std::string, std::string> read_strings(const Json& json, std::string_view key) {
  std::map<std::string, std::string> strings;
  for (const auto& member : json::get_object(json, key)) {
    const std::string name(member.key().data(), member.key().size());
    strings[name] = json::get_string(json::get_object(json, key), name);
  }
  return strings;
}

std::optional<FigureFile> read_figures(const Json& json, std::string_view key) {
  const Json* found = json::find(json, key);
  if (found == nullptr || !found->is_object()) return std::nullopt;
  return FigureFile{json::get_string(*found, "format"), json::get_string(*found, "file"),
                    json::get_string(*found, "compiled"), json::get_bool(*found, "complete")};
}

Result<void> check_pattern(const std::string& pattern, const std::string& where) {
  if (pattern.empty()) return {};
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 compiled(pattern, options);
  if (compiled.ok()) return {};
  return fail(ErrorCode::kInvalidInput,
              fmt::format("the table of stacks, {}: \"{}\" is no pattern: {}", where, pattern,
                          compiled.error()));
}

Result<StackStep> read_step(const Json& json, const std::string& id) {
  StackStep step;
  step.kind = json::get_string(json, "kind");
  step.argv = json::get_strings(json, "argv");
  step.without_coverage = json::get_strings(json, "without_coverage");
  step.env = read_strings(json, "env");
  step.results = read_figures(json, "results");
  step.coverage = read_figures(json, "coverage");
  step.tool = json::get_string(json, "tool");
  step.count_lines = json::get_string(json, "count") == "lines";
  step.timeout_s = std::clamp(json::get_double(json, "timeout_s", 120), 1.0, 1800.0);
  if (const Json* warnings = json::find(json, "warnings")) {
    step.tool = json::get_string(*warnings, "tool");
    step.warnings = json::get_string(*warnings, "pattern");
  }
  const bool known =
      step.kind == "build" || step.kind == "lint" || step.kind == "test" || step.kind == "coverage";
  if (!known || step.argv.empty()) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the table of stacks, {}: a step needs a kind (build, lint, test or "
                            "coverage) and argv",
                            id));
  }
  if (auto good = check_pattern(step.warnings, id); !good) return propagate(good);
  return step;
}

Result<Stack> read_stack(const Json& json) {
  Stack stack;
  stack.id = json::get_string(json, "id");
  stack.title = json::get_string(json, "title", stack.id);
  stack.conventions = json::get_string(json, "conventions");
  stack.no_coverage = json::get_string(json, "no_coverage");
  stack.error_place = json::get_string(json, "error_place");
  stack.languages = json::get_strings(json, "languages");
  stack.sources = json::get_strings(json, "sources");
  stack.headers = json::get_strings(json, "headers");
  stack.paths = json::get_strings(json, "paths");
  stack.missing = json::get_strings(json, "missing");
  stack.env = read_strings(json, "env");
  stack.files = read_strings(json, "files");
  stack.memory_mb = static_cast<int>(
      std::clamp<std::int64_t>(json::get_int(json, "memory_mb", 4096), 64, 1 << 20));
  for (const Json& program : json::get_array(json, "programs")) {
    stack.programs.push_back(
        {json::get_string(program, "program"), json::get_string(program, "package"),
         json::get_string(program, "for", "build"), json::get_strings(program, "check")});
  }
  for (const Json& variant : json::get_array(json, "variants")) {
    StackVariant read{json::get_string(variant, "when"), {}};
    for (const Json& step : json::get_array(variant, "steps")) {
      auto one = read_step(step, stack.id);
      if (!one) return propagate(one);
      read.steps.push_back(std::move(*one));
    }
    stack.variants.push_back(std::move(read));
  }
  if (stack.id.empty() || stack.languages.empty() || stack.variants.empty()) {
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("the table of stacks: \"{}\" needs an id, languages and variants", stack.id));
  }
  if (auto good = check_pattern(stack.error_place, stack.id); !good) return propagate(good);
  for (const std::string& pattern : stack.missing) {
    if (auto good = check_pattern(pattern, stack.id); !good) return propagate(good);
  }
  return stack;
}

// What the Architect states for a language of his choice.
Stack stated_stack(const Json& commands, const std::string& language) {
  Stack stack;
  stack.id = "stated";
  stack.title = language + " (commands of the architecture)";
  stack.languages = {text::lower(language)};
  stack.sources = json::get_strings(commands, "sources");
  stack.memory_mb = 65536;
  StackVariant variant;
  const auto coverage = read_figures(commands, "coverage");
  const auto results = read_figures(commands, "results");
  if (!coverage) stack.no_coverage = "the architecture states no report of coverage";
  for (const char* kind : {"build", "lint", "test"}) {
    for (const Json& argv : json::get_array(commands, kind)) {
      StackStep step;
      step.kind = kind;
      for (const Json& word : argv.is_array() ? argv.get_array() : JsonArray{}) {
        if (word.is_string()) step.argv.emplace_back(json::as_view(word.get_string()));
      }
      if (step.argv.empty()) continue;
      step.timeout_s = 300;
      step.tool = step.argv.front();
      step.count_lines = step.kind == "lint";
      if (step.kind == "test") step.results = results ? results : FigureFile{"tap", "", "", false};
      stack.programs.push_back({step.argv.front(),
                                json::get_string(commands, "install"),
                                step.kind == "lint" ? "lint" : "build",
                                {}});
      variant.steps.push_back(std::move(step));
    }
  }
  if (coverage && !variant.steps.empty()) variant.steps.back().coverage = coverage;
  stack.variants.push_back(std::move(variant));
  return stack;
}

}  // namespace

Result<std::vector<Stack>> read_stacks(const Plan& plan) {
  std::vector<Stack> stacks;
  const auto at = plan.tables.find("stacks");
  if (at == plan.tables.end()) return stacks;
  for (const Json& entry : json::get_array(at->second, "stacks")) {
    auto stack = read_stack(entry);
    if (!stack) return propagate(stack);
    stacks.push_back(std::move(*stack));
  }
  return stacks;
}

const Stack* find_stack(const std::vector<Stack>& stacks, std::string_view language) {
  const std::string wanted = text::lower(text::trim(language));
  const Stack* best = nullptr;
  std::size_t length = 0;
  for (const Stack& stack : stacks) {
    for (const std::string& word : stack.languages) {
      if (!wanted.starts_with(word) || word.size() <= length) continue;
      const bool ends = wanted.size() == word.size() ||
                        std::isalpha(static_cast<unsigned char>(wanted[word.size()])) == 0;
      if (!ends || (word == "c" && (wanted.starts_with("c+") || wanted.starts_with("c#"))))
        continue;
      best = &stack;
      length = word.size();
    }
  }
  return best;
}

std::optional<Stack> stack_for(const std::vector<Stack>& stacks, const Json& architecture) {
  const Json* stated = json::find(architecture, "stack");
  const std::string language = stated == nullptr ? "" : json::get_string(*stated, "language");
  if (const Json* commands = json::find(architecture, "commands");
      commands != nullptr && !json::get_array(*commands, "test").empty()) {
    return stated_stack(*commands, language);
  }
  const Stack* found = find_stack(stacks, language);
  return found == nullptr ? std::nullopt : std::optional<Stack>(*found);
}

std::string program_path(const Stack& stack) {
  std::string path = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin";
  for (const std::string& more : stack.paths) path = more + ":" + path;
  return path;
}

std::vector<StackProgram> needed_for(const std::vector<StackProgram>& programs,
                                     std::initializer_list<std::string_view> kinds) {
  std::vector<StackProgram> kept;
  for (const StackProgram& program : programs) {
    if (std::ranges::find(kinds, program.needed_for) != kinds.end()) kept.push_back(program);
  }
  return kept;
}

std::string names_of(const std::vector<StackProgram>& programs) {
  std::vector<std::string> names;
  for (const StackProgram& program : programs) {
    if (std::ranges::find(names, program.program) == names.end()) names.push_back(program.program);
  }
  return text::join(names, ", ");
}

std::string packages_of(const std::vector<StackProgram>& programs) {
  std::vector<std::string> packages;
  for (const StackProgram& program : programs) {
    const std::string& name = program.package.empty() ? program.program : program.package;
    if (std::ranges::find(packages, name) == packages.end()) packages.push_back(name);
  }
  return text::join(packages, " ");
}

bool StackMachine::there(const StackProgram& program, const Stack& stack) {
  const std::string path = program_path(stack);
  if (program.check.empty()) {
    const std::filesystem::path name = program.program;
    std::error_code error;
    if (name.is_absolute()) return std::filesystem::exists(name, error);
    if (program.program.find('/') != std::string::npos) return true;  // a file of the project
    return std::ranges::any_of(text::split(path, ':'), [&](const std::string& folder) {
      return std::filesystem::exists(std::filesystem::path(folder) / name, error);
    });
  }
  ProcessOptions options;
  options.argv = program.check;
  options.env = {"PATH=" + path, "HOME=/nonexistent"};
  options.timeout = Milliseconds(20'000);
  const auto run = run_process(options);
  return run && run->success();
}

std::vector<StackProgram> StackMachine::missing(const Stack& stack) {
  std::vector<StackProgram> list;
  const std::lock_guard lock(mutex_);
  for (const StackProgram& program : stack.programs) {
    const std::string key = program.program + "\n" + text::join(program.check, "\n");
    auto at = known_.find(key);
    if (at == known_.end()) at = known_.emplace(key, there(program, stack)).first;
    if (!at->second) list.push_back(program);
  }
  return list;
}

Result<void> StackMachine::can_test(const Stack& stack, std::string_view otherwise) {
  const auto lacking = needed_for(missing(stack), {"build", "test"});
  if (lacking.empty()) return {};
  return fail(ErrorCode::kDenied,
              fmt::format("{} cannot be built and tested on this machine: {} is missing",
                          stack.title, names_of(lacking)),
              fmt::format("apt-get install {}{}", packages_of(lacking), otherwise));
}

}  // namespace cadre
