#include "runtime/tools/differential.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "net/unix_http.h"
#include "runtime/tools/arguments.h"
#include "spec/differential.h"

namespace cadre {
namespace {

constexpr double kStartSeconds = 20;
constexpr double kDefaultSeconds = 120;
constexpr std::string_view kInsideFolder = "/run/cadre";

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

// The service under test; ends with the object.
class Service {
 public:
  static Result<Service> start(SandboxAccess& access, const Json& arguments,
                               const TaskToolContext& context) {
    Result<ScratchFolder> work = make_workspace(access.support(), context);
    if (!work) return propagate(work);
    // A socket's path has at most 107 bytes, so its folder is a short one.
    Result<ScratchFolder> socket_folder = make_sandbox_folder(access.support(), "/tmp");
    if (!socket_folder) return propagate(socket_folder);
    SandboxPolicy policy;
    policy.work = work->path();
    policy.allow_unsandboxed = access.allow_unsandboxed();
    policy.binds.push_back({socket_folder->path(), std::string(kInsideFolder), true});
    policy.limits.wall_s =
        seconds_left(context, json::get_double(arguments, "timeout_s", kDefaultSeconds));
    policy.limits.cpu_s = std::max(1, static_cast<int>(policy.limits.wall_s));
    policy.limits.memory_mb = 2048;
    const std::filesystem::path socket = socket_folder->path() / "s";
    const std::string inside =
        access.support().works ? std::string(kInsideFolder) + "/s" : socket.string();
    Result<ProcessOptions> options =
        sandbox_options(access.support(), policy, launch_command(arguments, inside));
    if (!options) return propagate(options);
    options->stop = context.stop;
    Result<ChildProcess> child = ChildProcess::start(*options);
    if (!child) return propagate(child);
    return Service(std::move(*work), std::move(*socket_folder), socket, std::move(*child));
  }

  // A client once the service answers; an error with what it printed when it does not.
  Result<UnixHttpClient> connect(const std::stop_token& stop) {
    const auto begin = std::chrono::steady_clock::now();
    while (seconds_since(begin) < kStartSeconds) {
      if (stop.stop_requested())
        return fail(ErrorCode::kCancelled, "the differential test was stopped");
      if (child_.wait(Milliseconds{15})) {
        return fail(ErrorCode::kUnavailable,
                    "the service ended before it answered: " + text::shorten(child_.err(), 4000));
      }
      std::error_code error;
      if (!std::filesystem::exists(socket_, error)) continue;
      UnixHttpOptions options;
      options.socket = socket_;
      options.stop = stop;
      Result<UnixHttpClient> client = UnixHttpClient::make(options);
      if (!client) return client;
      HttpRequest health;
      health.path = "/health";
      if (const auto answer = client->send(health); answer && answer->status == 200) return client;
    }
    return fail(ErrorCode::kUnavailable, "the service did not answer GET /health in time: " +
                                             text::shorten(child_.err(), 4000));
  }

  // Reads what it has printed, so that a full pipe does not stop it.
  void drain() { child_.wait(Milliseconds{0}); }
  void finish() { child_.finish(Milliseconds{50}); }
  std::string err() const { return child_.err(); }

 private:
  Service(ScratchFolder work, ScratchFolder socket_folder, std::filesystem::path socket,
          ChildProcess child)
      : work_(std::move(work)),
        socket_folder_(std::move(socket_folder)),
        socket_(std::move(socket)),
        child_(std::move(child)) {}

  ScratchFolder work_, socket_folder_;
  std::filesystem::path socket_;
  ChildProcess child_;
};

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
Result<Comparison> compare(spec::DifferentialSession& session, Service& service,
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
    service.drain();
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
  Result<Service> service = Service::start(*access_, arguments, context);
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
