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
  std::optional<imap::OpenFolder> inbox;  // nothing: the server does not let it be opened
  TargetNames names;
};

// Fails as the session does.
TargetMailbox look_at_mailbox(imap::Session& session);

// A name for a new tree that no folder and none of the account's records has: the first that `name`
// gives of `time` and the seconds after it.
std::string free_tree_name(imap::Session& session, const TargetNames& names,
                           const std::vector<store::TreeRecord>& records,
                           std::chrono::sys_seconds time,
                           const std::function<std::string(std::chrono::sys_seconds)>& name);

}  // namespace restore
