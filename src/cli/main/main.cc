// The program: everything is in run_cli().
#include <exception>
#include <string>
#include <vector>

#include "cli/cli.h"

int main(int argc, char** argv) {
  try {
    return cadre::cli::run_cli(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cadre: internal error: %s\n", error.what());
    return cadre::cli::kInternalError;
  }
}
