// The house rules as a test: folder dependencies, banned calls, sizes (CONTRIBUTING.md).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct SourceFile {
  std::string path;  // "src/core/apply.cc"
  std::string room;  // "core", or "" outside src/
  std::vector<std::string> lines;
  bool is_test = false;
};

std::string without_comment(const std::string& line);

std::vector<SourceFile> load_tree() {
  std::vector<SourceFile> files;
  const fs::path root(CADRE_SOURCE_DIR);
  for (const char* top : {"src", "include", "tests", "bench", "examples"}) {
    if (!fs::exists(root / top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const std::string extension = entry.path().extension();
      if (extension != ".h" && extension != ".cc") continue;
      SourceFile file;
      file.path = fs::relative(entry.path(), root).string();
      file.is_test = file.path.ends_with("_test.cc") || file.path.starts_with("tests/") ||
                     file.path.find("testing") != std::string::npos;
      if (file.path.starts_with("src/"))
        file.room = file.path.substr(4, file.path.find('/', 4) - 4);
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) file.lines.push_back(line);
      files.push_back(std::move(file));
    }
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

const std::vector<SourceFile>& tree() {
  static const std::vector<SourceFile> kTree = load_tree();
  return kTree;
}

// The line without // comments and with string contents blanked, good enough for rules of style.
std::string without_comment(const std::string& line) {
  std::string out;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == '\\')
        ++i;
      else if (c == quote) {
        quote = 0;
        out += c;
      }
      continue;
    }
    if (c == '/' && i + 1 < line.size() && line[i + 1] == '/') break;
    const bool digit_separator =
        c == '\'' && i > 0 && std::isxdigit(static_cast<unsigned char>(line[i - 1])) != 0;
    if (c == '"' || (c == '\'' && !digit_separator)) quote = c;
    out += c;
  }
  return out;
}

// base <- core <- {model, tool, sop, spec, offline, trace, memory} <- {store, net, process, mcp}
// <- runtime <- {interop, workshop} <- {server, cli}; inside the third group only what is named. sqlite stands
// beside core: the wrapper that store and memory share.
const std::map<std::string, std::set<std::string>>& allowed_includes() {
  static const std::map<std::string, std::set<std::string>> kAllowed{
      {"base", {}},
      {"core", {"base"}},
      {"model", {"base", "core"}},
      {"sqlite", {"base"}},
      {"memory", {"base", "core", "sqlite"}},
      {"sop", {"base", "core"}},
      {"spec", {"base", "core"}},
      {"offline", {"base", "core", "spec"}},
      {"trace", {"base", "core"}},
      {"store", {"base", "core", "sqlite"}},
      {"net", {"base", "core", "model"}},
      {"process", {"base"}},
      {"agents", {"base", "core", "model", "memory", "store"}},
      {"policy", {"base", "core", "model", "net", "process"}},
      {"runtime",
       {"base", "core", "model", "memory", "sop", "spec", "trace", "store", "net", "process",
        "agents"}},
      {"interop", {"base", "core", "sop"}},
      {"workshop",
       {"base", "core", "model", "memory", "sop", "spec", "offline", "trace", "store", "net",
        "process", "policy", "runtime"}},
      {"cli",
       {"base", "core", "model", "memory", "sop", "spec", "offline", "trace", "store", "net",
        "process", "policy", "runtime", "interop", "workshop"}}};
  return kAllowed;
}

TEST(Style, FoldersDependOneWay) {
  for (const SourceFile& file : tree()) {
    if (file.room.empty() || file.is_test) continue;
    const auto rule = allowed_includes().find(file.room);
    ASSERT_NE(rule, allowed_includes().end())
        << file.path << ": the folder is not in the order of rooms";
    for (const std::string& line : file.lines) {
      if (!line.starts_with("#include \"")) continue;
      const std::string target =
          line.substr(10, line.find('/') == std::string::npos ? 0 : line.find('/') - 10);
      if (target == file.room || target == "cadre") continue;
      EXPECT_TRUE(rule->second.contains(target)) << file.path << " may not include " << line;
    }
  }
}

// Examples show what a program outside can write.
TEST(Style, ExamplesUsePublicHeadersOnly) {
  for (const SourceFile& file : tree()) {
    if (!file.path.starts_with("examples/")) continue;
    EXPECT_LE(file.lines.size(), 80U) << file.path;
    for (const std::string& line : file.lines) {
      EXPECT_TRUE(!line.starts_with("#include \"") || line.starts_with("#include \"cadre/"))
          << file.path << " may not include " << line;
    }
  }
}

TEST(Style, PureRoomsTouchNoSystem) {
  const std::set<std::string> pure{"core", "sop", "spec", "offline", "trace"};
  for (const SourceFile& file : tree()) {
    if (!pure.contains(file.room) || file.is_test) continue;
    for (const std::string& line : file.lines) {
      for (const char* header : {"<thread>", "<mutex>", "<curl/", "<sqlite3.h>", "<unistd.h>",
                                 "<sys/", "<boost/asio", "<iostream>", "<chrono>", "<random>"}) {
        EXPECT_FALSE(line.starts_with("#include") && line.find(header) != std::string::npos)
            << file.path << ": " << line;
      }
    }
  }
}

