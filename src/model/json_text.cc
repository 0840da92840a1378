#include "model/json_text.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace cadre::model {
namespace {

// 0: stands for itself; 1: a control character; 2: begins or continues a UTF-8 sequence; else the
// letter of its escape.
constexpr std::array<char, 256> make_classes() {
  std::array<char, 256> classes{};
  for (std::size_t c = 0; c < 0x20; ++c) classes[c] = 1;
  for (std::size_t c = 0x80; c < 256; ++c) classes[c] = 2;
  classes['"'] = '"';
  classes['\\'] = '\\';
  classes['\n'] = 'n';
  classes['\r'] = 'r';
  classes['\t'] = 't';
  classes['\b'] = 'b';
  classes['\f'] = 'f';
  return classes;
}
constexpr std::array<char, 256> kClasses = make_classes();

char class_of(char c) { return kClasses[static_cast<unsigned char>(c)]; }

// Whether one of eight bytes is not printable ASCII, a quote or a backslash.
bool special(std::uint64_t bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  constexpr std::uint64_t kHigh = 0x8080808080808080ULL;
  const auto has_zero = [](std::uint64_t x) { return (x - kOnes) & ~x & kHigh; };
  const std::uint64_t control = (bytes - kOnes * 0x20) & ~bytes & kHigh;
  return ((bytes & kHigh) | control | has_zero(bytes ^ (kOnes * '"')) |
          has_zero(bytes ^ (kOnes * '\\'))) != 0;
}

// The length of the valid UTF-8 sequence at the front, or 0.
std::size_t sequence(std::string_view text) {
  const auto at = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto follows = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
  const unsigned lead = at(0);
  if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool range = !(lead == 0xE0 && at(1) < 0xA0) && !(lead == 0xED && at(1) > 0x9F);
    return range && follows(1) && follows(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool range = !(lead == 0xF0 && at(1) < 0x90) && !(lead == 0xF4 && at(1) > 0x8F);
    return range && follows(1) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

std::size_t plain_length(std::string_view text) {
  std::size_t i = 0;
  while (i + 8 <= text.size()) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, text.data() + i, 8);
    if (special(bytes)) break;
    i += 8;
  }
  while (i < text.size() && class_of(text[i]) == 0) ++i;
  return i;
}

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t plain = plain_length(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return;
    const char kind = class_of(text.front());
    std::size_t used = 1;
    if (kind == 2) {
      used = sequence(text);
      out.append(used == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, used));
      if (used == 0) used = 1;
    } else if (kind == 1) {
      constexpr std::string_view kHex = "0123456789abcdef";
      const auto c = static_cast<unsigned char>(text.front());
      out += "\\u00";
      out.push_back(kHex[c >> 4U]);
      out.push_back(kHex[c & 15U]);
    } else {
      out.push_back('\\');
      out.push_back(kind);
    }
    text.remove_prefix(used);
  }
}

void append_string(std::string& out, std::string_view text) {
  out.push_back('"');
  append_escaped(out, text);
  out.push_back('"');
}

void append_json(std::string& out, const Json& value) {
  if (value.is_string()) return append_string(out, json::as_view(value.get_string()));
  out += json::write(value);
}

bool ObjectText::key(std::string_view name) {
  if (reserved_ != nullptr && !reserved_->empty() &&
      reserved_->contains(boost::json::string_view(name.data(), name.size()))) {
    return false;
  }
  if (!first_) out_.push_back(',');
  first_ = false;
  out_.push_back('"');
  out_.append(name);
  out_ += "\":";
  return true;
}

void ObjectText::text(std::string_view name, std::string_view value) {
  if (key(name)) append_string(out_, value);
}

void ObjectText::raw(std::string_view name, std::string_view value) {
  if (key(name)) out_.append(value);
}

void ObjectText::json(std::string_view name, const Json& value) {
  if (key(name)) append_json(out_, value);
}

void ObjectText::members(const JsonObject& object) {
  for (const auto& [name, value] : object) {
    if (!first_) out_.push_back(',');
    first_ = false;
    append_string(out_, {name.data(), name.size()});
    out_.push_back(':');
    append_json(out_, value);
  }
}

}  // namespace cadre::model
