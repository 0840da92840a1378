// Test kit: the hand-made models of testdata/, for the tests of this room and its neighbours.
#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "spec/model.h"

namespace cadre::spec {

// Reads src/spec/testdata/<name>.json; throws when it cannot. `source_dir` is CADRE_SOURCE_DIR.
inline Spec load_test_model(const std::string& source_dir, const std::string& name) {
  std::ifstream file(source_dir + "/src/spec/testdata/" + name + ".json");
  std::ostringstream text;
  text << file.rdbuf();
  auto document = json::parse(text.str());
  if (!document) throw std::runtime_error(name + ": " + document.error().describe());
  auto spec = spec_from_json(*document);
  if (!spec) throw std::runtime_error(name + ": " + spec.error().describe());
  return std::move(*spec);
}

}  // namespace cadre::spec
