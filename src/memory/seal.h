// Encryption of rows at rest: AES-256-GCM under a key derived per session by HKDF-SHA256 from the
// user's secret and the session's salt. Private to memory/.
//
// A sealed body is nonce (12 bytes, random), ciphertext, tag (16). The context (which row it is) is
// authenticated with it, so rows cannot be swapped. A default Sealer leaves bodies as they are.
// Const and thread-safe.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cadre::detail {

inline constexpr std::size_t kMinSecretBytes = 16;

class Sealer {
 public:
  Sealer() = default;
  static Result<Sealer> derive(std::string_view secret, std::string_view salt);
  static Result<std::string> new_salt();

  bool encrypts() const { return encrypts_; }
  Result<std::string> seal(std::string plain, std::string_view context) const;
  // kCorrupt when the body, the context or the key is not the one it was sealed with.
  Result<std::string> open(std::string_view body, std::string_view context) const;
  // What stands in an index instead of a name: the name itself, or its keyed hash.
  std::string index_name(std::string_view name) const;

 private:
  bool encrypts_ = false;
  std::array<unsigned char, 32> row_key_{}, name_key_{};
};

}  // namespace cadre::detail