TEST(Style, NoBannedCalls) {
  const std::vector<std::string> banned{"std::regex",
                                        "system(",
                                        "popen(",
                                        "fork(",
                                        "rand(",
                                        "srand(",
                                        "gets(",
                                        "strcpy(",
                                        "sprintf(",
                                        "co_await",
                                        "using namespace std;"};
  for (const SourceFile& file : tree()) {
    if (file.path.starts_with("tests/style/")) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string line = without_comment(file.lines[i]);
      for (const std::string& call : banned) {
        const auto at = line.find(call);
        if (at == std::string::npos) continue;
        const bool part_of_word =
            at > 0 &&
            (std::isalnum(static_cast<unsigned char>(line[at - 1])) != 0 || line[at - 1] == '_');
        EXPECT_TRUE(part_of_word) << file.path << ":" << i + 1 << " uses " << call;
      }
      const bool reads_environment = line.find("getenv(") != std::string::npos;
      EXPECT_FALSE(reads_environment && !file.is_test && file.room != "cli")
          << file.path << ":" << i + 1 << " reads the environment";
      EXPECT_EQ(line.find("TODO"), std::string::npos) << file.path << ":" << i + 1;
      EXPECT_EQ(file.lines[i].find("FIX"
                                   "ME"),
                std::string::npos)
          << file.path << ":" << i + 1;
    }
  }
}

TEST(Style, LinesAndFilesAreShort) {
  for (const SourceFile& file : tree()) {
    EXPECT_LE(file.lines.size(), 800U) << file.path;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      const auto columns = std::count_if(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
      });
      // A raw string or an include may have to be long.
      const bool excused =
          line.find("R\"") != std::string::npos || line.starts_with("#include") || file.is_test;
      EXPECT_TRUE(columns <= 100 || excused)
          << file.path << ":" << i + 1 << " has " << columns << " columns";
      EXPECT_EQ(line.find('\t'), std::string::npos) << file.path << ":" << i + 1 << " has a tab";
    }
  }
}

// Where a raw string literal begins, or npos. "INTEGER" ends with the same two characters.
std::size_t raw_literal(const std::string& line) {
  for (std::size_t at = line.find("R\""); at != std::string::npos; at = line.find("R\"", at + 1)) {
    const bool word = at > 0 && (std::isalnum(static_cast<unsigned char>(line[at - 1])) != 0 ||
                                 line[at - 1] == '_');
    if (!word) return at;
  }
  return std::string::npos;
}

// Follows braces; a block opened by something with parentheses while only namespaces and types are
// open is a function.
std::map<std::string, int> long_functions(const SourceFile& file, int limit) {
  std::map<std::string, int> found;
  std::vector<char> open;  // 's' scope, 'f' function, 'o' other
  std::string statement;
  int start = 0;
  bool raw = false;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& original = file.lines[i];
    if (raw) {
      if (original.find(")\"") != std::string::npos || original.find(")x\"") != std::string::npos)
        raw = false;
      continue;
    }
    const auto raw_start = raw_literal(original);
    if (raw_start != std::string::npos && original.find(")\"", raw_start) == std::string::npos &&
        original.find(")x\"", raw_start) == std::string::npos) {
      raw = true;
      continue;
    }
    if (original.starts_with("#")) continue;
    for (char c : without_comment(original)) {
      if (c == '{') {
        const bool in_scope =
            std::all_of(open.begin(), open.end(), [](char kind) { return kind == 's'; });
        const bool type = statement.find("namespace") != std::string::npos ||
                          statement.find("class ") != std::string::npos ||
                          statement.find("struct ") != std::string::npos ||
                          statement.find("enum ") != std::string::npos;
        const bool data = statement.find(" = ") != std::string::npos ||
                          statement.find("kAllowed") != std::string::npos;
        if (!in_scope)
          open.push_back('o');
        else if (statement.find('(') != std::string::npos && !data &&
                 !(type && statement.find(") ") == std::string::npos &&
                   statement.find("namespace") != std::string::npos)) {
          open.push_back('f');
          start = static_cast<int>(i);
        } else
          open.push_back(type ? 's' : 'o');
        statement.clear();
      } else if (c == '}') {
        if (open.empty()) break;
        const int lines = static_cast<int>(i) - start + 1;
        if (open.back() == 'f' && lines > limit)
          found[file.path + ":" + std::to_string(start + 1)] = lines;
        open.pop_back();
        statement.clear();
      } else if (c == ';') {
        statement.clear();
      } else {
        statement += c;
      }
    }
    statement += ' ';
  }
  return found;
}

TEST(Style, FunctionsAreShort) {
  for (const SourceFile& file : tree()) {
    if (file.is_test) continue;
    for (const auto& [where, lines] : long_functions(file, 70)) {
      ADD_FAILURE() << where << " is " << lines << " lines long";
    }
  }
}

TEST(Style, HeadersSayWhatTheyAre) {
  for (const SourceFile& file : tree()) {
    if (!file.path.ends_with(".h")) continue;
    ASSERT_FALSE(file.lines.empty()) << file.path;
    EXPECT_TRUE(file.lines[0].starts_with("//")) << file.path << " must open by saying what it is";
    EXPECT_TRUE(std::find(file.lines.begin(), file.lines.end(), "#pragma once") != file.lines.end())
        << file.path;
  }
}

TEST(Style, TextSpeaksOfTheProjectAlone) {
  const fs::path root(CADRE_SOURCE_DIR);
  const std::vector<std::string> never{
      "/work/"
      "main",
      "/work/"
      "shared",
      "helper-"
      "1",
      "/root/"
      ".pyenv"};
  for (const char* top : {"src", "docs", "sops", "tests", "bench", "examples", "tools", "cmake"}) {
    if (!fs::exists(root / top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      if (!entry.is_regular_file() || entry.file_size() > 2'000'000) continue;
      std::stringstream text;
      text << std::ifstream(entry.path()).rdbuf();
      for (const std::string& word : never) {
        EXPECT_EQ(text.str().find(word), std::string::npos) << entry.path() << " mentions " << word;
      }
    }
  }
}

}  // namespace
