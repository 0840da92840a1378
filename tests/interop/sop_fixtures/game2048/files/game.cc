#include "game.h"

#include <istream>
#include <optional>
#include <ostream>
#include <string>

namespace game {
namespace {

std::optional<Direction> direction_of(const std::string& command) {
  if (command == "w") return Direction::up;
  if (command == "a") return Direction::left;
  if (command == "s") return Direction::down;
  if (command == "d") return Direction::right;
  return std::nullopt;
}

void show(const Board& board, std::ostream& out) {
  out << "score " << board.score() << '\n' << board.render();
}

}  // namespace

Ending play(Board board, std::istream& in, std::ostream& out, const Random& random) {
  show(board, out);
  std::string command;
  while (true) {
    if (board.has_won()) {
      out << "won\n";
      return Ending::won;
    }
    if (!board.can_move()) {
      out << "lost\n";
      return Ending::lost;
    }
    if (!std::getline(in, command) || command == "q") {
      out << "quit\n";
      return Ending::quit;
    }
    const auto direction = direction_of(command);
    if (!direction) {
      out << "unknown command: " << command << '\n';
      continue;
    }
    if (board.slide(*direction)) board.add_tile(random);
    show(board, out);
  }
}

}  // namespace game
