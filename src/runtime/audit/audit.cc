#include "runtime/audit/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace cadre::audit {
namespace {

constexpr std::size_t kNamedInLine = 8;
constexpr std::size_t kEvidenceBytes = 4000;

}  // namespace

Audit::Audit(const spec::Spec& model, const Json& openapi, std::uint64_t seed,
             const Limits& limits)
    : subject_(make_subject(model, openapi)),
      ledger_(subject_.spec),
      targets_(targets_of(subject_)),
      seed_(seed),
      limits_(limits) {}

Audit::~Audit() = default;

std::string Audit::obstacle() const {
  if (subject_.spec.entities.empty()) return "the brief names no records";
  const bool makes = std::ranges::any_of(subject_.spec.operations, [](const auto& operation) {
    return operation.kind == spec::OperationKind::kCreate ||
           operation.kind == spec::OperationKind::kEventCreate;
  });
  return makes ? ""
               : fmt::format("none of the {} operations that the brief asks for could be found in "
                             "the contract in a way that makes a record",
                             subject_.operations_total);
}

bool Audit::begin(std::int64_t now) {
  if (!wants_more() || ledger_.operations() >= limits_.operations) return false;
  ++sessions_;
  over_ = false;
  session_ = std::make_unique<Session>(subject_, targets_, ledger_,
                                       seed_ + static_cast<std::uint64_t>(sessions_), now);
  return true;
}

std::optional<spec::HttpRequest> Audit::next() {
  if (over_ || !session_) return std::nullopt;
  if (ledger_.operations() >= limits_.operations) {
    done_ = over_ = true;
    return std::nullopt;
  }
  auto request = session_->next();
  if (!request) done_ = over_ = true;
  return request;
}

void Audit::answer(int status, const std::string& body) {
  over_ = session_->answer(status, body) == Next::kStartAgain;
}

void Audit::broken(const std::string& what) {
  over_ = session_->broken(what) == Next::kStartAgain;
}

void Audit::give_up(const std::string& why) {
  done_ = over_ = true;
  ledger_.leave_out("what was still to be asked", why);
}

int Audit::contradictions() const {
  return static_cast<int>(std::ranges::count(ledger_.contradictions(), "high",
                                             &Contradiction::severity));
}

std::vector<NotAudited> Audit::left_out() const {
  std::vector<NotAudited> out = subject_.mapping.left_out;
  const auto suspected = ledger_.suspected();
  for (const auto* more : {&suspected, &subject_.left_out, &ledger_.left_out()}) {
    out.insert(out.end(), more->begin(), more->end());
  }
  for (const Target& target : targets_) {
    if (target.seen || !target.refused || !target.stranger.empty()) continue;
    const std::string what = target.source.rule.empty()
                                 ? fmt::format("the refusal of {}{}", target.goal.operation,
                                               target.from.empty() ? "" : " from " + target.from)
                                 : fmt::format("{} in {}", target.source.rule,
                                               target.goal.operation);
    const bool there = std::ranges::any_of(
        out, [&](const NotAudited& one) { return one.what == what; });
    if (there) continue;
    out.push_back({what, ledger_.blocked(target.goal.operation)
                             ? "the operation itself does not work"
                             : "no requests were found that lead to its refusal while the clock "
                               "stands"});
  }
  return out;
}

Json Audit::figures(double seconds) const {
  JsonArray mapped, rest;
  for (const auto& [id, one] : subject_.mapping.operations) {
    mapped.push_back(JsonObject{{"operation", id}, {"endpoint", one.theirs.name()}});
  }
  for (const NotAudited& one : left_out()) {
    rest.push_back(JsonObject{{"what", one.what}, {"why", one.why}});
  }
  const int high = contradictions();
  return JsonObject{{"by", "the offline engine's reading of the brief"},
                    {"verdict", high > 0                     ? "contradicts"
                                : ledger_.agreements() > 0 ? "agrees"
                                                           : "not audited"},
                    {"requests", ledger_.operations()},
                    {"agrees", ledger_.agreements()},
                    {"contradicts", high},
                    {"sessions", sessions_},
                    {"seed", seed_},
                    {"seconds", seconds},
                    {"operations_mapped", subject_.mapping.operations.size()},
                    {"operations_total", subject_.operations_total},
                    {"statements", ledger_.statements()},
                    {"mapped", std::move(mapped)},
                    {"not_audited", std::move(rest)}};
}

JsonArray Audit::findings() const {
  JsonArray out;
  for (const Contradiction& one : ledger_.contradictions()) {
    out.push_back(JsonObject{
        {"id", one.id},
        // What the brief states is the gate's to judge; the rest is told.
        {"gate", one.severity == "high" ? "differential_clean" : "no_high_findings"},
        {"severity", one.severity},
        {"title", text::shorten("audit: " + one.title, 400)},
        {"evidence", text::shorten(one.evidence, kEvidenceBytes)},
        {"blame", "code"}});
  }
  return out;
}

std::string Audit::rest() const {
  const auto rest = left_out();
  int statements = 0, silent = 0;
  for (const Json& one : ledger_.statements()) {
    ++statements;
    silent += json::get_string(one, "verdict") == "not audited" ? 1 : 0;
  }
  if (rest.empty() && silent == 0) return {};
  std::vector<std::string> named;
  for (const NotAudited& one : rest) {
    if (named.size() == kNamedInLine) {
      named.push_back(fmt::format("and {} more", rest.size() - kNamedInLine));
      break;
    }
    named.push_back(one.what + ": " + one.why);
  }
  return fmt::format("audit against the brief: {} of {} operations have no counterpart in the "
                     "contract, {} of {} statements were not audited{}{}",
                     subject_.operations_total -
                         static_cast<int>(subject_.mapping.operations.size()),
                     subject_.operations_total, silent, statements, named.empty() ? "" : "; ",
                     text::shorten(text::join(named, "; "), 1500));
}

}  // namespace cadre::audit
