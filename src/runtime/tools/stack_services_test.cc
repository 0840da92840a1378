// A service in each language is started as the stack's conventions tell architects to say, and is
// asked. These answer 501 to everything: what counts is that they answer. Go is left out: its
// library is compiled for each build, which takes most of a minute.
#include "offline/analysis/analyse.h"
#include "runtime/tools/measure_test_kit.h"
#include "runtime/tools/stack_table.h"

namespace cadre {
namespace {

class StackServiceTest : public MeasureTest {
 protected:
  // False where the language cannot be built here.
  bool can_build(const std::string& name) {
    const auto stacks = read_stacks(*plan_);
    const Stack* stack = stacks ? find_stack(*stacks, name) : nullptr;
    if (stack == nullptr) return false;
    return StackMachine().can_test(*stack, "").has_value();
  }

  void expect_asked(const std::string& language, const std::string& start,
                    std::vector<File> files) {
    if (IsSkipped()) return;
    if (!can_build(language)) GTEST_SKIP() << language << " cannot be built here";
    options_.read_brief = &offline::analyse;
    task_.brief = "Keep track of books. Each book has a title.";
    add("architecture",
        R"({"kind": "service", "stack": {"language": ")" + language +
            R"("}, "service": {"start": )" + start + R"(, "ready": "/"}})",
        {});
    add("apis", R"({"openapi": {"openapi": "3.1.0", "paths": {"/books": {"post": {
        "requestBody": {"content": {"application/json": {"schema": {"type": "object",
          "required": ["title"], "properties": {"title": {"type": "string"}}}}}},
        "responses": {"201": {"description": "made"}}}}}}})",
        {});
    add("code", "{}", std::move(files));
    const auto measured = measure();
    ASSERT_TRUE(measured.has_value()) << measured.error().describe();
    const Json& audit = measured->at("figures").at("audit");
    ASSERT_TRUE(audit.is_object()) << json::write(*measured).substr(0, 3000);
    EXPECT_GT(json::get_int(audit, "requests"), 0);
    EXPECT_NE(json::write(measured->at("append")).find("POST /books fails with status 501"),
              std::string::npos);
  }
};

TEST_F(StackServiceTest, Cpp) {
  expect_asked("C++", R"([".cadre/build/books"])",
               {{"CMakeLists.txt",
                 "cmake_minimum_required(VERSION 3.25)\nproject(books CXX)\n"
                 "add_executable(books src/main.cc)\n",
                 false},
                {"src/main.cc", R"(#include <arpa/inet.h>
#include <cstdlib>
#include <sys/socket.h>
#include <unistd.h>
int main() {
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<unsigned short>(std::atoi(std::getenv("PORT"))));
  if (bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 1;
  listen(server, 16);
  for (;;) {
    const int client = accept(server, nullptr, nullptr);
    char bytes[4096];
    if (read(client, bytes, sizeof bytes) > 0) {
      const char answer[] = "HTTP/1.1 501 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      if (write(client, answer, sizeof answer - 1) < 0) return 1;
    }
    close(client);
  }
}
)",
                 false}});
}

TEST_F(StackServiceTest, JavaScript) {
  expect_asked("JavaScript", R"(["node", "src/main.js"])",
               {{"package.json", R"({"type": "module"})", false},
                {"src/main.js",
                 "import { createServer } from 'node:http';\n"
                 "createServer((request, answer) => {\n  answer.statusCode = 501;\n"
                 "  answer.end();\n}).listen(process.env.PORT, '127.0.0.1');\n",
                 false}});
}

TEST_F(StackServiceTest, TypeScript) {
  expect_asked(
      "TypeScript", R"(["node", ".cadre/js/src/main.js"])",
      {{"package.json", R"({"type": "module"})", false},
       {"tsconfig.json",
        R"({"compilerOptions": {"strict": true, "module": "nodenext", "target": "es2022",
            "outDir": ".cadre/js", "rootDir": "."}})",
        false},
       {"src/main.ts",
        "import { createServer } from 'node:http';\n"
        "createServer((_: any, answer: any) => {\n  answer.statusCode = 501;\n"
        "  answer.end();\n}).listen(Number(process.env.PORT), '127.0.0.1');\n",
        false}});
}

TEST_F(StackServiceTest, Java) {
  // Code and tests are compiled together.
  add("test_suite", R"({"tests": []})",
      {{"tests/AllTests.java",
        "public class AllTests {\n  public static void main(String[] names) {\n"
        "    System.out.println(\"ok 1 - nothing\");\n  }\n}\n",
        false}});
  expect_asked("Java", R"(["java", "-cp", ".cadre/classes", "books.Main"])",
               {{"src/books/Main.java", R"(package books;
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
public class Main {
  public static void main(String[] names) throws Exception {
    int port = Integer.parseInt(System.getenv("PORT"));
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
    server.createContext("/", exchange -> {
      exchange.sendResponseHeaders(501, -1);
      exchange.close();
    });
    server.start();
  }
}
)",
                 false}});
}

TEST_F(StackServiceTest, Rust) {
  expect_asked("Rust", R"([".cadre/target/debug/books"])",
               {{"Cargo.toml", "[package]\nname = \"books\"\nversion = \"1.0.0\"\nedition = \"2021\"\n",
                 false},
                {"src/main.rs", R"(use std::io::{Read, Write};
fn main() {
    let port = std::env::var("PORT").unwrap();
    let server = std::net::TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    for client in server.incoming() {
        let mut client = client.unwrap();
        let mut bytes = [0u8; 4096];
        if client.read(&mut bytes).unwrap_or(0) > 0 {
            let _ = client.write_all(
                b"HTTP/1.1 501 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    }
}
)",
                 false}});
}

}  // namespace
}  // namespace cadre
