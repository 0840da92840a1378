#include "core/decision.h"

#include <fmt/core.h>

#include <utility>

#include "base/text.h"

namespace cadre {

Result<void> check_decision(const Asked& asked, const GivenDecision& decision) {
  if (asked.question && decision.approved && !decision.answers) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is a question: {}", asked.key, asked.words),
                fmt::format("cadre answer RUN {} TEXT", asked.key));
  }
  if (!asked.question && decision.answers) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is no question but {}", asked.key, asked.subject),
                "approve or reject it");
  }
  if (decision.always && asked.question)
    return fail(ErrorCode::kInvalidInput, "a question is not answered once and for all");
  if (!text::is_valid_utf8(decision.message))
    return fail(ErrorCode::kInvalidInput, "the message is not valid UTF-8 text");
  return {};
}

std::unexpected<Error> not_asked_for(const std::string& run, const std::string& key) {
  return fail(ErrorCode::kNotFound, fmt::format("run {} has asked for no \"{}\"", run, key),
              fmt::format("cadre show {} says what waits", run));
}

std::unexpected<Error> decided_already(const std::string& key, bool approved,
                                       const std::string& by) {
  return fail(ErrorCode::kConflict, fmt::format("{} is decided already: {} by {}", key,
                                                approved ? "approved" : "rejected", by));
}

std::unexpected<Error> nothing_waits(const std::string& run) {
  return fail(ErrorCode::kConflict, fmt::format("nothing of run {} waits for a person", run),
              fmt::format("cadre show {} says how it stands", run));
}

std::unexpected<Error> which_of_them(const std::string& run,
                                     const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += "\n  " + line;
  return fail(ErrorCode::kInvalidInput,
              fmt::format("{} things of run {} wait:{}", lines.size(), run, all),
              "name one of them");
}

std::unexpected<Error> not_written(const std::string& run, Error error) {
  if (error.code != ErrorCode::kConflict) return std::unexpected(std::move(error));
  return fail(ErrorCode::kConflict,
              fmt::format("run {} went on while it was decided: another process works on it", run),
              "look at it with cadre show, and decide again what still waits");
}

}  // namespace cadre
