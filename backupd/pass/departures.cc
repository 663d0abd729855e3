#include "backupd/pass/departures.h"

#include <algorithm>

#include "base/error.h"

namespace backupd {

void Departures::all_left(store::Reader& reader, const store::FolderRecord& folder) {
  try {
    reader.for_each_message(folder, [&](const store::MessageEntry& entry) { left(entry.message); });
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
  }
}

std::uint64_t Departures::not_arrived(std::vector<store::MessageId>& messages) {
  std::sort(messages.begin(), messages.end());
  std::sort(arrived_.begin(), arrived_.end());
  std::uint64_t found = 0;
  auto arrival = arrived_.begin();
  for (const store::MessageId& message : messages) {
    while (arrival != arrived_.end() && *arrival < message) ++arrival;
    if (arrival == arrived_.end()) break;
    if (*arrival != message) continue;
    ++found;
    ++arrival;
  }
  return messages.size() - found;
}

}  // namespace backupd
