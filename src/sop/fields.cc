#include "sop/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value.hpp>

#include "base/json_schema.h"
#include "base/text.h"

namespace cadre {
namespace {

// The value at a JSON pointer that is known to exist.
const Json* value_at(const Json& root, const std::string& pointer) {
  boost::system::error_code ec;
  return root.find_pointer(pointer, ec);
}

}  // namespace

bool is_word(std::string_view text) {
  if (text.empty() || text.size() > 64 || text[0] < 'a' || text[0] > 'z') return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

const char* kind_of(const Json& value) {
  if (value.is_null()) return "nothing";
  if (value.is_bool()) return "true or false";
  if (value.is_number()) return "a number";
  if (value.is_string()) return "text";
  return value.is_array() ? "a list" : "a mapping";
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const char c = at < text.size() ? text[at] : ',';
    if (c == '(') ++depth;
    if (c == ')') depth = std::max(0, depth - 1);
    if (c != ',' || (depth > 0 && at < text.size())) continue;
    const std::string_view name = text::trim(text.substr(begin, at - begin));
    if (!name.empty()) names.emplace_back(name);
    begin = at + 1;
  }
  return names;
}

Fields::Fields(const std::string& file, const YamlDocument& document, std::string pointer,
               SopProblems& problems)
    : file_(file), document_(document), pointer_(std::move(pointer)), problems_(problems) {
  const Json* value = value_at(document.value, pointer_);
  if (value != nullptr && value->is_object()) object_ = &value->get_object();
}

const Json* Fields::find(std::string_view key) {
  asked_.emplace(key);
  if (object_ == nullptr) return nullptr;
  const auto at = object_->find(key);
  return at == object_->end() ? nullptr : &at->value();
}

bool Fields::has(std::string_view key) const {
  return object_ != nullptr && object_->contains(key);
}

const Json* Fields::raw(std::string_view key) { return find(key); }

std::string Fields::pointer(std::string_view key) const {
  return pointer_ + "/" + escape_pointer_token(key);
}

int Fields::line(std::string_view key) const { return document_.line_of(pointer(key)); }

void Fields::error(std::string_view key, std::string message, std::string hint) {
  problems_.error(file_, line(key), std::move(message), std::move(hint));
}

std::string Fields::text(std::string_view key, bool required, const std::string& fallback) {
  const Json* value = find(key);
  if (value == nullptr) {
    if (required) {
      error(key, fmt::format("\"{}\" is missing", key), fmt::format("add a line \"{}: ...\"", key));
    }
    return fallback;
  }
  if (value->is_string() && !text::trim(json::as_view(value->get_string())).empty()) {
    return std::string(text::trim(json::as_view(value->get_string())));
  }
  if (value->is_number()) return json::write(*value);
  const bool empty = value->is_null() || value->is_string();
  error(key,
        empty ? fmt::format("\"{}\" is empty", key)
              : fmt::format("\"{}\" must be text, not {}", key, kind_of(*value)),
        empty ? fmt::format("write \"{}: ...\"", key)
              : fmt::format("put it in quotes: {}: \"...\"", key));
  return fallback;
}

std::string Fields::word(std::string_view key, bool required) {
  const std::string value = text(key, required);
  if (value.empty() || is_word(value)) return value;
  error(key, fmt::format("\"{}\" is no name for \"{}\"", value, key),
        fmt::format("write \"{}\": lower-case letters, digits and _, beginning with a letter",
                    text::snake_case(value)));
  return {};
}

int Fields::number(std::string_view key, int fallback, int min, int max) {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_int64()) {
    error(key,
          fmt::format("\"{}\" must be a whole number, not {}", key,
                      value->is_number() ? json::write(*value) : kind_of(*value)),
          fmt::format("write for example \"{}: {}\"", key, fallback));
    return fallback;
  }
  if (value->get_int64() < min || value->get_int64() > max) {
    error(key, fmt::format("\"{}\" is {}, and may be {} to {}", key, value->get_int64(), min, max),
          fmt::format("write for example \"{}: {}\"", key, fallback));
    return fallback;
  }
  return static_cast<int>(value->get_int64());
}

std::vector<std::string> Fields::list(std::string_view key, bool required) {
  const Json* value = find(key);
  std::vector<std::string> out;
  if (value == nullptr || value->is_null()) {
    if (required) {
      error(key, fmt::format("\"{}\" is {}", key, value == nullptr ? "missing" : "empty"),
            fmt::format("write \"{}: [...]\"", key));
    }
    return out;
  }
  if (value->is_string()) {
    for (std::string& part : split_names(json::as_view(value->get_string()))) {
      if (std::find(out.begin(), out.end(), part) == out.end()) {
        out.push_back(std::move(part));
      } else {
        error(key, fmt::format("\"{}\" is twice in \"{}\"", part, key), "keep one");
      }
    }
    return out;
  }
  if (!value->is_array()) {
    error(key, fmt::format("\"{}\" must be a list, not {}", key, kind_of(*value)),
          fmt::format("write \"{}: [first, second]\"", key));
    return out;
  }
  for (std::size_t i = 0; i < value->get_array().size(); ++i) {
    const Json& element = value->get_array()[i];
    const int at = document_.line_of(fmt::format("{}/{}", pointer(key), i));
    if (!element.is_string() || element.get_string().empty()) {
      problems_.error(
          file_, at,
          fmt::format("element {} of \"{}\" must be text, not {}", i + 1, key, kind_of(element)));
      continue;
    }
    std::string name(json::as_view(element.get_string()));
    if (std::find(out.begin(), out.end(), name) != out.end()) {
      problems_.error(file_, at, fmt::format("\"{}\" is twice in \"{}\"", name, key), "keep one");
      continue;
    }
    out.push_back(std::move(name));
  }
  if (required && out.empty() && value->get_array().empty()) {
    error(key, fmt::format("\"{}\" is empty", key), fmt::format("write \"{}: [...]\"", key));
  }
  return out;
}

std::vector<std::string> Fields::unknown_keys() const {
  std::vector<std::string> unknown;
  if (object_ == nullptr) return unknown;
  for (const auto& [key, value] : *object_) {
    if (!asked_.contains(std::string_view(key.data(), key.size()))) {
      unknown.emplace_back(key.data(), key.size());
    }
  }
  return unknown;
}

void Fields::report_unknown(const std::string& what) {
  const std::vector<std::string> known(asked_.begin(), asked_.end());
  for (const std::string& key : unknown_keys()) {
    const std::string meant = did_you_mean(key, known);
    error(key, fmt::format("{} has no \"{}\"", what, key),
          meant.empty() ? fmt::format("it knows {}", one_of(known))
                        : fmt::format("write \"{}\"", meant));
  }
}

}  // namespace cadre
