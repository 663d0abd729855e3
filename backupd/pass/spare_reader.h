// A further connection that reads small folders next to the account's first one. A server carries
// out the commands of one connection on one processor, and a first backup of many thousands of
// folders waits for nothing else.
//
// Both connections request folders ahead, each those that the other one has not requested, and all
// are read on one thread, in the order of the list. The further one has to prove its order, too. If
// it is lost, or can't prove that, the first one reads its folders: those that it has requested
// itself come first, so that none of them is requested twice.
#pragma once

#include <cstddef>
#include <optional>
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
  // Both must outlive this. `first`: what the first session requests ahead.
  SpareReader(const PassTools& tools, FoldersAhead& first) : tools_(tools), first_(first) {}

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

  // Lines of the server that were not understood, for the report; after finish().
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  bool open(const std::vector<imap::Folder>& folders, std::size_t at,
            const FoldersAhead::TurnOf& turn_of);
  void drop(std::vector<imap::Folder>& folders, std::size_t at);
  void give_back();
  void close();

  const PassTools& tools_;
  FoldersAhead& first_;
  bool is_over_ = false;      // no connection is opened any more
  std::size_t next_try_ = 0;  // the first folder before which one may be opened
  std::optional<SpareSession> spare_;
  std::optional<SpareSessions::Hold> hold_;  // while it is open
  imap::Session* session_ = nullptr;         // that of spare_; null: not open
  std::optional<FoldersAhead> ahead_;        // while it is open
  std::optional<PassTools> own_tools_;       // likewise
  std::vector<std::string> warnings_;
};

}  // namespace backupd
