// Locks the objects of a store that may never be replaced or lost: packs, commit records, key
// slots. Others are removed as a matter of course, and are not locked.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "store/storage/s3_bucket.h"
#include "store/storage/s3_lock_probe.h"
#include "store/storage/storage.h"

namespace store {

// Thread-safe.
class S3LockKeeper {
 public:
  // Both must outlive it.
  S3LockKeeper(S3Bucket& bucket, base::Clock& clock) : bucket_(bucket), clock_(clock) {}

  // Whether the configuration wants locks, and for the blobs of this area.
  bool covers(std::string_view area) const;

  // Proves at the first call that the bucket's locks hold, by a scratch object. Fails with kConfig
  // if they don't, then and at all later calls.
  void require_proof();

  // Those of a PUT, after require_proof().
  std::vector<std::string> headers() const;

  // As Storage::extend_lock(), after require_proof(). `display_name`: of the blob.
  LockExtension extend(const std::string& display_name, const std::string& key,
                       const std::string& version);

 private:
  S3Bucket& bucket_;
  base::Clock& clock_;
  std::mutex mutex_;
  std::optional<LockProof> proof_;
};

}  // namespace store
