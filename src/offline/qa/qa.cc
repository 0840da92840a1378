#include "offline/qa/qa.h"

#include <algorithm>

#include "offline/qa/test_plan.h"
#include "offline/qa/verify.h"

namespace cadre::offline::qa {

Result<Turn> perform(const Task& task, std::span<const ToolResult> results) {
  auto makes = [&task](const char* type) {
    return std::find(task.makes.begin(), task.makes.end(), type) != task.makes.end();
  };
  if (makes("quality_report")) return verify(task, results);
  if (makes("test_suite")) return plan_tests(task);
  return fail(ErrorCode::kInvalidInput,
              "The QA engineer makes test_suite and quality_report, not " +
                  (task.makes.empty() ? "nothing" : task.makes.front()) + ".");
}

}  // namespace cadre::offline::qa
