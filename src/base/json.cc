#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include "base/json_memory.h"
#include "base/text.h"

namespace cadre::json {
namespace {

// Builds the value and keeps what boost::json::parser would let through from passing.
class Builder {
 public:
  struct Handler {
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    using error_code = boost::system::error_code;

    struct Frame {
      Json value;
      std::string key;
    };
    boost::json::storage_ptr memory;
    std::vector<Frame> stack;
    std::optional<Json> root;
    std::string text, key;
    std::string number;  // the digits of the number that is being read
    std::string problem;

    bool stop(error_code& ec, std::string why) {
      problem = std::move(why);
      ec = boost::json::error::syntax;
      return false;
    }
    bool put(Json value, error_code& ec) {
      if (stack.empty()) {
        root = std::move(value);
        return true;
      }
      Frame& frame = stack.back();
      if (frame.value.is_array()) {
        frame.value.get_array().push_back(std::move(value));
        return true;
      }
      auto [it, fresh] = frame.value.get_object().emplace(frame.key, std::move(value));
      (void)it;
      if (!fresh) return stop(ec, fmt::format("duplicate key \"{}\"", frame.key));
      return true;
    }
    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool open(Json value, error_code& ec) {
      if (stack.size() >= static_cast<std::size_t>(kMaxDepth)) {
        return stop(ec, fmt::format("nesting is deeper than {}", kMaxDepth));
      }
      stack.push_back({std::move(value), {}});
      return true;
    }
    bool close(error_code& ec) {
      Json done = std::move(stack.back().value);
      stack.pop_back();
      return put(std::move(done), ec);
    }
    bool on_object_begin(error_code& ec) { return open(JsonObject(memory), ec); }
    bool on_object_end(std::size_t, error_code& ec) { return close(ec); }
    bool on_array_begin(error_code& ec) { return open(JsonArray(memory), ec); }
    bool on_array_end(std::size_t, error_code& ec) { return close(ec); }
    bool on_key_part(boost::json::string_view s, std::size_t, error_code&) {
      key.append(s.data(), s.size());
      return true;
    }
    bool on_key(boost::json::string_view s, std::size_t, error_code&) {
      key.append(s.data(), s.size());
      stack.back().key = std::move(key);
      key.clear();
      return true;
    }
    bool on_string_part(boost::json::string_view s, std::size_t, error_code&) {
      text.append(s.data(), s.size());
      return true;
    }
    bool on_string(boost::json::string_view s, std::size_t, error_code& ec) {
      text.append(s.data(), s.size());
      Json value(boost::json::string_view(text.data(), text.size()), memory);
      text.clear();
      return put(std::move(value), ec);
    }
    bool on_number_part(boost::json::string_view s, error_code&) {
      number.append(s.data(), s.size());
      return true;
    }
    bool on_int64(std::int64_t i, boost::json::string_view, error_code& ec) {
      number.clear();
      return put(i, ec);
    }
    bool on_uint64(std::uint64_t u, boost::json::string_view, error_code& ec) {
      number.clear();
      return put(u, ec);
    }
    // Boost 1.81 rounds some doubles to a neighbour; the digits say which one was meant.
    bool on_double(double d, boost::json::string_view s, error_code& ec) {
      number.append(s.data(), s.size());
      double exact = 0;
      const char* const end = number.data() + number.size();
      if (const auto [at, error] = std::from_chars(number.data(), end, exact);
          error == std::errc() && at == end) {
        d = exact;
      }
      number.clear();
      if (!std::isfinite(d)) return stop(ec, "number is too large");
      return put(d, ec);
    }
    bool on_bool(bool b, error_code& ec) { return put(b, ec); }
    bool on_null(error_code& ec) { return put(nullptr, ec); }
    bool on_comment_part(boost::json::string_view, error_code&) { return true; }
    bool on_comment(boost::json::string_view, error_code&) { return true; }
  };
};

void write_escaped(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    case '\b': out += "\\b"; break;
    case '\f': out += "\\f"; break;
    default: out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
}

void write_string(std::string& out, std::string_view text) {
  out.push_back('"');
  std::size_t plain = 0;  // from here on nothing is written yet
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    write_escaped(out, c);
    plain = i + 1;
  }
  out.append(text, plain);
  out.push_back('"');
}

void write_double(std::string& out, double number) {
  if (!std::isfinite(number)) {  // not JSON; the reader refuses it, so only our own code gets here
    out += "null";
    return;
  }
  std::array<char, 32> buffer{};
  auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  (void)error;
  std::string_view digits(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  out += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void newline(std::string& out, int depth) {
  out.push_back('\n');
  out.append(static_cast<std::size_t>(depth) * 2, ' ');
}

void write_value(std::string& out, const Json& value, int depth, bool pretty);

template <class Range, class WriteItem>
void write_items(std::string& out, const Range& range, char open, char close, int depth,
                 bool pretty, WriteItem write_item) {
  out.push_back(open);
  bool first = true;
  for (const auto& item : range) {
    if (!first) out.push_back(',');
    first = false;
    if (pretty) newline(out, depth + 1);
    write_item(item);
  }
  if (pretty && !first) newline(out, depth);
  out.push_back(close);
}

void write_value(std::string& out, const Json& value, int depth, bool pretty) {
  switch (value.kind()) {
    case boost::json::kind::null: out += "null"; return;
    case boost::json::kind::bool_: out += value.get_bool() ? "true" : "false"; return;
    case boost::json::kind::int64: out += std::to_string(value.get_int64()); return;
    case boost::json::kind::uint64: out += std::to_string(value.get_uint64()); return;
    case boost::json::kind::double_: write_double(out, value.get_double()); return;
    case boost::json::kind::string: write_string(out, as_view(value.get_string())); return;
    case boost::json::kind::array:
      write_items(out, value.get_array(), '[', ']', depth, pretty,
                  [&](const Json& item) { write_value(out, item, depth + 1, pretty); });
      return;
    case boost::json::kind::object:
      write_items(out, value.get_object(), '{', '}', depth, pretty, [&](const auto& member) {
        write_string(out, {member.key().data(), member.key().size()});
        out += pretty ? ": " : ":";
        write_value(out, member.value(), depth + 1, pretty);
      });
      return;
  }
}

}  // namespace

Result<Json> parse(std::string_view text) { return parse(text, {}); }

Result<Json> parse(std::string_view text, boost::json::storage_ptr memory) {
  if (!text::is_valid_utf8(text)) {
    return fail(ErrorCode::kInvalidInput, "JSON text is not valid UTF-8");
  }
  boost::json::parse_options options;
  options.max_depth = kMaxDepth + 1;
  boost::json::basic_parser<Builder::Handler> parser(options);
  parser.handler().memory = std::move(memory);
  boost::system::error_code error;
  const std::size_t consumed = parser.write_some(false, text.data(), text.size(), error);
  if (!error && consumed < text.size()) error = boost::json::error::extra_data;
  if (!error && !parser.handler().root) error = boost::json::error::incomplete;
  if (!error) return std::move(*parser.handler().root);
  const std::string_view before = text.substr(0, std::min(consumed, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto line_start = before.rfind('\n');
  const auto column =
      before.size() - (line_start == std::string_view::npos ? 0 : line_start + 1) + 1;
  const std::string why =
      parser.handler().problem.empty() ? error.message() : parser.handler().problem;
  return fail(ErrorCode::kInvalidInput,
              fmt::format("not valid JSON at line {}, column {}: {}", line, column, why));
}

std::string write(const Json& value) {
  std::string out;
  write_value(out, value, 0, false);
  return out;
}

void append(std::string& out, const Json& value) { write_value(out, value, 0, false); }

std::string write_pretty(const Json& value) {
  std::string out;
  write_value(out, value, 0, true);
  out.push_back('\n');
  return out;
}

const Json* find(const Json& value, std::string_view key) {
  if (!value.is_object()) return nullptr;
  const JsonObject& object = value.get_object();
  const auto it = object.find(boost::json::string_view(key.data(), key.size()));
  return it == object.end() ? nullptr : &it->value();
}

std::string get_string(const Json& value, std::string_view key, std::string_view fallback) {
  const Json* member = find(value, key);
  return member != nullptr && member->is_string() ? std::string(as_view(member->get_string()))
                                                  : std::string(fallback);
}

std::int64_t get_int(const Json& value, std::string_view key, std::int64_t fallback) {
  const Json* member = find(value, key);
  if (member == nullptr) return fallback;
  if (member->is_int64()) return member->get_int64();
  if (member->is_uint64()) return static_cast<std::int64_t>(member->get_uint64());
  return fallback;
}

double get_double(const Json& value, std::string_view key, double fallback) {
  const Json* member = find(value, key);
  if (member == nullptr || !member->is_number()) return fallback;
  return member->to_number<double>();
}

bool get_bool(const Json& value, std::string_view key, bool fallback) {
  const Json* member = find(value, key);
  return member != nullptr && member->is_bool() ? member->get_bool() : fallback;
}

const JsonArray& get_array(const Json& value, std::string_view key) {
  static const JsonArray kEmpty;
  const Json* member = find(value, key);
  return member != nullptr && member->is_array() ? member->get_array() : kEmpty;
}

const JsonObject& get_object(const Json& value, std::string_view key) {
  static const JsonObject kEmpty;
  const Json* member = find(value, key);
  return member != nullptr && member->is_object() ? member->get_object() : kEmpty;
}

std::vector<std::string> get_strings(const Json& value, std::string_view key) {
  std::vector<std::string> out;
  for (const Json& item : get_array(value, key)) {
    if (item.is_string()) out.emplace_back(as_view(item.get_string()));
  }
  return out;
}

JsonArray to_array(const std::vector<std::string>& strings) {
  JsonArray out;
  for (const std::string& text : strings) out.emplace_back(text);
  return out;
}

}  // namespace cadre::json
