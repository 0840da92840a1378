// A key or password: passed on, never shown. There is no way to print, compare or serialise one;
// the one place that puts it into a header says reveal().
#pragma once

#include <cstring>
#include <string>
#include <utility>

namespace cadre::net {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) = default;
  ~Secret() { ::explicit_bzero(value_.data(), value_.size()); }

  bool empty() const { return value_.empty(); }
  const std::string& reveal() const { return value_; }

 private:
  std::string value_;
};

}  // namespace cadre::net
