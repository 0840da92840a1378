// cadre.toml: what it sets, what goes before it, and what is refused with file and line.
#include <gtest/gtest.h>

#include "program.h"

namespace cadre::testing {
namespace {

struct ConfigFile : ::testing::Test {
  TestFolder folder;
  std::filesystem::path home = folder.path() / "home" / "cadre" / "cadre.toml";

  ProcessResult cadre(std::vector<std::string> arguments, std::vector<std::string> env = {}) {
    env.push_back("XDG_CONFIG_HOME=" + (folder.path() / "home").string());
    return run_cadre(folder.path(), std::move(arguments), {.env = std::move(env)});
  }
  void project(const std::string& text) { write_file(folder.path() / "cadre.toml", text); }
  // "value origin" of a setting, as doctor says it.
  std::string setting(const std::string& key, std::vector<std::string> env = {}) {
    const auto said = json::parse(cadre({"doctor", "--json"}, std::move(env)).out);
    EXPECT_TRUE(said);
    for (const Json& one : json::get_array(*said, "settings")) {
      if (json::get_string(one, "key") == key)
        return json::get_string(one, "value") + " " + json::get_string(one, "origin");
    }
    return "none";
  }
  void refused(const std::string& text, std::string_view words) {
    project(text);
    const ProcessResult ran = cadre({"run", "A shop. It sells books."});
    EXPECT_EQ(ran.exit_code, 2) << text << ran.out << ran.err;
    EXPECT_NE(ran.err.find(words), std::string::npos) << ran.err;
    EXPECT_FALSE(std::filesystem::exists(folder.path() / ".cadre")) << "nothing has begun";
  }
};

TEST_F(ConfigFile, TheProjectGoesBeforeTheUserAndTheEnvironmentBeforeBoth) {
  EXPECT_EQ(setting("model"), "offline default");
  write_file(home, "model = \"ollama:a\"\nmemory = false\n[budget]\nmax_calls = 7\n");
  EXPECT_EQ(setting("model"), "ollama:a " + home.string() + ":1");
  project("# ours\nmodel = [\"ollama:b\", \"ollama:c\"]\npolicy = \"rules.yaml\"\n"
          "budget = {max_cost = 2.5, max_time = 60}\n");
  EXPECT_EQ(setting("model"), "ollama:b,ollama:c ./cadre.toml:2");
  EXPECT_EQ(setting("memory"), "false " + home.string() + ":2");
  EXPECT_EQ(setting("budget.max_calls"), "7 " + home.string() + ":4");
  EXPECT_EQ(setting("budget.max_cost"), "2.5 ./cadre.toml:4");
  EXPECT_EQ(setting("policy"), (folder.path() / "rules.yaml").string() + " ./cadre.toml:3");
  EXPECT_EQ(setting("model", {"CADRE_MODEL=offline"}), "offline CADRE_MODEL");
  const std::string said = cadre({"doctor"}).out;
  EXPECT_NE(said.find("cadre.toml                 ./cadre.toml, before " + home.string()),
            std::string::npos)
      << said;
}

TEST_F(ConfigFile, ARunGoesByItAndOptionsGoBeforeIt) {
  write_file(folder.path() / "a.txt", "Lamp, broken on arrival\n");
  project("model = \"scripted:none.json\"\nmemory = false\n[budget]\nmax_calls = 1\n");
  const auto research = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"run",      "What of lamps?", "--sop",
                                   "research", "--input",        "a.txt"};
    words.insert(words.end(), more.begin(), more.end());
    return cadre(words);
  };
  const ProcessResult missing = research({});
  EXPECT_EQ(missing.exit_code, 7) << missing.out << missing.err;
  EXPECT_NE(missing.err.find("none.json"), std::string::npos) << missing.err;
  write_file(folder.path() / "s.json", R"({"replies": [{"at": "*", "text": "no"}]})");
  const ProcessResult budget = research({"--model", "scripted:s.json"});
  EXPECT_EQ(budget.exit_code, 6) << budget.out << budget.err;
  EXPECT_NE(budget.out.find("1 of 1 calls"), std::string::npos) << budget.out;
  EXPECT_FALSE(std::filesystem::exists(folder.path() / ".cadre" / "memory.db"));
  const ProcessResult more = research({"--model", "scripted:s.json", "--max-calls", "2"});
  EXPECT_NE(more.out.find("2 of 2 calls"), std::string::npos) << more.out;
  ASSERT_EQ(research({"--model", "scripted:s.json", "--memory"}).exit_code, 6);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / ".cadre" / "memory.db"));
}

