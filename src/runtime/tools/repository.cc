#include "runtime/tools/repository.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "base/text.h"
#include "process/tree.h"

namespace cadre {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNamedMax = 12;
constexpr std::size_t kTargetBytesMax = 1000;

std::unexpected<Error> invalid(std::string message, std::string hint) {
  return fail(ErrorCode::kInvalidInput, std::move(message), std::move(hint));
}

// What a NUL-separated list of git holds.
std::vector<std::string> records(const std::string& text) {
  std::vector<std::string> list = text::split(text, '\0');
  if (!list.empty() && list.back().empty()) list.pop_back();
  return list;
}

std::string named(const std::vector<std::string>& paths) {
  std::vector<std::string> some(paths.begin(),
                                paths.begin() + static_cast<std::ptrdiff_t>(
                                                    std::min(paths.size(), kNamedMax)));
  std::string out = text::clean_utf8(text::join(some, ", "));
  if (paths.size() > some.size()) out += fmt::format(" and {} more", paths.size() - some.size());
  return out;
}

// One entry of `git ls-tree -r -z --long`: "100644 blob <id> <size>\t<path>".
struct Entry {
  std::string mode, kind, id, path;
  std::size_t bytes = 0;
  std::string why_not;  // why its text is not taken; "": it is
  std::string content;
  std::string target;   // of a symbolic link
};

bool read_entry(const std::string& record, Entry& entry) {
  const std::size_t tab = record.find('\t');
  if (tab == std::string::npos) return false;
  std::vector<std::string> words;
  for (std::string& word : text::split(record.substr(0, tab), ' ')) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  if (words.size() != 4) return false;
  entry.mode = words[0];
  entry.kind = words[1];
  entry.id = words[2];
  std::from_chars(words[3].data(), words[3].data() + words[3].size(), entry.bytes);
  entry.path = record.substr(tab + 1);
  return true;
}

std::string base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return text::lower(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

bool is_instructions(std::string_view path) {
  static constexpr std::array<std::string_view, 8> kNames{
      "readme.md", "readme", "readme.rst", "readme.txt", "agents.md", "claude.md",
      "contributing.md", "development.md"};
  const std::string name = base_name(path);
  return std::ranges::find(kNames, name) != kNames.end() ||
         text::lower(path) == ".github/copilot-instructions.md";
}

bool is_source(const Stack* stack, const std::string& path) {
  if (stack == nullptr) return false;
  const auto ends = [&](const std::string& end) { return path.ends_with(end); };
  return std::ranges::any_of(stack->sources, ends) || std::ranges::any_of(stack->headers, ends);
}

// What can be said about an entry without its content.
std::string reason_by_entry(const Entry& entry, const RepositoryLimits& limits) {
  if (entry.kind == "commit") return "a submodule";
  if (entry.mode == "120000") return "a symbolic link";
  if (std::string secret = secret_by_name(entry.path); !secret.empty()) return secret;
  if (entry.bytes > limits.file_bytes) {
    return fmt::format("larger than {} KB", limits.file_bytes / 1024);
  }
  return {};
}

std::string reason_by_content(const std::string& content) {
  if (content.find('\0') != std::string::npos || !text::is_valid_utf8(content)) return "not text";
  if (content.starts_with("version https://git-lfs.github.com/spec")) return "kept in Git LFS";
  const std::size_t key = content.find("-----BEGIN ");
  if (key != std::string::npos &&
      content.substr(key, 60).find("PRIVATE KEY-----") != std::string::npos) {
    return "holds a private key";
  }
  return {};
}

// The contents of the entries that have no reason against it yet, by one `git cat-file --batch`.
Result<void> read_contents(const Git& git, const fs::path& root, std::vector<Entry*> wanted,
                           const RepositoryLimits& limits) {
  Git::Options options;
  std::size_t expected = 0;
  for (const Entry* entry : wanted) {
    options.stdin_text += entry->id + "\n";
    expected += entry->bytes + 128;
  }
  if (wanted.empty()) return {};
  options.output_bytes_max = expected + limits.text_bytes;
  auto out = git.run(root, {"cat-file", "--batch"}, options);
  if (!out) return propagate(out);
  std::size_t at = 0;
  for (Entry* entry : wanted) {
    const std::size_t end = out->find('\n', at);
    const std::string head = out->substr(at, end == std::string::npos ? 0 : end - at);
    if (!head.starts_with(entry->id + " blob ") || end + 1 + entry->bytes > out->size()) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("git cannot read {} of {}: {}", text::clean_utf8(entry->path),
                              root.string(), text::clean_utf8(text::shorten(head, 200))),
                  "git fsck says what is wrong with the repository");
    }
    entry->content = out->substr(end + 1, entry->bytes);
    at = end + 1 + entry->bytes + 1;
    if (entry->mode == "120000") {
      entry->target = text::is_valid_utf8(entry->content) ? entry->content : std::string();
      entry->content.clear();
      continue;
    }
    entry->why_not = reason_by_content(entry->content);
    if (!entry->why_not.empty()) entry->content.clear();
  }
  return {};
}

