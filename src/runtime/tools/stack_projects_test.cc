// A real little project of each language as a user of the SOP gets it measured: one test that
// passes, one that fails, a program, code that no test reaches, something for the linter. The
// figures are known beforehand. What is not installed is skipped with the packages' names.
#include <chrono>
#include <iostream>

#include "process/process.h"
#include "runtime/tools/measure_test_kit.h"
#include "runtime/tools/stack_table.h"

namespace cadre {
namespace {

struct Expected {
  std::int64_t passed = 1, failed = 1;
  double lines_percent = 0;
  std::int64_t lint = 1;
};

class StackProjectTest : public MeasureTest {
 protected:
  void SetUp() override {
    MeasureTest::SetUp();
    if (IsSkipped()) return;
    add("apis", R"({"signatures": [{"id": "double", "signature": "double: n to int"}]})", {});
    add("user_stories", R"({"stories": [{"id": "US-001", "priority": "must", "criteria": [
        {"id": "AC-001.1", "text": "it doubles"}, {"id": "AC-001.2", "text": "it says so"},
        {"id": "AC-001.3", "text": "the program prints"}]}]})",
        {});
  }

  // False where the language cannot be measured here; says what to install.
  bool can_measure(const std::string& name) {
    language(name);
    const auto stacks = read_stacks(*plan_);
    const Stack* stack = stacks ? find_stack(*stacks, name) : nullptr;
    if (stack == nullptr) {
      ADD_FAILURE() << "no stack for " << name;
      return false;
    }
    const auto missing = StackMachine().missing(*stack);
    install_ = packages_of(missing);
    return missing.empty();
  }

  void tests(const std::string& good, const std::string& bad, const std::string& program,
             std::vector<File> files) {
    add("test_suite",
        R"({"tests": [{"name": ")" + good + R"(", "criteria": ["AC-001.1"]}, {"name": ")" + bad +
            R"(", "criteria": ["AC-001.2"]}, {"name": ")" + program +
            R"(", "criteria": ["AC-001.3"]}]})",
        std::move(files));
  }

  // Measures, compares, and prints a row of the table in docs/model-team.md.
  void expect(const Expected& wanted) {
    const auto begin = std::chrono::steady_clock::now();
    const auto measured = measure();
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    ASSERT_TRUE(measured.has_value()) << measured.error().describe();
    measured_ = *measured;
    const std::string all = json::write(measured_);
    const Json& figures = measured_.at("figures");
    const Json lint = figures.at("lint");
    std::cout << "| " << json::get_string(figures, "stack") << " | "
              << json::write(figures.at("tests")) << " | "
              << json::write(figures.at("coverage").at("lines_percent")) << " % | "
              << json::write(lint) << " | " << seconds << " s |\n";
    EXPECT_EQ(json::get_int(figures.at("tests"), "passed", -1), wanted.passed) << all;
    EXPECT_EQ(json::get_int(figures.at("tests"), "failed", -1), wanted.failed) << all;
    EXPECT_EQ(json::get_int(figures.at("tests"), "errors", -1), 0) << all;
    EXPECT_NEAR(json::get_double(figures.at("coverage"), "lines_percent", -1), wanted.lines_percent,
                0.05)
        << all;
    ASSERT_TRUE(lint.is_object()) << all;
    EXPECT_EQ(json::get_int(lint, "findings", -1), wanted.lint) << all;
    EXPECT_EQ(json::write(figures.at("traceability").at("failing")), R"(["AC-001.2"])") << all;
    EXPECT_EQ(json::get_int(figures.at("traceability"), "with_passing_test"), wanted.passed) << all;
    EXPECT_EQ(measured_.at("append").at("findings").as_array().size(), 1U) << all;
  }

  // The file's lines that were not reached.
  std::string missing_lines(const std::string& path) const {
    for (const Json& file : json::get_array(measured_.at("figures").at("coverage"), "files")) {
      if (json::get_string(file, "path") == path) return json::write(file.at("missing"));
    }
    return "no such file";
  }

  std::string not_verified() const {
    return json::write(measured_.at("append").at("not_verified"));
  }

  Json measured_;
  std::string install_;
};

#define NEEDS(name) \
  if (!can_measure(name)) GTEST_SKIP() << "not installed: apt-get install " << install_

