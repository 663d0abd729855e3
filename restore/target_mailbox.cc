#include "restore/target_mailbox.h"

#include <algorithm>

#include "base/error.h"
#include "base/terminal.h"
#include "imap/folder_name.h"

namespace restore {

TargetMailbox look_at_mailbox(imap::Session& session,
                              const std::function<void(const imap::OpenFolder& inbox)>& see) {
  const imap::Namespaces namespaces = session.namespaces();
  TargetMailbox mailbox;
  if (!namespaces.personal.empty()) mailbox.personal = namespaces.personal.front();
  TargetNames& names = mailbox.names;
  names.personal_prefix = mailbox.personal.prefix;
  names.delimiter = mailbox.personal.delimiter.value_or('\0');
  for (const auto* others : {&namespaces.other_users, &namespaces.shared}) {
    for (const imap::Namespace& other : *others) names.other_prefixes.push_back(other.prefix);
  }
  names.append_limit = session.capabilities().append_limit();
  bool is_inbox_open = false;
  try {
    // Dovecot and Cyrus say of a folder that is open for reading only that it keeps no flag.
    const imap::OpenFolder inbox = session.examine(imap::kInbox);
    is_inbox_open = true;
    see(inbox);
    if (!inbox.permanent_flags.empty()) names.inbox = inbox;
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused || is_inbox_open) throw;
  }
  return mailbox;
}

void refuse_stranger(store::Reader& reader, const std::string& account,
                     const imap::OpenFolder& inbox) {
  const auto newest = inbox.mailbox_id ? reader.newest_snapshot(account) : std::nullopt;
  if (!newest) return;
  for (const store::FolderRecord& folder : reader.folders(*newest)) {
    const std::string& known = folder.info.mailbox_id;
    if (folder.info.raw_name != imap::kInbox || known.empty() || known == *inbox.mailbox_id) {
      continue;
    }
    base::fail(base::ErrorCode::kRefused,
               "restore: {0}: another mailbox under this name: INBOX is MAILBOXID {1}, it was {2} "
               "at the newest backup: if it is the same person's, say so by --to {0}, or by "
               "mailstow-backupd acknowledge and a backup",
               base::escape_for_terminal(account), base::escape_for_terminal(*inbox.mailbox_id),
               base::escape_for_terminal(known));
  }
}

std::string free_tree_name(imap::Session& session, const TargetNames& names,
                           const std::vector<store::TreeRecord>& records,
                           std::chrono::sys_seconds time,
                           const std::function<std::string(std::chrono::sys_seconds)>& name) {
  for (;; time += std::chrono::seconds(1)) {
    std::string shown = name(time);
    const std::string raw = imap::raw_folder_name(shown, names.delimiter, names.personal_prefix);
    const bool is_recorded =
        std::ranges::find(records, raw, &store::TreeRecord::raw_name) != records.end();
    if (!is_recorded && session.list(raw).empty()) return shown;
  }
}

}  // namespace restore
