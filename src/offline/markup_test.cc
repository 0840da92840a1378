#include "offline/markup.h"

#include <gtest/gtest.h>

namespace cadre::offline::markup {
namespace {

TEST(Markup, MarkdownShowsTheTextItself) {
  EXPECT_EQ(markdown("a *b* [c](d) <e> | `f`"), "a \\*b\\* \\[c\\](d) &lt;e&gt; \\| \\`f\\`");
  EXPECT_EQ(markdown("due_on stays"), "due_on stays");
  EXPECT_EQ(markdown("_x_"), "\\_x\\_");
  EXPECT_EQ(markdown("# no heading"), "\\# no heading");
  EXPECT_EQ(markdown("1. no list"), "1\\. no list");
  EXPECT_EQ(markdown("two\nlines"), "two lines");
}

TEST(Markup, FenceIsLongerThanAnyInside) {
  EXPECT_EQ(fenced("text", "a ``` b"), "````text\na ``` b\n````\n");
}

TEST(Markup, CodeCannotBeLeft) {
  EXPECT_EQ(code("a`b|c\nd"), "`a'b\\|c d`");
  EXPECT_EQ(code(""), "–");
}

TEST(Markup, MermaidTextHasNoSyntax) {
  const std::string text = mermaid("a\"b;c#d{e}[f]|g<h>\n%%i:");
  for (const char c : std::string_view("\"{}[]|<>\n%:")) {
    EXPECT_EQ(text.find(c), std::string::npos) << c;
  }
  EXPECT_EQ(mermaid(""), " ");
}

TEST(Markup, GherkinIsOneLine) { EXPECT_EQ(gherkin("a\n  Scenario: b"), "a Scenario: b"); }

}  // namespace
}  // namespace cadre::offline::markup
