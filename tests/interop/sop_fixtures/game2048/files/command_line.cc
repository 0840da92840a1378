#include "command_line.h"

#include <charconv>
#include <ostream>
#include <random>

#include "game.h"

namespace game {
namespace {

bool read_seed(const std::vector<std::string>& arguments, unsigned& seed) {
  if (arguments.empty()) {
    seed = std::random_device()();
    return true;
  }
  if (arguments.size() != 2 || arguments[0] != "--seed") return false;
  const std::string& text = arguments[1];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

int run(const std::vector<std::string>& arguments, std::istream& in, std::ostream& out,
        std::ostream& err) {
  unsigned seed = 0;
  if (!read_seed(arguments, seed)) {
    err << "usage: game2048 [--seed N]\n";
    return 2;
  }
  std::mt19937 engine(seed);
  const Random random = [&engine](int bound) {
    return std::uniform_int_distribution<int>(0, bound - 1)(engine);
  };
  Board board;
  board.add_tile(random);
  board.add_tile(random);
  play(board, in, out, random);
  return 0;
}

}  // namespace game
