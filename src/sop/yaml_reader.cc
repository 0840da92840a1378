#include "sop/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <vector>

#include "base/json_schema.h"
#include "base/text.h"

namespace cadre {
namespace {

constexpr int kNodesMax = 20'000;
constexpr int kDepthMax = 32;

struct Refused {
  YamlError error;
};

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";

// yaml-cpp gives \N and \_ as one byte each, which is no UTF-8. The text is valid but for these.
std::string mended(const std::string& text) {
  if (text::is_valid_utf8(text)) return text;
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == 0x85 || byte == 0xa0) out += '\xC2';
    const std::size_t length = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    out += text.substr(i, length);
    i += length;
  }
  return out;
}

// "?" is what yaml-cpp gives a plain scalar without a tag, "!" a quoted one.
Json scalar(const std::string& text, const std::string& tag) {
  if (tag == "!" || tag.ends_with(":str")) return Json(mended(text));
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return Json(nullptr);
  }
  if (text == "true" || text == "True" || text == "TRUE") return Json(true);
  if (text == "false" || text == "False" || text == "FALSE") return Json(false);
  const char* const end = text.data() + text.size();
  const char* const begin = text.data() + (text[0] == '+' ? 1 : 0);
  std::int64_t integer = 0;
  if (const auto [at, ec] = std::from_chars(begin, end, integer); ec == std::errc() && at == end) {
    return Json(integer);
  }
  std::uint64_t large = 0;
  if (const auto [at, ec] = std::from_chars(begin, end, large); ec == std::errc() && at == end) {
    return Json(large);
  }
  const char* const digits = begin + (begin != end && *begin == '-' ? 1 : 0);
  const bool whole =
      digits != end && std::all_of(digits, end, [](char c) { return c >= '0' && c <= '9'; });
  if (whole) return Json(text);  // a double would round it
  double number = 0;
  const bool looks_numeric = text.find_first_not_of("0123456789+-.eE") == std::string::npos &&
                             text.find_first_of("0123456789") != std::string::npos;
  if (const auto [at, ec] = std::from_chars(begin, end, number);
      looks_numeric && ec == std::errc() && at == end) {
    return Json(number);
  }
  return Json(text);
}

bool known_tag(std::string_view tag) {
  if (tag.empty() || tag == "?" || tag == "!") return true;
  if (!tag.starts_with(kCoreTag)) return false;
  tag.remove_prefix(kCoreTag.size());
  return tag == "str" || tag == "int" || tag == "float" || tag == "bool" || tag == "null" ||
         tag == "map" || tag == "seq";
}

class Converter {
 public:
  explicit Converter(int first_line) : first_line_(first_line) {}

  YamlDocument convert(const YAML::Node& root) {
    YamlDocument document;
    document.lines[""] = line(root);
    document.value = value(root, "", 0, document);
    return document;
  }

 private:
  int line(const YAML::Node& node) const {
    return node.Mark().line < 0 ? first_line_ : node.Mark().line + first_line_;
  }
  [[noreturn]] void refuse(const YAML::Node& node, std::string message) const {
    throw Refused{{line(node), std::move(message)}};
  }

  Json value(const YAML::Node& node, const std::string& pointer, int depth,
             YamlDocument& document) {
    if (++nodes_ > kNodesMax) refuse(node, fmt::format("it has more than {} values", kNodesMax));
    if (depth > kDepthMax) refuse(node, fmt::format("it is nested deeper than {}", kDepthMax));
    const std::string& tag = node.Tag();
    if (!known_tag(tag)) {
      refuse(node, fmt::format("the tag {} is not supported; leave it out", tag));
    }
    if (node.IsSequence()) {
      JsonArray array;
      for (const YAML::Node& element : node) {
        const std::string at = fmt::format("{}/{}", pointer, array.size());
        document.lines[at] = line(element);
        array.push_back(value(element, at, depth + 1, document));
      }
      return array;
    }
    if (node.IsMap()) return object(node, pointer, depth, document);
    if (node.IsScalar()) return scalar(node.Scalar(), tag);
    return Json(nullptr);
  }

  Json object(const YAML::Node& node, const std::string& pointer, int depth,
              YamlDocument& document) {
    JsonObject result;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) refuse(entry.first, "a key must be a plain word");
      const std::string key = mended(entry.first.Scalar());
      const std::string at = pointer + "/" + escape_pointer_token(key);
      if (result.contains(key)) {
        refuse(entry.first, fmt::format("the key \"{}\" is there twice; keep one", key));
      }
      document.lines[at] = line(entry.first);
      result[key] = value(entry.second, at, depth + 1, document);
    }
    return result;
  }

  int first_line_;
  int nodes_ = 0;
};

// Aliases would let a small file grow beyond all bounds, and nobody needs them here.
class AliasFinder : public YAML::EventHandler {
 public:
  int line = -1;
  int documents = 0;
  int second_document_line = -1;
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents == 2) second_document_line = mark.line;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    if (line < 0) line = mark.line;
  }
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

void check_events(const std::string& text, int first_line) {
  std::istringstream in(text);
  YAML::Parser parser(in);
  AliasFinder finder;
  while (parser.HandleNextDocument(finder)) {
    if (finder.line >= 0) {
      throw Refused{
          {finder.line + first_line, "aliases (*name) are not supported; write the value out"}};
    }
    if (finder.documents > 1) {
      throw Refused{{finder.second_document_line + first_line,
                     "there is a second document; one file holds one (remove the \"---\")"}};
    }
  }
}

}  // namespace

int YamlDocument::line_of(std::string pointer) const {
  while (true) {
    if (const auto at = lines.find(pointer); at != lines.end()) return at->second;
    const std::size_t slash = pointer.rfind('/');
    if (slash == std::string::npos) return 1;
    pointer.resize(slash);
  }
}

std::expected<YamlDocument, YamlError> read_yaml(std::string_view given, int first_line) {
  const std::string text(given);
  try {
    check_events(text, first_line);
    return Converter(first_line).convert(YAML::Load(text));
  } catch (const Refused& refused) {
    return std::unexpected(refused.error);
  } catch (const YAML::DeepRecursion& error) {
    return std::unexpected(
        YamlError{std::max(0, error.mark.line) + first_line, "it is nested too deeply"});
  } catch (const YAML::Exception& error) {
    const int line = error.mark.line < 0 ? 0 : error.mark.line;
    return std::unexpected(YamlError{line + first_line, "it is not valid YAML: " + error.msg});
  } catch (const std::exception& error) {
    return std::unexpected(
        YamlError{first_line, std::string("it cannot be read: ") + error.what()});
  }
}

}  // namespace cadre
