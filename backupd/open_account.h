// An account that is logged in to, and what its server said of its folders.
#pragma once

#include <chrono>
#include <functional>
#include <string_view>
#include <vector>

#include "backupd/account_queue.h"
#include "base/clock.h"
#include "base/config.h"
#include "imap/folder.h"
#include "imap/session.h"

namespace backupd {

struct OpenAccount {
  imap::Session session;
  imap::Namespaces namespaces;
  std::vector<imap::Folder> folders;  // as Session::list_personal_folders() gave them
  std::chrono::sys_seconds listed{};  // just before
};

// `personal_prefix`: of the last time. Fails as imap::open_account() and the session do.
OpenAccount open_and_list(const base::Config& config, const base::AccountConfig& account,
                          const base::Clock& clock, std::string_view personal_prefix);

// One more connection to an account. Closed before its place is given back.
struct SpareSession {
  AccountQueue::Spare place;
  imap::Session session;
};

// As many as are wanted, or fewer. Any thread.
using SpareSessions = std::function<std::vector<SpareSession>(unsigned wanted)>;

// No more than the server's connections_per_account allows beside the first.
std::vector<SpareSession> open_spares(AccountQueue& queue, const base::Config& config,
                                      const base::AccountConfig& account, unsigned wanted);

}  // namespace backupd
