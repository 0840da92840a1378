#include "runtime/tools/measure_project.h"

#include <fmt/core.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/text.h"
#include "runtime/task_files.h"
#include "runtime/tools/arguments.h"
#include "runtime/tools/audit_requirements.h"
#include "runtime/tools/coverage_files.h"
#include "runtime/tools/measured_project.h"
#include "runtime/tools/stack_step.h"

namespace cadre {
namespace {

namespace fs = std::filesystem;

bool ends_with_one_of(const std::string& path, const std::vector<std::string>& endings) {
  return std::ranges::any_of(endings, [&](const std::string& end) { return path.ends_with(end); });
}

const Json* architecture_of(const Task& task) {
  const auto at = task.inputs.find("architecture");
  return at == task.inputs.end() || !at->second ? nullptr : &at->second->data;
}

Result<Stack> stack_of(const Task& task) {
  const Json* architecture = architecture_of(task);
  if (architecture == nullptr || task.plan == nullptr) {
    return fail(ErrorCode::kInvalidInput, "the task has no architecture that says the language");
  }
  auto stacks = read_stacks(*task.plan);
  if (!stacks) return propagate(stacks);
  if (auto stack = stack_for(*stacks, *architecture)) return std::move(*stack);
  std::vector<std::string> known;
  for (const Stack& stack : *stacks) known.push_back(stack.languages.front());
  const Json* stated = json::find(*architecture, "stack");
  return fail(ErrorCode::kInvalidInput,
              fmt::format("it is not known how to build and test \"{}\"",
                          stated == nullptr ? "" : json::get_string(*stated, "language")),
              fmt::format("state architecture.commands (build, test), or take one of {}",
                          text::join(known, ", ")));
}

// One measurement in one folder.
class Session {
 public:
  Session(SandboxAccess& access, StackMachine& machine, const TaskToolContext& context,
          const Stack& stack)
      : access_(access),
        context_(context),
        stack_(stack),
        missing_(machine.missing(stack)),
        files_(TaskFiles::of(*context.task, context.results, context.call)) {
    measured_.stack = stack.title;
    measured_.no_coverage = stack.no_coverage;
    const Contract contract(context.inputs);
    with_tests_ = contract.has_tests();
    for (const auto& [path, file] : files_.all()) {
      const bool counted =
          ends_with_one_of(path, stack.sources) || ends_with_one_of(path, stack.headers);
      if (contract.is_test_file(path)) {
        if (ends_with_one_of(path, stack.sources)) tests_.push_back(path);
      } else if (counted) {
        sources_[path] = file.content;
      }
    }
  }

  Result<Json> run() {
    auto folder = make_sandbox_folder(access_.support(), context_.scratch_dir);
    if (!folder) return propagate(folder);
    folder_ = folder->path();
    find_conflicts();
    for (const auto& [path, file] : files_.all()) {
      if (auto written = write_beneath(folder_, path, file.content, file.executable); !written) {
        return propagate(written);
      }
    }
    if (auto made = put_stack_files(folder_, stack_); !made) return propagate(made);
    note_missing();
    const StackVariant* variant = choose_variant();
    if (variant != nullptr && !cannot_build_) {
      for (const StackStep& step : variant->steps) {
        if (auto good = run_step(step); !good) return propagate(good);
        if (stopped_) break;
      }
    }
    return report_of(measured_, stack_, context_.inputs, sources_);
  }

 private:
  bool lacks(std::string_view kind) const { return !needed_for(missing_, {kind}).empty(); }

  // Two artifacts may not hold one file with different contents; the code's is taken.
  void find_conflicts() {
    std::map<std::string, std::pair<std::string, const File*>> seen;
    for (const auto& [type, artifact] : context_.inputs) {
      if (!artifact) continue;
      for (const File& file : artifact->files) {
        const auto [at, fresh] = seen.try_emplace(file.path, type, &file);
        if (fresh || at->second.second->content == file.content) continue;
        const bool tests = type == "test_suite" || type == "test_data";
        measured_.findings.push_back(
            {"", "high",
             fmt::format("conflict: {} and {} both write {}", at->second.first, type, file.path),
             "one file has one owner", tests ? "test_suite" : type});
      }
    }
  }

