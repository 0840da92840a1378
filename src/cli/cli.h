// The command line: one function per subcommand, all behind run_cli(). Prints, reads the
// environment and decides exit codes; nothing below it does. Not thread-safe.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace cadre::cli {

// The documented exit codes (docs/command-line.md).
enum ExitCode : int {
  kDone = 0,  // all gates passed
  kInternalError = 1,
  kUsage = 2,       // wrong arguments or input
  kIncomplete = 3,  // done, but something stated is not covered (listed)
  kRefused = 4,     // with the reason and what would help
  kGateFailed = 5,
  kBudget = 6,         // budget or deadline
  kProvider = 7,       // the model provider failed
  kWaiting = 8,        // a person has to decide; the commands are printed
  kInterrupted = 130,  // resumable; the command is printed
};

// Where and how to speak.
struct Console {
  std::FILE* out = stdout;
  std::FILE* err = stderr;
  bool json = false;
  bool quiet = false;
  bool terminal = false;  // out is a terminal: colour and live progress

  void print(std::string_view text) const;  // to out
  void warn(std::string_view text) const;   // to err, with "cadre: " before it
};

// The exit code for an error, after printing it (as JSON on out with --json).
int report_error(const Console& console, const Error& error);
// The same with another exit code than the error's own.
int report_error(const Console& console, const Error& error, int code);
int exit_code_of(const Error& error);

// The whole program: arguments without the program's name.
int run_cli(const std::vector<std::string>& arguments);

}  // namespace cadre::cli
