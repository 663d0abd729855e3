// The digests that object storage compares with an object's bytes, to refuse others.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"

struct evp_md_ctx_st;

namespace store {

class ContentDigest {
 public:
  enum class Md5 { kNo, kYes };

  explicit ContentDigest(Md5 md5);

  void add(base::ByteView bytes);

  // Once.
  void finish();

  // After finish().
  const std::string& sha256() const { return sha256_; }  // in hex
  const std::string& md5() const { return md5_; }        // in base64; empty with kNo

 private:
  struct Free {
    void operator()(evp_md_ctx_st* state) const noexcept;
  };
  using State = std::unique_ptr<evp_md_ctx_st, Free>;

  static State begin(const char* method);
  static base::Bytes end(State& state);

  State sha256_state_;
  State md5_state_;
  std::string sha256_;
  std::string md5_;
};

// The finished digest of all these bytes.
ContentDigest digest_of(base::ByteView bytes, ContentDigest::Md5 md5 = ContentDigest::Md5::kNo);

}  // namespace store
