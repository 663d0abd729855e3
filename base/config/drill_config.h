// The settings of `mailstow-backupd drill`.
#pragma once

#include <cstdint>
#include <string>

namespace base {

struct DrillConfig {
  std::string account;  // scratch account into which the sample is restored as a tree; empty: only
                        // into memory
  std::uint64_t messages = 300;
};

}  // namespace base
