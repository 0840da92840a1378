#include "core/provider_json.h"

#include <fmt/core.h>

#include <array>
#include <cstdint>

#include "base/text.h"

namespace cadre {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8U) | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= count ? kBase64[(group >> (18 - 6 * k)) & 63U] : '=';
    }
  }
  return out;
}

Result<std::string> unbase64(std::string_view text) {
  std::string out;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    const std::size_t value = kBase64.find(c);
    if (value == std::string_view::npos) {
      return fail(ErrorCode::kCorrupt, "a file's base64 content has a foreign character");
    }
    group = (group << 6U) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>((group >> static_cast<unsigned>(bits)) & 0xffU);
    }
  }
  return out;
}

constexpr std::array<ErrorCode, 10> kCodes = {
    ErrorCode::kInvalidInput, ErrorCode::kNotFound, ErrorCode::kConflict, ErrorCode::kUnavailable,
    ErrorCode::kDenied,       ErrorCode::kExhausted, ErrorCode::kCorrupt, ErrorCode::kIo,
    ErrorCode::kCancelled,    ErrorCode::kInternal};

}  // namespace

Json to_json(const Artifact& artifact) {
  JsonArray files;
  for (const File& file : artifact.files) {
    JsonObject entry;
    entry["path"] = file.path;
    if (text::is_valid_utf8(file.content)) {
      entry["content"] = file.content;
    } else {
      entry["base64"] = base64(file.content);
    }
    if (file.executable) entry["executable"] = true;
    files.push_back(std::move(entry));
  }
  JsonObject object;
  object["type"] = artifact.type;
  object["data"] = artifact.data;
  object["files"] = std::move(files);
  return object;
}

Result<Artifact> artifact_from_json(const Json& json) {
  Artifact artifact;
  artifact.type = json::get_string(json, "type");
  const Json* data = json::find(json, "data");
  if (artifact.type.empty() || data == nullptr) {
    return fail(ErrorCode::kCorrupt, "an artifact needs a type and data");
  }
  artifact.data = *data;
  for (const Json& entry : json::get_array(json, "files")) {
    File file;
    file.path = json::get_string(entry, "path");
    file.executable = json::get_bool(entry, "executable");
    if (json::find(entry, "base64") != nullptr) {
      auto content = unbase64(json::get_string(entry, "base64"));
      if (!content) return propagate(content);
      file.content = std::move(*content);
    } else {
      file.content = json::get_string(entry, "content");
    }
    artifact.files.push_back(std::move(file));
  }
  return artifact;
}

Json to_json(const Finding& finding) {
  JsonObject object;
  object["gate"] = finding.gate;
  object["severity"] = finding.severity;
  object["message"] = finding.message;
  object["evidence"] = finding.evidence;
  object["blame"] = finding.blame;
  return object;
}

Finding finding_from_json(const Json& json) {
  return {json::get_string(json, "gate"), json::get_string(json, "severity"),
          json::get_string(json, "message"), json::get_string(json, "evidence"),
          json::get_string(json, "blame")};
}

Json to_json(const std::vector<Finding>& findings) {
  JsonArray array;
  for (const Finding& finding : findings) array.push_back(to_json(finding));
  return array;
}

std::vector<Finding> findings_from_json(const JsonArray& array) {
  std::vector<Finding> findings;
  findings.reserve(array.size());
  for (const Json& entry : array) findings.push_back(finding_from_json(entry));
  return findings;
}

Json to_json(const Refusal& refusal) {
  JsonObject object;
  object["reason"] = refusal.reason;
  object["help"] = refusal.help;
  object["details"] = refusal.details;
  return object;
}

Refusal refusal_from_json(const Json& json) {
  Refusal refusal;
  refusal.reason = json::get_string(json, "reason");
  refusal.help = json::get_string(json, "help");
  if (const Json* details = json::find(json, "details")) refusal.details = *details;
  return refusal;
}

Json to_json(const Error& error) {
  JsonObject object;
  object["code"] = to_string(error.code);
  object["message"] = error.message;
  object["hint"] = error.hint;
  return object;
}

Error error_from_json(const Json& json) {
  Error error;
  const std::string word = json::get_string(json, "code");
  for (const ErrorCode code : kCodes) {
    if (word == to_string(code)) error.code = code;
  }
  error.message = json::get_string(json, "message");
  error.hint = json::get_string(json, "hint");
  return error;
}

const char* to_string(Capability capability) {
  switch (capability) {
    case Capability::kYes: return "yes";
    case Capability::kPartly: return "partly";
    case Capability::kNo: return "no";
  }
  return "no";
}

Capability capability_from(std::string_view word) {
  if (word == "yes") return Capability::kYes;
  if (word == "partly") return Capability::kPartly;
  return Capability::kNo;
}

bool is_safe_path(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.back() == '/') return false;
  for (const char c : path) {
    if (c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  for (const std::string& part : text::split(path, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

}  // namespace cadre
