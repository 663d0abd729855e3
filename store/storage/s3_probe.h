// Proofs of what a bucket can. The endpoint's name proves nothing, and nor does an answer: some
// object storage ignores what it does not know.
#pragma once

#include <cstdint>

#include "store/storage/s3_storage.h"

namespace store {

// Whether of several writers who create one blob at the same moment, exactly one wins, and its
// bytes are read back, several times in a row. Writes and removes blobs in the area "probe"; `seed`
// makes their names differ from those of earlier probes. Fails like the storage.
bool prove_creates_once(S3Storage& storage, std::uint64_t seed);

}  // namespace store
