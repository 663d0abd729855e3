// The stores in poisoned.tar.gz (make_stores.py), each written by an earlier mailstow that could
// not read it again.
#pragma once

#include <array>
#include <stdexcept>
#include <string>

#include "base/file_system.h"
#include "base/process.h"

namespace tests {

inline constexpr std::array<const char*, 5> kPoisonedStores = {"prefix", "pruned", "metadata",
                                                               "keyword", "trouble"};

// The number of messages in INBOX of each account's newest snapshot.
inline std::size_t messages_in_poisoned(const std::string& kind) {
  return kind == "prefix" || kind == "pruned" ? 5 : 3;
}

// Afterwards `to` contains the directory `store` and the file `store.key`. There is no index.
inline void unpack_poisoned(const std::string& kind, const base::Path& to) {
  base::output_of({"/bin/tar", "-xzf", MAILSTOW_POISONED_STORES, "-C", to.string(),
                   "--strip-components=1", "--no-same-owner", kind},
                  1'000);
}

}  // namespace tests
