#include "memory/seal.h"

#include <fmt/core.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <memory>

namespace cadre::detail {
namespace {

constexpr int kNonceBytes = 12;
constexpr int kTagBytes = 16;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

std::unexpected<Error> crypto_failed(std::string_view what) {
  return fail(ErrorCode::kUnavailable, fmt::format("OpenSSL cannot {}", what));
}

bool derive_key(std::string_view secret, std::string_view salt, std::string_view purpose,
                std::array<unsigned char, 32>& out) {
  const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(
      EVP_KDF_fetch(nullptr, "HKDF", nullptr), &EVP_KDF_free);
  if (kdf == nullptr) return false;
  const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(
      EVP_KDF_CTX_new(kdf.get()), &EVP_KDF_CTX_free);
  if (context == nullptr) return false;
  // OpenSSL takes what it only reads through pointers to mutable bytes.
  std::string digest = "SHA256", key(secret), grain(salt), info(purpose);
  const std::array<OSSL_PARAM, 5> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), digest.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key.data(), key.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, grain.data(), grain.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end()};
  const bool derived =
      EVP_KDF_derive(context.get(), out.data(), out.size(), parameters.data()) == 1;
  OPENSSL_cleanse(key.data(), key.size());
  return derived;
}

}  // namespace

Result<std::string> Sealer::new_salt() {
  std::string salt(16, '\0');
  if (RAND_bytes(bytes_of(salt), static_cast<int>(salt.size())) != 1)
    return crypto_failed("make random bytes");
  return salt;
}

Result<Sealer> Sealer::derive(std::string_view secret, std::string_view salt) {
  if (secret.size() < kMinSecretBytes) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the session's secret has {} bytes; at least {} are needed",
                            secret.size(), kMinSecretBytes),
                "32 random bytes, as of `openssl rand -hex 32`; not a password");
  }
  Sealer sealer;
  sealer.encrypts_ = true;
  if (!derive_key(secret, salt, "cadre memory rows 1", sealer.row_key_) ||
      !derive_key(secret, salt, "cadre memory names 1", sealer.name_key_)) {
    return crypto_failed("derive a key (HKDF)");
  }
  return sealer;
}

Result<std::string> Sealer::seal(std::string plain, std::string_view context) const {
  if (!encrypts_) return plain;
  std::string out(kNonceBytes + plain.size() + kTagBytes, '\0');
  unsigned char* nonce = bytes_of(out);
  unsigned char* body = nonce + kNonceBytes;
  if (RAND_bytes(nonce, kNonceBytes) != 1) return crypto_failed("make random bytes");
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  int length = 0;
  const bool sealed =
      cipher != nullptr &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, row_key_.data(), nonce) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &length, bytes_of(context),
                        static_cast<int>(context.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), body, &length, bytes_of(plain),
                        static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), body + length, &length) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, body + plain.size()) == 1;
  if (!sealed) return crypto_failed("encrypt (AES-256-GCM)");
  return out;
}

Result<std::string> Sealer::open(std::string_view body, std::string_view context) const {
  if (!encrypts_) return std::string(body);
  const auto refused = [] {
    return fail(ErrorCode::kCorrupt, "the row is damaged, moved, or of another key");
  };
  if (body.size() < kNonceBytes + kTagBytes) return refused();
  std::string tag(body.substr(body.size() - kTagBytes));
  const std::string_view sealed = body.substr(kNonceBytes, body.size() - kNonceBytes - kTagBytes);
  std::string plain(sealed.size(), '\0');
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  int length = 0;
  const bool opened =
      cipher != nullptr &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, row_key_.data(),
                         bytes_of(body)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &length, bytes_of(context),
                        static_cast<int>(context.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), bytes_of(plain), &length, bytes_of(sealed),
                        static_cast<int>(sealed.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes_of(plain) + length, &length) == 1;
  if (!opened) return refused();
  return plain;
}

std::string Sealer::index_name(std::string_view name) const {
  if (!encrypts_) return std::string(name);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), name_key_.data(), static_cast<int>(name_key_.size()), bytes_of(name),
       name.size(), digest.data(), &size);
  std::string out;
  for (std::size_t i = 0; i < 16; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

}  // namespace cadre::detail
