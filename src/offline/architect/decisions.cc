// The decisions that every service of this kind needs, with what they cost. Each is one the code
// really follows; one that does not apply to the model is left out.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "offline/architect/design.h"
#include "offline/markup.h"
#include "offline/wording.h"

namespace cadre::offline::architect {
namespace {

using spec::Spec;
using spec::Type;

bool has_type(const Spec& spec, std::initializer_list<Type> types) {
  return std::any_of(spec.entities.begin(), spec.entities.end(), [&](const spec::Entity& entity) {
    return std::any_of(
        entity.attributes.begin(), entity.attributes.end(), [&](const spec::Attribute& attribute) {
          return std::find(types.begin(), types.end(), attribute.type) != types.end();
        });
  });
}

// An example of a rule that counts: "R1 (at most 3 open loans)".
std::string counting_rules(const Spec& spec) {
  std::vector<std::string> ids;
  for (const spec::Rule& rule : spec.rules) {
    if (rule.kind == "max_count" || rule.kind == "sum_limit" || rule.kind == "no_overlap") {
      ids.push_back(rule.id);
    }
  }
  return text::join(ids, ", ");
}

Decision stack(const Spec& spec) {
  std::string context =
      "The service keeps records and rules for a team. It must run on a plain machine, be readable "
      "by most developers, and its tests must be quick.";
  const std::string asked = text::lower(spec.stack_requested);
  const bool other = !asked.empty() && asked != "python" && asked != "fastapi" && asked != "auto";
  if (other) {
    context += " The brief asks for " + markup::one_line(spec.stack_requested) +
               ", which this engine does not write.";
  }
  return {
      "", "Python with FastAPI, SQLAlchemy and SQLite", context,
      "Python 3.11 with FastAPI, SQLAlchemy and SQLite, in the versions of Debian 12, without pip.",
      std::string("No build step; one process; tests in seconds. Heavy parallel writing is not "
                  "for SQLite: move to PostgreSQL then, keeping the services.") +
          (other ? " The wish for another stack stays open (docs/roadmap.md)." : "")};
}

Decision access(const Spec& spec) {
  if (spec.actors.empty()) {
    return {"", "No authentication",
            "The brief names no kinds of users, so there is nobody to tell apart.",
            "Every caller may do everything. The service must be reachable by its users only.",
            "Simple to use behind a company's network. Naming kinds of users in the brief brings "
            "tokens and permissions with the next run."};
  }
  std::vector<std::string> names;
  for (const spec::Actor& actor : spec.actors) names.push_back(wording::words(actor.name));
  return {
      "", "Signed tokens, permissions in one place",
      "These kinds of users must be told apart: " + text::join(names, ", ") + ".",
      "A bearer token carries the kind of user and the id of their record, is signed with "
      "HMAC-SHA256 under APP_SECRET and expires. One table says who may do what; operations ask "
      "it and hold no checks of their own.",
      "No session store. A leaked token is good until it expires; changing APP_SECRET ends all. "
      "Passwords and sign-in are left to the system in front."};
}

std::string transactions_context(const Spec& spec) {
  const std::string rules = counting_rules(spec);
  return "A rule that counts rows" + (rules.empty() ? "" : " (here " + rules + ")") +
         " is broken when two requests count at the same time and then both write.";
}

}  // namespace

std::vector<Decision> write_decisions(const Spec& spec) {
  std::vector<Decision> out;
  out.push_back(stack(spec));
  out.push_back({"", "One transaction per operation, with the write lock first",
                 transactions_context(spec),
                 "Every writing operation is one transaction begun with BEGIN IMMEDIATE: check, "
                 "write, commit. Reading operations take no lock.",
                 "Rules hold under parallel requests. Writers wait for one another, which SQLite "
                 "does anyway."});
  out.push_back(
      {"", "Rules live in services", "A rule that is written in two places is soon two rules.",
       "Routes translate HTTP, services decide, the database refuses what no service may "
       "store. Every rule has its id from docs/requirements.md and stands once in "
       "app/services/.",
       "A rule is found by its id. The database repeats types, ranges and references as a "
       "second line of defence."});
  out.push_back({"", "The OpenAPI document is the contract",
                 "Code and tests are written side by side and must agree on every path and field.",
                 "openapi.json (3.1) is written first, from the model. The Developer writes to it, "
                 "the QA Engineer tests against it.",
                 "Clients can be generated from it. A change of the interface starts there."});
  out.push_back({"", "One form for every refusal",
                 "Callers must be able to tell refusals apart without reading prose.",
                 "application/problem+json (RFC 9457) with a stable code, the id of the rule that "
                 "refused, and one entry per wrong field.",
                 "Programs switch on the code; people read the detail."});
  if (has_type(spec, {Type::kMoney, Type::kDecimal})) {
    out.push_back({"", "Exact amounts", "Binary floating point cannot hold 0.10.",
                   "Amounts are text in JSON, Decimal in Python and scaled whole numbers in the "
                   "database.",
                   "No rounding surprises. Whoever reads the database directly must divide by the "
                   "scale (docs/data-model.md)."});
  }
  out.push_back({"", "UTC and an injected clock",
                 "Rules about days and deadlines must be testable, and mean the same everywhere.",
                 "All times are UTC. Code asks a clock object that tests can set; one request sees "
                 "one instant.",
                 "The day changes at midnight UTC, not at midnight where the user is."});
  out.push_back(access(spec));
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::string number = std::to_string(i + 1);
    number.insert(0, 4 - std::min<std::size_t>(4, number.size()), '0');
    out[i].id = "ADR-" + number;
  }
  return out;
}

std::string decision_file(const Decision& decision) {
  return decision.id.substr(4) + "-" + text::kebab_case(text::lower(decision.title));
}

std::string decision_document(const Decision& decision) {
  return "# " + decision.id + ": " + markup::markdown(decision.title) + "\n\nStatus: accepted · " +
         std::string(markup::kMadeBy) + "\n\n## Context\n\n" + markup::markdown(decision.context) +
         "\n\n## Decision\n\n" + markup::markdown(decision.decision) + "\n\n## Consequences\n\n" +
         markup::markdown(decision.consequences) + "\n";
}

}  // namespace cadre::offline::architect
