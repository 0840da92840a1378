#include "base/json_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <set>

#include "base/json_schema_program.h"
#include "base/text.h"

namespace cadre {
namespace {

constexpr const char* kDraft = "https://json-schema.org/draft/2020-12/schema";
constexpr std::size_t kNodesMax = 100'000;

const std::set<std::string_view> kAnnotations{
    "$schema",      "$id",      "$comment",    "$anchor",         "$defs",
    "definitions",  "title",    "description", "default",         "examples",
    "deprecated",   "readOnly", "writeOnly",   "contentEncoding", "contentMediaType",
    "contentSchema"};
const std::set<std::string_view> kRefused{"unevaluatedProperties", "unevaluatedItems",
                                          "$dynamicRef", "$dynamicAnchor", "$vocabulary"};

// Resolves "$id" against its base well enough for documents that refer to themselves.
std::string resolve_uri(std::string_view base, std::string_view reference) {
  if (reference.find("://") != std::string_view::npos || reference.starts_with("urn:")) {
    return std::string(reference);
  }
  const std::string document(base.substr(0, base.find('#')));
  if (reference.empty() || reference.starts_with('#')) return document + std::string(reference);
  const auto scheme = document.find("://");
  if (reference.starts_with('/')) {
    const auto authority_end =
        scheme == std::string::npos ? 0 : std::min(document.find('/', scheme + 3), document.size());
    return document.substr(0, authority_end) + std::string(reference);
  }
  const auto slash = document.rfind('/');
  if (slash == std::string::npos || (scheme != std::string::npos && slash < scheme + 3)) {
    return document.empty() ? std::string(reference) : document + "/" + std::string(reference);
  }
  return document.substr(0, slash + 1) + std::string(reference);
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto digit = [](char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
      };
      const int high = digit(text[i + 1]), low = digit(text[i + 2]);
      if (high >= 0 && low >= 0) {
        value = static_cast<unsigned>(high * 16 + low);
        out.push_back(static_cast<char>(value));
        i += 2;
        continue;
      }
    }
    out.push_back(text[i]);
  }
  return out;
}

class Compiler {
 public:
  Compiler(const Json& root, SchemaOptions options) : root_(root) { program_->options = options; }

  Result<std::shared_ptr<JsonSchema::Program>> run() {
    index(root_, "", "", 0);
    if (error_.empty()) node_at(root_, "#");
    // References may add nodes while they are resolved, so this is a queue, not a range.
    while (error_.empty() && !pending_.empty()) {
      const Pending next = pending_.front();
      pending_.pop_front();
      fill(next.node, *next.schema, next.at);
    }
    if (!error_.empty()) return fail(ErrorCode::kInvalidInput, "JSON Schema: " + error_);
    return program_;
  }

 private:
  struct Pending {
    int node;
    const Json* schema;
    std::string at;
  };

  void stop(std::string_view at, std::string_view why) {
    if (error_.empty()) error_ = fmt::format("at {}: {}", at, why);
  }

  // First pass: where every "$id", "$anchor" and JSON Pointer leads.
  void index(const Json& value, std::string base, const std::string& pointer, int depth) {
    if (depth > json::kMaxDepth) return stop("#" + pointer, "nested too deeply");
    if (value.is_object()) {
      const std::string id = json::get_string(value, "$id");
      if (!id.empty() || depth == 0) {
        base = resolve_uri(base, id);
        resources_.emplace(base, &value);
      }
      const std::string anchor = json::get_string(value, "$anchor");
      if (!anchor.empty()) resources_.emplace(base + "#" + anchor, &value);
      bases_.emplace(&value, base);
      for (const auto& member : value.get_object()) {
        const std::string_view key{member.key().data(), member.key().size()};
        if (key == "enum" || key == "const" || key == "default" || key == "examples") continue;
        index(member.value(), base, pointer + "/" + escape_pointer_token(key), depth + 1);
      }
    } else if (value.is_array()) {
      int i = 0;
      for (const Json& item : value.get_array()) {
        index(item, base, pointer + "/" + std::to_string(i++), depth + 1);
      }
    }
  }

  int node_at(const Json& schema, const std::string& at) {
    if (const auto known = nodes_.find(&schema); known != nodes_.end()) return known->second;
    if (program_->nodes.size() >= kNodesMax) {
      stop(at, "too many sub-schemas");
      return 0;
    }
    const int node = static_cast<int>(program_->nodes.size());
    program_->nodes.emplace_back();
    nodes_.emplace(&schema, node);
    if (schema.is_bool()) {
      program_->nodes.back().constant = schema.get_bool();
    } else if (schema.is_object()) {
      pending_.push_back({node, &schema, at});
    } else {
      stop(at, "a schema is an object or a boolean");
    }
    return node;
  }

