// The mailbox that a run restores into, as its server shows it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "imap/session.h"
#include "restore/plan.h"
#include "store/tree_record.h"

namespace restore {

struct TargetMailbox {
  imap::Namespace personal;
  std::optional<imap::OpenFolder> inbox;  // nullopt: the server refuses to open it
  TargetNames names;
};

// Fails as the session does, and with kRefused if the account has no mailbox on the server.
// `account`: its name, for messages.
TargetMailbox inspect_mailbox(imap::Session& session, const std::string& account);

// The account's personal namespace. A delimiter that NAMESPACE does not report is that of LIST.
imap::Namespace personal_namespace(imap::Session& session);

// A name for a new tree that no folder and no record of the account has. Tries `name` for `time`,
// then for each second after it. Fails with kRefused if kMaxTreeNames of them are taken.
inline constexpr int kMaxTreeNames = 60;
std::string free_tree_name(imap::Session& session, const TargetNames& names,
                           const std::vector<store::TreeRecord>& records,
                           std::chrono::sys_seconds time,
                           const std::function<std::string(std::chrono::sys_seconds)>& name);

}  // namespace restore
