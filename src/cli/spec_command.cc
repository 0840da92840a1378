// spec: what the offline engine understands of a brief, without a run.
#include <fmt/format.h>

#include "base/text.h"
#include "cli/brief_input.h"
#include "cli/commands.h"
#include "offline/analysis/analyse.h"
#include "offline/language/language.h"
#include "spec/canonical.h"
#include "spec/model.h"

namespace cadre::cli {
namespace {

int exit_code_for(const spec::Spec& spec) {
  if (spec.verdict == spec::Verdict::kRefuse) return kRefused;
  for (const spec::Sentence& sentence : spec.sentences) {
    if (sentence.status != spec::SentenceStatus::kCovered &&
        sentence.status != spec::SentenceStatus::kNoContent) {
      return kIncomplete;
    }
  }
  return kDone;
}

std::string sentence_table(const spec::Spec& spec) {
  std::string out;
  for (const spec::Sentence& sentence : spec.sentences) {
    const auto begin = static_cast<std::size_t>(sentence.begin);
    const auto length = static_cast<std::size_t>(sentence.end - sentence.begin);
    out += fmt::format("{:<4} {:<15} {}\n", sentence.id, to_string(sentence.status),
                       text::shorten(text::clean_utf8(spec.text.substr(begin, length)), 100));
    if (!sentence.unused.empty() && sentence.status == spec::SentenceStatus::kPartly) {
      out += fmt::format("{:<20} not used: {}\n", "", text::join(sentence.unused, ", "));
    }
  }
  for (const spec::Unhandled& item : spec.unhandled) {
    out += fmt::format("\n{} {}: {}\n", item.sentence, item.why, text::shorten(item.text, 100));
    if (!item.closest_pattern.empty())
      out += fmt::format("     you may write: {}\n", item.closest_pattern);
  }
  return out;
}

}  // namespace

int spec_command(const Console& console, const std::string& brief_argument, bool explain) {
  auto brief = read_brief_argument(brief_argument);
  if (!brief) return report_error(console, brief.error());
  if (explain) {
    console.print(offline::describe(offline::read_brief(*brief)));
    return kDone;
  }
  const spec::Spec spec = offline::analyse(*brief);
  if (console.json) {
    console.print(json::write_pretty(to_json(spec)));
  } else {
    if (spec.verdict != spec::Verdict::kRefuse) console.print(spec::render(spec) + "\n");
    console.print("Sentence by sentence:\n" + sentence_table(spec));
  }
  return exit_code_for(spec);
}

}  // namespace cadre::cli