  const Json* lookup_pointer(const Json* value, std::string_view pointer) const {
    if (pointer.empty()) return value;
    for (const std::string& raw : text::split(pointer.substr(1), '/')) {
      const std::string token =
          text::replace_all(text::replace_all(percent_decoded(raw), "~1", "/"), "~0", "~");
      if (value->is_object()) {
        value = json::find(*value, token);
      } else if (value->is_array() && !token.empty() && token.size() < 6 &&
                 token.find_first_not_of("0123456789") == std::string::npos) {
        const auto i = static_cast<std::size_t>(std::stoi(token));
        value = i < value->get_array().size() ? &value->get_array()[i] : nullptr;
      } else {
        return nullptr;
      }
      if (value == nullptr) return nullptr;
    }
    return value;
  }

  int resolve(const Json& holder, std::string_view reference, const std::string& at) {
    const auto base = bases_.find(&holder);
    const std::string target =
        resolve_uri(base == bases_.end() ? std::string{} : base->second, reference);
    const auto hash = target.find('#');
    const std::string document = target.substr(0, hash);
    const std::string fragment =
        hash == std::string::npos ? std::string{} : percent_decoded(target.substr(hash + 1));
    const Json* found = nullptr;
    if (const auto it = resources_.find(document); it != resources_.end()) {
      if (fragment.empty()) {
        found = it->second;
      } else if (fragment.front() == '/') {
        found =
            lookup_pointer(it->second, hash == std::string::npos ? "" : target.substr(hash + 1));
      } else if (const auto anchor = resources_.find(document + "#" + fragment);
                 anchor != resources_.end()) {
        found = anchor->second;
      }
    }
    if (found == nullptr) {
      stop(at, fmt::format("cannot resolve \"$ref\": \"{}\" inside this document", reference));
      return 0;
    }
    return node_at(*found, at + "/$ref");
  }

