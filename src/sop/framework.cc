#include "sop/framework.h"

#include <fmt/format.h>

#include <span>

#include "base/embedded.h"
#include "base/json_schema.h"
#include "base/text.h"
#include "sop/fields.h"
#include "sop/yaml_reader.h"

namespace cadre {
namespace embedded::sops {
std::span<const EmbeddedFile> files();
}  // namespace embedded::sops

namespace {

constexpr std::string_view kFolder = "frameworks/";
constexpr std::string_view kSuffix = ".yaml";
constexpr int kTokensMax = 2000;
constexpr std::size_t kBytesPerToken = 4;

std::string stem_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  const std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
  return name.ends_with(kSuffix) ? name.substr(0, name.size() - kSuffix.size()) : name;
}

void read_steps(const std::string& file, const YamlDocument& document, Fields& fields,
                SopProblems& problems, ReasoningFramework& out) {
  const Json* steps = fields.raw("steps");
  if (steps == nullptr || !steps->is_array() || steps->get_array().empty()) {
    fields.error("steps", "\"steps\" must be a list with at least one step",
                 "write \"steps:\" and below it \"- id: ...\", \"title: ...\", \"ask: [...]\"");
    return;
  }
  for (std::size_t i = 0; i < steps->get_array().size(); ++i) {
    Fields step(file, document, fmt::format("/steps/{}", i), problems);
    if (!step.is_mapping()) {
      problems.error(file, document.line_of(fmt::format("/steps/{}", i)),
                     "a step must be a mapping", "write \"- id: ...\" and its fields");
      continue;
    }
    FrameworkStep read;
    read.id = step.word("id", true);
    read.title = step.text("title", true);
    read.ask = step.list("ask", true);
    read.note = step.text("note", false);
    step.report_unknown("a step");
    for (const FrameworkStep& other : out.steps) {
      if (other.id == read.id) step.error("id", fmt::format("two steps are named \"{}\"", read.id));
    }
    out.steps.push_back(std::move(read));
  }
}

void read_answers(Fields& fields, ReasoningFramework& out) {
  const Json* answers = fields.raw("answers");
  if (answers == nullptr || json::get_string(*answers, "type") != "object" ||
      json::get_object(*answers, "properties").empty()) {
    fields.error("answers", "\"answers\" must be the JSON Schema of an object with properties",
                 "write \"answers: {type: object, required: [...], properties: {...}}\"");
    return;
  }
  if (auto schema = JsonSchema::compile(*answers); !schema) {
    fields.error("answers", "\"answers\" is no usable JSON Schema: " + schema.error().message);
    return;
  }
  out.answers = *answers;
}

}  // namespace

std::optional<ReasoningFramework> read_framework(const std::string& file, std::string_view content,
                                                 SopProblems& problems) {
  const auto document = read_yaml(content);
  if (!document) {
    problems.error(file, document.error().line, document.error().message);
    return std::nullopt;
  }
  SopProblems found;
  Fields fields(file, *document, "", found);
  ReasoningFramework out;
  if (!fields.is_mapping()) {
    problems.error(file, 1, "a framework has fields",
                   "write \"id: ...\", \"title: ...\", \"steps: [...]\" and \"answers: {...}\"");
    return std::nullopt;
  }
  out.id = fields.word("id", true);
  out.title = fields.text("title", true);
  out.about = fields.text("about", false);
  out.max_tokens = fields.number("max_tokens", 350, 1, kTokensMax);
  read_steps(file, *document, fields, found, out);
  read_answers(fields, out);
  fields.report_unknown("a framework");
  if (!out.id.empty() && out.id != stem_of(file)) {
    fields.error("id",
                 fmt::format("the framework \"{}\" stands in the file of another name", out.id),
                 fmt::format("write \"id: {}\", or name the file {}.yaml", stem_of(file), out.id));
  }
  const std::size_t tokens = (render(out).size() + kBytesPerToken - 1) / kBytesPerToken;
  if (tokens > static_cast<std::size_t>(out.max_tokens)) {
    fields.error("max_tokens",
                 fmt::format("it renders to about {} tokens, more than its limit of {}", tokens,
                             out.max_tokens),
                 "shorten its questions, or raise max_tokens");
  }
  const bool failed = found.has_errors();
  for (SopProblem& problem : found.take_sorted()) problems.add(std::move(problem));
  if (failed) return std::nullopt;
  return out;
}

std::string render(const ReasoningFramework& framework) {
  std::string out = fmt::format("### {}\n\n", framework.title);
  if (!framework.about.empty()) out += framework.about + "\n\n";
  int number = 1;
  for (const FrameworkStep& step : framework.steps) {
    out += fmt::format("{}. **{}.** {}", number++, step.title, text::join(step.ask, " "));
    if (!step.note.empty()) out += " " + step.note;
    out += '\n';
  }
  return out;
}

std::vector<std::string> shipped_frameworks() {
  std::vector<std::string> ids;
  for (const EmbeddedFile& file : embedded::sops::files()) {
    if (file.path.starts_with(kFolder) && file.path.ends_with(kSuffix)) {
      ids.push_back(stem_of(std::string(file.path)));
    }
  }
  return ids;
}

std::string_view shipped_framework(std::string_view id) {
  const std::string path = fmt::format("{}{}{}", kFolder, id, kSuffix);
  for (const EmbeddedFile& file : embedded::sops::files()) {
    if (file.path == path) return file.data;
  }
  return {};
}

Json to_plan(const ReasoningFramework& framework) {
  return JsonObject{{"instructions", render(framework)}, {"answers", framework.answers}};
}

}  // namespace cadre
