#include "store/maintenance/quarantine.h"

#include "base/atomic_file.h"
#include "store/format/layout.h"

namespace store {

std::vector<base::Path> Quarantine::contents() const {
  const base::Path quarantine = quarantine_directory(location_);
  std::vector<base::Path> found;
  for (const std::string& name : files_.list(quarantine)) {
    if (!base::AtomicFile::is_temporary(name)) found.push_back(quarantine / name);
  }
  return found;
}

void Quarantine::take(const base::Path& directory, const std::string& name) {
  const base::Path quarantine = quarantine_directory(location_);
  files_.make_directory(quarantine);
  files_.sync_directory(location_.store);
  std::string moved = name;
  for (int number = 1;
       !files_.rename(directory / name, quarantine / moved, base::OnExisting::kFail); ++number) {
    moved = name + "." + std::to_string(number);
  }
  files_.sync_directory(quarantine);
  files_.sync_directory(directory);
  taken_.push_back((quarantine / moved).string());
}

}  // namespace store
