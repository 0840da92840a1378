// Writes JSON text straight into a string: for requests whose items need no tree in between.
//
// Strings may hold anything: what is not UTF-8 becomes U+FFFD, so that no tool's output can make a
// request unreadable. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace cadre::model {

// The text as a JSON string, with its quotes.
void append_string(std::string& out, std::string_view text);
inline std::string quoted(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}
// The text escaped, without quotes: for strings that are put together of several.
void append_escaped(std::string& out, std::string_view text);
// As json::write.
void append_json(std::string& out, const Json& value);

// The members of one object. What `reserved` holds is not written: the caller's own value stands.
class ObjectText {
 public:
  ObjectText(std::string& out, const JsonObject* reserved = nullptr)
      : out_(out), reserved_(reserved) {
    out_.push_back('{');
  }
  // Writes the key; false when it is reserved, and nothing may be written then.
  bool key(std::string_view name);
  void text(std::string_view name, std::string_view value);
  void raw(std::string_view name, std::string_view value);  // the value is JSON already
  void json(std::string_view name, const Json& value);
  void boolean(std::string_view name, bool value) { raw(name, value ? "true" : "false"); }
  // The members of another object, as they are.
  void members(const JsonObject& object);
  void close() { out_.push_back('}'); }

 private:
  std::string& out_;
  const JsonObject* reserved_;
  bool first_ = true;
};

}  // namespace cadre::model
