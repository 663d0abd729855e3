// Real mail for tests, which is never part of the project: the variable MAILSTOW_TEST_CORPUS names
// directories of messages, one file each, separated by ':'.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "tests/text_of.h"

namespace tests {

// The unmodified bytes of each message, in the order of their paths; empty if the variable is not
// set.
inline std::vector<std::string> corpus_messages() {
  std::vector<std::string> messages;
  const char* const variable = std::getenv("MAILSTOW_TEST_CORPUS");
  std::istringstream directories(variable != nullptr ? variable : "");
  std::string directory;
  while (std::getline(directories, directory, ':')) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
      if (entry.is_regular_file()) paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    for (const auto& path : paths) {
      messages.push_back(text_of(path));
    }
  }
  return messages;
}

}  // namespace tests
