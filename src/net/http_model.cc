#include "net/http_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "net/http_transfer.h"
#include "net/lines.h"
#include "net/sse.h"

namespace cadre::net {
namespace {

using model::Fault;
using model::FaultKind;
using std::chrono::milliseconds;

// What all calls of one model share. The client ends every call when it ends.
struct Core {
  std::string name;
  ModelSpec spec;
  HttpModelOptions options;
  Secret key;
  HttpPort client;
  std::unique_ptr<model::Adapter> adapter;
  Rng rng{1};  // on the client's thread
  SystemClock system_clock;
  std::shared_ptr<TrafficGate> gate;
  TrafficGate::After after;

  std::shared_ptr<const HttpHeaders> headers[2];  // of each request; [1] for a stream

  std::int64_t now_us() {
    return options.clock != nullptr ? options.clock->now_us() : system_clock.now_us();
  }
};

std::string without_key(std::string text, const Secret& key) {
  if (key.reveal().size() < 4) return text;
  return text::replace_all(std::move(text), key.reveal(), "[key]");
}

constexpr std::size_t kLostMax = 1000;
constexpr std::int64_t kOutputTokens = 1000;  // of a call that does not say how many it allows

// What the vendor will count for the call, roughly: four bytes a token, and what may be written.
std::int64_t rough_tokens(const ModelRequest& request, const model::Profile& profile,
                          std::size_t bytes) {
  std::int64_t output = profile.max_tokens_default > 0 ? profile.max_tokens_default : kOutputTokens;
  if (request.settings != nullptr)
    output = request.settings->max_output_tokens.value_or(output);
  return static_cast<std::int64_t>(bytes / 4) + output;
}

Usage nothing() {
  Usage usage;
  usage.requests = 0;
  usage.input_tokens = usage.output_tokens = 0;
  return usage;
}

// What is not known of a part stays out of the sum, which `uncounted` says.
void add_counts(Usage& to, const Usage& more) {
  const auto add = [](std::optional<std::int64_t>& sum, const std::optional<std::int64_t>& count) {
    if (sum && count) *sum += *count;
  };
  add(to.input_tokens, more.input_tokens);
  add(to.output_tokens, more.output_tokens);
  add(to.cached_tokens, more.cached_tokens);
  add(to.reasoning_tokens, more.reasoning_tokens);
  add(to.cache_write_tokens, more.cache_write_tokens);
  to.uncounted += more.uncounted;
}

class Call;

// Where a call waits for the gate. The deadline's task owns it, so that it ends with the client.
struct Seat {
  std::mutex mutex;
  std::shared_ptr<Call> call;
  std::shared_ptr<Call> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(call, nullptr);
  }
};

Fault transport_fault(const Error& error) {
  const bool passing = error.code == ErrorCode::kUnavailable;
  return {passing ? FaultKind::kCutOff : FaultKind::kInvalid, passing, error};
}

class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(std::shared_ptr<Core> core, Model::OnDelta on_delta, Model::OnDone done)
      : core_(std::move(core)), on_delta_(std::move(on_delta)), done_(std::move(done)) {}

