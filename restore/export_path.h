// File names made from folder names, which come from servers and so can't be trusted.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/file_system.h"

namespace restore {

// One level of a folder's name as a file name: letters, digits, spaces, characters beyond ASCII and
// a few punctuation marks stay; everything else, and a special character at the beginning or end,
// becomes %XX. Never empty, "." or "..", never a name that an export uses for files of its own
// ("cur", "manifest.jsonl", names that end in .mbox or .eml) or that Windows reserves for a device
// ("con", "lpt1.txt"), never longer than 200 bytes: a longer
// name ends with a hash of itself.
std::string file_name_of(std::string_view level);

// Gives every folder a path of its own, below the directory of the export.
class ExportPaths {
 public:
  // Returns a relative path. `shown_name` has / between its levels. Names that would collide on a
  // file system that ignores case or Unicode's forms (NFC, NFD) get a number; a name too deep for a
  // file system becomes one level.
  base::Path path_of(std::string_view shown_name);

 private:
  std::set<std::string> taken_;  // as base::fold_case() has them
};

}  // namespace restore
