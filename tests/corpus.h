// Real mail for tests, which is never part of the project: MAILSTOW_TEST_CORPUS names folders of
// messages, a file each, with ':' between.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace tests {

// Their bytes as they are, in the order of their paths; nothing if the variable is not set.
inline std::vector<std::string> corpus_messages() {
  std::vector<std::string> messages;
  const char* const variable = std::getenv("MAILSTOW_TEST_CORPUS");
  std::istringstream folders(variable != nullptr ? variable : "");
  std::string folder;
  while (std::getline(folders, folder, ':')) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    for (const auto& path : paths) {
      std::ifstream in(path, std::ios::binary);
      std::stringstream bytes;
      bytes << in.rdbuf();
      messages.push_back(bytes.str());
    }
  }
  return messages;
}

}  // namespace tests