  // Dropped with the client while it waited for another attempt.
  ~Call() { end(fail(ErrorCode::kCancelled, "the model call was cancelled")); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void begin(model::WireRequest wire, std::int64_t tokens, std::string key,
             std::stop_token stop) {
    wire_ = std::move(wire);
    key_ = std::move(key);
    tokens_ = tokens;
    body_ = std::make_shared<const std::string>(std::move(wire_.body));
    started_us_ = steady_us();
    if (stop.stop_possible()) {
      on_stop_.emplace(std::move(stop), [weak = weak_from_this(), client = core_->client] {
        client.after(milliseconds(0), [weak] {
          if (const auto call = weak.lock()) call->cancel();
        });
      });
    }
    attempt();
  }

  void end(Result<ModelReply> result) {
    if (!done_) return;
    on_stop_.reset();
    auto done = std::exchange(done_, nullptr);
    done(std::move(result));
  }

 private:
  // Sends when the gate lets it through.
  void attempt() {
    if (const auto mark = core_->gate->try_enter(tokens_)) return send(*mark);
    const milliseconds wait = core_->gate->wait_for(tokens_);
    if (wait >= left()) {
      return give_up({FaultKind::kRateLimit, false,
                      {ErrorCode::kUnavailable,
                       fmt::format("the limits of {} leave no room for this call within its time",
                                   core_->spec.profile->title),
                       fmt::format("in {} s there would be", (wait.count() + 999) / 1000)}});
    }
    const auto seat = std::make_shared<Seat>();
    seat->call = shared_from_this();
    core_->client.after(std::max(left(), milliseconds(1)), [seat] {
      if (const auto call = seat->take()) call->waited_too_long();
    });
    // Kept by the gate, and called by it alone: it must not hold what holds the gate.
    core_->gate->enter(
        tokens_,
        [weak = std::weak_ptr(seat), gate = core_->gate.get(),
         after = core_->after](const SentMark& mark) {
          const auto place = weak.lock();
          const auto call = place != nullptr ? place->take() : nullptr;
          if (call != nullptr) return call->send(mark);
          gate->leave(mark, CallEnd::kNothing, after);
        },
        core_->after);
  }

  void waited_too_long() {
    if (!done_) return;
    give_up({FaultKind::kTimeout, false,
             {ErrorCode::kExhausted,
              fmt::format("the call waited {} s for {} and was not sent",
                          core_->options.deadline.count() / 1000, core_->spec.profile->title),
              "the server bears too few calls at once"}});
  }

  void send(const SentMark& mark) {
    if (!done_) return core_->gate->leave(mark, CallEnd::kNothing, core_->after);
    mark_ = mark;
    ++attempts_;
    text_.clear();
    fault_.reset();
    sse_.reset();
    lines_.reset();
    status_ = {};
    streaming_ = false;
    HttpRequest request;
    request.url = core_->spec.base_url + wire_.path;
    request.common = core_->headers[wire_.stream ? 1 : 0];
    request.headers = wire_.headers;
    request.body = body_;
    request.timeouts = {core_->options.connect, core_->options.idle,
                        std::max(left(), milliseconds(1))};
    request.max_response_bytes = core_->options.max_response_bytes;
    exchange_ = core_->client.start(
        std::move(request),
        {.on_headers = [self = shared_from_this()](int code, const HttpHeaders& h) {
           self->headers(code, h);
         },
         .on_data = [self = shared_from_this()](std::string_view b) { return self->data(b); },
         .on_done = [self = shared_from_this()](Result<HttpStatus> e) {
           self->over(std::move(e));
         }});
  }

  milliseconds left() const {
    return core_->options.deadline - milliseconds((steady_us() - started_us_) / 1000);
  }

  void cancel() {
    if (!done_) return;
    exchange_.cancel();
    end(fail(ErrorCode::kCancelled, "the model call was cancelled"));
  }

  void headers(int code, const HttpHeaders& headers) {
    status_.code = code;
    if (code < 200 || code >= 300) status_.headers = headers;  // what they say of retries
    core_->gate->learn(headers, mark_, core_->now_us());
    // Some servers ignore "stream" and answer as a whole; errors are whole in any case.
    const bool whole = header(headers, "content-type").starts_with("application/json");
    streaming_ = wire_.stream && code >= 200 && code < 300 && !whole;
    if (!streaming_) return;
    parser_ = core_->adapter->start_stream(wire_.context);
    if (core_->spec.profile->wire == model::Wire::kOllama) {
      lines_.emplace([this](std::string_view line) { take({"", line, ""}); });
    } else {
      sse_.emplace([this](const SseEvent& event) { take(event); });
    }
  }

  DataVerdict data(std::string_view bytes) {
    if (!done_) return DataVerdict::kStop;
    if (!streaming_) {
      text_ += bytes;
      return DataVerdict::kContent;
    }
    content_ = false;
    auto fed = lines_ ? lines_->feed(bytes) : sse_->feed(bytes);
    if (!fed) fault_ = Fault{FaultKind::kInvalid, false, fed.error()};
    if (fault_) return DataVerdict::kStop;
    return content_ ? DataVerdict::kContent : DataVerdict::kNoise;
  }

  void take(const SseEvent& event) {
    if (fault_ || !done_) return;
    const Model::OnDelta show = [this](const ModelDelta& delta) {
      shown_ = true;
      if (done_) on_delta_(delta);
    };
    auto fed = parser_->feed(event.name, event.data, on_delta_ ? show : nullptr);
    if (!fed) {
      fault_ = std::move(fed.error());
    } else {
      content_ = content_ || *fed;
    }
  }

  void over(Result<HttpStatus> ended) {
    if (!done_) return core_->gate->leave(mark_, CallEnd::kNothing, core_->after);
    model::Parsed reply = read(ended);
    core_->gate->leave(mark_, how_it_went(ended.has_value(), reply), core_->after);
    if (reply) {
      reply->usage.requests = attempts_;
      if (lost_.requests > 0) add_counts(reply->usage, lost_);
      return end(std::move(*reply));
    }
    count_lost();
    retry_or_end(std::move(reply.error()));
  }

  // A reply that had begun is paid for, also when it broke.
  void count_lost() {
    broken_.reset();
    if (status_.code < 200 || status_.code >= 300) return;
    Usage took = streaming_ ? parser_->usage() : model::usage_in(text_);
    took.uncounted = took.input_tokens && took.output_tokens ? 0 : 1;
    ++lost_.requests;
    add_counts(lost_, took);
    broken_ = took;
  }

  CallEnd how_it_went(bool arrived, const model::Parsed& reply) const {
    const bool silence = !arrived && core_->options.idle.count() > 0 &&
                         steady_us() - mark_.started_us >= core_->options.idle.count() * 1000;
    if (reply) return CallEnd::kWell;
    const FaultKind kind = reply.error().kind;
    if (silence || kind == FaultKind::kRateLimit || kind == FaultKind::kOverloaded ||
        kind == FaultKind::kTimeout)
      return CallEnd::kOverwhelmed;
    return arrived ? CallEnd::kWell : CallEnd::kNothing;
  }

  model::Parsed read(const Result<HttpStatus>& ended) {
    if (!ended && !fault_) return std::unexpected(transport_fault(ended.error()));
    if (streaming_ && !fault_) {
      if (lines_) lines_->finish();
      if (sse_) (void)sse_->finish();
    }
    if (fault_) return std::unexpected(std::move(*fault_));
    if (streaming_) return parser_->finish();
    return core_->adapter->parse_reply(ended->code, text_, *wire_.context);
  }

  void retry_or_end(Fault fault) {
    const RetryPolicy& policy = core_->options.retry;
    const bool again = asked_retry(status_.headers).value_or(fault.retryable);
    if (!again || shown_ || attempts_ >= policy.attempts_max) return give_up(std::move(fault));
    const auto asked = asked_wait(status_.headers, core_->now_us());
    const milliseconds wait = asked.value_or(backoff(policy, attempts_, core_->rng));
    if (wait > policy.asked_max || wait >= left()) {
      fault.error.hint = fmt::format("the server asks to wait {} s", (wait.count() + 999) / 1000);
      return give_up(std::move(fault));
    }
    // Another attempt costs as much again.
    if (broken_ && core_->options.lost != nullptr &&
        !core_->options.lost->may_go_on(key_, *broken_)) {
      fault.error.code = ErrorCode::kExhausted;
      fault.error.message += "; the budget leaves no room for another attempt";
      return give_up(std::move(fault));
    }
    // Others would only hear the same.
    if (asked && fault.kind == FaultKind::kRateLimit) core_->gate->close_for(wait);
    core_->client.after(wait, [self = shared_from_this()] {
      if (self->done_) self->attempt();
    });
  }

  void give_up(Fault fault) {
    Error error = std::move(fault.error);
    error.message = without_key(std::move(error.message), core_->key);
    if (attempts_ > 1) error.message += fmt::format("; tried {} times", attempts_);
    if (shown_) error.message += "; part of the reply was shown already";
    if (const auto took = *lost_.input_tokens + *lost_.output_tokens; took > 0)
      error.message += fmt::format("; what broke took {} tokens", took);
    if (lost_.requests > 0 && core_->options.lost != nullptr)
      core_->options.lost->put(key_, lost_);
    end(std::unexpected(std::move(error)));
  }

  const std::shared_ptr<Core> core_;
  const Model::OnDelta on_delta_;
  Model::OnDone done_;  // empty: it is over
  model::WireRequest wire_;
  std::shared_ptr<const std::string> body_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
  HttpCall exchange_;
  std::int64_t started_us_ = 0;
  std::string key_;
  std::optional<Usage> broken_;  // what the last attempt took, when its reply broke
  Usage lost_ = nothing();  // by attempts whose reply broke; `requests` counts them
  std::int64_t tokens_ = 0;  // as the vendor will count them, roughly
  int attempts_ = 0;
  bool shown_ = false;  // a delta went out: the reply cannot be taken back

  // Of the attempt under way.
  SentMark mark_;
  HttpStatus status_;
  bool streaming_ = false;
  bool content_ = false;
  std::string text_;
  std::optional<SseParser> sse_;
  std::optional<LineSplitter> lines_;  // in its place, of a server that sends objects a line
  std::unique_ptr<model::StreamParser> parser_;
  std::optional<Fault> fault_;
};

class HttpModel final : public Model {
 public:
  HttpModel(std::shared_ptr<HttpClient> client, std::shared_ptr<Core> core)
      : client_(std::move(client)), core_(std::move(core)) {}

