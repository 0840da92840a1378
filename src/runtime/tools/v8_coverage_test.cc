// What V8 counted, as lines of what was written.
#include "runtime/tools/v8_coverage.h"

#include <gtest/gtest.h>

#include "runtime/tools/source_map.h"

namespace cadre {
namespace {

constexpr const char* kScript =
    "// ä𝒳 comment\n"               // 14 UTF-16 units and the end of the line
    "export function twice(n) {\n"  // from 15
    "  if (n < 0) {\n"
    "    return 0;\n"
    "  }\n"
    "  return 2 * n;\n"
    "}\n"
    "export function unused(n) {\n"
    "  return n;\n"
    "}\n";

std::string report(const std::string& functions, const std::string& path = "src/a%20b.js") {
  return R"({"result": [{"url": "node:fs", "functions": []}, {"url": "file:///work/)" + path +
         R"(", "functions": [{"isBlockCoverage": true, "ranges": [
           {"startOffset": 0, "endOffset": 135, "count": 1}]}, )" +
         functions + "]}]}";
}

// Offsets as V8 writes them: twice() from "function", its block, unused().
std::string twice(int calls, int negative) {
  return R"({"isBlockCoverage": true, "ranges": [{"startOffset": 22, "endOffset": 92, "count": )" +
         std::to_string(calls) + R"(}, {"startOffset": 55, "endOffset": 74, "count": )" +
         std::to_string(negative) + "}]}";
}
constexpr const char* kUnused =
    R"({"isBlockCoverage": false, "ranges": [{"startOffset": 100, "endOffset": 134, "count": 0}]})";

Result<CoverageData> read_v8_coverage(const std::vector<std::string>& reports,
                                      const V8Project& project) {
  V8Coverage coverage(project);
  for (const std::string& one : reports) {
    if (auto added = coverage.add(one); !added) return propagate(added);
  }
  return coverage.take();
}

TEST(V8Coverage, LinesAndBranchesOfWhatRan) {
  V8Project project{"/work", {{"src/a b.js", kScript, ""}}, {{"src/a b.js", kScript}}};
  const auto one = read_v8_coverage({report(twice(2, 0) + ", " + kUnused)}, project);
  ASSERT_TRUE(one.has_value()) << one.error().message;
  const FileCounts& file = one->files.at("src/a b.js");
  EXPECT_EQ(file.lines, (LineCounts{{2, 2}, {3, 2}, {4, 0}, {6, 2}, {8, 1}, {9, 0}}));
  EXPECT_EQ(file.branches, 3);
  EXPECT_EQ(file.branches_taken, 2);
  // A second process took the branch.
  const auto two = read_v8_coverage(
      {report(twice(2, 0) + ", " + kUnused), report(twice(1, 1) + ", " + kUnused)}, project);
  EXPECT_EQ(two->files.at("src/a b.js").lines.at(4), 1);
  EXPECT_EQ(two->files.at("src/a b.js").branches_taken, 3);
}

TEST(V8Coverage, ByTheSourceMapOfWhatWasCompiled) {
  const std::string source =
      "// a comment\nexport interface Thing {\n  size: number;\n}\n"
      "export function double(n: number): number {\n  if (n < 0) {\n    return 0;\n  }\n"
      "  return 2 * n;\n}\n\nexport function unused(t: Thing): number {\n  return t.size;\n}\n";
  const std::string compiled =
      "export function double(n) {\n    if (n < 0) {\n        return 0;\n    }\n"
      "    return 2 * n;\n}\nexport function unused(t) {\n    return t.size;\n}\n";
  const std::string map =
      R"({"version": 3, "sources": ["../../../src/core.ts"], "mappings": ")"
      "AAIA,MAAM,UAAU,MAAM,CAAC,CAAS;IAC9B,IAAI,CAAC,GAAG,CAAC,EAAE;QACT,OAAO,CAAC,CAAC;KACV;IACD,"
      "OAAO,CAAC,GAAG,CAAC,CAAC;"
      R"(AACf,CAAC;AAED,MAAM,UAAU,MAAM,CAAC,CAAQ;IAC7B,OAAO,CAAC,CAAC,IAAI,CAAC;AAChB,CAAC"})";
  V8Project project{"/work",
                    {{".cadre/js/src/core.js", compiled, map},
                     {".cadre/js/src/types.js", "export {};\n",
                      R"({"version": 3, "sources": ["../../../src/types.ts"], "mappings": ""})"}},
                    {{"src/core.ts", source}, {"src/types.ts", "export type Id = string;\n"}}};
  const auto read = read_v8_coverage(
      {report(R"({"isBlockCoverage": true, "ranges": [{"startOffset": 7, "endOffset": 88,
                  "count": 2}, {"startOffset": 43, "endOffset": 68, "count": 0}]},
                 {"isBlockCoverage": false, "ranges": [{"startOffset": 96, "endOffset": 137,
                  "count": 0}]})",
              ".cadre/js/src/core.js")},
      project);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->files.at("src/core.ts").lines,
            (LineCounts{{5, 2}, {6, 2}, {7, 0}, {9, 2}, {12, 1}, {13, 0}}));
  EXPECT_TRUE(read->files.at("src/types.ts").lines.empty()) << "types do not run";
  // Compiled and never loaded: whoever asks must see that it is not there.
  const auto nothing = read_v8_coverage({}, project);
  EXPECT_FALSE(nothing->files.contains("src/core.ts"));
  EXPECT_TRUE(nothing->files.contains("src/types.ts"));
}

TEST(V8Coverage, WhatDoesNotFitIsRefusedOrLeftOut) {
  const V8Project project{"/work", {{"a.js", "x()\n", "{}"}}, {{"a.js", "x()\n"}}};
  EXPECT_FALSE(read_v8_coverage({"nonsense"}, project).has_value());
  EXPECT_FALSE(read_v8_coverage({"{}"}, project).has_value());
  const auto odd =
      read_v8_coverage({R"({"result": [{"url": "file:///work/a.js", "functions": [{"ranges": [
          {"startOffset": 9, "endOffset": 2, "count": 1}, {"startOffset": -1}]}]}, 7]})"},
                       project);
  ASSERT_TRUE(odd.has_value());
  EXPECT_FALSE(odd->files.contains("a.js")) << "its map is none";
  for (const char* map : {"[]", "{\"version\": 2}", "{\"version\": 3, \"mappings\": \"!\"}",
                          "{\"version\": 3, \"mappings\": \"AAD\"}",
                          "{\"version\": 3, \"mappings\": \"gggggggggggB\"}"}) {
    EXPECT_FALSE(read_source_map(map).has_value()) << map;
  }
}

}  // namespace
}  // namespace cadre
