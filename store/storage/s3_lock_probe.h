// The proof that a bucket's object lock holds.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/config/s3_config.h"

namespace store {

struct LockProof {
  // A lock is taken, shown, and extended without touching the object's bytes.
  bool works = false;
  // What these credentials could do to a locked version, by every way that is known. In the mode of
  // compliance, where no credentials may, the storage then does not keep its locks.
  bool can_delete = false;
  bool can_shorten = false;
  std::string why;  // why it does not hold; a sentence without its end

  bool holds() const { return works && !can_delete && !can_shorten; }
};

// Locks an object of its own in the area "probe" for an hour, in the configured mode, and attacks
// it. Touches nothing else, and sends no request about a lock before the object has shown the one
// that it was written with. `seed` makes the object's name differ from those of earlier probes. Its
// locked version stays in the bucket, below a delete marker. Fails like a storage.
LockProof prove_locks(const base::S3Config& config, base::Clock& clock, std::uint64_t seed);

// The same with a random seed.
LockProof prove_locks(const base::S3Config& config, base::Clock& clock);

// The remedy for locks that do not hold.
std::string remedy_for_locks(const LockProof& proof, base::S3LockMode mode);

}  // namespace store
