// What `mailstow-backupd drill` tries.
#pragma once

#include <cstdint>
#include <string>

namespace base {

struct DrillConfig {
  std::string account;  // a scratch account that gets the sample as a tree; empty: to memory only
  std::uint64_t messages = 300;
};

}  // namespace base
