// Further connections to an account that is under way, for folders that one is not enough for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backupd/pass/account_queue.h"
#include "base/config/config.h"
#include "imap/session.h"

namespace backupd {

// Closed before its place is given back.
struct SpareSession {
  AccountQueue::Spare place;
  std::optional<imap::Session> session;  // once it is open
};

// Opened when they are first used, and kept from folder to folder: a login takes as long as some
// hundred messages. One thread at a time, but for open().
class SpareSessions {
 public:
  // All must outlive it.
  SpareSessions(AccountQueue& queue, const base::Config& config,
                const base::AccountConfig& account);
  SpareSessions(const SpareSessions&) = delete;
  SpareSessions& operator=(const SpareSessions&) = delete;
  ~SpareSessions() = default;  // as drop()

  // As many as are wanted, or fewer: no more than the server's connections_per_account allows
  // beside the first, and none while other accounts wait for the server.
  std::vector<SpareSession> take(unsigned wanted);

  // The session with the folder open to this generation; null, and the session is gone, where that
  // can't be. Any thread.
  imap::Session* open(SpareSession& spare, const std::string& raw_name,
                      std::uint32_t uid_validity) const;

  // Those that are open wait for the next folder.
  void give_back(std::vector<SpareSession> spares);

  // Logs out of those that wait; a request to stop ends that, like any exchange with a server.
  void log_out();

  // Lets go of those that wait without a word: for when the server is not to be waited for.
  void drop();

 private:
  AccountQueue& queue_;
  const base::ServerConfig& server_;
  const base::AccountConfig& account_;
  std::vector<SpareSession> idle_;
};

}  // namespace backupd
