// A pull reader for the XML that test tools write: elements, attributes, text.
//
// Made for untrusted input: no document types, no entities beyond the five predefined ones and
// character references, bounded depth and size. Not a validating parser. One thread at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cadre {

class XmlReader {
 public:
  enum class Event { kStart, kEnd, kText, kDone };
  static constexpr std::size_t kBytesMax = 64u << 20;
  static constexpr std::size_t kDepthMax = 100;
  static constexpr std::size_t kAttributesMax = 200;

  // `text` must outlive the reader.
  explicit XmlReader(std::string_view text) : text_(text) {}

  // The next event; after kDone always kDone.
  Result<Event> next();

  const std::string& name() const { return name_; }     // of kStart and kEnd
  std::string attribute(std::string_view name) const;   // of kStart; empty when absent
  const std::string& text() const { return content_; }  // of kText

 private:
  Result<Event> markup();
  Result<Event> start_tag();
  Result<Event> end_tag();
  Result<void> attributes();
  Result<void> skip_past(std::string_view end);
  Result<std::string> decoded(std::string_view raw) const;
  std::unexpected<Error> wrong(std::string_view what) const;
  std::string read_name();
  void skip_space();

  std::string_view text_;
  std::size_t at_ = 0;
  std::string name_, content_;
  std::vector<std::pair<std::string, std::string>> attributes_;
  std::vector<std::string> open_;
  bool close_next_ = false;  // after <a/>
  bool seen_root_ = false;
};

}  // namespace cadre
