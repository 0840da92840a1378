#include "runtime/tools/differential.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "runtime/tools/arguments.h"
#include "runtime/tools/service_process.h"
#include "spec/differential.h"

namespace cadre {
namespace {

constexpr double kDefaultSeconds = 120;

constexpr std::string_view kSchema = R"({
  "type": "object", "required": ["seed", "operations", "launch"], "additionalProperties": false,
  "properties": {
    "seed": {"type": "integer", "minimum": 0},
    "operations": {"type": "integer", "minimum": 1, "maximum": 100000},
    "launch": {"type": "array", "minItems": 1, "items": {"type": "string"},
      "description": "serves HTTP; {socket} is the Unix socket, appended as --uds if absent"},
    "timeout_s": {"type": "number", "exclusiveMinimum": 0, "maximum": 1800}
  }})";

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Result<spec::Spec> model_of(const TaskToolContext& context) {
  const auto it = context.inputs.find("requirements");
  const Json* model =
      it == context.inputs.end() || !it->second ? nullptr : json::find(it->second->data, "spec");
  if (model == nullptr) {
    return fail(ErrorCode::kInvalidInput,
                "the differential test needs the artifact \"requirements\" with its model");
  }
  return spec::spec_from_json(*model);
}

std::vector<std::string> launch_command(const Json& arguments, const std::string& socket) {
  std::vector<std::string> argv = json::get_strings(arguments, "launch");
  bool named = false;
  for (std::string& word : argv) {
    named = named || word.find("{socket}") != std::string::npos;
    word = text::replace_all(word, "{socket}", socket);
  }
  if (!named) argv.insert(argv.end(), {"--uds", socket, "--log-level", "warning"});
  return argv;
}

Result<ServiceProcess> start_service(SandboxAccess& access, const Json& arguments,
                                     const TaskToolContext& context) {
  Result<ScratchFolder> work = make_workspace(access.support(), context);
  if (!work) return propagate(work);
  ServiceOptions options;
  options.command = [&](const std::string& socket) { return launch_command(arguments, socket); };
  options.wall_s = seconds_left(context, json::get_double(arguments, "timeout_s", kDefaultSeconds));
  return ServiceProcess::start(access, std::move(*work), options, context.stop);
}

Json shown_request(const spec::HttpRequest& request) {
  JsonArray headers;
  for (const auto& [name, value] : request.headers) headers.emplace_back(name + ": " + value);
  return JsonObject{{"method", request.method},
                    {"target", request.target},
                    {"headers", std::move(headers)},
                    {"body", request.body}};
}

struct Comparison {
  std::int64_t operations = 0;
  JsonArray mismatches;
  std::map<int, std::int64_t> statuses;
};

// Sends and judges until `count` are done or two answers differ: then the states differ too.
Result<Comparison> compare(spec::DifferentialSession& session, ServiceProcess& service,
                           UnixHttpClient& client, std::int64_t count,
                           const std::stop_token& stop) {
  Comparison done;
  while (done.operations < count && !session.over()) {
    if (stop.stop_requested())
      return fail(ErrorCode::kCancelled, "the differential test was stopped");
    const spec::HttpRequest next = session.next();
    HttpRequest request{next.method, next.target, next.headers, next.body};
    const bool typed =
        std::any_of(next.headers.begin(), next.headers.end(),
                    [](const auto& header) { return text::lower(header.first) == "content-type"; });
    if (!next.body.empty() && !typed)
      request.headers.emplace_back("Content-Type", "application/json");
    ++done.operations;
    const Result<HttpResponse> answer = client.send(request);
    service.ended();
    if (!answer) {
      done.mismatches.push_back(JsonObject{{"step", done.operations},
                                           {"what", "no answer: " + answer.error().message},
                                           {"request", shown_request(next)},
                                           {"expected", nullptr},
                                           {"actual", nullptr}});
      break;
    }
    ++done.statuses[answer->status];
    if (const auto mismatch = session.check(answer->status, answer->body)) {
      done.mismatches.push_back(JsonObject{{"step", mismatch->step},
                                           {"what", mismatch->what},
                                           {"request", shown_request(mismatch->request)},
                                           {"expected", mismatch->expected},
                                           {"actual", text::shorten(mismatch->actual, 4000)}});
    }
  }
  return done;
}

}  // namespace

std::string Differential::description() const {
  return "Serves the project in the sandbox and compares its answers to random operations with "
         "the reference interpreter of the requirement model.";
}

Json Differential::parameters() const { return json::parse(kSchema).value(); }

Result<Json> Differential::run(const Json& arguments, const TaskToolContext& context) {
  if (Result<void> fine = check_arguments(name(), parameters(), arguments); !fine) {
    return propagate(fine);
  }
  Result<spec::Spec> model = model_of(context);
  if (!model) return propagate(model);
  const auto begin = std::chrono::steady_clock::now();
  Result<ServiceProcess> service = start_service(*access_, arguments, context);
  if (!service) return propagate(service);
  Result<UnixHttpClient> client = service->connect(context.stop);
  if (!client) return propagate(client);
  const std::int64_t seed = json::get_int(arguments, "seed");
  spec::DifferentialSession session(*model, static_cast<std::uint64_t>(seed));
  Result<Comparison> done =
      compare(session, *service, *client, json::get_int(arguments, "operations"), context.stop);
  const std::string printed = service->err();
  service->finish();
  if (!done) return propagate(done);
  JsonObject statuses;
  for (const auto& [status, count] : done->statuses) statuses[std::to_string(status)] = count;
  JsonObject result{{"seed", seed},
                    {"operations", done->operations},
                    {"mismatches", std::move(done->mismatches)},
                    {"statuses", std::move(statuses)},
                    {"coverage", session.coverage().to_json()},
                    {"seconds", seconds_since(begin)},
                    {"sandboxed", access_->support().works}};
  if (!result["mismatches"].get_array().empty()) {
    result["stderr"] = text::shorten(text::clean_utf8(printed), 4000);
  }
  return result;
}

}  // namespace cadre
