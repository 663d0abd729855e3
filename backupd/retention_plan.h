// Which snapshots of every account the policy drops, and how `prune` and `forget` tell it.
#pragma once

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

// By each account's own retention; of accounts that are no longer in the configuration too. Nothing
// from before a mass deletion that was not acknowledged is dropped.
std::vector<AccountPlan> plan_accounts(store::Reader& reader, const base::Config& config,
                                       const base::Acknowledgements& acknowledgements,
                                       std::chrono::sys_seconds now);

// All of the account's snapshots go.
AccountPlan plan_to_forget(store::Reader& reader, const std::string& account);

std::set<store::ObjectId> to_drop(const std::vector<AccountPlan>& plans);

nlohmann::ordered_json to_json(const std::vector<AccountPlan>& plans);

// A table of every snapshot with its reasons.
std::string to_text(const std::vector<AccountPlan>& plans);

}  // namespace backupd
