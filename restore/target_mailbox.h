// The mailbox that a run restores into, as its server shows it.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "imap/session.h"
#include "restore/plan.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace restore {

struct TargetMailbox {
  imap::Namespace personal;
  TargetNames names;
};

// `see` gets its INBOX, where the server lets it be opened. Fails as the session and `see` do.
TargetMailbox look_at_mailbox(imap::Session& session,
                              const std::function<void(const imap::OpenFolder& inbox)>& see);

// Fails with kRefused if the account's name was given to somebody else since: its INBOX is then
// another one than at the newest backup.
void refuse_stranger(store::Reader& reader, const std::string& account,
                     const imap::OpenFolder& inbox);

// A name for a new tree that no folder and none of the account's records has: the first that `name`
// gives of `time` and the seconds after it.
std::string free_tree_name(imap::Session& session, const TargetNames& names,
                           const std::vector<store::TreeRecord>& records,
                           std::chrono::sys_seconds time,
                           const std::function<std::string(std::chrono::sys_seconds)>& name);

}  // namespace restore
