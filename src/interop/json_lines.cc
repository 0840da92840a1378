#include "interop/json_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/json_schema.h"

namespace cadre::interop {
namespace {

constexpr int kNodesMax = 20'000;

int nodes_in(const Json& value) {
  int count = 1;
  if (value.is_array()) {
    for (const Json& element : value.get_array()) count += nodes_in(element);
  } else if (value.is_object()) {
    for (const auto& member : value.get_object()) count += nodes_in(member.value());
  }
  return count;
}

// The N of "at line N", or 0.
int line_in(std::string_view message) {
  constexpr std::string_view kBefore = "at line ";
  const std::size_t at = message.find(kBefore);
  int line = 0;
  if (at == std::string_view::npos) return line;
  const char* const begin = message.data() + at + kBefore.size();
  std::from_chars(begin, message.data() + message.size(), line);
  return line;
}

// Walks text and value side by side; the text is known to be valid JSON of that value.
class LineFinder {
 public:
  LineFinder(std::string_view text, YamlDocument& document) : text_(text), document_(document) {}

  void walk(const Json& value, const std::string& pointer) {
    space();
    document_.lines.emplace(pointer, line_);
    if (value.is_array()) {
      ++at_;
      for (std::size_t i = 0; i < value.get_array().size(); ++i) {
        walk(value.get_array()[i], fmt::format("{}/{}", pointer, i));
        next_comma();
      }
      close();
    } else if (value.is_object()) {
      ++at_;
      for (const auto& member : value.get_object()) {
        space();
        const std::string at =
            pointer + "/" +
            escape_pointer_token(std::string_view(member.key().data(), member.key().size()));
        document_.lines[at] = line_;
        string();
        space();
        ++at_;  // the colon
        walk(member.value(), at);
        next_comma();
      }
      close();
    } else if (value.is_string()) {
      string();
    } else {
      at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    }
  }

 private:
  void space() {
    for (; at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_]); ++at_) {
      if (text_[at_] == '\n') ++line_;
    }
  }
  void string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }
  void next_comma() {
    space();
    if (at_ < text_.size() && text_[at_] == ',') ++at_;
  }
  void close() {
    space();
    ++at_;
  }

  std::string_view text_;
  YamlDocument& document_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

std::expected<YamlDocument, YamlError> read_json_with_lines(std::string_view text) {
  Result<Json> value = json::parse(text);
  if (!value) {
    const std::string& message = value.error().message;
    return std::unexpected(YamlError{line_in(message), "it is " + message});
  }
  if (nodes_in(*value) > kNodesMax) {
    return std::unexpected(YamlError{0, fmt::format("it has more than {} values", kNodesMax)});
  }
  YamlDocument document;
  document.value = std::move(*value);
  LineFinder(text, document).walk(document.value, "");
  return document;
}

}  // namespace cadre::interop
