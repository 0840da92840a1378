#include "workshop/toolchain.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "process/process.h"

namespace cadre::workshop {
namespace {

// The one that written projects are made for; another python3 may come first in PATH.
constexpr const char* kPython = "/usr/bin/python3";
// Prints the version, then each module that can be imported.
constexpr const char* kScript =
    "import sys, importlib.util as u\n"
    "print('Python', sys.version.split()[0])\n"
    "for m in sys.argv[1:]:\n"
    "  s = u.find_spec(m)\n"
    "  if s and s.origin: print(m)\n";

ToolchainPart module_part(const std::string& module, const std::string& consequence,
                          bool required = true) {
  return {"python module " + module,
          "python3-" + text::replace_all(module, "_", "-"),
          consequence,
          required,
          false,
          "not found"};
}

}  // namespace

std::vector<ToolchainPart> examine_toolchain() {
  const std::string untested = "the services that Cadre writes cannot be tested";
  const std::vector<std::string> modules{"fastapi", "sqlalchemy", "uvicorn", "httpx",
                                         "pytest",  "pytest_cov", "flake8"};
  std::vector<ToolchainPart> parts{{"python3", "python3", untested, true, false, "not found"}};
  for (const std::string& module : modules) parts.push_back(module_part(module, untested));
  parts[3].consequence = "no differential test, and the service cannot be served";
  parts[6].consequence = "no coverage is measured";
  parts[7].consequence = "the written code is not linted";
  parts[7].required = false;

  ProcessOptions options;
  options.argv = {kPython, "-c", kScript};
  options.argv.insert(options.argv.end(), modules.begin(), modules.end());
  options.timeout = Milliseconds(20'000);
  const auto result = run_process(options);
  if (!result) return parts;
  const std::vector<std::string_view> lines = text::lines(result->out);
  if (!result->success() || lines.empty()) {
    const std::string said(text::trim(text::clean_utf8(result->err)));
    parts[0].detail =
        said.empty() ? fmt::format("{} does not run", kPython) : text::shorten(said, 200);
    return parts;
  }
  parts[0].found = true;
  parts[0].detail = fmt::format("{} ({})", lines.front(), kPython);
  for (std::size_t i = 0; i < modules.size(); ++i) {
    if (std::find(lines.begin() + 1, lines.end(), modules[i]) == lines.end()) continue;
    parts[i + 1].found = true;
    parts[i + 1].detail = "found";
  }
  return parts;
}

Result<void> check_toolchain() {
  const std::vector<ToolchainPart> parts = examine_toolchain();
  std::vector<std::string> missing, packages;
  if (!parts[0].found) missing.push_back(fmt::format("{} ({})", kPython, parts[0].detail));
  for (const ToolchainPart& part : parts) {
    if (part.found || !part.required) continue;
    if (parts[0].found) missing.push_back(part.name);
    packages.push_back(part.package);
  }
  if (missing.empty()) return {};
  return fail(ErrorCode::kDenied,
              "what is built is tested before it is handed over, and the tools for that are "
              "missing: " +
                  text::join(missing, ", "),
              "apt-get install " + text::join(packages, " ") + "; cadre doctor shows the rest");
}

}  // namespace cadre::workshop
