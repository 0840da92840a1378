#include "runtime/tools/test_readers.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "base/xml.h"
#include "runtime/tools/coverage_readers.h"

namespace cadre {
namespace {

constexpr std::size_t kOutputKept = 2000;
constexpr std::size_t kCasesMax = 20'000;

double number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && std::isfinite(value) && value >= 0 ? value : 0;
}

std::string first_line(std::string_view text) {
  const std::string_view trimmed = text::trim(text);
  return text::shorten(trimmed.substr(0, trimmed.find('\n')), 300);
}

void add_output(std::string& output, std::string_view more) {
  output += text::clean_utf8(more);
  if (output.size() <= kOutputKept) return;
  const std::size_t cut = output.find('\n', output.size() - kOutputKept);
  output = "…" + output.substr(cut == std::string::npos ? output.size() - kOutputKept : cut);
}

// pytest's "test_x[1-2]" is a case of test_x.
std::string without_parameters(std::string name) {
  const std::size_t bracket = name.find('[');
  if (bracket != std::string::npos && bracket > 0 && name.ends_with(']')) name.resize(bracket);
  return name;
}

class JUnitReader {
 public:
  Result<std::vector<TestCase>> read(std::string_view xml) {
    XmlReader reader(xml);
    while (true) {
      auto event = reader.next();
      if (!event) return propagate(event);
      if (*event == XmlReader::Event::kDone) break;
      if (*event == XmlReader::Event::kStart) {
        if (auto good = start(reader); !good) return propagate(good);
      } else if (*event == XmlReader::Event::kText) {
        if (!inside_.empty() && !cases_.empty()) add_output(cases_.back().output, reader.text());
      } else if (reader.name() == inside_) {
        inside_.clear();
      }
    }
    for (TestCase& one : cases_) {
      if (one.message.empty() && one.outcome != "passed") one.message = first_line(one.output);
    }
    return std::move(cases_);
  }

 private:
  Result<void> start(const XmlReader& reader) {
    const std::string& name = reader.name();
    if (root_ && name != "testsuites" && name != "testsuite") {
      return fail(ErrorCode::kInvalidInput, "no JUnit report: its root is <" + name + ">");
    }
    root_ = false;
    if (name == "testcase" && cases_.size() < kCasesMax) {
      TestCase one;
      one.name = without_parameters(text::clean_utf8(reader.attribute("name")));
      one.suite = text::clean_utf8(reader.attribute("classname"));
      one.seconds = number(reader.attribute("time"));
      const std::string status = reader.attribute("status");  // ctest: run, fail, disabled
      one.outcome = status == "fail" ? "failed" : status == "disabled" ? "skipped" : "passed";
      cases_.push_back(std::move(one));
    }
    if (cases_.empty()) return {};
    TestCase& last = cases_.back();
    const std::string message = text::clean_utf8(reader.attribute("message"));
    if (name == "failure") {
      last.outcome = "failed";
    } else if (name == "error") {
      last.outcome = message.find("collection") != std::string::npos ? "error" : "failed";
    } else if (name == "skipped") {
      last.outcome = "skipped";
    } else if (name != "system-out") {
      return {};
    }
    if (name != "system-out") last.message = first_line(message);
    inside_ = name;
    return {};
  }

