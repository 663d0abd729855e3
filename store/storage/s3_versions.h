// The versions of a store's objects in a bucket that keeps them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/storage/s3_bucket.h"
#include "store/storage/storage.h"

namespace store {

// Of the objects below `directory` ("PREFIX/AREA/"), as blobs of `area`: several requests. Fails
// like a storage. `operation`: for messages.
std::vector<BlobVersion> list_first_versions(S3Bucket& bucket, std::string_view area,
                                             const std::string& directory,
                                             const std::string& operation);

// Those of one object, by its key, the oldest first and without markers of removals. Empty where
// they may not be listed, or the storage can't.
std::vector<KeptVersion> list_versions(S3Bucket& bucket, const std::string& key,
                                       const std::string& operation);

}  // namespace store
