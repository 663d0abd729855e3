// One folder of one pass: what is on the server becomes the folder's next record.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "backupd/pass/folder_sink.h"
#include "backupd/pass/folders_ahead.h"
#include "backupd/pass/pass_tools.h"
#include "backupd/pass/reused_uids.h"
#include "imap/session.h"
#include "imap/uid_set.h"
#include "store/folder_draft.h"
#include "store/writer.h"

namespace backupd {

class FolderPass {
 public:
  explicit FolderPass(const PassTools& tools) : tools_(tools) {}

  // `last`: its latest record, or none. The new one is in progress where the day's budget was too
  // small, or, with a reason in FolderInfo::trouble, where the server contradicts itself about
  // which messages there are: then it keeps all that was recorded, and has no new baseline. Called
  // with the turn, which is given up during waits for the server. Fails with kRefused if the
  // server does not open it, and as the session and the writer do. With Reading::kAtOnce, only a
  // returned record is kept, and FoldersAhead::accepts() decides about that.
  store::FolderRecord run(const imap::Folder& folder, const store::FolderRecord* last,
                          Reading reading);

  // The record of the folder so far, for a snapshot in the middle of run(), or after the connection
  // was lost or the program was asked to stop. Returns nullopt before the folder was opened, for
  // Reading::kAtOnce, and where run() failed for another reason. Called with the turn.
  std::optional<store::FolderRecord> so_far();

  // So far; also after a failure.
  const FetchCounts& counts() const { return counts_; }

  // Whether the record has a message that arrived after the folder was opened: the record is then
  // not of one moment.
  bool has_arrivals() const { return has_arrivals_; }

  // Oddities in the server's answers, for the report; also after a failure.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  void update(const imap::Folder& folder, const imap::OpenFolder& open);
  store::FolderRecord close();
  void leave(bool is_to_be_kept);
  bool is_read_at_once(const imap::OpenFolder& open) const;
  imap::UidSet fetch_at_once(const imap::OpenFolder& open);
  std::string why_not_empty(const imap::Folder& folder, const imap::UidSet& on_server) const;
  std::string fetch_missing(const imap::OpenFolder& open, const imap::UidSet& skipped,
                            const imap::UidSet& on_server, bool& are_all_tried);
  void update_left_out(const imap::UidSet& left_out);
  void correct_date(const store::MessageEntry& entry, const imap::MessageItems& items);
  void apply_states(const std::vector<imap::MessageItems>& states);
  bool went_back(const imap::OpenFolder& open);
  void replace(const imap::UidSet& uids);
  enum class Sample { kSame, kOther, kUnknown };
  Sample fetch_sample(const imap::OpenFolder& open, const imap::UidSet& skipped, base::Uid uid);
  void compare_dates(const imap::OpenFolder& open, const imap::UidSet& skipped);
  void compare_doubtful(const imap::OpenFolder& open, const imap::UidSet& skipped);
  store::FolderDraft begin(const imap::Folder& folder, const imap::OpenFolder& open,
                           const store::FolderRecord* last);
  bool scan_identities(const std::function<void(const imap::MessageItems&)>& take);
  imap::UidSet update_states(const imap::OpenFolder& open,
                             std::optional<std::uint64_t> changed_since);
  imap::OpenFolder open(const imap::Folder& folder, const store::FolderRecord* last);
  imap::UidSet apply_changes(const imap::OpenFolder& open, const imap::UidSet& skipped);
  bool are_new_uids_told(const imap::OpenFolder& open, std::uint32_t old_uid_next,
                         const imap::UidSet& on_server) const;

  PassTools tools_;
  std::optional<store::FolderDraft> draft_;        // while the folder is open
  std::optional<store::FolderRecord> was_left_;    // the draft, where run() ended early
  std::optional<imap::Session::Changes> changes_;  // since the last time, if the server has QRESYNC
  imap::UidSet recorded_;                          // what the draft had when it was begun
  imap::UidSet fetched_;                           // at once
  Reading reading_ = Reading::kStepByStep;
  bool has_arrivals_ = false;
  bool is_scan_wanted_ = false;  // STATUS showed that UIDs may be used again
  ReusedUids reused_;
  std::string scan_refusal_;      // why a scan ended early
  bool is_date_reliable_ = true;  // false: one message has had several dates
  FetchCounts counts_;
  std::vector<std::string> warnings_;
};

}  // namespace backupd
