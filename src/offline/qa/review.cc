#include "offline/qa/review.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "offline/qa/evidence.h"

namespace cadre::offline::qa {
namespace {

constexpr int kFunctionLinesMax = 60;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

struct Source {
  std::string path, text, code;
};

class Reviewer {
 public:
  explicit Reviewer(Evidence& evidence) : evidence_(evidence) {
    for (const File& file : evidence.files("code")) {
      bool python = file.path.starts_with("app/") && file.path.ends_with(".py");
      if (python) sources_.push_back({file.path, file.content, code_only(file.content)});
    }
  }

  void run() {
    if (sources_.empty()) {
      evidence_.not_verified.emplace_back("review: there is no code under app/ to look at");
      return;
    }
    guard_rules();
    all_rules_present();
    banned("RV3", "No eval, exec, pickle or shell commands", "high",
           {"eval(", "exec(", "pickle.", "os.system(", "subprocess.", "__import__("});
    leftovers();
    swallowed();
    sql();
    migration();
    routes();
    secrets();
    one_clock();
    banned("RV11", "No floating point for amounts", "medium", {"float("});
    write_lock();
    lengths();
  }

 private:
  void note(const std::string& id, const std::string& what, const std::vector<std::string>& wrong,
            const std::string& severity, const std::string& good,
            const std::string& blame = "code") {
    std::string detail = wrong.empty() ? good : text::join(wrong, "; ");
    evidence_.review.push_back({id, what, wrong.empty(), text::shorten(detail, 600)});
    if (!wrong.empty()) {
      evidence_.findings.push_back(
          {"", severity, fmt::format("{}: {}", id, what), text::shorten(detail, 1500), blame});
    }
  }

  std::set<std::string> known_rules() const {
    std::set<std::string> out;
    for (const spec::Rule& rule : evidence_.spec.rules) out.insert(rule.id);
    for (const spec::Operation& operation : evidence_.spec.operations) {
      for (const spec::Guard& guard : operation.guards) out.insert(guard.id);
    }
    return out;
  }

  void guard_rules() {
    std::set<std::string> known = known_rules(), raised;
    std::vector<std::string> wrong;
    for (const Source& source : sources_) {
      for (const RuleMention& mention : raised_rules(source.text)) {
        raised.insert(mention.rule);
        if (!known.contains(mention.rule)) {
          wrong.push_back(fmt::format("{}:{} names {}, which the specification does not know",
                                      source.path, mention.line, mention.rule));
        }
      }
    }
    for (const spec::Operation& operation : evidence_.spec.operations) {
      for (const spec::Guard& guard : operation.guards) {
        if (!raised.contains(guard.id)) {
          wrong.push_back(
              fmt::format("no refusal names {}, a guard of {}", guard.id, operation.id));
        }
      }
    }
    note("RV1", "Each guard is refused under its own rule id", wrong, "high",
         fmt::format("{} rule ids raised, all known", raised.size()));
  }

  void all_rules_present() {
    std::vector<std::string> wrong;
    int looked = 0;
    for (const spec::Rule& rule : evidence_.spec.rules) {
      bool enforced =
          std::any_of(rule.enforced_in.begin(), rule.enforced_in.end(),
                      [](const auto& place) { return place == "service" || place == "schema"; });
      if (!enforced) continue;
      ++looked;
      bool found = false;
      for (const char* artifact : {"code", "data_structures"}) {
        for (const File& file : evidence_.files(artifact)) {
          bool document = file.path.ends_with(".md");
          found = found || (!document && line_of_word(file.content, rule.id) > 0);
        }
      }
      if (!found) wrong.push_back(rule.id + " is mentioned nowhere");
    }
    note("RV2", "Each rule of the specification can be found in the code", wrong, "medium",
         fmt::format("{} rules looked for", looked));
  }