  void note_missing() {
    measured_.sandboxed = access_.support().works;
    if (const auto build = needed_for(missing_, {"build", "test"}); !build.empty()) {
      cannot_build_ = true;
      measured_.not_verified.push_back(
          fmt::format("tests, build, coverage and lint: {} is missing for {}; apt-get install {}",
                      names_of(build), stack_.title, packages_of(build)));
    }
    for (const char* what : {"coverage", "lint"}) {
      const auto lacking = needed_for(missing_, {what});
      if (lacking.empty() || cannot_build_) continue;
      measured_.not_verified.push_back(
          fmt::format("{}: not measured: {} is missing; apt-get install {}", what,
                      names_of(lacking), packages_of(lacking)));
    }
  }

  const StackVariant* choose_variant() {
    std::vector<std::string> wanted;
    for (const StackVariant& variant : stack_.variants) {
      if (variant.when.empty() || files_.find(variant.when) != nullptr) return &variant;
      wanted.push_back(variant.when);
    }
    measured_.findings.push_back(
        {"", "high", fmt::format("the project has no {}", text::join(wanted, " and no ")),
         stack_.conventions, "code"});
    return nullptr;
  }

  std::vector<std::string> command_of(const std::vector<std::string>& argv) const {
    StepFiles files{{}, tests_};
    for (const auto& [path, content] : sources_) {
      if (ends_with_one_of(path, stack_.sources)) files.sources.push_back(path);
    }
    return fill_command(argv, files, folder_, seen_as(access_, {.folder = folder_}));
  }

  bool wanted(const StackStep& step) const {
    if (step.kind == "lint") return !lacks("lint");
    if (step.kind == "test") return with_tests_;
    if (step.kind == "coverage") return with_tests_ && measured_.tests_ran && !lacks("coverage");
    return true;
  }

  Result<void> run_step(const StackStep& step) {
    if (!wanted(step)) return {};
    const bool bare = lacks("coverage") && !step.without_coverage.empty();
    const auto argv = command_of(bare ? step.without_coverage : step.argv);
    if (argv.empty()) return {};
    auto ran = run_stack_step(access_, context_, stack_, step, argv, {.folder = folder_});
    if (!ran) return propagate(ran);
    const ProcessResult& process = ran->process;
    StepRun done = std::move(ran->run);
    done.tool = step.tool;
    count_warnings(step, process, done);
    const bool passed = done.passed;
    measured_.steps.push_back(std::move(done));
    if (step.kind == "build" && !passed) stopped_ = true;
    if (step.kind == "test") read_results(step, argv, text::clean_utf8(process.out), passed);
    if (step.coverage && !bare && !lacks("coverage")) read_lines(*step.coverage);
    return {};
  }

  static void count_warnings(const StackStep& step, const ProcessResult& process, StepRun& done) {
    if (!step.warnings.empty()) {
      std::int64_t count = 0;
      const std::string all = process.out + "\n" + process.err;
      re2::StringPiece rest(all);
      const RE2 pattern(step.warnings);
      while (RE2::FindAndConsume(&rest, pattern)) ++count;
      done.warnings = count;
    } else if (step.kind == "lint" && step.count_lines) {
      std::int64_t count = 0;
      for (const std::string_view line : text::lines(process.out + "\n" + process.err)) {
        count += text::trim(line).empty() ? 0 : 1;
      }
      done.warnings = count;
    }
  }

  void read_results(const StackStep& step, const std::vector<std::string>& argv,
                    const std::string& printed, bool passed) {
    measured_.tests_ran = true;
    if (!step.results) return;
    std::string text = printed;
    if (!step.results->file.empty()) {
      auto file = read_beneath(folder_, step.results->file, kFigureBytesMax);
      if (!file) return;  // the step's own end says why
      text = std::move(*file);
    }
    auto cases = read_test_results(step.results->format, text);
    if (!cases) {
      measured_.problems.push_back("the results of the tests cannot be read: " +
                                   cases.error().message);
      return;
    }
    // A test command without a protocol is one test.
    if (cases->empty() && step.results->format == "tap" && stack_.id == "stated") {
      cases->push_back({text::join(argv, " "), "", passed ? "passed" : "failed", "",
                        telling_part(stack_, printed), 0});
    }
    for (TestCase& one : *cases) measured_.cases.push_back(std::move(one));
  }

