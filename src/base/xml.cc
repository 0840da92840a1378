#include "base/xml.h"

#include <fmt/format.h>

namespace cadre {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.' || c == ':' || static_cast<unsigned char>(c) >= 0x80;
}

void append_utf8(std::string& out, unsigned code) {
  auto byte = [&out](unsigned value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | (code >> 6));
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | (code >> 12));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | (code >> 18));
    byte(0x80 | ((code >> 12) & 0x3F));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

// The code point of "&#65;" or "&#x41;" without "&" and ";"; nothing when it is none.
bool char_reference(std::string_view entity, unsigned& code) {
  if (entity.size() < 2 || entity.size() > 9 || entity[0] != '#') return false;
  bool hex = entity[1] == 'x';
  std::string_view digits = entity.substr(hex ? 2 : 1);
  if (digits.empty()) return false;
  code = 0;
  for (char c : digits) {
    unsigned digit = 99;
    if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
    if (hex && c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a' + 10);
    if (hex && c >= 'A' && c <= 'F') digit = static_cast<unsigned>(c - 'A' + 10);
    if (digit == 99) return false;
    code = code * (hex ? 16u : 10u) + digit;
    if (code > 0x10FFFF) return false;
  }
  return code != 0 && (code < 0xD800 || code > 0xDFFF);
}

}  // namespace

std::unexpected<Error> XmlReader::wrong(std::string_view what) const {
  return fail(ErrorCode::kInvalidInput, fmt::format("XML, byte {}: {}", at_, what));
}

std::string XmlReader::attribute(std::string_view name) const {
  for (const auto& [key, value] : attributes_) {
    if (key == name) return value;
  }
  return {};
}

void XmlReader::skip_space() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
}

std::string XmlReader::read_name() {
  std::size_t begin = at_;
  while (at_ < text_.size() && is_name(text_[at_])) ++at_;
  return std::string(text_.substr(begin, at_ - begin));
}

Result<void> XmlReader::skip_past(std::string_view end) {
  std::size_t found = text_.find(end, at_);
  if (found == std::string_view::npos) return wrong("something is never closed");
  at_ = found + end.size();
  return {};
}

Result<std::string> XmlReader::decoded(std::string_view raw) const {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '&') {
      out += raw[i];
      continue;
    }
    std::size_t end = raw.find(';', i);
    if (end == std::string_view::npos || end - i > 12) return wrong("a lone '&'");
    std::string_view entity = raw.substr(i + 1, end - i - 1);
    unsigned code = 0;
    if (entity == "amp")
      out += '&';
    else if (entity == "lt")
      out += '<';
    else if (entity == "gt")
      out += '>';
    else if (entity == "quot")
      out += '"';
    else if (entity == "apos")
      out += '\'';
    else if (char_reference(entity, code))
      append_utf8(out, code);
    else
      return wrong("an entity that is not known");
    i = end;
  }
  return out;
}

Result<XmlReader::Event> XmlReader::next() {
  if (text_.size() > kBytesMax) return wrong("the document is too long");
  if (close_next_) {
    close_next_ = false;
    open_.pop_back();
    return Event::kEnd;
  }
  if (at_ >= text_.size()) {
    if (!open_.empty()) return wrong("<" + open_.back() + "> is never closed");
    if (!seen_root_) return wrong("there is no element");
    return Event::kDone;
  }
  if (text_[at_] == '<') return markup();
  std::size_t end = text_.find('<', at_);
  if (end == std::string_view::npos) end = text_.size();
  Result<std::string> content = decoded(text_.substr(at_, end - at_));
  if (!content) return propagate(content);
  at_ = end;
  content_ = std::move(*content);
  return Event::kText;
}

Result<XmlReader::Event> XmlReader::markup() {
  std::string_view rest = text_.substr(at_);
  if (rest.starts_with("<![CDATA[")) {
    std::size_t end = rest.find("]]>");
    if (end == std::string_view::npos) return wrong("CDATA is never closed");
    content_ = std::string(rest.substr(9, end - 9));
    at_ += end + 3;
    return Event::kText;
  }
  std::string_view closing;
  if (rest.starts_with("<!--"))
    closing = "-->";
  else if (rest.starts_with("<?"))
    closing = "?>";
  if (!closing.empty()) {
    Result<void> skipped = skip_past(closing);
    if (!skipped) return propagate(skipped);
    content_.clear();
    return Event::kText;
  }
  if (rest.starts_with("<!")) return wrong("document types are not read");
  return rest.starts_with("</") ? end_tag() : start_tag();
}

Result<XmlReader::Event> XmlReader::start_tag() {
  ++at_;
  name_ = read_name();
  if (name_.empty()) return wrong("a '<' without a name");
  if (open_.size() >= kDepthMax) return wrong("elements are nested too deeply");
  if (open_.empty() && seen_root_) return wrong("a second root element");
  Result<void> read = attributes();
  if (!read) return propagate(read);
  seen_root_ = true;
  open_.push_back(name_);
  if (text_[at_] == '/') {
    ++at_;
    close_next_ = true;
  }
  if (at_ >= text_.size() || text_[at_] != '>') return wrong("a tag that is not closed");
  ++at_;
  return Event::kStart;
}

// Ends at '>' or '/'.
Result<void> XmlReader::attributes() {
  attributes_.clear();
  while (true) {
    skip_space();
    if (at_ >= text_.size()) return wrong("a tag that is not closed");
    if (text_[at_] == '>' || text_[at_] == '/') return {};
    std::string name = read_name();
    skip_space();
    if (name.empty() || at_ >= text_.size() || text_[at_] != '=')
      return wrong("a broken attribute");
    ++at_;
    skip_space();
    if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) {
      return wrong("an attribute without quotes");
    }
    char quote = text_[at_++];
    std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) return wrong("an attribute that is not closed");
    Result<std::string> value = decoded(text_.substr(at_, end - at_));
    if (!value) return propagate(value);
    if (attributes_.size() >= kAttributesMax) return wrong("too many attributes");
    attributes_.emplace_back(std::move(name), std::move(*value));
    at_ = end + 1;
  }
}

Result<XmlReader::Event> XmlReader::end_tag() {
  at_ += 2;
  name_ = read_name();
  skip_space();
  if (open_.empty() || open_.back() != name_) return wrong("</" + name_ + "> closes nothing");
  if (at_ >= text_.size() || text_[at_] != '>') return wrong("a tag that is not closed");
  ++at_;
  open_.pop_back();
  return Event::kEnd;
}

}  // namespace cadre
