// The snapshots that the policy drops, for every account, and the report of `prune` and `forget` on
// them.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/config/config.h"
#include "base/reporting/acknowledgements.h"
#include "store/maintenance/retention.h"
#include "store/reader.h"

namespace backupd {

struct PlannedSnapshot {
  store::SnapshotInfo snapshot;
  store::RetentionDecision decision;
};

struct AccountPlan {
  std::string account;
  std::vector<PlannedSnapshot> snapshots;  // oldest first
};

// Applies each account's own retention, also to accounts that are no longer in the configuration.
// No snapshot from before an unacknowledged mass deletion is dropped.
std::vector<AccountPlan> plan_accounts(store::Reader& reader, const base::Config& config,
                                       const base::Acknowledgements& acknowledgements,
                                       std::chrono::sys_seconds now);

// Drops all snapshots of the account, or the one with that id, but keeps pinned ones.
AccountPlan plan_to_forget(store::Reader& reader, const base::Config& config,
                           const std::string& account, const std::optional<store::ObjectId>& only,
                           std::chrono::sys_seconds now);

// The ids of snapshots that a plan keeps.
std::vector<store::ObjectId> kept(const AccountPlan& plan);

std::set<store::ObjectId> to_drop(const std::vector<AccountPlan>& plans);

nlohmann::ordered_json retention_json(const std::vector<AccountPlan>& plans);

// A table of all snapshots, with the reasons for each verdict.
std::string retention_text(const std::vector<AccountPlan>& plans);

}  // namespace backupd
