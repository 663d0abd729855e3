// The findings of `doctor` in what object storage tells about a store's bucket.
#pragma once

#include <string>
#include <vector>

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

}  // namespace store