// What people read first comes first, then the sources: the limit cuts from the end.
void choose(std::vector<Entry>& entries, const Stack* stack, const RepositoryLimits& limits,
            std::vector<Entry*>& chosen) {
  for (Entry& entry : entries) {
    if (entry.why_not.empty()) chosen.push_back(&entry);
  }
  const auto rank = [&](const Entry* entry) {
    return is_instructions(entry->path) ? 0 : is_source(stack, entry->path) ? 1 : 2;
  };
  std::ranges::stable_sort(chosen, {}, rank);
  std::size_t total = 0;
  std::erase_if(chosen, [&](Entry* entry) {
    if (total + entry->bytes <= limits.text_bytes) {
      total += entry->bytes;
      return false;
    }
    entry->why_not = fmt::format("beyond the {} KB that are read in all", limits.text_bytes / 1024);
    return true;
  });
}

JsonArray languages_of(const std::vector<Stack>& stacks, const std::vector<Entry>& entries) {
  std::map<std::string, std::pair<std::size_t, std::size_t>> counts;  // files, lines
  for (const Entry& entry : entries) {
    for (const Stack& stack : stacks) {
      if (!is_source(&stack, entry.path)) continue;
      auto& [files, lines] = counts[stack.languages.front()];
      ++files;
      lines += text::lines(entry.content).size();
      break;
    }
  }
  JsonArray list;
  for (const auto& [language, count] : counts) {
    list.push_back(
        JsonObject{{"language", language}, {"files", count.first}, {"lines", count.second}});
  }
  return list;
}

Json stack_json(const Stack* stack) {
  if (stack == nullptr) return nullptr;
  return JsonObject{{"language", stack->languages.front()},
                    {"title", stack->title},
                    {"conventions", stack->conventions}};
}

// Names that stand in the checkout and not in HEAD, and names that cannot be used at all.
Result<void> list_others(const Git& git, const RepositoryPlace& place, const fs::path& ignored,
                         std::vector<Entry>& entries, JsonArray& skipped) {
  auto others = git.run(place.root, {"ls-files", "--others", "--exclude-standard", "-z"});
  if (!others) return propagate(others);
  std::error_code error;
  const std::string own =
      ignored.empty() ? ""
                      : fs::weakly_canonical(ignored, error)
                                .lexically_relative(fs::weakly_canonical(place.root, error))
                                .generic_string() +
                            "/";
  for (std::string& path : records(*others)) {
    if (!own.empty() && path.starts_with(own)) continue;
    Entry entry;
    entry.path = std::move(path);
    entry.why_not = secret_by_name(entry.path);
    if (entry.why_not.empty()) {
      entry.why_not = "not committed: a change starts from what is committed";
    }
    entries.push_back(std::move(entry));
  }
  std::erase_if(entries, [&](const Entry& entry) {
    const std::string problem = path_problem(entry.path);
    if (problem.empty()) return false;
    if (skipped.size() < 100) {
      skipped.push_back(JsonObject{
          {"path",
           text::replace_all(text::shorten(text::clean_utf8(entry.path), 200), "\n", "\\n")},
          {"why", problem}});
    }
    return true;
  });
  return {};
}

}  // namespace

std::string secret_by_name(std::string_view path) {
  static constexpr std::array<std::string_view, 16> kNames{
      "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".netrc", "_netrc", ".npmrc", ".pypirc",
      ".htpasswd", ".git-credentials", "credentials", "credentials.json", ".dockercfg",
      "terraform.tfvars", ".pgpass", "master.key"};
  static constexpr std::array<std::string_view, 11> kEndings{
      ".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", ".gpg",
      ".tfstate", ".ovpn"};
  static constexpr std::array<std::string_view, 6> kSecrets{
      "secrets.yml", "secrets.yaml", "secrets.json", "secrets.toml", "secret.json", "secrets.env"};
  const std::string name = base_name(path);
  static constexpr std::array<std::string_view, 4> kExamples{".example", ".sample", ".template",
                                                             ".dist"};
  const auto ends = [&](std::string_view end) { return name.ends_with(end); };
  if (name == ".env" || (name.starts_with(".env.") && std::ranges::none_of(kExamples, ends)) ||
      name.ends_with(".env")) {
    return "looks like a secret: an environment file";
  }
  if (std::ranges::find(kNames, name) != kNames.end() ||
      std::ranges::find(kSecrets, name) != kSecrets.end()) {
    return "looks like a secret: credentials";
  }
  if (std::ranges::any_of(kEndings, ends)) return "looks like a secret: a key";
  return {};
}

const Stack* detect_stack(const std::vector<Stack>& stacks,
                          const std::vector<std::string>& paths) {
  const Stack* best = nullptr;
  std::ptrdiff_t most = 0;
  for (const Stack& stack : stacks) {
    const bool fits = std::ranges::any_of(stack.variants, [&](const StackVariant& variant) {
      return variant.when.empty() || std::ranges::find(paths, variant.when) != paths.end();
    });
    if (!fits) continue;
    const auto count = std::ranges::count_if(
        paths, [&](const std::string& path) { return is_source(&stack, path); });
    if (count > most) {
      best = &stack;
      most = count;
    }
  }
  return best;
}

