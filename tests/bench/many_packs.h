// A store in a bucket with as many packs as one that has been written to for years, except that
// they are small: for what depends on their number.
#pragma once

#include <cstddef>
#include <string>

#include "base/config/s3_config.h"
#include "base/file_system.h"

namespace bench {

struct ManyPacks {
  std::size_t packs = 0;
  std::string account;
  std::string message;  // the id of one in the account's newest snapshot, of its first night
};

// Writes the store in memory, with its index and its key in these places, and then uploads it:
// `packs`, rounded up to whole nights of a hundred packs, of which one has the night's commit. A
// pack has one message.
ManyPacks write_many_packs(const base::S3Config& bucket, const base::Path& index,
                           const base::Path& key_file, std::size_t packs);

}  // namespace bench
