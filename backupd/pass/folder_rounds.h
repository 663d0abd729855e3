// Passes an account's folders in rounds, until a listing shows that all of them held at one moment:
// a message that moves between two folders during a round may be missed in both.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backupd/pass/admission.h"
#include "backupd/pass/daily_budget.h"
#include "backupd/pass/departures.h"
#include "backupd/pass/folder_failures.h"
#include "backupd/pass/folder_filter.h"
#include "backupd/pass/folder_pass.h"
#include "backupd/pass/folder_records.h"
#include "backupd/pass/folders_ahead.h"
#include "backupd/pass/known_messages.h"
#include "backupd/pass/pass_tools.h"
#include "backupd/pass/shared_store.h"
#include "backupd/pass/spare_reader.h"
#include "backupd/pass/stumbles.h"
#include "backupd/pass/unlisted_folders.h"
#include "backupd/report/pass_report.h"
#include "imap/session.h"
#include "imap/wait_budget.h"

namespace backupd {

// One account's, for all attempts of its pass. Called with the turn at the store.
class FolderRounds {
 public:
  // All must outlive it. `report` gets the counts of messages as they come.
  FolderRounds(const SharedStore& store, const FolderFilter& filter, Admission& admission,
               AccountReport& report);

  // `last`: the records of the newest snapshot; `waits` must outlive this. Before anything else.
  void begin(const FolderRecords& last, DailyBudget budget, imap::WaitBudget& waits);

  // Reports on the progress board what the listing shows to be new.
  void expect(const std::vector<imap::Folder>& listed);

  // Before run(), in a first backup, while another session lists the folders: `next` returns the
  // next ones, or nothing at the end, and is called with the turn. Ends early once the folders of
  // one call had much mail: the server waits for the other session, too. Fails as run() does.
  void read_while_listing(imap::Session& session, SpareSessions& spares, StoreTurn& turn,
                          std::chrono::sys_seconds now,
                          const std::function<std::vector<imap::Folder>()>& next);

  // Fails as FolderPass::run() does, except that a folder which the server refuses to open becomes
  // an unreadable one.
  void run(imap::Session& session, SpareSessions& spares, StoreTurn& turn,
           const std::vector<imap::Folder>& listed, std::chrono::sys_seconds now);

  // After run() failed: the next attempt continues after the passed folders.
  void keep_progress();

  // After run() failed in a way that leaves the open folder in doubt: it stays as it was recorded,
  // as an unreadable folder if the failure was over it. The next backup tries that one last.
  void drop_open_folder();

  // Everything known so far: the folders of this round, including the open one, and the others as
  // they were.
  FolderRecords so_far();
  bool has_begun() const { return has_begun_; }  // a folder was opened

  // The records of the last snapshot, of the round before, or of the attempt before.
  const FolderRecords& last() const { return last_; }

  // The records that run() made.
  const FolderRecords& records() const { return current_; }
  bool is_whole() const { return current_.are_whole(); }  // every message of every folder
  // Whether folders still changed after the last round.
  bool is_moving() const { return !changes_.empty(); }
  std::size_t parked_folders() const { return parked_.size(); }  // the day's budget was too small
  Departures& departures() { return departures_; }
  DailyBudget& daily_budget() { return *daily_budget_; }

  // Messages and folders: a measure of progress. If UIDs are no longer valid in the next attempt,
  // the same messages come again, and it does not grow.
  std::uint64_t done() const { return passed_.size() + failures_.given_up() + last_.messages(); }

  // Which folders changed after the last round, and how: the reasons for is_moving().
  const std::vector<std::string>& changes() const { return changes_; }

 private:
  struct Round;
  // A session, and what is requested ahead in it.
  struct Reader {
    const PassTools& tools;
    FoldersAhead& ahead;
  };

  PassTools tools_for(imap::Session& session, SpareSessions& spares, StoreTurn& turn,
                      std::chrono::sys_seconds now);
  bool pass_once(const PassTools& tools, const std::vector<imap::Folder>& listed, bool first_round);
  void close(Round& round);
  bool pass_at(Round& round, std::size_t at);
  bool read_at(Round& round, std::size_t at, const store::FolderRecord* last);
  bool is_up_to_date(const imap::Folder& folder, const store::FolderRecord* last, bool first_round,
                     std::chrono::sys_seconds now) const;
  FoldersAhead::Turn turn_of(const PassTools& tools, const imap::Folder& folder,
                             bool first_round) const;
  std::vector<imap::Folder> list(const PassTools& tools);
  // Adds folders that exist although LIST does not show them.
  void complete(const PassTools& tools, std::vector<imap::Folder>& listed);
  void compare_with(const std::vector<imap::Folder>& at_the_end);
  store::FolderRecord pass_folder(const Reader& reader, const imap::Folder& folder,
                                  const store::FolderRecord* last, Reading reading);
  store::FolderRecord read(const Reader& reader, const imap::Folder& folder,
                           const store::FolderRecord* last);
  void count(const imap::Folder& folder, const FolderPass& pass);
  const store::FolderRecord* last_of(const imap::Folder& folder) const;
  KnownMessages* known(std::uint64_t wanted);
  void blame(const imap::Folder& folder, const std::string& why);
  void warn(const std::string& line);
  void keep_unlisted(const imap::ListGaps& gaps);
  store::FolderRecord given_up(const imap::Folder& folder, const store::FolderRecord* last,
                               const std::string& failure);

  SharedStore store_;
  const FolderFilter& filter_;
  Admission& admission_;
  AccountReport& report_;
  FolderRecords last_;
  FolderRecords current_;                  // of this round, so far
  std::optional<FolderPass> folder_pass_;  // open, or ended early
  struct Blamed {
    imap::Folder folder;
    std::string why;
  };
  std::optional<Blamed> blamed_;  // if the pass has ended: over this
  bool has_begun_ = false;
  std::set<std::string, std::less<>> passed_;        // raw names
  std::set<std::string, std::less<>> had_arrivals_;  // likewise: FolderPass::has_arrivals()
  std::map<std::string, std::uint32_t, std::less<>> refused_;  // with the UIDVALIDITY listed
  std::set<std::string, std::less<>> parked_;    // raw names: the day's budget was too small
  std::set<std::string, std::less<>> unlisted_;  // raw names: kept although LIST lacks them
  std::set<std::string, std::less<>> warned_;    // by warn()
  std::vector<std::string> changes_;             // see changes()
  bool has_read_early_ = false;                  // before the list was complete
  FolderFailures failures_;
  FoldersAhead ahead_;
  UnlistedFolders asked_;
  Departures departures_;
  KnownMessages known_;
  Stumbles stumbles_;
  std::optional<DailyBudget> daily_budget_;  // from begin() on
  imap::WaitBudget* waits_ = nullptr;        // likewise
};

}  // namespace backupd
