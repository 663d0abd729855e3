// Proofs of a bucket's abilities. The endpoint's name proves nothing, nor does an answer: some
// object storage ignores what it does not know.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/config/s3_config.h"
#include "store/storage/storage.h"

namespace store {

// As many writers at a time. A storage with fewer connections proves nothing.
inline constexpr unsigned kRacingWriters = 4;

// Whether of several writers who call try_create() for one blob at the same moment, exactly one
// wins, and its bytes are read back, several times in a row. Writes about twenty blobs in the area
// "probe", and removes them; `seed` makes their names differ from those of earlier probes. Fails
// like a storage. True in a bucket that keeps no versions says nothing about it once it does.
bool prove_creates_once(Storage& storage, std::uint64_t seed);

// The same with connections of its own. An operation is repeated for at most a minute.
bool prove_creates_once(base::S3Config config, base::Clock& clock, std::uint64_t seed);

}  // namespace store