void rust_project(std::vector<File>& code, std::vector<File>& tests) {
  code = {
      {"Cargo.toml", "[package]\nname = \"lib\"\nversion = \"0.1.0\"\nedition = \"2021\"\n", false},
      {"src/lib.rs", "pub mod core;\npub mod kinds;\n", false},
      {"src/kinds.rs", "pub struct Pair {\n    pub left: i32,\n    pub right: i32,\n}\n", false},
      {"src/core.rs",
       "pub fn double(n: i32) -> i32 {\n    if n < 0 {\n        0\n    } else {\n"
       "        return 2 * n;\n    }\n}\n\npub fn unused(n: i32) -> i32 {\n    n + 1\n}\n",
       false},
      {"src/main.rs", "fn main() {\n    println!(\"{}\", lib::core::double(4));\n}\n", false}};
  tests = {{"tests/core.rs",
            "use std::process::Command;\n\n#[test]\nfn doubles() {\n"
            "    assert_eq!(lib::core::double(4), 8);\n}\n\n#[test]\nfn says() {\n"
            "    assert_eq!(lib::core::double(1), 3, \"says so\");\n}\n\n#[test]\nfn program() {\n"
            "    let out = Command::new(env!(\"CARGO_BIN_EXE_lib\")).output().unwrap();\n"
            "    assert_eq!(String::from_utf8_lossy(&out.stdout), \"8\\n\");\n}\n",
            false}};
}

TEST_F(StackProjectTest, Rust) {
  NEEDS("Rust");
  std::vector<File> code, suite;
  rust_project(code, suite);
  add("code", "{}", std::move(code));
  tests("doubles", "says", "program", std::move(suite));
  // Four lines of core.rs and three of main.rs ran, four did not; kinds.rs holds nothing that runs.
  expect({.passed = 2, .lines_percent = 63.6});
  EXPECT_EQ(missing_lines("src/core.rs"), "[3,9,10,11]");
}

// What is missing is named with its package, and the tests run all the same.
TEST_F(StackProjectTest, RustWithoutTheToolsOfCoverage) {
  language("Rust");
  std::vector<File> code, suite;
  rust_project(code, suite);
  add("code", "{}", std::move(code));
  tests("doubles", "says", "program", std::move(suite));
  in_table("/bin/llvm-cov", "/bin/llvm-cov-that-nobody-has");
  in_table("\"program\":\"cargo-clippy\"", "\"program\":\"clippy-that-nobody-has\"");
  if (find_program("cargo").empty()) GTEST_SKIP() << "not installed: apt-get install cargo rustc";
  const auto measured = measure();
  ASSERT_TRUE(measured.has_value()) << measured.error().describe();
  measured_ = *measured;
  EXPECT_EQ(json::get_int(measured_.at("figures").at("tests"), "passed"), 2)
      << json::write(measured_);
  EXPECT_EQ(json::get_int(measured_.at("figures").at("tests"), "failed"), 1);
  EXPECT_TRUE(measured_.at("figures").at("coverage").at("lines_percent").is_null());
  EXPECT_TRUE(measured_.at("figures").at("lint").is_null());
  EXPECT_NE(not_verified().find("coverage: not measured: llvm-cov for rustc's LLVM is missing; "
                                "apt-get install llvm-14"),
            std::string::npos)
      << not_verified();
  EXPECT_NE(not_verified().find("lint: not measured: clippy-that-nobody-has is missing; "
                                "apt-get install rust-clippy"),
            std::string::npos)
      << not_verified();
}

TEST_F(StackProjectTest, JavaWithJaCoCo) {
  NEEDS("Java");
  add("code", "{}",
      {{"src/lib/Core.java",
        "package lib;\n\npublic class Core {\n  private Core() {}\n\n"
        "  public static int twice(int n) {\n    if (n < 0) {\n      return 0;\n    }\n"
        "    return 2 * n;\n  }\n\n"
        "  public static int unused(Object n) {\n"
        "    java.util.List<String> all = (java.util.List<String>) n;\n"
        "    return all.size();\n  }\n}\n",
        false},
       {"src/lib/Named.java", "package lib;\n\npublic interface Named {\n  String name();\n}\n",
        false},
       {"src/lib/Main.java",
        "package lib;\n\npublic class Main {\n  public static void main(String[] words) {\n"
        "    System.out.println(Core.twice(4));\n  }\n}\n",
        false}});
  tests("doubles", "says", "program",
        {{"tests/AllTests.java",
          "import java.io.ByteArrayOutputStream;\nimport java.io.PrintStream;\n\n"
          "public class AllTests {\n  static void test(int at, String name, boolean good) {\n"
          "    System.out.println((good ? \"ok \" : \"not ok \") + at + \" - \" + name);\n  }\n\n"
          "  public static void main(String[] words) {\n"
          "    test(1, \"doubles\", lib.Core.twice(4) == 8);\n"
          "    test(2, \"says\", lib.Core.twice(1) == 3);\n"
          "    PrintStream screen = System.out;\n"
          "    ByteArrayOutputStream printed = new ByteArrayOutputStream();\n"
          "    System.setOut(new PrintStream(printed));\n    lib.Main.main(new String[0]);\n"
          "    System.setOut(screen);\n"
          "    test(3, \"program\", printed.toString().trim().equals(\"8\"));\n"
          "    System.exit(1);\n  }\n}\n",
          false}});
  // Core 7 and 10 ran, 8, 14, 15 did not; of Main 5 and 6 ran, its class line did not; an
  // interface holds nothing that runs, nor does a private constructor that nobody calls count.
  expect({.passed = 2, .lines_percent = 50});
  EXPECT_EQ(missing_lines("src/lib/Core.java"), "[8,14,15]");
}

