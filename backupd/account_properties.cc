#include "backupd/account_properties.h"

#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace backupd {

namespace {

// An account in which no mail changes hardly changes otherwise, and asking costs a round trip.
constexpr std::chrono::days kOldest{7};

}  // namespace

store::AccountProperties pass_properties(imap::Session& session,
                                         const std::vector<store::FolderRecord>& folders,
                                         bool has_changed, const store::AccountProperties& last,
                                         std::chrono::sys_seconds now) {
  const bool is_fresh = last.asked <= now && now - last.asked < kOldest;
  if (!has_changed && is_fresh) return last;
  store::AccountProperties properties;
  properties.asked = now;
  try {
    properties.subscriptions = session.subscriptions();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
    base::log_warning("{}", error.what());
    properties.subscriptions = last.subscriptions;
  }
  std::vector<std::string> names;
  for (const store::FolderRecord& folder : folders) {
    if (folder.info.completeness != store::FolderCompleteness::kContainer) {
      names.push_back(folder.info.raw_name);
    }
  }
  const auto acls = session.acls(names);
  for (std::size_t at = 0; at < names.size(); ++at) {
    for (const imap::AclEntry& entry : acls[at]) {
      properties.rights.push_back({names[at], entry.identifier, entry.rights});
    }
  }
  return properties;
}

}  // namespace backupd
