// Every use of cryptography in the store; the only place that includes <sodium.h> and OpenSSL.
// Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "store/format/object_id.h"
#include "store/format/object_type.h"

struct evp_md_ctx_st;

namespace store {

// A key of 32 bytes, zeros at first. Its bytes are in memory of their own, between guard pages:
// they are never swapped out, as far as the limits of the process allow (RLIMIT_MEMLOCK), are left
// out of core dumps, and are wiped at the end. Copies share them.
class Key {
 public:
  static constexpr std::size_t kSize = 32;

  Key();
  explicit Key(base::ByteView bytes);  // exactly kSize
  Key(const Key&) = default;           // never moved from: there is no key without bytes
  Key& operator=(const Key&) = default;
  ~Key() = default;

  base::ByteView view() const { return {bytes_.get(), kSize}; }

  // Changes no copy of this key.
  std::span<std::byte> writable();

 private:
  std::shared_ptr<std::byte> bytes_;
};

// The keys of one store, derived from its master key.
struct Keys {
  Key ids;
  Key content;    // blocks of records, texts, binaries
  Key manifests;  // blocks of manifests, trailers
  Key trees;
  Key records;  // commit records and owner records
  Key indexes;  // copies of the index

  static Keys derive(const Key& master);
};

void fill_random(std::span<std::byte> out);
Key random_key();

// Uses OpenSSL, for the processor's SHA instructions: 2.0 GB/s, where libsodium reaches 0.47.
class Sha256Hash {
 public:
  Sha256Hash();
  void update(base::ByteView bytes);
  Sha256 finish();  // once

 private:
  struct Free {
    void operator()(evp_md_ctx_st* state) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> state_;
};
Sha256 sha256(base::ByteView bytes);

// Keyed BLAKE2b-256 over the type and the SHA-256 of the plain bytes.
ObjectId object_id(const Keys& keys, ObjectType type, const Sha256& digest);
ObjectId object_id(const Keys& keys, ObjectType type, base::ByteView bytes);
MessageId message_id(const Keys& keys, const Sha256& digest);

// Unkeyed BLAKE2b-256: detects accidental damage, not malice.
std::array<std::byte, 32> checksum(base::ByteView bytes);

// XChaCha20-Poly1305 (IETF).
inline constexpr std::size_t kNonceSize = 24;
inline constexpr std::size_t kTagSize = 16;
using Nonce = std::array<std::byte, kNonceSize>;

Nonce random_nonce();

// `out` has plain.size() + kTagSize bytes.
void seal_box(const Key& key, const Nonce& nonce, base::ByteView associated, base::ByteView plain,
              std::span<std::byte> out);

// Returns nullopt if the key, nonce, associated data or box differs from what was sealed.
std::optional<base::Bytes> open_box(const Key& key, const Nonce& nonce, base::ByteView associated,
                                    base::ByteView box);

// Argon2id13. `memory` in bytes. Fails with kKey if the machine has less memory free, or if either
// cost is below the algorithm's minimum.
inline constexpr std::size_t kSaltSize = 16;
inline constexpr std::uint64_t kMinArgonOperations = 1;
inline constexpr std::uint64_t kMinArgonMemory = 8'192;
using Salt = std::array<std::byte, kSaltSize>;
Key key_from_passphrase(std::string_view passphrase, const Salt& salt, std::uint64_t operations,
                        std::uint64_t memory);

// Keyed BLAKE2b-256 of `salt`: derives one key for each use from a key that is random already.
Key key_from_key(const Key& key, const Salt& salt);

}  // namespace store
