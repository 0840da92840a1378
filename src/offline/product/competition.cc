#include "offline/product/competition.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/embedded.h"
#include "base/text.h"
#include "offline/product/requirements.h"
#include "offline/wording.h"
#include "spec/contract.h"

namespace cadre::embedded::offline_product {
std::span<const EmbeddedFile> files();
}  // namespace cadre::embedded::offline_product

namespace cadre::offline::product {
namespace {

using spec::Spec;

// Two matches are needed, one of them a name of the model: a lone "order" or "name" proves nothing.
constexpr int kScoreMin = 4;

void add_words(std::map<std::string, int>& words, std::string_view phrase, int weight) {
  const std::string id = text::snake_case(phrase);
  const std::string whole = text::replace_all(text::singular(id), "_", " ");
  const auto put = [&](const std::string& word) {
    if (word.size() > 1) words[word] = std::max(words[word], weight);
  };
  put(whole);
  for (const std::string& word : text::split(id, '_')) put(text::singular(word));
}

// What the model is about, and how much each word says: entities most, then product and verbs.
std::map<std::string, int> words_of(const Spec& spec) {
  std::map<std::string, int> words;
  for (const spec::Entity& entity : spec.entities) add_words(words, entity.id, 3);
  add_words(words, spec.name, 3);
  for (const spec::Actor& actor : spec.actors) add_words(words, actor.name, 2);
  for (const spec::Operation& operation : spec.operations) {
    if (!spec::is_standard(operation)) add_words(words, operation.verb, 2);
  }
  for (const spec::Entity& entity : spec.entities) {
    for (const spec::Attribute& attribute : entity.attributes) add_words(words, attribute.id, 1);
  }
  add_words(words, spec.summary, 1);
  return words;
}

struct Match {
  const Json* domain = nullptr;
  int score = 0;
  std::vector<std::string> words;
};

// A domain's "strong" words name it, its "keywords" only go with it.
Match score(const Json& domain, const std::map<std::string, int>& words) {
  Match match{&domain, 0, {}};
  bool named = false;
  const auto count = [&](const char* key, int factor) {
    for (const std::string& word : json::get_strings(domain, key)) {
      const auto at = words.find(word);
      if (at == words.end()) continue;
      match.score += at->second * factor;
      match.words.push_back(word);
      named = named || factor > 1;
    }
  };
  count("strong", 2);
  count("keywords", 1);
  if (!named || match.words.size() < 2) match.score = 0;
  return match;
}

std::string list_of(const std::vector<std::string>& items) {
  return items.empty() ? "none" : text::join(items, ", ");
}

std::vector<std::pair<std::string, std::string>> offer(const Spec& spec) {
  std::vector<std::string> records, actions, reports, rules, actors;
  for (const spec::Entity& entity : spec.entities) {
    records.push_back(wording::entity_plural(spec, entity.id));
  }
  for (const spec::Operation& operation : spec.operations) {
    if (!spec::is_standard(operation)) actions.push_back(wording::action(spec, operation));
  }
  for (const spec::Query& query : spec.queries) {
    if (spec::is_report(query)) reports.push_back(wording::words(query.id));
  }
  for (const spec::Rule& rule : spec.rules) {
    if (!documented_only(rule)) rules.push_back(rule.id);
  }
  for (const spec::Actor& actor : spec.actors) actors.push_back(wording::words(actor.name));
  return {{"Records", list_of(records)},
          {"Actions", list_of(actions)},
          {"Rules enforced", std::to_string(rules.size())},
          {"Reports", list_of(reports)},
          {"Kinds of users", list_of(actors)},
          {"Interface", "HTTP and JSON with an OpenAPI 3.1 document; no screens"}};
}

}  // namespace

Result<Json> read_catalogue() {
  for (const EmbeddedFile& file : embedded::offline_product::files()) {
    if (file.path.ends_with("catalogue.json")) return json::parse(file.data);
  }
  return fail(ErrorCode::kInternal, "the competitive catalogue is not built in");
}

Competition analyse_competition(const Spec& spec) {
  Competition out;
  out.ours = offer(spec);
  const Result<Json> catalogue = read_catalogue();
  if (!catalogue) return out;
  out.dated = json::get_string(*catalogue, "dated");
  const auto words = words_of(spec);
  Match best;
  for (const Json& domain : json::get_array(*catalogue, "domains")) {
    Match match = score(domain, words);
    if (match.score > best.score) best = std::move(match);
  }
  if (best.score < kScoreMin) return out;
  out.domain = json::get_string(*best.domain, "name");
  out.matched_words = best.words;
  for (const Json& product : json::get_array(*best.domain, "products")) {
    out.products.push_back({json::get_string(product, "name"),
                            json::get_string(product, "home_page"),
                            json::get_string(product, "kind"), json::get_string(product, "licence"),
                            json::get_string(product, "what")});
  }
  return out;
}

std::string catalogue_label(const Competition& competition) {
  return "built-in knowledge, dated " + competition.dated + ", not researched for this run";
}

Json competition_json(const Competition& competition) {
  JsonArray products, ours;
  for (const Product& product : competition.products) {
    products.push_back(JsonObject{{"name", product.name},
                                  {"home_page", product.home_page},
                                  {"kind", product.kind},
                                  {"licence", product.licence},
                                  {"what", product.what}});
  }
  for (const auto& [area, text] : competition.ours) {
    ours.push_back(JsonObject{{"area", area}, {"offer", text}});
  }
  const std::string note =
      competition.domain.empty()
          ? "None known: the catalogue has no domain that fits this model."
          : "Chosen by the words of the model. Prices, market shares and feature comparisons are "
            "left out, because none was researched.";
  return JsonObject{
      {"source", JsonObject{{"label", catalogue_label(competition)},
                            {"dated", competition.dated},
                            {"researched", false}}},
      {"domain", competition.domain.empty() ? Json(nullptr) : Json(competition.domain)},
      {"matched_words", json::to_array(competition.matched_words)},
      {"products", std::move(products)},
      {"ours", std::move(ours)},
      {"note", note}};
}

}  // namespace cadre::offline::product