  std::vector<TestCase> cases_;
  std::string inside_;
  bool root_ = true;
};

// "ok 3 - name # SKIP why", "not ok 4 name"; what follows "not ok" belongs to it.
Result<std::vector<TestCase>> read_tap(std::string_view all) {
  std::vector<TestCase> cases;
  for (const std::string_view raw : text::lines(all)) {
    std::string line = text::clean_utf8(raw);
    const bool bad = line.starts_with("not ok ");
    if (!bad && !line.starts_with("ok ")) {
      if (!cases.empty() && cases.back().outcome == "failed") {
        add_output(cases.back().output, line + "\n");
        if (cases.back().message.empty() && line.starts_with("#")) {
          cases.back().message = first_line(line.substr(1));
        }
      }
      continue;
    }
    if (cases.size() >= kCasesMax) break;
    std::string name = line.substr(bad ? 7 : 3);
    TestCase one;
    one.outcome = bad ? "failed" : "passed";
    if (const std::size_t directive = name.find(" # "); directive != std::string::npos) {
      const std::string said = text::lower(name.substr(directive + 3));
      if (said.starts_with("skip") || said.starts_with("todo")) one.outcome = "skipped";
      name.resize(directive);
    }
    const std::size_t digits = name.find_first_not_of("0123456789");
    name = digits == std::string::npos ? name : name.substr(digits);
    name = std::string(text::trim(name));
    if (name.starts_with("-")) name = std::string(text::trim(name.substr(1)));
    one.name = std::move(name);
    cases.push_back(std::move(one));
  }
  return cases;
}

Result<std::vector<TestCase>> read_go_test(std::string_view all) {
  std::map<std::string, TestCase> cases;
  std::map<std::string, std::string> outputs;
  std::vector<TestCase> list;
  for (const std::string_view line : text::lines(all)) {
    const auto event = json::parse(line);
    if (!event || !event->is_object()) continue;
    const std::string action = json::get_string(*event, "Action");
    const std::string test = json::get_string(*event, "Test");
    const std::string package = json::get_string(*event, "Package");
    std::string& output = outputs[package + "\n" + test];
    if (action == "output" || action == "build-output") {
      add_output(output, json::get_string(*event, "Output"));
      continue;
    }
    const bool end = action == "pass" || action == "fail" || action == "skip";
    if (!end || (test.empty() && action != "fail") || list.size() >= kCasesMax) continue;
    TestCase one;
    one.name = test.empty() ? package : test;
    one.suite = package;
    one.outcome = test.empty()      ? "error"
                  : action == "pass" ? "passed"
                  : action == "fail" ? "failed"
                                     : "skipped";
    one.seconds = json::get_double(*event, "Elapsed");
    one.output = output;
    list.push_back(std::move(one));
  }
  // A package fails with its tests; only where none of them did it is an error of its own.
  std::vector<TestCase> kept;
  for (const TestCase& one : list) {
    const bool told = one.outcome == "error" && std::ranges::any_of(list, [&](const TestCase& t) {
                        return t.outcome == "failed" && t.suite == one.suite;
                      });
    if (told) continue;
    kept.push_back(one);
    if (one.outcome == "failed" || one.outcome == "error") {
      kept.back().message = first_line(one.output);
    }
  }
  return kept;
}

// "Running tests/board.rs (target/…)" -> "tests/board.rs"; the same for "Doc-tests lib".
std::string cargo_suite(std::string_view line) {
  const std::string_view said = text::trim(line);
  for (const std::string_view begin : {"Running unittests ", "Running ", "Doc-tests "}) {
    if (!said.starts_with(begin)) continue;
    const std::string_view rest = said.substr(begin.size());
    return std::string(rest.substr(0, rest.find(" (")));
  }
  return {};
}

// "test name ... ok", and where the program itself printed meanwhile, what it printed before "ok".
// What failed is told again under "---- name stdout ----".
class CargoReader {
 public:
  std::vector<TestCase> read(std::string_view all) {
    for (const std::string_view raw : text::lines(all)) add(text::clean_utf8(raw));
    return std::move(cases_);
  }

 private:
  void add(const std::string& line) {
    const std::size_t dots = line.find(" ... ");
    if (const std::string suite = cargo_suite(line); !suite.empty()) {
      suite_ = suite;
      about_ = kNone;
    } else if (line.starts_with("test ") && dots != std::string::npos &&
               cases_.size() < kCasesMax) {
      TestCase one;
      one.name = line.substr(5, dots - 5);
      if (one.name.ends_with(kPanics)) one.name.resize(one.name.size() - kPanics.size());
      one.suite = suite_;
      const std::string said = line.substr(dots + 5);
      one.outcome = said.ends_with("ok")            ? "passed"
                    : said.starts_with("ignored") ? "skipped"
                                                  : "failed";
      cases_.push_back(std::move(one));
    } else if (line.starts_with("---- ") && line.ends_with(" stdout ----")) {
      const std::string name = line.substr(5, line.size() - 5 - 12);
      about_ = kNone;
      for (std::size_t i = 0; i < cases_.size(); ++i) {
        if (cases_[i].name == name && cases_[i].suite == suite_) about_ = i;
      }
    } else if (line.starts_with("failures:")) {
      about_ = kNone;
    } else if (about_ != kNone) {
      TestCase& failed = cases_[about_];
      add_output(failed.output, line + "\n");
      if (failed.message.empty()) failed.message = first_line(line);
    }
  }

  static constexpr std::size_t kNone = std::string::npos;
  static constexpr std::string_view kPanics = " - should panic";
  std::vector<TestCase> cases_;
  std::string suite_;
  std::size_t about_ = kNone;  // the case whose output is being told
};

}  // namespace

bool is_same_file(const std::string& reported, const std::string& path) {
  return reported == path || reported.ends_with("/" + path);
}

Result<std::vector<TestCase>> read_test_results(std::string_view format, std::string_view text) {
  if (format == "junit") return JUnitReader().read(text);
  if (format == "tap") return read_tap(text);
  if (format == "go-test") return read_go_test(text);
  if (format == "cargo") return CargoReader().read(text);
  return fail(ErrorCode::kInvalidInput, fmt::format("no format of test results is \"{}\"", format));
}

Result<CoverageData> read_coverage(std::string_view format, std::string_view text) {
  if (format == "cobertura") return read_cobertura_lines(text);
  if (format == "jacoco") return read_jacoco(text);
  if (format == "lcov") return read_lcov(text);
  if (format == "gcov") return read_gcov(text);
  if (format == "go-cover") return read_go_cover(text);
  return fail(ErrorCode::kInvalidInput, fmt::format("no format of coverage is \"{}\"", format));
}

}  // namespace cadre
