// One account of one pass: its folders, its snapshot, its report.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "backupd/account_queue.h"
#include "backupd/folder_pass.h"
#include "backupd/pass_report.h"
#include "backupd/restored_trees.h"
#include "base/program.h"
#include "imap/session.h"
#include "store/writer.h"

namespace backupd {

// Commits when enough has come together: a crash then costs minutes, not the run.
class CommitSchedule {
 public:
  CommitSchedule(store::Writer& writer, const base::Clock& clock);
  bool is_due() const;
  void commit();

 private:
  store::Writer& writer_;
  const base::Clock& clock_;
  std::chrono::steady_clock::time_point last_;
  std::uint64_t bytes_then_ = 0;
};

class AccountPass : private FolderObserver {
 public:
  AccountPass(const base::Surroundings& surroundings, const base::AccountConfig& account,
              const RestoredTrees& trees, store::Writer& writer, CommitSchedule& schedule);

  // `arrival`: of this account. Adds the account's snapshot to the writer's next commit. What is
  // wrong with the account or its server is in the report; what is wrong with the store is thrown.
  AccountReport run(AccountQueue::Arrival arrival);

 private:
  using Records = std::vector<store::FolderRecord>;

  void pass_folders(OpenAccount& account);
  bool pass_once(imap::Session& session, const std::vector<imap::Folder>& listed, bool first_round);
  store::FolderRecord pass_folder(imap::Session& session, const imap::Folder& folder,
                                  const store::FolderRecord* last);
  store::FolderRecord container(const imap::Folder& folder);
  store::FolderRecord unreadable(const imap::Folder& folder, const store::FolderRecord* last,
                                 const std::string& reason);
  bool is_left_out(const imap::Folder& folder) const;
  std::string shown(const store::FolderInfo& info) const;

  void message_stored(store::FolderDraft& draft) override;
  void interrupted(store::FolderDraft& draft) override;

  // Records a snapshot of all that is known, with the folder being passed as far as it is.
  void park();
  void add_snapshot(const Records& records, store::SnapshotStatus status);
  std::uint64_t count_vanished();
  void describe(const Records& records);

  const base::Surroundings& surroundings_;
  const base::AccountConfig& account_;
  const RestoredTrees& trees_;
  store::Writer& writer_;
  CommitSchedule& schedule_;
  std::chrono::sys_seconds started_;
  std::string prefix_;
  Records before_;   // of the newest snapshot
  Records last_;     // the same, or of the round before
  Records current_;  // of this round, as far as it is
  std::optional<store::FolderRecord> in_progress_;
  Departures departures_;
  std::uint64_t vanished_ = 0;  // known at the end: until then what left may be on its way
  bool is_moving_ = false;
  AccountReport report_;
};

}  // namespace backupd
