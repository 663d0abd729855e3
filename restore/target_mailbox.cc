#include "restore/target_mailbox.h"

#include <algorithm>

#include "base/error.h"
#include "imap/folder_name.h"

namespace restore {

TargetMailbox inspect_mailbox(imap::Session& session) {
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
  try {
    mailbox.inbox = session.examine(imap::kInbox);
    // Dovecot and Cyrus report no permanent flags for a folder that is open read-only.
    if (!mailbox.inbox->permanent_flags.empty()) names.inbox = mailbox.inbox;
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
  }
  return mailbox;
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
