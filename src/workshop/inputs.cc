#include "workshop/inputs.h"

#include <fmt/format.h>

#include <fstream>

#include "base/text.h"
#include "offline/language/language.h"

namespace cadre::workshop {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kInputBytesMax = 2 * 1024 * 1024;

Result<void> check_text(std::string_view bytes, const std::string& name, std::uintmax_t bytes_max) {
  if (bytes.size() > bytes_max) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is larger than {} KiB", name, bytes_max / 1024));
  }
  if (bytes.find('\0') != std::string_view::npos || !text::is_valid_utf8(bytes)) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{} is not UTF-8 text", name),
                "convert it to plain text first");
  }
  return {};
}

}  // namespace

Result<std::string> read_text_file(const fs::path& file, std::uintmax_t bytes_max) {
  std::error_code error;
  if (!fs::exists(file, error)) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no file {}", file.string()));
  }
  if (!fs::is_regular_file(file, error)) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{} is not a file", file.string()));
  }
  if (fs::file_size(file, error) > bytes_max) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is larger than {} KiB", file.string(), bytes_max / 1024));
  }
  std::ifstream in(file, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof()) {
    return fail(ErrorCode::kIo, fmt::format("cannot read {}", file.string()));
  }
  if (auto good = check_text(bytes, file.string(), bytes_max); !good) return propagate(good);
  return bytes;
}

Result<void> check_brief(std::string_view bytes, const std::string& name) {
  if (bytes.find('\0') != std::string_view::npos) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{} is not text: it holds NUL bytes", name),
                "give the requirement as plain text");
  }
  if (!text::is_valid_utf8(bytes)) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{} is not valid UTF-8 text", name),
                "save it as UTF-8 and run again");
  }
  if (text::trim(bytes).empty()) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{} is empty", name),
                "say in a few sentences what is to be recorded, by whom, and which rules hold");
  }
  if (bytes.size() > offline::kBriefBytesMax) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the brief is larger than {} KiB", offline::kBriefBytesMax / 1024));
  }
  return {};
}

Result<Document> read_document(const fs::path& file) {
  auto bytes = read_text_file(file, kInputBytesMax);
  if (!bytes) return propagate(bytes);
  if (text::trim(*bytes).empty()) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{} is empty", file.string()));
  }
  return Document{text::clean_utf8(file.filename().string()), std::move(*bytes)};
}

Result<std::optional<Artifact>> documents_artifact(const Plan& plan,
                                                   const std::vector<Document>& documents) {
  if (documents.empty()) return std::nullopt;
  if (plan.input.empty()) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the SOP {} takes nothing beside the brief", plan.name),
                "leave the documents (--input) away");
  }
  if (documents.size() > kDocumentsMax) {
    return fail(ErrorCode::kInvalidInput, fmt::format("{} documents are given, and {} are allowed",
                                                      documents.size(), kDocumentsMax));
  }
  JsonArray rows;
  for (const Document& document : documents) {
    const std::string id = fmt::format("D{}", rows.size() + 1);
    const std::string title = text::clean_utf8(document.title);
    const std::string name = title.empty() ? id : title;
    if (auto good = check_text(document.text, name, kInputBytesMax); !good) return propagate(good);
    if (text::trim(document.text).empty()) {
      return fail(ErrorCode::kInvalidInput, fmt::format("{} is empty", name));
    }
    rows.push_back(JsonObject{{"id", id}, {"title", title}, {"text", document.text}});
  }
  Artifact artifact;
  artifact.type = plan.input;
  artifact.data = JsonObject{{"documents", std::move(rows)}};
  return artifact;
}

}  // namespace cadre::workshop
