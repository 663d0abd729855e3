#include "backupd/pass_report.h"

#include <algorithm>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

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

ordered_json to_document(const AccountReport& account) {
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
  return document;
}

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
  if (status() == PassStatus::kComplete) return base::ExitStatus::kDone;
  if (status() == PassStatus::kPartial) return base::ExitStatus::kPartial;
  base::ExitStatus gravest = base::ExitStatus::kNothingDone;
  for (const AccountReport& account : accounts) {
    if (account.error_code) {
      gravest = base::graver(gravest, base::exit_status(*account.error_code));
    }
  }
  return gravest;
}

std::string PassReport::to_json() const {
  ordered_json documents = ordered_json::array();
  for (const AccountReport& account : accounts) documents.push_back(to_document(account));
  const ordered_json document = {{"status", word(status())},
                                 {"commit", {{"number", commit.number}, {"id", commit.id.hex()}}},
                                 {"accounts", std::move(documents)},
                                 {"troubles", troubles},
                                 {"vanished", vanished}};
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string PassReport::to_text() const {
  std::string text;
  for (const AccountReport& account : accounts) {
    const std::uint64_t messages = account.snapshot ? account.snapshot->messages : 0;
    const std::uint64_t folders = account.snapshot ? account.snapshot->folders : 0;
    text += fmt::format("{}: {}: {} messages in {} folders, {} new, {} fetched, {} written\n",
                        base::escape_for_terminal(account.account), word(account.status),
                        base::format_count(messages), base::format_count(folders),
                        base::format_count(account.new_messages),
                        base::format_size(account.fetched_bytes),
                        base::format_size(account.stored_bytes));
    if (!account.error.empty()) {
      text += fmt::format("  {}\n", base::escape_for_terminal(account.error));
    }
    for (const std::string& alarm : account.alarms) {
      text += fmt::format("  ALARM: {}\n", alarm);
    }
    for (const SkippedEntry& entry : account.skipped) {
      if (entry.acknowledged) continue;
      const std::string uid = entry.uid ? fmt::format(", UID {}", entry.uid->value) : "";
      text += fmt::format("  skipped: {}{}: {}\n", base::escape_for_terminal(entry.folder), uid,
                          base::escape_for_terminal(entry.reason));
    }
  }
  for (const std::string& trouble : troubles) text += trouble + "\n";
  for (const std::string& account : vanished) {
    text += fmt::format(
        "{}: no longer on its server nor in the configuration: what is stored of "
        "it is kept (see `forget`)\n",
        base::escape_for_terminal(account));
  }
  return text;
}

}  // namespace backupd
