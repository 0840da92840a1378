// One game: commands from `in`, the board to `out`.
#pragma once

#include <iosfwd>

#include "board.h"

namespace game {

enum class Ending { won, lost, quit };

// Plays until the end. Each line of `in` is a command: w, a, s, d or q; the end of `in` is q.
// Anything else is answered with "unknown command: X" and changes nothing.
Ending play(Board board, std::istream& in, std::ostream& out, const Random& random);

}  // namespace game