  const re2::RE2* regex(std::string_view pattern, const std::string& at) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(1 << 20);
    auto compiled =
        std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
    if (!compiled->ok()) {
      stop(at, fmt::format("pattern \"{}\" cannot be used: {}", pattern, compiled->error()));
      return nullptr;
    }
    program_->patterns.push_back(std::move(compiled));
    return program_->patterns.back().get();
  }

  std::optional<double> number(const Json& value, const std::string& at) {
    if (!value.is_number()) {
      stop(at, "must be a number");
      return std::nullopt;
    }
    return value.to_number<double>();
  }

  std::optional<std::size_t> size(const Json& value, const std::string& at) {
    const std::optional<double> n = number(value, at);
    if (!n) return std::nullopt;
    if (*n < 0 || *n != std::floor(*n) || *n > 1e15) {
      stop(at, "must be a whole number of 0 or more");
      return std::nullopt;
    }
    return static_cast<std::size_t>(*n);
  }

  std::vector<std::string> strings(const Json& value, const std::string& at) {
    std::vector<std::string> out;
    if (value.is_array()) {
      for (const Json& item : value.get_array()) {
        if (!item.is_string()) break;
        out.emplace_back(json::as_view(item.get_string()));
      }
      if (out.size() == value.get_array().size()) return out;
    }
    stop(at, "must be an array of strings");
    return out;
  }

  std::vector<int> schemas(const Json& value, const std::string& at) {
    std::vector<int> out;
    if (!value.is_array()) {
      stop(at, "must be an array of schemas");
      return out;
    }
    int i = 0;
    for (const Json& item : value.get_array()) {
      out.push_back(node_at(item, at + "/" + std::to_string(i++)));
    }
    return out;
  }

  std::map<std::string, int> schema_map(const Json& value, const std::string& at) {
    std::map<std::string, int> out;
    if (!value.is_object()) {
      stop(at, "must be an object of schemas");
      return out;
    }
    for (const auto& member : value.get_object()) {
      const std::string key(member.key().data(), member.key().size());
      out.emplace(key, node_at(member.value(), at + "/" + escape_pointer_token(key)));
    }
    return out;
  }

  void fill(int index_of_node, const Json& schema, const std::string& at) {
    SchemaNode node;
    for (const auto& member : schema.get_object()) {
      const std::string_view key{member.key().data(), member.key().size()};
      const std::string here = at + "/" + escape_pointer_token(key);
      const Json& value = member.value();
      if (kRefused.contains(key)) stop(here, fmt::format("\"{}\" is not supported", key));
      if (key == "$schema" && value != Json(kDraft)) {
        stop(here, fmt::format("only {} is supported", kDraft));
      }
      if (kAnnotations.contains(key)) continue;
      if (key == "$ref") {
        if (!value.is_string()) return stop(here, "must be a string");
        node.reference = resolve(schema, json::as_view(value.get_string()), here);
      } else if (!fill_value(node, key, value, here) && !fill_structure(node, key, value, here)) {
        program_->unknown_keywords.push_back(here);
      }
    }
    program_->nodes[static_cast<std::size_t>(index_of_node)] = std::move(node);
  }

  bool fill_value(SchemaNode& node, std::string_view key, const Json& value,
                  const std::string& at) {
    if (key == "type") {
      if (value.is_string())
        node.types = {std::string(json::as_view(value.get_string()))};
      else
        node.types = strings(value, at);
      static const std::set<std::string_view> kTypes{"null",   "boolean", "object", "array",
                                                     "number", "string",  "integer"};
      for (const std::string& type : node.types) {
        if (!kTypes.contains(type)) stop(at, fmt::format("unknown type \"{}\"", type));
      }
    } else if (key == "enum" || key == "const") {
      if (key == "enum" && !value.is_array()) stop(at, "must be an array");
      node.has_enumeration = true;
      if (key == "const")
        node.enumeration = {value};
      else if (value.is_array())
        node.enumeration.assign(value.get_array().begin(), value.get_array().end());
    } else if (key == "minimum") {
      node.minimum = number(value, at);
    } else if (key == "maximum") {
      node.maximum = number(value, at);
    } else if (key == "exclusiveMinimum") {
      node.exclusive_minimum = number(value, at);
    } else if (key == "exclusiveMaximum") {
      node.exclusive_maximum = number(value, at);
    } else if (key == "multipleOf") {
      node.multiple_of = number(value, at);
      if (node.multiple_of && *node.multiple_of <= 0) stop(at, "must be greater than 0");
    } else if (key == "minLength") {
      node.min_length = size(value, at);
    } else if (key == "maxLength") {
      node.max_length = size(value, at);
    } else if (key == "minItems") {
      node.min_items = size(value, at);
    } else if (key == "maxItems") {
      node.max_items = size(value, at);
    } else if (key == "minProperties") {
      node.min_properties = size(value, at);
    } else if (key == "maxProperties") {
      node.max_properties = size(value, at);
    } else if (key == "minContains") {
      node.min_contains = size(value, at);
    } else if (key == "maxContains") {
      node.max_contains = size(value, at);
    } else if (key == "uniqueItems") {
      if (!value.is_bool())
        stop(at, "must be true or false");
      else
        node.unique_items = value.get_bool();
    } else if (key == "required") {
      node.required = strings(value, at);
    } else if (key == "pattern" || key == "format") {
      if (!value.is_string())
        stop(at, "must be a string");
      else if (key == "pattern")
        node.pattern = regex(json::as_view(value.get_string()), at);
      else
        node.format = std::string(json::as_view(value.get_string()));
    } else {
      return false;
    }
    return true;
  }

  bool fill_structure(SchemaNode& node, std::string_view key, const Json& value,
                      const std::string& at) {
    if (key == "properties") {
      node.properties = schema_map(value, at);
    } else if (key == "dependentSchemas") {
      node.dependent_schemas = schema_map(value, at);
    } else if (key == "patternProperties") {
      for (const auto& [pattern, child] : schema_map(value, at)) {
        node.pattern_properties.emplace_back(regex(pattern, at), child);
      }
    } else if (key == "dependentRequired") {
      if (!value.is_object())
        stop(at, "must be an object");
      else
        for (const auto& member : value.get_object()) {
          node.dependent_required.emplace(std::string(member.key().data(), member.key().size()),
                                          strings(member.value(), at));
        }
    } else if (key == "additionalProperties") {
      node.additional_properties = node_at(value, at);
    } else if (key == "propertyNames") {
      node.property_names = node_at(value, at);
    } else if (key == "items") {
      node.items = node_at(value, at);
    } else if (key == "contains") {
      node.contains = node_at(value, at);
    } else if (key == "not") {
      node.negation = node_at(value, at);
    } else if (key == "if") {
      node.condition = node_at(value, at);
    } else if (key == "then") {
      node.consequence = node_at(value, at);
    } else if (key == "else") {
      node.alternative = node_at(value, at);
    } else if (key == "prefixItems") {
      node.prefix_items = schemas(value, at);
    } else if (key == "allOf") {
      node.all_of = schemas(value, at);
    } else if (key == "anyOf") {
      node.any_of = schemas(value, at);
    } else if (key == "oneOf") {
      node.one_of = schemas(value, at);
    } else {
      return false;
    }
    return true;
  }

  const Json& root_;
  std::shared_ptr<JsonSchema::Program> program_ = std::make_shared<JsonSchema::Program>();
  std::map<std::string, const Json*> resources_;
  std::map<const Json*, std::string> bases_;
  std::map<const Json*, int> nodes_;
  std::deque<Pending> pending_;
  std::string error_;
};

}  // namespace

std::string escape_pointer_token(std::string_view token) {
  return text::replace_all(text::replace_all(std::string(token), "~", "~0"), "/", "~1");
}

Result<JsonSchema> JsonSchema::compile(const Json& schema, SchemaOptions options) {
  auto program = Compiler(schema, options).run();
  if (!program) return propagate(program);
  return JsonSchema(std::move(*program));
}

std::vector<SchemaIssue> JsonSchema::validate(const Json& instance) const {
  return run_schema(*program_, instance);
}

const std::vector<std::string>& JsonSchema::unknown_keywords() const {
  return program_->unknown_keywords;
}

}  // namespace cadre
