#include "backupd/pass/stumbles.h"

#include <algorithm>
#include <utility>

#include "imap/connection_lost.h"

namespace backupd {

namespace {

constexpr std::string_view kEachTime = "each time it was requested: ";

}  // namespace

bool Stumbles::remember(const store::FolderInfo& last) {
  bool has_any = false;
  for (const store::SkippedMessage& skipped : last.skipped) {
    const bool was_lost_each_time = skipped.reason.starts_with(kEachTime);
    const bool was_slow = skipped.reason.find(imap::kMessageTookTooLong) != std::string::npos;
    if (!was_lost_each_time && !was_slow) continue;
    std::string why = skipped.reason.substr(was_lost_each_time ? kEachTime.size() : 0);
    folders_[last.raw_name][skipped.uid] = {kTooOften - 1, false, std::move(why)};
    has_any = true;
  }
  return has_any;
}

void Stumbles::add(std::string_view folder, base::Uid uid, Over over, std::string why) {
  auto found = folders_.find(folder);
  if (found == folders_.end()) found = folders_.emplace(folder, decltype(found->second)()).first;
  Count& count = found->second[uid];
  ++total_;
  count.times += over == Over::kSilence ? kSilenceCounts : 1;
  count.why = std::move(why);
  if (over == Over::kMessage) {
    count.times = std::max(count.times, kTooOften);
    count.is_final = true;
  }
}

imap::UidSet Stumbles::times(std::string_view folder, int from, int to) const {
  imap::UidSet uids;
  const auto found = folders_.find(folder);
  if (found == folders_.end()) return uids;
  for (const auto& [uid, count] : found->second) {
    if (count.times >= from && count.times <= to) uids.add(uid);
  }
  return uids;
}

std::string Stumbles::reason(std::string_view folder, base::Uid uid) const {
  const auto found = folders_.find(folder);
  if (found == folders_.end() || !found->second.contains(uid)) return {};
  const Count& count = found->second.at(uid);
  return count.is_final ? count.why : std::string(kEachTime) + count.why;
}

}  // namespace backupd
