// One test for each name; the program runs the one that it is given.
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <string>

#include "board.h"
#include "command_line.h"
#include "game.h"

using game::Board;
using game::Direction;

namespace {

int failures = 0;

template <class A, class B>
void same(const char* what, const A& actual, const B& expected) {
  if (actual == expected) return;
  ++failures;
  std::cout << what << ": expected " << expected << ", got " << actual << '\n';
}

std::string cells(const Board& board) {
  std::string out;
  for (int row = 0; row < Board::kSize; ++row) {
    for (int column = 0; column < Board::kSize; ++column) {
      out += std::to_string(board.at(row, column)) + (column == 3 ? "|" : " ");
    }
  }
  return out;
}

Board top_row(int a, int b, int c, int d) {
  return Board({{{a, b, c, d}, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}}});
}

const Board::Cells kFull{{{2, 4, 2, 4}, {4, 2, 4, 2}, {2, 4, 2, 4}, {4, 2, 4, 2}}};

int never(int bound) { return bound - 1; }

std::string played(const Board& board, const std::string& commands, game::Ending expected) {
  std::istringstream in(commands);
  std::ostringstream out;
  const game::Ending ending = game::play(board, in, out, never);
  same("ending", static_cast<int>(ending), static_cast<int>(expected));
  return out.str();
}

const std::map<std::string, std::function<void()>> kTests{
    {"slides_to_each_side",
     [] {
       Board left = top_row(0, 2, 0, 4), right = left, down = left;
       same("changed", left.slide(Direction::left), true);
       same("left", cells(left), "2 4 0 0|0 0 0 0|0 0 0 0|0 0 0 0|");
       right.slide(Direction::right);
       same("right", cells(right), "0 0 2 4|0 0 0 0|0 0 0 0|0 0 0 0|");
       down.slide(Direction::down);
       same("down", cells(down), "0 0 0 0|0 0 0 0|0 0 0 0|0 2 0 4|");
       down.slide(Direction::up);
       same("up", cells(down), "0 2 0 4|0 0 0 0|0 0 0 0|0 0 0 0|");
       same("unchanged", left.slide(Direction::left), false);
     }},
    {"merges_equal_tiles",
     [] {
       Board board = top_row(2, 0, 2, 8);
       board.slide(Direction::left);
       same("merged", cells(board), "4 8 0 0|0 0 0 0|0 0 0 0|0 0 0 0|");
     }},
    {"merges_once_in_a_move",
     [] {
       Board board = top_row(2, 2, 4, 8);
       board.slide(Direction::left);
       same("merged once", cells(board), "4 4 8 0|0 0 0 0|0 0 0 0|0 0 0 0|");
       Board four = top_row(2, 2, 2, 2);
       four.slide(Direction::right);
       same("two pairs", cells(four), "0 0 4 4|0 0 0 0|0 0 0 0|0 0 0 0|");
     }},
    {"scores_what_merges",
     [] {
       Board board = top_row(8, 8, 0, 0);
       board.slide(Direction::left);
       same("score", board.score(), 16);
     }},
    {"new_tile_is_two",
     [] {
       Board board;
       same("added", board.add_tile(never), true);
       same("tile", cells(board), "0 0 0 0|0 0 0 0|0 0 0 0|0 0 0 2|");
     }},
    {"new_tile_is_four",
     [] {
       Board board;
       board.add_tile([](int) { return 0; });
       same("tile", board.at(0, 0), 4);
     }},
    {"full_board_takes_no_tile",
     [] {
       Board board(kFull);
       same("added", board.add_tile(never), false);
     }},
    {"lost_without_moves",
     [] {
       Board board(kFull);
       same("can move", board.can_move(), false);
       same("said", played(board, "", game::Ending::lost).find("lost") != std::string::npos, true);
     }},
    {"won_with_2048",
     [] {
       same("not yet", top_row(1024, 0, 0, 0).has_won(), false);
       const std::string out = played(top_row(1024, 1024, 0, 0), "a\n", game::Ending::won);
       same("said", out.find("won") != std::string::npos, true);
     }},
    {"draws_the_board",
     [] {
       same("first line", top_row(2, 16, 0, 2048).render().substr(0, 25),
            "     2    16     .  2048\n");
     }},
    {"plays_commands",
     [] {
       const std::string out = played(top_row(2, 0, 0, 0), "d\ns\nq\n", game::Ending::quit);
       same("score line", out.substr(0, 8), "score 0\n");
       same("quit", out.find("quit\n") != std::string::npos, true);
     }},
    {"refuses_unknown_commands",
     [] {
       const std::string out = played(top_row(2, 0, 0, 0), "x\nq\n", game::Ending::quit);
       same("said", out.find("unknown command: x\n") != std::string::npos, true);
     }},
    {"ends_with_the_input",
     [] { played(top_row(2, 0, 0, 0), "", game::Ending::quit); }},
    {"unchanged_board_gets_no_tile",
     [] {
       const std::string out = played(top_row(2, 0, 0, 0), "a\nq\n", game::Ending::quit);
       same("no new tile", out.find("     2     .     .     .\n     .     .     .     .\n") !=
                               std::string::npos, true);
     }},
    {"wrong_arguments_are_refused",
     [] {
       std::istringstream in("w\nd\nq\n");
       std::ostringstream out, err;
       same("exit code", game::run({"--fast"}, in, out, err), 2);
       same("bad number", game::run({"--seed", "x1"}, in, out, err), 2);
       same("usage", err.str().substr(0, 6), "usage:");
       same("good", game::run({"--seed", "3"}, in, out, err), 0);
       std::istringstream nothing("");
       same("no seed", game::run({}, nothing, out, err), 0);
     }},
};

}  // namespace

int main(int argc, char** argv) {
  const auto test = argc == 2 ? kTests.find(argv[1]) : kTests.end();
  if (test == kTests.end()) {
    std::cout << "there is no such test\n";
    return 2;
  }
  test->second();
  return failures == 0 ? 0 : 1;
}
