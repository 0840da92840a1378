#include "runtime/tools/audit_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "base/clock.h"
#include "base/text.h"
#include "runtime/audit/audit.h"
#include "runtime/tools/service_process.h"
#include "runtime/tools/stack_step.h"

namespace cadre {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSeed = 1;

const Json* data_of(const TaskToolContext& context, const std::string& type) {
  const auto at = context.inputs.find(type);
  return at == context.inputs.end() || !at->second ? nullptr : &at->second->data;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

ServiceAudit not_audited(const std::string& why) {
  return {nullptr, nullptr, {}, "audit against the brief: not audited: " + why};
}

// How the architecture says that the service is started.
struct Launch {
  std::vector<std::string> argv, env;
  std::string ready;
};

// Where nothing is said about being ready: the first thing of the contract that can be looked at.
std::string ready_path(const Json& openapi) {
  for (const audit::TheirOperation& one : audit::read_contract(openapi)) {
    if (one.method == "GET" && one.path.find('{') == std::string::npos) return one.path;
  }
  return "/";
}

Launch launch_of(const Json& architecture, const Json& openapi) {
  Launch launch;
  const Json* service = json::find(architecture, "service");
  if (service == nullptr) return launch;
  launch.argv = json::get_strings(*service, "start");
  launch.ready = json::get_string(*service, "ready", ready_path(openapi));
  for (const auto& member : json::get_object(*service, "env")) {
    if (!member.value().is_string()) continue;
    launch.env.push_back(std::string(member.key().data(), member.key().size()) + "=" +
                         std::string(json::as_view(member.value().get_string())));
  }
  return launch;
}

class Driver {
 public:
  Driver(SandboxAccess& access, const TaskToolContext& context, const Stack& stack,
         const TaskFiles& files, Launch launch, const AuditLimits& limits)
      : access_(access),
        context_(context),
        stack_(stack),
        files_(files),
        launch_(std::move(launch)),
        limits_(limits),
        left_(seconds_left(context, limits.seconds)) {}

  // Files and what the build makes of them, once; each session begins with a copy.
  Result<std::string> prepare() {
    auto folder = make_sandbox_folder(access_.support(), context_.scratch_dir);
    if (!folder) return propagate(folder);
    pristine_ = std::make_unique<ScratchFolder>(std::move(*folder));
    const auto suite = context_.inputs.find("test_suite");
    std::set<std::string> tests;
    if (suite != context_.inputs.end() && suite->second) {
      for (const File& file : suite->second->files) tests.insert(file.path);
    }
    StepFiles lists;
    for (const auto& [path, file] : files_.all()) {
      auto written = write_beneath(pristine_->path(), path, file.content, file.executable);
      if (!written) return propagate(written);
      const bool source = std::ranges::any_of(
          stack_.sources, [&](const std::string& end) { return path.ends_with(end); });
      if (source) (tests.contains(path) ? lists.tests : lists.sources).push_back(path);
    }
    if (auto made = put_stack_files(pristine_->path(), stack_); !made) return propagate(made);
    for (const StackVariant& variant : stack_.variants) {
      if (!variant.when.empty() && files_.find(variant.when) == nullptr) continue;
      return build(variant, lists);
    }
    return std::string();
  }

  Result<void> run(audit::Audit& audit) {
    while (audit.wants_more()) {
      if (over()) return give_up(audit);
      auto service = start();
      if (!service) return propagate(service);
      auto client = service->connect(context_.stop);
      if (!client) return propagate(client);
      if (!audit.begin(SystemClock().now_us() / 1'000'000)) return {};
      if (auto asked = converse(audit, *service, *client); !asked) return propagate(asked);
      service->finish();
    }
    return {};
  }

 private:
  bool over() const { return seconds_since(begin_) > left_; }
  Result<void> give_up(audit::Audit& audit) const {
    audit.give_up(fmt::format("the time for the audit ({:g} s) was over", limits_.seconds));
    return {};
  }

  Result<std::string> build(const StackVariant& variant, const StepFiles& lists) {
    for (const StackStep& step : variant.steps) {
      if (step.kind != "build") continue;
      const StepPlace place{.folder = pristine_->path()};
      const auto argv =
          fill_command(step.argv, lists, pristine_->path(), seen_as(access_, place));
      if (argv.empty()) continue;
      auto done = run_stack_step(access_, context_, stack_, step, argv, place);
      if (!done) return propagate(done);
      if (!done->run.passed) return "it does not build";
    }
    return std::string();
  }

  Result<ServiceProcess> start() {
    auto folder = make_sandbox_folder(access_.support(), context_.scratch_dir);
    if (!folder) return propagate(folder);
    std::error_code error;
    fs::copy(pristine_->path(), folder->path(),
             fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
    if (error) {
      return fail(ErrorCode::kIo, "the project could not be copied: " + error.message());
    }
    ServiceOptions options;
    options.tcp = true;
    options.command = [this](const std::string&) { return launch_.argv; };
    options.env.push_back("PATH=" + program_path(stack_));
    for (const auto& [name, value] : stack_.env) {
      options.env.push_back(
          name + "=" +
          text::replace_all(value, "/work", seen_as(access_, {.folder = folder->path()})));
    }
    options.env.insert(options.env.end(), launch_.env.begin(), launch_.env.end());
    options.wall_s = std::max(1.0, left_ - seconds_since(begin_) + limits_.start_s);
    options.memory_mb = stack_.memory_mb;
    options.start_s = std::min(limits_.start_s, std::max(1.0, left_ - seconds_since(begin_)));
    options.answer_within =
        std::chrono::milliseconds(static_cast<std::int64_t>(limits_.answer_s * 1000));
    options.answer_bytes_max = limits_.answer_bytes;
    options.ready_path = launch_.ready;
    options.ready_is_200 = false;
    return ServiceProcess::start(access_, std::move(*folder), options, context_.stop);
  }

  Result<void> converse(audit::Audit& audit, ServiceProcess& service, UnixHttpClient& client) {
    while (const auto next = audit.next()) {
      if (context_.stop.stop_requested()) {
        return fail(ErrorCode::kCancelled, "the audit was stopped");
      }
      auto answer = client.send({next->method, next->target, next->headers, next->body});
      if (answer) {
        service.ended();
        audit.answer(answer->status, answer->body);
      } else if (answer.error().code == ErrorCode::kCancelled) {
        return propagate(answer);
      } else {
        audit.broken(why_broken(service, answer.error().message));
      }
      if (over()) return give_up(audit);
    }
    return {};
  }

  std::string why_broken(ServiceProcess& service, const std::string& message) const {
    if (!service.ended(Milliseconds{300})) {
      const auto colon = message.find(": ");
      return colon == std::string::npos ? message : message.substr(colon + 2);
    }
    const ProcessResult result = service.finish();
    return fmt::format("the service ended (exit code {}){}{}", result.exit_code,
                       result.limit.empty() ? "" : ": " + result.limit,
                       result.err.empty() ? ""
                                          : ": " + text::shorten(text::clean_utf8(text::trim(
                                                                     result.err)),
                                                                 1500));
  }

  SandboxAccess& access_;
  const TaskToolContext& context_;
  const Stack& stack_;
  const TaskFiles& files_;
  Launch launch_;
  AuditLimits limits_;
  double left_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::unique_ptr<ScratchFolder> pristine_;
};

// A service that does not start as its architecture says cannot be used by anybody.
Json start_finding(const Launch& launch, const Error& error) {
  return JsonObject{{"id", "A-000"},
                    {"gate", "no_high_findings"},
                    {"severity", "high"},
                    {"title", "audit: the service does not start as architecture.service says"},
                    {"evidence", fmt::format("$ {}\n{}", text::join(launch.argv, " "),
                                             error.message)},
                    {"blame", "code"}};
}

// Why the project is none that can be audited, or "".
std::string why_not(const Json* architecture, const Json* openapi) {
  if (architecture == nullptr || openapi == nullptr ||
      json::get_string(*architecture, "kind", "service") != "service") {
    return "what is built is no HTTP service";
  }
  if (launch_of(*architecture, *openapi).argv.empty()) {
    return "the architecture does not say how the service is started (architecture.service.start)";
  }
  return {};
}

ServiceAudit outcome_of(const audit::Audit& audit, double seconds) {
  ServiceAudit out;
  out.figures = audit.figures(seconds);
  out.findings = audit.findings();
  out.not_verified = audit.rest();
  if (audit.operations() > 0) {
    out.differential = JsonObject{{"operations", audit.operations()},
                                  {"mismatches", audit.contradictions()},
                                  {"seed", kSeed}};
  }
  return out;
}

}  // namespace

Result<ServiceAudit> audit_service(SandboxAccess& access, const TaskToolContext& context,
                                   const Stack& stack, const TaskFiles& files,
                                   const BriefReader& read, const AuditLimits& limits) {
  const Json* architecture = data_of(context, "architecture");
  const Json* apis = data_of(context, "apis");
  const Json* openapi = apis == nullptr ? nullptr : json::find(*apis, "openapi");
  const spec::Spec model = read(context.task->brief);
  if (model.verdict == spec::Verdict::kRefuse) {
    return not_audited("the brief is not of the offline engine's class");
  }
  if (std::string why = why_not(architecture, openapi); !why.empty()) {
    return not_audited(why);
  }
  const auto begin = std::chrono::steady_clock::now();
  audit::Audit audit(model, *openapi, kSeed, {.operations = limits.operations});
  if (std::string why = audit.obstacle(); !why.empty()) return not_audited(why);
  const Launch launch = launch_of(*architecture, *openapi);
  Driver driver(access, context, stack, files, launch, limits);
  auto prepared = driver.prepare();
  if (!prepared) {
    if (prepared.error().code == ErrorCode::kCancelled) return propagate(prepared);
    return not_audited(prepared.error().message);
  }
  if (!prepared->empty()) return not_audited(*prepared);
  auto ran = driver.run(audit);
  ServiceAudit out = outcome_of(audit, seconds_since(begin));
  if (ran) return out;
  if (ran.error().code == ErrorCode::kCancelled) return propagate(ran);
  if (ran.error().code != ErrorCode::kUnavailable) return not_audited(ran.error().message);
  if (audit.operations() == 0) out.figures = nullptr;
  out.findings.push_back(start_finding(launch, ran.error()));
  out.not_verified = "audit against the brief: not audited" +
                     std::string(audit.operations() > 0 ? " to its end" : "") +
                     ": the service did not start: " + text::shorten(ran.error().message, 300);
  return out;
}

}  // namespace cadre
