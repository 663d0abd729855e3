// One account of one pass: its folders, its snapshot, its report.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backupd/pass/account_properties.h"
#include "backupd/pass/admission.h"
#include "backupd/pass/back_off.h"
#include "backupd/pass/commit_schedule.h"
#include "backupd/pass/daily_budget.h"
#include "backupd/pass/folder_pass.h"
#include "backupd/pass/open_account.h"
#include "backupd/pass/pass_progress.h"
#include "backupd/pass/restored_trees.h"
#include "backupd/pass/spare_sessions.h"
#include "backupd/report/pass_report.h"
#include "base/program/program.h"
#include "imap/session.h"
#include "store/writer.h"

namespace backupd {

// What the accounts of one run share.
struct SharedStore {
  store::Writer& writer;
  CommitSchedule& schedule;
  std::mutex& mutex;  // of both: StoreTurn
  PipeBudget& budget;
  ProgressBoard& progress;
};

// Null if there is none.
const store::FolderRecord* find_folder(const std::vector<store::FolderRecord>& records,
                                       const std::string& raw_name);

class AccountPass : private FolderObserver, private CommitSchedule::Participant {
 public:
  using Open = std::function<OpenAccount(std::string_view personal_prefix)>;

  AccountPass(const base::Environment& environment, const base::AccountConfig& account,
              const RestoredTrees& trees, const SharedStore& store);

  // Adds the account's snapshot to the writer's next commit. A lost connection is opened again, for
  // as long as the configuration says, and the pass goes on where it was. What is wrong with the
  // account or its server, opening it included, is in the report; what of it can't be
  // stored is there too, and no other account is worse off. What is wrong with the store is thrown.
  AccountReport run(const Open& open, SpareSessions& spares);

 private:
  using Records = std::vector<store::FolderRecord>;

  void load_last();
  void pass_with_retries(const Open& open, SpareSessions& spares, StoreTurn& turn);
  void finish();
  void end_with(const base::Error& error);
  void attempt(const Open& open, SpareSessions& spares, StoreTurn& turn);
  void expect(const std::vector<imap::Folder>& listed);
  AskedFolders asked_folders() const;
  std::optional<std::chrono::milliseconds> pause_after(const base::Error& error);
  void keep_progress();
  void pass_folders(const PassTools& tools, const std::vector<imap::Folder>& listed);
  bool pass_once(const PassTools& tools, const std::vector<imap::Folder>& listed, bool first_round);
  store::FolderRecord pass_folder(const PassTools& tools, const imap::Folder& folder,
                                  const store::FolderRecord* last);
  const store::FolderRecord* last_of(const imap::Folder& folder) const;
  KnownMessages* known(std::uint64_t wanted);
  void refuse_lost_inbox(const imap::ListGaps& gaps) const;
  void keep_unlisted(const imap::ListGaps& gaps);
  store::FolderRecord container(const imap::Folder& folder);
  store::FolderRecord unreadable(const imap::Folder& folder, const store::FolderRecord* last,
                                 const std::string& reason);
  bool is_left_out(const imap::Folder& folder) const;
  std::string shown(const store::FolderInfo& info) const;

  void opened(store::FolderDraft& draft) override;
  void message_stored(std::uint64_t bytes) override;
  void closed(std::optional<store::FolderRecord> sealed) override;

  // Records a snapshot of all that is known, with the folder being passed as far as it is.
  void park() override;
  void record_progress();
  void tell_what_is_parked();
  void add_snapshot(const Records& records, store::SnapshotStatus status);
  std::uint64_t count_vanished();
  void describe(const Records& records);

  const base::Environment& environment_;
  const base::AccountConfig& account_;
  const RestoredTrees& trees_;
  SharedStore store_;
  std::chrono::sys_seconds started_;
  std::string prefix_;
  Records before_;   // of the newest snapshot
  Records last_;     // the same, or of the round before, or of before the connection was lost
  Records current_;  // of this round, as far as it is
  store::FolderDraft* open_draft_ = nullptr;
  std::optional<store::FolderRecord> in_progress_;  // without a draft: its connection is lost
  bool has_news_ = false;  // a folder is or was passed: there is something to park
  bool was_open_ = false;  // the server let us in once
  std::set<std::string, std::less<>> passed_;                  // raw names
  std::map<std::string, std::uint32_t, std::less<>> refused_;  // with the UIDVALIDITY listed
  std::uint64_t most_done_ = 0;  // messages and folders when a connection was lost
  BackOff back_off_;
  Stumbles stumbles_;
  std::optional<DailyBudget> daily_budget_;
  std::set<std::string, std::less<>> parked_;    // raw names: for want of budget
  std::set<std::string, std::less<>> unlisted_;  // raw names: kept although LIST lacks them
  Departures departures_;
  KnownMessages known_;
  Admission admission_;
  store::AccountProperties properties_;
  std::uint64_t vanished_ = 0;  // known at the end: until then what left may be on its way
  bool is_moving_ = false;
  AccountReport report_;
};

}  // namespace backupd
