#include "store/format/crypto.h"

#include <algorithm>
#include <climits>
#include <new>

#include <openssl/evp.h>
#include <sodium.h>

#include "base/error.h"
#include "base/finally.h"
#include "base/handle.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr char kContext[crypto_kdf_CONTEXTBYTES + 1] = "mailstow";

// Selects the fast implementations for this processor; cheap after the first time.
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

static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == kNonceSize &&
              crypto_aead_xchacha20poly1305_ietf_ABYTES == kTagSize &&
              crypto_pwhash_argon2id_SALTBYTES == kSaltSize);

// Looked up once: a lookup by name costs more than hashing a leaf.
const EVP_MD* sha256_method() {
  static const base::Handle<EVP_MD, EVP_MD_free> method(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  return method.get();
}

void check_sha256(int result) {
  if (result != 1) fail(ErrorCode::kInternal, "hash with SHA-256: OpenSSL failed");
}

// XChaCha20-Poly1305 as defined by draft-irtf-cfrg-xchacha: libsodium's HChaCha20 derives a key
// from the first 16 bytes of the nonce, and ChaCha20-Poly1305 (RFC 8439) does the rest with the
// last 8. The latter is OpenSSL's, which is three times as fast as libsodium's if the processor has
// AVX-512.
class Box {
 public:
  enum class Way : int { kOpen = 0, kSeal = 1 };

  Box(Way way, const Key& key, const Nonce& nonce, base::ByteView associated)
      : state_(EVP_CIPHER_CTX_new()) {
    static const base::Handle<EVP_CIPHER, EVP_CIPHER_free> method(
        EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr));
    // For one box only, so it needs no protected memory.
    std::array<std::byte, Key::kSize> derived{};
    const base::Finally wiped([&] { sodium_memzero(derived.data(), derived.size()); });
    crypto_core_hchacha20(to(derived), in(base::ByteView(nonce)), in(key.view()), nullptr);
    std::array<std::byte, 12> short_nonce{};
    std::copy(nonce.begin() + crypto_core_hchacha20_INPUTBYTES, nonce.end(),
              short_nonce.begin() + 4);
    check(state_
              ? EVP_CipherInit_ex2(state_.get(), method.get(), in(base::ByteView(derived)),
                                   in(base::ByteView(short_nonce)), static_cast<int>(way), nullptr)
              : 0);
    int done = 0;
    check(EVP_CipherUpdate(state_.get(), nullptr, &done, in(associated), length(associated)));
  }

  void update(base::ByteView from, std::span<std::byte> out) {
    if (from.empty()) return;
    int done = 0;
    check(EVP_CipherUpdate(state_.get(), to(out), &done, in(from), length(from)));
  }

  void finish_with_tag(std::span<std::byte> tag) {
    check(finishes() ? 1 : 0);
    check(EVP_CIPHER_CTX_ctrl(state_.get(), EVP_CTRL_AEAD_GET_TAG, kTagLength, tag.data()));
  }

  bool finish_if(base::ByteView tag) {
    std::array<std::byte, kTagSize> expected{};
    std::ranges::copy(tag, expected.begin());
    check(EVP_CIPHER_CTX_ctrl(state_.get(), EVP_CTRL_AEAD_SET_TAG, kTagLength, expected.data()));
    return finishes();
  }

 private:
  static constexpr int kTagLength = static_cast<int>(kTagSize);

  // A stream cipher has no output left at the end.
  bool finishes() {
    int done = 0;
    std::byte none{};
    return EVP_CipherFinal_ex(state_.get(), to(std::span(&none, 1)), &done) == 1;
  }

  static void check(int result) {
    if (result != 1) fail(ErrorCode::kInternal, "ChaCha20-Poly1305: OpenSSL failed");
  }

  static int length(base::ByteView bytes) {
    if (bytes.size() > std::size_t{INT_MAX}) fail(ErrorCode::kInternal, "a box is too large");
    return static_cast<int>(bytes.size());
  }

  base::Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free> state_;
};

}  // namespace

Key::Key() {
  start();
  // Locks the memory, and continues if that is not permitted.
  void* const memory = sodium_malloc(kSize);
  if (memory == nullptr) throw std::bad_alloc();
  bytes_ = {static_cast<std::byte*>(memory), sodium_free};
  std::ranges::fill(std::span(bytes_.get(), kSize), std::byte{0});
}

Key::Key(base::ByteView bytes) : Key() {
  if (bytes.size() != kSize) fail(ErrorCode::kInternal, "a key of {} bytes", bytes.size());
  std::ranges::copy(bytes, bytes_.get());
}

std::span<std::byte> Key::writable() {
  if (bytes_.use_count() > 1) *this = Key(view());
  return {bytes_.get(), kSize};
}

Keys Keys::derive(const Key& master) {
  start();
  return {.ids = derive_key(master, 1),
          .content = derive_key(master, 2),
          .manifests = derive_key(master, 3),
          .trees = derive_key(master, 4),
          .records = derive_key(master, 5),
          .indexes = derive_key(master, 6)};
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

void Sha256Hash::Free::operator()(EVP_MD_CTX* state) const noexcept {
  EVP_MD_CTX_free(state);
}

Sha256Hash::Sha256Hash() : state_(EVP_MD_CTX_new()) {
  check_sha256(state_ ? EVP_DigestInit_ex2(state_.get(), sha256_method(), nullptr) : 0);
}

void Sha256Hash::update(base::ByteView bytes) {
  check_sha256(EVP_DigestUpdate(state_.get(), bytes.data(), bytes.size()));
}

Sha256 Sha256Hash::finish() {
  Sha256 digest;
  check_sha256(EVP_DigestFinal_ex(state_.get(), to(std::span(digest.bytes)), nullptr));
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
  Box box(Box::Way::kSeal, key, nonce, associated);
  box.update(plain, out);
  box.finish_with_tag(out.last(kTagSize));
}

std::optional<base::Bytes> open_box(const Key& key, const Nonce& nonce, base::ByteView associated,
                                    base::ByteView box) {
  if (box.size() < kTagSize) return std::nullopt;
  const base::ByteView sealed = box.first(box.size() - kTagSize);
  base::Bytes plain(sealed.size());
  Box opening(Box::Way::kOpen, key, nonce, associated);
  opening.update(sealed, plain);
  if (!opening.finish_if(box.last(kTagSize))) return std::nullopt;
  return plain;
}

static_assert(kMinArgonOperations == crypto_pwhash_argon2id_OPSLIMIT_MIN);
static_assert(kMinArgonMemory == crypto_pwhash_argon2id_MEMLIMIT_MIN);

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
