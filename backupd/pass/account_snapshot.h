// The snapshot that an account's pass adds to the store, and what the report says of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "backupd/pass/account_properties.h"
#include "backupd/pass/daily_budget.h"
#include "backupd/pass/departures.h"
#include "backupd/pass/folder_filter.h"
#include "backupd/pass/folder_records.h"
#include "backupd/report/pass_report.h"
#include "store/format/account_properties.h"
#include "store/writer.h"

namespace backupd {

class AccountSnapshot {
 public:
  // All must outlive it. `report.account` is the account's name, `filter` gets the prefix of the
  // last snapshot.
  AccountSnapshot(store::Writer& writer, FolderFilter& filter, AccountReport& report,
                  std::chrono::sys_seconds time)
      : writer_(writer), filter_(filter), report_(report), time_(time) {}

  // Reads the account's newest snapshot. If that is damaged, the account has no last records.
  void load_last();
  const FolderRecords& last() const { return last_; }
  bool is_first() const { return is_first_; }  // the account had no snapshot

  // The time of the first listing.
  std::chrono::sys_seconds time() const { return time_; }
  void set_time(std::chrono::sys_seconds time) { time_ = time; }

  const store::AccountProperties& properties() const { return properties_; }
  void set_properties(store::AccountProperties properties) { properties_ = std::move(properties); }

  // Whether the next snapshot is of a pass that has not examined every folder.
  void set_cut_short(bool is_cut_short) { properties_.is_cut_short = is_cut_short; }

  // The folders of `records` that hold messages, compared with the last snapshot.
  ListedFolders listed_folders(const FolderRecords& records) const;

  // Only at the end: until then a message that left may be on its way to another folder. The
  // messages of folders that are no longer there count, unless the configuration now excludes them.
  void count_vanished(const FolderRecords& records, Departures& departures);

  // Adds a snapshot to the writer's next commit and describes it in the report. A second one
  // replaces the first.
  void add(const FolderRecords& records, store::SnapshotStatus status, DailyBudget& budget);

 private:
  void describe(const FolderRecords& records);

  store::Writer& writer_;
  FolderFilter& filter_;
  AccountReport& report_;
  std::chrono::sys_seconds time_;
  bool is_first_ = false;
  FolderRecords last_;
  store::AccountProperties properties_;
  std::uint64_t vanished_ = 0;
};

}  // namespace backupd
