#include "store/tree_host.h"

#include <algorithm>

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

}  // namespace

bool may_sweep(const TreeMaking& tree, const std::string& this_host, std::chrono::sys_seconds now) {
  if (is_own(tree.host, this_host)) return true;
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
               const std::string& this_host, std::chrono::sys_seconds now) {
  return may_sweep(making_of(record, listing), this_host, now);
}

bool may_change(const TreeRecord& record, const TreeRecords::Listing& listing,
                const std::string& this_host, std::chrono::sys_seconds now) {
  return is_own(record.host, this_host) ||
         now - making_of(record, listing).host_seen >= kHostSilence;
}

}  // namespace store
