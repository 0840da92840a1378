// A store in front of another one: passes everything on. Who derives from it changes one thing:
// tests make slow, full and dying disks so.
#pragma once

#include <memory>
#include <utility>

#include "store/store.h"

namespace cadre {

class ForwardingStore : public Store {
 public:
  explicit ForwardingStore(std::shared_ptr<Store> inner) : inner_(std::move(inner)) {}

  void append_async(Append append, Ack ack) override {
    inner_->append_async(std::move(append), std::move(ack));
  }
  Result<Journal> read(const std::string& run, std::int64_t from_seq = 1) override {
    return inner_->read(run, from_seq);
  }
  Result<RunInfo> info(const std::string& run) override { return inner_->info(run); }
  Result<std::vector<RunInfo>> list_runs() override { return inner_->list_runs(); }
  Result<std::string> get_blob(const std::string& sha256) override {
    return inner_->get_blob(sha256);
  }
  std::optional<std::int64_t> version() override { return inner_->version(); }

 private:
  const std::shared_ptr<Store> inner_;
};

}  // namespace cadre
