// A further connection that reads small folders next to the account's first one. A server carries
// out the commands of one connection on one processor, and a first backup of many thousands of
// folders waits for nothing else.
//
// Both connections request folders ahead, each those that the other one has not requested, and all
// are read on one thread, in the order of the list. The further one has to prove its order, too. If
// it is lost, or can't prove that, the first one reads its folders: those that it has requested
// itself come first, so that none of them is requested twice.
//
// Near the end of the round the first one lists the folders for the next round meanwhile. A list is
// not of one moment: a message may move from a folder whose line is still to come to one whose line
// was sent. So the list counts only if all folders that were read after it was requested are as the
// list before had shown them. Then none of them changed in between, the others are as the new list
// shows them, and all held when it was requested.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backupd/pass/folders_ahead.h"
#include "backupd/pass/pass_tools.h"
#include "backupd/pass/spare_sessions.h"
#include "base/error.h"
#include "imap/folder.h"
#include "imap/session.h"

namespace backupd {

// For one round. Called with the turn.
class SpareReader {
 public:
  enum class AtTheEnd { kListsFolders, kOnlyReads };

  // Of the list for the next round. Without sizes: change_of(), which compares what was passed,
  // does not use them.
  static constexpr auto kNextDetail = imap::ListDetail::kChanges;

  // Both must outlive this. `first`: what the first session requests ahead.
  SpareReader(const PassTools& tools, FoldersAhead& first, AtTheEnd at_the_end)
      : tools_(tools),
        first_(first),
        listing_(at_the_end == AtTheEnd::kListsFolders ? Listing::kLater : Listing::kOver) {}

  // Before the folder at `at` is passed: requests it and some that follow over both connections,
  // and opens the further one if that is worth it. Returns false if it was dropped instead.
  bool request(std::vector<imap::Folder>& folders, std::size_t at,
               const FoldersAhead::TurnOf& turn_of);

  // After request(): the folder is to be read with tools() and ahead().
  bool has_requested(const imap::Folder& folder) const {
    return session_ != nullptr && ahead_->has_requested(folder);
  }
  const PassTools& tools() const { return own_tools_.value(); }
  FoldersAhead& ahead() { return ahead_.value(); }

  // Before the first connection reads the folder: a large one is fetched over this one, too.
  void make_room_for(const imap::Folder& folder);

  // After an error of this connection: drops it, unless the error concerns the first one as well,
  // for which it returns false. No other one is opened, and the folders from `at` on have another
  // order.
  bool drop_after(const base::Error& error, std::vector<imap::Folder>& folders, std::size_t at);

  // After the last folder: keeps the connection for others. Fails as the session does.
  void finish();

  // Those of the round's folders that were passed after the first session had requested the list
  // that it will return next.
  std::span<const imap::Folder> passed_after_list(const std::vector<imap::Folder>& folders) const {
    return std::span(folders).subspan(first_after_list_.value_or(folders.size()));
  }

  // Lines of the server that were not understood, for the report; after finish().
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  bool open(const std::vector<imap::Folder>& folders, std::size_t at,
            const FoldersAhead::TurnOf& turn_of);
  // Near the end: begins the list and receives what there is of it. Returns whether the first
  // session is needed for that, and must not read.
  bool list_meanwhile(const std::vector<imap::Folder>& folders, std::size_t at,
                      const FoldersAhead::TurnOf& turn_of);
  void forget_list();
  void drop(std::vector<imap::Folder>& folders, std::size_t at);
  void give_back();
  void close();

  // The state of the list that the first session requests.
  enum class Listing {
    kLater,
    kNext,  // once everything that it has requested ahead is read
    kUnderWay,
    kOver,
  };

  const PassTools& tools_;
  FoldersAhead& first_;
  Listing listing_;
  std::optional<std::size_t> first_after_list_;  // the first folder passed after it was requested
  bool is_over_ = false;                         // no connection is opened any more
  std::size_t next_try_ = 0;                     // the first folder before which one may be opened
  std::optional<SpareSession> spare_;
  std::optional<SpareSessions::Hold> hold_;  // while it is open
  imap::Session* session_ = nullptr;         // that of spare_; null: not open
  std::optional<FoldersAhead> ahead_;        // while it is open
  std::optional<PassTools> own_tools_;       // likewise
  std::vector<std::string> warnings_;
};

}  // namespace backupd
