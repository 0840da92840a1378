#include "faults/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cadre::bench {
namespace {

constexpr std::string_view kOrder = "ORDER-";
constexpr std::string_view kDefect = "DEFECT-";
constexpr std::string_view kNoted = "NOTED-OK";
constexpr std::string_view kPublished = "PUBLISHED-OK";
constexpr std::string_view kUnknown = "had started when the run stopped";

bool has(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

int count(std::string_view text, std::string_view word) {
  int n = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; at += word.size())
    ++n;
  return n;
}

int number_after(std::string_view text, std::string_view word) {
  const std::size_t at = text.find(word);
  if (at == std::string_view::npos) return -1;
  int value = -1;
  std::from_chars(text.data() + at + word.size(), text.data() + text.size(), value);
  return value;
}

std::string plan_arguments() {
  std::string parts;
  for (int i = 1; i <= kParts; ++i) {
    // A diamond: the last part needs the two in the middle, they need the first.
    const std::string_view needs = i == 1 ? "" : i < kParts ? R"("p1")" : R"("p2","p3")";
    parts += fmt::format(
        R"({}{{"id":"p{}","title":"WORK-part-p{}","owner":"developer","depends_on":[{}]}})",
        i == 1 ? "" : ",", i, i, needs);
  }
  return fmt::format(R"({{"data":{{"parts":[{}]}}}})", parts);
}

}  // namespace

bool has_defect(int run) { return run % 4 == 1; }
std::string order_mark(int run) { return fmt::format("{}{:04}", kOrder, run); }
std::string run_id(int run) { return fmt::format("fault-run-{:04}", run); }

Asked read_request(std::string_view path, std::string_view body) {
  Asked asked;
  asked.anthropic = has(path, "/messages");
  asked.stream = has(body, R"("stream":true)");
  asked.run = number_after(body, kOrder);
  for (const std::string_view type : {"plan", "code", "tests", "report"}) {
    if (has(body, fmt::format(R"("name":"deliver_{}")", type))) asked.makes = type;
  }
  // Every part stands in the plan; the task's own stands in its title, too.
  int most = 0;
  for (int i = 1; asked.makes == "code" && i <= kParts; ++i) {
    const int seen = count(body, fmt::format("WORK-part-p{}", i));
    if (seen > most) asked.part = fmt::format("p{}", i);
    most = std::max(most, seen);
  }
  asked.worked = has(body, kNoted) || has(body, kPublished) || has(body, kUnknown);
  asked.repair = has(body, kDefect);
  asked.old_code = has(body, "CODE-V1");
  return asked;
}

Said answer(const Asked& asked) {
  if (asked.makes == "plan") return {"deliver_plan", plan_arguments(), ""};
  if (asked.makes == "tests") return {"deliver_tests", R"({"data":{"count":3}})", ""};
  if (asked.makes == "code") {
    if (!asked.worked) return {"note_part", fmt::format(R"({{"part":"{}"}})", asked.part), ""};
    const std::string_view state = asked.repair || !has_defect(asked.run) ? "CODE-V2" : "CODE-V1";
    return {"deliver_code",
            fmt::format(R"({{"data":{{"part":"{0}","state":"{1}"}},)"
                        R"("files":[{{"path":"src/{0}.txt","content":"{1}\n"}}]}})",
                        asked.part, state),
            ""};
  }
  if (asked.makes != "report") return {"", "", "There is nothing for me to deliver."};
  if (!asked.worked) return {"publish", "{}", ""};
  if (!asked.old_code) {
    return {"deliver_report", R"({"data":{"tests":{"passed":3,"failed":0},"findings":[]}})", ""};
  }
  return {"deliver_report",
          fmt::format(R"({{"data":{{"tests":{{"passed":2,"failed":1}},"findings":[{{"title":)"
                      R"("{}{:04}: a part is wrong","severity":"high","blame":"code",)"
                      R"("gate":"tests_pass"}}]}}}})",
                      kDefect, asked.run),
          ""};
}

}  // namespace cadre::bench
