// Selects the full-length loops (scripts/test --long).
#pragma once

#include <cstdlib>

namespace tests {

inline bool is_long_run() {
  return std::getenv("MAILSTOW_TEST_LONG") != nullptr;
}

}  // namespace tests
