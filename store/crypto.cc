#include "store/crypto.h"

#include <algorithm>
#include <cstring>
#include <new>

#include <sodium.h>

#include "base/error.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr char kContext[crypto_kdf_CONTEXTBYTES + 1] = "mailstow";

// Chooses the fast implementations for this processor; cheap after the first time.
void start() {
  static const int started = sodium_init();
  if (started < 0) fail(ErrorCode::kInternal, "start libsodium: no source of randomness");
}

const unsigned char* in(base::ByteView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* to(std::span<std::byte> bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

Key derive_key(const Key& master, std::uint64_t number) {
  Key key;
  crypto_kdf_derive_from_key(to(key.writable()), Key::kSize, number, &kContext[0],
                             in(master.view()));
  return key;
}

static_assert(sizeof(crypto_hash_sha256_state) <= 104 && alignof(crypto_hash_sha256_state) <= 8);
static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == kNonceSize &&
              crypto_aead_xchacha20poly1305_ietf_ABYTES == kTagSize &&
              crypto_pwhash_argon2id_SALTBYTES == kSaltSize);

crypto_hash_sha256_state* sha_state(std::span<std::byte> memory) {
  return std::launder(reinterpret_cast<crypto_hash_sha256_state*>(memory.data()));
}

}  // namespace

Key::Key(base::ByteView bytes) {
  if (bytes.size() != kSize) fail(ErrorCode::kInternal, "a key of {} bytes", bytes.size());
  std::ranges::copy(bytes, bytes_.begin());
}

Key::~Key() {
  sodium_memzero(bytes_.data(), bytes_.size());
}

Keys Keys::derive(const Key& master) {
  start();
  return {.ids = derive_key(master, 1),
          .content = derive_key(master, 2),
          .manifests = derive_key(master, 3),
          .trees = derive_key(master, 4)};
}

void fill_random(std::span<std::byte> out) {
  start();
  randombytes_buf(out.data(), out.size());
}

Key random_key() {
  Key key;
  fill_random(key.writable());
  return key;
}

Sha256Hash::Sha256Hash() {
  crypto_hash_sha256_init(sha_state(state_));
}

void Sha256Hash::update(base::ByteView bytes) {
  crypto_hash_sha256_update(sha_state(state_), in(bytes), bytes.size());
}

Sha256 Sha256Hash::finish() {
  Sha256 digest;
  crypto_hash_sha256_final(sha_state(state_), to(std::span(digest.bytes)));
  return digest;
}

Sha256 sha256(base::ByteView bytes) {
  Sha256Hash hash;
  hash.update(bytes);
  return hash.finish();
}

ObjectId object_id(const Keys& keys, ObjectType type, const Sha256& digest) {
  start();
  std::array<std::byte, 1 + sizeof(Sha256)> named;
  named[0] = static_cast<std::byte>(type);
  std::ranges::copy(digest.bytes, named.begin() + 1);
  ObjectId id;
  crypto_generichash(to(std::span(id.bytes)), id.bytes.size(), in(base::ByteView(named)),
                     named.size(), in(keys.ids.view()), Key::kSize);
  return id;
}

ObjectId object_id(const Keys& keys, ObjectType type, base::ByteView bytes) {
  return object_id(keys, type, sha256(bytes));
}

MessageId message_id(const Keys& keys, const Sha256& digest) {
  return {object_id(keys, ObjectType::kMessage, digest)};
}

std::array<std::byte, 32> checksum(base::ByteView bytes) {
  std::array<std::byte, 32> sum{};
  crypto_generichash(to(std::span(sum)), sum.size(), in(bytes), bytes.size(), nullptr, 0);
  return sum;
}

Nonce random_nonce() {
  Nonce nonce;
  fill_random(nonce);
  return nonce;
}

void seal_box(const Key& key, const Nonce& nonce, base::ByteView associated, base::ByteView plain,
              std::span<std::byte> out) {
  if (out.size() != plain.size() + kTagSize) fail(ErrorCode::kInternal, "seal a box: wrong length");
  crypto_aead_xchacha20poly1305_ietf_encrypt(to(out), nullptr, in(plain), plain.size(),
                                             in(associated), associated.size(), nullptr,
                                             in(base::ByteView(nonce)), in(key.view()));
}

std::optional<base::Bytes> open_box(const Key& key, const Nonce& nonce, base::ByteView associated,
                                    base::ByteView box) {
  if (box.size() < kTagSize) return std::nullopt;
  base::Bytes plain(box.size() - kTagSize);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(to(std::span(plain)), nullptr, nullptr, in(box),
                                                 box.size(), in(associated), associated.size(),
                                                 in(base::ByteView(nonce)), in(key.view())) != 0) {
    return std::nullopt;
  }
  return plain;
}

Key key_from_passphrase(std::string_view passphrase, const Salt& salt, std::uint64_t operations,
                        std::uint64_t memory) {
  start();
  Key key;
  if (crypto_pwhash_argon2id(to(key.writable()), Key::kSize, passphrase.data(), passphrase.size(),
                             in(base::ByteView(salt)), operations, static_cast<std::size_t>(memory),
                             crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
    fail(ErrorCode::kKey, "derive a key from a passphrase: not enough memory ({} bytes)", memory);
  }
  return key;
}

Key key_from_key(const Key& key, const Salt& salt) {
  start();
  Key derived;
  crypto_generichash(to(derived.writable()), Key::kSize, in(base::ByteView(salt)), salt.size(),
                     in(key.view()), Key::kSize);
  return derived;
}

}  // namespace store
