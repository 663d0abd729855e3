#include "store/tree_host.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/log.h"
#include "store/host_id.h"
#include "store/index/host_identity.h"
#include "store/index/ownership.h"
#include "store/keys/key_slot.h"
#include "store/storage/storage.h"

namespace store {

namespace {

bool is_own(const std::string& host, const std::string& this_host) {
  return host.empty() || host == this_host;
}

std::chrono::sys_seconds when_written(const TreeRecord& record,
                                      const TreeRecords::Listing& listing) {
  const auto found = listing.written.find(record.id);
  return found == listing.written.end() ? record.created : std::max(record.created, found->second);
}

bool owns_store(const Location& location, base::FileSystem& files, const base::Clock& clock) {
  try {
    const std::shared_ptr<Storage> storage = storage_of(location, files);
    const std::optional<StoreOwner> owner = owner_of(*storage, open_keys(location, files));
    return !owner || noted_host(files, location, this_machine(files, clock)) == owner->host;
  } catch (const base::Error& error) {
    base::log_debug("{}", error.what());
    return false;
  }
}

}  // namespace

SweepingHost this_sweeping_host(const Location& location, base::FileSystem& files,
                                const base::Clock& clock) {
  return {.id = host_id(files), .owns_store = owns_store(location, files, clock)};
}

bool may_sweep(const TreeMaking& tree, const SweepingHost& sweeping, std::chrono::sys_seconds now) {
  if (is_own(tree.host, sweeping.id)) return true;
  if (!sweeping.owns_store) return false;
  if (now - tree.host_seen < kHostSilence || now - tree.expires < kHostSilence) return false;
  return tree.state != TreeState::kRestoring || now - tree.written >= kMaxRun;
}

namespace {

TreeMaking making_of(const TreeRecord& record, const TreeRecords::Listing& listing) {
  TreeMaking tree{.host = record.host,
                  .state = record.state,
                  .expires = record.expires,
                  .written = when_written(record, listing),
                  .host_seen = {}};
  for (const TreeRecord& each : listing.records) {
    if (each.host != record.host) continue;
    tree.host_seen = std::max(tree.host_seen, when_written(each, listing));
  }
  tree.host_seen = std::max(tree.host_seen, tree.written);
  return tree;
}

}  // namespace

bool may_sweep(const TreeRecord& record, const TreeRecords::Listing& listing,
               const SweepingHost& sweeping, std::chrono::sys_seconds now) {
  return may_sweep(making_of(record, listing), sweeping, now);
}

bool may_change(const TreeRecord& record, const TreeRecords::Listing& listing,
                const std::string& this_host, std::chrono::sys_seconds now) {
  return is_own(record.host, this_host) ||
         now - making_of(record, listing).host_seen >= kHostSilence;
}

bool may_remind(const TreeRecord& record, const TreeRecords::Listing& listing,
                const SweepingHost& sweeping, std::chrono::sys_seconds now) {
  return is_own(record.host, sweeping.id) ||
         (sweeping.owns_store && may_change(record, listing, sweeping.id, now));
}

}  // namespace store
