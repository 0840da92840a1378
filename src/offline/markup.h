// Puts text of unknown origin safely into documents: the one place where Markdown, Mermaid and
// Gherkin are escaped. Every function takes any UTF-8 and gives one line (except code blocks, which
// callers fence themselves). Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cadre::offline::markup {

// White space, line ends included, becomes single blanks; control characters go.
std::string one_line(std::string_view text);

// Inline Markdown that shows exactly this text.
std::string markdown(std::string_view text);
// The same inside a table cell.
std::string cell(std::string_view text);
// A code span; backticks become apostrophes.
std::string code(std::string_view text);
// code() of each, joined by ", "; "–" when there are none.
std::string codes(const std::vector<std::string>& texts);
// "| a | b |\n" of finished cells.
std::string row(const std::vector<std::string>& cells);
// A header row and its rule.
std::string header(const std::vector<std::string>& names);
// "```lang\n...\n```\n", with a fence longer than any in the body.
std::string fenced(std::string_view language, std::string_view body);

// Text of a Mermaid label or message, to be written between double quotes or behind a colon.
std::string mermaid(std::string_view text);
// A Mermaid or link identifier: [A-Za-z0-9_], never empty.
std::string identifier(std::string_view text);

// Text behind a Gherkin keyword.
std::string gherkin(std::string_view text);

// "#anchor" form of an id: lower case, [a-z0-9-].
std::string anchor(std::string_view text);

// The one line that says how a document was made.
inline constexpr std::string_view kMadeBy = "made by Cadre's offline engine, no language model";

}  // namespace cadre::offline::markup
