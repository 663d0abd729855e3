#include "backupd/report/folder_names.h"

#include <cstddef>

namespace backupd {

std::string_view FolderNames::at_start_of(std::string_view line) const {
  constexpr std::size_t kMaxLine = 2'048;
  constexpr std::string_view kEnd = ": ";
  line = line.substr(0, kMaxLine);
  for (std::size_t end = line.find(kEnd); end != std::string_view::npos;
       end = line.find(kEnd, end + 1)) {
    const auto found = names_.find(line.substr(0, end));
    if (found != names_.end()) return *found;
  }
  return {};
}

}  // namespace backupd