  void read_lines(const FigureFile& figures) {
    auto data = read_coverage_files(
        {folder_, seen_as(access_, {.folder = folder_}), sources_}, figures);
    if (data) {
      measured_.coverage = std::move(*data);
    } else if (data.error().code != ErrorCode::kNotFound) {  // else the step's own end says why
      measured_.not_verified.push_back("coverage: its report cannot be read: " +
                                       data.error().message);
    }
  }

  SandboxAccess& access_;
  const TaskToolContext& context_;
  const Stack& stack_;
  std::vector<StackProgram> missing_;
  TaskFiles files_;
  fs::path folder_;
  Measurement measured_;
  std::map<std::string, std::string> sources_;
  std::vector<std::string> tests_;
  bool with_tests_ = false, cannot_build_ = false, stopped_ = false;
};

}  // namespace

std::string MeasureProject::description() const {
  return "Builds the project as it stands before you, runs its tests (when there is a test suite) "
         "and measures coverage and lint, in the sandbox. Takes no arguments. Its figures are the "
         "ones that count.";
}

Json MeasureProject::parameters() const {
  return JsonObject{
      {"type", "object"}, {"properties", JsonObject{}}, {"additionalProperties", false}};
}

std::string MeasureProject::briefing(const Task& task) const {
  const auto stack = stack_of(task);
  if (!stack) return {};
  std::string out = fmt::format("This project is {}. ", stack->title);
  if (!stack->conventions.empty())
    out += "How such projects are built here:\n\n" + stack->conventions;
  for (const StackProgram& program : machine_->missing(*stack)) {
    out += fmt::format("\nNot installed here: {} (for {}).\n", program.program, program.needed_for);
  }
  return out;
}

Result<void> MeasureProject::ready(const Task& task) const {
  if (architecture_of(task) == nullptr) return {};
  const auto stack = stack_of(task);
  if (!stack) return fail(ErrorCode::kDenied, stack.error().message, stack.error().hint);
  return machine_->can_test(*stack, ", or take another language");
}

Result<Json> MeasureProject::run(const Json& arguments, const TaskToolContext& context) {
  if (auto good = check_arguments(name(), parameters(), arguments); !good) return propagate(good);
  auto stack = stack_of(*context.task);
  if (!stack) return propagate(stack);
  auto answer = Session(*access_, *machine_, context, *stack).run();
  if (!answer) return answer;
  if (auto audited = add_audit(context, *stack, *answer); !audited) return propagate(audited);
  return answer;
}

// Only where the whole project is there, and no requirement model of the offline path's own.
Result<void> MeasureProject::add_audit(const TaskToolContext& context, const Stack& stack,
                                       Json& answer) const {
  const auto requirements = context.inputs.find("requirements");
  const bool own_model = requirements != context.inputs.end() && requirements->second &&
                         json::find(requirements->second->data, "spec") != nullptr;
  if (!read_ || own_model || !context.inputs.contains("code")) return {};
  JsonObject& figures = answer.at("figures").as_object();
  JsonObject& append = answer.at("append").as_object();
  JsonArray& open = append["not_verified"].as_array();
  figures["audit"] = nullptr;
  const JsonArray& builds = json::get_array(answer.at("figures"), "builds");
  const bool built = std::ranges::all_of(
      builds, [](const Json& build) { return json::get_bool(build, "passed"); });
  if (!built || (builds.empty() && json::get_array(answer.at("figures"), "tools").empty())) {
    open.emplace_back("audit against the brief: not audited: the project was not built");
    return {};
  }
  const auto files = TaskFiles::of(*context.task, context.results, context.call);
  auto audited = audit_service(*access_, context, stack, files, read_);
  if (!audited) return propagate(audited);
  figures["audit"] = audited->figures;
  if (!audited->differential.is_null()) {
    figures["differential"] = audited->differential;
    JsonArray rest;
    for (const Json& line : open) {
      const bool moot =
          line.is_string() && json::as_view(line.get_string()).starts_with("differential test:");
      if (!moot) rest.push_back(line);
    }
    open = std::move(rest);
  }
  if (!audited->not_verified.empty()) open.emplace_back(audited->not_verified);
  name_requirements(context.inputs, audited->findings);
  JsonArray& findings = append["findings"].as_array();
  for (Json& finding : audited->findings) findings.push_back(std::move(finding));
  return {};
}

}  // namespace cadre
