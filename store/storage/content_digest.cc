#include "store/storage/content_digest.h"

#include <openssl/evp.h>

#include "base/error.h"
#include "base/handle.h"

namespace store {

namespace {

void require_digest(int result) {
  if (result != 1) base::fail(base::ErrorCode::kInternal, "hash bytes: OpenSSL refuses");
}

std::string base64(base::ByteView bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

}  // namespace

void ContentDigest::Free::operator()(evp_md_ctx_st* state) const noexcept {
  EVP_MD_CTX_free(state);
}

ContentDigest::ContentDigest(Md5 md5) : sha256_state_(begin("SHA256")) {
  if (md5 == Md5::kYes) md5_state_ = begin("MD5");
}

void ContentDigest::add(base::ByteView bytes) {
  require_digest(EVP_DigestUpdate(sha256_state_.get(), bytes.data(), bytes.size()));
  if (md5_state_) require_digest(EVP_DigestUpdate(md5_state_.get(), bytes.data(), bytes.size()));
}

void ContentDigest::finish() {
  sha256_ = base::to_hex(end(sha256_state_));
  if (md5_state_) md5_ = base64(end(md5_state_));
}

ContentDigest::State ContentDigest::begin(const char* method) {
  const base::Handle<EVP_MD, EVP_MD_free> fetched(EVP_MD_fetch(nullptr, method, nullptr));
  State state(EVP_MD_CTX_new());
  require_digest(state && fetched ? EVP_DigestInit_ex2(state.get(), fetched.get(), nullptr) : 0);
  return state;
}

base::Bytes ContentDigest::end(State& state) {
  base::Bytes digest(EVP_MAX_MD_SIZE);
  unsigned length = 0;
  require_digest(
      EVP_DigestFinal_ex(state.get(), reinterpret_cast<unsigned char*>(digest.data()), &length));
  digest.resize(length);
  return digest;
}

ContentDigest digest_of(base::ByteView bytes, ContentDigest::Md5 md5) {
  ContentDigest digest(md5);
  digest.add(bytes);
  digest.finish();
  return digest;
}

}  // namespace store
