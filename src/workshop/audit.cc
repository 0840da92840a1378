#include "workshop/audit.h"

#include "base/text.h"
#include "offline/analysis/analyse.h"

namespace cadre::workshop {

std::vector<AuditedStatement> audit_brief(const std::string& brief) {
  std::vector<AuditedStatement> statements;
  const spec::Spec spec = offline::analyse(brief);
  if (spec.verdict == spec::Verdict::kRefuse) return statements;
  for (const spec::Sentence& sentence : spec.sentences) {
    if (sentence.status != spec::SentenceStatus::kCovered) continue;
    const auto begin = static_cast<std::size_t>(sentence.begin);
    const auto length = static_cast<std::size_t>(sentence.end - sentence.begin);
    if (begin >= spec.text.size()) continue;
    statements.push_back({text::clean_utf8(spec.text.substr(begin, length))});
  }
  return statements;
}

}  // namespace cadre::workshop
