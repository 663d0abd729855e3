#include "restore/earlier_folder.h"

#include <algorithm>
#include <vector>

#include <fmt/core.h>

#include "base/error.h"
#include "base/id_text.h"
#include "base/log.h"
#include "base/time_text.h"
#include "restore/selection.h"

namespace restore {

std::string earlier_folder_hint(store::Reader& reader, const store::SnapshotInfo& snapshot,
                                const std::string& zone,
                                const std::function<bool(const std::string& name)>& matches) {
  std::vector<store::SnapshotInfo> others = reader.snapshots(snapshot.account);
  std::ranges::reverse(others);  // the last one made first
  for (const store::SnapshotInfo& other : others) {
    if (other.id == snapshot.id) continue;
    try {
      for (const store::FolderRecord& folder : reader.folders(other)) {
        if (!matches(shown_name(other, folder.info))) continue;
        return fmt::format(", but that of {} has: add --at {}",
                           base::format_zoned(other.time, zone), base::shown_id(other.id.hex()));
      }
    } catch (const base::Error& error) {
      base::log_warning("{}", error.what());
    }
  }
  return "";
}

}  // namespace restore
