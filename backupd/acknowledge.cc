#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/commands.h"
#include "backupd/report/alarms.h"
#include "base/error.h"
#include "base/glob.h"
#include "base/json_text.h"
#include "base/nearest.h"
#include "base/reporting/acknowledgements.h"
#include "base/terminal.h"
#include "imap/folder_name.h"
#include "store/account_suggestion.h"
#include "store/format/location.h"
#include "store/mailbox_history.h"
#include "store/reader.h"

namespace backupd {

namespace {

store::SnapshotInfo newest(const base::Config& config, store::Reader& reader,
                           const std::string& account) {
  if (const auto snapshot = reader.newest_snapshot(account)) return *snapshot;
  base::fail(base::ErrorCode::kNotFound, "acknowledge {}: the store has no snapshots of it{}",
             base::escape_for_terminal(account),
             store::account_suggestion(config, &reader, account));
}

// Fails unless the message is among those that the newest snapshot skipped.
std::string accept_skip(store::Reader& reader, const store::SnapshotInfo& snapshot,
                        const AcknowledgeOptions& command, base::Acknowledgements& acknowledged) {
  const base::Uid uid{*command.uid};
  for (const store::FolderRecord& folder : reader.folders(snapshot)) {
    const std::string name = imap::shown_folder_name(folder.info.raw_name, folder.info.delimiter,
                                                     snapshot.personal_prefix);
    if (!base::is_same_folder(name, command.folder, '/')) continue;
    for (const store::SkippedMessage& skipped : folder.info.skipped) {
      if (skipped.uid != uid) continue;
      acknowledged.accept_skip(command.account, name, folder.info.uid_validity, uid);
      return fmt::format("{}, UID {}: {}: no longer reported as a problem",
                         base::escape_for_terminal(name), uid.value,
                         base::escape_for_terminal(skipped.reason));
    }
  }
  base::fail(base::ErrorCode::kNotFound,
             "acknowledge {}: {}, UID {}: no such message was skipped in the newest snapshot",
             base::escape_for_terminal(command.account), base::escape_for_terminal(command.folder),
             uid.value);
}

// A change of an account's mailbox that waits to be acknowledged.
struct PendingChange {
  base::MailboxChange change;
  // All identities that INBOX ever had, including the present one.
  std::vector<base::MailboxIdentity> identities;
};

std::optional<PendingChange> pending_change(store::Reader& reader, const std::string& account,
                                            const base::Acknowledgements& acknowledged) {
  const base::MailboxHistory history = store::mailbox_history(reader, reader.snapshots(account));
  auto change = acknowledged.mailbox_change(account);
  // The snapshots still show a change whose note was lost with the index.
  if (!change) change = history.judge({}, acknowledged.accepted_identities(account)).change;
  if (!change) return std::nullopt;
  PendingChange pending{*change, history.identities()};
  pending.identities.push_back(change->was);
  pending.identities.push_back(change->is);
  return pending;
}

std::string accept_change(const std::string& account, const PendingChange& pending,
                          base::Acknowledgements& acknowledged) {
  acknowledged.accept_mailbox_change(account, pending.identities);
  return fmt::format("its INBOX is {}, no longer {}: accepted as the same person's",
                     pending.change.is.text(), pending.change.was.text());
}

std::vector<std::string> accept_all_of(const base::Environment& environment, store::Reader& reader,
                                       const AcknowledgeOptions& command) {
  const base::Config& config = environment.config;
  const store::SnapshotInfo snapshot = newest(config, reader, command.account);
  std::vector<std::string> accepted;
  base::Acknowledgements::change(
      environment.files, config.store, [&](base::Acknowledgements& acknowledged) {
        if (command.uid) {
          accepted.push_back(accept_skip(reader, snapshot, command, acknowledged));
          return;
        }
        const auto deletion = newest_mass_deletion(reader.snapshots(command.account), config.guards,
                                                   acknowledged.deletions_accepted(command.account),
                                                   reader.used_up());
        if (deletion) {
          acknowledged.accept_deletions(command.account,
                                        reader.snapshots(command.account).back().sequence);
          accepted.push_back(
              fmt::format("{} vanished, {} remained: older snapshots expire again according to the "
                          "retention",
                          base::format_count(deletion->vanished, "message"),
                          base::format_count(deletion->snapshot.messages)));
        }
        if (const auto pending = pending_change(reader, command.account, acknowledged)) {
          accepted.push_back(accept_change(command.account, *pending, acknowledged));
        }
        const bool is_absent = !config.has_account(command.account);
        if (is_absent && !acknowledged.is_absence_accepted(command.account)) {
          acknowledged.accept_absence(command.account);
          accepted.emplace_back("no longer on its server: no longer reported");
        }
      });
  return accepted;
}

nlohmann::ordered_json document_of(const std::string& account,
                                   const std::vector<std::string>& accepted) {
  return {{"account", account}, {"accepted", accepted}};
}

std::string text_of(const std::string& account, const std::vector<std::string>& accepted) {
  std::string text;
  for (const std::string& line : accepted) {
    text += fmt::format("{}: {}\n", base::escape_for_terminal(account), line);
  }
  return text;
}

// For use after a migration: acknowledges the changed mailboxes of all accounts of a server, and
// nothing else.
base::ExitStatus acknowledge_server(const base::Environment& environment, store::Reader& reader,
                                    const std::string& server) {
  const base::Config& config = environment.config;
  if (!config.servers.contains(server)) {
    std::vector<std::string> names;
    names.reserve(config.servers.size());
    for (const auto& known : config.servers) names.push_back(known.first);
    base::fail(base::ErrorCode::kUsage,
               "acknowledge --server {}: the configuration has no such server{}",
               base::escape_for_terminal(server), base::suggestion(server, names));
  }
  auto accounts = nlohmann::ordered_json::array();
  std::string text;
  base::Acknowledgements::change(
      environment.files, config.store, [&](base::Acknowledgements& acknowledged) {
        for (const base::AccountConfig& account : config.accounts) {
          if (account.server != server) continue;
          const auto pending = pending_change(reader, account.name, acknowledged);
          if (!pending) continue;
          const std::vector<std::string> accepted = {
              accept_change(account.name, *pending, acknowledged)};
          accounts.push_back(document_of(account.name, accepted));
          text += text_of(account.name, accepted);
        }
      });
  if (accounts.empty()) {
    text = fmt::format("{}: every account's INBOX is still the one backed up before.\n",
                       base::escape_for_terminal(server));
  }
  base::print_report(environment.format,
                     base::json_text({{"server", server}, {"accounts", std::move(accounts)}}),
                     text);
  return base::ExitStatus::kDone;
}

}  // namespace

base::ExitStatus acknowledge(const base::Environment& environment,
                             const AcknowledgeOptions& command) {
  if (command.account.empty() == command.server.empty()) {
    base::fail(base::ErrorCode::kUsage,
               "acknowledge: give the NAME of an account, or --server NAME for all accounts of a "
               "server whose INBOX differs");
  }
  if (!command.folder.empty() && !command.uid) {
    base::fail(base::ErrorCode::kUsage, "acknowledge: {}: give the UID as well",
               base::escape_for_terminal(command.folder));
  }
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  if (!command.server.empty()) return acknowledge_server(environment, reader, command.server);
  const std::vector<std::string> accepted = accept_all_of(environment, reader, command);
  const std::string document = base::json_text(document_of(command.account, accepted));
  if (accepted.empty()) {
    base::print_result(
        environment.format, document,
        fmt::format("{}: nothing to acknowledge.\n", base::escape_for_terminal(command.account)));
    return base::ExitStatus::kNothingDone;
  }
  base::print_report(environment.format, document, text_of(command.account, accepted));
  return base::ExitStatus::kDone;
}

base::Command acknowledge_command() {
  const auto options = std::make_shared<AcknowledgeOptions>();
  return {.name = "acknowledge",
          .help = "Acknowledge a reported problem",
          .declare =
              [options](base::Options& declared) {
                declared.argument(
                    "NAME", options->account,
                    "The account whose vanished messages or different INBOX to acknowledge");
                declared
                    .value(
                        "--server", options->server, "NAME",
                        "After a migration: acknowledge the INBOX of every account of this server")
                    .excludes("NAME");
                declared.argument("FOLDER", options->folder,
                                  "The folder of a message that can't be fetched");
                declared.argument("UID", options->uid, "The UID of that message").needs("FOLDER");
              },
          .is_audited = base::always,
          .account = [options] { return options->account; },
          .function =
              [options](const auto& environment) { return acknowledge(environment, *options); }};
}

}  // namespace backupd
