#include "board.h"

namespace game {

// Cell `step` of line `line`, counted from the edge that the tiles slide to.
int& Board::cell(Direction direction, int line, int step) {
  const int back = kSize - 1 - step;
  switch (direction) {
    case Direction::left: return cells_[line][step];
    case Direction::right: return cells_[line][back];
    case Direction::up: return cells_[step][line];
    default: return cells_[back][line];
  }
}

bool Board::slide(Direction direction) {
  bool changed = false;
  for (int line = 0; line < kSize; ++line) {
    int target = 0;
    for (int step = 0; step < kSize; ++step) {
      const int tile = cell(direction, line, step);
      if (tile == 0) continue;
      cell(direction, line, step) = 0;
      if (target > 0 && cell(direction, line, target - 1) == tile) {
        // FR-003: equal tiles merge.
        cell(direction, line, target - 1) = 2 * tile;
        score_ += 2 * tile;
        changed = true;
        continue;
      }
      cell(direction, line, target) = tile;
      changed = changed || target != step;
      ++target;
    }
  }
  return changed;
}

bool Board::add_tile(const Random& random) {
  int free = 0;
  for (const auto& row : cells_) {
    for (const int tile : row) free += tile == 0 ? 1 : 0;
  }
  if (free == 0) return false;
  int left = random(free);
  const int value = random(10) == 0 ? 4 : 2;
  for (auto& row : cells_) {
    for (int& tile : row) {
      if (tile == 0 && left-- == 0) tile = value;
    }
  }
  return true;
}

bool Board::can_move() const {
  for (const Direction direction :
       {Direction::left, Direction::right, Direction::up, Direction::down}) {
    Board copy = *this;
    if (copy.slide(direction)) return true;
  }
  return false;
}

bool Board::has_won() const {
  for (const auto& row : cells_) {
    for (const int tile : row) {
      if (tile >= kGoal) return true;
    }
  }
  return false;
}

std::string Board::render() const {
  std::string out;
  for (const auto& row : cells_) {
    for (const int tile : row) {
      const std::string text = tile == 0 ? "." : std::to_string(tile);
      out += std::string(6 - text.size(), ' ') + text;
    }
    out += '\n';
  }
  return out;
}

}  // namespace game
