// The storages of buckets that this process uses.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/config/s3_config.h"
#include "base/file_system.h"
#include "store/storage/storage.h"

namespace store {

// Opens the bucket at the first call, for the rest of the process: everything in it that uses an
// equal configuration shares connections and credentials. After fork(), the new process opens its
// own. Fails with kConfig.
std::shared_ptr<Storage> shared_bucket(const base::S3Config& config, const base::Path& spool);

// How long the buckets that this process opens from now on repeat an operation, instead of
// kS3Patience (store/storage/s3_storage.h): for commands that a user waits for.
void set_bucket_patience(std::chrono::milliseconds patience);

// For tests: from now on, shared_bucket() returns `storage` for all configurations with this
// display name; nullptr: it opens the bucket again.
void replace_bucket(const std::string& display_name, std::shared_ptr<Storage> storage);

}  // namespace store
