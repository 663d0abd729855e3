#include "backupd/retention_plan.h"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "backupd/report/alarms.h"
#include "backupd/report/lasting_gaps.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace backupd {

namespace {

bool is_dropped(const PlannedSnapshot& planned) {
  return planned.decision.verdict == store::Verdict::kDrop;
}

}  // namespace

std::vector<AccountPlan> plan_accounts(store::Reader& reader, const base::Config& config,
                                       const base::Acknowledgements& acknowledgements,
                                       std::chrono::sys_seconds now) {
  std::vector<AccountPlan> plans;
  for (const std::string& account : reader.accounts()) {
    const std::vector<store::SnapshotInfo> snapshots = reader.snapshots(account);
    store::RetentionRules rules{.policy = config.retention_of(account),
                                .sweep_keep = config.restore.sweep_keep,
                                .time_zone = config.prune.time_zone};
    const auto deletion = newest_mass_deletion(
        snapshots, config.guards, acknowledgements.deletions_accepted(account), reader.used_up());
    if (deletion) rules.hold_through = deletion->snapshot.sequence;
    rules.compared = compared_backups(snapshots, now);
    rules.used_up = reader.used_up();
    const std::vector<store::RetentionDecision> decisions =
        store::plan_retention(snapshots, rules, now);
    AccountPlan plan{.account = account, .snapshots = {}};
    for (std::size_t i = 0; i < snapshots.size(); ++i) {
      plan.snapshots.push_back({.snapshot = snapshots[i], .decision = decisions[i]});
    }
    plans.push_back(std::move(plan));
  }
  return plans;
}

AccountPlan plan_to_forget(store::Reader& reader, const base::Config& config,
                           const std::string& account, const std::optional<store::ObjectId>& only,
                           std::chrono::sys_seconds now) {
  AccountPlan plan{.account = account, .snapshots = {}};
  for (const store::SnapshotInfo& snapshot : reader.snapshots(account)) {
    if (only && snapshot.id != *only) continue;
    store::RetentionDecision decision{.snapshot = snapshot.id, .verdict = {}, .reasons = {}};
    if (snapshot.is_pinned(now)) {
      decision.verdict = store::Verdict::kKeep;
      decision.reasons = {store::pin_text(snapshot, config.restore.time_zone)};
    } else {
      decision.verdict = store::Verdict::kDrop;
      decision.reasons = {only ? "it is to be dropped" : "its account is forgotten"};
    }
    plan.snapshots.push_back({.snapshot = snapshot, .decision = std::move(decision)});
  }
  return plan;
}

std::vector<store::ObjectId> kept(const AccountPlan& plan) {
  std::vector<store::ObjectId> snapshots;
  for (const PlannedSnapshot& planned : plan.snapshots) {
    if (!is_dropped(planned)) snapshots.push_back(planned.snapshot.id);
  }
  return snapshots;
}

std::set<store::ObjectId> to_drop(const std::vector<AccountPlan>& plans) {
  std::set<store::ObjectId> snapshots;
  for (const AccountPlan& plan : plans) {
    for (const PlannedSnapshot& planned : plan.snapshots) {
      if (is_dropped(planned)) snapshots.insert(planned.snapshot.id);
    }
  }
  return snapshots;
}

nlohmann::ordered_json retention_json(const std::vector<AccountPlan>& plans) {
  nlohmann::ordered_json accounts = nlohmann::ordered_json::array();
  for (const AccountPlan& plan : plans) {
    nlohmann::ordered_json snapshots = nlohmann::ordered_json::array();
    for (const PlannedSnapshot& planned : plan.snapshots) {
      snapshots.push_back({{"snapshot", planned.snapshot.id.hex()},
                           {"time", base::format_rfc3339(planned.snapshot.time)},
                           {"doubted", planned.decision.is_doubted},
                           {"messages", planned.snapshot.messages},
                           {"verdict", is_dropped(planned) ? "drop" : "keep"},
                           {"reasons", planned.decision.reasons}});
    }
    accounts.push_back({{"account", plan.account}, {"snapshots", std::move(snapshots)}});
  }
  return accounts;
}

std::string retention_text(const std::vector<AccountPlan>& plans) {
  std::vector<std::vector<std::string>> rows;
  for (const AccountPlan& plan : plans) {
    for (const PlannedSnapshot& planned : plan.snapshots) {
      rows.push_back({plan.account, base::shown_time(planned.snapshot.time),
                      base::format_count(planned.snapshot.messages),
                      is_dropped(planned) ? "drop" : "keep",
                      fmt::format("{}", fmt::join(planned.decision.reasons, "; "))});
    }
  }
  if (rows.empty()) return "There are no snapshots.\n";
  return base::format_table({{"ACCOUNT", base::Align::kLeft, base::Width::kCut},
                             {"SNAPSHOT"},
                             {"MESSAGES", base::Align::kRight},
                             {"VERDICT"},
                             {"WHY", base::Align::kLeft, base::Width::kCut}},
                            rows, base::output_room());
}

}  // namespace backupd
