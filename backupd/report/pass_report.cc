#include "backupd/report/pass_report.h"

#include <algorithm>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/report/common_cause.h"
#include "backupd/report/folder_names.h"
#include "backupd/report/storage_traffic.h"
#include "base/json_text.h"
#include "base/terminal.h"

namespace backupd {

namespace {

using nlohmann::ordered_json;

const char* word(PassStatus status) {
  switch (status) {
    case PassStatus::kComplete:
      return "complete";
    case PassStatus::kPartial:
      return "partial";
    case PassStatus::kFailed:
      return "failed";
  }
  return "failed";
}

ordered_json document_of(const AccountReport& account) {
  ordered_json receipts = ordered_json::array();
  for (const FolderReceipt& receipt : account.receipts) {
    receipts.push_back({{"folder", receipt.folder},
                        {"uidvalidity", receipt.uid_validity},
                        {"messages", receipt.receipt.messages},
                        {"digest", receipt.receipt.digest.hex()}});
  }
  ordered_json skipped = ordered_json::array();
  for (const SkippedEntry& entry : account.skipped) {
    skipped.push_back({{"folder", entry.folder},
                       {"uid", entry.uid ? ordered_json(entry.uid->value) : ordered_json()},
                       {"reason", entry.reason}});
    if (entry.acknowledged) skipped.back()["acknowledged"] = true;
  }
  const auto& snapshot = account.snapshot;
  ordered_json document = {
      {"account", account.account},
      {"status", word(account.status)},
      {"snapshot", snapshot ? ordered_json(snapshot->id.hex()) : ordered_json()},
      {"folders", snapshot ? snapshot->folders : 0},
      {"messages", snapshot ? snapshot->messages : 0},
      {"new_messages", account.new_messages},
      {"fetched_messages", account.fetched_messages},
      {"fetched_bytes", account.fetched_bytes},
      {"stored_bytes", account.stored_bytes},
      {"receipts", std::move(receipts)},
      {"skipped", std::move(skipped)},
      {"alarms", account.alarms}};
  if (!account.error.empty()) document["error"] = account.error;
  if (!account.user.empty() && account.user != account.account) document["user"] = account.user;
  if (!account.warnings.empty()) document["warnings"] = account.warnings;
  return document;
}

// Only the error and the alarms of these accounts are reported.
CommonCauses causes_in(const ordered_json& accounts, std::string_view see_rest) {
  std::vector<FailedAccount> failed;
  for (const ordered_json& account : accounts) {
    const bool is_plain = account.contains("error") && account.at("status") == "failed" &&
                          account.at("skipped").empty() && !account.contains("warnings") &&
                          account.at("fetched_messages") == 0;
    if (!is_plain) continue;
    failed.push_back({.account = account.at("account").get<std::string>(),
                      .error = account.at("error").get<std::string>(),
                      .alarms = account.at("alarms").get<std::vector<std::string>>(),
                      .user = account.value("user", "")});
  }
  return {failed, see_rest};
}

std::string shown_text(const ordered_json& text) {
  return base::escape_for_terminal(text.get<std::string>());
}

// `account` must outlive the result.
FolderNames folders_of(const ordered_json& account) {
  FolderNames folders;
  for (const ordered_json& receipt : account.at("receipts")) {
    folders.add(receipt.at("folder").get_ref<const std::string&>());
  }
  return folders;
}

// The lines of accounts that are not covered by common causes: a server that ends many backups half
// way has a text for each of them, too.
class AccountLines {
 public:
  explicit AccountLines(std::string_view see_rest) : see_rest_(see_rest) {}

  void add(const ordered_json& account) {
    const std::string name = account.at("account").get<std::string>();
    const std::string user = account.value("user", "");
    const auto count = [&](const char* key) { return account.at(key).get<std::uint64_t>(); };
    text_ += fmt::format(
        "{}: {}: {} in {}, {} new, {} fetched, {} written\n", base::escape_for_terminal(name),
        shown_text(account.at("status")), base::format_count(count("messages"), "message"),
        base::format_count(count("folders"), "folder"), base::format_count(count("new_messages")),
        base::format_size(count("fetched_bytes")), base::format_size(count("stored_bytes")));
    const auto add_few = [&](FewOfEach& few, const char* what, const ordered_json& problem,
                             const FolderNames& folders = {}) {
      const auto& line = problem.get_ref<const std::string&>();
      if (!few.admits(line, {name, user, folders.at_start_of(line)})) return;
      text_ += fmt::format("  {}{}\n", what, shown_text(problem));
    };
    if (account.contains("error")) add_few(errors_, "", account.at("error"));
    if (account.contains("warnings")) {
      const FolderNames folders = folders_of(account);
      for (const ordered_json& warning : account.at("warnings")) {
        add_few(warnings_, "warning: ", warning, folders);
      }
    }
    for (const ordered_json& alarm : account.at("alarms")) add_few(alarms_, "ALARM: ", alarm);
    for (const ordered_json& entry : account.at("skipped")) add_skipped(entry);
  }

