// Small things that the store's tests share.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "store/store.h"

namespace cadre::testing {

// A folder that goes with the test.
class TempFolder {
 public:
  TempFolder() {
    static int count = 0;
    path_ = std::filesystem::path(::testing::TempDir()) /
            ("cadre_store_" + std::to_string(getpid()) + "_" + std::to_string(++count));
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The event that a test writes as number `seq`; the same each time.
inline Event event(const std::string& run, std::int64_t seq, std::size_t filler = 20) {
  Event made;
  made.run = run;
  made.seq = seq;
  made.parent = seq / 2;
  made.time_us = 1'000'000 + seq;
  made.kind = static_cast<EventKind>(seq % kEventKinds);
  made.actor = "tester";
  JsonObject body;
  body["number"] = seq;
  body["text"] = std::string(filler, 'x') + " \"quoted\" \xc3\xa9\n";
  made.body = std::move(body);
  return made;
}

inline Append append_of(const std::string& run, std::int64_t after, int count,
                        std::size_t filler = 20) {
  Append append;
  append.run = run;
  append.expected_seq = after;
  for (int i = 1; i <= count; ++i) append.events.push_back(event(run, after + i, filler));
  return append;
}

}  // namespace cadre::testing
