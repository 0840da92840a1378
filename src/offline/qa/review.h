// Parts of the code review that are worth testing on their own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cadre::offline::qa {

// Python source with the inside of strings and with comments blanked; lines stay where they are.
std::string code_only(std::string_view source);

// rule="R1" in the source: ids with their lines.
struct RuleMention {
  std::string rule = {};
  int line = 0;
};
std::vector<RuleMention> raised_rules(std::string_view source);

// The line on which a whole word stands first; 0 when it is nowhere.
int line_of_word(std::string_view source, std::string_view word);

// Functions longer than `most` lines: "name (line 12): 71 lines".
std::vector<std::string> long_functions(std::string_view source, int most);

}  // namespace cadre::offline::qa
