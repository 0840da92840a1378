#include "offline/qa/measures.h"

#include <charconv>
#include <cmath>

#include "base/cobertura.h"
#include "base/text.h"
#include "base/xml.h"

namespace cadre::offline::qa {
namespace {

std::optional<double> number(const std::string& text) {
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<int> whole(const std::string& text) {
  int value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

CaseResult case_of(const XmlReader& reader) {
  CaseResult out;
  std::string name = text::clean_utf8(reader.attribute("name"));
  std::size_t bracket = name.find('[');
  out.name = name.substr(0, bracket);
  if (bracket != std::string::npos) {
    out.parameters = name.substr(bracket + 1, name.size() - bracket - 1);
    if (out.parameters.ends_with(']')) out.parameters.pop_back();
  }
  out.file = text::replace_all(text::clean_utf8(reader.attribute("classname")), ".", "/") + ".py";
  out.seconds = number(reader.attribute("time")).value_or(0);
  out.outcome = "passed";
  return out;
}

// The tail of a traceback says the most.
std::string tail(const std::string& text) {
  constexpr std::size_t kMost = 1500;
  std::string clean = text::clean_utf8(text);
  if (clean.size() <= kMost) return clean;
  std::size_t cut = clean.find('\n', clean.size() - kMost);
  return "…" + clean.substr(cut == std::string::npos ? clean.size() - kMost : cut);
}

}  // namespace

Result<JUnit> read_junit(std::string_view xml) {
  XmlReader reader(xml);
  JUnit out;
  std::string inside;  // failure, error or skipped
  bool root = true;
  while (true) {
    auto event = reader.next();
    if (!event) return propagate(event);
    if (*event == XmlReader::Event::kDone) break;
    if (*event == XmlReader::Event::kStart) {
      const std::string& name = reader.name();
      if (root && name != "testsuites" && name != "testsuite") {
        return fail(ErrorCode::kInvalidInput,
                    "This is no JUnit report: its root is <" + name + ">.");
      }
      root = false;
      if (name == "testsuite") out.seconds += number(reader.attribute("time")).value_or(0);
      if (name == "testcase") out.cases.push_back(case_of(reader));
      bool verdict = name == "failure" || name == "error" || name == "skipped";
      if (verdict && !out.cases.empty()) {
        inside = name;
        CaseResult& last = out.cases.back();
        last.outcome = name == "failure" ? "failed" : name;
        std::string message = text::clean_utf8(reader.attribute("message"));
        last.message = text::shorten(message.substr(0, message.find('\n')), 300);
      }
    } else if (*event == XmlReader::Event::kText) {
      if (!inside.empty())
        out.cases.back().details = tail(out.cases.back().details + reader.text());
    } else if (reader.name() == inside) {
      inside.clear();
    }
  }
  for (const CaseResult& one : out.cases) {
    if (one.outcome == "passed")
      ++out.passed;
    else if (one.outcome == "skipped")
      ++out.skipped;
    else
      ++out.failed;
  }
  return out;
}

Result<Coverage> read_cobertura(std::string_view xml) {
  Coverage out;
  CoberturaHandlers handlers;
  handlers.root = [&out](const XmlReader& root) {
    auto rate = [&root](const char* key) -> std::optional<double> {
      auto value = number(root.attribute(key));
      if (!value || *value < 0 || *value > 1) return std::nullopt;
      return std::round(*value * 1000) / 10;
    };
    out.lines_percent = rate("line-rate");
    if (whole(root.attribute("branches-valid")).value_or(0) > 0) {
      out.branches_percent = rate("branch-rate");
    }
  };
  handlers.file = [&out](std::string path) { out.files.push_back({.path = std::move(path)}); };
  handlers.line = [&out](const XmlReader& at) {
    auto line = whole(at.attribute("number"));
    auto hits = whole(at.attribute("hits"));
    if (!line || !hits) return;
    FileCoverage& file = out.files.back();
    ++file.lines;
    if (*hits > 0)
      ++file.covered;
    else
      file.missing.push_back(*line);
  };
  if (auto walked = walk_cobertura(xml, handlers); !walked) return propagate(walked);
  return out;
}

}  // namespace cadre::offline::qa