std::vector<File> javascript_tests(const std::string& ending, const std::string& program) {
  return {{"tests/core.test" + ending,
           "import test from 'node:test';\nimport assert from 'node:assert/strict';\n"
           "import { execFileSync } from 'node:child_process';\n"
           "import { fileURLToPath } from 'node:url';\n"
           "import { double } from '../src/core.js';\n"
           "test('doubles', () => { assert.equal(double(4), 8); });\n"
           "test('says so', () => { assert.equal(double(1), 3); });\n"
           "test('program', () => {\n  const main = fileURLToPath(new URL('" +
               program +
               "', import.meta.url));\n"
               "  assert.equal(execFileSync(process.execPath, [main]).toString(), '8\\n');\n});\n",
           false}};
}

TEST_F(StackProjectTest, JavaScript) {
  NEEDS("JavaScript");
  add("code", "{}",
      {{"package.json", "{\"name\": \"lib\", \"type\": \"module\"}\n", false},
       {"src/core.js",
        "/* Grüße 𝒳:\n   twice as much */\nexport function double(n) {\n  if (n < 0) {\n"
        "    return 0;\n  }\n  const spare = 1;\n  return 2 * n;\n}\n\n"
        "export function unused(n) {\n  return n;\n}\n",
        false},
       {"src/main.js", "import { double } from './core.js';\n\nconsole.log(double(4));\n", false}});
  tests("doubles", "says so", "program", javascript_tests(".js", "../src/main.js"));
  // core.js: 3, 4, 7, 8 and 11 of 7 lines, main.js: both, which ran in a process of its own.
  expect({.passed = 2, .lines_percent = 77.8});
  EXPECT_EQ(missing_lines("src/core.js"), "[5,12]");
}

TEST_F(StackProjectTest, TypeScriptByItsSourceMaps) {
  NEEDS("TypeScript");
  add("code", "{}",
      {{"package.json", "{\"name\": \"lib\", \"type\": \"module\"}\n", false},
       {"tsconfig.json",
        "{\"compilerOptions\": {\"strict\": true, \"module\": \"nodenext\", \"target\": "
        "\"es2022\",\n"
        " \"outDir\": \".cadre/js\", \"rootDir\": \".\"}}\n",
        false},
       {"src/types.ts", "export interface Thing {\n  size: number;\n}\n", false},
       {"src/core.ts",
        "// what doubles\nimport type { Thing } from './types.js';\n\n"
        "export function double(n: number): number {\n  if (n < 0) {\n    return 0;\n  }\n"
        "  const spare = 1;\n  return 2 * n;\n}\n\n"
        "export function unused(thing: Thing): number {\n  return thing.size;\n}\n",
        false},
       {"src/main.ts", "import { double } from './core.js';\n\nconsole.log(double(4));\n", false}});
  tests("doubles", "says so", "program", javascript_tests(".ts", "../src/main.js"));
  expect({.passed = 2, .lines_percent = 77.8});
  EXPECT_EQ(missing_lines("src/core.ts"), "[6,13]");
}

TEST_F(StackProjectTest, TypeScriptThatDoesNotTypecheckDoesNotBuild) {
  NEEDS("TypeScript");
  add("code", "{}",
      {{"package.json", "{\"name\": \"lib\", \"type\": \"module\"}\n", false},
       {"tsconfig.json",
        "{\"compilerOptions\": {\"strict\": true, \"module\": \"nodenext\", \"rootDir\": \".\"}}\n",
        false},
       {"src/core.ts", "export function double(n: number): string {\n  return 2 * n;\n}\n",
        false}});
  tests("doubles", "says so", "program", javascript_tests(".ts", "../src/main.js"));
  const auto measured = measure();
  ASSERT_TRUE(measured.has_value()) << measured.error().describe();
  const Json& first = measured->at("append").at("findings").as_array()[0];
  EXPECT_EQ(json::get_string(first, "blame"), "code");
  EXPECT_NE(json::get_string(first, "title").find("it does not build: src/core.ts(2,3)"),
            std::string::npos)
      << json::write(*measured);
}