TEST_F(ConfigFile, ModelsSaysThePricesAndTheModelThatRunsGoBy) {
  const auto table = [](int input) {
    return R"({"prices":[{"provider":"ollama","model":"house-model","input":)" +
           std::to_string(input) + R"(,"output":20,"date":"2026-11-23","source":"our contract"}]})";
  };
  write_file(folder.path() / "prices.json", table(7));
  write_file(folder.path() / "other.json", table(9));
  project("model = \"ollama:house-model\"\nprices = \"prices.json\"\n");
  const auto price = [&](std::vector<std::string> more, std::vector<std::string> env = {}) {
    std::vector<std::string> words{"models", "ollama", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const auto said = json::parse(cadre(words, std::move(env)).out);
    EXPECT_TRUE(said);
    if (!said) return std::string();
    EXPECT_EQ(json::get_string(*said, "chosen"), "ollama:house-model");
    const Json& provider = json::get_array(*said, "providers").at(0);
    for (const Json& one : json::get_array(provider, "prices")) {
      if (json::get_string(one, "model") == "house-model") return json::write(one.at("input"));
    }
    return std::string("none");
  };
  EXPECT_EQ(price({}).substr(0, 1), "7");
  EXPECT_EQ(price({"--prices", "other.json"}).substr(0, 1), "9");
  EXPECT_EQ(price({}, {"CADRE_PRICES=other.json"}).substr(0, 1), "9");
  project("pricse = \"prices.json\"\n");
  const ProcessResult refused_file = cadre({"models"});
  EXPECT_EQ(refused_file.exit_code, 2) << refused_file.out;
  EXPECT_NE(refused_file.err.find("./cadre.toml:1"), std::string::npos) << refused_file.err;
}

TEST_F(ConfigFile, WithoutAWordARunRemembersAndItsResumeToo) {
  write_file(folder.path() / "a.txt", "Lamp, broken on arrival\n");
  write_file(folder.path() / "s.json", R"({"replies": [{"at": "*", "error": "down"}]})");
  const ProcessResult ran = cadre({"run", "What of lamps?", "--sop", "research", "--input", "a.txt",
                                   "--model", "scripted:s.json"});
  ASSERT_EQ(ran.exit_code, 7) << ran.out << ran.err;
  EXPECT_TRUE(std::filesystem::exists(folder.path() / ".cadre" / "memory.db"));
  const std::string before = cadre({"memory", "list"}).out;
  write_file(folder.path() / "s.json", R"({"replies": [{"at": "*", "refusal": "no"}]})");
  const ProcessResult end = cadre({"resume", "last", "--no-memory"});
  EXPECT_EQ(end.exit_code, 4) << end.out << end.err;
  EXPECT_EQ(cadre({"memory", "list"}).out, before) << "not with --no-memory";
}

TEST_F(ConfigFile, MistakesAreSaidWithFileAndLineAndNothingBegins) {
  refused("modle = \"x\"\n", "./cadre.toml:1: error: there is no setting \"modle\"");
  refused("modle = \"x\"\n", "write \"model\"");
  refused("\n[budget]\nmax_calls = \"many\"\n",
          "./cadre.toml:3: error: \"budget.max_calls\" has to be a whole number above 0");
  refused("memory = 1\n", "has to be true or false");
  refused("[budget]\nmax_cost = -1\n", "has to be a number above 0");
  refused("[budget]\nmax_time = 99999999\n", "seconds, 1 to 604800");
  refused("team = \"huge\"\n", "there is no team \"huge\"");
  refused("model = []\n", "has to be a text or a list of texts");
  refused("model = \"a\"\nmodel = \"b\"\n", "./cadre.toml:2: ");
  refused("model = \n", "./cadre.toml:1: ");
  refused("model = \"\xff\"\n", "./cadre.toml:1: ");
  // All of them at once.
  refused("memory = 1\nteam = 2\n", "./cadre.toml:2: ");
  EXPECT_NE(cadre({"doctor"}).exit_code, 0);
}

TEST_F(ConfigFile, SecretsAreRefusedAndNotRepeated) {
  const std::string key = "sk-proj-abcdefghijklmnopqrstuvwxyz";
  refused("api_key = \"" + key + "\"\n", "keys and secrets do not belong into this file");
  refused("[openai]\nkey = \"" + key + "\"\n", "there is no setting \"openai\"");
  refused("model = \"openai:" + key + "\"\n", "looks like a key or a password");
  refused("model = \"http://ada:lovelace@h:1/v1#m\"\n", "looks like a key or a password");
  const ProcessResult ran = cadre({"run", "A shop."});
  EXPECT_EQ(ran.err.find("lovelace"), std::string::npos);
  // A project that says where the user's key goes.
  refused("model = \"openai+http://evil.example/v1#m\"\n", "where a vendor's key is sent");
}

}  // namespace
}  // namespace cadre::testing
