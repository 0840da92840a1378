// What the adapters share: tools as text, made once; finishing touches of every reply; the quick
// reader of stream events. Internal to the room.
#pragma once

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parser.hpp>
#include <functional>
#include <map>
#include <mutex>

#include "model/adapter.h"
#include "model/json_text.h"

namespace cadre::model {

struct ToolText {
  std::string json;
  bool nullable = false;  // nulls in its arguments mean "absent"
};

// The text of each tool, remembered while the tool lives. Thread-safe.
class ToolTexts {
 public:
  using Make = std::function<ToolText(const ToolSpec&)>;
  explicit ToolTexts(Make make) : make_(std::move(make)) {}
  std::shared_ptr<const ToolText> of(const std::shared_ptr<const ToolSpec>& tool) const;

 private:
  struct Entry {
    std::weak_ptr<const ToolSpec> tool;
    std::shared_ptr<const ToolText> text;
  };
  Make make_;
  mutable std::mutex mutex_;
  mutable std::map<const ToolSpec*, Entry> entries_;
};

// What can be said of the request before its items are looked at.
Result<void> check_model_request(const ModelRequest& request, std::string_view model);
const ModelSettings& settings_of(const ModelRequest& request);
// Whether the request's history is that of its items.
bool is_history_of(const ModelRequest& request);
// Notes the calls of the request and its place.
std::shared_ptr<ReplyContext> context_of(const ModelRequest& request);
// Writes the "tools" array, when there are any.
void put_tools(ObjectText& body, std::string& out, const ModelRequest& request,
               const ToolTexts& texts, ReplyContext& context);
// The system prompt; with the wanted form in words, where the server does not enforce it.
std::string instructions_with_schema(const ModelRequest& request);
// The JSON of a whole reply, of any status.
std::expected<Json, Fault> read_reply(const Profile& profile, int status, std::string_view text,
                                      boost::json::storage_ptr memory = {});
// The same, which is no error though it came with a good status.
std::expected<Json, Fault> read_good_reply(const Profile& profile, int status,
                                           std::string_view text);
bool tells_error(const Json& reply);
// A number as JSON.
std::string number(double value);

// The vendor's own fields of one format.
const Json* vendor_part(const Json& vendor, std::string_view format);
// A copy that owns its memory, whatever the original was made in.
Json owned(const Json& value);
// The text of a member: a string, parts of text, or nothing.
std::string text_of(const Json& content);
// Arguments may come as text or as an object.
std::string arguments_of(const Json* value);
std::optional<std::int64_t> count_of(const Json& usage, std::string_view name);

// Ids that are missing or used before are replaced; nulls that mean "absent" go; a reply with calls
// has finished for them.
void settle(ModelReply& reply, const ReplyContext& context);

// Parses small documents again and again in the same memory.
class EventReader {
 public:
  EventReader();
  // Null when it is not JSON. Valid until the next read.
  const Json* read(std::string_view text);

 private:
  std::array<unsigned char, 16 * 1024> memory_;
  std::optional<boost::json::monotonic_resource> resource_;
  boost::json::parser parser_;
  std::optional<Json> value_;
};

}  // namespace cadre::model
