#include <iostream>

#include "command_line.h"

int main(int argc, char** argv) {
  return game::run({argv + 1, argv + argc}, std::cin, std::cout, std::cerr);
}
