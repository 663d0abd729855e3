// One account of one pass: its folders, its snapshot, its report.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backupd/account_properties.h"
#include "backupd/commit_schedule.h"
#include "backupd/folder_pass.h"
#include "backupd/open_account.h"
#include "backupd/pass_report.h"
#include "backupd/restored_trees.h"
#include "base/program.h"
#include "imap/session.h"
#include "store/writer.h"

namespace backupd {

// What the accounts of one run share.
struct SharedStore {
  store::Writer& writer;
  CommitSchedule& schedule;
  std::mutex& mutex;  // of both: StoreTurn
  PipeBudget& budget;
};

class AccountPass : private FolderObserver, private CommitSchedule::Participant {
 public:
  using Open = std::function<OpenAccount(std::string_view personal_prefix)>;

  AccountPass(const base::Surroundings& surroundings, const base::AccountConfig& account,
              const RestoredTrees& trees, const SharedStore& store);

  // Adds the account's snapshot to the writer's next commit. What is wrong with the account or its
  // server, opening it included, is in the report; what is wrong with the store is thrown.
  AccountReport run(const Open& open, const SpareSessions& spares);

 private:
  using Records = std::vector<store::FolderRecord>;

  void load_last();
  void pass_folders(const PassTools& tools, const std::vector<imap::Folder>& listed);
  bool pass_once(const PassTools& tools, const std::vector<imap::Folder>& listed, bool first_round);
  store::FolderRecord pass_folder(const PassTools& tools, const imap::Folder& folder,
                                  const store::FolderRecord* last);
  const store::FolderRecord* last_of(const imap::Folder& folder) const;
  KnownMessages* known(std::uint64_t wanted);
  store::FolderRecord container(const imap::Folder& folder);
  store::FolderRecord unreadable(const imap::Folder& folder, const store::FolderRecord* last,
                                 const std::string& reason);
  bool is_left_out(const imap::Folder& folder) const;
  std::string shown(const store::FolderInfo& info) const;

  void opened(store::FolderDraft& draft) override;
  void message_stored() override;
  void closed(std::optional<store::FolderRecord> sealed) override;

  // Records a snapshot of all that is known, with the folder being passed as far as it is.
  void park() override;
  void add_snapshot(const Records& records, store::SnapshotStatus status);
  std::uint64_t count_vanished();
  void describe(const Records& records);

  const base::Surroundings& surroundings_;
  const base::AccountConfig& account_;
  const RestoredTrees& trees_;
  SharedStore store_;
  std::chrono::sys_seconds started_;
  std::string prefix_;
  Records before_;   // of the newest snapshot
  Records last_;     // the same, or of the round before
  Records current_;  // of this round, as far as it is
  store::FolderDraft* open_draft_ = nullptr;
  std::optional<store::FolderRecord> in_progress_;  // without a draft: its connection is lost
  bool has_news_ = false;  // a folder is or was passed: there is something to park
  Departures departures_;
  KnownMessages known_;
  store::AccountProperties properties_;
  std::uint64_t vanished_ = 0;  // known at the end: until then what left may be on its way
  bool is_moving_ = false;
  AccountReport report_;
};

}  // namespace backupd
