// Reads typed fields from a YAML mapping and reports every mistake at its line.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sop/problem.h"
#include "sop/yaml_reader.h"

namespace cadre {

// A mapping in a document. Each getter remembers its key, so that report_unknown() can say which
// keys nobody asked for. Getters return the fallback after reporting.
class Fields {
 public:
  Fields(const std::string& file, const YamlDocument& document, std::string pointer,
         SopProblems& problems);

  bool is_mapping() const { return object_ != nullptr; }
  bool has(std::string_view key) const;
  // Non-empty text; numbers are taken as they are written ("version: 1").
  std::string text(std::string_view key, bool required, const std::string& fallback = {});
  // Like text, and of the form [a-z][a-z0-9_]*.
  std::string word(std::string_view key, bool required);
  int number(std::string_view key, int fallback, int min, int max);
  // A list of non-empty texts without doubles; also "a, b" in one line.
  std::vector<std::string> list(std::string_view key, bool required);
  // The value under the key as it is, or null; marks the key as known.
  const Json* raw(std::string_view key);

  void report_unknown(const std::string& what);
  std::vector<std::string> unknown_keys() const;

  void error(std::string_view key, std::string message, std::string hint = {});
  int line(std::string_view key) const;
  std::string pointer(std::string_view key) const;

 private:
  const Json* find(std::string_view key);

  const std::string& file_;
  const YamlDocument& document_;
  std::string pointer_;
  SopProblems& problems_;
  const JsonObject* object_ = nullptr;
  std::set<std::string, std::less<>> asked_;
};

bool is_word(std::string_view text);
// "Read, Bash(git add, git commit)" -> those two: commas in brackets do not separate.
std::vector<std::string> split_names(std::string_view text);
// "a list", "a number", ... for messages.
const char* kind_of(const Json& value);

}  // namespace cadre
