// What lessons say: how an artifact was changed, in a few lines, without secrets.
#include <fmt/core.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "runtime/remembering.h"

namespace cadre {
namespace {

constexpr std::size_t kLineBytes = 120, kChangeBytes = 700;
constexpr std::size_t kMostFiles = 3, kMostLines = 6;
constexpr const char* kSecretMark = "[secret]";

void put_lines(std::string& out, char sign, std::span<const std::string_view> lines) {
  std::size_t shown = 0;
  for (const std::string_view line : lines) {
    const std::string_view words = text::trim(line);
    if (words.empty()) continue;
    if (++shown > kMostLines) {
      out += "\n …";
      return;
    }
    out += fmt::format("\n {}{}", sign, text::shorten(words, kLineBytes));
  }
}

// What lies between the beginning and the end that both have.
std::string changed_lines(std::string_view before, std::string_view after) {
  const auto old_lines = text::lines(before), new_lines = text::lines(after);
  const std::size_t shorter = std::min(old_lines.size(), new_lines.size());
  std::size_t head = 0, tail = 0;
  while (head < shorter && old_lines[head] == new_lines[head]) ++head;
  while (tail < shorter - head &&
         old_lines[old_lines.size() - 1 - tail] == new_lines[new_lines.size() - 1 - tail])
    ++tail;
  std::string out;
  put_lines(out, '-', std::span(old_lines).subspan(head, old_lines.size() - head - tail));
  put_lines(out, '+', std::span(new_lines).subspan(head, new_lines.size() - head - tail));
  return out;
}

std::map<std::string_view, std::string_view> contents(const Artifact& artifact) {
  std::map<std::string_view, std::string_view> files;
  for (const File& file : artifact.files) files[file.path] = file.content;
  return files;
}

void put_data(std::vector<std::string>& parts, const Json& before, const Json& after) {
  if (before == after) return;
  if (!before.is_object() || !after.is_object()) {
    parts.emplace_back("its data");
    return;
  }
  for (const auto& member : after.get_object()) {
    const Json* was = json::find(before, member.key());
    if (was != nullptr && *was == member.value()) continue;
    const std::string key(json::as_view(member.key()));
    parts.push_back(fmt::format("{}: {}\n -{}\n +{}", was == nullptr ? "new" : "data", key,
                                was == nullptr ? "" : text::shorten(json::write(*was), kLineBytes),
                                text::shorten(json::write(member.value()), kLineBytes)));
  }
  for (const auto& member : before.get_object()) {
    if (json::find(after, member.key()) == nullptr)
      parts.push_back("left out: " + std::string(json::as_view(member.key())));
  }
}

}  // namespace

std::string describe_change(const Artifact& before, const Artifact& after) {
  std::vector<std::string> parts;
  const auto old_files = contents(before), new_files = contents(after);
  for (const auto& [path, content] : new_files) {
    const auto was = old_files.find(path);
    if (was == old_files.end()) {
      parts.push_back(fmt::format("new file {}", path));
    } else if (was->second != content) {
      parts.push_back(fmt::format("{}{}", path, changed_lines(was->second, content)));
    }
  }
  for (const auto& [path, content] : old_files) {
    if (!new_files.contains(path)) parts.push_back(fmt::format("removed {}", path));
  }
  // Files say more than the data about them.
  if (parts.empty()) put_data(parts, before.data, after.data);
  const std::size_t count = parts.size();
  if (count > kMostFiles) {
    parts.resize(kMostFiles);
    parts.push_back(fmt::format("and {} more", count - kMostFiles));
  }
  return text::shorten(text::join(parts, "; "), kChangeBytes);
}

std::string without_secrets(std::string text, std::span<const std::string> secrets) {
  for (const std::string& secret : secrets) {
    if (!secret.empty()) text = text::replace_all(std::move(text), secret, kSecretMark);
  }
  // Keys and tokens by their vendors' forms; then what is named as a secret and stands in quotes.
  static const re2::RE2 kForms(
      R"((?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$))"
      R"(|\b(sk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{20,})"
      R"(|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,}|\bAKIA[0-9A-Z]{16}\b)"
      R"(|\bAIza[0-9A-Za-z_-]{30,}|\bxox[abeprs]-[A-Za-z0-9-]{10,})"
      R"(|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,})"
      R"(|\bgsk_[A-Za-z0-9]{20,}|\bBearer +[A-Za-z0-9._~+/-]{16,}=*)");
  static const re2::RE2 kNamed(
      R"re((?i)((?:password|passwd|secret|api[_-]?key|access[_-]?key|auth[_-]?token|token))re"
      R"re(\\?["']?\s*[:=]\s*\\?["'])[^"'\\]{6,}(\\?["']))re");
  static const re2::RE2 kInAddress(R"(([a-z][a-z0-9+.-]*://[^/\s:@]+:)[^/\s@]+@)");
  re2::RE2::GlobalReplace(&text, kForms, kSecretMark);
  re2::RE2::GlobalReplace(&text, kNamed, std::string(R"(\1)") + kSecretMark + R"(\2)");
  re2::RE2::GlobalReplace(&text, kInAddress, std::string(R"(\1)") + kSecretMark + "@");
  return text;
}

}  // namespace cadre
