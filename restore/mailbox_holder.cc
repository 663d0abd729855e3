#include "restore/mailbox_holder.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/reporting/acknowledgements.h"
#include "base/shell_quote.h"
#include "base/terminal.h"
#include "imap/mailbox_sight.h"
#include "restore/output.h"
#include "store/mailbox_history.h"

namespace restore {

base::Holder holder_of(const base::Environment& environment, store::Reader& reader,
                       std::span<const store::SnapshotInfo> snapshots, imap::Session& session,
                       const std::optional<imap::OpenFolder>& inbox) {
  base::MailboxObservation live;
  if (inbox) {
    live.inbox = {inbox->mailbox_id.value_or(""), inbox->uid_validity};
    live.has_mail = inbox->exists > 0;
  }
  const base::MailboxHistory history = store::mailbox_history(reader, snapshots);
  if (history.needs_others(live)) {
    live.others = imap::sight_of(session.list_personal_folders()).others;
  }
  const std::string account = snapshots.empty() ? "" : snapshots.front().account;
  const auto acknowledged =
      base::Acknowledgements::load(environment.files, environment.config.store);
  return history.judge(live, acknowledged.accepted_identities(account));
}

void note_mailbox_change(const base::Environment& environment, const std::string& account,
                         const base::MailboxChange& change) {
  base::Acknowledgements::change(environment.files, environment.config.store,
                                 [&](base::Acknowledgements& acknowledged) {
                                   acknowledged.note_mailbox_change(account, change);
                                 });
}

void refuse_changed_mailbox(const base::Environment& environment, store::Reader& reader,
                            const std::string& account, imap::Session& session,
                            const std::optional<imap::OpenFolder>& inbox) {
  // A bound on what a command may show must not hide whose mailbox this was.
  const auto change =
      holder_of(environment, reader, reader.snapshots_in_and_out_of_reach(account), session, inbox)
          .change;
  if (!change) return;
  note_mailbox_change(environment, account, *change);
  const std::string quoted = base::shell_quoted(account);
  const std::string acknowledge = "mailstow-backupd acknowledge " + quoted;
  const std::string to = "--to " + quoted;
  const std::string text = fmt::format(
      "restore: {}: a different mailbox under this name: INBOX is {}, it was {} in earlier "
      "backups: if "
      "it belongs to the same person, run `{}`; to restore into it anyway, add {}",
      base::escape_for_terminal(account), change->is.text(), change->was.text(), acknowledge, to);
  constexpr auto kCode = base::ErrorCode::kRefused;
  if (environment.format == base::OutputFormat::kJson) {
    // Replaces the document that the program would print for this error.
    print(environment.format,
          {{"error", {{"code", base::error_word(kCode)}, {"message", text}}},
           {"exit_status", base::exit_status(kCode)},
           {"account", account},
           {"inbox", {{"is", change->is.text()}, {"was", change->was.text()}}},
           {"ways_out",
            {{"same_person", acknowledge}, {"knowingly", "the same command with " + to}}}},
          "");
  }
  base::fail(kCode, "{}", text);
}

}  // namespace restore
