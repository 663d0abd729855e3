#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/acknowledgements.h"
#include "backupd/alarms.h"
#include "backupd/commands.h"
#include "base/error.h"
#include "base/nearest.h"
#include "base/terminal.h"
#include "imap/folder_name.h"
#include "store/location.h"
#include "store/reader.h"

namespace backupd {

namespace {

store::SnapshotInfo newest(store::Reader& reader, const std::string& account) {
  if (const auto snapshot = reader.newest_snapshot(account)) return *snapshot;
  const auto guess = base::nearest(account, reader.accounts());
  base::fail(base::ErrorCode::kNotFound, "acknowledge {}: the store has no snapshots of it{}",
             base::escape_for_terminal(account),
             guess ? fmt::format(": did you mean \"{}\"?", base::escape_for_terminal(*guess)) : "");
}

// Fails unless the message is among what the newest snapshot could not have.
std::string accept_skip(store::Reader& reader, const store::SnapshotInfo& snapshot,
                        const AcknowledgeCommand& command, Acknowledgements& acknowledged) {
  const base::Uid uid{*command.uid};
  for (const store::FolderRecord& folder : reader.folders(snapshot)) {
    const std::string name = imap::shown_folder_name(folder.info.raw_name, folder.info.delimiter,
                                                     snapshot.personal_prefix);
    if (name != command.folder) continue;
    for (const store::SkippedMessage& skipped : folder.info.skipped) {
      if (skipped.uid != uid) continue;
      acknowledged.accept_skip(command.account, name, folder.info.uid_validity, uid);
      return fmt::format("{}, UID {}: {}: no longer a trouble", base::escape_for_terminal(name),
                         uid.value, base::escape_for_terminal(skipped.reason));
    }
  }
  base::fail(base::ErrorCode::kNotFound,
             "acknowledge {}: {}, UID {}: nothing of this name was skipped in the newest snapshot",
             base::escape_for_terminal(command.account), base::escape_for_terminal(command.folder),
             uid.value);
}

}  // namespace

base::ExitStatus acknowledge(const base::Surroundings& surroundings,
                             const AcknowledgeCommand& command) {
  const base::Config& config = surroundings.config;
  if (!command.folder.empty() && !command.uid) {
    base::fail(base::ErrorCode::kUsage, "acknowledge: {}: and which UID?",
               base::escape_for_terminal(command.folder));
  }
  store::Reader reader = store::Reader::open(store::location_of(config.store), surroundings.files);
  const store::SnapshotInfo snapshot = newest(reader, command.account);
  auto acknowledged = Acknowledgements::load(surroundings.files, config.store);
  std::vector<std::string> accepted;
  if (command.uid) {
    accepted.push_back(accept_skip(reader, snapshot, command, acknowledged));
  } else {
    const auto deletion = newest_mass_deletion(reader.snapshots(command.account), config.guards,
                                               acknowledged.deletions_accepted(command.account));
    if (deletion) {
      acknowledged.accept_deletions(command.account, snapshot.time);
      accepted.push_back(fmt::format(
          "{} messages vanished, {} were left: older snapshots expire "
          "as the retention says",
          base::format_count(deletion->vanished), base::format_count(deletion->messages)));
    }
    if (const auto stranger = acknowledged.stranger_in(command.account)) {
      acknowledged.accept_stranger(command.account);
      accepted.push_back(fmt::format("its INBOX is {}, no longer {}: the same person's",
                                     stranger->is, stranger->was));
    }
    const bool is_absent = !config.has_account(command.account);
    if (is_absent && !acknowledged.is_absence_accepted(command.account)) {
      acknowledged.accept_absence(command.account);
      accepted.emplace_back("no longer on its server: not reported any more");
    }
  }
  if (!accepted.empty()) acknowledged.save(surroundings.files, config.store);

  if (surroundings.format == base::OutputFormat::kJson) {
    const nlohmann::ordered_json document = {{"account", command.account}, {"accepted", accepted}};
    base::print_result(
        document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  } else {
    const std::string account = base::escape_for_terminal(command.account);
    std::string text;
    for (const std::string& line : accepted) text += fmt::format("{}: {}\n", account, line);
    if (accepted.empty()) text = fmt::format("{}: nothing waits for it.\n", account);
    base::print_result(text);
  }
  return accepted.empty() ? base::ExitStatus::kNothingDone : base::ExitStatus::kDone;
}

}  // namespace backupd
