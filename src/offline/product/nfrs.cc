// Non-functional requirements: those of the brief, then those that every service is built to.
#include <algorithm>
#include <string>
#include <vector>

#include "offline/product/requirements.h"

namespace cadre::offline::product {
namespace {

using spec::Spec;
using spec::Type;

bool has_amounts(const Spec& spec) {
  return std::any_of(spec.entities.begin(), spec.entities.end(), [](const spec::Entity& entity) {
    return std::any_of(entity.attributes.begin(), entity.attributes.end(),
                       [](const spec::Attribute& attribute) {
                         return attribute.type == Type::kMoney || attribute.type == Type::kDecimal;
                       });
  });
}

bool states(const Spec& spec, std::string_view kind) {
  return std::any_of(spec.nfr.begin(), spec.nfr.end(),
                     [&](const spec::Nfr& nfr) { return nfr.kind == kind; });
}

}  // namespace

std::vector<NonFunctional> write_nfrs(const Spec& spec) {
  std::vector<NonFunctional> out;
  const auto add = [&](std::string category, std::string text, std::string threshold,
                       std::string how) {
    std::string number = std::to_string(out.size() + 1);
    number.insert(0, 3 - std::min<std::size_t>(3, number.size()), '0');
    out.push_back({"NFR-" + number, std::move(category), std::move(text), std::move(threshold),
                   std::move(how)});
  };
  for (const spec::Nfr& nfr : spec.nfr) {
    add(nfr.kind.empty() ? "other" : nfr.kind, nfr.text.empty() ? nfr.kind : nfr.text, nfr.measure,
        nfr.how.empty() ? "not_done" : nfr.how);
  }
  add("reliability",
      "All writes of one operation are one transaction that takes the write lock first.",
      "No counting rule is broken by parallel requests.", "tested");
  if (has_amounts(spec)) {
    add("accuracy", "Amounts are exact: fixed-point numbers, never floating point.",
        "An amount reads back digit for digit.", "tested");
  }
  if (!spec.actors.empty()) {
    add("security", "Every request but GET /health carries a signed token that expires.",
        "401 without a valid token, 403 without a grant.", "tested");
  } else {
    add("security", "There is no authentication, because the brief names no kinds of users.",
        "Run it where only its users can reach it.", "not_done");
  }
  add("interface",
      "Every refusal is one problem+json form with a code and, if a rule decided, its id.",
      "Every documented error has status, code and rule.", "tested");
  add("interface", "Every list is paged, sorted and filtered.", "At most 100 rows a page.",
      "tested");
  add("maintainability", "The tests are written from these documents, not from the code.",
      "At least 90 % of the lines are run by tests.", "tested");
  if (!states(spec, "performance")) {
    add("performance", "No response time or load is stated.", "", "not_done");
  }
  return out;
}

}  // namespace cadre::offline::product
