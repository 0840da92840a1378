#include "cli/brief_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>

#include "base/text.h"
#include "offline/language/language.h"
#include "workshop/inputs.h"

namespace cadre::cli {
namespace {

using offline::kBriefBytesMax;

Result<std::string> read_all(std::FILE* file, const std::string& name) {
  std::string bytes;
  std::array<char, 16384> buffer{};
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file)) {
    bytes.append(buffer.data(), n);
    if (bytes.size() > kBriefBytesMax) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("the brief in {} is larger than {} KiB", name, kBriefBytesMax / 1024),
                  "give the requirement itself, not its attachments");
    }
  }
  if (std::ferror(file) != 0) {
    return fail(ErrorCode::kIo, fmt::format("cannot read {}: {}", name, std::strerror(errno)));
  }
  return bytes;
}

Result<std::string> checked(std::string bytes, const std::string& name) {
  if (auto good = workshop::check_brief(bytes, name); !good) return propagate(good);
  return bytes;
}

// One word with a slash or a short extension is a file's name mistyped, not a requirement.
bool names_a_file(const std::string& argument) {
  if (argument.size() > 1000 || argument.find_first_of(" \t\r\n") != std::string::npos)
    return false;
  if (argument.find('/') != std::string::npos) return true;
  const std::size_t dot = argument.rfind('.');
  return dot != std::string::npos && dot > 0 && argument.size() - dot >= 3 &&
         argument.size() - dot <= 5;
}

}  // namespace

Result<std::string> read_brief_argument(const std::string& argument) {
  if (argument == "-") {
    auto bytes = read_all(stdin, "standard input");
    if (!bytes) return propagate(bytes);
    return checked(std::move(*bytes), "standard input");
  }
  std::error_code error;
  // A long text is no file name, and asking the system for it may fail with "name too long".
  if (argument.size() < 4096 && std::filesystem::exists(argument, error) && !error) {
    if (std::filesystem::is_directory(argument, error)) {
      return fail(ErrorCode::kInvalidInput, fmt::format("{} is a folder, not a brief", argument));
    }
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(argument.c_str(), "rb"),
                                                         &std::fclose);
    if (!file) {
      return fail(ErrorCode::kIo,
                  fmt::format("cannot open {}: {}", argument, std::strerror(errno)));
    }
    auto bytes = read_all(file.get(), argument);
    if (!bytes) return propagate(bytes);
    return checked(std::move(*bytes), argument);
  }
  if (names_a_file(argument)) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no file {}", argument),
                "give the name of an existing file, or the requirement itself in quotes");
  }
  return checked(argument, "the argument");
}

std::string folder_name_for(std::string_view brief) {
  static const std::set<std::string, std::less<>> kSkipped{
      "a",     "an",   "the", "i",    "we",    "me",    "us",     "my",     "our",
      "want",  "need", "to",  "make", "build", "write", "create", "please", "simple",
      "small", "for",  "of",  "is",   "are",   "that",  "with",   "in"};
  const std::string words =
      text::snake_case(brief.substr(0, std::min<std::size_t>(brief.find_first_of(".:;\n"), 200)));
  std::string name;
  int taken = 0;
  for (const std::string& word : text::split(words, '_')) {
    if (kSkipped.contains(word)) continue;
    name += (name.empty() ? "" : "-") + word.substr(0, 24);
    if (++taken == 3) break;
  }
  return name.empty() ? "project" : name;
}

std::filesystem::path free_folder(const std::filesystem::path& parent, const std::string& wanted) {
  for (int i = 1;; ++i) {
    const std::filesystem::path candidate =
        parent / (i == 1 ? wanted : fmt::format("{}-{}", wanted, i));
    std::error_code error;
    if (!std::filesystem::exists(candidate, error) ||
        (std::filesystem::is_directory(candidate, error) &&
         std::filesystem::is_empty(candidate, error))) {
      return candidate;
    }
  }
}

}  // namespace cadre::cli