  void banned(const std::string& id, const std::string& what, const std::string& severity,
              const std::vector<std::string>& words) {
    std::vector<std::string> wrong;
    for (const Source& source : sources_) {
      for (const std::string& word : words) {
        int line = find_code(source.code, word);
        if (line > 0) wrong.push_back(fmt::format("{}:{} has {}", source.path, line, word));
      }
    }
    note(id, what, wrong, severity, fmt::format("{} files read", sources_.size()));
  }

  // The word at the start of a name, in code.
  static int find_code(const std::string& code, std::string_view word) {
    for (std::size_t at = code.find(word); at != std::string::npos; at = code.find(word, at + 1)) {
      if (at > 0 && (is_word(code[at - 1]) || code[at - 1] == '.')) continue;
      return 1 + static_cast<int>(std::count(code.begin(),
                                             code.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    }
    return 0;
  }

  void leftovers() {
    std::vector<std::string> wrong;
    for (const Source& source : sources_) {
      std::vector<std::string_view> lines = text::lines(source.text);
      for (std::size_t i = 0; i < lines.size(); ++i) {
        std::string_view line = text::trim(lines[i]);
        for (const char* mark : {"# TO"
                                 "DO",
                                 "# FIX"
                                 "ME",
                                 "# XXX"}) {
          if (line.find(mark) != std::string_view::npos) {
            wrong.push_back(fmt::format("{}:{} has {}", source.path, i + 1, mark));
          }
        }
      }
      bool program = source.text.find("__name__ == \"__main__\"") != std::string::npos;
      int print = program ? 0 : find_code(source.code, "print(");
      if (print > 0) wrong.push_back(fmt::format("{}:{} prints", source.path, print));
    }
    note("RV4", "Nothing is left over: no notes to oneself, no debugging output", wrong, "low",
         fmt::format("{} files read", sources_.size()));
  }

  void swallowed() {
    std::vector<std::string> wrong;
    for (const Source& source : sources_) {
      std::vector<std::string_view> lines = text::lines(source.code);
      for (std::size_t i = 0; i < lines.size(); ++i) {
        std::string_view line = text::trim(lines[i]);
        if (!line.starts_with("except")) continue;
        std::string_view next = i + 1 < lines.size() ? text::trim(lines[i + 1]) : "";
        if (line == "except:" || line.ends_with(": pass") || next == "pass") {
          wrong.push_back(fmt::format("{}:{} swallows an exception", source.path, i + 1));
        }
      }
    }
    note("RV5", "No exception is swallowed", wrong, "medium",
         fmt::format("{} files read", sources_.size()));
  }

  void sql() {
    std::vector<std::string> wrong;
    for (const Source& source : sources_) {
      std::vector<std::string_view> lines = text::lines(source.text);
      for (std::size_t i = 0; i < lines.size(); ++i) {
        for (const char* call :
             {"execute(f\"", "execute(f'", "text(f\"", "text(f'", "exec_driver_sql(f\""}) {
          if (lines[i].find(call) != std::string_view::npos) {
            wrong.push_back(fmt::format("{}:{} builds SQL from a string", source.path, i + 1));
          }
        }
      }
    }
    note("RV6", "No SQL is put together from strings", wrong, "high",
         fmt::format("{} files read", sources_.size()));
  }

  void migration() {
    int tables = 0;
    // The Architect froze the first one with the data structures; later ones come with the code.
    for (const char* type : {"data_structures", "code"}) {
      for (const File& file : evidence_.files(type)) {
        if (!file.path.starts_with("migrations/")) continue;
        std::string lower = text::lower(file.content);
        for (std::size_t at = lower.find("create table"); at != std::string::npos;
             at = lower.find("create table", at + 1)) {
          ++tables;
        }
      }
    }
    std::vector<std::string> wrong;
    int wanted = static_cast<int>(evidence_.spec.entities.size());
    if (tables < wanted)
      wrong.push_back(fmt::format("{} tables for {} kinds of record", tables, wanted));
    note("RV7", "The database is made by migrations", wrong, "high",
         fmt::format("{} tables in migrations/", tables));
  }

  void routes() {
    std::vector<std::string> wrong;
    const Json* apis = evidence_.data("apis");
    if (!apis) {
      note("RV8", "The API document has the endpoints of the specification",
           {"there is no API document"}, "medium", "", "apis");
      return;
    }
    std::set<std::string> wanted = {"get /health"}, described;
    spec::Contract contract = derive_contract(evidence_.spec);
    for (const spec::Endpoint& endpoint : contract.endpoints) {
      wanted.insert(text::lower(endpoint.method) + " " + endpoint.path);
    }
    const JsonObject& document = json::get_object(*apis, "openapi");
    const Json* paths = document.if_contains("paths");
    for (const auto& path : paths && paths->is_object() ? paths->get_object() : JsonObject{}) {
      if (!path.value().is_object()) continue;
      for (const auto& method : path.value().get_object()) {
        std::string name(method.key());
        if (name == "get" || name == "post" || name == "patch" || name == "delete" ||
            name == "put") {
          described.insert(name + " " + std::string(path.key()));
        }
      }
    }
    for (const std::string& route : wanted) {
      if (!described.contains(route)) wrong.push_back(route + " is not described");
    }
    for (const std::string& route : described) {
      if (!wanted.contains(route)) wrong.push_back(route + " is described, but not specified");
    }
    note("RV8", "The API document has the endpoints of the specification", wrong, "high",
         fmt::format("{} endpoints", described.size()), "apis");
  }

  void secrets() {
    std::vector<std::string> wrong;
    for (const File& file : evidence_.files("code")) {
      if (file.content.find("-----BEGIN") != std::string::npos &&
          file.content.find("PRIVATE KEY") != std::string::npos) {
        wrong.push_back(file.path + " holds a private key");
      }
      if (!file.path.ends_with(".py")) continue;
      std::vector<std::string_view> lines = text::lines(file.content);
      for (std::size_t i = 0; i < lines.size(); ++i) {
        std::string line = text::lower(text::trim(lines[i]));
        for (const char* name : {"secret", "password", "api_key", "token"}) {
          std::string_view rest = line;
          if (!rest.starts_with(name)) continue;
          std::size_t equals = rest.find(" = \"");
          bool value = equals != std::string_view::npos && equals + 4 < rest.size() &&
                       rest[equals + 4] != '"';
          if (value)
            wrong.push_back(fmt::format("{}:{} sets {} in the code", file.path, i + 1, name));
        }
      }
    }
    note("RV9", "There are no secrets in the code", wrong, "high",
         fmt::format("{} files read", evidence_.files("code").size()));
  }

  void one_clock() {
    std::vector<std::string> wrong;
    for (const Source& source : sources_) {
      if (source.path == "app/clock.py") continue;
      for (const char* call : {"datetime.now(", "datetime.utcnow(", "date.today(", "time.time("}) {
        int line = find_code(source.code, call);
        if (line > 0) wrong.push_back(fmt::format("{}:{} calls {}", source.path, line, call));
      }
    }
    note("RV10", "Time comes from the injected clock alone", wrong, "medium",
         fmt::format("{} files read", sources_.size()));
  }

  void write_lock() {
    bool found = std::any_of(sources_.begin(), sources_.end(), [](const Source& source) {
      return source.text.find("BEGIN IMMEDIATE") != std::string::npos;
    });
    std::vector<std::string> wrong;
    if (!found) wrong.emplace_back("no transaction begins with BEGIN IMMEDIATE");
    note("RV12", "Writes begin with the write lock, so that counting rules hold", wrong, "high",
         "BEGIN IMMEDIATE is there");
  }

  void lengths() {
    std::vector<std::string> wrong;
    for (const Source& source : sources_) {
      for (const std::string& one : long_functions(source.code, kFunctionLinesMax)) {
        wrong.push_back(source.path + ": " + one);
      }
    }
    note("RV13", fmt::format("No function is longer than {} lines", kFunctionLinesMax), wrong,
         "low", fmt::format("{} files read", sources_.size()));
  }

  Evidence& evidence_;
  std::vector<Source> sources_;
};

}  // namespace

std::string code_only(std::string_view source) {
  std::string out(source);
  std::size_t i = 0;
  auto blank = [&out](std::size_t from, std::size_t to) {
    for (std::size_t k = from; k < to && k < out.size(); ++k) {
      if (out[k] != '\n') out[k] = ' ';
    }
  };
  while (i < source.size()) {
    if (source[i] == '#') {
      std::size_t end = std::min(source.find('\n', i), source.size());
      blank(i, end);
      i = end;
    } else if (source[i] == '"' || source[i] == '\'') {
      char quote = source[i];
      std::string triple(3, quote);
      bool is_triple = source.substr(i, 3) == triple;
      std::size_t k = i + (is_triple ? 3 : 1);
      while (k < source.size()) {
        if (source[k] == '\\') {
          k += 2;
        } else if (is_triple ? source.substr(k, 3) == triple
                             : source[k] == quote || source[k] == '\n') {
          break;
        } else {
          ++k;
        }
      }
      std::size_t end = std::min(k + (is_triple ? 3 : 1), source.size());
      blank(i + 1, end > i + 1 ? end - 1 : end);
      i = end;
    } else {
      ++i;
    }
  }
  return out;
}

std::vector<RuleMention> raised_rules(std::string_view source) {
  std::vector<RuleMention> out;
  int number = 0;
  for (std::string_view line : text::lines(source)) {
    ++number;
    for (std::size_t at = line.find("rule=\""); at != std::string_view::npos;
         at = line.find("rule=\"", at + 1)) {
      std::size_t end = line.find('"', at + 6);
      if (end == std::string_view::npos) break;
      out.push_back({.rule = std::string(line.substr(at + 6, end - at - 6)), .line = number});
    }
  }
  return out;
}

int line_of_word(std::string_view source, std::string_view word) {
  if (word.empty()) return 0;
  for (std::size_t at = source.find(word); at != std::string_view::npos;
       at = source.find(word, at + 1)) {
    bool left = at == 0 || !is_word(source[at - 1]);
    bool right = at + word.size() >= source.size() || !is_word(source[at + word.size()]);
    if (!left || !right) continue;
    return 1 + static_cast<int>(std::count(source.begin(),
                                           source.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  }
  return 0;
}

std::vector<std::string> long_functions(std::string_view source, int most) {
  struct Open {
    std::string name;
    std::size_t indent;
    int line, last;
  };
  std::vector<Open> open;
  std::vector<std::string> out;
  auto close = [&](std::size_t indent) {
    while (!open.empty() && open.back().indent >= indent) {
      int length = open.back().last - open.back().line + 1;
      if (length > most) {
        out.push_back(
            fmt::format("{} (line {}): {} lines", open.back().name, open.back().line, length));
      }
      open.pop_back();
    }
  };
  int number = 0;
  for (std::string_view line : text::lines(source)) {
    ++number;
    std::size_t indent = line.find_first_not_of(' ');
    if (indent == std::string_view::npos || line[indent] == ')' || line[indent] == ']') continue;
    close(indent);
    for (Open& one : open) one.last = number;
    std::string_view rest = line.substr(indent);
    if (rest.starts_with("async ")) rest.remove_prefix(6);
    if (!rest.starts_with("def ")) continue;
    rest.remove_prefix(4);
    open.push_back({std::string(rest.substr(0, rest.find('('))), indent, number, number});
  }
  close(0);
  return out;
}

void review_code(Evidence& evidence) { Reviewer(evidence).run(); }

}  // namespace cadre::offline::qa
