#include "cli/cli.h"

#include "base/json.h"

namespace cadre::cli {

void Console::print(std::string_view text) const {
  std::fwrite(text.data(), 1, text.size(), out);
  std::fflush(out);
}

void Console::warn(std::string_view text) const {
  const std::string line = "cadre: " + std::string(text) + "\n";
  std::fwrite(line.data(), 1, line.size(), err);
  std::fflush(err);
}

int exit_code_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidInput:
    case ErrorCode::kNotFound: return kUsage;
    case ErrorCode::kDenied: return kRefused;
    case ErrorCode::kExhausted: return kBudget;
    case ErrorCode::kCancelled: return kInterrupted;
    default: return kInternalError;
  }
}

int report_error(const Console& console, const Error& error) {
  return report_error(console, error, exit_code_of(error));
}

int report_error(const Console& console, const Error& error, int code) {
  if (console.json) {
    const Json body = JsonObject{{"error", JsonObject{{"code", to_string(error.code)},
                                                      {"message", error.message},
                                                      {"hint", error.hint}}},
                                 {"exit_code", code}};
    console.print(json::write_pretty(body));
  } else {
    console.warn(error.describe());
  }
  return code;
}

}  // namespace cadre::cli
