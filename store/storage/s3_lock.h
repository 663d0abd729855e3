// Object lock in requests and answers: until a date, a version of an object can't be deleted.
//
// A server that does not know object lock may ignore the headers, and may take a request to extend
// a lock for one that writes the object. So no request with `retention` may be sent for an object
// that matters before prove_locks() (s3_lock_probe.h) has succeeded in the same process.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/config/s3_config.h"
#include "base/http/http_client.h"
#include "store/storage/s3_bucket.h"

namespace store {

// The lock of one version, as the server shows it.
struct S3Lock {
  std::string mode;  // in capitals
  std::chrono::sys_seconds until{};
};

std::string lock_mode_name(base::S3LockMode mode);  // COMPLIANCE, GOVERNANCE

// The headers of a PUT that locks what it writes.
std::vector<std::string> lock_headers(base::S3LockMode mode, std::chrono::sys_seconds until);

// Nullopt: the answer to a GET or HEAD shows no lock, or one without a date.
std::optional<S3Lock> lock_in(const base::HttpAnswer& answer);

// Requests to a version, or with an empty `version` to the newest one.
S3Request lock_look_up(const std::string& operation, const std::string& key,
                       const std::string& version);
// `document`: a retention (s3_document.h), which must live until the answer is there.
S3Request lock_extension(const std::string& operation, const std::string& key,
                         const std::string& version, const std::string& document);

}  // namespace store
