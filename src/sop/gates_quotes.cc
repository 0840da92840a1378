// The gate quotes_exist: what is claimed is proven by words that stand in a given source.
//
// Anywhere in the artifact, an object with `claim` needs `quotes`: at least one object with
// `source` (the id of a source) and `quote` (words of it). Sources are the objects with `id` and
// `text` in the artifact named by the parameter `sources` (or in any other artifact). White space
// does not count; everything else does.
#include <algorithm>
#include <map>

#include "sop/gate_verdict.h"

namespace cadre::gates {
namespace {

constexpr std::size_t kEvidenceBytes = 400;

// Runs of white space as one space.
std::string folded(std::string_view text) {
  std::string out;
  bool space = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      space = !out.empty();
      continue;
    }
    if (space) out += ' ';
    space = false;
    out += c;
  }
  return out;
}

std::int64_t words(std::string_view folded_text) {
  if (folded_text.empty()) return 0;
  return 1 + std::count(folded_text.begin(), folded_text.end(), ' ');
}

void collect_sources(const Json& value, std::map<std::string, std::string>& sources) {
  if (value.is_array()) {
    for (const Json& element : value.get_array()) collect_sources(element, sources);
  } else if (value.is_object()) {
    const std::string id = json::get_string(value, "id");
    const Json* text = json::find(value, "text");
    if (!id.empty() && text != nullptr && text->is_string()) {
      sources.emplace(id, folded(json::as_view(text->get_string())));
    }
    for (const auto& member : value.get_object()) collect_sources(member.value(), sources);
  }
}

class Check {
 public:
  Check(const std::map<std::string, std::string>& sources, std::int64_t min_words, Verdict& verdict)
      : sources_(sources), min_words_(min_words), verdict_(verdict) {}

  void walk(const Json& value) {
    if (value.is_array()) {
      for (const Json& element : value.get_array()) walk(element);
    } else if (value.is_object()) {
      if (json::find(value, "claim") != nullptr) claim(value);
      if (json::find(value, "quote") != nullptr) quote(value);
      for (const auto& member : value.get_object()) walk(member.value());
    }
  }

  std::int64_t claims = 0, quotes = 0;

 private:
  void claim(const Json& value) {
    ++claims;
    const JsonArray& cited = json::get_array(value, "quotes");
    const bool any = std::any_of(cited.begin(), cited.end(), [](const Json& entry) {
      return json::find(entry, "quote") != nullptr;
    });
    if (!any) {
      verdict_.high(fmt::format("a claim cites no source: {}",
                                text::shorten(json::get_string(value, "claim"), 200)));
    }
  }

  void quote(const Json& value) {
    ++quotes;
    const std::string source = json::get_string(value, "source");
    const std::string said = folded(json::get_string(value, "quote"));
    const auto at = sources_.find(source);
    if (at == sources_.end()) {
      return verdict_.high(
          source.empty() ? fmt::format("a quote names no source: \"{}\"", text::shorten(said, 120))
                         : fmt::format("a quote names the source {}, which was not given", source));
    }
    if (words(said) < min_words_) {
      return verdict_.high(
          fmt::format("the quote \"{}\" of {} has fewer than {} words", said, source, min_words_));
    }
    if (at->second.find(said) != std::string::npos) return;
    verdict_.high(fmt::format("{} does not say \"{}\"", source, text::shorten(said, 200)),
                  text::shorten(at->second, kEvidenceBytes));
  }

  const std::map<std::string, std::string>& sources_;
  std::int64_t min_words_;
  Verdict& verdict_;
};

}  // namespace

GateVerdict quotes_exist(const GateSpec& spec, const Artifact& artifact, const ArtifactMap& all) {
  Verdict verdict(spec);
  const std::string from = json::get_string(spec.parameters, "sources");
  std::map<std::string, std::string> sources;
  for (const auto& [type, other] : all) {
    if (!other || type == artifact.type || (!from.empty() && type != from)) continue;
    collect_sources(other->data, sources);
  }
  if (sources.empty()) {
    verdict.high(from.empty() ? std::string("there are no sources to quote from")
                              : fmt::format("{} holds no sources to quote from", from));
    return verdict.take();
  }
  const Json* least = json::find(spec.parameters, "min_words");
  Check check(sources, least == nullptr ? 3 : static_cast<std::int64_t>(least->to_number<double>()),
              verdict);
  check.walk(artifact.data);
  if (check.claims == 0) verdict.high("there is no claim");
  verdict.measured("claims", check.claims);
  verdict.measured("quotes", check.quotes);
  verdict.measured("sources", sources.size());
  return verdict.take();
}

}  // namespace cadre::gates
