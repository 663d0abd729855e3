// The credentials of a bucket: from the configuration, or from a command for as long as they hold.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/config/s3_config.h"
#include "base/secret.h"

namespace store {

struct S3Credentials {
  std::string access_key;
  base::Secret secret;
  base::Secret session_token;  // empty: not a session's
  std::optional<std::chrono::sys_seconds> expires;

  // Whether the storage can't tell them apart.
  bool are_the_same(const S3Credentials& other) const;
};

// What a command printed in the format of AWS's credential_process. Fails with kConfig; `source`
// names the command.
S3Credentials parse_s3_credentials(const std::string& text, const std::string& source);

// Thread-safe.
class S3CredentialSource {
 public:
  // `clock` must outlive it.
  S3CredentialSource(base::S3Config config, base::Clock& clock);

  // Loads them the first time, and again before they end. Fails with StorageError: kRefused if they
  // can't be loaded.
  S3Credentials get();

  // Loads them again after the storage refused `refused`, unless another thread has done it.
  // Returns whether there are other ones now.
  bool renew(const S3Credentials& refused);

 private:
  S3Credentials load() const;
  S3Credentials load_or_refuse() const;
  bool is_near_end(const S3Credentials& credentials) const;
  bool has_ended(const S3Credentials& credentials) const;

  const base::S3Config config_;
  base::Clock& clock_;
  std::mutex mutex_;
  std::optional<S3Credentials> current_;
  base::TimePoint next_load_{};
};

}  // namespace store
