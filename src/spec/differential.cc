#include "spec/differential.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/text.h"

namespace cadre::spec {
namespace {

bool is_uuid(const Json& value) {
  if (!value.is_string() || value.get_string().size() != 36) return false;
  const std::string_view text = json::as_view(value.get_string());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

std::string at(const std::string& place, std::string_view name) {
  return place.empty() ? std::string(name) : fmt::format("{}.{}", place, name);
}

// The first difference, or empty. `uuids` are the members whose values are random.
std::string difference(const Json& expected, const Json& actual, const std::set<std::string>& uuids,
                       const std::string& place) {
  const auto unequal = [&] {
    return fmt::format("{} is {}, expected {}", place.empty() ? "the body" : place,
                       text::shorten(json::write(actual), 200),
                       text::shorten(json::write(expected), 200));
  };
  if (expected.is_object()) {
    if (!actual.is_object()) return unequal();
    const JsonObject& a = actual.get_object();
    for (const auto& member : expected.get_object()) {
      const std::string name(member.key().data(), member.key().size());
      const auto it = a.find(name);
      if (it == a.end()) return fmt::format("{} is missing", at(place, name));
      if (uuids.contains(name) && is_uuid(member.value()) && is_uuid(it->value())) continue;
      auto why = difference(member.value(), it->value(), uuids, at(place, name));
      if (!why.empty()) return why;
    }
    if (a.size() == expected.get_object().size()) return {};
    for (const auto& member : a) {
      const std::string name(member.key().data(), member.key().size());
      if (!expected.get_object().contains(name))
        return fmt::format("{} is too much", at(place, name));
    }
    return {};
  }
  if (expected.is_array()) {
    if (!actual.is_array()) return unequal();
    const JsonArray& e = expected.get_array();
    const JsonArray& a = actual.get_array();
    if (e.size() != a.size()) {
      return fmt::format("{} has {} items, expected {}", place, a.size(), e.size());
    }
    for (std::size_t i = 0; i < e.size(); ++i) {
      auto why = difference(e[i], a[i], uuids, fmt::format("{}[{}]", place, i));
      if (!why.empty()) return why;
    }
    return {};
  }
  return json::write(expected) == json::write(actual) ? std::string() : unequal();
}

std::set<std::string> uuid_names(const Spec& spec) {
  std::set<std::string> out;
  for (const Entity& entity : spec.entities) {
    for (const Attribute& attribute : entity.attributes) {
      if (attribute.generated == "uuid") out.insert(attribute.id);
    }
  }
  return out;
}

std::string first_field(const Json& problem) {
  const JsonArray& errors = json::get_array(problem, "errors");
  return errors.empty() ? "" : json::get_string(errors[0], "field");
}

std::string name_of(int status, std::string_view code, std::string_view rule) {
  std::string out = fmt::format("{}", status);
  if (!code.empty()) out += fmt::format(" {}", code);
  if (!rule.empty()) out += fmt::format(" ({})", rule);
  return out;
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

HttpRequest to_http(const Contract& contract, const Request& request) {
  const Endpoint* endpoint = find_endpoint(contract, request.operation);
  CADRE_CHECK(endpoint != nullptr, "the request names an operation of the contract");
  HttpRequest out;
  out.method = endpoint->method;
  out.target = endpoint->path;
  if (!endpoint->id_parameter.empty()) {
    out.target = text::replace_all(out.target, "{" + endpoint->id_parameter + "}",
                                   percent_encode(request.row));
  }
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    out.target += fmt::format("{}{}={}", separator, percent_encode(name), percent_encode(value));
    separator = '&';
  }
  out.headers.emplace_back("X-Test-Now", format_datetime(request.now));
  if (contract.has_actors && request.authenticated) {
    out.headers.emplace_back("X-Test-Actor",
                             request.record ? fmt::format("{}:{}", request.role, *request.record)
                                            : request.role);
  }
  if (!request.malformed_body.empty()) out.body = request.malformed_body;
  else if (request.body) out.body = json::write(*request.body);
  if (!out.body.empty()) out.headers.emplace_back("Content-Type", "application/json");
  return out;
}

std::string compare_answer(const Interpreter& world, const Request& request,
                           const Response& expected, int status, std::string_view body) {
  Json actual;
  std::string_view rest = text::trim(body);
  if (!rest.empty()) {
    auto parsed = json::parse(rest);
    if (!parsed) return fmt::format("status {} with a body that is no JSON", status);
    actual = std::move(*parsed);
  }
  const std::string wanted = name_of(expected.status, expected.code, expected.rule);
  const std::string code = status >= 400 ? json::get_string(actual, "code") : "";
  const std::string rule = status >= 400 ? json::get_string(actual, "rule") : "";
  const std::string given = name_of(status, code, rule);
  if (given != wanted) return fmt::format("{}: {}, expected {}", request.operation, given, wanted);
  if (!expected.ok()) {
    if (expected.code != "unknown_reference" && expected.code != "not_unique") return {};
    const std::string field = first_field(actual);
    if (field == expected.field) return {};
    return fmt::format("{}: errors[0].field is \"{}\", expected \"{}\"", request.operation, field,
                       expected.field);
  }
  if (expected.status == 204) return rest.empty() ? "" : "204 with a body";
  const std::string why = difference(expected.body, actual, uuid_names(world.spec()), "");
  return why.empty() ? "" : fmt::format("{}: {}", request.operation, why);
}

DifferentialSession::DifferentialSession(const Spec& spec, std::uint64_t seed)
    : world_(spec), generator_(world_.spec(), world_.contract(), seed) {}

HttpRequest DifferentialSession::next() {
  CADRE_CHECK(!over_, "the session ended with a mismatch");
  request_ = generator_.next(world_);
  expected_ = world_.handle(request_);
  http_ = to_http(world_.contract(), request_);
  ++step_;
  return http_;
}

std::optional<Mismatch> DifferentialSession::check(int status, std::string_view body) {
  std::string why = compare_answer(world_, request_, expected_, status, body);
  if (why.empty()) return std::nullopt;
  over_ = true;
  Mismatch mismatch;
  mismatch.step = step_;
  mismatch.request = http_;
  mismatch.what = std::move(why);
  mismatch.expected = json::write(expected_.body);
  mismatch.actual = std::string(body);
  return mismatch;
}

}  // namespace cadre::spec
