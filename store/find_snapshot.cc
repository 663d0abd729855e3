#include "store/find_snapshot.h"

#include <utility>

#include "base/error.h"
#include "base/id_text.h"
#include "base/terminal.h"

namespace store {

std::optional<SnapshotInfo> find_snapshot(Reader& reader, const std::string& account,
                                          const std::string& digits) {
  if (!base::begins_an_id(digits)) return std::nullopt;
  std::optional<SnapshotInfo> found;
  for (SnapshotInfo& snapshot : reader.snapshots(account)) {
    if (!snapshot.id.hex().starts_with(digits)) continue;
    if (found) {
      base::fail(base::ErrorCode::kUsage,
                 "snapshot {}: several ids begin with these digits: give more digits", digits);
    }
    found = std::move(snapshot);
  }
  if (!found && digits.size() == base::kIdDigits) {
    base::fail(base::ErrorCode::kNotFound, "account {}: it has no snapshot {}",
               base::escape_for_terminal(account), digits);
  }
  return found;
}

}  // namespace store
