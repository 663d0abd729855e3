// One account of one pass: the attempts, until its folders are passed or its server is given up.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "backupd/pass/account_snapshot.h"
#include "backupd/pass/admission.h"
#include "backupd/pass/commit_schedule.h"
#include "backupd/pass/folder_filter.h"
#include "backupd/pass/folder_rounds.h"
#include "backupd/pass/open_account.h"
#include "backupd/pass/restored_trees.h"
#include "backupd/pass/shared_store.h"
#include "backupd/pass/spare_sessions.h"
#include "backupd/pass/store_turn.h"
#include "backupd/report/pass_report.h"
#include "base/back_off.h"
#include "base/error.h"
#include "base/program/program.h"
#include "imap/shortcomings.h"

namespace backupd {

class AccountPass : private CommitSchedule::Participant {
 public:
  using Open = std::function<OpenAccount(const OpenOptions& options)>;

  // All must outlive it.
  AccountPass(const base::Environment& environment, const base::AccountConfig& account,
              const RestoredTrees& trees, const SharedStore& store);

  // Adds the account's snapshot to the writer's next commit. A lost connection is reopened, for as
  // long as the configuration allows, and the pass continues there. Whatever else is thrown, by
  // `open` too, ends this account with a reason in the report, and the folders that were finished
  // are in its snapshot (backupd/pass/containment.h). Errors of the store and this machine are
  // thrown. Call once.
  AccountReport run(const Open& open, SpareSessions& spares);

 private:
  void load();
  void pass_with_retries(const Open& open, SpareSessions& spares, StoreTurn& turn);
  void attempt(const Open& open, SpareSessions& spares, StoreTurn& turn);
  void read_while_listing(OpenAccount& account, SpareSessions& spares, StoreTurn& turn);
  void refuse_lost_inbox(const imap::ListGaps& gaps) const;
  std::optional<std::chrono::milliseconds> pause_after(const base::Error& error);
  bool list_carefully_after(const base::Error& error);
  bool do_without_after(const base::Error& error, SpareSessions& spares);
  void finish();
  void report_parked_folders();
  void end_with(const std::string& reason, std::optional<base::ErrorCode> code);
  void describe_end();
  void keep_finished_folders();

  // Adds a snapshot of everything known so far, including the open folder. May be called in
  // another account's turn: an error of this account does not end that one.
  void park() override;
  void add_snapshot(const FolderRecords& records, store::SnapshotStatus status);

  const base::Environment& environment_;
  const base::AccountConfig& account_;
  SharedStore store_;
  AccountReport report_;
  FolderFilter filter_;
  Admission admission_;
  AccountSnapshot snapshot_;
  FolderRounds rounds_;
  base::BackOff back_off_;
  std::shared_ptr<imap::WaitBudget> waits_;
  bool was_open_ = false;     // a login has succeeded
  bool is_expected_ = false;  // what the listing shows to be new is on the progress board
  ListingState listing_;
  imap::Shortcomings shortcomings_;  // of the server
  std::uint64_t most_done_ = 0;      // messages and folders when a connection was lost
};

}  // namespace backupd
