// The board of 2048: four by four cells, 0 being empty. Knows the rules and draws nothing.
#pragma once

#include <array>
#include <functional>
#include <string>

namespace game {

enum class Direction { left, right, up, down };

// A number from 0 to bound - 1; given from outside, so that a test can decide it.
using Random = std::function<int(int bound)>;

class Board {
 public:
  static constexpr int kSize = 4;
  static constexpr int kGoal = 2048;
  using Cells = std::array<std::array<int, kSize>, kSize>;

  Board() = default;
  explicit Board(const Cells& cells) : cells_(cells) {}

  int at(int row, int column) const { return cells_[row][column]; }
  int score() const { return score_; }

  // FR-002, FR-003: moves all tiles and merges; true when the board changed.
  bool slide(Direction direction);
  // FR-004: a tile on the free cell number random(free cells), a 4 when random(10) is 0, else a 2.
  bool add_tile(const Random& random);
  // FR-005.
  bool can_move() const;
  bool has_won() const;

  // Four lines, each cell right-aligned in six columns, '.' for an empty one.
  std::string render() const;

 private:
  int& cell(Direction direction, int line, int step);

  Cells cells_{};
  int score_ = 0;
};

}  // namespace game
