// The program without its streams: what main() does, for tests too.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace game {

// Arguments after the program's name: none, or --seed N. The exit code: 0 when a game was played,
// 2 for wrong arguments, with "usage: game2048 [--seed N]" on `err`.
int run(const std::vector<std::string>& arguments, std::istream& in, std::ostream& out,
        std::ostream& err);

}  // namespace game
