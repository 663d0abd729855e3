// One folder of one pass: what is on the server becomes the folder's next record.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "backupd/pass/admission.h"
#include "backupd/pass/daily_budget.h"
#include "backupd/pass/folder_sink.h"
#include "backupd/pass/spare_sessions.h"
#include "backupd/pass/store_turn.h"
#include "backupd/pass/stumbles.h"
#include "imap/session.h"
#include "imap/uid_set.h"
#include "store/folder_draft.h"
#include "store/writer.h"

namespace backupd {

// Every folder is scanned in full at least this often, whatever its modification sequence says.
inline constexpr std::chrono::days kFullScanInterval{7};

// Whether the server's status says that nothing in the folder differs from `last` (design rule:
// UIDVALIDITY, UIDNEXT, MESSAGES and HIGHESTMODSEQ are all known and equal, nothing was left over,
// and the last full scan is not too long ago).
bool is_unchanged(const imap::Folder& folder, const store::FolderRecord& last,
                  std::chrono::sys_seconds now);

// Attributes that tell something of the folder itself, not of the moment (\Marked, \HasChildren).
std::vector<std::string> lasting_attributes(const imap::Folder& folder);

// Who is told of a folder while it is passed, with the turn at the store.
class FolderObserver {
 public:
  FolderObserver() = default;
  FolderObserver(const FolderObserver&) = delete;
  FolderObserver& operator=(const FolderObserver&) = delete;
  virtual ~FolderObserver() = default;

  // From now on the draft is marked kInProgress, and may be sealed whenever it is somebody's turn.
  virtual void opened(store::FolderDraft& draft) = 0;

  virtual void message_stored(std::uint64_t bytes) = 0;

  // The draft is no more. `sealed`: what it came to if the connection is lost, so that no more will
  // come; else nothing.
  virtual void closed(std::optional<store::FolderRecord> sealed) = 0;
};

// What every folder of an account's pass works with.
struct PassTools {
  imap::Session& session;
  SpareSessions& spares;
  store::Writer& writer;
  StoreTurn& turn;
  PipeBudget& budget;
  std::chrono::sys_seconds now;
  Departures& departures;
  Stumbles& stumbles;
  DailyBudget& daily_budget;
  Admission& admission;
  // The messages that the account had and has, if it is worth while to look through them for
  // `wanted` ones; else null.
  std::function<KnownMessages*(std::uint64_t wanted)> known;
};

class FolderPass {
 public:
  FolderPass(const PassTools& tools, FolderObserver& observer);

  // `last`: its latest record, or none. The new one is in progress where the day's budget was too
  // small, or, with a reason in FolderInfo::trouble, where the server contradicts itself about
  // which messages there are: then it keeps all that was recorded, and has no new baseline. Called
  // with the turn, which is given up while the server is waited for. Fails with kRefused if the
  // server does not open it, and as the session and the writer do.
  store::FolderRecord run(const imap::Folder& folder, const store::FolderRecord* last);

  // So far; also after a failure.
  const FetchCounts& counts() const { return counts_; }

 private:
  void update(store::FolderDraft& draft, const imap::Folder& folder, const imap::OpenFolder& open);
  std::string why_not_empty(const imap::Folder& folder, const imap::UidSet& on_server) const;
  void update_left_out(store::FolderDraft& draft, const imap::UidSet& left_out);
  static void apply_states(store::FolderDraft& draft,
                           const std::vector<imap::MessageItems>& states);
  store::FolderDraft begin(const imap::Folder& folder, const imap::OpenFolder& open,
                           const store::FolderRecord* last);
  imap::UidSet update_states(store::FolderDraft& draft, const imap::OpenFolder& open,
                             std::optional<std::uint64_t> changed_since);
  imap::UidSet search_all();
  imap::OpenFolder open(const imap::Folder& folder, const store::FolderRecord* last);
  imap::UidSet apply_changes(store::FolderDraft& draft, const imap::OpenFolder& open,
                             const imap::UidSet& skipped);
  imap::UidSet affordable(const imap::UidSet& uids);
  imap::UidSet adopt_known(FolderSink& sink, const std::string& raw_name,
                           const imap::UidSet& wanted);
  void fetch(store::FolderDraft& draft, const imap::OpenFolder& open, const imap::UidSet& wanted);
  using Fetch = std::function<imap::FetchAnswer(const imap::UidSet& uids)>;
  static void fetch_carefully(const imap::UidSet& uids, const imap::UidSet& places,
                              const imap::UidSet& last, const Fetch& fetch);
  std::string fetch_apart(store::FolderDraft& draft, const imap::UidSet& uids, const Fetch& fetch);

  PassTools tools_;
  FolderObserver& observer_;
  std::optional<imap::Session::Changes> changes_;  // since the last time, if QRESYNC told
  imap::UidSet recorded_;                          // what the draft had when it was begun
  FetchCounts counts_;
  imap::UidSet doubtful_;  // a repair may have found these damaged
  bool is_whole_ = true;   // false: the day's budget was too small
};

}  // namespace backupd