Result<RepositoryPlace> find_repository(const Git& git, const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return invalid(fmt::format("there is no folder {}", folder.string()),
                   "give --on the folder of a git repository");
  }
  auto root = git.line(folder, {"rev-parse", "--show-toplevel"});
  if (!root) {
    const std::string& said = root.error().message;
    if (said.find("dubious ownership") != std::string::npos) {
      return invalid(fmt::format("git does not trust {}: it belongs to another user",
                                 folder.string()),
                     "git config --global --add safe.directory FOLDER, when you trust it");
    }
    if (said.find("work tree") != std::string::npos) {
      return invalid(fmt::format("{} is a bare repository", folder.string()),
                     "clone it, and give --on the clone");
    }
    return invalid(fmt::format("{} is not in a git repository", folder.string()),
                   "git init && git add . && git commit -m begin, in it; or give another folder");
  }
  RepositoryPlace place;
  place.root = *root;
  auto head = git.line(place.root, {"rev-parse", "--verify", "--quiet", "HEAD^{commit}"});
  if (!head) {
    return invalid(fmt::format("the repository {} has no commit yet", place.root.string()),
                   "git add . && git commit -m begin, in it: a change starts from a commit");
  }
  place.head = *head;
  if (auto branch = git.line(place.root, {"symbolic-ref", "--quiet", "--short", "HEAD"})) {
    place.branch = *branch;
  }
  auto status = git.run(place.root, {"status", "--porcelain=v1", "-z", "--untracked-files=no"});
  if (!status) return propagate(status);
  std::vector<std::string> changed;
  const auto entries = records(*status);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].size() < 4) continue;
    changed.push_back(entries[i].substr(3));
    if (entries[i][0] == 'R' || entries[i][0] == 'C') ++i;  // where it was before
  }
  if (!changed.empty()) {
    return invalid(fmt::format("the repository {} has changes that are not committed: {}",
                               place.root.string(), named(changed)),
                   "git commit or git stash them first: a change starts from what is committed, "
                   "and would not have them");
  }
  return place;
}

Result<Artifact> read_repository(const Git& git, const RepositoryPlace& place,
                                 const std::vector<Stack>& stacks, const RepositoryLimits& limits,
                                 const fs::path& ignored) {
  auto tree = git.run(place.root, {"ls-tree", "-r", "-z", "--long", "--full-tree", place.head});
  if (!tree) return propagate(tree);
  std::vector<Entry> entries;
  for (const std::string& record : records(*tree)) {
    Entry entry;
    if (!read_entry(record, entry)) continue;
    entry.why_not = reason_by_entry(entry, limits);
    entries.push_back(std::move(entry));
  }
  JsonArray skipped;
  if (auto listed = list_others(git, place, ignored, entries, skipped); !listed) {
    return propagate(listed);
  }
  std::vector<std::string> paths;
  for (const Entry& entry : entries) {
    if (!entry.id.empty()) paths.push_back(entry.path);
  }
  const Stack* stack = detect_stack(stacks, paths);
  std::vector<Entry*> chosen;
  choose(entries, stack, limits, chosen);
  for (Entry& entry : entries) {
    if (entry.mode == "120000" && entry.bytes < kTargetBytesMax) chosen.push_back(&entry);
  }
  if (auto read = read_contents(git, place.root, chosen, limits); !read) return propagate(read);

  Artifact artifact;
  artifact.type = std::string(kRepositoryArtifact);
  JsonArray files;
  std::vector<std::string> instructions;
  std::size_t bytes = 0, left_out = 0;
  for (Entry& entry : entries) {
    const bool read = entry.why_not.empty();
    JsonObject file{{"path", entry.path}, {"bytes", entry.bytes}, {"read", read}};
    if (read) {
      file["lines"] = text::lines(entry.content).size();
      bytes += entry.content.size();
      if (is_instructions(entry.path)) instructions.push_back(entry.path);
    } else {
      file["why_not"] = entry.why_not;
      file["tracked"] = !entry.id.empty();
      if (entry.mode == "100755") file["executable"] = true;
      if (!entry.target.empty()) file["target"] = entry.target;
    }
    if (files.size() < limits.listed) {
      files.push_back(std::move(file));
    } else {
      ++left_out;
    }
  }
  JsonArray languages = languages_of(stacks, entries);
  for (Entry& entry : entries) {
    if (!entry.why_not.empty()) continue;
    artifact.files.push_back({entry.path, std::move(entry.content), entry.mode == "100755"});
  }
  artifact.data = JsonObject{{"head", place.head},
                             {"branch", place.branch.empty() ? Json(nullptr) : Json(place.branch)},
                             {"languages", std::move(languages)},
                             {"stack", stack_json(stack)},
                             {"instructions", json::to_array(instructions)},
                             {"read", JsonObject{{"files", artifact.files.size()},
                                                 {"bytes", bytes},
                                                 {"bytes_max", limits.text_bytes},
                                                 {"file_bytes_max", limits.file_bytes}}},
                             {"files", std::move(files)},
                             {"left_out", left_out},
                             {"skipped", std::move(skipped)}};
  return artifact;
}

}  // namespace cadre
