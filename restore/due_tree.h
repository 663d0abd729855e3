// The sweep of one due tree: reaching its account, and recording what became of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/mail/mailbox_identity.h"
#include "base/program/program.h"
#include "imap/account_opener.h"
#include "imap/session.h"
#include "restore/commands.h"
#include "restore/store_rescue.h"
#include "restore/sweep_report.h"
#include "restore/tree_account.h"
#include "restore/tree_sweeper.h"
#include "restore/unreachable_trees.h"
#include "store/format/location.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace restore {

// For one thread.
class DueTreeSweep {
 public:
  // All arguments must outlive it. `reader` is nullptr if the index can't be read: trees are swept
  // without it.
  DueTreeSweep(const base::Environment& environment, const SweepOptions& options,
               store::TreeRecords& records, store::Reader* reader, UnreachableTrees& unreachable);

  // Takes the tree's lock. Errors are logged, and are in the outcome. Returns nullopt if the tree
  // was extended or deleted since its record was listed.
  std::optional<TreeOutcome> sweep(const store::TreeRecord& listed);

 private:
  void sweep_locked(TreeOutcome& outcome);
  void sweep_with(imap::Session& session, const TreeAccount& found, TreeOutcome& outcome);
  void distrust_absence(TreeSweeper& sweeper, const store::TreeRecord& record,
                        const TreeAccount& found, const std::string& stranger) const;
  static void note_what_is_left(TreeOutcome& outcome);
  static std::optional<imap::Session> open(imap::AccountOpener& opener, const TreeAccount& found,
                                           TreeOutcome& outcome);
  void note_unreachable(TreeOutcome& outcome);
  void remove_record(const store::TreeRecord& record);
  std::string stranger_since(const store::TreeRecord& record, imap::Session& session);
  void note_change(const std::string& account, const base::MailboxChange& change) const;
  std::vector<store::TreeRecord> others_of(const store::TreeRecord& record) const;

  const base::Environment& environment_;
  const SweepOptions& options_;
  store::Location location_;
  StoreRescue rescue_;
  store::TreeRecords& records_;
  store::Reader* reader_;
  UnreachableTrees& unreachable_;
};

}  // namespace restore
