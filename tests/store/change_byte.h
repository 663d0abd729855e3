// Damage to a file, as a bad disk makes it.
#pragma once

#include <cstdint>
#include <fstream>
#include <ios>

#include "base/file_system.h"

namespace tests {

inline void change_byte(const base::Path& path, std::uint64_t place) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(place));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(place));
  file.put(static_cast<char>(byte ^ 1));
}

}  // namespace tests
