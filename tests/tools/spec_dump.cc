// Reads a brief from standard input and prints the requirement model as JSON: for scorers and for
// people who tune the analysis. With --text, a short form for reading; with --words, the sentences'
// tags and clauses.
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include <fmt/format.h>

#include "base/text.h"
#include "offline/analysis/analyse.h"
#include "offline/language/language.h"
#include "spec/validate.h"

namespace {

using namespace cadre;

void print_entities(const spec::Spec& spec) {
  for (const auto& entity : spec.entities) {
    fmt::print("{} {}:", to_string(entity.kind), entity.id);
    for (const auto& a : entity.attributes) {
      fmt::print(" {}:{}{}{}", a.id, to_string(a.type), a.required ? "!" : "", a.unique ? "#" : "");
      if (!a.values.empty()) fmt::print("({})", text::join(a.values, "|"));
    }
    fmt::print("\n");
    for (const auto& r : spec.relations) {
      if (r.from == entity.id)
        fmt::print("    -> {} as {}{}\n", r.to, r.role, r.owned ? " (owned)" : "");
    }
    if (!entity.lifecycle) continue;
    fmt::print("    [{}]", entity.lifecycle->initial);
    for (const auto& t : entity.lifecycle->transitions) {
      fmt::print(" {}>{} by {};", t.from, t.to, t.by);
    }
    fmt::print("\n");
  }
}

void print_text(const spec::Spec& spec) {
  fmt::print("{} ({})\n", spec.name, to_string(spec.verdict));
  print_entities(spec);
  for (const auto& o : spec.operations) {
    if (is_standard(o)) continue;
    fmt::print("op {} on {}", o.id, o.on);
    for (const auto& g : o.guards) fmt::print(" [{} {}]", g.id, json::write(to_json(g.require)));
    for (const auto& e : o.effects)
      fmt::print(" {{{} {}}}", e.target, json::write(to_json(e.value)));
    fmt::print("\n");
  }
  for (const auto& o : spec.operations) {
    if (!is_standard(o) || o.guards.empty()) continue;
    fmt::print("op {}", o.id);
    for (const auto& g : o.guards) fmt::print(" [{} {}]", g.id, json::write(to_json(g.require)));
    fmt::print("\n");
  }
  for (const auto& r : spec.rules) fmt::print("{} {}: {}\n", r.id, r.kind, r.canonical);
  for (const auto& q : spec.queries) {
    fmt::print("query {} on {} by {} group {}\n", q.id, q.on, text::join(q.by, ","),
               text::join(q.group_by, ","));
  }
  for (const auto& a : spec.actors) fmt::print("actor {}\n", a.id);
  for (const auto& a : spec.assumptions) fmt::print("{} {}\n", a.id, a.text);
  for (const auto& q : spec.questions) fmt::print("{} {}\n", q.id, q.text);
  for (const auto& s : spec.sentences) {
    fmt::print("{} {} [{}] {}\n", s.id, to_string(s.status), text::join(s.unused, " "),
               spec.text.substr(static_cast<std::size_t>(s.begin),
                                static_cast<std::size_t>(s.end - s.begin)));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string brief{std::istreambuf_iterator<char>(std::cin), {}};
  if (argc > 1 && std::string_view(argv[1]) == "--words") {
    std::cout << cadre::offline::describe(cadre::offline::read_brief(brief));
    return 0;
  }
  const auto spec = cadre::offline::analyse(brief);
  const auto problems = cadre::spec::validate(spec);
  for (const auto& problem : problems) {
    std::cerr << "unsound: " << problem.place << ": " << problem.message << "\n";
  }
  if (argc > 1 && std::string_view(argv[1]) == "--text") print_text(spec);
  else std::cout << cadre::json::write_pretty(cadre::spec::to_json(spec));
  return problems.empty() ? 0 : 1;
}
