#include "restore/target_mailbox.h"

#include <algorithm>

#include "base/error.h"
#include "base/glob.h"
#include "base/terminal.h"
#include "imap/folder_name.h"

namespace restore {

imap::Namespace personal_namespace(imap::Session& session) {
  const imap::Namespaces namespaces = session.namespaces();
  imap::Namespace personal;
  if (!namespaces.personal.empty()) personal = namespaces.personal.front();
  for (const char* pattern : {"", "%"}) {
    if (personal.delimiter) break;
    for (const imap::Folder& folder : session.list(pattern)) {
      if (!personal.delimiter) personal.delimiter = folder.delimiter;
    }
  }
  return personal;
}

TargetMailbox inspect_mailbox(imap::Session& session, const std::string& account) {
  const imap::Namespaces namespaces = session.namespaces();
  TargetMailbox mailbox;
  TargetNames& names = mailbox.names;
  try {
    mailbox.inbox = session.examine(imap::kInbox);
    // Dovecot and Cyrus report no permanent flags for a folder that is open read-only.
    if (!mailbox.inbox->permanent_flags.empty()) names.inbox = mailbox.inbox;
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
    if (session.list("%").empty()) {
      base::fail(base::ErrorCode::kRefused,
                 "restore: {}: the account has no mailbox on the server ({}): check its user name, "
                 "or create the mailbox there",
                 base::escape_for_terminal(account), error.what());
    }
  }
  mailbox.personal = personal_namespace(session);
  names.personal_prefix = mailbox.personal.prefix;
  names.delimiter = mailbox.personal.delimiter.value_or('\0');
  for (const auto* others : {&namespaces.other_users, &namespaces.shared}) {
    for (const imap::Namespace& other : *others) names.other_prefixes.push_back(other.prefix);
  }
  names.append_limit = session.capabilities().append_limit();
  return mailbox;
}

std::string free_tree_name(imap::Session& session, const TargetNames& names,
                           const std::vector<store::TreeRecord>& records,
                           std::chrono::sys_seconds time,
                           const std::function<std::string(std::chrono::sys_seconds)>& name) {
  const std::string first = name(time);
  std::string shown = first;
  for (int tries = 0; tries < kMaxTreeNames; ++tries, time += std::chrono::seconds(1)) {
    shown = name(time);
    const std::string raw = imap::raw_folder_name(shown, names.delimiter, names.personal_prefix);
    const bool is_recorded = std::ranges::any_of(records, [&](const store::TreeRecord& record) {
      return base::is_same_folder(record.raw_name, raw, names.delimiter);
    });
    if (!is_recorded && session.list(raw).empty()) return shown;
  }
  base::fail(base::ErrorCode::kRefused,
             "restore: no free name for the tree: folders from {} to {} exist, or the server lists "
             "any folder that is requested: check the account there, or change restore.tree",
             base::escape_for_terminal(first), base::escape_for_terminal(shown));
}

}  // namespace restore
