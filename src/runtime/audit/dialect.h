// The same request and the same row, in the requirement model's words and in those of a service
// that somebody else designed. Knows the rows that the service has made, by our ids. One thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/audit/mapping.h"
#include "spec/differential.h"
#include "spec/interpreter.h"

namespace cadre::audit {

struct Encoded {
  spec::HttpRequest request;
  Json body;            // as sent; null without one
  std::string why_not;  // not empty: it cannot be said in their contract
  bool strange = false;  // the stranger was named
};

struct Difference {
  std::string field;  // ours: "due_on"
  std::string key;    // theirs: "dueDate"
  std::string expected, got;
};

void add_parameter(const std::string& name, const Json& value, spec::HttpRequest& request);

class Dialect {
 public:
  // Both must outlive the dialect.
  Dialect(const spec::Spec& spec, const Mapping& mapping) : spec_(spec), mapping_(mapping) {}

  // With `stranger`, their field of that name names a row that does not exist.
  Encoded encode(const spec::Interpreter& world, const spec::Request& request,
                 const std::string& stranger = {}) const;
  // What the service shows of the field, when that is one plain value; else null.
  Json shown(const std::string& entity, std::int64_t id, const std::string& field) const;

  // The row that an answer shows, out of its wrapping; null when it shows none.
  static const Json* row_of(const Json& body);
  static const JsonArray* list_of(const Json& body);
  // Whether the object looks like a row of the entity: it can be addressed and has its fields.
  bool looks_like(const std::string& entity, const Json& row) const;

  void learn(const std::string& entity, std::int64_t id, const Json& row);
  // What was accepted as its new values: by one of them the row may be addressed from now on.
  void relearn(const std::string& entity, std::int64_t id, const MappedOperation& mapped,
               const Json& sent);
  void forget(const std::string& entity, std::int64_t id) { rows_.erase({entity, id}); }
  bool knows(const std::string& entity, std::int64_t id) const {
    return rows_.contains({entity, id});
  }
  bool is_row(const std::string& entity, std::int64_t id, const Json& row) const;
  void clear() { rows_.clear(); }

  // Where their row says otherwise; `agreed` are the fields that say the same. `expected` is as
  // our interpreter shows it. What is empty with us, and words that are not of ours, say nothing.
  std::vector<Difference> compare(const std::string& entity, const Json& expected,
                                  const Json& theirs, std::vector<std::string>& agreed) const;
  // Their name of a field of ours in a row of theirs, or "".
  std::string key_of_field(const std::string& entity, const std::string& field,
                           const Json& row) const;

 private:
  static Json values_of(const spec::Interpreter& world, const spec::Request& request,
                        const spec::Endpoint& endpoint, const MappedOperation& mapped);
  std::optional<Json> value_of(const Slot& slot, const spec::Field* ours, const Json& value) const;
  std::optional<Json> key_value(const std::string& entity, std::int64_t id, const Slot& slot) const;
  std::optional<Json> slot_value(const Slot& slot, const spec::Endpoint& endpoint,
                                 const spec::Request& request, const Json& ours) const;
  bool same(const std::string& entity, const std::string& field, const Json& expected,
            const Json& theirs, const std::string& key) const;
  bool other_words(const std::string& entity, const std::string& field, const Json& theirs) const;
  bool same_reference(const std::string& entity, std::int64_t id, const Json& theirs) const;
  const Words& entity_words(const std::string& entity) const;

  const spec::Spec& spec_;
  const Mapping& mapping_;
  std::map<std::pair<std::string, std::int64_t>, Json> rows_;
  mutable std::map<std::string, Words> words_;
};

}  // namespace cadre::audit
