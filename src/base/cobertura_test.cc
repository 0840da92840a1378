// A report is walked in its order, and what is none is refused.
#include "base/cobertura.h"

#include <gtest/gtest.h>

#include <vector>

namespace cadre {
namespace {

TEST(Cobertura, RootFilesAndTheirLinesInOrder) {
  std::vector<std::string> seen;
  const auto walked = walk_cobertura(
      "<coverage line-rate=\"0.5\"><line number=\"9\"/><class filename=\"a.py\">"
      "<line number=\"1\" hits=\"2\"/></class><class filename=\"b.py\"><line number=\"x\"/></class>"
      "</coverage>",
      {.root = [&](const XmlReader& at) { seen.push_back("root " + at.attribute("line-rate")); },
       .file = [&](const std::string& path) { seen.push_back(path); },
       .line = [&](const XmlReader& at) { seen.push_back("line " + at.attribute("number")); }});
  ASSERT_TRUE(walked.has_value()) << walked.error().message;
  EXPECT_EQ(seen, (std::vector<std::string>{"root 0.5", "a.py", "line 1", "b.py", "line x"}));
}

TEST(Cobertura, WhatIsNoReportIsRefused) {
  const auto other = walk_cobertura("<testsuites/>", {});
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().message, "no coverage report: its root is <testsuites>");
  EXPECT_FALSE(walk_cobertura("<coverage><class", {}).has_value());
  EXPECT_TRUE(walk_cobertura("<coverage/>", {}).has_value());
}

}  // namespace
}  // namespace cadre