TEST_F(StackProjectTest, Go) {
  NEEDS("Go");
  add("code", "{}",
      {{"go.mod", "module lib\n\ngo 1.19\n", false},
       {"core/core.go",
        "package core\n\nimport \"fmt\"\n\nfunc Double(n int) int {\n\tif n < 0 {\n\t\treturn 0\n"
        "\t}\n\treturn 2 * n\n}\n\nfunc Unused(n int) string {\n"
        "\treturn fmt.Sprintf(\"%s\", n)\n}\n",
        false},
       {"main.go",
        "package main\n\nimport (\n\t\"fmt\"\n\t\"lib/core\"\n)\n\nfunc main() {\n"
        "\tfmt.Println(core.Double(4))\n}\n",
        false}});
  add("test_suite",
      R"({"tests": [{"name": "TestDoubles", "criteria": ["AC-001.1"]},
                    {"name": "TestSays", "criteria": ["AC-001.2"]}]})",
      {{"core/core_test.go",
        "package core_test\n\nimport (\n\t\"lib/core\"\n\t\"testing\"\n)\n\n"
        "func TestDoubles(t *testing.T) {\n\tif core.Double(4) != 8 "
        "{\n\t\tt.Error(\"no\")\n\t}\n}\n\n"
        "func TestSays(t *testing.T) {\n\tif core.Double(1) != 3 {\n\t\tt.Error(\"no\")\n\t}\n}\n",
        false}});
  // Go's blocks reach from brace to brace: of core.go 5, 6 and 9 ran, of main.go nothing.
  expect({.passed = 1, .lines_percent = 27.3});
  EXPECT_EQ(missing_lines("core/core.go"), "[7,8,12,13,14]");
  EXPECT_EQ(missing_lines("main.go"), "[8,9,10]");
}

TEST_F(StackProjectTest, Python) {
  NEEDS("Python");
  add("code", "{}",
      {{"lib/__init__.py", "", false},
       {"lib/core.py",
        "import os\n\n\ndef double(n):\n    if n < 0:\n        return 0\n    return 2 * n\n\n\n"
        "def unused(n):\n    return n\n",
        false},
       {"lib/__main__.py", "from lib.core import double\n\nprint(double(4))\n", false}});
  tests("test_doubles", "test_says", "test_program",
        {{"tests/test_core.py",
          "import subprocess\nimport sys\n\nfrom lib.core import double\n\n\n"
          "def test_doubles():\n    assert double(4) == 8\n\n\ndef test_says():\n"
          "    assert double(1) == 3\n\n\ndef test_program():\n"
          "    out = subprocess.run([sys.executable, '-m', 'lib'], capture_output=True)\n"
          "    assert out.stdout == b'8\\n'\n",
          false}});
  // core.py: 1, 4, 5, 7, 10 of 7 lines; the program ran in a process that pytest-cov counts too.
  expect({.passed = 2, .lines_percent = 77.8});
  EXPECT_EQ(missing_lines("lib/core.py"), "[6,11]");
}

TEST_F(StackProjectTest, CppWithCMake) {
  NEEDS("C++");
  add("code", "{}",
      {{"CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.20)\nproject(lib CXX)\nadd_library(core src/core.cc)\n"
        "target_include_directories(core PUBLIC src)\nadd_executable(main src/main.cc)\n"
        "target_link_libraries(main core)\nenable_testing()\n"
        "if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/tests/CMakeLists.txt)\n  add_subdirectory(tests)\n"
        "endif()\n",
        false},
       {"src/core.h", "#pragma once\nint twice(int n);\nint unused(int n);\n", false},
       {"src/core.cc",
        "#include \"core.h\"\n\nint twice(int n) {\n  if (n < 0) {\n    return 0;\n  }\n"
        "  int spare = 1;\n  return 2 * n;\n}\n\nint unused(int n) {\n  return n;\n}\n",
        false},
       {"src/main.cc",
        "#include <iostream>\n\n#include \"core.h\"\n\nint main() {\n"
        "  std::cout << twice(4) << '\\n';\n}\n",
        false}});
  tests("doubles", "says", "program",
        {{"tests/CMakeLists.txt",
          "add_executable(tests tests.cc)\ntarget_link_libraries(tests core)\n"
          "add_test(NAME doubles COMMAND tests 4 8)\nadd_test(NAME says COMMAND tests 1 3)\n"
          "add_test(NAME program COMMAND sh -c \"test $($<TARGET_FILE:main>) = 8\")\n",
          false},
         {"tests/tests.cc",
          "#include <cstdlib>\n\n#include \"core.h\"\n\nint main(int, char** words) {\n"
          "  return twice(std::atoi(words[1])) == std::atoi(words[2]) ? 0 : 1;\n}\n",
          false}});
  // core.cc: 3, 4, 8 and 9 of 7 lines (g++ leaves the spare variable out), main.cc: all three.
  expect({.passed = 2, .lines_percent = 70});
  EXPECT_EQ(missing_lines("src/core.cc"), "[5,11,12]");
}

}  // namespace
}  // namespace cadre