  std::string text() const {
    const auto rest = [&](std::size_t left_out, const char* noun) {
      if (left_out == 0) return std::string();
      return fmt::format("... and {} of these accounts: {}\n", base::format_count(left_out, noun),
                         see_rest_);
    };
    return text_ + rest(errors_.left_out(), "more error") +
           rest(warnings_.left_out(), "more warning") + rest(alarms_.left_out(), "more ALARM") +
           rest(skipped_ - std::min(skipped_, kMaxSkipped), "more skipped item");
  }

 private:
  void add_skipped(const ordered_json& entry) {
    if (entry.contains("acknowledged") || ++skipped_ > kMaxSkipped) return;
    const std::string uid =
        entry.at("uid").is_null() ? "" : fmt::format(", UID {}", entry.at("uid").dump());
    text_ += fmt::format("  skipped: {}{}: {}\n", shown_text(entry.at("folder")), uid,
                         shown_text(entry.at("reason")));
  }

  static constexpr std::size_t kMaxSkipped = 200;

  std::string_view see_rest_;
  std::string text_;
  FewOfEach errors_;
  FewOfEach warnings_;
  FewOfEach alarms_{FewOfEach::kMaxShown};  // each is about mail of its own
  std::size_t skipped_ = 0;
};

}  // namespace

void PassReport::share_out(std::uint64_t stored_bytes) {
  std::uint64_t new_bytes = 0;
  for (const AccountReport& account : accounts) new_bytes += account.new_bytes;
  if (new_bytes == 0) return;
  const double per_byte = static_cast<double>(stored_bytes) / static_cast<double>(new_bytes);
  for (AccountReport& account : accounts) {
    account.stored_bytes =
        static_cast<std::uint64_t>(per_byte * static_cast<double>(account.new_bytes));
  }
}

PassStatus PassReport::status() const {
  const auto is = [](PassStatus status) {
    return [status](const AccountReport& account) { return account.status == status; };
  };
  const bool all_complete =
      std::all_of(accounts.begin(), accounts.end(), is(PassStatus::kComplete));
  if (all_complete && troubles.empty()) return PassStatus::kComplete;
  const bool all_failed = std::all_of(accounts.begin(), accounts.end(), is(PassStatus::kFailed));
  return all_failed ? PassStatus::kFailed : PassStatus::kPartial;
}

base::ExitStatus PassReport::exit_status() const {
  if (status() == PassStatus::kComplete) {
    const bool is_doubtful = std::ranges::any_of(accounts, &AccountReport::has_changed_mailbox);
    return is_doubtful ? base::ExitStatus::kPartial : base::ExitStatus::kDone;
  }
  const bool is_partial = status() == PassStatus::kPartial;
  base::ExitStatus gravest =
      is_partial ? base::ExitStatus::kPartial : base::ExitStatus::kNothingDone;
  for (const AccountReport& account : accounts) {
    // Damage of the store that one account finds concerns all accounts.
    const bool counts = !is_partial || account.error_code == base::ErrorCode::kDamaged;
    if (account.error_code && counts) {
      gravest = base::more_severe(gravest, base::exit_status(*account.error_code));
    }
  }
  return gravest;
}

ordered_json PassReport::to_document() const {
  ordered_json documents = ordered_json::array();
  for (const AccountReport& account : accounts) documents.push_back(document_of(account));
  ordered_json document = {{"status", word(status())},
                           {"commit", {{"number", commit.number}, {"id", commit.id.hex()}}},
                           {"accounts", std::move(documents)},
                           {"troubles", troubles},
                           {"alarms", alarms},
                           {"vanished", vanished}};
  add_traffic(document, traffic);
  return document;
}

std::string PassReport::to_json() const {
  return base::json_text(to_document());
}

std::string PassReport::to_text() const {
  return text_of_pass(to_document(), scope);
}

std::string text_of_pass(const ordered_json& document, BackupScope scope) {
  std::string text;
  const CommonCauses causes = causes_in(document.at("accounts"), see_rest(scope));
  for (const std::string& line : causes.lines()) text += line + "\n";
  AccountLines lines(see_rest(scope));
  for (const ordered_json& account : document.at("accounts")) {
    if (!causes.cover(account.at("account").get<std::string>())) lines.add(account);
  }
  text += lines.text();
  for (const ordered_json& trouble : document.at("troubles")) text += shown_text(trouble) + "\n";
  for (const ordered_json& alarm : document.value("alarms", ordered_json::array())) {
    text += fmt::format("ALARM: {}\n", shown_text(alarm));
  }
  const auto vanished = document.at("vanished").get<std::vector<std::string>>();
  for (const std::string& line : vanished_lines(vanished)) text += line + "\n";
  return text + traffic_text(document);
}

std::vector<std::string> vanished_lines(const std::vector<std::string>& accounts) {
  constexpr std::size_t kMaxLines = 10;
  constexpr const char* kKept =
      "no longer on its server nor in the configuration: its snapshots are kept (see `forget`)";
  // Only a backup of all accounts finds them.
  if (accounts.size() > kMaxLines) {
    return {fmt::format("{}: each {}", CommonCauses::names_of(accounts, kSeeBackupReport), kKept)};
  }
  std::vector<std::string> lines;
  lines.reserve(accounts.size());
  for (const std::string& account : accounts) {
    lines.push_back(fmt::format("{}: {}", base::escape_for_terminal(account), kKept));
  }
  return lines;
}

}  // namespace backupd