  std::string name() const override { return core_->name; }
  std::shared_ptr<EventSource> events() const override { return client_->events(); }

  void start(const ModelRequest& request, std::stop_token stop, OnDelta delta,
             OnDone done) override {
    if (stop.stop_requested())
      return done(fail(ErrorCode::kCancelled, "the model call was cancelled"));
    auto wire = core_->adapter->build_request(request);
    if (!wire) return done(propagate(wire));
    if (!request.stream) delta = nullptr;
    const std::int64_t tokens = rough_tokens(request, *core_->spec.profile, wire->body.size());
    std::make_shared<Call>(core_, std::move(delta), std::move(done))
        ->begin(std::move(*wire), tokens, std::string(request.key), std::move(stop));
  }

 private:
  std::shared_ptr<HttpClient> client_;
  std::shared_ptr<Core> core_;
};

std::string known_names() {
  std::string names;
  for (const model::Profile& profile : model::profiles()) {
    if (profile.base_url.empty()) continue;
    names += (names.empty() ? "" : ", ") + profile.name + ":NAME";
  }
  return names + ", URL#NAME";
}

Result<ModelSpec> parse_url_spec(std::string_view text, const model::Profile& profile) {
  const std::size_t hash = text.find('#');
  ModelSpec spec{&profile, std::string(text.substr(0, hash)), "", true};
  if (hash == std::string_view::npos || hash + 1 == text.size()) {
    return fail(ErrorCode::kInvalidInput, "the model's name is missing after the address",
                "http://host:port/v1#NAME");
  }
  spec.model = text.substr(hash + 1);
  if (origin_of(spec.base_url).ends_with("://"))
    return fail(ErrorCode::kInvalidInput, "the model's address names no host");
  while (spec.base_url.ends_with('/')) spec.base_url.pop_back();
  // Its own interface is beside the compatible one, whose address people have at hand.
  if (profile.wire == model::Wire::kOllama && spec.base_url.ends_with("/v1"))
    spec.base_url.erase(spec.base_url.size() - 3);
  return spec;
}

}  // namespace

