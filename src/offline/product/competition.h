// Known products of the model's domain, from the dated catalogue that is built in
// (catalogue.json). Facts only: who makes it available, under which licence, what it is. Nothing is
// looked up, measured or estimated. Pure; thread-safe.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "spec/model.h"

namespace cadre::offline::product {

struct Product {
  std::string name, home_page, kind, licence, what;
};

struct Competition {
  std::string dated;                       // "2026-11"
  std::string domain;                      // empty: none known
  std::vector<std::string> matched_words;  // why this domain
  std::vector<Product> products;
  std::vector<std::pair<std::string, std::string>> ours;  // area -> what the model offers
};

Competition analyse_competition(const spec::Spec& spec);
Json competition_json(const Competition& competition);
// The label that goes with every catalogue fact.
std::string catalogue_label(const Competition& competition);

// The embedded catalogue, parsed. An error is a defect of the build.
Result<Json> read_catalogue();

}  // namespace cadre::offline::product
