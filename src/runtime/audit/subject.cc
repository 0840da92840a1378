#include "runtime/audit/subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace cadre::audit {
namespace {

using namespace std::string_view_literals;

// Words by which a sentence limits something.
constexpr std::array kLimiting{
    "can"sv,   "cannot"sv, "must"sv, "may"sv,   "only"sv,   "at most"sv, "at least"sv,
    "not"sv,   "never"sv,  "no"sv,   "unless"sv, "until"sv, "before"sv,  "after"sv,
    "if"sv,    "when"sv,   "while"sv, "more"sv, "less"sv,   "than"sv,    "within"sv,
    "should"sv, "once"sv,  "without"sv, "during"sv, "have to"sv, "allowed"sv, "forbidden"sv};

bool asks_who(const spec::Expr& expr) {
  if (expr.is_call("actor") || expr.is_call("role")) return true;
  return std::ranges::any_of(expr.args, asks_who);
}

bool limits(std::string_view sentence) {
  const std::string lower = text::lower(sentence);
  return std::ranges::any_of(
      kLimiting, [&](std::string_view word) { return text::contains_word(lower, word); });
}

void drop_actors(Subject& out) {
  int stated = 0;
  for (const spec::Permission& permission : out.spec.permissions) {
    stated += permission.origin.kind == spec::OriginKind::kStated ? 1 : 0;
  }
  if (stated > 0) {
    out.left_out.push_back({fmt::format("{} stated permissions", stated),
                            "how a caller says who he is, is the contract's own affair"});
  }
  out.spec.actors.clear();
  out.spec.permissions.clear();
  for (spec::Operation& operation : out.spec.operations) {
    std::erase_if(operation.guards, [&](const spec::Guard& guard) {
      if (!asks_who(guard.require)) return false;
      out.left_out.push_back({fmt::format("{} of {}", guard.id, operation.id),
                              "it depends on who acts"});
      return true;
    });
  }
}

std::string text_of(const spec::Spec& spec, const spec::Origin& origin) {
  std::string out;
  for (const spec::Sentence& sentence : spec.sentences) {
    if (std::ranges::find(origin.sentences, sentence.id) == origin.sentences.end()) continue;
    const auto begin = static_cast<std::size_t>(std::max(0, sentence.begin));
    if (begin >= spec.text.size() || sentence.end <= sentence.begin) continue;
    out += spec.text.substr(begin, static_cast<std::size_t>(sentence.end) - begin) + " ";
  }
  return out;
}

bool mentions(const std::string& text, const std::string& state) {
  const Words said = words_of(text);
  return std::ranges::all_of(words_of(state), [&](const std::string& word) {
    return std::ranges::any_of(said,
                               [&](const std::string& one) { return word_score(word, one) > 0; });
  });
}

// An action on a state is judged only where the sentence that it was read from names the state:
// what was filled in around it is the engine's, not the brief's.
void drop_doubtful_actions(Subject& out) {
  for (const spec::Entity& entity : out.spec.entities) {
    if (!entity.lifecycle) continue;
    for (const spec::Transition& edge : entity.lifecycle->transitions) {
      if (!out.mapping.operations.contains(edge.by)) continue;
      std::string why;
      if (edge.origin.kind != spec::OriginKind::kStated) {
        why = "no statement says from which state it leads";
      } else if (!mentions(text_of(out.spec, edge.origin), edge.from)) {
        why = fmt::format("whether it is allowed from \"{}\" is the offline engine's guess",
                          edge.from);
      }
      if (why.empty()) continue;
      out.mapping.operations.erase(edge.by);
      out.left_out.push_back({edge.by, why});
    }
  }
}

bool compares_with(const spec::Expr& expr, const std::string& word) {
  if (expr.is_call("=") && expr.args.size() == 2 &&
      (expr.args[0].text == word || expr.args[1].text == word)) {
    return true;
  }
  return std::ranges::any_of(
      expr.args, [&](const spec::Expr& arg) { return compares_with(arg, word); });
}

// "At most 3 open jobs" where a state is called "open" and the engine took it for "not ended".
void drop_doubtful_counts(Subject& out) {
  for (const spec::Rule& rule : out.spec.rules) {
    const std::string word = json::get_string(rule.params, "where");
    const spec::Entity* entity =
        spec::find_entity(out.spec, json::get_string(rule.params, "of"));
    if (word.empty() || entity == nullptr || !entity->lifecycle) continue;
    const auto& states = entity->lifecycle->states;
    if (std::ranges::find(states, word) == states.end()) continue;
    for (spec::Operation& operation : out.spec.operations) {
      for (spec::Guard& guard : operation.guards) {
        if (guard.id != rule.id || compares_with(guard.require, word)) continue;
        guard.origin.kind = spec::OriginKind::kAssumed;
        out.left_out.push_back({fmt::format("{} in {}", guard.id, operation.id),
                                fmt::format("\"{}\" can be read in two ways", word)});
      }
    }
  }
}

void drop_unmapped(Subject& out) {
  const auto gone = [&](const std::string& id) { return !out.mapping.operations.contains(id); };
  std::erase_if(out.spec.operations,
                [&](const spec::Operation& operation) { return gone(operation.id); });
  for (spec::Entity& entity : out.spec.entities) {
    if (!entity.lifecycle) continue;
    std::erase_if(entity.lifecycle->transitions,
                  [&](const spec::Transition& edge) { return gone(edge.by); });
  }
}

}  // namespace

std::vector<std::string> fields_in(const spec::Expr& expr) {
  std::vector<std::string> out;
  const bool path = expr.kind == spec::Expr::Kind::kCall && !expr.args.empty() &&
                    (expr.text == "self" || expr.text == "row" || expr.text == "old" ||
                     expr.text == "arg" || expr.text == "path");
  if (path) out = text::split(expr.args[0].text, '.');
  for (const spec::Expr& arg : expr.args) {
    for (std::string& name : fields_in(arg)) out.push_back(std::move(name));
  }
  return out;
}

Subject make_subject(const spec::Spec& model, const Json& openapi) {
  Subject out;
  out.spec = model;
  drop_actors(out);
  const spec::Contract contract = spec::derive_contract(out.spec);
  out.operations_total = static_cast<int>(contract.endpoints.size());
  out.mapping = map_operations(out.spec, contract, read_contract(openapi));
  drop_doubtful_actions(out);
  drop_doubtful_counts(out);
  out.spec.queries.clear();
  drop_unmapped(out);
  for (const spec::Sentence& sentence : model.sentences) {
    const bool unread = sentence.status == spec::SentenceStatus::kNotUnderstood ||
                        sentence.status == spec::SentenceStatus::kOutOfScope;
    const auto begin = static_cast<std::size_t>(std::max(0, sentence.begin));
    const auto length = static_cast<std::size_t>(std::max(0, sentence.end - sentence.begin));
    const bool partly = sentence.status == spec::SentenceStatus::kPartly &&
                        begin < model.text.size() && limits(model.text.substr(begin, length));
    if (unread || partly) out.open.push_back(sentence);
  }
  return out;
}

}  // namespace cadre::audit
