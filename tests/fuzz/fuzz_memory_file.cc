// A memory file that anybody may have touched: bytes of a sound one are changed, then everything is
// read. Whatever stands in it, reading ends, gives a valid history, and says what it left out.
#include <stdlib.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "memory/compaction.h"
#include "memory/lessons.h"
#include "memory/session_memory.h"

namespace {

namespace fs = std::filesystem;
using namespace cadre;  // NOLINT

ItemPtr item(Item one) { return std::make_shared<const Item>(std::move(one)); }

struct Bed {
  Bed() {
    const fs::path top = fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
    std::string name = (top / "cadre_fuzz_XXXXXX").string();
    folder = mkdtemp(name.data());
    {
      auto file = MemoryFile::open(path()).value();
      auto memory = SessionMemory::open(*file, "team").value();
      const std::vector<ItemPtr> items = {
          item(MessageItem{Speaker::kUser, "find the order", "", true, {}}),
          item(ToolCallItem{"c1", "search", "{}", {}}), item(ToolResultItem{"c1", "order 7", true}),
          item(MessageItem{Speaker::kAssistant, "it is order 7", "writer", false, {}})};
      if (!memory->conversation()->add("r", items)) std::abort();
      if (!memory->store_agent_output("qa", "note", "order 7 is late")) std::abort();
      if (!memory->learn({0, "dev", "port", "8080", "a file", "r", 0, true})) std::abort();
      if (!Lessons(*file).learn("order late", "ask twice", {"r", "gate"})) std::abort();
    }
    std::stringstream bytes;
    bytes << std::ifstream(path(), std::ios::binary).rdbuf();
    sound = bytes.str();
  }
  ~Bed() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  fs::path path() const { return folder / "memory.db"; }

  fs::path folder;
  std::string sound;
};

// Reads what can be read.
void read_all(MemoryFile& file) {
  std::vector<std::string> notes;
  (void)file.sessions();
  (void)Lessons(file).list(notes);
  SessionOptions there;
  there.create = false;
  auto memory = SessionMemory::open(file, "team", there);
  if (!memory) return;
  if (const auto items = (*memory)->conversation()->load(0, notes)) {
    if (!History::from(*items)) std::abort();
    if (const auto small = compact(*items, 10, extractive_summarizer());
        small && !History::from(small->items))
      std::abort();
  }
  if (const auto context = (*memory)->get_relevant_context("dev", "late order", 200)) {
    if (context->tokens > 200) std::abort();
  }
  (void)(*memory)->workflow();
}

}  // namespace

// Every five bytes: an offset in the file and the byte that stands there now. An input that begins
// with '{' is an item's body instead.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Bed bed;
  if (size > 0 && data[0] == '{') {
    const auto json = json::parse({reinterpret_cast<const char*>(data), size});
    const auto one = json ? item_from_json(*json) : Result<Item>(std::unexpected(Error{}));
    if (one && !(item_from_json(to_json(*one)) == *one)) std::abort();
    return 0;
  }
  std::string bytes = bed.sound;
  for (std::size_t i = 0; i + 5 <= size && i < 500; i += 5) {
    const std::size_t at = (std::size_t{data[i]} << 24U | std::size_t{data[i + 1]} << 16U |
                            std::size_t{data[i + 2]} << 8U | std::size_t{data[i + 3]}) %
                           bytes.size();
    bytes[at] = static_cast<char>(data[i + 4]);
  }
  for (const char* with : {"-wal", "-shm"}) fs::remove(bed.path().string() + with);
  std::ofstream(bed.path(), std::ios::binary | std::ios::trunc) << bytes;
  if (const auto file = MemoryFile::open(bed.path())) read_all(**file);
  return 0;
}
