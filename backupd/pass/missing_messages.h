// Fetches the messages that a folder's draft lacks: in which order, which ones a second time, and
// which ones another day.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "backupd/pass/folder_fetch.h"
#include "backupd/pass/folder_sink.h"
#include "backupd/pass/pass_tools.h"
#include "imap/session.h"
#include "imap/uid_set.h"
#include "store/folder_draft.h"

namespace backupd {

class MissingMessages {
 public:
  // All must outlive it; `draft` and `counts` grow as messages come. `doubtful`: UIDs of messages
  // that a repair may have found damaged: the store's copy is not used for them.
  MissingMessages(const PassTools& tools, store::FolderDraft& draft, imap::UidSet doubtful,
                  FetchCounts& counts)
      : tools_(tools), draft_(draft), doubtful_(std::move(doubtful)), counts_(counts) {}

  // Messages that do not arrive are in FolderInfo::skipped, with a reason. Returns whether all were
  // tried: false if the day's budget was too small. Called with the turn; fails as the session and
  // the writer do, with the messages that came before in the draft.
  bool fetch(const imap::OpenFolder& open, const imap::UidSet& wanted);

  // All messages of a small folder, of which the draft has none: those that arrive are in the draft
  // and the others are missing, without a reason. Called with the turn; fails as fetch() does.
  void fetch_at_once(const imap::OpenFolder& open);

  // The messages that neither came nor were found by a search. Usually they were expunged.
  std::uint64_t gone() const { return gone_; }
  // All that the last of these searches found; empty: there was no search.
  const imap::UidSet& found() const { return found_; }

 private:
  FolderSink sink();
  FetchSource source(const imap::OpenFolder& open) const;
  using Fetch = std::function<imap::FetchAnswer(const imap::UidSet& uids)>;
  imap::UidSet adopt_known(FolderSink& sink, const imap::UidSet& wanted);
  imap::UidSet affordable(const imap::UidSet& uids);
  imap::UidSet only_existing(const imap::UidSet& uids);
  static void fetch_carefully(const imap::UidSet& uids, const imap::UidSet& places,
                              const imap::UidSet& last, const Fetch& fetch);
  std::string fetch_apart(const imap::UidSet& uids, const Fetch& fetch);

  const PassTools& tools_;
  store::FolderDraft& draft_;
  imap::UidSet doubtful_;
  FetchCounts& counts_;
  std::uint64_t gone_ = 0;
  imap::UidSet found_;
};

}  // namespace backupd
