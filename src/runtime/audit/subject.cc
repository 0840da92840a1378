#include "runtime/audit/subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>

#include "base/text.h"

namespace cadre::audit {
namespace {

using namespace std::string_view_literals;

// Words by which a sentence limits something.
constexpr std::array kLimiting{
    "can"sv,   "cannot"sv, "must"sv, "may"sv,    "only"sv,   "at most"sv, "at least"sv,
    "not"sv,   "never"sv,  "no"sv,   "unless"sv, "until"sv,  "if"sv,      "when"sv,
    "while"sv, "should"sv, "once"sv, "without"sv, "have to"sv, "allowed"sv, "forbidden"sv};
// Words of a condition that say nothing of their own.
const std::set<std::string> kEmptyWords{
    "a",   "an",  "the", "that", "which", "are",  "is", "be",  "with", "ha",  "have", "of",
    "it",  "can", "t",   "cannot", "if",  "when", "they", "any", "still", "who", "by", "to",
    "for", "and", "was", "were", "been", "one",   "more", "or", "there", "as", "no", "longer"};

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
    if (permission.rows) out.by_rows.insert(permission.operation);
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

}  // namespace

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

namespace {

// An action on a state is judged only where the sentence that it was read from names the state:
// what was filled in around it is the engine's, not the brief's. The other reading is without it.
void doubt_actions(Subject& out) {
  for (std::size_t i = 0; i < out.spec.entities.size(); ++i) {
    const spec::Entity& entity = out.spec.entities[i];
    if (!entity.lifecycle) continue;
    std::set<std::string> certain;
    std::vector<NotAudited> doubtful;
    auto& others = out.other.entities[i].lifecycle->transitions;
    others.clear();
    for (const spec::Transition& edge : entity.lifecycle->transitions) {
      if (edge.origin.kind == spec::OriginKind::kStated &&
          mentions(text_of(out.spec, edge.origin), edge.from)) {
        certain.insert(edge.by);
        others.push_back(edge);
      } else if (out.mapping.operations.contains(edge.by)) {
        doubtful.push_back({edge.by, fmt::format("whether it is allowed from \"{}\" is the offline "
                                                 "engine's guess", edge.from)});
      }
    }
    for (NotAudited& one : doubtful) {
      if (!certain.contains(one.what)) out.mapping.operations.erase(one.what);
      out.left_out.push_back(std::move(one));
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

spec::Expr both(const spec::Expr& filter, spec::Expr more) {
  return spec::Expr::call("and", {filter, std::move(more)});
}

// Puts another filter in the place of every count of the entity.
void refilter(spec::Expr& expr, const std::string& entity,
              const std::function<spec::Expr(const spec::Expr&)>& change) {
  if (expr.is_call("count") && expr.args.size() == 2 && expr.args[0].text == entity) {
    expr.args[1] = change(expr.args[1]);
    return;
  }
  for (spec::Expr& arg : expr.args) refilter(arg, entity, change);
}

// "At most 3 open jobs" where a state is called "open" and the engine took it for "not ended".
void doubt_counts(Subject& out) {
  for (const spec::Rule& rule : out.spec.rules) {
    const std::string word = json::get_string(rule.params, "where");
    const spec::Entity* entity =
        spec::find_entity(out.spec, json::get_string(rule.params, "of"));
    if (word.empty() || entity == nullptr || !entity->lifecycle) continue;
    const auto& states = entity->lifecycle->states;
    if (std::ranges::find(states, word) == states.end()) continue;
    const auto is_state = spec::Expr::call(
        "=", {spec::Expr::call("row", {spec::Expr::string(entity->lifecycle->attribute)}),
              spec::Expr::string(word)});
    for (spec::Operation& operation : out.other.operations) {
      for (spec::Guard& guard : operation.guards) {
        if (guard.id != rule.id || compares_with(guard.require, word)) continue;
        refilter(guard.require, entity->id,
                 [&](const spec::Expr& filter) { return both(filter, is_state); });
        out.left_out.push_back(
            {fmt::format("{} in {}, where its two readings differ", guard.id, operation.id),
             fmt::format("\"{}\" can be a state or everything that has not ended", word)});
      }
    }
  }
}

// ["row", x] as the row itself says it; that it is another row than itself is left out.
spec::Expr about_self(const spec::Expr& filter, const std::string& whose) {
  if (filter.is_call("!=") && filter.args.size() == 2 &&
      (filter.args[0].is_call("row") || filter.args[1].is_call("row")) &&
      std::ranges::all_of(filter.args, [](const spec::Expr& arg) {
        return !arg.args.empty() && arg.args[0].text == "id";
      })) {
    return spec::Expr::of(true);
  }
  spec::Expr out = filter;
  if (out.is_call("row")) {
    out.text = whose;
    return out;
  }
  for (spec::Expr& arg : out.args) arg = about_self(arg, whose);
  return out;
}

bool counts_within(const spec::Expr& expr) {
  return expr.is_call("count") || expr.is_call("exists") || expr.is_call("sum") ||
         expr.is_call("avg") || std::ranges::any_of(expr.args, counts_within);
}

// "At most 3 draft orders" limits a change only of what is counted by it from then on: whether it
// forbids any other change of a row whose owner has too many, can be read in two ways.
void doubt_changes(Subject& out) {
  for (spec::Operation& operation : out.other.operations) {
    if (operation.kind != spec::OperationKind::kUpdate || !spec::is_standard(operation)) continue;
    for (spec::Guard& guard : operation.guards) {
      const spec::Expr* filter = count_filter(guard.require, operation.on);
      if (filter == nullptr || counts_within(*filter)) continue;
      guard.require = spec::Expr::call(
          "or", {spec::Expr::call("not", {about_self(*filter, "self")}),
                 about_self(*filter, "old"), guard.require});
    }
  }
}

// Their parameter for a filter or a search of ours, or nullptr.
const TheirField* parameter_for(const std::string& field, bool search, const Words& entity,
                                const TheirOperation& theirs) {
  static const std::set<std::string> kSearch{"q", "search", "query", "term", "keyword", "text"};
  const TheirField* best = nullptr;
  int best_score = search ? 0 : 1;
  for (const TheirField& one : theirs.query_fields) {
    const std::string type = type_of(one.schema);
    if (type == "object" || type == "array") continue;
    int score = field_score(words_of(field), words_of(one.name), entity);
    if (search && kSearch.contains(text::lower(one.name))) score = 5;
    if (score <= best_score) continue;
    best_score = score;
    best = &one;
  }
  return best;
}

// The lists' parameters that the brief asks for; what is a report of its own is not compared.
void find_filters(Subject& out) {
  for (const spec::Query& query : out.spec.queries) {
    if (spec::is_report(query)) continue;
    const spec::Entity* entity = spec::find_entity(out.spec, query.on);
    const auto list = std::ranges::find_if(out.spec.operations, [&](const auto& operation) {
      return operation.on == query.on && operation.kind == spec::OperationKind::kList;
    });
    if (entity == nullptr || list == out.spec.operations.end()) continue;
    const auto mapped = out.mapping.operations.find(list->id);
    for (const std::string& by : query.by) {
      const bool attribute = spec::find_attribute(*entity, by) != nullptr;
      const bool reference = spec::find_relation(out.spec, query.on, by) != nullptr;
      const bool search = query.kind == spec::QueryKind::kSearch;
      const TheirField* parameter =
          mapped == out.mapping.operations.end() || (!attribute && !reference)
              ? nullptr
              : parameter_for(reference ? by + "_id" : by, search, words_of(entity->name),
                              mapped->second.theirs);
      if (parameter == nullptr) {
        out.left_out.push_back({query.id, fmt::format("the list of {} has no parameter for {}",
                                                      entity->plural, by)});
        continue;
      }
      const std::string says = fmt::format("{} can be {} by {}", entity->plural,
                                           search ? "searched" : "filtered", by);
      out.filters.push_back({query.id, list->id, query.on, reference ? by + "_id" : by, *parameter,
                             search, source_of(out.spec, query.origin, "", says)});
    }
  }
}

// "A project with tasks that are not done can't be deleted": of a condition that the engine took
// only in part, nothing is judged.
void doubt_conditions(Subject& out) {
  for (const spec::Rule& rule : out.spec.rules) {
    if (rule.kind != "guard" || json::find(rule.params, "deny_when") == nullptr) continue;
    std::string lost;
    const std::string words = text::replace_all(text_of(out.spec, rule.origin), "'", " ");
    for (const std::string& word : words_of(words)) {
      if (!kEmptyWords.contains(word) && !mentions(rule.canonical, word)) lost = word;
    }
    if (lost.empty()) continue;
    for (spec::Spec* spec : {&out.spec, &out.other}) {
      for (spec::Operation& operation : spec->operations) {
        for (spec::Guard& guard : operation.guards) {
          if (guard.id == rule.id) guard.origin.kind = spec::OriginKind::kAssumed;
        }
      }
    }
    out.left_out.push_back(
        {rule.id, fmt::format("the offline engine does not account for \"{}\"", lost)});
  }
}

void drop_unmapped(const Mapping& mapping, spec::Spec& spec) {
  const auto gone = [&](const std::string& id) { return !mapping.operations.contains(id); };
  std::erase_if(spec.operations,
                [&](const spec::Operation& operation) { return gone(operation.id); });
  for (spec::Entity& entity : spec.entities) {
    if (!entity.lifecycle) continue;
    std::erase_if(entity.lifecycle->transitions,
                  [&](const spec::Transition& edge) { return gone(edge.by); });
  }
}

}  // namespace

const spec::Expr* count_filter(const spec::Expr& require, const std::string& entity) {
  if (require.is_call("count")) {
    return require.args.size() == 2 && require.args[0].text == entity ? &require.args[1] : nullptr;
  }
  for (const spec::Expr& arg : require.args) {
    if (const spec::Expr* found = count_filter(arg, entity)) return found;
  }
  return nullptr;
}

bool may_count(const spec::Expr& filter, const std::string& attribute, const std::string& state) {
  const auto part = [&](const spec::Expr& one) { return may_count(one, attribute, state); };
  if (filter.is_call("and")) return std::ranges::all_of(filter.args, part);
  if (filter.is_call("or")) return std::ranges::any_of(filter.args, part);
  const bool no = filter.is_call("not") && filter.args.size() == 1;
  const spec::Expr& test = no ? filter.args[0] : filter;
  const bool equal = test.is_call("=") || test.is_call("in");
  if ((!equal && !test.is_call("!=")) || test.args.size() < 2 || !test.args[0].is_call("row") ||
      test.args[0].args.empty() || test.args[0].args[0].text != attribute) {
    return true;
  }
  const bool named = std::ranges::any_of(
      test.args.begin() + 1, test.args.end(), [&](const spec::Expr& arg) {
        return arg.kind == spec::Expr::Kind::kString && arg.text == state;
      });
  return named == (equal != no);
}

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
  find_filters(out);
  out.spec.queries.clear();
  out.other = out.spec;
  doubt_actions(out);
  doubt_counts(out);
  doubt_changes(out);
  doubt_conditions(out);
  for (spec::Spec* one : {&out.spec, &out.other}) drop_unmapped(out.mapping, *one);
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
