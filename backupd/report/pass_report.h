// The result of a pass: the document that `once --json` prints (README, "Output").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "backupd/report/cause_groups.h"
#include "backupd/report/kept_report.h"
#include "base/error.h"
#include "base/exit_status.h"
#include "store/format/snapshot.h"
#include "store/index/commit_mark.h"
#include "store/storage/storage.h"

namespace backupd {

enum class PassStatus { kComplete, kPartial, kFailed };

struct FolderReceipt {
  std::string folder;  // shown name
  std::uint32_t uid_validity = 0;
  store::Receipt receipt;
};

struct SkippedEntry {
  std::string folder;            // shown name
  std::optional<base::Uid> uid;  // nullopt: the whole folder
  std::string reason;
  bool acknowledged = false;  // no longer a problem (base/reporting/acknowledgements.h)
};

struct AccountReport {
  std::string account;
  PassStatus status = PassStatus::kFailed;
  std::optional<store::SnapshotInfo> snapshot;  // nullopt: none was made
  std::uint64_t new_messages = 0;               // that the store did not have
  std::uint64_t fetched_messages = 0;
  std::uint64_t fetched_bytes = 0;  // of message bodies
  std::uint64_t new_bytes = 0;      // of the new messages
  std::uint64_t stored_bytes = 0;   // its share of what was written to packs
  std::vector<FolderReceipt> receipts;
  std::vector<SkippedEntry> skipped;
  std::vector<std::string> alarms;    // backupd/report/alarms.h
  bool has_changed_mailbox = false;   // an alarm says that INBOX is not the one backed up before
  std::string error;                  // what ended the account's pass early
  std::vector<std::string> troubles;  // what is left out of the snapshot (backupd/pass/admission.h)
  std::vector<std::string> warnings;  // what was odd, though nothing is missing because of it
  double seconds = 0;                 // that its pass took
  std::optional<base::ErrorCode> error_code;
  std::string user = {};  // its login name

  // The names of the account, and that of the folder which a text is about.
  AccountNames names(std::string_view folder = {}) const { return {account, user, folder}; }
};

struct PassReport {
  BackupScope scope = BackupScope::kAllAccounts;
  std::vector<AccountReport> accounts;
  std::vector<std::string> troubles;  // one line each: why accounts could not be discovered, and
                                      // what is left out of an account's snapshot
  std::vector<std::string> alarms;    // that concern no account: escaped
  std::vector<std::string> vanished;  // the store's accounts that exist no longer; they are kept
  std::optional<store::StorageTraffic> traffic;
  store::CommitMark commit;  // the store's highest: in kept reports it reveals an older store

  // Accounts share blocks and packs, so what was written is shared out by their new messages.
  void share_out(std::uint64_t stored_bytes);

  PassStatus status() const;
  // kPartial also where an account's INBOX is a different mailbox and this is not acknowledged.
  base::ExitStatus exit_status() const;
  nlohmann::ordered_json to_document() const;
  std::string to_json() const;
  std::string to_text() const;
};

// Formats for people the document that a pass has printed, in this process or another. Where it
// leaves something out, it names the report that has it: a kept one, if `scope` is all accounts.
std::string text_of_pass(const nlohmann::ordered_json& document, BackupScope scope);

// A line for each account that exists no longer, or one for all of them if they are many; escaped.
std::vector<std::string> vanished_lines(const std::vector<std::string>& accounts);

}  // namespace backupd
