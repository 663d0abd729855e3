// The findings of `doctor` in what object storage tells about a store's bucket.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/config/s3_config.h"
#include "store/storage/storage.h"

namespace store {

struct BucketReport {
  struct Threat {
    std::string what;
    std::string remedy;
    bool operator==(const Threat&) const = default;
  };
  std::string failure;  // why it can't be used; empty: it may be
  std::string remedy;   // for `failure`; may be empty
  std::vector<Threat> threats;
  std::string details;  // "; region eu-north-1; versions are kept"; may be empty
};

// Asks without patience: an endpoint whose name does not resolve is a failure at once. Writes
// nothing.
BucketReport examine_bucket(const base::S3Config& config, Storage& storage);

struct LockReport {
  std::string failure;  // why its locks do not hold; empty: they do
  std::string remedy;   // for `failure`
  std::string proof;    // what was tried in vain
};

// Proves the object lock of a bucket that is to lock (prove_locks(),
// store/storage/s3_lock_probe.h): writes an object of its own, whose locked version stays for an
// hour or two.
LockReport examine_locks(const base::S3Config& config, base::Clock& clock);

}  // namespace store