void LostUsage::put(const std::string& key, const Usage& usage) {
  const std::lock_guard lock(mutex_);
  if (by_key_.size() >= kLostMax) by_key_.clear();  // nobody takes them
  by_key_[key] = usage;
}

std::optional<Usage> LostUsage::take(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto node = by_key_.extract(key);
  return node.empty() ? std::nullopt : std::optional(node.mapped());
}

void LostUsage::watch(const std::string& key, MayGoOn may_go_on) {
  const std::lock_guard lock(mutex_);
  watchers_[key] = std::move(may_go_on);
}

void LostUsage::unwatch(const std::string& key) {
  const std::lock_guard lock(mutex_);
  watchers_.erase(key);
}

bool LostUsage::may_go_on(const std::string& key, const Usage& took) {
  MayGoOn ask;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = watchers_.find(key); at != watchers_.end()) ask = at->second;
  }
  return !ask || ask(took);
}

Result<ModelSpec> parse_model_spec(std::string_view text) {
  text = text::trim(text);
  const auto web = [](std::string_view s) {
    return s.starts_with("http://") || s.starts_with("https://");
  };
  if (web(text)) return parse_url_spec(text, *model::find_profile("compatible"));
  const std::size_t plus = text.find('+');
  if (plus != std::string_view::npos && web(text.substr(plus + 1))) {
    const model::Profile* profile = model::find_profile(text.substr(0, plus));
    if (profile != nullptr) return parse_url_spec(text.substr(plus + 1), *profile);
  }
  const std::size_t colon = text.find(':');
  const model::Profile* profile = model::find_profile(text.substr(0, colon));
  if (colon == std::string_view::npos || profile == nullptr || profile->base_url.empty()) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("no such model: '{}'", text::shorten(text, 100)), known_names());
  }
  if (colon + 1 == text.size()) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the model's name is missing after '{}'", text),
                fmt::format("{}NAME", text));
  }
  return ModelSpec{profile, profile->base_url, std::string(text.substr(colon + 1)), false};
}

