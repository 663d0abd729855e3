// File names made from folder names, which come from servers and so from anybody.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/file_system.h"

namespace restore {

// One level as a file name: letters, digits, spaces, characters beyond ASCII and a few signs stay,
// all else (and what ends or begins a name in a special way) becomes %XX. Never empty, "." or "..",
// never what an export calls files of its own ("cur", "manifest.jsonl", what ends in .mbox or
// .eml), never longer than 200 bytes: a longer one ends with a hash of itself.
std::string file_name_of(std::string_view level);

// Gives every folder a path of its own, below the folder that is exported to.
class ExportPaths {
 public:
  // `shown_name` has / between its levels. Relative. Names that would meet in one file where case
  // does not count are told apart by a number; one too deep for a file system becomes one level.
  base::Path path_of(std::string_view shown_name);

 private:
  std::set<std::string> taken_;  // in lower case
};

}  // namespace restore
