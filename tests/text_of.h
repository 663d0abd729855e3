// The content of a file, for tests that look for text in it.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace tests {

// The bytes of the file; empty if it does not exist.
inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace tests
