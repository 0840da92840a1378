#include "agents/run_words.h"

#include <fmt/core.h>

#include "base/text.h"

namespace cadre {

// What may be said of an exception of user code.
std::string what_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    const std::string_view what = exception.what();
    return text::is_valid_utf8(what) ? std::string(what) : text::clean_utf8(what);
  } catch (...) {
    return "an exception that is not a std::exception";
  }
}

namespace {

std::string first_issue(const JsonSchema& schema, const Json& arguments) {
  const auto issues = schema.validate(arguments);
  if (issues.empty()) return {};
  return fmt::format("{}: {}", issues[0].pointer.empty() ? "the arguments" : issues[0].pointer,
                     issues[0].message);
}

}  // namespace

std::unexpected<Error> run_is_over(const std::string& id) {
  return fail(ErrorCode::kNotFound, "the run " + id + " has ended");
}

Result<Json> read_arguments(const ToolCallItem& call, const JsonSchema& schema) {
  auto arguments = json::parse(call.arguments.empty() ? "{}" : call.arguments);
  if (!arguments) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the arguments are not valid JSON: {}", arguments.error().message));
  }
  if (std::string issue = first_issue(schema, *arguments); !issue.empty())
    return fail(ErrorCode::kInvalidInput, std::move(issue));
  return arguments;
}

}  // namespace cadre
