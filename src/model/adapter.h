// Vendors' wire formats as pure functions: request to bytes, bytes to reply.
//
// An adapter neither sends nor waits; what it gives back depends on its arguments alone. Keys are
// not its business: the caller adds the header that holds one. Thread-safe, but for StreamParser,
// which belongs to one call.
//
// A vendor's own fields (encrypted reasoning, thinking signatures, item ids, what is unknown to us)
// are kept in the items' `vendor`, under the name of the wire format, and go back to that format
// alone: a conversation may change its model.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/model.h"
#include "model/profile.h"

namespace cadre::model {

enum class FaultKind : std::uint8_t {
  kRateLimit,
  kOverloaded,
  kServer,
  kTimeout,
  kMalformed,      // the reply is not what the vendor documents
  kCutOff,         // the stream ended before the reply was complete
  kQuota,          // money is spent
  kAuth,           // key missing or wrong
  kPermission,
  kNotFound,       // no such model or address
  kContextLength,  // more than the model can read
  kRefused,        // the vendor's content rules
  kInvalid,        // the vendor does not take the request
};
const char* to_string(FaultKind kind);

// Why a vendor gave no reply. `error` is for people; its code follows from the kind.
struct Fault {
  FaultKind kind = FaultKind::kServer;
  bool retryable = false;  // the same request may work later
  Error error;
};
using Parsed = std::expected<ModelReply, Fault>;

// What reading the reply needs to know about the request.
struct ReplyContext {
  History history;             // of the request, when it came with one, which knows its calls
  std::vector<ItemPtr> calls;  // else: of the request; a reply's ids must differ from theirs
  bool knows_call(std::string_view id) const;
  std::size_t position = 0;    // items in the request
  std::vector<std::shared_ptr<const ToolSpec>> nullable_tools;  // nulls in arguments mean "absent"
  Json nullable_output;  // the schema whose absent members the vendor writes as null; null: none
};

struct WireRequest {
  std::string path;  // after the base URL: "/chat/completions"
  std::vector<std::pair<std::string, std::string>> headers;  // without key and content type
  std::string body;
  std::shared_ptr<const ReplyContext> context;
  bool stream = false;
};

class StreamParser {
 public:
  virtual ~StreamParser() = default;
  // One server-sent event. True when it held something of the reply, false for keep-alives.
  virtual std::expected<bool, Fault> feed(std::string_view name, std::string_view data,
                                          const Model::OnDelta& on_delta) = 0;
  // The stream has ended. kCutOff when the reply is not complete.
  virtual Parsed finish() = 0;
  // What the stream has said so far of what it took: of a reply that broke. Before finish().
  virtual Usage usage() const { return {}; }
};

class Adapter {
 public:
  virtual ~Adapter() = default;
  // kInvalidInput when the request cannot be said in this format.
  virtual Result<WireRequest> build_request(const ModelRequest& request) const = 0;
  // A whole reply of any status.
  virtual Parsed parse_reply(int status, std::string_view body,
                             const ReplyContext& context) const = 0;
  virtual std::unique_ptr<StreamParser> start_stream(
      std::shared_ptr<const ReplyContext> context) const = 0;
};

// `model`: the name used when a request names none.
std::unique_ptr<Adapter> make_adapter(const Profile& profile, std::string model);

// What a whole reply that could not be used says of what it took, in any of the vendors' words.
Usage usage_in(std::string_view body);

// A reply with an error in it, in any of the vendors' shapes. Status 0: inside of a stream.
Fault fault_of(const Profile& profile, int status, std::string_view body);
Fault malformed(const Profile& profile, std::string_view what);
Fault cut_off(const Profile& profile);

}  // namespace cadre::model
