// Asks a bucket about itself. Only GET is ever sent: object storage that does not know the part of
// a bucket that a request names ignores it, and does the same to the bucket itself.
#pragma once

#include "store/storage/bucket_facts.h"
#include "store/storage/s3_bucket.h"

namespace store {

// Three requests. What the storage does not tell, or denies, is unknown. Fails with StorageError if
// the bucket can't be reached, does not exist, or accepts no credentials or no clock like these.
BucketFacts facts_of(S3Bucket& bucket);

// The same about versions alone: one request, which fails if no answer comes.
BucketVersions versions_kept_in(S3Bucket& bucket);

// Whether the rule changes objects whose keys begin with `prefix` and a slash; of an empty prefix,
// all.
bool applies_to(const LifecycleRule& rule, const std::string& prefix);

}  // namespace store