namespace {

std::shared_ptr<const HttpHeaders> headers_of(const Core& core, bool stream) {
  HttpHeaders headers;
  headers.emplace_back("content-type", "application/json");
  headers.emplace_back("accept", stream ? "text/event-stream" : "application/json");
  if (!core.key.empty()) {
    const bool anthropic = core.spec.profile->wire == model::Wire::kMessages;
    headers.emplace_back(anthropic ? "x-api-key" : "authorization",
                         anthropic ? core.key.reveal() : "Bearer " + core.key.reveal());
  }
  return std::make_shared<const HttpHeaders>(std::move(headers));
}

}  // namespace

Result<std::shared_ptr<Model>> make_model(std::string_view spec_text,
                                          std::shared_ptr<HttpClient> client,
                                          const KeySource& keys, HttpModelOptions options) {
  auto spec = parse_model_spec(spec_text);
  if (!spec) return propagate(spec);
  auto core = std::make_shared<Core>();
  if (keys) core->key = keys(*spec->profile);
  if (core->key.empty() && !spec->own_url && !spec->profile->key_variable.empty()) {
    return fail(ErrorCode::kDenied, fmt::format("there is no key for {}", spec->profile->title),
                fmt::format("set {}", spec->profile->key_variable));
  }
  core->name = std::string(text::trim(spec_text));
  if (const std::size_t at = core->name.find('@'); spec->own_url && at != std::string::npos) {
    // A user and password in the address are not part of its name.
    const std::size_t scheme = core->name.find("://");
    if (at < core->name.find('/', scheme + 3)) core->name.erase(scheme + 3, at - scheme - 2);
  }
  core->rng = Rng(options.seed);
  core->client = client->port();
  core->adapter = model::make_adapter(*spec->profile, spec->model);
  core->spec = std::move(*spec);
  core->options = std::move(options);
  for (const bool stream : {false, true})
    core->headers[stream ? 1 : 0] = headers_of(*core, stream);
  core->after = [http = core->client](milliseconds time, std::move_only_function<void()> task) {
    http.after(time, std::move(task));
  };
  if (core->options.traffic == nullptr) core->options.traffic = std::make_shared<Traffic>();
  core->gate = core->options.traffic->gate(
      fmt::format("{} {} {}", origin_of(core->spec.base_url),
                  core->key.empty() ? "" : sha256_hex(core->key.reveal()).substr(0, 16),
                  core->spec.model));
  return std::make_shared<HttpModel>(std::move(client), std::move(core));
}

}  // namespace cadre::net
